"""One reader by the file's suffix, for files that hold one layer each."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from qyp_geo.declarations import RASTERS, Layer, Source
from qyp_geo.layers import amap, osm, tables, vectors, wkt, workbooks
from qyp_geo.layers.limits import check_archive
from qyp_geo.layers.report import Report

TABLES: Final = {".csv": tables.read_csv, ".xlsx": workbooks.read_xlsx, ".xlsm": workbooks.read_xlsx}
SUPPORTED: Final = (*TABLES, *vectors.SUFFIXES, *osm.EXTRACTS, *osm.GRAPHS, *RASTERS)
_FEWEST_OF_A_RING: Final = 4


def is_there(path: Path, source: Source | None = None) -> bool:
    """Whether a source exists: a file, or a folder of files that are one (a geodatabase, the pages of an answer)."""
    folder = path.suffix.lower() in vectors.FOLDERS or (source is not None and source.format == "amap")
    return path.is_file() or (folder and path.is_dir())


def read_source(path: Path, layer: Layer, report: Report) -> gpd.GeoDataFrame | None:
    """Read a table or a map file as it is written.

    Returns
    -------
    GeoDataFrame or None
        The file's own columns; geometry without CRS, in the coordinates of the file, None where a row has none; the index is
        the row as the user knows it. None where the file cannot be used.
    """
    if not check_archive(path, report):
        return None
    if layer.source.format == "amap":
        return amap.read_amap(path, layer, report)
    suffix = path.suffix.lower()
    if suffix in TABLES:
        source = layer.source
        wanted = dict.fromkeys([*filter(None, [source.lon, source.lat, source.wkt]), *layer.columns.values()])
        table = TABLES[suffix](path, source, wanted=wanted, report=report)
        return None if table is None else _with_rings(_placed(table, source, report), layer, report)
    if suffix not in vectors.SUFFIXES:
        report.declared(
            "source.path",
            "is a file of a kind that cannot be read",
            given=path.name,
            remedy="Open it in Excel and save it as .xlsx"
            if suffix == ".xls"
            else f"Supported: {', '.join(SUPPORTED)}",
        )
        return None
    report.row_word = "feature"
    return _with_rings(vectors.read_vector(path, layer.source, report=report), layer, report)


def _placed(table: pd.DataFrame, source: Source, report: Report) -> gpd.GeoDataFrame | None:
    """Return the rows of a table where their coordinate columns, or their WKT, put them."""
    if source.wkt is None:
        return tables.points_of(table, source, report)
    written = wkt.shapes_of(table, source.wkt, source, report)
    return None if written is None else vectors.with_places(written, report)


def _with_rings(frame: gpd.GeoDataFrame | None, layer: Layer, report: Report) -> gpd.GeoDataFrame | None:
    """Take closed lines for the polygons that a layer declares: drawings and hand-drawn KML have no others."""
    if frame is None or layer.geometry != "polygon":
        return frame
    shapes = frame.geometry.to_numpy()
    lines = np.where(shapely.get_num_geometries(shapes) == 1, shapely.get_geometry(shapes, 0), shapes)
    ring = shapely.is_closed(lines) & (shapely.get_num_points(lines) >= _FEWEST_OF_A_RING)
    if not ring.any():
        return frame
    report.note(f"{int(ring.sum())} 条闭合线按多边形读取")
    lines[ring] = [shapely.Polygon(line.coords) for line in lines[ring]]
    return frame.set_geometry(lines)
