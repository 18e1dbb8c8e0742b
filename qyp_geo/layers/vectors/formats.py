"""One reader for each format of map files."""

from __future__ import annotations

import json
import re
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import geopandas as gpd
import pandas as pd
import pyogrio
import pyproj

from qyp_geo.declarations import Source
from qyp_geo.errors import did_you_mean
from qyp_geo.layers.report import Report
from qyp_geo.layers.vectors.archives import unpack
from qyp_geo.layers.vectors.texts import RAW, beside, decoded, encoding_of_mapinfo, encoding_of_shapefile

_LAYERS_NAMED: Final = 20
_HEAD_BYTES: Final = 4096
_ESRI_JSON: Final = re.compile(rb'"(spatialReference|geometryType|displayFieldName)"\s*:')
_CRS_MEMBER: Final = re.compile(rb'"(crs|spatialReference)"\s*:\s*\{')
_OLD_DXF: Final = re.compile(rb"\$ACADVER\s+1\s+AC10(0\d|1[0-8])\b")  # from 2007 (AC1021) on its text is UTF-8
_DXF_PAGE: Final = re.compile(rb"\$DWGCODEPAGE\s+3\s+(\S+)")
_WESTERN: Final = (b"ANSI_1252", b"ANSI_1250", b"ASCII", b"ISO8859-1")
# Drivers are chosen by what a file holds, whatever its name: a text that names other files or services is no map file.
_BEGINS: Final = {
    ".geojson": re.compile(rb"\A(\xef\xbb\xbf|\xff\xfe|\xfe\xff)?\s*[{\[]"),
    ".json": re.compile(rb"\A(\xef\xbb\xbf|\xff\xfe|\xfe\xff)?\s*[{\[]"),
    ".gpkg": re.compile(rb"\ASQLite format 3"),
    ".shp": re.compile(rb"\A\x27\x0a"),
    ".parquet": re.compile(rb"\APAR1"),
    ".geoparquet": re.compile(rb"\APAR1"),
    ".kml": re.compile(rb"<(\w+:)?kml[\s>]"),
    ".dxf": re.compile(rb"\A(\xef\xbb\xbf)?\s*(999\s|0\s+SECTION)"),
    ".mif": re.compile(rb"\A(\xef\xbb\xbf)?\s*version\s", re.IGNORECASE),
    ".tab": re.compile(rb"\A(\xef\xbb\xbf)?\s*!table\b.*\btype\s+(native|dbf)\b", re.IGNORECASE | re.DOTALL),
}


@dataclass(frozen=True, slots=True)
class Read:
    """What a file holds, and the CRS that it says to be in."""

    frame: gpd.GeoDataFrame
    crs: pyproj.CRS | None


def read_any(path: Path, source: Source, report: Report) -> Read | None:
    """Read a map file by its suffix, which is one of `SUFFIXES`; what keeps it from being read is told or raised."""
    suffix = path.suffix.lower()
    begins = _BEGINS.get(suffix)
    if begins is not None:
        with path.open("rb") as file:
            head = file.read(_HEAD_BYTES).replace(b"\x00", b"")  # UTF-16 is plain then, as far as it matters here
        if begins.search(head) is None:
            report.whole(
                "cannot be read as what its suffix says: it begins otherwise",
                given=path.name,
                remedy="Open it in QGIS and save it as GeoPackage",
            )
            return None
    return _READERS[suffix](path, source, report)


def _read_geojson(path: Path, source: Source, report: Report) -> Read | None:
    content = path.read_bytes()
    if (encoding := _not_utf8(content)) is not None:
        report.whole(
            "is not UTF-8, in which GeoJSON is written", given=encoding, remedy="Save it again as GeoJSON, in UTF-8"
        )
        return None
    # What stands before and behind the features is said of all of them.
    first = content.find(b'"features"')
    of_all = content[:first] + content[content.rfind(b"]") :] if first >= 0 else content
    # A driver that is named opens nothing else.
    driver = "ESRIJSON" if _ESRI_JSON.search(of_all) else "GEOJSON"
    frame = _read_ogr(f"{driver}:{path}", source, report)
    if frame is not None and content.count(b'"geometry"') > len(frame):  # all of it is looked through only if need be
        _tell_of_passed_over(content, len(frame), report)
    # Without a `crs` member the driver says WGS 84, since the format does; a Chinese GeoJSON often holds something else.
    return None if frame is None else Read(frame, frame.crs if _CRS_MEMBER.search(of_all) else None)


