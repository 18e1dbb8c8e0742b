"""Who reaches what in a region too large for one machine: tile by tile, the same as all at once, never gathered."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict
from itertools import chain
from pathlib import Path
from typing import Annotated, Literal

import geopandas as gpd
import pandas as pd
import shapely
from pydantic import AfterValidator, Field

from qyp_geo.analyses.checking import Expected, wrong_kinds
from qyp_geo.analyses.gates import exists
from qyp_geo.analyses.inputs import Inputs
from qyp_geo.declarations import Analysis, Layer, Ref
from qyp_geo.errors import DataError, Problem
from qyp_geo.frames import LayerData, Result, TiledLayer, Told
from qyp_geo.standards import kinds
from qyp_geo.tiles import Job, Question, Stored, is_stored, open_workers, run_tiles, store


def _check_finite(value: float) -> float:
    if not math.isfinite(value):
        raise ValueError("nearest without a limit is not exact under tiling: give a limit in metres")
    return value


class Region(Analysis):
    """Which share of the people of a large region has each kind of facility within a walk."""

    kind: Literal["region"]
    demand: Ref
    network: Ref
    facilities: list[Ref] = Field(min_length=1)
    """Layers of points, each of another kind."""
    within_m: Annotated[float, AfterValidator(_check_finite)] = Field(gt=0, allow_inf_nan=True)
    """The longest walk, inclusive; a limit of one's own, printed as 自定口径."""
    max_off_m: float = Field(default=200.0, gt=0)
    """Farther than this from any walkable street, a unit reaches nothing and a facility serves nobody."""
    tile_m: float = Field(default=10_000.0, ge=100)
    """Side of a tile. Larger ones do less work twice at their borders, and need more memory."""


def check_region(record: Region, *, shown_as: str, layers: Mapping[str, Layer]) -> Iterator[Problem]:
    """Yield what is wrong with a region declaration that its record alone cannot know."""
    expected: list[Expected] = [
        ("demand", [record.demand], ("residents",)),
        ("network", [record.network], ("streets",)),
        ("facilities", record.facilities, kinds()),
    ]
    yield from wrong_kinds(expected, shown_as=shown_as, layers=layers)
    known = [(ref, layers[ref]) for ref in record.facilities if ref in layers]
    for ref, layer in known:
        if layer.geometry != "point":
            yield Problem(
                shown_as, "facilities", f"{ref} does not hold points", layer.geometry, "Give a point for each gate"
            )
    all_kinds = [layer.kind for _, layer in known]
    for kind in dict.fromkeys(kind for kind in all_kinds if all_kinds.count(kind) > 1):
        yield Problem(shown_as, "facilities", "names several layers of one kind", kind, "Put them into one file")


def measure_region(record: Region, given: Inputs) -> Result:
    """Find who reaches what, tile by tile.

    Parameters
    ----------
    record
        The question.
    given
        The layers that it names, and where the work is done and kept.

    Returns
    -------
    Result
        ``table``: one row per kind of facility, with ``limit_m``, ``n_facilities``, ``units_covered`` of ``units_total`` and
        ``people_covered`` of ``people_total`` and ``people_share``; counted tile by tile. ``files``: the answer of each tile
        (`qyp_geo.tiles.answer_tile`) as ``tiles/x…_y….parquet``, with the ``people`` of each unit.

    Raises
    ------
    DataError
        Rows of a layer cannot be used, or no street is walked, nobody lives in the district, or a layer has no facility.
    QypGeoError
        The scheduler cannot be used, or a tile cannot be done.
    """
    told = Told()
    streets = _stored(record.network, given, told, _walked, "holds no street that is walked")
    demand = _stored(record.demand, given, told, _lived_in, "holds nobody who lives inside the district")
    targets = {
        given.record_of(ref).kind: _stored(ref, given, told, _existing, "holds no facility that exists")
        for ref in record.facilities
    }
    walk = given.record_of(record.network).walk
    widest_m = max(_widest(group) for group in streets.groups())
    question = Question(
        record.within_m,
        max_off_m=record.max_off_m,
        tile_m=record.tile_m,
        kept=("people",),
        node_crossings=walk is not None and walk.node_crossings,
        two_sided="two_sided" if widest_m > 0 else None,
        width_m="width_m" if widest_m > 0 else None,
        widest_m=widest_m,
    )
    folders = {kind: one.folder for kind, one in targets.items()}
    rests_on = [streets.folder.name, demand.folder.name, *(f"{kind} {one.name}" for kind, one in folders.items())]
    answers = given.by_tile.cache.place("answers", str(question), *rests_on)
    job = Job(streets.folder, demand.folder, folders, question, answers)
    with open_workers(given.by_tile.scheduler) as workers:
        files = run_tiles(job, workers, progress=lambda done: given.by_tile.progress(f"{record.title} {done}"))
        by_whom = workers.described
    n_facilities = {kind: len(one) for kind, one in targets.items()}
    table = _count(files, n_facilities).assign(limit_m=record.within_m)
    return Result(
        record=record,
        table=table[["kind", "limit_m", *table.columns.drop(["kind", "limit_m"])]],
        notes=(*dict.fromkeys(told.notes), *_notes(record, question, len(files), by_whom)),
        problems=(*told.problems, *_doubts(record, given)),
        files={f"tiles/{file.name}": file for file in files},
    )


