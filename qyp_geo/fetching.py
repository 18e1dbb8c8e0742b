"""`qyp fetch`: bring what OpenStreetMap knows of a district into its folder, whole or not at all."""

from __future__ import annotations

import datetime as dt
import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Final
from urllib.parse import urlsplit

import geopandas as gpd
import pyogrio
import shapely
from pydantic import AfterValidator, Field
from shapely.geometry.base import BaseGeometry

from qyp_geo.build import replaced_whole, require_own
from qyp_geo.crs import DISPLAY_CRS, choose_crs, to_analysis, to_display
from qyp_geo.declarations import District, Layer
from qyp_geo.errors import DataError, DeclarationError, MissingError, QypGeoError
from qyp_geo.layers import read_layers
from qyp_geo.layers.online.http import Client, Settings
from qyp_geo.layers.online.nominatim import find_place
from qyp_geo.layers.online.overpass import Selector, day_of, fetch_parts, wanted_objects, write_extract
from qyp_geo.layers.osm import EXTRACTS, read_extract
from qyp_geo.locking import locked
from qyp_geo.project import DISTRICT_FILE
from qyp_geo.records import make_record, read_toml
from qyp_geo.starting import MARGIN_M, new_around

SETTINGS_FILE: Final = "fetch.toml"
_CACHE: Final = Path(".cache", "fetch")
_EXTRACT: Final = "data/extract.osm.gz"
_NO_CONTACT: Final = (
    'no contact is sent: public services ask for one, so write contact = "name@example.org" in fetch.toml'
)
_OUTLINES: Final = (".geojson", ".json", ".gpkg", ".shp")
_DAY: Final = r"([\"']?)\d{4}-\d{2}-\d{2}\2"
_RETRIEVED: Final = re.compile(rf"(?m)^([ \t]*retrieved[ \t]*=[ \t]*){_DAY}([^\r\n]*)(\r?\n|\Z)")
_AS_OF: Final = re.compile(rf"(?m)^([ \t]*as_of[ \t]*=[ \t]*){_DAY}")


def _check_address(value: str) -> str:
    # ASCII signs only; urlsplit refuses a host or port that is none.
    if not re.fullmatch(r"https?://[^\s/@?#]+(/[^\s@?#]*)?", value) or not value.isascii() or not _has_host(value):
        raise ValueError("an address is written https://…, without user, query or #")
    return value.rstrip("/")


def _has_host(value: str) -> bool:
    try:
        parts = urlsplit(value)
        return bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False


Address = Annotated[str, AfterValidator(_check_address)]


class Fetching(Settings):
    """`fetch.toml`, which a district folder may have: where OpenStreetMap is asked, and how."""

    overpass: Address = "https://overpass-api.de/api/interpreter"
    nominatim: Address = "https://nominatim.openstreetmap.org"
    part_deg: float = Field(default=0.05, ge=0.001, le=1)
    """The side of the boxes in which a district is asked for, in degrees."""


@dataclass(frozen=True, slots=True)
class Fetched:
    """What was fetched.

    Attributes
    ----------
    file
        The extract, relative to the district folder.
    parts, asked
        How many parts it is made of, and how many requests that took.
    retrieved
        When the oldest of its parts was fetched.
    told
        What was made and what to know of it, one line each.
    """

    file: str
    parts: int
    asked: int
    retrieved: dt.date
    told: tuple[str, ...]


