"""Start a district folder: a copy of the district carried inside, or one made from an OpenStreetMap extract."""

from __future__ import annotations

import datetime as dt
import json
import shutil
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import geopandas as gpd
import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from qyp_geo import standards
from qyp_geo.crs import choose_crs, to_analysis, to_display
from qyp_geo.declarations import Walk
from qyp_geo.errors import MissingError, QypGeoError
from qyp_geo.layers.extracts import are_walled, usual
from qyp_geo.layers.kinds import STRUCTURES
from qyp_geo.layers.osm import EXTRACTS, Extract, having, read_extract, street_tags

_FOLDERS: Final = ("layers", "analyses", "maps")
MARGIN_M: Final = 1000.0
_M2_PER_PERSON: Final = 35
_LEVELS: Final = 6
_NAMES: Final = ("name", "name:zh", "name:en", "official_name", "alt_name")
_WALLS: Final = ("estates", "barriers", "crossings")  # what coverage reads beside streets, where the extract holds it
_CROSSINGS_PER_KM: Final = 2.0  # of two-sided street; fewer, and it is the mapping that is sparse, not the crossings
_AT_STREET_M: Final = 15.0
_STRUCTURAL: Final = {
    "water": ("水系", "mixed"),
    "gates": ("出入口", "point"),
    "estates": ("封闭小区", "polygon"),
    "barriers": ("围墙、水系、铁路", "mixed"),
    "crossings": ("过街设施", "point"),
}
_SHOWN_AT_FIRST: Final = frozenset({"public_toilet", "neighbourhood_centre", "primary_school", "kindergarten", "park"})


def district_inside() -> Path:
    """Return the folder of the district carried inside: in the wheel, else the top level of the checkout.

    Raises
    ------
    MissingError
        If there is neither.
    """
    here = Path(__file__).parent
    for folder in (here / "_district", here.parent):
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
    title, boundary = (name, shapely.box(*extract.extent)) if place is None else _find_place(extract, place)
    retrieved = dt.datetime.fromtimestamp(osm.stat().st_mtime, tz=dt.UTC).date()
    return _write(folder, osm, suffix, extract, name=name, title=title, boundary=boundary, retrieved=retrieved)


def new_around(
    folder: Path, osm: Path, *, name: str, title: str, boundary: BaseGeometry, retrieved: dt.date
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
    retrieved
        When the extract was fetched.

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
    return _write(folder, osm, suffix, extract, name=name, title=title, boundary=boundary, retrieved=retrieved)


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
) -> list[str]:
    middle = boundary.centroid
    start = _Start(
        name=name,
        title=title,
        crs=choose_crs(middle.x, middle.y),
        boundary=boundary,
        path="data/extract" + suffix,
        retrieved=retrieved,
        counts=_count(extract, boundary),
        crossings_are_known=_crossings_are_known(extract),
    )
    for kind, what in (("streets", "streets"), ("residents", "residential buildings")):
        if not start.counts[kind]:
            raise QypGeoError(f"{osm.name} holds no {what} in {title}: a district needs them")
    if not start.facilities:
        raise QypGeoError(f"{osm.name} holds no facility of any known kind in {title}: there is nothing to reach")
    (folder / "layers" / "data").mkdir(parents=True)
    shutil.copyfile(osm, folder / "layers" / start.path)
    for file, text in start.files().items():
        path = folder / file
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8", newline="\n")
    return start.told()


