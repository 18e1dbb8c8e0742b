"""Text of map files that do not always say in which encoding it is: an encoding is guessed only to suggest it."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path
from typing import Final

import geopandas as gpd
import pandas as pd

from qyp_geo.declarations import Source
from qyp_geo.layers.report import Report

RAW: Final = "ISO-8859-1"  # gives each byte back as it is; what the bytes mean is then tried on all of them
_DBF_LANGUAGES: Final = {0x4D: "gb18030", 0x4F: "big5", 0x7A: "gb18030", 0x78: "big5"}
_PAGES: Final = {"936": "gb18030", "gbk": "gb18030", "gb2312": "gb18030", "950": "big5", "65001": "utf-8"}


def decoded(
    frame: gpd.GeoDataFrame, stated: str | None, name: str, source: Source, report: Report
) -> gpd.GeoDataFrame | None:
    """Return a frame that was read as `RAW` with its text as it was meant.

    Parameters
    ----------
    frame
        Names of columns and text, each byte a character.
    stated
        The encoding that the file says it has.
    name
        The file, for messages.
    source
        Gives the encoding where it is declared. Without either it is UTF-8, which Chinese text in another encoding never is.
    report
        Is told where the text cannot be read so, and what would do.

    Returns
    -------
    GeoDataFrame or None
        None where the text cannot be read.
    """
    names = [str(column) for column in frame.columns if column != frame.geometry.name]
    text = [column for column in names if pd.api.types.is_string_dtype(frame[column].dtype)]
    every = names + [cell for column in text for cell in frame[column].dropna()]
    encoding = source.encoding or stated or "utf-8"
    if not _decodes(every, encoding):
        works = [other for other in ("utf-8", "gb18030", "big5") if other != encoding and _decodes(every, other)]
        report.declared(
            "source.encoding",
            f"the text of {name} cannot be read so",
            given=encoding,
            remedy=f'It can be read as {" or ".join(works)}: set encoding = "{works[0]}" in [source]'
            if works
            else "Give the encoding that the office which made it uses",
        )
        return None
    if source.encoding is None and not all(cell.isascii() for cell in every):
        report.note(f"{name} 的文字按 {encoding} 读取(未声明编码)")
    plain = {column: frame[column].map(lambda cell: _decode(cell, encoding), na_action="ignore") for column in text}
    return frame.assign(**plain).rename(columns={column: _decode(column, encoding) for column in names})


def encoding_of_shapefile(path: Path) -> str | None:
    """The encoding that a shapefile says it has, in its .cpg or its .dbf."""
    cpg, dbf = (beside(path, suffix) for suffix in (".cpg", ".dbf"))
    if cpg is not None:
        return _page(cpg.read_text(encoding="ascii", errors="ignore"))
    if dbf is None:
        return None
    with dbf.open("rb") as file:
        header = file.read(30)
    return _DBF_LANGUAGES.get(header[29]) if len(header) == 30 else None


def beside(path: Path, suffix: str) -> Path | None:
    """Return the file of one name with another suffix, in small letters or capitals; None where there is none."""
    found = (path.with_suffix(written) for written in (suffix, suffix.upper()))
    return next((one for one in found if one.is_file()), None)


def _page(written: str) -> str:
    """An encoding by the name or the number of a code page."""
    name = written.strip().lower()
    digits = re.sub(r"^(cp|ansi|oem|windows-)[\s_-]*", "", name)
    return _PAGES.get(digits, name)


def encoding_of_mapinfo(path: Path) -> str | None:
    """UTF-8, into which the driver turns text of a stated character set; None where the file states none."""
    with path.open("rb") as file:
        stated = re.search(rb'charset\s+"?([\w-]+)', file.read(2000), re.IGNORECASE)
    return None if stated is None or stated[1].lower() == b"neutral" else "utf-8"


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