def fetch(
    folder: Path,
    *,
    place: str | None = None,
    boundary: Path | None = None,
    offline: bool = False,
    progress: Callable[[str], None] = lambda _: None,
    sleep: Callable[[float], None] = time.sleep,
) -> Fetched:
    """Fetch streets, dwellings, facilities, walls and crossings of a district and its margin.

    In a district folder only the extract is replaced (and the day on which it was retrieved, in the declarations that read it);
    any other folder becomes a district folder. What broke off goes on where it was when it is called again.

    Parameters
    ----------
    folder
        The district folder, or the one to make: then it holds nothing but `fetch.toml`, if that.
    place
        For a new folder: the name of its administrative area, or its relation as ``r123``.
    boundary
        For a new folder: a file with its outline instead.
    offline
        Whether only answers that were kept are used.
    progress
        Is told what is under way.
    sleep
        Waits so many seconds.

    Raises
    ------
    MissingError
        If there is no such place or file, or the district has no boundary.
    OnlineError
        If a part cannot be had; what was there before is as it was, and what was fetched is kept.
    QypGeoError
        If the settings or the boundary cannot be used, or the folder holds something else.
    """
    if not folder.exists() and place is None and boundary is None:
        raise _what_is_it(folder)
    _make_folder(folder)
    with locked(folder, "qyp fetch"):
        for own in (_CACHE.parent, _CACHE):
            require_own(folder / own)
            _make_folder(folder / own)
        _move_in(folder)
        settings = read_settings(folder)
        task = _Task(
            folder, settings, Client(settings, folder / _CACHE, offline=offline, sleep=sleep, told=progress), progress
        )
        if (folder / DISTRICT_FILE).is_file():
            if place is not None or boundary is not None:
                raise QypGeoError(
                    f"{folder} is a district folder with a boundary of its own: --place and --boundary are for a new folder"
                )
            return task.renew()
        return task.start(place, boundary)


class _Task:
    def __init__(self, folder: Path, settings: Fetching, client: Client, progress: Callable[[str], None]) -> None:
        self.folder, self.settings, self.client, self.progress = folder, settings, client, progress
        self.parts = 0
        self.as_of: dt.date | None = None

    def start(self, place: str | None, boundary: Path | None) -> Fetched:
        """Make a district folder."""
        holds = sorted(
            path.name for path in self.folder.iterdir() if not path.name.startswith(".") and path.name != SETTINGS_FILE
        )
        if holds:
            raise QypGeoError(
                f"{self.folder} is no district folder and holds {holds[0]}: nothing in it is overwritten. "
                "Choose another name"
            )
        name = self.folder.resolve().name
        if boundary is not None and place is None:
            title, outline = name, _outline_of(boundary)
        elif place is not None and boundary is None:
            self.progress(f"OpenStreetMap, {place}")
            found = find_place(self.client, self.settings.nominatim, place)
            title, outline = found.name, found.outline
        else:
            raise _what_is_it(self.folder)
        with replaced_whole(self.folder / _CACHE, "ready") as ready:
            extract = ready / Path(_EXTRACT).name
            self._fetch(_with_margin(outline, MARGIN_M), wanted_objects(), extract)
            retrieved = self._retrieved()
            self.progress("declarations")
            told = new_around(
                ready / "new",
                extract,
                name=name,
                title=title,
                boundary=outline,
                boundary_file=boundary.name if boundary is not None else None,
                retrieved=retrieved,
                as_of=self.as_of,
            )
            extract.unlink()
        _move_in(self.folder)
        return self._told(f"layers/{_EXTRACT}", told)

    def renew(self) -> Fetched:
        """Replace the extract of a district folder."""
        district, layers = _declared(self.folder)
        reading = {ref: layer for ref, layer in layers.items() if layer.source.path.lower().endswith(EXTRACTS)}
        files = sorted({layer.source.path for layer in reading.values()})
        if len(files) > 1:
            raise QypGeoError(
                f"the layers of {self.folder} read several extracts ({', '.join(files)}): have all of them read one, which "
                "is then replaced"
            )
        path = files[0] if files else _EXTRACT
        target = self.folder / "layers" / path
        if not target.resolve().is_relative_to(self.folder.resolve()):
            raise QypGeoError(f"layers/{path} leads out of the district folder, and is not replaced")
        area = _area_of(self.folder, district, layers)
        selectors = wanted_objects(layer.source.tags for layer in reading.values() if layer.source.tags)
        with replaced_whole(self.folder / _CACHE, "extract") as staged:
            extract = staged / target.name
            self._fetch(area, selectors, extract)
            if not len(read_extract(extract, crs=district.crs).streets()):
                raise QypGeoError(
                    f"{self.settings.overpass} knows no streets here: layers/{path} is left as it is. Check the boundary"
                )
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            (self.folder / _CACHE / "extract" / target.name).replace(target)
            told = [*_date(self.folder, reading, self._retrieved(), self.as_of)]
        except OSError as error:
            raise QypGeoError(
                f"layers/{path} could not be replaced: {error.strerror}. Give the folder write permission, close what has "
                "the file open, and fetch again"
            ) from error
        if not reading:
            told.append(f'no layer reads it yet: declare one with path = "{path}" and datum = "wgs84"')
        return self._told(f"layers/{path}", told)

    def _fetch(self, area: BaseGeometry, selectors: list[Selector], target: Path) -> None:
        answers = fetch_parts(
            self.client,
            self.settings.overpass,
            area,
            selectors,
            part_deg=self.settings.part_deg,
            progress=self.progress,
        )
        self.parts = len(answers)
        suffix = max((end for end in EXTRACTS if target.name.lower().endswith(end)), key=len)
        write_extract(answers, target, suffix=suffix)
        day = day_of(answers.values())
        self.as_of = day if day is not None and day <= self._retrieved() else None  # else a clock is wrong

    def _retrieved(self) -> dt.date:
        assert self.client.oldest is not None  # noqa: S101  (an area has a part, and a part an answer)
        return self.client.oldest.date()

    def _told(self, file: str, told: list[str]) -> Fetched:
        retrieved = self._retrieved()
        first = f"{file}: {self.parts} parts of {self.settings.overpass}, {retrieved.isoformat()}, ODbL 1.0"
        if self.client.asked and not self.settings.contact:
            told = [*told, _NO_CONTACT]
        return Fetched(file, self.parts, self.client.asked, retrieved, (first, *told))