@dataclass(frozen=True, slots=True)
class _Start:
    """All that a folder made from an extract says."""

    name: str
    title: str
    crs: str
    boundary: BaseGeometry
    path: str
    retrieved: dt.date
    counts: Mapping[str, int]
    crossings_are_known: bool
    """Whether enough of them are mapped for arterials to be crossed there alone."""

    @property
    def facilities(self) -> list[str]:
        """The kinds of facility that the extract holds here."""
        return [kind for kind in standards.kinds() if self.counts[kind]]

    def files(self) -> dict[str, str]:
        """Every declaration, by its path in the folder."""
        files = {
            "layers/district.toml": self._district(),
            "layers/data/boundary.geojson": self._boundary_data(),
            "layers/boundary.toml": self._layer(
                "区界", "boundary", "polygon", path="data/boundary.geojson", columns='name = "name"'
            ),
            "layers/streets.toml": self._layer("道路", "streets", "line", more=_WALK),
            "layers/residents.toml": self._layer("居住建筑", "residents", "polygon", more=_PEOPLE),
        }
        for kind, (title, geometry) in _STRUCTURAL.items():
            if self.counts[kind]:
                files[f"layers/{kind}.toml"] = self._layer(title, kind, geometry, head=self._gates(kind == "estates"))
        if self.counts["mask"]:
            files["layers/mask.toml"] = self._layer("不公开范围", "mask", "polygon")
        for kind in self.facilities:
            known = standards.kinds()[kind]
            files[f"layers/{kind}.toml"] = self._layer(known.name_zh, kind, "mixed", head=self._gates(known.walled))
        files["analyses/coverage.toml"] = self._coverage()
        files["analyses/gaps.toml"] = 'kind = "gaps"\ntitle = "服务缺口"\ncoverage = "analyses/coverage"\n'
        files["maps/planners.toml"] = self._map()
        files["maps/residents.toml"] = self._residents_map()
        return files

    def told(self) -> list[str]:
        """What was made, and what the extract lacks."""
        known = standards.kinds()
        found = [f"{known[kind].name_zh} {kind} {self.counts[kind]}" for kind in self.facilities]
        absent = [f"{known[kind].name_zh} {kind}" for kind in known if not self.counts[kind]]
        return [
            f"{self.title}, {self.crs}; {self.counts['streets']} streets, {self.counts['residents']} residential buildings",
            f"people are estimated: footprint × levels ÷ {_M2_PER_PERSON} m² per person, {_LEVELS} levels where none are "
            "tagged; see layers/residents.toml",
            f"facilities: {', '.join(found) or 'none'}",
            f"not in the extract, so without data: {', '.join(absent) or 'none'}",
            *(
                [f"cut out of the page for residents: military ground, mask {self.counts['mask']}"]
                if self.counts["mask"]
                else []
            ),
            "walls and ways: "
            + ", ".join(f"{_STRUCTURAL[kind][0]} {kind} {self.counts[kind]}" for kind in ("gates", *_WALLS))
            + (
                ""
                if self.crossings_are_known
                else "; too few crossings to rely on, so arterials are crossed at junctions"
            ),
        ]

    def _gates(self, walled: bool) -> str:
        return 'gates = "layers/gates"\n' if walled and self.counts["gates"] else ""

    def _district(self) -> str:
        return (
            f"name = {_quoted(self.name)}\ntitle = {_quoted(self.title)}\ncrs = {_quoted(self.crs)}\n"
            f'boundary = "layers/boundary"\nmargin_m = {MARGIN_M:g}\n'
            f'note = "数据 © OpenStreetMap contributors (ODbL),未经核实"\n'
        )

    def _boundary_data(self) -> str:
        feature = {
            "type": "Feature",
            "properties": {"name": self.title},
            "geometry": shapely.geometry.mapping(self.boundary),
        }
        return json.dumps({"type": "FeatureCollection", "features": [feature]}, ensure_ascii=False) + "\n"

    def _layer(
        self, title: str, kind: str, geometry: str, *, path: str = "", columns: str = "", head: str = "", more: str = ""
    ) -> str:
        return (
            f"title = {_quoted(title)}\nkind = {_quoted(kind)}\ngeometry = {_quoted(geometry)}\n{head}\n"
            f'[source]\npath = {_quoted(path or self.path)}\ndatum = "wgs84"\n\n'
            + (f"[columns]\n{columns}\n\n" if columns else "")
            + (f"{more}\n" if more else "")
            + f'[provenance]\npublisher = "OpenStreetMap contributors"\nretrieved = {self.retrieved.isoformat()}\n'
            f'licence = "ODbL 1.0"\ncompleteness = "POI"\nsecrecy = "公开"\nmay_redistribute = true\n'
        )

    def _coverage(self) -> str:
        layers = ", ".join(_quoted(f"layers/{kind}") for kind in self.facilities)
        walls = "".join(
            f'{kind} = "layers/{kind}"\n' if kind != "crossings" or self.crossings_are_known else _TOO_FEW_CROSSINGS
            for kind in _WALLS
            if self.counts[kind]
        )
        return (
            'kind = "coverage"\ntitle = "十五分钟生活圈覆盖"\ndemand = "layers/residents"\nnetwork = "layers/streets"\n'
            f'facilities = [{layers}]\nstandard = "gb50180-2018"\nareas = []\n{walls}'
        )

    def _map(self) -> str:
        overlays = [_overlay("layers/boundary", "区界")]
        for kind, (title, _) in _STRUCTURAL.items():
            if self.counts[kind]:
                overlays.append(_overlay(f"layers/{kind}", title, visible=kind not in {"gates", "crossings"}))
        overlays += [
            _overlay("layers/streets", "道路"),
            _overlay("analyses/coverage", "居民步行距离"),
            _overlay("analyses/gaps", "服务缺口"),
        ]
        for kind in self.facilities:
            overlays.append(
                _overlay(f"layers/{kind}", standards.kinds()[kind].name_zh, visible=kind in _SHOWN_AT_FIRST)
            )
        return f'title = {_quoted(f"{self.title} 十五分钟生活圈")}\naudience = "planners"\n' + "".join(overlays)

    def _residents_map(self) -> str:
        """Return the page that residents open; the district's line, as OpenStreetMap has it, is no official one."""
        ground = [
            _overlay(f"layers/{kind}", _STRUCTURAL[kind][0], visible=kind == "water")
            for kind in ("water", "estates")
            if self.counts[kind]
        ]
        facilities = [
            _overlay(f"layers/{kind}", standards.kinds()[kind].name_zh, visible=kind in _SHOWN_AT_FIRST)
            for kind in self.facilities
        ]
        return (
            f'title = {_quoted(f"我家的十五分钟生活圈:{self.title}")}\naudience = "residents"\n'
            'review_number = ""    # 审图号;没有审图号又没有免审依据的,只能作为草稿\npublisher = ""        # 制图单位\n'
            + _overlay("analyses/coverage", "住宅:步行可达的设施")
            + _overlay("layers/streets", "道路")
            + "".join(ground + facilities)
        )


