"""The papers of a run: the workbook, the report, and data for other programs."""

from __future__ import annotations

from pathlib import Path

from qyp_geo.build import file_name, repair, replaced_whole
from qyp_geo.built import open_build
from qyp_geo.locking import locked
from qyp_geo.papers.book import write_book
from qyp_geo.papers.geopackage import Drawn, write_geopackage, write_layers, write_package
from qyp_geo.papers.report import write_report
from qyp_geo.project import find_project
from qyp_geo.record import Run

__all__ = [
    "Drawn",
    "renew_papers",
    "write_book",
    "write_geopackage",
    "write_layers",
    "write_package",
    "write_papers",
    "write_report",
]


def renew_papers(folder: Path) -> Path:
    """Write the papers of the last run of a district folder, whole or not at all, and return where they lie.

    Raises
    ------
    MissingError, QypGeoError
        As `qyp_geo.built.open_build` and `write_papers` do; if another command works in the folder.
    """
    find_project(folder)
    with locked(folder, "qyp report"):
        repair(folder)
        run = open_build(folder)
        with replaced_whole(folder / "build", "report") as target:
            write_papers(run, target)
    return folder / "build" / "report"


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