def _what_is_it(folder: Path) -> QypGeoError:
    return QypGeoError(
        f"{folder} is no district folder yet: give its place (--place) or a file with its boundary (--boundary)"
    )


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise QypGeoError(f"{folder} cannot be made: {error.strerror}. Choose another name or place") from error


def _move_in(folder: Path) -> None:
    """Move what was made for a new folder to its place; where a kill came between, the next call does the rest.

    Layers come last: with them it is a district folder.
    """
    made = folder / _CACHE / "ready" / "new"
    if not made.is_dir():
        return
    try:
        for path in sorted(made.iterdir(), key=lambda path: (path.name == "layers", path.name)):
            path.rename(folder / path.name)
        made.rmdir()
        made.parent.rmdir()
    except OSError as error:
        raise QypGeoError(
            f"{folder} could not be filled: {error.strerror}. Give the folder write permission, take out what stands in the "
            "way, and fetch again"
        ) from error


def read_settings(folder: Path) -> Fetching:
    """Return what the folder's `fetch.toml` says, or the usual where there is none.

    Raises
    ------
    DeclarationError
        With every problem of the file.
    """
    path = folder / SETTINGS_FILE
    if not path.exists():
        return Fetching()
    content, problems = read_toml(path, SETTINGS_FILE)
    settings, found = make_record(Fetching, content or {}, SETTINGS_FILE)
    if settings is None or problems or found:
        raise DeclarationError(f"{path} cannot be used", [*problems, *found])
    return settings


def _outline_of(path: Path) -> BaseGeometry:
    """The polygons of a file, as one, in degrees."""
    if not path.is_file():
        raise MissingError(f"{path} does not exist")
    if not path.name.lower().endswith(_OUTLINES):
        raise QypGeoError(f"{path.name} cannot be read as a boundary: give one of {', '.join(_OUTLINES)}")
    try:
        frame = gpd.read_file(path)
    except (pyogrio.errors.DataSourceError, pyogrio.errors.DataLayerError, ValueError) as error:
        raise QypGeoError(f"{path.name} cannot be read as a boundary: {error}") from error
    if not isinstance(frame, gpd.GeoDataFrame) or frame.crs is None:
        raise QypGeoError(f"{path.name} does not say its coordinate reference system: save it as GeoJSON in WGS 84")
    shapes = frame.to_crs(DISPLAY_CRS).geometry.to_numpy()
    polygons = shapes[shapely.get_dimensions(shapes) == 2]
    outline = shapely.union_all(shapely.make_valid(polygons, method="structure", keep_collapsed=False))
    if outline.is_empty:
        raise QypGeoError(f"{path.name} holds no polygon that could be the district")
    return outline


