"""What a short new way would have to cross, and what it may not lead through."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

from qyp_geo.analyses.access import Facilities
from qyp_geo.analyses.coverage import Coverage
from qyp_geo.analyses.inputs import Inputs
from qyp_geo.analyses.standing import Standing

_UNNAMED: Final = {"wall": "围墙", "fence": "围栏", "water": "水系", "railway": "铁路", "elevated": "高架"}
_UNNAMED_STREET: Final = "干路"
_UNNAMED_ESTATE: Final = "小区围墙"
_POLYGON: Final = 2

Geometries = npt.NDArray[np.object_]


@dataclass(frozen=True, slots=True)
class Ground:
    """What stands between people and facilities.

    Attributes
    ----------
    barriers
        Lines and polygons that nobody crosses where no way leads: ``name``, ``barrier`` (wall, fence, water, railway,
        elevated) and geometry.
    estates
        The gated estates by their number: ``name`` and the whole polygon, out of whose outline a new gate would open.
    closed
        Polygons that no link leads through: buildings, gated estates, walled facilities.
    street
        Name of the street of each edge of the network; shape (edges,).
    width_m
        Kerb-to-kerb metres of each edge that is a kerb of a two-sided street, NaN for the others; shape (edges,).
    """

    barriers: gpd.GeoDataFrame
    estates: gpd.GeoDataFrame
    closed: Geometries
    street: npt.NDArray[np.object_]
    width_m: npt.NDArray[np.float64]


def ground_of(question: Coverage, given: Inputs, standing: Standing, facilities: Facilities) -> Ground:
    """Gather what stands between the people and the facilities of a coverage analysis.

    Parameters
    ----------
    question, given
        The analysis, and the layers that it names.
    standing, facilities
        Its network and estates, and its facilities.
    """
    estates = _none(standing)
    if question.estates is not None and standing.estates is not None:
        estates = given.layers[question.estates].frame.loc[standing.estates.table["id"], ["name", "geometry"]]
    barriers = _none(standing).assign(barrier=pd.Series(dtype=object))
    if question.barriers is not None:
        barriers = given.layers[question.barriers].frame[["name", "barrier", "geometry"]]
    edges = standing.net.edges
    streets = given.layers[question.network].frame
    walled = facilities.table["walled"].to_numpy(dtype=bool)
    closed = np.concatenate(
        [
            given.layers[question.demand].frame.geometry.to_numpy(),
            facilities.table.geometry.to_numpy()[walled],
            estates.geometry.to_numpy(),
        ]
    )
    return Ground(
        barriers=barriers.assign(
            name=barriers["name"].where(barriers["name"] != "", barriers["barrier"].map(_UNNAMED))
        ),
        estates=estates.assign(name=estates["name"].replace("", _UNNAMED_ESTATE)),
        closed=closed[shapely.get_dimensions(closed) == _POLYGON],
        street=streets["name"].replace("", _UNNAMED_STREET).loc[edges["line"]].to_numpy(dtype=object),
        width_m=edges["width_m"].where(edges["side"] != 0).to_numpy()
        if "side" in edges
        else np.full(len(edges), np.nan),
    )


def _none(standing: Standing) -> gpd.GeoDataFrame:
    return gpd.GeoDataFrame({"name": pd.Series(dtype=object)}, geometry=[], crs=standing.net.crs)
