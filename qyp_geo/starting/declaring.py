"""The declarations of a district that is made from an OpenStreetMap extract, and what its maker is told."""

from __future__ import annotations

import datetime as dt
import json
from dataclasses import dataclass
from typing import Final

import shapely
from shapely.geometry.base import BaseGeometry

from qyp_geo import standards
from qyp_geo.starting.surveying import CROSSINGS_PER_KM, MARGIN_M, Survey

_M2_PER_PERSON: Final = 35
_LEVELS: Final = 6
_WALLS: Final = ("estates", "barriers", "crossings")  # what coverage reads beside streets, where the extract holds it
_STRUCTURAL: Final = {
    "water": ("水系", "mixed"),
    "gates": ("出入口", "point"),
    "estates": ("封闭小区", "polygon"),
    "barriers": ("围墙、水系、铁路", "mixed"),
    "crossings": ("过街设施", "point"),
}
_SHOWN_AT_FIRST: Final = frozenset({"public_toilet", "neighbourhood_centre", "primary_school", "kindergarten", "park"})
_TOO_FEW_CROSSINGS: Final = (
    f'# crossings = "layers/crossings"    # 每公里干路不足 {CROSSINGS_PER_KM:g} 处,暂不采用:干路按在路口穿越计\n'
)
_WALK: Final = """[walk]
private = "keep"    # 小区内部路多标 access=private,按可步行计
"""
_PEOPLE: Final = f"""[people]    # 自定口径:没有人口数据,按住宅建筑面积估算
m2_per_person = {_M2_PER_PERSON}
default_levels = {_LEVELS}
"""