def _stored(
    ref: str, given: Inputs, told: Told, columns: Callable[[gpd.GeoDataFrame], gpd.GeoDataFrame], if_empty: str
) -> Stored:
    """Store what is needed of a layer, unless it is stored already, and tell what was found on the way."""
    layer = given.by_tile.layers.get(ref) or _in_one_piece(given.layers[ref])
    given.by_tile.progress(layer.record.title)
    folder = given.by_tile.cache.place("layers", columns.__name__, layer.fingerprint())
    if not is_stored(folder):
        found = Told()
        pieces = (needed for piece in layer.pieces(found) if not (needed := columns(piece)).empty)
        first = next(pieces, None)
        if first is None:
            raise DataError(f"{layer.record.title} cannot be used", [Problem(f"{ref}.toml", "", if_empty)])
        store(chain([first], pieces), folder, remarks=lambda: asdict(found))
    stored = Stored(folder)
    told.problems += [Problem(**problem) for problem in stored.remarks["problems"]]
    told.notes += stored.remarks["notes"]
    return stored


def _in_one_piece(layer: LayerData) -> TiledLayer:
    """A layer that was read whole, as one that is read by tile; its problems are told already."""

    def pieces(told: Told) -> Iterator[gpd.GeoDataFrame]:
        told.notes += layer.notes
        yield layer.frame

    def fingerprint() -> str:
        rows = pd.util.hash_pandas_object(pd.DataFrame(layer.frame.drop(columns="geometry"))).to_numpy().tobytes()
        shapes = b"".join(shapely.to_wkb(layer.frame.geometry.to_numpy()))
        return f"{layer.frame.crs} {hashlib.sha256(rows + shapes).hexdigest()}"

    return TiledLayer(layer.record, fingerprint, pieces)


def _walked(frame: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    return frame.loc[frame["walkable"].astype(bool), ["two_sided", "width_m", "geometry"]]


def _lived_in(frame: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    inside = frame[frame["inside"].astype(bool)]
    return _with_ids(inside[["people"]].astype(float), inside.centroid)


def _existing(frame: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    there = frame[exists(frame)]
    return _with_ids(there[[]], there.geometry)


def _with_ids(columns: pd.DataFrame, points: gpd.GeoSeries) -> gpd.GeoDataFrame:
    return gpd.GeoDataFrame(columns.assign(id=points.index.astype(str)), geometry=points)


def _widest(streets: gpd.GeoDataFrame) -> float:
    return float(streets["width_m"].where(streets["two_sided"], 0.0).max())


def _count(files: Sequence[Path], n_facilities: Mapping[str, int]) -> pd.DataFrame:
    """Count by kind, one tile after the other."""
    sums = []
    for file in files:
        tile = pd.read_parquet(file, columns=["kind", "people", "walk_m"])
        covered = tile["walk_m"].notna()
        counted = tile[["kind"]].assign(
            units_total=1,
            units_covered=covered.astype(int),
            people_total=tile["people"],
            people_covered=tile["people"].where(covered, 0.0),
        )
        sums.append(counted.groupby("kind").sum())
    table = pd.concat(sums).groupby("kind").sum().reindex(list(n_facilities))
    table.insert(0, "n_facilities", pd.Series(n_facilities))
    return table.assign(people_share=table["people_covered"] / table["people_total"]).reset_index()


def _notes(record: Region, question: Question, n_tiles: int, by_whom: str) -> Iterator[str]:
    yield f"{record.title}:限值 {record.within_m:g} m 为自定口径;自建筑起算,不计小区围墙与出入口、屏障,干路在各交叉口穿越"
    yield (
        f"{record.title}:分 {n_tiles} 块计算,每块 {record.tile_m:g} m,外扩 {question.street_halo_m:g} m"
        f",与整体计算逐位相同;由{by_whom}计算"
    )
    yield f"{record.title}:按块读取的图层不核对坐标系是否偏移,也不核对路网是否连通"


def _doubts(record: Region, given: Inputs) -> Iterator[Problem]:
    """Warn where the margin of the district is less than a walk."""
    if given.district.margin_m < record.within_m:
        yield Problem(
            "layers/district.toml",
            "margin_m",
            f"is less than the walks of {record.title}: facilities farther out are not seen, so shares may be too small",
            f"{given.district.margin_m:g}",
            f"Write margin_m = {record.within_m:g}",
            severity="warning",
        )
