"""Map files: GeoJSON, GeoPackage, shapefile, GeoParquet."""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import pyogrio
import pyproj
import shapely

from qyp_geo.crs import crs_of_datum
from qyp_geo.declarations import Source
from qyp_geo.errors import CrsError, did_you_mean
from qyp_geo.layers.report import Report

_DBF_LANGUAGES: Final = {0x4D: "gb18030", 0x4F: "big5", 0x7A: "gb18030", 0x78: "big5"}
_MODERN: Final = re.compile(r"WGS.?(19)?84|World Geodetic System 1984|CGCS.?2000|China.*2000", re.IGNORECASE)
_SAME_PLACE_DEGREES: Final = 1e-5  # a metre


@dataclass(frozen=True, slots=True)
class _Read:
    frame: gpd.GeoDataFrame
    crs: pyproj.CRS | None


def read_vector(path: Path, source: Source, *, report: Report) -> gpd.GeoDataFrame | None:
    """Read a map file as it is written, whatever CRS it carries, unless that contradicts the declared datum.

    Returns
    -------
    GeoDataFrame or None
        The file's columns and geometry without CRS, indexed by feature number from 1; None where the file cannot be used.
    """
    try:
        with warnings.catch_warnings(record=True) as heard:
            warnings.simplefilter("always")
            found = _READERS[path.suffix.lower()](path, source, report)
    # What the drivers raise are runtime errors, what they wrap are the others.
    except (RuntimeError, OSError, ValueError, shapely.errors.ShapelyError) as error:
        report.whole("cannot be read", given=str(error), remedy="Open it in QGIS and save it as GeoPackage")
        return None
    for warning in heard:
        report.whole(f"was read with a warning: {warning.message}", severity="warning")
    return None if found is None else _as_written(found, 1, source, report)


def read_piece(piece: gpd.GeoDataFrame, source: Source, *, report: Report) -> gpd.GeoDataFrame | None:
    """Take some rows of a map file as `read_vector` takes all of them; the index is their feature number."""
    return _as_written(_Read(piece, piece.crs), int(piece.index[0]) if len(piece) else 1, source, report)


def _as_written(found: _Read, first: int, source: Source, report: Report) -> gpd.GeoDataFrame | None:
    """Return columns and geometry without CRS, indexed by feature number from `first`; None where they cannot be used."""
    if not _agrees(found, source.datum, report):
        return None
    if found.frame.empty:
        report.whole("holds no features")
        return None
    shapes = found.frame.geometry.to_numpy()
    columns = pd.DataFrame(found.frame).drop(columns=found.frame.geometry.name)
    frame = gpd.GeoDataFrame(columns, geometry=shapes).set_axis(range(first, first + len(columns)))
    frame = frame.loc[_finite(frame, report)]
    report.rows(frame.index[frame.geometry.isna()], "no geometry", remedy="Draw it, or remove it")
    report.rows(frame.index[frame.geometry.is_empty], "empty geometry", remedy="Draw it, or remove it")
    return frame


def _finite(frame: gpd.GeoDataFrame, report: Report) -> npt.NDArray[np.bool_]:
    """Which features have coordinates that are numbers throughout; the others are told."""
    xy, feature = shapely.get_coordinates(frame.geometry.to_numpy(), return_index=True)
    finite = np.ones(len(frame), dtype=bool)
    finite[feature[~np.isfinite(xy).all(axis=1)]] = False
    report.rows(frame.index[~finite], "coordinates that are no numbers", remedy="Draw it again, or remove it")
    return finite


def _read_geojson(path: Path, source: Source, report: Report) -> _Read | None:
    frame = _read_ogr(path, source, report)
    # Without a `crs` member the driver says WGS 84, since the format does; a Chinese GeoJSON often holds something else.
    explicit = re.search(rb'"crs"\s*:\s*\{', path.read_bytes()) is not None
    return None if frame is None else _Read(frame, frame.crs if explicit else None)


def _read_geopackage(path: Path, source: Source, report: Report) -> _Read | None:
    frame = _read_ogr(path, source, report)
    return None if frame is None else _Read(frame, frame.crs)


def _read_ogr(path: Path, source: Source, report: Report) -> gpd.GeoDataFrame | None:
    names = [str(name) for name in pyogrio.list_layers(path)[:, 0]]
    if source.layer is not None and source.layer not in names:
        report.declared(
            "source.layer", "the file has no such layer", given=source.layer, remedy=did_you_mean(source.layer, names)
        )
        return None
    if source.layer is None and len(names) > 1:
        report.declared("source.layer", "the file holds several layers", remedy=f"Name one of them: {', '.join(names)}")
        return None
    return _with_geometry(pyogrio.read_dataframe(path, layer=source.layer), report)


def _read_parquet(path: Path, source: Source, report: Report) -> _Read | None:  # noqa: ARG001  (one signature)
    frame = gpd.read_parquet(path)
    return _Read(frame.reset_index(drop=True), frame.crs)


