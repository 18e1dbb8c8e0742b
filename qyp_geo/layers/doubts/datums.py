"""Whether a layer lies where its declared datum puts it.

GCJ-02 moves a whole layer by some 600 m and BD-09 by 1,150 m, and nothing in the coordinates shows it. Two things outside the
layer do. *Streets*: what people build stands beside them, not on them, and what is drawn on them (gates, bus stops) exactly on
them; a layer that is moved has no more of that than one moved by chance. So the share of things beside (or on) a street is
compared with the shares after many moves of 300 to 1,500 m in any direction: where the declared place is like one of these,
and another datum stands out from all of them, the datum is doubted. *The boundary*: what belongs to the district lies inside
it, all of it under the right datum, and not under the wrong one.

Both want numbers. Layers of few things that declare the same datum are therefore also held against the streets together. Where
even these are too few to be told, that is said.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import shapely
from shapely.geometry.base import BaseGeometry

from qyp_geo.crs import to_analysis, to_display
from qyp_geo.datum import Degrees, Pair, wgs84_to_bd09, wgs84_to_gcj02
from qyp_geo.declarations import SHIFTED_DATUMS
from qyp_geo.errors import Problem
from qyp_geo.frames import LayerData
from qyp_geo.layers.kinds import STRUCTURES

_WRITE: Final[Mapping[str, Callable[[Degrees, Degrees], Pair]]] = {
    "wgs84": lambda lon, lat: (lon, lat),
    "gcj02": wgs84_to_gcj02,
    "bd09": wgs84_to_bd09,
}
_STAND_BY_STREETS: Final = frozenset({"residents", "gates", "crossings", "candidates"})  # and every facility
_COVER_THE_DISTRICT: Final = frozenset({"units", "zones"})
_BESIDE_M: Final = (3.0, 30.0)  # from the centre line: not on the carriageway, not in the depth of a block
_ON_M: Final = 3.0
_MOST: Final = 0.5  # what is drawn on streets is mostly so
_MEASURES: Final = ("beside", "on")
_MOVES: Final = 60
_MOVED_M: Final = (300.0, 1500.0)
_NEAR_M: Final = 100.0
_THINGS: Final = 200  # enough to judge a layer by
_FEWEST: Final = 5
_FEWEST_INSIDE: Final = 20
_FEW: Final = 80  # fewer may not stand out alone, and are also looked at together
_TOO_FEW: Final = 20  # fewer, all together, can hardly stand out
_STANDS_OUT: Final = 3.5  # standard deviations above moves by chance
_BETTER_BY: Final = 3.0  # standard deviations better than the declared place
_ALL_INSIDE: Final = 0.995
_NOT_ALL_INSIDE: Final = 0.95
_SAME_MOVE_M: Final = 50.0
_DEGREES: Final = frozenset({"wgs84", "cgcs2000", *SHIFTED_DATUMS})
Vector = npt.NDArray[np.float64]
Shapes = npt.NDArray[np.object_]


@dataclass(frozen=True, slots=True)
class _Doubt:
    """Another reading of the declarations: what it says, and how it would move a layer against the streets."""

    says: str
    by_m: Vector


class _Streets:
    """The streets that layers are held against."""

    def __init__(self, lines: Shapes) -> None:
        self._tree = shapely.STRtree(lines)
        self.hull = shapely.convex_hull(shapely.multilinestrings(shapely.get_parts(lines)))
        shapely.prepare(self.hull)

    def shares(self, shapes: Shapes, by_m: Vector) -> tuple[Vector, int] | None:
        """Shares beside and on a street after a move, and of how many; None where most leave the streets' reach."""
        moved = shapely.transform(shapes, lambda xy: xy + by_m)
        moved = moved[shapely.intersects(self.hull, moved)]
        if len(moved) < max(_FEWEST, len(shapes) / 2):
            return None
        nearest, farthest = _BESIDE_M
        away = np.full(len(moved), np.inf)
        (thing, _), away_m = self._tree.query_nearest(
            moved, max_distance=farthest, return_distance=True, all_matches=False
        )
        away[thing] = away_m
        return np.array([((away >= nearest) & (away < farthest)).mean(), (away < _ON_M).mean()]), len(moved)