def _tell_of_passed_over(content: bytes, read: int, report: Report) -> None:
    """Tell of members of `features` that are no features to the driver, which passes them over."""
    features = json.loads(content).get("features", ())
    if len(features) > read:
        report.whole(
            f"{len(features) - read} of {len(features)} features are not written as GeoJSON asks, and cannot be read",
            remedy='Check that each says "type": "Feature", or save it again with QGIS',
        )


def _not_utf8(content: bytes) -> str | None:
    """What a content can be read as, None where that is UTF-8."""
    for encoding in ("utf-8", "gb18030"):
        try:
            content.decode(encoding)
        except UnicodeDecodeError:
            continue
        return None if encoding == "utf-8" else f"it can be read as {encoding}"
    return "it cannot be read as gb18030 either"


def _read_carried(path: Path, source: Source, report: Report) -> Read | None:
    """Read a file that carries its CRS and says how its text is written."""
    frame = _read_ogr(str(path), source, report)
    return None if frame is None else Read(frame, frame.crs)


def _read_geodatabase(path: Path, source: Source, report: Report) -> Read | None:
    if not (path / "a00000001.gdbtable").is_file():
        report.whole("is not a File Geodatabase: it has no a00000001.gdbtable", remedy="Copy the whole .gdb folder")
        return None
    return _read_carried(path, source, report)


def _read_ogr(path: str, source: Source, report: Report) -> gpd.GeoDataFrame | None:
    listed = pyogrio.list_layers(path)
    names = [str(name) for name, _ in listed]
    drawn = [str(name) for name, shape in listed if shape is not None] or names
    layer = _chosen(names, drawn, "file", source, report)
    return None if layer is None else _with_geometry(pyogrio.read_dataframe(path, layer=layer), report)


def _chosen(names: Sequence[str], drawn: Sequence[str], what: str, source: Source, report: Report) -> str | None:
    """The layer that is declared, or the only one that is drawn; None where that is told to be wrong or open."""
    if source.layer is not None:
        if source.layer in names:
            return source.layer
        remedy = did_you_mean(source.layer, names)
        report.declared("source.layer", f"the {what} has no such layer", given=source.layer, remedy=remedy)
    elif len(drawn) == 1:
        return drawn[0]
    elif not drawn:
        report.whole("holds no layer")
    else:
        more = f" and {len(drawn) - _LAYERS_NAMED} more" if len(drawn) > _LAYERS_NAMED else ""
        remedy = f"Name one of them: {', '.join(drawn[:_LAYERS_NAMED])}{more}"
        report.declared("source.layer", f"the {what} holds several layers", remedy=remedy)
    return None


def _read_parquet(path: Path, source: Source, report: Report) -> Read | None:  # noqa: ARG001  (one signature)
    frame = gpd.read_parquet(path)
    return Read(frame.reset_index(drop=True), frame.crs)


def _read_shapefile(path: Path, source: Source, report: Report) -> Read | None:
    if lacking := [suffix for suffix in (".shx", ".dbf") if beside(path, suffix) is None]:
        report.whole(
            "a shapefile is several files of one name, and not all of them are here",
            given=f"without {', '.join(path.stem + suffix for suffix in lacking)}",
            remedy="Copy all files of that name together, or have it saved as GeoPackage",
        )
        return None
    frame = _with_geometry(pyogrio.read_dataframe(path, encoding=RAW), report)
    if frame is None:
        return None
    text = decoded(frame, encoding_of_shapefile(path), path.name, source, report)
    return None if text is None else Read(text, frame.crs)


def _read_mapinfo(path: Path, source: Source, report: Report) -> Read | None:
    frame = _with_geometry(pyogrio.read_dataframe(path, encoding=RAW), report)
    if frame is None or _parted(path, len(frame), report):
        return None
    stated = encoding_of_mapinfo(path)
    # Text of a stated character set is turned into UTF-8 by the driver: what is declared beside it has nothing to say.
    own = source if stated is None else source.model_copy(update={"encoding": stated})
    text = decoded(frame, stated, path.name, own, report)
    return None if text is None else Read(text, frame.crs)


def _parted(path: Path, drawn: int, report: Report) -> bool:
    """Tell of a .mif whose .mid has another number of rows: the driver would give things the names of others."""
    mid = beside(path, ".mid")
    if path.suffix.lower() != ".mif" or mid is None:
        return False
    rows = sum(1 for line in mid.read_bytes().splitlines() if line.strip())
    if rows in (0, drawn):
        return False
    report.whole(
        "what is drawn does not fit the rows beside it",
        given=f"{drawn} drawn, {rows} rows in {mid.name}",
        remedy="Export both files again, together",
    )
    return True


