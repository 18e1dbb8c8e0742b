"""`NAME.gpkg`, which QGIS opens styled, and each of its layers as GeoJSON and GeoParquet beside it."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import geopandas as gpd
import pandas as pd
import pyogrio

from qyp_geo.crs import to_display
from qyp_geo.maps import WAYS_PARTS
from qyp_geo.papers.qml import Shape, style_of
from qyp_geo.papers.resting import data_date
from qyp_geo.papers.sheets import unique
from qyp_geo.record import Run

_DIMENSIONS: Final[dict[str, Shape]] = {
    "Point": "point",
    "MultiPoint": "point",
    "LineString": "line",
    "MultiLineString": "line",
    "LinearRing": "line",
    "Polygon": "polygon",
    "MultiPolygon": "polygon",
}
_MULTI: Final[dict[Shape, str]] = {"point": "MultiPoint", "line": "MultiLineString", "polygon": "MultiPolygon"}
_NOW: Final = "OGR_CURRENT_DATE"
_ROW: Final = "qyp_row"
"""The key of a row, which a GeoPackage needs beside our own `id`."""
_PARTS: Final = {
    "areas": "各区",
    "centres": "邻里中心",
    "changes": "变动",
    "districts": "施教区",
    "facilities": "设施",
    "gained": "新增覆盖住宅",
    "links": "建议连接",
    "lots": "停车场",
    "park_list": "公园",
    "schools": "学校",
    "sites": "点位",
    "units": "住宅",
    "unserved": "仍未覆盖住宅",
    "worst": "最差十分之一",
}
"""What the parts of results are called."""


@dataclass(frozen=True, slots=True)
class Drawn:
    """What a map can show: a layer, or a table of a result with geometry.

    Attributes
    ----------
    name
        Of its table and its files, in letters that every program takes: ``toilets``, ``coverage_units``.
    title
        What people call it.
    kind
        That of the layer; ``analysis`` or ``analysis:part`` of a result.
    frame
        Its rows, in the district's CRS.
    """

    name: str
    title: str
    kind: str
    frame: gpd.GeoDataFrame


def write_geopackage(run: Run, path: Path) -> None:
    """Write all that a run can draw: layers, and the tables of its results that have geometry.

    Parameters
    ----------
    run
        What was read and found. Ways that only pages need are left out.
    path
        The file, ``….gpkg``; the folder of its name beside it takes one GeoJSON and one GeoParquet file per layer.
    """
    write_layers(drawn_of(run), path, day=data_date(run.project.layers.values()).isoformat())


def write_layers(layers: Iterable[Drawn], path: Path, *, day: str) -> None:
    """Write layers as a styled GeoPackage (`write_package`), and beside it as GeoJSON and GeoParquet.

    Parameters
    ----------
    layers
        All in one CRS, in metres.
    path
        The file, ``….gpkg``: in the CRS of the layers. GeoJSON is in WGS 84, GeoParquet in the CRS of the layers; both stand
        in the folder of the same name without suffix.
    day
        The date (ISO) that the file bears.
    """
    beside = path.with_suffix("")
    beside.mkdir(parents=True, exist_ok=True)
    for name, frame in write_package(layers, path, day=day).items():
        frame.to_parquet(beside / f"{name}.parquet", index=False)
        shown = to_display(frame)
        pyogrio.write_dataframe(shown, beside / f"{name}.geojson", driver="GeoJSON", layer_options={"RFC7946": "YES"})


def write_package(layers: Iterable[Drawn], path: Path, *, day: str) -> dict[str, gpd.GeoDataFrame]:
    """Write layers as one GeoPackage that QGIS opens styled.

    Parameters
    ----------
    layers
        All in one CRS, which is that of the file. What is of several dimensions becomes a layer of each, for no program styles
        them as one; what is of single and of several parts becomes of several. A layer without rows is left out.
    path
        The file, ``….gpkg``, which is replaced.
    day
        The date (ISO) that the file bears: the same layers give the same bytes.

    Returns
    -------
    dict
        The tables as they were written, by name.
    """
    path.unlink(missing_ok=True)
    pieces = [piece for layer in layers for piece in _by_dimension(layer)]
    written, styles = {}, []
    with _written_on(day):
        for (shape, one), name in zip(pieces, unique(one.name for _, one in pieces), strict=True):
            written[name] = frame = _as_written(one.frame)
            pyogrio.write_dataframe(
                frame,
                path,
                layer=name,
                driver="GPKG",
                geometry_type=_geometry_type(frame, shape),
                dataset_options={"VERSION": "1.2"},  # what programs of some years ago read as well
                layer_options={
                    "FID": _ROW,
                    "GEOMETRY_NAME": "geometry",
                    "IDENTIFIER": f"{_holdable(one.title)} · {name}",
                },
            )
            styles.append(_style_row(name, one, shape, day))
    if styles:
        _write_styles(path, styles, day)
    return written


@contextmanager
def _written_on(day: str) -> Iterator[None]:
    """Let GDAL take a day for the present: the moments of writing decide how often the file counts itself changed."""
    before = pyogrio.get_gdal_config_option(_NOW)
    pyogrio.set_gdal_config_options({_NOW: f"{day}T00:00:00.000Z"})
    try:
        yield
    finally:
        pyogrio.set_gdal_config_options({_NOW: before})


def drawn_of(run: Run) -> Iterator[Drawn]:
    """Yield what a run can draw, layers first."""
    for reference, layer in run.layers.items():
        yield Drawn(_name(reference), layer.record.title, layer.record.kind, layer.frame)
    for reference, result in run.results.items():
        for part, table in {"": result.table, **result.parts}.items():
            if isinstance(table, gpd.GeoDataFrame) and part not in WAYS_PARTS:
                name, kind = _name(reference), result.record.kind
                if part:
                    name, kind = f"{name}_{part}", f"{kind}:{part}"
                yield Drawn(name, " ".join([result.record.title, *filter(None, [_PARTS.get(part, part)])]), kind, table)


def _name(reference: str) -> str:
    folder, name = reference.split("/", 1)
    return name if folder == "layers" else f"result_{name}"


def _by_dimension(layer: Drawn) -> Iterator[tuple[Shape, Drawn]]:
    """Yield a layer's rows of each dimension; rows without geometry go with the first."""
    of_row = layer.frame.geom_type.map(_DIMENSIONS)
    found = [shape for shape in _MULTI if (of_row == shape).any()]
    for shape in found:
        rows = (of_row == shape) | (of_row.isna() & (shape == found[0]))
        name = layer.name if len(found) == 1 else f"{layer.name}_{shape}"
        yield shape, Drawn(name, layer.title, layer.kind, gpd.GeoDataFrame(layer.frame[rows]))


