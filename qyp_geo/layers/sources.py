"""One reader by the file's suffix, for files that hold one layer each."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import geopandas as gpd

from qyp_geo.declarations import Layer
from qyp_geo.layers import osm, tables, vectors
from qyp_geo.layers.report import Report

_TABLES: Final = {".csv": tables.read_csv, ".xlsx": tables.read_xlsx, ".xlsm": tables.read_xlsx}
SUPPORTED: Final = (*_TABLES, *vectors.SUFFIXES, *osm.EXTRACTS, *osm.GRAPHS)


def read_source(path: Path, layer: Layer, report: Report) -> gpd.GeoDataFrame | None:
    """Read a table or a map file as it is written.

    Returns
    -------
    GeoDataFrame or None
        The file's own columns; geometry without CRS, in the coordinates of the file, None where a row has none; the index is
        the row as the user knows it. None where the file cannot be used.
    """
    suffix = path.suffix.lower()
    if suffix in _TABLES:
        source = layer.source
        wanted = dict.fromkeys([*filter(None, [source.lon, source.lat]), *layer.columns.values()])
        table = _TABLES[suffix](path, source, wanted=wanted, report=report)
        return None if table is None else tables.points_of(table, source, report)
    if suffix not in vectors.SUFFIXES:
        report.declared(
            "source.path",
            "is a file of a kind that cannot be read",
            given=path.name,
            remedy=f"Supported: {', '.join(SUPPORTED)}",
        )
        return None
    report.row_word = "feature"
    return vectors.read_vector(path, layer.source, report=report)
