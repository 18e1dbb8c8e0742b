"""One tile: read what lies in and around it, answer for the origins in it, write the answer.

A walk of at most L metres stays within L of where it begins, so what lies farther away cannot change it. A tile reads:

- the origins in its core: a square that has its western and southern border, and not the other two;
- the targets within `Question.target_halo_m` of the core: whatever can be reached from it;
- the streets within `Question.street_halo_m` of it (ring 1): all that those walks, and the legs to targets, lead along;
- and all streets that touch one of those (ring 2), be it far away, and those that touch one of these (ring 3).

Lines are read whole. With ring 2 the lines of ring 1 are joined and cut as among all lines: at the same nodes, at the same
places (vertices that agree to 0.1 mm take that of the first line, so lines are kept in the order of the input), each stretch
from the same line. Ring 3 gives the lines of ring 2 their places, and with them the points where they cross one of ring 1,
and the corners of two-sided streets. Lengths and positions are then the same to the bit, and targets come in the order of the
input, so that ties fall as among all.
"""

from __future__ import annotations

import math
import uuid
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import NamedTuple

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from qyp_geo.errors import NetworkError
from qyp_geo.network import Positions, WalkNetwork
from qyp_geo.network.build import GRID_M
from qyp_geo.tiles.stored import TOUCH_M, Stored

_SPARE_M = 1.0
"""More than what rounding can add to the reach of a walk."""


class Tile(NamedTuple):
    """A square of the grid: its number from the origin of the coordinates to the east and to the north."""

    column: int
    row: int

    @property
    def name(self) -> str:
        """The name of its file, without suffix."""
        return f"x{self.column}_y{self.row}"


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked of each origin: its nearest target, how many there are within the limit, and sums over those.

    Parameters
    ----------
    within_m
        The longest walk, inclusive; finite.
    max_off_m
        The farthest that a point may be from its street, inclusive.
    tile_m
        Side of a tile. Reading, building and the halo cost ((tile + 2 halos) / tile)² times the tile itself: with walks of
        1,000 m and tiles of 10 km that is 1.5. Memory is that of one tile.
    weights
        Columns of the targets that are summed over those within the limit.
    kept
        Columns of the origins that are repeated in the answer.
    node_crossings, two_sided, width_m
        As in `WalkNetwork.from_lines`; the latter two are columns of the streets.
    widest_m
        Metres from kerb to kerb of the widest two-sided street.

    Raises
    ------
    NetworkError
        A length is not a finite number of metres.
    """

    within_m: float
    max_off_m: float = 200.0
    tile_m: float = 10_000.0
    weights: tuple[str, ...] = ()
    kept: tuple[str, ...] = ()
    node_crossings: bool = False
    two_sided: str | None = None
    width_m: str | None = None
    widest_m: float = 0.0

    def __post_init__(self) -> None:
        if self.within_m == math.inf:
            raise NetworkError(
                "within_m: nearest without a limit is not exact under tiling, because the nearest may lie beyond any halo; "
                "give a limit in metres, or ask on one machine"
            )
        for name in ("within_m", "max_off_m", "widest_m", "tile_m"):
            metres = getattr(self, name)
            if not (math.isfinite(metres) and metres >= 0 and (metres > 0 or name != "tile_m")):
                raise NetworkError(f"{name}: is not a length in metres that can be used (given: {metres})")

    @property
    def target_halo_m(self) -> float:
        """How far from the core a target may lie. The legs at both ends leave out half the width of a two-sided street."""
        return self.within_m + self.widest_m + _SPARE_M

    @property
    def street_halo_m(self) -> float:
        """How far from the core a street may pass that a target within reach is snapped to."""
        return self.target_halo_m + self.max_off_m + self.widest_m / 2


@dataclass(frozen=True, slots=True)
class Job:
    """A question asked of stored frames.

    Parameters
    ----------
    streets, origins
        Stored frames; origins are points, with a column ``id`` of text.
    targets
        Stored frames of points, with a column ``id`` of text, by their kind.
    question
        What is asked.
    answers
        The folder of the answers, a Parquet file for each tile that has origins.
    """

    streets: Path
    origins: Path
    targets: Mapping[str, Path]
    question: Question
    answers: Path

    def file(self, tile: Tile) -> Path:
        """The file of a tile's answer."""
        return self.answers / f"{tile.name}.parquet"


def tiles_of(job: Job) -> list[Tile]:
    """Return the tiles that have origins, those with most of them first; reads the origins row group by row group.

    Done in this order, no long tile is left for the end, when other workers have nothing more to do.
    """
    n_origins: Counter[Tile] = Counter()
    for origins in Stored(job.origins).groups():
        cells, n = np.unique(_cells(origins, job.question.tile_m), axis=0, return_counts=True)
        n_origins.update({Tile(*cell): count for cell, count in zip(cells.tolist(), n.tolist(), strict=True)})
    return sorted(n_origins, key=lambda tile: (-n_origins[tile], tile))


