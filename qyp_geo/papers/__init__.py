"""The papers of a run: the workbook, the report, and data for other programs."""

from __future__ import annotations

from pathlib import Path

from qyp_geo.build import file_name
from qyp_geo.papers.book import write_book
from qyp_geo.papers.geopackage import Drawn, write_geopackage, write_layers, write_package
from qyp_geo.papers.report import write_report
from qyp_geo.record import Run

__all__ = ["Drawn", "write_book", "write_geopackage", "write_layers", "write_package", "write_papers", "write_report"]


def write_papers(run: Run, folder: Path) -> None:
    """Write every paper of a run into a folder that is there; the same run gives the same bytes.

    Parameters
    ----------
    run
        What was found.
    folder
        Receives the files of `write_report`, `report.xlsx`, and `NAME.gpkg` with the folder `NAME` beside it, by the name
        of the district.

    Raises
    ------
    MissingError
        If no font with Chinese characters is installed; nothing is written then.
    """
    write_report(run, folder)
    write_book(run, folder / "report.xlsx")
    write_geopackage(run, folder / f"{file_name(run.project.district.name)}.gpkg")