def doubt_datums(layers: Mapping[str, LayerData], boundary: str) -> Iterator[Problem]:
    """Tell of layers that lie far better under another datum than the declared one.

    Parameters
    ----------
    layers
        The layers as read, by reference.
    boundary
        The reference of the boundary layer.
    """
    streets = {reference: layer for reference, layer in layers.items() if layer.record.kind == "streets"}
    walked = [layer.frame.loc[layer.frame["walkable"].astype(bool)] for layer in streets.values()]
    lines = np.concatenate([np.empty(0, dtype=object), *(frame.geometry.to_numpy() for frame in walked)])
    beside = _Streets(lines) if len(lines) else None
    area = shapely.union_all(layers[boundary].frame.geometry.to_numpy()) if boundary in layers else None
    if beside is None and area is None:
        return
    centre = gpd.GeoSeries([area] if area is not None else lines, crs=next(iter(layers.values())).frame.crs)
    moves = _moves(gpd.GeoDataFrame(geometry=centre.centroid).iloc[:1])
    street_datums = {reference: _frame_of(layer) for reference, layer in streets.items()}
    few: dict[str, list[str]] = {}
    for reference, layer in layers.items():
        if layer.record.source.by_name is not None:  # without coordinates there is no datum to doubt
            continue
        kind = layer.record.kind
        stands_by_streets = kind in _STAND_BY_STREETS or kind not in STRUCTURES
        # What is taken from the file that the streets are taken from lies as they do.
        elsewhere = all(layer.record.source.shown != one.record.source.shown for one in streets.values())
        told = None
        if stands_by_streets and elsewhere and beside is not None:
            told = _against_streets(layer.frame.geometry.to_numpy(), beside, _doubts(layer, street_datums, moves))
            if told is None and len(layer.frame) < _FEW and layer.record.source.datum in _DEGREES:
                few.setdefault(_frame_of(layer), []).append(reference)
        if told is None and area is not None and (stands_by_streets or kind in _COVER_THE_DISTRICT):
            told = _against_boundary(layer, area, _doubts(layer, {}, moves))
        if told is not None:
            yield _doubted(reference, layer, told)
    if beside is not None:
        for references in few.values():
            yield from _together({ref: layers[ref] for ref in references}, beside, street_datums, moves)


def _together(
    few: Mapping[str, LayerData],
    beside: _Streets,
    streets: Mapping[str, str],
    moves: Mapping[tuple[str, str], Vector],
) -> Iterator[Problem]:
    """Tell of small layers of one datum that lie better under another one together, or are too few even so."""
    shapes = np.concatenate([layer.frame.geometry.to_numpy() for layer in few.values()])
    first = next(iter(few))
    if len(shapes) < _TOO_FEW:
        yield Problem(
            f"{first}.toml",
            "source.datum",
            f"{len(shapes)} things are too few to tell whether the datum is right: that takes {_TOO_FEW} or more",
            f"{few[first].record.source.datum} in {', '.join(few)}",
            "Ask who made the file which datum its coordinates are in",
            severity="warning",
        )
    elif len(few) > 1:
        told = _against_streets(shapes, beside, _doubts(few[first], streets, moves))
        if told is not None:
            yield _doubted(first, few[first], f"{told} ({', '.join(few)} together)")


def _doubted(reference: str, layer: LayerData, told: str) -> Problem:
    return Problem(
        f"{reference}.toml",
        "source.datum",
        told,
        layer.record.source.datum,
        "Ask who made the file which datum its coordinates are in",
        severity="warning",
        check="wrong_datum",
    )


def _frame_of(layer: LayerData) -> str:
    datum = layer.record.source.datum
    return datum if datum in SHIFTED_DATUMS else "wgs84"


def _moves(centre: gpd.GeoDataFrame) -> dict[tuple[str, str], Vector]:
    """Where a place goes, in metres, if what was written in one datum is read as in another.

    Taken at the district's centre: within a district the figure varies by a few metres.
    """
    here = shapely.get_coordinates(centre.geometry.to_numpy())
    true = tuple(shapely.get_coordinates(to_display(centre).geometry.to_numpy()).T)
    found = {}
    for declared, write in _WRITE.items():
        written = gpd.GeoDataFrame(geometry=gpd.points_from_xy(*write(*true)))
        for other in _WRITE:
            there = to_analysis(written, datum=other, crs=str(centre.crs))
            found[declared, other] = (shapely.get_coordinates(there.geometry.to_numpy()) - here)[0]
    return found


