"""The walking network as a page carries it, for drawing the way from a building along the streets that it uses.

Lengths travel as whole millimetres. The figures that a page tells are those of the coverage analysis; a way that the page finds
is drawn only where its length is the figure's.
"""

from __future__ import annotations

from typing import Final

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from qyp_geo.crs import to_display
from qyp_geo.frames import Result
from qyp_geo.maps.overlays import in_page_order
from qyp_geo.maps.pack import Packer

_NO_LINE: Final = shapely.LineString()
PARTS: Final = frozenset({"edges", "accesses"})
"""The parts of a coverage result that ways are drawn from."""


def ways_content(result: Result, *, units: pd.Index, facilities: pd.DataFrame, packer: Packer) -> dict[str, object]:
    """Return the network of a coverage analysis as the page reads it.

    Parameters
    ----------
    result
        The analysis, with the parts ``edges`` (geometry, LineString, missing where a street is crossed; ``u`` and ``v``, its
        nodes; ``length_m``) and ``accesses`` (``of``, "unit" or "facility"; ``id``; ``layer`` of a facility where ids are those
        of a layer; ``edge``, a label of ``edges``; ``along_m`` from ``u``; ``off_m`` walked before the edge is reached; as
        geometry, where there is one, the point at which the leg to the street begins: a gate, or the thing itself).
    units
        Ids of the demand units in the order of the page.
    facilities
        ``owner``, and ``facility`` and ``facility_layer`` where there is one: the facilities in the page's numbering.
    packer
        Takes per edge its ends ``u`` and ``v`` (numbered from 0), ``length`` and shape, and per access ``owner`` (the units,
        then the facilities), ``edge``, ``along``, ``off``, and ``start``. Lengths in millimetres.
    """
    edges = gpd.GeoDataFrame(result.parts["edges"])
    lines = edges.geometry.to_numpy().copy()
    lines[shapely.is_missing(lines)] = _NO_LINE
    edges = in_page_order(edges.set_geometry(gpd.GeoSeries(lines, index=edges.index, crs=edges.crs)))
    ends = edges[["u", "v"]].to_numpy()
    node = pd.factorize(ends.ravel())[0].reshape(-1, 2)

    accesses = result.parts["accesses"]
    owner = np.where(
        accesses["of"] == "unit", units.get_indexer(pd.Index(accesses["id"])), _owners(accesses, facilities, len(units))
    )
    # By owner, those of nobody on the page left out.
    order = np.argsort(owner, kind="stable")
    order = order[owner[order] >= 0]
    accesses, owner = accesses.iloc[order], owner[order]
    edge = pd.Series(np.arange(len(edges)), index=edges.index).loc[accesses["edge"]]

    starts = {}
    if isinstance(accesses, gpd.GeoDataFrame):
        starts["start"] = packer.points(to_display(accesses[[accesses.geometry.name]]).geometry)
    return {
        "u": packer.column(node[:, 0]),
        "v": packer.column(node[:, 1]),
        "length": packer.column(_millimetres(edges["length_m"])),
        "shapes": packer.shapes(to_display(edges[[edges.geometry.name]]).geometry),
        "owner": packer.column(owner),
        "edge": packer.column(edge),
        "along": packer.column(_millimetres(accesses["along_m"])),
        "off": packer.column(_millimetres(accesses["off_m"])),
        **starts,
    }


def _owners(accesses: pd.DataFrame, facilities: pd.DataFrame, n_units: int) -> np.ndarray:
    """Return the number of the facility that each access is of, counted on after the units; -1 of none on the page."""
    columns = {"facility": "id"}
    if "layer" in accesses and "facility_layer" in facilities:
        columns["facility_layer"] = "layer"
    distinct = facilities.drop_duplicates("owner")
    known = pd.MultiIndex.from_frame(distinct[list(columns)])
    place = known.get_indexer(pd.MultiIndex.from_frame(accesses[list(columns.values())]))
    owner: np.ndarray = np.where(place >= 0, n_units + np.append(distinct["owner"].to_numpy(), 0)[place], -1)
    return owner


def _millimetres(metres: pd.Series) -> np.ndarray:
    whole: np.ndarray = np.rint(metres.to_numpy(dtype=np.float64) * 1000).astype(np.int64)
    return whole
