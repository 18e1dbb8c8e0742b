"""GeoParquet read piece by piece."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

import geopandas as gpd
import pyarrow as pa
import pyarrow.parquet as pq
import pyproj
import shapely

from qyp_geo.errors import QypGeoError

BATCH_ROWS: Final = 65_536


def read_batches(path: Path, *, columns: Iterable[str] | None = None) -> Iterator[gpd.GeoDataFrame]:
    """Yield the rows of a GeoParquet file, at most `BATCH_ROWS` at a time.

    Parameters
    ----------
    path
        The file.
    columns
        Those wanted beside the geometry, all by default. Names that the file lacks are left out.

    Yields
    ------
    GeoDataFrame
        In the file's reference system; the index is the number of each row, from 1. A file without rows yields one empty frame.

    Raises
    ------
    QypGeoError
        The file is no GeoParquet, or its geometry is not written as WKB.
    """
    try:
        file = pq.ParquetFile(path)
    except (pa.ArrowInvalid, OSError) as error:
        raise QypGeoError(f"{path.name} is not a Parquet file that can be read: {error}") from error
    with file:
        about = json.loads((file.schema_arrow.metadata or {}).get(b"geo", b"{}"))
        name = about.get("primary_column")
        if name is None or about["columns"][name].get("encoding") != "WKB":
            raise QypGeoError(
                f"{path.name} is no GeoParquet with its geometry as WKB. Open it in QGIS and export it as GeoParquet"
            )
        written = about["columns"][name].get("crs", "OGC:CRS84")
        crs = None if written is None else pyproj.CRS.from_user_input(written)
        there = [column for column in file.schema_arrow.names if column not in about["columns"] and column != "bbox"]
        wanted = there if columns is None else [column for column in there if column in set(columns)]
        n_read = 0
        for batch in file.iter_batches(BATCH_ROWS, columns=[*wanted, name]):
            table = pa.Table.from_batches([batch])
            geometry = shapely.from_wkb(table.column(name).to_numpy())
            plain = table.drop_columns([name]).replace_schema_metadata(None).to_pandas()
            frame = gpd.GeoDataFrame(plain, geometry=geometry, crs=crs)
            yield frame.set_axis(range(n_read + 1, n_read + len(frame) + 1))
            n_read += len(frame)
        if n_read == 0:
            empty = file.schema_arrow.empty_table().select(wanted).replace_schema_metadata(None)
            yield gpd.GeoDataFrame(empty.to_pandas(), geometry=[], crs=crs)