def _geometry_type(frame: gpd.GeoDataFrame, shape: Shape) -> str:
    single = _MULTI[shape].removeprefix("Multi")
    return single if frame.geom_type.dropna().eq(single).all() else _MULTI[shape]


def _as_written(frame: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Return a frame with its index as a column, and columns whose names differ by more than case."""
    plain = frame if isinstance(frame.index, pd.RangeIndex) or "id" in frame else frame.rename_axis("id").reset_index()
    taken: set[str] = {_ROW, "geometry"}
    names: dict[str, str] = {}
    for column in map(str, plain.columns):
        name, n = column, 1
        while column != "geometry" and name.casefold() in taken:
            n += 1
            name = f"{column}_{n}"
        taken.add(name.casefold())
        names[column] = name
    written = plain.rename(columns=names).reset_index(drop=True)
    for name in names.values():
        if name != "geometry" and not pd.api.types.is_numeric_dtype(written[name]):
            written[name] = written[name].map(_holdable, na_action="ignore")
    return gpd.GeoDataFrame(written)


def _holdable(value: object) -> object:
    """Return text without the characters that neither XML nor the formats hold: each shows as one that is unknown."""
    return re.sub(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]", "\ufffd", value) if isinstance(value, str) else value


def _style_row(name: str, layer: Drawn, shape: Shape, day: str) -> dict[str, object]:
    return {
        "f_table_catalog": "",
        "f_table_schema": "",
        "f_table_name": name,
        "f_geometry_column": "geometry",
        "styleName": layer.title,
        "styleQML": style_of(_as_written(layer.frame), kind=layer.kind, shape=shape),
        "styleSLD": "",
        "useAsDefault": True,
        "description": layer.title,
        "owner": "",
        "ui": None,
        "update_time": f"{day}T00:00:00.000Z",
    }


_STYLES_TABLE: Final = """
CREATE TABLE layer_styles (
    id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    f_table_catalog TEXT(256), f_table_schema TEXT(256), f_table_name TEXT(256), f_geometry_column TEXT(256),
    styleName TEXT(30), styleQML TEXT, styleSLD TEXT, useAsDefault BOOLEAN,
    description TEXT, owner TEXT(30), ui TEXT(30), update_time DATETIME DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ','now'))
)
"""
_STYLES_ROW: Final = """
INSERT INTO layer_styles (
    f_table_catalog, f_table_schema, f_table_name, f_geometry_column, styleName, styleQML, styleSLD, useAsDefault,
    description, owner, ui, update_time
) VALUES (
    :f_table_catalog, :f_table_schema, :f_table_name, :f_geometry_column, :styleName, :styleQML, :styleSLD, :useAsDefault,
    :description, :owner, :ui, :update_time
)
"""


def _write_styles(path: Path, styles: list[dict[str, object]], day: str) -> None:
    """Write the table in which QGIS looks for styles, and the date of the file."""
    changed = f"{day}T00:00:00.000Z"
    with closing(sqlite3.connect(path)) as file, file:
        file.execute(_STYLES_TABLE)
        file.executemany(_STYLES_ROW, styles)
        file.execute(
            "INSERT INTO gpkg_contents (table_name, data_type, identifier, description) "
            "VALUES ('layer_styles', 'attributes', 'layer_styles', '')"
        )
        file.execute("UPDATE gpkg_contents SET last_change = ?", [changed])
    with closing(sqlite3.connect(path)) as file:
        file.execute("VACUUM")
