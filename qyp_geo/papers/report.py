"""The written report of a run: in Chinese and in English, as a page to print, as a document to edit, and its figures."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from qyp_geo.papers.contents import report_contents
from qyp_geo.papers.document import document_bytes
from qyp_geo.papers.page import page_text
from qyp_geo.papers.words import Language
from qyp_geo.record import Run

_LANGUAGES: Final[tuple[tuple[Language, str], ...]] = (("zh", ""), ("en", ".en"))


def write_report(run: Run, folder: Path) -> None:
    """Write the report into a folder; the same run gives the same bytes.

    Parameters
    ----------
    run
        A finished run.
    folder
        Receives `report.html`, `report.docx` (Chinese), `report.en.html`, `report.en.docx`, and each map and chart as PNG and
        SVG in `figures/` and `figures.en/`.

    Raises
    ------
    MissingError
        If no font with Chinese characters is installed; nothing is written then.
    """
    for language, suffix in _LANGUAGES:
        report = report_contents(run, language)
        figures = folder / f"figures{suffix}"
        figures.mkdir(parents=True, exist_ok=True)
        (folder / f"report{suffix}.html").write_text(page_text(report), encoding="utf-8", newline="\n")
        (folder / f"report{suffix}.docx").write_bytes(document_bytes(report))
        for picture in report.pictures:
            (figures / f"{picture.name}.png").write_bytes(picture.drawing.png)
            (figures / f"{picture.name}.svg").write_bytes(picture.drawing.svg)
