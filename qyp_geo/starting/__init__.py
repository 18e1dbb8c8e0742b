"""Start a district folder: a copy of the district carried inside, or one made from an OpenStreetMap extract."""

from __future__ import annotations

import datetime as dt
import shutil
from pathlib import Path
from typing import Final

import shapely
from shapely.geometry.base import BaseGeometry

from qyp_geo.crs import choose_crs
from qyp_geo.errors import MissingError, QypGeoError
from qyp_geo.layers.osm import EXTRACTS, Extract, read_extract
from qyp_geo.starting.declaring import Start
from qyp_geo.starting.surveying import MARGIN_M, find_place, survey

__all__ = ["MARGIN_M", "district_inside", "new_around", "new_district", "new_from_osm"]

_FOLDERS: Final = ("layers", "analyses", "maps")


def district_inside() -> Path:
    """Return the folder of the district carried inside: in the wheel, else the top level of the checkout.

    Raises
    ------
    MissingError
        If there is neither.
    """
    package = Path(__file__).parent.parent
    for folder in (package / "_district", package.parent):
        if (folder / "layers" / "district.toml").is_file():
            return folder
    raise MissingError("the district carried inside is missing from this installation: install qyp-geo again")


def new_district(folder: Path) -> list[str]:
    """Copy the district carried inside.

    Parameters
    ----------
    folder
        The folder to make.

    Returns
    -------
    list of str
        What was made, one line each.

    Raises
    ------
    QypGeoError
        If the folder holds anything already.
    """
    inside = district_inside()
    _require_empty(folder)
    made = []
    for name in _FOLDERS:
        shutil.copytree(inside / name, folder / name, ignore=shutil.ignore_patterns("__pycache__", ".*"))
        files = sum(path.is_file() for path in (folder / name).rglob("*"))
        made.append(f"{name}/: {files} files")
    return made


def new_from_osm(folder: Path, osm: Path, place: str | None) -> list[str]:
    """Make a district folder from an OpenStreetMap extract, ready to run.

    Parameters
    ----------
    folder
        The folder to make.
    osm
        The extract (``.osm``, ``.osm.bz2``, ``.osm.gz``, ``.osm.pbf``); it is copied into the folder.
    place
        The administrative area that is the district: its name, or its relation as ``r123``; without one, all of the extract.

    Returns
    -------
    list of str
        What was made, and which kinds of facility the extract lacks, one line each.

    Raises
    ------
    MissingError
        If the extract or the place does not exist; the message names the places that do.
    QypGeoError
        If the folder holds anything already, or the extract has no streets or no dwellings.
    """
    suffix = next((end for end in sorted(EXTRACTS, key=len, reverse=True) if osm.name.lower().endswith(end)), None)
    if not osm.is_file():
        raise MissingError(f"{osm} does not exist")
    if suffix is None:
        raise QypGeoError(f"{osm.name} is not an OpenStreetMap extract: {', '.join(EXTRACTS)} can be read")
    _require_empty(folder)
    extract = read_extract(osm)
    name = folder.resolve().name
    title, boundary = (name, shapely.box(*extract.extent)) if place is None else find_place(extract, place)
    retrieved = dt.datetime.fromtimestamp(osm.stat().st_mtime, tz=dt.UTC).date()
    return _write(folder, osm, suffix, extract, name=name, title=title, boundary=boundary, retrieved=retrieved)


def new_around(
    folder: Path,
    osm: Path,
    *,
    name: str,
    title: str,
    boundary: BaseGeometry,
    boundary_file: str | None,
    retrieved: dt.date,
    as_of: dt.date | None,
) -> list[str]:
    """Make a district folder of an extract that was fetched for a boundary.

    Parameters
    ----------
    folder
        The folder to write, empty or absent.
    osm
        The extract; it is copied.
    name, title
        What the district is called, by the program and by people.
    boundary
        Its outline, in degrees (WGS 84).
    boundary_file
        What the file that it was read from is called; None where it is OpenStreetMap's.
    retrieved
        When the extract was fetched.
    as_of
        As of when it shows OpenStreetMap; None where that is unknown.

    Returns
    -------
    list of str
        As `new_from_osm`.

    Raises
    ------
    QypGeoError
        If the folder holds anything already, or the extract has no streets, dwellings or facilities.
    """
    _require_empty(folder)
    suffix = max((end for end in EXTRACTS if osm.name.lower().endswith(end)), key=len)
    extract = read_extract(osm)
    return _write(
        folder,
        osm,
        suffix,
        extract,
        name=name,
        title=title,
        boundary=boundary,
        boundary_file=boundary_file,
        retrieved=retrieved,
        as_of=as_of,
    )


def _write(
    folder: Path,
    osm: Path,
    suffix: str,
    extract: Extract,
    *,
    name: str,
    title: str,
    boundary: BaseGeometry,
    retrieved: dt.date,
    boundary_file: str | None = None,
    as_of: dt.date | None = None,
) -> list[str]:
    found = survey(extract, boundary)
    for kind, what in (("streets", "streets"), ("residents", "residential buildings")):
        if not found.counts[kind]:
            raise QypGeoError(f"{osm.name} holds no {what} in {title}: a district needs them")
    if not found.facilities:
        raise QypGeoError(f"{osm.name} holds no facility of any known kind in {title}: there is nothing to reach")
    middle = boundary.centroid
    start = Start(
        name=name,
        title=title,
        crs=choose_crs(middle.x, middle.y),
        boundary=boundary,
        boundary_file=boundary_file,
        path="data/extract" + suffix,
        retrieved=retrieved,
        as_of=as_of,
        found=found,
    )
    (folder / "layers" / "data").mkdir(parents=True)
    shutil.copyfile(osm, folder / "layers" / start.path)
    for file, text in start.files().items():
        path = folder / file
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8", newline="\n")
    return start.told()


def _require_empty(folder: Path) -> None:
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise QypGeoError(f"{folder} is there already, and nothing in it is overwritten: choose another name")
