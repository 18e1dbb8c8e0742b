"""What a data file must be before a reader opens it: no bomb, no way out of the folder, no XML that fetches or multiplies.

Sizes are counted by unpacking into nothing, since those that an archive states may be lies.
"""

from __future__ import annotations

import bz2
import gzip
import re
import stat
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Final, cast
from xml.parsers import expat

from qyp_geo.layers.report import Report

MIB: Final = 1 << 20
MAX_TEXT_BYTES: Final = 512 * MIB
"""Of a CSV, GeoJSON, KML or GraphML file, which is read whole: some two million rows."""
MAX_EXTRACT_BYTES: Final = 4096 * MIB
"""Of an OpenStreetMap extract in XML, unpacked: a province. A larger one is read as .osm.pbf, which needs no unpacking."""
MAX_ARCHIVE_BYTES: Final = 2048 * MIB
"""Of everything in a zip archive, unpacked."""
MAX_WORKBOOK_BYTES: Final = 256 * MIB
"""Of everything in an Excel workbook, unpacked: some six million filled cells."""
MAX_SHEET_CELLS: Final = 20_000_000
"""Of a sheet from its first to its last cell, be they filled or not; and of its merged ranges."""
MAX_MEMBERS: Final = 10_000
"""Files in one archive."""
MAX_PROLOGUE_BYTES: Final = MIB
"""Of an XML file before its first element."""

_CHUNK_BYTES: Final = MIB
_ZIPS: Final = (".zip", ".kmz", ".xlsx", ".xlsm")
_WORKBOOKS: Final = (".xlsx", ".xlsm")
_XML: Final = (".osm", ".kml", ".graphml", ".gpx", ".gml", ".xml", ".rels")
_PACKED: Final = (".zip", ".kmz", ".gz", ".bz2", ".xz", ".7z", ".rar", ".tar", ".tgz")
_TEXTS: Final = (".csv", ".geojson", ".json", ".kml", ".graphml", ".gpx", ".gml", ".dxf", ".mif")
_KNOWN: Final = (*_ZIPS, ".gz", ".bz2", ".osm", ".pbf", *_TEXTS, ".gpkg", ".shp", ".parquet", ".geoparquet", ".tab")
_BROKEN: Final = (
    zipfile.BadZipFile,
    zlib.error,
    OSError,
    EOFError,
    NotImplementedError,
    RuntimeError,
    ValueError,
    LookupError,
)
"""What a damaged archive raises in the standard library."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a file is not opened: what is wrong, what was given, what to do."""

    what: str
    given: str
    remedy: str

    def __str__(self) -> str:
        given = f" (given: {self.given})" if self.given else ""
        return f"{self.what}{given}. {self.remedy}"


def check_archive(path: Path, report: Report) -> bool:
    """Return whether a data file of any kind may be opened; why it may not is told.

    Parameters
    ----------
    path
        A file; of a folder nothing is checked here.
    report
        Is told of the file as a whole.
    """
    refused = refusal_of(path)
    if refused is not None:
        report.whole(refused.what, given=refused.given, remedy=refused.remedy)
    return refused is None


def refusal_of(path: Path) -> Refusal | None:
    """Return the first reason why a file is not opened, None where there is none; nothing is kept of what is unpacked."""
    name = path.name.lower()
    try:
        if path.is_dir() or not name.endswith(_KNOWN):
            return None
        if path.stat().st_size == 0:
            return Refusal("is empty: it has 0 bytes", "", "Copy it again from where it came")
        if name.endswith(_ZIPS):
            return next(_of_zip(path, workbook=name.endswith(_WORKBOOKS)), None)
        if name.endswith((".gz", ".bz2")):
            return _of_stream(path)
        return _of_plain(path)
    except OSError as error:
        return Refusal("cannot be read", error.strerror or str(error), "Give it read permission, or copy it again")


def _of_plain(path: Path) -> Refusal | None:
    suffix, size = path.suffix.lower(), path.stat().st_size
    limit = MAX_EXTRACT_BYTES if suffix == ".osm" else MAX_TEXT_BYTES
    if suffix in (*_TEXTS, ".osm") and size > limit:
        return _too_large(f"{size / MIB:,.0f} MiB", limit)
    if suffix not in _XML:
        return None
    with path.open("rb") as file:
        return _of_xml(file, path.name)


def _of_stream(path: Path) -> Refusal | None:
    """Look at one file packed by gzip or bzip2."""
    inner = path.name[: -len(path.suffix)]
    limit = MAX_EXTRACT_BYTES if inner.lower().endswith(".osm") else MAX_TEXT_BYTES

    def opened() -> IO[bytes]:
        return cast("IO[bytes]", gzip.open(path) if path.suffix.lower() == ".gz" else bz2.open(path))

    try:
        if inner.lower().endswith(_XML):
            with opened() as file:
                refused = _of_xml(file, inner)
            if refused is not None:
                return refused
        with opened() as file:
            unpacked = 0
            while chunk := file.read(_CHUNK_BYTES):
                unpacked += len(chunk)
                if unpacked > limit:
                    return _too_large(f"more than {limit / MIB:,.0f} MiB unpacked", limit)
    except _BROKEN as error:
        return _damaged(error)
    return None