def _read_shapefile(path: Path, source: Source, report: Report) -> _Read | None:
    """Read a shapefile, its text in the declared encoding, else that of its .cpg, of its .dbf, else UTF-8, else GB 18030."""
    # ISO 8859-1 gives each byte back as it is; what the bytes mean is then tried on all of them.
    frame = _with_geometry(pyogrio.read_dataframe(path, encoding="ISO-8859-1"), report)
    if frame is None:
        return None
    names = [str(name) for name in frame.columns if name != frame.geometry.name]
    text = [name for name in names if pd.api.types.is_string_dtype(frame[name].dtype)]
    cells = [cell for name in text for cell in frame[name].dropna()]
    stated = source.encoding or _stated_encoding(path)
    works = [
        encoding
        for encoding in dict.fromkeys(filter(None, [stated, "utf-8", "gb18030"]))
        if _decodes(names + cells, encoding)
    ]
    if not works or (source.encoding and source.encoding not in works):
        report.declared(
            "source.encoding",
            f"the text of {path.name} cannot be read so",
            given=source.encoding or "",
            remedy=f"It can be read as {' or '.join(works)}"
            if works
            else "Give the encoding that the office which made it uses",
        )
        return None
    encoding = works[0]
    if source.encoding is None and any(not cell.isascii() for cell in names + cells):
        report.note(f"{path.name} 的文字按 {encoding} 读取(未声明编码)")
    decoded = {name: frame[name].map(lambda cell: _decode(cell, encoding), na_action="ignore") for name in text}
    frame = frame.assign(**decoded).rename(columns={name: _decode(name, encoding) for name in names})
    return _Read(frame, frame.crs)


def _stated_encoding(path: Path) -> str | None:
    """The encoding that a shapefile says it has."""
    cpg = next((path.with_suffix(suffix) for suffix in (".cpg", ".CPG") if path.with_suffix(suffix).is_file()), None)
    if cpg is not None:
        written = cpg.read_text(encoding="ascii", errors="ignore").strip().lower()
        digits = re.sub(r"^(cp|ansi|oem|windows-)\s*", "", written)
        return {"936": "gb18030", "950": "big5", "65001": "utf-8"}.get(digits, written)
    dbf = next((path.with_suffix(suffix) for suffix in (".dbf", ".DBF") if path.with_suffix(suffix).is_file()), None)
    return _DBF_LANGUAGES.get(dbf.read_bytes()[29]) if dbf is not None else None


def _decodes(texts: Iterable[str], encoding: str) -> bool:
    try:
        for text in texts:
            _decode(text, encoding)
    except (UnicodeDecodeError, LookupError):
        return False
    return True


def _decode(text: str, encoding: str) -> str:
    content = text.encode("latin-1")
    try:
        return content.decode(encoding)
    except UnicodeDecodeError as error:
        # A field of fixed width may end within a character: that piece is no text.
        if error.end < len(content) or error.start == 0:
            raise
        return content[: error.start].decode(encoding)


def _with_geometry(frame: gpd.GeoDataFrame | pd.DataFrame, report: Report) -> gpd.GeoDataFrame | None:
    if isinstance(frame, gpd.GeoDataFrame):
        return frame
    report.whole(
        "holds a table without geometry", remedy="Save it as CSV or XLSX with coordinate columns, or give its geometry"
    )
    return None


def _agrees(found: _Read, datum: str, report: Report) -> bool:
    """Whether the CRS that a file carries reads its coordinates as the same places as the declared datum does."""
    carried, declared = found.crs, crs_of_datum(datum)
    if carried is None or carried == declared or _same_places(carried, declared, found.frame):
        return True
    code = carried.to_epsg(min_confidence=60)
    shown = f"EPSG:{code}, {carried.name}" if code is not None else carried.name
    try:
        crs_of_datum(f"EPSG:{code}" if code is not None else datum)
        remedy = (
            f'If the file is right, declare datum = "EPSG:{code}"'
            if code is not None
            else "Convert the file to CGCS2000"
        )
    except CrsError as error:
        remedy = str(error)
    report.declared(
        "source.datum",
        f"contradicts the file, whose coordinates are in {shown}",
        given=f"{datum} (degrees)" if declared.is_geographic else f"{datum}, {declared.name}",
        remedy=remedy,
    )
    return False


def _same_places(carried: pyproj.CRS, declared: pyproj.CRS, frame: gpd.GeoDataFrame) -> bool:
    if carried.to_epsg(min_confidence=60) == declared.to_epsg():
        return True
    if not (_is_modern(carried) and _is_modern(declared)):
        return False
    if carried.is_geographic or declared.is_geographic:
        return carried.is_geographic and declared.is_geographic
    west, south, east, north = frame.total_bounds
    places = [
        pyproj.Transformer.from_crs(crs, crs.geodetic_crs, always_xy=True).transform(
            (west + east) / 2, (south + north) / 2
        )
        for crs in (carried, declared)
        if crs.geodetic_crs is not None
    ]
    return all(abs(a - b) < _SAME_PLACE_DEGREES for a, b in zip(*places, strict=True))


def _is_modern(crs: pyproj.CRS) -> bool:
    """Whether a CRS rests on WGS 84 or CGCS2000, which are one to below a metre."""
    return crs.geodetic_crs is not None and _MODERN.search(crs.geodetic_crs.name) is not None


_READERS: Final = {
    ".geojson": _read_geojson,
    ".json": _read_geojson,
    ".gpkg": _read_geopackage,
    ".shp": _read_shapefile,
    ".parquet": _read_parquet,
    ".geoparquet": _read_parquet,
}
SUFFIXES: Final = tuple(_READERS)