def _doubts(layer: LayerData, streets: Mapping[str, str], moves: Mapping[tuple[str, str], Vector]) -> list[_Doubt]:
    """Every other reading of the datums of a layer and of the streets, by how it would move the one against the other."""
    declared = _frame_of(layer)
    readings = [_Doubt(f"its coordinates are {other}", moves[declared, other]) for other in _WRITE]
    readings += [
        _Doubt(f"those of {reference} are {other}", -moves[datum, other])
        for reference, datum in streets.items()
        for other in _WRITE
    ]
    # Two readings that come to the same move cannot be told apart, and are told together.
    found: list[_Doubt] = []
    for reading in readings:
        if np.hypot(*reading.by_m) < _SAME_MOVE_M:
            continue
        same = next((n for n, one in enumerate(found) if np.hypot(*(one.by_m - reading.by_m)) < _SAME_MOVE_M), None)
        if same is None:
            found.append(reading)
        else:
            found[same] = _Doubt(f"{found[same].says}, or {reading.says}", found[same].by_m)
    return found


def _against_streets(shapes: Shapes, beside: _Streets, doubts: list[_Doubt]) -> str | None:
    if len(shapes) < _FEWEST or not doubts:
        return None
    shapes = shapes[np.linspace(0, len(shapes) - 1, min(len(shapes), _THINGS)).astype(int)]
    points = bool((shapely.get_dimensions(shapes) == 0).all())
    found = [shares[0] for by_m in _moves_by_chance(doubts) if (shares := beside.shares(shapes, by_m)) is not None]
    declared = beside.shares(shapes, np.zeros(2))
    if declared is None or len(found) < _MOVES / 3:
        return None
    by_chance = np.array(found)
    usual, spread = by_chance.mean(axis=0), by_chance.std(axis=0)

    def deviations(shares: Vector, count: int) -> Vector:
        # Few things scatter at least as a sample of that size does.
        of_sample = np.sqrt(np.maximum(usual * (1.0 - usual), 0.01) / count)
        every = (shares - usual) / np.maximum(spread, of_sample)
        # Outlines cross many streets wherever they are put; only points are drawn on one, and then most of a layer is.
        return np.where([True, points and shares[1] >= _MOST], every, -np.inf)

    as_declared = float(deviations(*declared).max())
    best: tuple[float, str] | None = None
    for doubt in doubts:
        there = beside.shares(shapes, doubt.by_m)
        if there is None:
            continue
        every = deviations(*there)
        best_at, measure = float(every.max()), int(every.argmax())
        share = there[0][measure]
        if share > by_chance[:, measure].max() and best_at >= max(
            _STANDS_OUT, as_declared + _BETTER_BY, 2.0 * as_declared
        ):
            says = (
                f"the streets fit far better if {doubt.says}: {share:.0%} of the layer would stand "
                f"{_MEASURES[measure]} a street, as declared {declared[0][measure]:.0%}, by chance {usual[measure]:.0%}"
            )
            best = max(best or (0.0, ""), (best_at, says))
    return None if best is None else best[1]


def _moves_by_chance(doubts: list[_Doubt]) -> Vector:
    """Moves in any direction, none of them near one that is asked about."""
    rng = np.random.default_rng(0)
    angle, length = rng.uniform(0.0, 2.0 * np.pi, _MOVES), rng.uniform(*_MOVED_M, _MOVES)
    moves = np.column_stack([length * np.cos(angle), length * np.sin(angle)])
    near = [np.hypot(*(moves - doubt.by_m).T) < _NEAR_M for doubt in doubts]
    kept: Vector = moves[~np.any(near, axis=0)]
    return kept


def _against_boundary(layer: LayerData, area: BaseGeometry, doubts: list[_Doubt]) -> str | None:
    shapes = layer.frame.geometry.to_numpy()
    covers = layer.record.kind in _COVER_THE_DISTRICT
    if not covers and len(shapes) < _FEWEST_INSIDE:
        return None
    shapely.prepare(area)

    def inside(by_m: Vector) -> float:
        moved = shapely.transform(shapes if covers else shapely.centroid(shapes), lambda xy: xy + by_m)
        if covers:
            return float(shapely.area(shapely.intersection(moved, area)).sum() / shapely.area(moved).sum())
        return float(shapely.intersects(area, moved).mean())

    declared = inside(np.zeros(2))
    for doubt in doubts:
        there = inside(doubt.by_m)
        if declared <= _NOT_ALL_INSIDE and there >= _ALL_INSIDE:
            return (
                f"the boundary fits far better if {doubt.says}: {there:.0%} of the layer would lie inside the district, "
                f"as declared {declared:.0%}"
            )
    return None
