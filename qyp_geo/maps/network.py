"""The walking network as a page carries it, for finding walks in the page and drawing them along the streets.

Lengths travel as whole millimetres, apart from what is drawn: rounding a drawing moves no figure.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely
from shapely.ops import substring

from qyp_geo.crs import to_display
from qyp_geo.frames import Result
from qyp_geo.maps.overlays import in_page_order
from qyp_geo.maps.pack import DECIMALS, Packer, units

_NO_LINE: Final = shapely.LineString()
_DEGREE_M: Final = 111_320.0
PARTS: Final = frozenset({"edges", "accesses"})
"""The parts of a coverage result that walks are found on."""


@dataclass(frozen=True, slots=True)
class NetworkContent:
    """A network as a page reads it.

    Attributes
    ----------
    packed
        Its columns.
    row_of_edge
        By label of an edge, in the order of the page: its row there.
    """

    packed: dict[str, object]
    row_of_edge: pd.Series


def ways_content(result: Result, *, units: pd.Index, facilities: pd.DataFrame, packer: Packer) -> dict[str, object]:
    """Return the network of a coverage analysis with its buildings and facilities as the planners' page reads it.

    Parameters
    ----------
    result
        The analysis, with the parts ``edges`` and ``accesses`` (`qyp_geo.analyses.ways.network_parts`).
    units
        Ids of the demand units in the order of the page.
    facilities
        ``owner``, and ``facility`` and ``facility_layer`` where there is one: the facilities in the page's numbering.
    packer
        Takes ``network`` (`network_content`), ``homes`` and ``facilities`` (`accesses_content`).
    """
    network = network_content(gpd.GeoDataFrame(result.parts["edges"]), packer)
    accesses = result.parts["accesses"]
    of_unit = (accesses["of"] == "unit").to_numpy()
    places, others = accesses[~of_unit], _numbered(facilities)
    return {
        "network": network.packed,
        "homes": accesses_content(
            accesses[of_unit],
            owner=units.get_indexer(pd.Index(accesses["id"][of_unit])),
            n_owners=len(units),
            row_of_edge=network.row_of_edge,
            packer=packer,
        ),
        "facilities": accesses_content(
            places,
            owner=_owners(places, others),
            n_owners=len(others),
            row_of_edge=network.row_of_edge,
            packer=packer,
        ),
    }


def network_content(edges: gpd.GeoDataFrame, packer: Packer, *, decimals: int = DECIMALS) -> NetworkContent:
    """Return a network as the page's `unpackNetwork` reads it.

    Parameters
    ----------
    edges
        ``u`` and ``v``, its nodes; ``length_m``; geometry, a LineString from ``u`` to ``v``, missing where nothing is drawn (a
        street is crossed, or may not be shown). With two-sided streets also ``side`` (1 left kerb, -1 right, both drawn on the
        centre line, 0 neither) and ``half_width_m``. Edges that meet at a node end in one place.
    packer
        Takes per edge ``u`` and ``v`` (numbered from 0), ``length`` (mm), ``inner`` (how many vertices lie between its ends;
        -1: not drawn; -2: a right kerb, drawn as the left one before it), and ``side`` and ``half`` (mm) where there are any;
        per node ``nodeX`` and ``nodeY``; per inner vertex ``x`` and ``y``.
    decimals
        Of a degree, to which what is drawn is rounded; bends that do not show at that are left out.
    """
    lines = edges.geometry.to_numpy().copy()
    lines[shapely.is_missing(lines)] = _NO_LINE
    lines = shapely.simplify(lines, _DEGREE_M * 10.0**-decimals / 2, preserve_topology=False)
    edges = in_page_order(edges.set_geometry(gpd.GeoSeries(lines, index=edges.index, crs=edges.crs)))
    lines = to_display(edges[[edges.geometry.name]]).geometry.to_numpy()
    ends = edges[["u", "v"]].to_numpy()
    code, nodes = pd.factorize(ends.ravel())
    node = code.reshape(-1, 2)

    drawn = ~shapely.is_empty(lines)
    as_before = np.zeros(len(edges), dtype=bool)
    if "side" in edges:
        as_before[1:] = (edges["side"].to_numpy()[1:] == -1) & shapely.equals_exact(lines[1:], lines[:-1]) & drawn[1:]
    degrees, edge = shapely.get_coordinates(lines, return_index=True)
    xy = units(degrees, decimals)
    first, last = np.diff(edge, prepend=-1) != 0, np.diff(edge, append=len(lines)) != 0
    place = np.zeros((len(nodes), 2), dtype=np.int64)
    for end, at in ((0, first), (1, last)):
        place[node[edge[at], end]] = xy[at]
    inner = ~(first | last | as_before[edge])
    inner &= (np.diff(xy, axis=0, prepend=xy[:1]) != 0).any(axis=1)
    count = np.bincount(edge[inner], minlength=len(lines))
    packed: dict[str, object] = {
        "decimals": decimals,
        "u": packer.column(node[:, 0]),
        "v": packer.column(node[:, 1]),
        "length": packer.column(_millimetres(edges["length_m"])),
        "inner": packer.column(np.select([~drawn, as_before], [-1, -2], count)),
        "nodeX": packer.column(place[:, 0]),
        "nodeY": packer.column(place[:, 1]),
        "x": packer.column(xy[inner, 0]),
        "y": packer.column(xy[inner, 1]),
    }
    if "side" in edges:
        packed["side"] = packer.column(edges["side"])
        packed["half"] = packer.column(_millimetres(edges["half_width_m"]))
    return NetworkContent(packed, pd.Series(np.arange(len(edges)), index=edges.index))


def accesses_content(
    accesses: pd.DataFrame,
    *,
    owner: npt.NDArray[np.integer],
    n_owners: int,
    row_of_edge: pd.Series,
    packer: Packer,
    decimals: int = DECIMALS,
) -> dict[str, object]:
    """Return where things stand on a network as the page's `unpackAccesses` reads it.

    Parameters
    ----------
    accesses
        ``edge``, a label of the network's; ``along_m`` from its ``u``; ``off_m`` walked before the edge is reached, and of
        it ``inside_m`` (where there is one) within a gated estate; as geometry, where there is one, the point at which the leg
        to the street begins: a gate, or the thing itself.
    owner
        The row on the page of the thing that each access is of; -1 where it is not there, and then the access is left out.
        Shape (accesses,).
    n_owners
        How many things there are on the page.
    row_of_edge
        The network's (`network_content`).
    packer
        Takes per access, by owner: ``owner``, ``edge``, ``along``, ``off``, ``inside`` (all mm) and ``from``.
    decimals
        Of a degree, to which ``from`` is rounded.
    """
    order = np.argsort(owner, kind="stable")
    order = order[owner[order] >= 0]
    accesses = accesses.iloc[order]
    content: dict[str, object] = {
        "owners": n_owners,
        "owner": packer.column(owner[order]),
        "edge": packer.column(row_of_edge.loc[accesses["edge"]]),
        "along": packer.column(_millimetres(accesses["along_m"])),
        "off": packer.column(_millimetres(accesses["off_m"])),
    }
    if "inside_m" in accesses and accesses["inside_m"].any():
        content["inside"] = packer.column(_millimetres(accesses["inside_m"]))
    if isinstance(accesses, gpd.GeoDataFrame):
        content["from"] = packer.points(to_display(accesses[[accesses.geometry.name]]).geometry, decimals=decimals)
    return content


def cut_out(
    edges: gpd.GeoDataFrame, accesses: gpd.GeoDataFrame, mask: shapely.Geometry
) -> tuple[gpd.GeoDataFrame, gpd.GeoDataFrame]:
    """Take out of the drawing what lies in a mask, and change no walk.

    Parameters
    ----------
    edges, accesses
        As `network_content` and `accesses_content` take them; nodes and labels of edges are whole numbers.
    mask
        A polygon or multipolygon in their reference system.

    Returns
    -------
    GeoDataFrame
        The edges, labelled anew, each cut where it meets the outline of the mask. Pieces keep their share of the length and
        every other column; those inside have no geometry, and nor have the accesses that begin there.
    GeoDataFrame
        The accesses, on those pieces.
    """
    lines = edges.geometry.to_numpy()
    shapely.prepare(mask)
    meets = np.flatnonzero(shapely.intersects(lines, mask))
    cuts = [_cuts(line, mask) for line in lines[meets]]
    n_cuts = np.zeros(len(edges), dtype=np.int64)
    n_cuts[meets] = [len(shares) for shares in cuts]
    row = np.repeat(np.arange(len(edges)), n_cuts + 1)  # the edge of each piece
    begins, ends = np.diff(row, prepend=-1) != 0, np.diff(row, append=len(edges)) != 0
    from_share, to_share = np.zeros(len(row)), np.ones(len(row))
    from_share[~begins] = to_share[~ends] = np.concatenate([[], *cuts])
    whole_m = edges["length_m"].to_numpy()[row]
    from_m = np.round(from_share * whole_m, 3)
    to_m = np.where(ends, whole_m, np.round(to_share * whole_m, 3))

    pieces = edges.iloc[row].reset_index(drop=True)
    pieces["length_m"] = to_m - from_m
    nodes = edges[["u", "v"]].to_numpy().max(initial=0) + 1 + np.arange(n_cuts.sum())
    pieces[["u", "v"]] = pieces[["u", "v"]].astype(np.int64)
    pieces.loc[~begins, "u"] = pieces.loc[~ends, "v"] = nodes
    drawn = lines[row]
    for piece in np.flatnonzero(~(begins & ends)):
        drawn[piece] = substring(drawn[piece], from_share[piece], to_share[piece], normalized=True)
    touched = np.flatnonzero(np.isin(row, meets))
    inside = shapely.intersects(mask, shapely.line_interpolate_point(drawn[touched], 0.5, normalized=True))
    drawn[touched[inside]] = None
    pieces = pieces.set_geometry(gpd.GeoSeries(drawn, index=pieces.index, crs=edges.crs))

    edge, along_m = edges.index.get_indexer(pd.Index(accesses["edge"])), accesses["along_m"].to_numpy()
    step = whole_m.max(initial=0.0) + 1.0  # more than an edge is long, so that edge and place along it make one number
    piece = np.searchsorted(row * step + from_m, edge * step + along_m, side="right") - 1
    starts = accesses.geometry.to_numpy().copy()
    starts[shapely.intersects(mask, starts)] = None
    moved = accesses.assign(edge=piece, along_m=along_m - from_m[piece])
    return pieces, moved.set_geometry(gpd.GeoSeries(starts, index=accesses.index, crs=accesses.crs))


def _cuts(line: shapely.LineString, mask: shapely.Geometry) -> npt.NDArray[np.float64]:
    """Return where along a line, as shares of it, it meets the outline of a mask: ascending, without its ends."""
    met = shapely.points(shapely.get_coordinates(shapely.intersection(line, shapely.boundary(mask))))
    shares = np.unique(shapely.line_locate_point(line, met, normalized=True))
    return shares[(shares > 0) & (shares < 1)]


def _numbered(facilities: pd.DataFrame) -> pd.DataFrame:
    """Return one row per facility, in the order of the page's numbering."""
    return facilities.drop_duplicates("owner").sort_values("owner")


def _owners(accesses: pd.DataFrame, facilities: pd.DataFrame) -> npt.NDArray[np.intp]:
    """Return the number of the facility that each access is of; -1 of none on the page."""
    columns = {"facility": "id"}
    if "layer" in accesses and "facility_layer" in facilities:
        columns["facility_layer"] = "layer"
    known = pd.MultiIndex.from_frame(facilities[list(columns)])
    place = known.get_indexer(pd.MultiIndex.from_frame(accesses[list(columns.values())]))
    return np.where(place >= 0, np.append(facilities["owner"].to_numpy(), -1)[place], -1)


def _millimetres(metres: pd.Series) -> npt.NDArray[np.int64]:
    whole: npt.NDArray[np.int64] = np.rint(metres.to_numpy(dtype=np.float64) * 1000).astype(np.int64)
    return whole