def answer_tile(job: Job, tile: Tile) -> None:
    """Answer for one tile and write its file, whole or not at all.

    The file has one row per kind of target and origin, both in their order: ``order`` and ``origin`` (number and id of the
    origin), the columns kept, ``kind``, ``target`` (id of the nearest) and ``walk_m``, missing where none is within the limit,
    ``n_targets`` within it and the sums of their weights.
    """
    table = answer(job, tile)
    file = job.file(tile)
    written = file.with_name(f".{file.name}.{uuid.uuid4().hex}.part")
    table.to_parquet(written, index=False)
    written.replace(file)


def answer(job: Job, tile: Tile) -> pd.DataFrame:
    """Return the table that `answer_tile` writes."""
    question = job.question
    side_m = question.tile_m
    core = shapely.box(side_m * tile.column, side_m * tile.row, side_m * (tile.column + 1), side_m * (tile.row + 1))
    origins = _points(Stored(job.origins), core)
    origins = origins[(_cells(origins, side_m) == tile).all(axis=1)]
    net = _network(streets_about(core, Stored(job.streets), question.street_halo_m), question)
    at = None if net is None else net.snap(origins, max_off_m=question.max_off_m)
    reach = core.buffer(question.target_halo_m, join_style="mitre")
    tables = []
    for kind, folder in job.targets.items():
        targets = _points(Stored(folder), reach)
        found = _nothing(origins, question)
        if net is not None and at is not None and not targets.empty:
            found = _ask(net, at, targets, question)
        tables.append(pd.concat([origins[["id", *question.kept]], found], axis=1).assign(kind=kind))
    table = pd.concat(tables).rename_axis("order").reset_index().rename(columns={"id": "origin"})
    columns = ["order", "origin", *question.kept, "kind", "target", "walk_m", "n_targets", *question.weights]
    return pd.DataFrame(table[columns])


def _points(stored: Stored, area: shapely.Polygon) -> gpd.GeoDataFrame:
    """Return the points in an area, by their number."""
    return stored.near(np.array([area])).set_index("order")


def _cells(points: gpd.GeoDataFrame, tile_m: float) -> np.ndarray[tuple[int, int], np.dtype[np.int64]]:
    """Column and row of the tile of each point, shape (points, 2)."""
    return np.floor(shapely.get_coordinates(points.geometry.to_numpy()) / tile_m).astype(np.int64)


def streets_about(core: shapely.Polygon, streets: Stored, halo_m: float) -> gpd.GeoDataFrame:
    """Return the lines within the halo of the core, and rings 2 and 3 around them, in the order of the input."""
    area = core.buffer(halo_m, join_style="mitre")
    candidates = streets.near(np.array([area]))
    lines = candidates.geometry.to_numpy()
    shapely.prepare(area)
    ring = candidates[shapely.dwithin(area, lines, TOUCH_M)]
    # Whatever touches a line inside the area is that near to the area itself, and in the ring.
    leaving = ring.geometry.to_numpy()[~shapely.contains_properly(area, ring.geometry.to_numpy())]
    found = [ring]
    for _ in range(2):
        more = streets.near(leaving)
        found.append(more[~more["order"].isin(pd.concat(found)["order"])])
        leaving = found[-1].geometry.to_numpy()
    return gpd.GeoDataFrame(pd.concat(found), crs=ring.crs).sort_values("order").set_index("order")


def _network(lines: gpd.GeoDataFrame, question: Question) -> WalkNetwork | None:
    """The network of some lines; None if none of them has any length."""
    corners = np.rint(shapely.bounds(shapely.get_parts(lines.geometry.to_numpy())) / GRID_M)
    if not (corners[:, :2] != corners[:, 2:]).any():
        return None
    build = partial(WalkNetwork.from_lines, lines, node_crossings=question.node_crossings)
    if question.two_sided is None or not lines[question.two_sided].any():
        return build()
    return build(two_sided=question.two_sided, width_m=question.width_m)


def _ask(net: WalkNetwork, at: Positions, targets: gpd.GeoDataFrame, question: Question) -> pd.DataFrame:
    """Return the nearest target of each origin, how many it has within the limit, and the sums of their weights."""
    to = net.snap(targets, max_off_m=question.max_off_m)
    nearest = net.nearest(at, to, within_m=question.within_m, threads=1)
    tally = net.tally(at, to, within_m=question.within_m, weights=targets[list(question.weights)], threads=1)
    ids = targets["id"].reindex(nearest["target"]).array
    return nearest.assign(target=pd.array(ids, dtype="string")).join(tally)


def _nothing(origins: gpd.GeoDataFrame, question: Question) -> pd.DataFrame:
    """What is found where there is no street, or no target, within reach."""
    sums = dict.fromkeys(question.weights, 0.0)
    none = pd.array([pd.NA] * len(origins), dtype="string")
    return pd.DataFrame({"target": none, "walk_m": np.nan, "n_targets": 0, **sums}, index=origins.index)
