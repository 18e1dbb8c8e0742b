"""Frames stored by place: the first step of work by tiles, so that a tile can read what lies there and nothing else.

A stored frame is a folder of GeoParquet files with a covering bbox, in Hilbert order, in small row groups. `index.parquet`
beside them tells where each row group lies. Every row keeps the number it had in the input (``order``): lines are joined,
and ties are decided, in that order, whichever tile reads them.
"""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pyproj
import shapely

from qyp_geo.errors import QypGeoError

GROUP_ROWS: Final = 4096
"""Rows of a row group: what is read where a single row is wanted."""
PART_ROWS: Final = 2**20
"""About as many rows are sorted at a time, and held in memory then."""
TOUCH_M: Final = 0.001
"""Things no farther apart than this may touch; lines are joined where they agree to 0.1 mm."""
_INDEX, _ABOUT = "index.parquet", "about.json"
_BINS: Final = 2**16
Longs = npt.NDArray[np.int64]
_BOX: Final = ["xmin", "ymin", "xmax", "ymax"]


@dataclass(frozen=True, slots=True)
class Stored:
    """A frame stored by `store`.

    Parameters
    ----------
    folder
        Where it is stored.
    """

    folder: Path

    def __len__(self) -> int:
        return int(self._index()["n_rows"].sum())

    @property
    def crs(self) -> pyproj.CRS:
        """The reference system of the frame."""
        return pyproj.CRS.from_json(self._about()["crs"])

    @property
    def remarks(self) -> Any:
        """What was kept with it."""
        return self._about()["remarks"]

    def near(self, shapes: npt.NDArray[np.object_]) -> gpd.GeoDataFrame:
        """Return the rows whose bounding box is within `TOUCH_M` of any of some shapes, in the order of the input."""
        index = self._index()
        return self._gather(
            [self._near(group, shapes) for group in index.loc[_meet(_boxes(index), shapes)].itertuples()]
        )

    def groups(self) -> Iterator[gpd.GeoDataFrame]:
        """Yield all rows, one row group at a time."""
        crs = self.crs
        for group in self._index().itertuples():
            yield _frame(self._table(group), crs)

    def _near(self, group: Any, shapes: npt.NDArray[np.object_]) -> pa.Table:
        table = self._table(group)
        box = table.column("bbox").combine_chunks()
        corners = pd.DataFrame({name: box.field(name).to_numpy() for name in _BOX})
        return table.filter(_meet(_boxes(corners), shapes))

    def _gather(self, tables: list[pa.Table]) -> gpd.GeoDataFrame:
        if not tables:  # the columns are wanted all the same
            tables = [self._table(next(self._index().itertuples())).slice(0, 0)]
        return _frame(pa.concat_tables(tables), self.crs).sort_values("order", ignore_index=True)

    def _table(self, group: Any) -> pa.Table:
        with pq.ParquetFile(self.folder / group.part) as file:
            return file.read_row_group(group.group)

    def _about(self) -> dict[str, Any]:
        about: dict[str, Any] = json.loads((self.folder / _ABOUT).read_text(encoding="utf-8"))
        return about

    def _index(self) -> pd.DataFrame:
        return pd.read_parquet(self.folder / _INDEX)


def store(frames: Iterable[gpd.GeoDataFrame], folder: Path, *, remarks: Callable[[], object] = lambda: None) -> Stored:
    """Store a frame, given piece by piece, sorted by place.

    No more than a piece of the input, or about `PART_ROWS` rows, is held in memory.

    Parameters
    ----------
    frames
        The pieces, all with the same columns and reference system; none of the columns is called ``order``, ``bbox`` or
        ``geometry`` but the geometry itself.
    folder
        Where it is stored, whole or not at all; what is there is replaced.
    remarks
        What is kept with it, as JSON can hold it; asked for after the last piece.

    Raises
    ------
    QypGeoError
        Some rows have no place, or there are no rows.
    """
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f".{folder.name}.", dir=folder.parent) as work:
        pieces, crs, bounds = _spill(frames, Path(work) / "pieces")
        parts = _split(pieces, bounds, Path(work) / "parts")
        done = Path(work) / "done"
        done.mkdir()
        index = pd.concat([_write(part, bounds, done / f"{n:05d}.parquet") for n, part in enumerate(parts)])
        index.to_parquet(done / _INDEX, index=False)
        (done / _ABOUT).write_text(json.dumps({"crs": crs.to_json(), "remarks": remarks()}), encoding="utf-8")
        if folder.exists():
            shutil.rmtree(folder)
        done.rename(folder)
    return Stored(folder)


def is_stored(folder: Path) -> bool:
    """Whether a frame is stored in a folder."""
    return (folder / _ABOUT).is_file()