def _of_zip(path: Path, *, workbook: bool) -> Iterator[Refusal]:
    limit = MAX_WORKBOOK_BYTES if workbook else MAX_ARCHIVE_BYTES
    try:
        with zipfile.ZipFile(path) as archive:
            members = archive.infolist()
            if len(members) > MAX_MEMBERS:
                yield Refusal(
                    f"holds more than {MAX_MEMBERS:,} files", f"{len(members):,}", "Unpack it, and pack what is needed"
                )
                return
            stated = sum(member.file_size for member in members)
            if stated > limit:
                yield _too_large(f"{stated / MIB:,.0f} MiB unpacked", limit)
                return
            for member in members:
                yield from _of_member(archive, member, workbook=workbook)
    except _BROKEN as error:
        yield _damaged(error, workbook=workbook)


def _of_member(archive: zipfile.ZipFile, member: zipfile.ZipInfo, *, workbook: bool) -> Iterator[Refusal]:
    name = member.filename
    if name.startswith(("/", "\\")) or ".." in re.split(r"[\\/]", name) or re.match(r"[A-Za-z]:", name):
        yield Refusal("holds a file whose path leads out of the archive", name, "Pack it again, with plain names")
    elif stat.S_ISLNK(member.external_attr >> 16):
        yield Refusal("holds a link instead of a file", name, "Pack the file itself")
    elif member.flag_bits & 1:
        yield Refusal("is locked by a password", name, "Save it without a password")
    elif name.lower().endswith(_PACKED) and not workbook:
        yield Refusal("holds an archive inside the archive", name, "Unpack it, and pack what is needed once")
    else:
        if name.lower().endswith(_XML):
            with archive.open(member) as file:
                refused = _of_xml(file, name)
            if refused is not None:
                yield refused
                return
        # Reading to the end compares the checksum, and ends where the stated size does.
        with archive.open(member) as file:
            if workbook and re.fullmatch(r"xl/worksheets/[^/]+\.xml", name):
                yield from _of_sheet(file, name)
            else:
                while file.read(_CHUNK_BYTES):
                    pass


_CELL: Final = re.compile(
    rb'<(?:\w+:)?(c|mergeCell)\s[^<>]*?\b(?:r|ref)="([A-Z]{1,3})(\d{1,7})(?::([A-Z]{1,3})(\d{1,7}))?"'
)


def _of_sheet(file: IO[bytes], name: str) -> Iterator[Refusal]:
    """Look at how far a sheet reaches: one cell in its last corner makes seventeen thousand million of it."""
    last_row = last_column = merged = 0
    kept = b""
    while chunk := file.read(_CHUNK_BYTES):
        text = kept + chunk
        end = text.rfind(b"<") if len(chunk) == _CHUNK_BYTES else len(text)  # a tag may go on in the next piece
        for kind, column, row, to_column, to_row in _CELL.findall(text[:end]):
            if kind == b"c":
                last_row, last_column = max(last_row, int(row)), max(last_column, _column(column))
            elif to_row:
                merged += (int(to_row) - int(row) + 1) * (_column(to_column) - _column(column) + 1)
        kept = text[end:]
    if last_row * last_column > MAX_SHEET_CELLS or merged > MAX_SHEET_CELLS:
        yield Refusal(
            f"has a sheet of more than {MAX_SHEET_CELLS:,} cells, most of them empty",
            f"{name}: {last_row:,} rows, {last_column:,} columns, {merged:,} merged cells",
            "Delete the empty rows and columns below and beside the table, and save it again",
        )


def _column(letters: bytes) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + letter - 64
    return number


class _DoctypeError(Exception):
    pass


class _RootReached(Exception):  # noqa: N818  (nothing is wrong: reading ends here)
    pass


def _of_xml(file: IO[bytes], name: str) -> Refusal | None:
    """Look at an XML file up to its first element: a document type is refused, whatever encoding it is written in.

    Entities are declared in it alone: without one nothing is fetched, and nothing multiplies.
    """
    parser = expat.ParserCreate()

    def doctype(*_: object) -> None:
        raise _DoctypeError

    def root(*_: object) -> None:
        raise _RootReached

    parser.StartDoctypeDeclHandler = doctype
    parser.StartElementHandler = root
    try:
        for _ in range(MAX_PROLOGUE_BYTES // 4096):
            if not (chunk := file.read(4096)):
                break
            parser.Parse(chunk, False)
    except _RootReached:
        return None
    except _DoctypeError:
        return Refusal(
            "declares a document type (<!DOCTYPE …>), which may name other files or multiply its own text",
            name,
            "Remove the declaration, or save the file again in QGIS",
        )
    except (expat.ExpatError, LookupError, ValueError) as error:
        return Refusal("is not XML that can be read", f"{name}: {error}", "Save or download it again")
    return Refusal("is not XML that can be read: it has no element", name, "Save or download it again")


def _too_large(given: str, limit: int) -> Refusal:
    return Refusal(
        f"is larger than {limit / MIB:,.0f} MiB, the most that is opened",
        given,
        "Cut it to the district and its surroundings, or save it as GeoPackage or .osm.pbf",
    )


def _damaged(error: BaseException, *, workbook: bool = False) -> Refusal:
    if workbook:
        return Refusal("is not an Excel workbook that can be read", str(error), "Open it in Excel and save it as .xlsx")
    return Refusal("is damaged, or is no archive", str(error), "Copy or download it again, and pack it anew")