def _read_drawing(path: Path, source: Source, report: Report) -> Read | None:
    """Read what is drawn in model space on one layer of a DXF, which knows no CRS."""
    encoding = source.encoding or _encoding_of_drawing(path, report)
    if encoding is None:
        return None
    with _dxf_encoding(encoding):
        frame = _with_geometry(pyogrio.read_dataframe(path), report)
    if frame is None:
        return None
    on_paper = (frame["PaperSpace"] == 1).to_numpy()
    if on_paper.any():
        report.note(f"{path.name} 图纸空间的 {int(on_paper.sum())} 个图元(图框、图签等)未读取")
    frame = frame[~on_paper]
    drawn = [str(name) for name in frame["Layer"].value_counts(sort=False).index]
    layer = _chosen(drawn, drawn, "drawing", source, report)
    return None if layer is None else Read(frame[frame["Layer"] == layer].reset_index(drop=True), None)


def _encoding_of_drawing(path: Path, report: Report) -> str | None:
    """The encoding that the text of a drawing is in; None where it does not say so, which is told."""
    content = path.read_bytes()
    header = content[: 16 * _HEAD_BYTES]
    page = _DXF_PAGE.search(header)
    # From AutoCAD 2007 on it is UTF-8, and the page that is stated is that of the computer it was drawn on.
    if content.isascii() or _OLD_DXF.search(header) is None:
        return "UTF-8"
    if page and page[1].upper() not in _WESTERN:
        return re.sub(r"^ANSI_", "CP", page[1].decode("ascii", "replace").upper())
    report.declared(
        "source.encoding",
        "is missing: the drawing does not say in which encoding its Chinese text is",
        given=page[1].decode("ascii", "replace") if page else "",
        remedy='Of a drawing by a Chinese AutoCAD it is encoding = "gbk"',
    )
    return None


@contextmanager
def _dxf_encoding(encoding: str) -> Iterator[None]:
    """Read drawings in this encoding; the driver takes it from a setting of the process alone."""
    as_iconv_says = {"gbk": "CP936", "gb2312": "CP936"}.get(encoding.lower(), encoding)
    pyogrio.set_gdal_config_options({"DXF_ENCODING": as_iconv_says})
    try:
        yield
    finally:
        pyogrio.set_gdal_config_options({"DXF_ENCODING": None})


def _read_archive(path: Path, source: Source, report: Report) -> Read | None:
    inside = [suffix for suffix in _READERS if suffix not in (*FOLDERS, *_ARCHIVES)]
    with tempfile.TemporaryDirectory(prefix="qyp-") as place:
        held = unpack(path, Path(place), suffixes=inside)
        if not held:
            report.whole("holds no map file", remedy=f"Supported inside: {', '.join((*inside, *FOLDERS))}")
            return None
        if len(held) == 1:
            [(name, only)] = held.items()
            return read_any(only, source.model_copy(update={"layer": None}) if source.layer == name else source, report)
        chosen = _chosen(list(held), list(held), "archive", source, report)
        return None if chosen is None else read_any(held[chosen], source.model_copy(update={"layer": None}), report)


def _with_geometry(frame: gpd.GeoDataFrame | pd.DataFrame, report: Report) -> gpd.GeoDataFrame | None:
    if isinstance(frame, gpd.GeoDataFrame):
        return frame
    report.whole(
        "holds a table without geometry", remedy="Save it as CSV or XLSX with coordinate columns, or give its geometry"
    )
    return None


_READERS: Final[dict[str, Callable[[Path, Source, Report], Read | None]]] = {
    ".geojson": _read_geojson,
    ".json": _read_geojson,
    ".gpkg": _read_carried,
    ".shp": _read_shapefile,
    ".parquet": _read_parquet,
    ".geoparquet": _read_parquet,
    ".gdb": _read_geodatabase,
    ".kml": _read_carried,
    ".kmz": _read_archive,
    ".dxf": _read_drawing,
    ".tab": _read_mapinfo,
    ".mif": _read_mapinfo,
    ".zip": _read_archive,
}
_ARCHIVES: Final = (".zip", ".kmz")
FOLDERS: Final = (".gdb",)
"""What is a folder of files that are one."""
SUFFIXES: Final = tuple(_READERS)