@dataclass(frozen=True, slots=True)
class Start:
    """All that a folder made from an extract says."""

    name: str
    title: str
    crs: str
    boundary: BaseGeometry
    boundary_file: str | None
    path: str
    retrieved: dt.date
    as_of: dt.date | None
    found: Survey

    def files(self) -> dict[str, str]:
        """Every declaration, by its path in the folder."""
        files = {
            "layers/district.toml": self._district(),
            "layers/data/boundary.geojson": self._boundary_data(),
            "layers/boundary.toml": self._boundary(),
            "layers/streets.toml": self._layer("道路", "streets", "line", more=_WALK),
            "layers/residents.toml": self._layer("居住建筑", "residents", "polygon", more=_PEOPLE),
        }
        for kind, (title, geometry) in _STRUCTURAL.items():
            if self.found.counts[kind]:
                files[f"layers/{kind}.toml"] = self._layer(title, kind, geometry, head=self._gates(kind == "estates"))
        if self.found.counts["mask"]:
            files["layers/mask.toml"] = self._layer("不公开范围", "mask", "polygon")
        for kind in self.found.facilities:
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
        found = [f"{known[kind].name_zh} {kind} {self.found.counts[kind]}" for kind in self.found.facilities]
        absent = [f"{known[kind].name_zh} {kind}" for kind in known if not self.found.counts[kind]]
        return [
            f"{self.title}, {self.crs}; {self.found.counts['streets']} streets, "
            f"{self.found.counts['residents']} residential buildings",
            f"people are estimated: footprint × levels ÷ {_M2_PER_PERSON} m² per person, {_LEVELS} levels where none are "
            "tagged; see layers/residents.toml",
            f"facilities: {', '.join(found) or 'none'}",
            f"not in the extract, so without data: {', '.join(absent) or 'none'}",
            *(
                [f"cut out of the page for residents: military ground, mask {self.found.counts['mask']}"]
                if self.found.counts["mask"]
                else []
            ),
            *(
                [
                    f"layers/boundary.toml: {self.boundary_file} does not say who publishes it, under which licence, and "
                    "whether it is secret. Write it there: until then it is not published"
                ]
                if self.boundary_file
                else []
            ),
            "walls and ways: "
            + ", ".join(f"{_STRUCTURAL[kind][0]} {kind} {self.found.counts[kind]}" for kind in ("gates", *_WALLS))
            + (
                ""
                if self.found.crossings_are_known
                else "; too few crossings to rely on, so arterials are crossed at junctions"
            ),
        ]

    def _gates(self, walled: bool) -> str:
        return 'gates = "layers/gates"\n' if walled and self.found.counts["gates"] else ""

    def _district(self) -> str:
        return (
            f"name = {quoted(self.name)}\ntitle = {quoted(self.title)}\ncrs = {quoted(self.crs)}\n"
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

    def _boundary(self) -> str:
        provenance = (
            f"publisher = {quoted(self.boundary_file)}    # 请写明发布单位\nretrieved = {self.retrieved.isoformat()}\n"
            'licence = "未声明"    # 请写明许可;可公开的再写 secrecy = "公开"\n'
            if self.boundary_file
            else self._of_osm()
        )
        return (
            'title = "区界"\nkind = "boundary"\ngeometry = "polygon"\n\n'
            '[source]\npath = "data/boundary.geojson"\ndatum = "wgs84"\n\n'
            f'[columns]\nname = "name"\n\n[provenance]\n{provenance}'
        )

    def _layer(self, title: str, kind: str, geometry: str, *, head: str = "", more: str = "") -> str:
        as_of = f"as_of = {self.as_of.isoformat()}\n" if self.as_of else ""
        return (
            f"title = {quoted(title)}\nkind = {quoted(kind)}\ngeometry = {quoted(geometry)}\n{head}\n"
            f'[source]\npath = {quoted(self.path)}\ndatum = "wgs84"\n\n'
            + (f"{more}\n" if more else "")
            + f"[provenance]\n{self._of_osm()}{as_of}"
        )

    def _of_osm(self) -> str:
        return (
            f'publisher = "OpenStreetMap contributors"\nretrieved = {self.retrieved.isoformat()}\n'
            'licence = "ODbL 1.0"\ncompleteness = "POI"\nsecrecy = "公开"\nmay_redistribute = true\n'
        )

    def _coverage(self) -> str:
        layers = ", ".join(quoted(f"layers/{kind}") for kind in self.found.facilities)
        walls = "".join(
            f'{kind} = "layers/{kind}"\n'
            if kind != "crossings" or self.found.crossings_are_known
            else _TOO_FEW_CROSSINGS
            for kind in _WALLS
            if self.found.counts[kind]
        )
        return (
            'kind = "coverage"\ntitle = "十五分钟生活圈覆盖"\ndemand = "layers/residents"\nnetwork = "layers/streets"\n'
            f'facilities = [{layers}]\nstandard = "gb50180-2018"\nareas = []\n{walls}'
        )

    def _map(self) -> str:
        overlays = [_overlay("layers/boundary", "区界")]
        for kind, (title, _) in _STRUCTURAL.items():
            if self.found.counts[kind]:
                overlays.append(_overlay(f"layers/{kind}", title, visible=kind not in {"gates", "crossings"}))
        overlays += [
            _overlay("layers/streets", "道路"),
            _overlay("analyses/coverage", "居民步行距离"),
            _overlay("analyses/gaps", "服务缺口"),
        ]
        for kind in self.found.facilities:
            overlays.append(
                _overlay(f"layers/{kind}", standards.kinds()[kind].name_zh, visible=kind in _SHOWN_AT_FIRST)
            )
        return f'title = {quoted(f"{self.title} 十五分钟生活圈")}\naudience = "planners"\n' + "".join(overlays)

    def _residents_map(self) -> str:
        """Return the page that residents open; the district's line, as OpenStreetMap has it, is no official one."""
        ground = [
            _overlay(f"layers/{kind}", _STRUCTURAL[kind][0], visible=kind == "water")
            for kind in ("water", "estates")
            if self.found.counts[kind]
        ]
        facilities = [
            _overlay(f"layers/{kind}", standards.kinds()[kind].name_zh, visible=kind in _SHOWN_AT_FIRST)
            for kind in self.found.facilities
        ]
        return (
            f'title = {quoted(f"我家的十五分钟生活圈:{self.title}")}\naudience = "residents"\n'
            'review_number = ""    # 审图号;没有审图号又没有免审依据的,只能作为草稿\npublisher = ""        # 制图单位\n'
            + _overlay("analyses/coverage", "住宅:步行可达的设施")
            + _overlay("layers/streets", "道路")
            + "".join(ground + facilities)
        )


def _overlay(of: str, label: str, *, visible: bool = True) -> str:
    return f"\n[[overlay]]\nof = {quoted(of)}\nlabel = {quoted(label)}\n" + ("" if visible else "visible = false\n")


def quoted(text: str) -> str:
    """Return text as a TOML string: as in JSON, but for the one control character that JSON lets stand."""
    readable = text.encode("utf-8", errors="replace").decode("utf-8")
    return json.dumps(readable, ensure_ascii=False).replace("\x7f", "\\u007f")