def _spill(frames: Iterable[gpd.GeoDataFrame], folder: Path) -> tuple[list[Path], pyproj.CRS, npt.NDArray[np.float64]]:
    """Write the pieces as they come, each row with its number; also the bounds of all."""
    folder.mkdir()
    paths: list[Path] = []
    n_rows, crs = 0, None
    bounds = np.array([np.inf, np.inf, -np.inf, -np.inf])
    for frame in frames:
        if frame.empty:
            continue
        corners = frame.bounds.to_numpy()
        placeless = ~np.isfinite(corners).all(axis=1)
        if placeless.any():
            shown = ", ".join(map(repr, frame.index[placeless][:5].tolist()))
            raise QypGeoError(f"{placeless.sum()} rows have no finite coordinates: {shown}. Leave them out")
        bounds = np.concatenate(
            [np.minimum(bounds[:2], corners[:, :2].min(axis=0)), np.maximum(bounds[2:], corners[:, 2:].max(axis=0))]
        )
        crs = frame.crs
        paths.append(folder / f"{len(paths):06d}.parquet")
        plain = pd.DataFrame(frame.drop(columns=frame.geometry.name)).assign(
            order=np.arange(n_rows, n_rows + len(frame))
        )
        gpd.GeoDataFrame(plain, geometry=frame.geometry.array).to_parquet(paths[-1], index=False)
        n_rows += len(frame)
    if crs is None:
        raise QypGeoError("there are no rows to store, or they have no coordinate reference system")
    return paths, crs, bounds


def _split(pieces: list[Path], bounds: npt.NDArray[np.float64], folder: Path) -> list[list[Path]]:
    """Divide the rows of all pieces into parts that follow each other in Hilbert order."""
    folder.mkdir()
    in_bin = np.zeros(_BINS, np.int64)
    for path in pieces:
        in_bin += np.bincount(_bins(gpd.read_parquet(path, columns=["geometry"]), bounds), minlength=_BINS)
    part_of_bin = (np.cumsum(in_bin) - in_bin) // PART_ROWS
    n_parts = int(part_of_bin[-1]) + 1
    if n_parts == 1:
        return [pieces]
    parts: list[list[Path]] = [[] for _ in range(n_parts)]
    for path in pieces:
        frame = gpd.read_parquet(path)
        part_of_row = part_of_bin[_bins(frame, bounds)]
        for part in np.unique(part_of_row).tolist():
            parts[part].append(folder / f"{part}-{path.name}")
            frame[part_of_row == part].to_parquet(parts[part][-1], index=False)
        path.unlink()
    return [part for part in parts if part]


def _write(pieces: list[Path], bounds: npt.NDArray[np.float64], path: Path) -> pd.DataFrame:
    """Write one part, sorted; return the index of its row groups."""
    frame = gpd.GeoDataFrame(pd.concat([gpd.read_parquet(piece) for piece in pieces], ignore_index=True))
    frame = frame.iloc[np.lexsort((frame["order"], _hilbert(frame, bounds)))]
    frame.to_parquet(path, index=False, row_group_size=GROUP_ROWS, write_covering_bbox=True)
    group = np.arange(len(frame)) // GROUP_ROWS
    corners = frame.bounds.set_axis(_BOX, axis=1).groupby(group)
    least, most = corners[_BOX[:2]].min(), corners[_BOX[2:]].max()
    return pd.concat([least, most], axis=1).assign(
        part=path.name, group=np.arange(len(least)), n_rows=np.bincount(group)
    )


def _hilbert(frame: gpd.GeoDataFrame, bounds: npt.NDArray[np.float64]) -> Longs:
    """Where the middle of each row comes on a curve of 2^32 steps through the bounds."""
    return np.asarray(frame.geometry.hilbert_distance(total_bounds=bounds, level=16), dtype=np.int64)


def _bins(frame: gpd.GeoDataFrame, bounds: npt.NDArray[np.float64]) -> Longs:
    return _hilbert(frame, bounds) >> 16


def _boxes(corners: pd.DataFrame) -> npt.NDArray[np.object_]:
    xmin, ymin, xmax, ymax = corners[_BOX].to_numpy(dtype=float).T
    return np.asarray(shapely.box(xmin, ymin, xmax, ymax))


def _meet(boxes: npt.NDArray[np.object_], shapes: npt.NDArray[np.object_]) -> npt.NDArray[np.bool_]:
    """Which boxes are within `TOUCH_M` of any of the shapes."""
    met = np.zeros(len(boxes), dtype=bool)
    met[shapely.STRtree(boxes).query(shapes, predicate="dwithin", distance=TOUCH_M)[1]] = True
    return met


def _frame(table: pa.Table, crs: pyproj.CRS) -> gpd.GeoDataFrame:
    geometry = shapely.from_wkb(table.column("geometry").to_numpy())
    columns = table.drop_columns(["geometry", "bbox"]).to_pandas()
    return gpd.GeoDataFrame(columns, geometry=geometry, crs=crs)