def _with_margin(outline: BaseGeometry, margin_m: float) -> BaseGeometry:
    middle = outline.centroid
    frame = gpd.GeoDataFrame(geometry=[outline])
    there = to_analysis(frame, datum="wgs84", crs=choose_crs(middle.x, middle.y))
    return to_display(there.set_geometry(there.buffer(margin_m))).geometry.iloc[0]


def _declared(folder: Path) -> tuple[District, dict[str, Layer]]:
    """The district and its layers, as far as they can stand: the extract that they read may not be there yet."""
    content, problems = read_toml(folder / DISTRICT_FILE, DISTRICT_FILE)
    district, found = make_record(District, content or {}, DISTRICT_FILE)
    if district is None or problems or found:
        raise DeclarationError(f"The district of {folder} cannot be used", problems or found)
    layers: dict[str, Layer] = {}
    for path in sorted((folder / "layers").glob("*.toml")):
        content, _ = read_toml(path, path.name)
        layer, _ = make_record(Layer, content or {}, path.name) if path != folder / DISTRICT_FILE else (None, [])
        if layer is not None:
            layers[f"layers/{path.stem}"] = layer
    return district, layers


def _area_of(folder: Path, district: District, layers: Mapping[str, Layer]) -> BaseGeometry:
    """The district with its margin, in degrees."""
    boundary = layers.get(district.boundary)
    if boundary is None:
        raise MissingError(
            f'{district.boundary}.toml, the boundary of {folder}, cannot be read: see "qyp check {folder}"'
        )
    read, problems = read_layers({district.boundary: boundary}, folder=folder, district=district)
    if district.boundary not in read:
        raise DataError(f"The boundary of {folder} cannot be read", problems)
    frame = read[district.boundary].frame
    area = shapely.union_all(frame.geometry.to_numpy()).buffer(district.margin_m)
    return to_display(gpd.GeoDataFrame(geometry=[area], crs=frame.crs)).geometry.iloc[0]


def _date(folder: Path, reading: Mapping[str, Layer], retrieved: dt.date, as_of: dt.date | None) -> list[str]:
    """Write the days of the extract into the declarations that read it."""
    days = f"retrieved = {retrieved.isoformat()}" + (f", as_of = {as_of.isoformat()}" if as_of else "")
    for reference in reading:
        path = folder / f"{reference}.toml"
        text = path.read_bytes().decode("utf-8-sig")
        if not _RETRIEVED.search(text):
            return [f"{reference}.toml: write {days} below [provenance]"]
        half = path.with_name(f".{path.name}.new")
        half.unlink(missing_ok=True)
        with half.open("xb") as file:  # never through a link that stood there
            file.write(_dated(text, retrieved, as_of).encode())
        half.replace(path)
    told = [f"{days} in {len(reading)} declarations that read it"] if reading else []
    return told if as_of else [*told, "the service does not say as of when its data is: check as_of"]


def _dated(text: str, retrieved: dt.date, as_of: dt.date | None) -> str:
    """Return a declaration with the days of its data, as_of on a line of its own below the other where it has none yet."""
    day = as_of.isoformat() if as_of else ""
    own_line = f"as_of = {day}" if day and not _AS_OF.search(text) else ""

    def with_days(found: re.Match[str]) -> str:
        end = found[4] or "\n"
        return f"{found[1]}{retrieved.isoformat()}{found[3]}{end}" + (f"{own_line}{end}" if own_line else "")

    text = _RETRIEVED.sub(with_days, text, count=1)
    return _AS_OF.sub(rf"\g<1>{day}", text, count=1) if day else text
