"""Geometry as text: a column of WKT in a table, as spatial databases and GIS export it."""

from __future__ import annotations

import re
from typing import Final

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from qyp_geo.crs import crs_of_datum
from qyp_geo.declarations import LOCAL_DATUM, Source
from qyp_geo.errors import did_you_mean
from qyp_geo.layers.report import Report

_SRID: Final = re.compile(r"SRID\s*=\s*(\d+)\s*;\s*", re.IGNORECASE)
_EXCEL_CELL: Final = 32767


def shapes_of(table: pd.DataFrame, column: str, source: Source, report: Report) -> gpd.GeoDataFrame | None:
    """Make geometries of a column of WKT, with or without ``SRID=4548;`` before it.

    Returns
    -------
    GeoDataFrame or None
        Without CRS, coordinates as written, no geometry in rows that hold none or something else (each is told); None where
        the declaration does not fit the file.
    """
    if source.lon is not None or source.lat is not None:
        remedy = "Remove lon and lat, or wkt"
        report.declared("source.wkt", "is given beside lon and lat: a row has one place", given=column, remedy=remedy)
        return None
    if column not in table:
        remedy = did_you_mean(column, table.columns)
        report.declared("source.wkt", "the file has no such column", given=column, remedy=remedy)
        return None
    if table.empty:
        report.whole("holds a header and no rows", remedy="Fill it, or remove its declaration")
        return None
    text = table[column].str.strip()
    if not _says_the_datum(text, source, report):
        return None
    plain = text.str.replace(_SRID, "", regex=True).where(text != "", None)
    with np.errstate(invalid="ignore", over="ignore"):  # coordinates that are no numbers are told by who reads on
        shapes = shapely.from_wkt(plain.to_numpy(), on_invalid="ignore")
    cut = shapely.is_missing(shapes) & (text.str.len() >= _EXCEL_CELL).to_numpy()
    wrong = shapely.is_missing(shapes) & (text != "").to_numpy()
    report.rows(
        table.index[cut],
        "a geometry that Excel cut off: a cell holds 32,767 characters",
        column=column,
        remedy="Export it as GeoPackage or CSV",
    )
    report.rows(
        table.index[wrong & ~cut],
        "not a geometry in WKT",
        column=column,
        given=text[wrong & ~cut].str.slice(0, 40),
        remedy="Write it as POINT (115.8942 28.6331)",
    )
    # What is wrong is told above; what is left empty is told as a row without geometry by who reads on.
    return gpd.GeoDataFrame(table, geometry=shapes).loc[~wrong]


def _says_the_datum(text: pd.Series[str], source: Source, report: Report) -> bool:
    """Whether the codes before the geometries, where there are any, are the declared one."""
    codes = text.str.extract(_SRID, expand=False).dropna()
    stated = sorted(set(codes) - {"0"})
    declared = None if source.datum == LOCAL_DATUM else crs_of_datum(source.datum).to_epsg()
    if not stated or stated == [str(declared)]:
        return True
    report.declared(
        "source.datum",
        f"contradicts the column {source.wkt}, which states SRID {', '.join(stated)}",
        given=source.datum,
        remedy=f'If the file is right, declare datum = "EPSG:{stated[0]}"'
        if len(stated) == 1
        else "Give rows of each reference system a file of their own",
    )
    return False
