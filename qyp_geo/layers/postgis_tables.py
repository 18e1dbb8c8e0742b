"""Tables and views of a PostGIS database, of which only what lies near the district is fetched."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from qyp_geo.crs import crs_of_datum
from qyp_geo.declarations import LOCAL_DATUM, SHIFTED_DATUMS, Layer
from qyp_geo.errors import CrsError, did_you_mean
from qyp_geo.layers import postgis_sql as ask
from qyp_geo.layers.looking import SHIFTED_M, Box, search_box
from qyp_geo.layers.placing import Area
from qyp_geo.layers.postgis_sql import Connection, RefusedError, Table
from qyp_geo.layers.report import Report

__all__ = ["RefusedError", "Rows", "read_table"]

_NUMBER: Final = re.compile(r"0|[1-9][0-9]{0,17}")
_ONE_TO_A_METRE: Final = {4326, 4490}
"""WGS 84 and CGCS2000, in degrees."""


@dataclass(frozen=True, slots=True)
class Rows:
    """What was fetched.

    Attributes
    ----------
    frame
        The declared columns as text or numbers; geometry without CRS, in the coordinates of the table; the index is the
        primary key, or the row's place in an order that is always the same.
    datum
        What the coordinates are in.
    digest
        SHA-256 of all that was fetched.
    """

    frame: gpd.GeoDataFrame
    datum: str
    digest: str


def read_table(dsn: str, layer: Layer, *, crs: str, area: Area | None, report: Report) -> Rows | None:
    """Fetch a layer's rows from the table that it names.

    Parameters
    ----------
    dsn
        The address of the database.
    layer
        Names the table and its columns; its `source.layer` the geometry column, where there are several.
    crs
        The district's CRS.
    area
        The district, beyond which nothing is fetched; None for its boundary itself.
    report
        Is told what is wrong.

    Returns
    -------
    Rows or None
        None where the table cannot be used.

    Raises
    ------
    RefusedError
        If there is no connection, or the database refuses what is asked of it.
    """
    with ask.reading(dsn) as connection:
        postgis = ask.postgis_schema(connection)
        if postgis is None:
            report.whole(
                "lies in a database without PostGIS", remedy="Check QYP_POSTGIS_DSN: is it the right database?"
            )
            return None
        table = _table(connection, layer, postgis, report)
        geometry = None if table is None else _geometry_column(table, layer, report)
        if table is None or geometry is None or not _has_columns(table, layer, report):
            return None
        counts = ask.count_by_srid(connection, table, geometry, postgis=postgis)
        datum = _datum(connection, counts, layer, postgis, report)
        if datum is None:
            return None
        columns = list(dict.fromkeys(layer.columns.values()))
        near = _near(datum, next(srid for srid in counts if srid is not None), crs, area)
        rows = ask.fetch_rows(connection, table, geometry, columns, near=near, postgis=postgis)
        total = sum(counts.values())
        if len(rows) == counts.get(None, 0) and near is not None:
            what = f"none of {total} records lies in the box around the district and its margin"
            report.whole(what, remedy="Check whether this is the right table", severity="warning")
            # What may be wrong with its reference system is seen from any of it.
            rows = ask.fetch_rows(connection, table, geometry, columns, near=None, postgis=postgis, sample=True)
            near = None
    if len(rows) > ask.MOST_ROWS:
        report.whole(
            "holds more records near the district than can be read",
            given=f"more than {ask.MOST_ROWS:,}",
            remedy="Make a view of what the layer needs",
        )
        return None
    if near is not None and len(rows) < total:
        report.whole(
            f"{total - len(rows)} of {total} records lie beyond the box around the district and its margin, not fetched",
            severity="warning",
        )
    digest = hashlib.sha256(repr((columns, rows)).encode()).hexdigest()
    return Rows(_frame(rows, table, columns, layer, report), datum, digest)


def _table(connection: Connection, layer: Layer, postgis: str, report: Report) -> Table | None:
    """Return the declared table as the catalogue has it."""
    given = layer.source.table or ""
    schema, _, name = given.partition(".")
    table = ask.find_table(connection, schema, name, postgis=postgis)
    if table is None:
        remedy = did_you_mean(given, ask.tables_with_geometry(connection, postgis=postgis))
        report.declared("source.table", "the database has no such table", given=given, remedy=remedy)
        return None
    if not table.may_be_read:
        remedy = "Ask who keeps the database to GRANT SELECT on it, and USAGE on its schema"
        report.declared("source.table", "may not be read by this user", given=given, remedy=remedy)
        return None
    if table.hides_rows:
        what = "the database may keep some of its rows from this user (row-level security)"
        report.whole(what, remedy="Ask who keeps the database whether all rows are shown", severity="warning")
    return table


def _geometry_column(table: Table, layer: Layer, report: Report) -> str | None:
    """Return the geometry column that is declared, else the only one."""
    names = [column.name for column in table.columns if column.is_geometry]
    if not names:
        report.whole(
            "has no geometry column",
            remedy="Make a view of it with ST_SetSRID(ST_MakePoint(lon, lat), 4326)",
        )
        return None
    declared = layer.source.layer
    if declared is None and len(names) > 1:
        remedy = f"Name one of them: {', '.join(names)}"
        report.declared("source.layer", "the table has several geometry columns", remedy=remedy)
        return None
    if declared is not None and declared not in names:
        remedy = did_you_mean(declared, names)
        report.declared("source.layer", "the table has no such geometry column", given=declared, remedy=remedy)
        return None
    return declared or names[0]


def _has_columns(table: Table, layer: Layer, report: Report) -> bool:
    """Whether the table has the declared columns; tell of each that it lacks."""
    names = [column.name for column in table.columns if not column.is_geometry]
    lacking = {ours: theirs for ours, theirs in layer.columns.items() if theirs not in names}
    for ours, theirs in lacking.items():
        remedy = did_you_mean(theirs, names)
        report.declared(f"columns.{ours}", "the table has no such column", given=theirs, remedy=remedy)
    return not lacking


def _datum(
    connection: Connection, counts: Mapping[int | None, int], layer: Layer, postgis: str, report: Report
) -> str | None:
    """Return what the coordinates are in: as the database says it, or as is declared where the two agree."""
    declared = layer.source.datum
    srids = [srid for srid in counts if srid is not None]
    if len(srids) != 1:
        several = ", ".join(f"{srid} ({counts[srid]} records)" for srid in srids)
        what = "holds geometry of several reference systems" if srids else "holds no geometry"
        remedy = "Make a view that brings all of it into one, with ST_Transform" if srids else ""
        report.whole(what, given=several, remedy=remedy)
        return None
    (srid,) = srids
    if srid == 0:
        if not declared:
            remedy = "Ask who keeps the database which it is, and declare it; or have it set with UpdateGeometrySRID"
            report.declared("source.datum", "is missing: the table does not say its reference system", remedy=remedy)
        return declared or None
    authority, code = ask.definition(connection, srid, postgis=postgis) or (None, None)
    if authority != "EPSG":
        return _of_no_code(srid, declared, report)
    stated = f"EPSG:{code}"
    try:
        crs = crs_of_datum(stated)
    except CrsError as error:
        report.whole("is in a reference system that cannot be used", given=stated, remedy=str(error))
        return None
    if declared and (declared == LOCAL_DATUM or not _same({code, crs_of_datum(declared).to_epsg()})):
        report.declared(
            "source.datum",
            f"contradicts the database, whose table is in {stated}, {crs.name}",
            given=declared,
            remedy="If the database is right, leave datum out",
        )
        return None
    return declared or stated


def _same(codes: set[int | None]) -> bool:
    return len(codes) == 1 or codes <= _ONE_TO_A_METRE


def _of_no_code(srid: int, declared: str, report: Report) -> str | None:
    """Take the declared datum for a reference system that only this database knows."""
    if not declared:
        report.declared(
            "source.datum",
            f"is missing: SRID {srid} is a reference system that only this database knows",
            remedy="Ask who keeps the database which it is, and declare it; or make a view with ST_Transform",
        )
        return None
    what = f"taken as declared: SRID {srid} is a reference system that only this database knows"
    report.declared("source.datum", what, given=declared, severity="warning")
    return declared


def _near(datum: str, srid: int, crs: str, area: Area | None) -> tuple[Box, int] | None:
    """Return where to look in the table; None for all of it."""
    if area is None or datum == LOCAL_DATUM:
        return None
    more_m = SHIFTED_M if datum in SHIFTED_DATUMS else 0.0
    box = search_box(area, crs=crs, there=crs_of_datum(datum), more_m=more_m)
    return None if box is None else (box, srid)


def _frame(
    rows: Sequence[tuple[Any, ...]], table: Table, columns: Sequence[str], layer: Layer, report: Report
) -> gpd.GeoDataFrame:
    """Return rows as a frame; tell of those without a place."""
    binary = np.array([row[0] for row in rows], dtype=object)
    shapes = shapely.from_wkb(binary, on_invalid="ignore")
    texts = pd.DataFrame([row[1:] for row in rows], columns=range(len(table.key) + len(columns)), dtype=object)
    index = _labels(texts, table, report)
    numbers = {column.name for column in table.columns if column.is_number}
    ids = layer.columns.get("id")  # a long one would lose its last digits as a number
    values = {
        name: _as_numbers(texts[place]) if name in numbers and name != ids else texts[place]
        for place, name in enumerate(columns, start=len(table.key))
    }
    frame = gpd.GeoDataFrame(pd.DataFrame(values, index=texts.index), geometry=shapes).set_axis(index)
    none = np.array([row[0] is None for row in rows], dtype=bool)
    unread = shapely.is_missing(shapes) & ~none
    corners = shapely.bounds(shapes)
    empty = shapely.is_empty(shapes)
    endless = ~shapely.is_missing(shapes) & ~empty & ~np.isfinite(corners).all(axis=1)
    report.rows(index[none], "no geometry", remedy="Draw it, or remove it")
    report.rows(index[empty], "empty geometry", remedy="Draw it, or remove it")
    report.rows(index[unread], "geometry of a sort that cannot be read", remedy="Make points, lines or polygons of it")
    report.rows(index[endless], "coordinates that are no numbers", remedy="Draw it again, or remove it")
    return frame.loc[~endless]


def _as_numbers(texts: pd.Series[Any]) -> pd.Series[Any]:
    """Return numbers as the database writes them; those that are none (NaN) are missing."""
    known = texts.where(texts != "NaN", None)
    try:
        return pd.to_numeric(known)
    except ValueError:  # pandas 2 reads no whole number of more than 64 bits
        return known.astype(float)


def _labels(texts: pd.DataFrame, table: Table, report: Report) -> pd.Index[Any]:
    """Return what the rows are called: by the primary key, else by their place in the order."""
    if not table.key:
        return pd.RangeIndex(1, len(texts) + 1)
    report.row_word = "/".join(table.key)
    key = texts[list(range(len(table.key)))]
    labels = ["/".join(row) for row in key.itertuples(index=False)]
    if len(set(labels)) < len(labels):  # "a/b", "c" and "a", "b/c"
        labels = [json.dumps(list(row), ensure_ascii=False) for row in key.itertuples(index=False)]
    # "007" is no 7: a number is what is written as one.
    if all(_NUMBER.fullmatch(label) for label in labels):
        return pd.Index([int(label) for label in labels])
    return pd.Index(labels)
