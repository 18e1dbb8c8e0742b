"""Where a gate, a crossing or a footbridge would bring most people within reach.

A **link** is a short straight way that does not exist yet: across a wall, a fence, water, a railway or an elevated road from a
street to a street, across a two-sided street from kerb to kerb, or out of a gated estate to the street beside it.

What a link brings is computed, not guessed. From its far end to the nearest facility is one search for all links together; what
is beyond the link then counts as metres already walked at its near end, and a second search tells who reaches that end within
what is left of the limit. A link helps in one direction only, that in which it is a shortcut. It is walked from end to end, and
who lives where is not changed by it: nobody steps onto it in the middle.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

from qyp_geo.analyses.access import Facilities
from qyp_geo.analyses.gates import Numbers
from qyp_geo.analyses.ground import Geometries, Ground
from qyp_geo.analyses.judging import Bools, Floats, within
from qyp_geo.analyses.standing import Standing
from qyp_geo.network import Positions, WalkNetwork
from qyp_geo.network.exact import to_mm, to_units
from qyp_geo.standards import Requirement

STEP_M: Final = 25.0
"""Links are tried from a place at least every so far along streets and walls, and at every bend."""
APART_M: Final = 50.0
"""Of the links of a gap whose middles are nearer than this to one another only the best is listed."""
_TOUCH_M: Final = 0.01
"""A line that enters closed ground by no more than this runs along it."""
_PAIRS: Final = 4_000_000
"""Pairs of an origin and a link that are looked at together, so that memory does not grow with the city."""
_NOWHERE: Final = -1
"""In place of an estate: in none."""

EFFORTS: Final = ("gate", "crossing", "footbridge")
"""What it takes to get across, the least first; across several obstacles the greatest that any of them takes."""
_GATE, _CROSSING, _FOOTBRIDGE = range(3)
_EFFORT_OF: Final = {
    "wall": _GATE,
    "fence": _GATE,
    "water": _FOOTBRIDGE,
    "railway": _FOOTBRIDGE,
    "elevated": _FOOTBRIDGE,
}
_COLUMNS: Final = ["kind", "crosses", "length_m", "people_gained", "units_gained", "requirement", "gap", "geometry"]
_SUMS: Final = ["people", "units", "people_m"]
"""Who is brought within the limit, and the metres that they then walk, times people."""


@dataclass(frozen=True, slots=True)
class Blocked:
    """Who has a facility near in a straight line but too far to walk, for one requirement.

    Attributes
    ----------
    requirement
        The requirement.
    serving
        The facilities that count for it, by number.
    units
        The demand units, by number, ascending.
    gaps
        The gap that each belongs to.
    """

    requirement: Requirement
    serving: Numbers
    units: Numbers
    gaps: npt.NDArray[np.object_]


def find_links(
    blocked: Sequence[Blocked],
    ground: Ground,
    *,
    standing: Standing,
    people: Floats,
    facilities: Facilities,
    max_link_m: float,
    per_gap: int,
) -> tuple[gpd.GeoDataFrame, int]:
    """Find the links that bring most people of each gap within the limit, each link by itself.

    Parameters
    ----------
    blocked
        Whom to look for links for.
    ground
        What there is to be crossed.
    standing, people
        The demand units on the network, and their people, in one order.
    facilities
        The facilities and their accesses on the network.
    max_link_m
        The longest link.
    per_gap
        How many are listed for each gap.

    Returns
    -------
    tuple
        One row per link and gap, those of most people first, of as many those that leave them the least to walk: ``kind``
        (gate, crossing, footbridge), ``crosses`` (the names of what it crosses), ``length_m``, ``people_gained`` and
        ``units_gained`` (of the gap, who come within the limit), ``requirement``, ``gap``, geometry (LineString). And how many
        more there are that are not listed.
    """
    found = [pd.DataFrame(columns=[*_COLUMNS, "walk_m"])]
    if blocked:
        net = standing.net
        concerned = np.unique(np.concatenate([one.units for one in blocked]))
        homes = shapely.STRtree(standing.points.to_numpy()[concerned])
        reach_m = max(one.requirement.limit_m for one in blocked)
        lines = [search(net, ground, homes, reach_m, max_link_m) for search in (_across_barriers, _across_streets)]
        between = _described(pd.DataFrame({"geometry": np.concatenate(lines), "estate": _NOWHERE}), net, ground)
        gates = _described(_gates(net, ground, np.unique(standing.estate[concerned]), max_link_m), net, ground)
        ends, doors = _ends(net, between, (0, -1)), _ends(net, gates, (0,))
        for one in blocked:
            found.append(_gains_between(one, between, ends, standing, people, facilities))
            found.append(_gains_of_gates(one, gates, doors, standing, people, facilities))
    gains = pd.concat([one for one in found if len(one)] or found, ignore_index=True)
    best_first = gains[gains["people_gained"] > 0].sort_values(
        ["people_gained", "walk_m"], ascending=[False, True], kind="stable"
    )
    gains = best_first.reset_index(drop=True)
    kept, n_more = _best_apart(gains, per_gap)
    listed = gains.loc[kept, _COLUMNS].astype({"length_m": float, "people_gained": float, "units_gained": int})
    width = max(3, len(str(len(listed))))
    listed.index = pd.Index([f"L{n:0{width}d}" for n in range(1, len(listed) + 1)], name="id", dtype=object)
    return gpd.GeoDataFrame(listed, geometry="geometry", crs=standing.net.crs), n_more


def _across_barriers(
    net: WalkNetwork, ground: Ground, homes: shapely.STRtree, reach_m: float, max_link_m: float
) -> Geometries:
    """Return straight lines between places on streets that cross a barrier.

    From each place on a street the nearest place across on every street is tried. On a two-sided street the link ends at the
    kerb that it comes to first.
    """
    lines = net.edges.geometry.to_numpy()
    barriers = shapely.STRtree(ground.barriers.geometry.to_numpy())
    close = np.unique(barriers.query(lines, predicate="dwithin", distance=max_link_m)[0])
    begin, end, edge = _steps(lines[close])
    edge = close[edge]
    pieces = _segments(begin, end)
    places = np.asarray(shapely.points(np.concatenate([begin, end])))
    edge_of_place = np.concatenate([edge, edge])
    start = np.flatnonzero(_near(places, barriers, max_link_m) & _near(places, homes, reach_m))

    place, piece = shapely.STRtree(pieces).query(places[start], predicate="dwithin", distance=max_link_m)
    place = start[place]
    line = np.asarray(shapely.shortest_line(places[place], pieces[piece]), dtype=object)
    crosses = np.unique(barriers.query(line, predicate="intersects")[0])
    tried = pd.DataFrame(
        {
            "place": shapely.get_coordinates(places[place[crosses]]).tolist(),
            "own": edge_of_place[place[crosses]],
            "other": edge[piece[crosses]],
            "line": line[crosses],
            "length_m": shapely.length(line[crosses]),
        }
    )
    tried["place"] = tried["place"].map(tuple)
    tried = tried.sort_values("length_m", kind="stable").drop_duplicates(["place", "other"]).sort_index()
    half_m = np.nan_to_num(ground.width_m) / 2
    links = _shortened(tried["line"].to_numpy(), half_m[tried["own"].to_numpy()], half_m[tried["other"].to_numpy()])
    still = np.unique(barriers.query(links, predicate="intersects")[0])
    across: Geometries = links[still]
    return across


def _across_streets(
    net: WalkNetwork, ground: Ground, homes: shapely.STRtree, reach_m: float, max_link_m: float
) -> Geometries:
    """Return straight lines from kerb to kerb of two-sided streets, square to the street."""
    wide = np.flatnonzero(ground.width_m <= max_link_m)[::2]  # the right kerb follows the left, on the same centre line
    begin, end, edge = _steps(net.edges.geometry.to_numpy()[wide])
    middle, along = (begin + end) / 2, end - begin
    square = np.column_stack([-along[:, 1], along[:, 0]]) / np.hypot(*along.T)[:, None]
    aside = square * ground.width_m[wide[edge]][:, None] / 2
    near = _near(np.asarray(shapely.points(middle)), homes, reach_m)
    return _segments((middle + aside)[near], (middle - aside)[near])


def _gates(net: WalkNetwork, ground: Ground, estates: Numbers, max_link_m: float) -> pd.DataFrame:
    """Return the straight ways from the outline of some gated estates to the street outside, and ``estate``, whose they are."""
    estates = estates[estates != _NOWHERE]
    outlines, nth_estate = shapely.get_parts(
        shapely.boundary(ground.estates.geometry.to_numpy()[estates]), return_index=True
    )
    xy, _, nth = _steps(outlines)
    at = net.snap(gpd.GeoSeries(shapely.points(xy), crs=net.crs), max_off_m=max_link_m)
    first = np.unique(at.owner, return_index=True)[1]  # on the very centre line of a two-sided street there are two
    owner, edge, outside = at.owner[first], at.edge[first], at.xy[first]
    ways = _shortened(_segments(xy[owner], outside), np.zeros(len(owner)), np.nan_to_num(ground.width_m[edge]) / 2)
    return pd.DataFrame({"geometry": ways, "estate": estates[nth_estate[nth[owner]]]})


def _steps(lines: Geometries) -> tuple[Floats, Floats, Numbers]:
    """Return straight pieces of lines, none longer than `STEP_M`: where each begins and ends, and the line it is of."""
    xy, line = shapely.get_coordinates(shapely.segmentize(lines, STEP_M), return_index=True)
    first = np.flatnonzero((line[1:] == line[:-1]) & (xy[1:] != xy[:-1]).any(axis=1))
    return xy[first], xy[first + 1], line[first]


def _segments(begin: Floats, end: Floats) -> Geometries:
    return np.asarray(shapely.linestrings(np.stack([begin, end], axis=1).reshape(-1, 2, 2)))


def _near(places: Geometries, tree: shapely.STRtree, distance_m: float) -> Bools:
    """Return which places lie within a distance of anything in a tree."""
    near = np.zeros(len(places), dtype=bool)
    near[tree.query_nearest(places, max_distance=distance_m, all_matches=False)[0]] = True
    return near


def _shortened(lines: Geometries, begin_m: Floats, end_m: Floats) -> Geometries:
    """Return straight lines without so many metres at their ends, but at least a tenth of each."""
    whole = shapely.length(lines)
    spare = np.minimum(1.0, 0.9 * whole / np.maximum(begin_m + end_m, _TOUCH_M))
    begin = shapely.line_interpolate_point(lines, begin_m * spare)
    end = shapely.line_interpolate_point(lines, whole - end_m * spare)
    return _segments(shapely.get_coordinates(begin), shapely.get_coordinates(end))


def _described(links: pd.DataFrame, net: WalkNetwork, ground: Ground) -> pd.DataFrame:
    """Return the links that lead through no closed ground, with ``kind``, ``crosses`` and ``length_m``."""
    lines = links["geometry"].to_numpy()
    closed = shapely.STRtree(shapely.buffer(ground.closed, -_TOUCH_M))
    through = np.concatenate([closed.query(lines, predicate=how)[0] for how in ("crosses", "within")])
    links = links[~np.isin(np.arange(len(links)), through)].reset_index(drop=True)
    lines = links["geometry"].to_numpy()

    wide = np.flatnonzero(~np.isnan(ground.width_m))
    leaves = np.flatnonzero(links["estate"] != _NOWHERE)
    meets, barrier = shapely.STRtree(ground.barriers.geometry.to_numpy()).query(lines, predicate="intersects")
    passes, street = shapely.STRtree(net.edges.geometry.to_numpy()[wide]).query(lines, predicate="intersects")
    crossed = [
        (leaves, ground.estates["name"].to_numpy()[links["estate"].to_numpy()[leaves]], _GATE),
        (
            meets,
            ground.barriers["name"].to_numpy()[barrier],
            ground.barriers["barrier"].map(_EFFORT_OF).to_numpy()[barrier],
        ),
        (passes, ground.street[wide[street]], _CROSSING),
    ]
    named = pd.concat([pd.DataFrame({"link": link, "name": name, "effort": effort}) for link, name, effort in crossed])
    of_link = named.drop_duplicates().groupby("link")
    return links.assign(
        kind=[EFFORTS[int(effort)] for effort in of_link["effort"].max()],
        crosses=of_link["name"].agg("、".join).to_numpy(dtype=object),
        length_m=shapely.length(lines),
    )


def _ends(net: WalkNetwork, links: pd.DataFrame, which: tuple[int, ...]) -> Positions:
    """Return where the ends of links stand on the network: owner ``len(which) * link + end``."""
    ends = np.stack([shapely.get_point(links["geometry"].to_numpy(), end) for end in which], axis=1)
    return net.snap(gpd.GeoSeries(ends.ravel(), crs=net.crs))


def _gains_between(
    one: Blocked, links: pd.DataFrame, ends: Positions, standing: Standing, people: Floats, facilities: Facilities
) -> pd.DataFrame:
    """Return whom each link between two streets brings within the limit, one row per link and gap."""
    limit_m = one.requirement.limit_m
    here_m = _walks_m(ends, one, standing.net, facilities).reshape(-1, 2)
    across_m = links["length_m"].to_numpy()[:, None] + here_m[:, ::-1]
    side = np.flatnonzero((across_m < here_m) & (across_m <= limit_m))  # never both ends of a link
    near = ends.take(side)
    beyond = replace(near, off_m=near.off_m + to_units(across_m.ravel()[side])[near.owner])

    reached = [
        sums
        for origins, homes in _origins(one, standing, people)
        for sums in _reached(origins, homes, beyond, one, standing.net)
    ]
    total = pd.concat(reached).groupby(["end", "gap"], sort=False)[_SUMS].sum().reset_index()
    return _gains(one, links.iloc[total["end"].to_numpy(dtype=int) // 2], total)


def _gains_of_gates(
    one: Blocked, gates: pd.DataFrame, doors: Positions, standing: Standing, people: Floats, facilities: Facilities
) -> pd.DataFrame:
    """Return whom each new gate brings within the limit, one row per gate and gap.

    From the gate is what is judged, so a gate near enough serves the whole estate.
    """
    gates = gates.assign(walk_m=_walks_m(doors, one, standing.net, facilities))
    gates = gates[within(gates["walk_m"].to_numpy(), one.requirement)]
    homes = _homes(one, standing, people).groupby(["estate", "gap"])[["people", "units"]].sum().reset_index()
    total = gates[["estate", "walk_m"]].rename_axis("gate").reset_index().merge(homes, on="estate")
    total["people_m"] = total["people"] * total["walk_m"]
    return _gains(one, gates.loc[total["gate"]], total)


def _walks_m(ends: Positions, one: Blocked, net: WalkNetwork, facilities: Facilities) -> Floats:
    """Return the walk from each end to the nearest facility; infinite where none is within the limit."""
    found = net.nearest(ends, facilities.at.take(one.serving), within_m=one.requirement.limit_m)
    return found["walk_m"].to_numpy(dtype=float, na_value=np.inf)


def _homes(one: Blocked, standing: Standing, people: Floats) -> pd.DataFrame:
    """Return the units that are blocked, by number: ``estate``, ``gap``, ``people``, ``units`` (one each)."""
    columns = {"estate": standing.estate[one.units], "gap": one.gaps, "people": people[one.units], "units": 1}
    return pd.DataFrame(columns, index=one.units)


def _origins(one: Blocked, standing: Standing, people: Floats) -> Iterator[tuple[Positions, pd.DataFrame]]:
    """Yield from where the walks that are judged begin, labelled from 0, and whose they are: doors, then gates of estates."""
    homes = _homes(one, standing, people)
    doors, gates = homes[homes["estate"] == _NOWHERE], homes[homes["estate"] != _NOWHERE]
    yield _numbered(standing.at, doors.index.to_numpy()), doors.set_axis(np.arange(len(doors)))
    estates = standing.at_gates.labels[standing.at_gates.labels.isin(gates["estate"])]
    of_gates = _numbered(standing.at_gates, standing.at_gates.labels.get_indexer(estates))
    yield of_gates, gates.set_axis(estates.get_indexer(pd.Index(gates["estate"])))


def _numbered(at: Positions, owners: Numbers) -> Positions:
    """Return the positions of some owners, ascending, who are then labelled from 0."""
    return replace(at.take(owners), labels=pd.RangeIndex(len(owners)))


def _reached(
    origins: Positions, homes: pd.DataFrame, beyond: Positions, one: Blocked, net: WalkNetwork
) -> Iterator[pd.DataFrame]:
    """Yield who gets from some origins to the ends of links within the limit, summed by ``end`` and ``gap``, in blocks."""
    block = max(1, _PAIRS // max(1, len(beyond)))
    for start in range(0, max(1, len(origins)), block):
        some = origins.take(np.arange(start, min(start + block, len(origins))))
        found = net.walks_csr(some, beyond, within_m=one.requirement.limit_m)
        origin = some.labels.repeat(np.diff(found.indptr))
        walks = pd.DataFrame({"end": beyond.labels.take(found.target), "walk_m": found.walk_m}, index=origin)
        pairs = walks[within(found.walk_m, one.requirement)].join(homes, how="inner")
        pairs["people_m"] = pairs["people"] * pairs["walk_m"]
        yield pairs.groupby(["end", "gap"], sort=False)[_SUMS].sum().reset_index()


def _gains(one: Blocked, links: pd.DataFrame, total: pd.DataFrame) -> pd.DataFrame:
    """Return what links bring, as it is listed; both arguments row by row."""
    return pd.DataFrame(
        {
            "kind": links["kind"].to_numpy(),
            "crosses": links["crosses"].to_numpy(),
            "length_m": to_mm(links["length_m"].to_numpy()),
            "people_gained": total["people"].to_numpy(),
            "units_gained": total["units"].to_numpy(),
            "requirement": one.requirement.id,
            "gap": total["gap"].to_numpy(),
            "geometry": links["geometry"].to_numpy(),
            "walk_m": (total["people_m"] / total["people"]).to_numpy(),
        }
    )


def _best_apart(gains: pd.DataFrame, per_gap: int) -> tuple[Numbers, int]:
    """Return the places of the best links of each gap, none near a better one, and how many more there are."""
    kept: list[int] = []
    n_more = 0
    for places in gains.groupby("gap", sort=False).indices.values():
        middle = shapely.line_interpolate_point(gains["geometry"].to_numpy()[places], 0.5, normalized=True)
        left = np.arange(len(places))
        n_apart = 0
        while len(left):
            if n_apart < per_gap:
                kept.append(int(places[left[0]]))
            n_apart += 1
            left = left[shapely.distance(middle[left], middle[left[0]]) >= APART_M]
        n_more += max(0, n_apart - per_gap)
    return np.sort(np.array(kept, dtype=np.intp)), n_more