_TOO_FEW_CROSSINGS: Final = (
    f'# crossings = "layers/crossings"    # 每公里干路不足 {_CROSSINGS_PER_KM:g} 处,暂不采用:干路按在路口穿越计\n'
)
_WALK: Final = """[walk]
private = "keep"    # 小区内部路多标 access=private,按可步行计
"""
_PEOPLE: Final = f"""[people]    # 自定口径:没有人口数据,按住宅建筑面积估算
m2_per_person = {_M2_PER_PERSON}
default_levels = {_LEVELS}
"""


def _overlay(of: str, label: str, *, visible: bool = True) -> str:
    return f"\n[[overlay]]\nof = {_quoted(of)}\nlabel = {_quoted(label)}\n" + ("" if visible else "visible = false\n")


def _quoted(text: str) -> str:
    """A TOML string: as in JSON, but for the one control character that JSON lets stand."""
    readable = text.encode("utf-8", errors="replace").decode("utf-8")
    return json.dumps(readable, ensure_ascii=False).replace("\x7f", "\\u007f")


def _require_empty(folder: Path) -> None:
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise QypGeoError(f"{folder} is there already, and nothing in it is overwritten: choose another name")


def _count(extract: Extract, boundary: BaseGeometry) -> dict[str, int]:
    """How many objects of each kind of layer lie in the district or its margin; streets, dwellings in the district itself."""
    inside = to_analysis(
        gpd.GeoDataFrame(geometry=[boundary]), datum="wgs84", crs=str(extract.objects.crs)
    ).geometry.iloc[0]
    near = inside.buffer(MARGIN_M)
    shapely.prepare([inside, near])

    def within(things: gpd.GeoDataFrame, area: BaseGeometry) -> int:
        return int(shapely.intersects(area, things.geometry.to_numpy()).sum())

    def usually(kind: str) -> gpd.GeoDataFrame:
        return extract.things(usual(kind), as_drawn=STRUCTURES[kind].as_drawn)[0]

    dwellings, estates, masked = usually("residents"), usually("estates"), usually("mask")
    counts = {
        "streets": within(extract.streets(), inside),
        "residents": within(dwellings[dwellings["form"] == "area"], inside),
        "estates": within(estates[are_walled(estates, extract)], near),
        "mask": within(masked[masked["form"] == "area"], near),
    }
    for kind in ("water", "gates", "barriers", "crossings"):
        counts[kind] = within(usually(kind), near)
    for kind in standards.kinds():
        counts[kind] = within(extract.things(kind)[0], near)
    return counts


def _crossings_are_known(extract: Extract) -> bool:
    """Whether the extract holds two crossings or more for each kilometre of two-sided street."""
    streets = extract.streets()
    tags = [street_tags(these) for these in streets["tags"]]
    arterial = [
        these["street_class"] in Walk().two_sided and these["oneway"] in {"", "no"} and these["status"] == "existing"
        for these in tags
    ]
    lines = streets.geometry.to_numpy()[np.array(arterial, dtype=bool)]
    crossings = extract.things(usual("crossings"))[0].geometry.to_numpy()
    at_street = np.unique(shapely.STRtree(crossings).query(lines, predicate="dwithin", distance=_AT_STREET_M)[1])
    return len(at_street) >= _CROSSINGS_PER_KM * float(shapely.length(lines).sum()) / 1000


def _find_place(extract: Extract, place: str) -> tuple[str, BaseGeometry]:
    """The name and outline, in degrees, of an administrative area."""
    areas, cut = extract.things(having({"boundary": ["administrative"], "name": ["*"]}))
    areas = areas[areas["form"] == "area"]
    called = [place in {label, *(tags.get(key) for key in _NAMES)} for label, tags in areas["tags"].items()]
    named = areas.loc[areas.index[called]]
    if len(named) == 1:
        outline = to_display(named.iloc[[0]]).geometry.iloc[0]
        return str(named["tags"].iloc[0]["name"]), outline
    if len(named) > 1:
        raise MissingError(f"{len(named)} areas are called {place}; give one by its number: {_list_areas(named)}")
    tags_of = extract.objects["tags"]
    cut_names = dict.fromkeys(str(tags_of[label]["name"]) for label in cut)
    only_part = f"; only in part: {', '.join(cut_names)}" if cut_names else ""
    raise MissingError(
        f"the extract holds no whole administrative area called {place}. "
        f"Whole in it: {_list_areas(areas) or 'none'}{only_part}. Without --place, all of the extract is the district"
    )


def _list_areas(areas: gpd.GeoDataFrame) -> str:
    described: Iterable[str] = (
        f"{tags['name']} ({label}, admin_level {tags.get('admin_level', '?')}, {area / 1e6:,.1f} km²)"
        for label, tags, area in zip(areas.index, areas["tags"], areas.area, strict=True)
    )
    return ", ".join(described)
