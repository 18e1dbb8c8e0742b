"""A small made-up district: records, layers and results as the map meets them, with any text in its text fields.

Buildings stand 100 m apart in rows between streets, so that a walk can be counted off: `walk_m` is the way along the streets
to the one toilet or school that serves the column.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from typing import Any, Final

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from qyp_geo.declarations import Analysis, District, Layer, Map, Overlay, Provenance, Source
from qyp_geo.frames import LayerData, Result

CRS: Final = "EPSG:4548"
EAST: Final = 394_000.0
NORTH: Final = 3_167_000.0
REQUIREMENTS: Final = (
    ("t5.toilet", "public_toilet", "公共厕所", "5", 300.0, False),
    ("t10.school", "primary_school", "小学", "10", 500.0, True),
    ("t15.centre", "neighbourhood_centre", "邻里中心", "15", 1000.0, False),
)

HOSTILE: Final = (
    "{{7*7}}",
    "{{cycler.__init__.__globals__.os.getpid()}}",
    "{% raw %}{% include 'x' %}",
    "{#",
    "<img src=x onerror=\"document.title='owned'\">",
    "<svg/onload=alert(1)>",
    "</script><script>document.title='owned'</script>",
    "<!-- <script>",
    "]]>",
    "`;document.title='owned';`",
    "${document.title='owned'}",
    "\u2019 \\2019 \\u2019",
    "javascript:document.title='owned'",
    "\"' onclick='x' \"",
    "first\nsecond\r\n\ttab",
    "&lt;b&gt; &amp;",
    "</style><style>*{display:none}",
    "__proto__",
    "constructor",
    "=HYPERLINK(1)",
    "\u202e右至左 \u0000 \U0001f3e0",
)

Texts = Callable[[str], str]
"""Makes the text of a field from what it would be in a harmless district."""

Parts = tuple[Map, District, dict[str, LayerData], dict[str, Result]]


def make_district(*, side: int = 6, texts: Texts = str) -> Parts:
    """Return map, district, layers and results with `side` × `side` buildings."""
    homes = _homes(side, texts)
    toilets = _points("public_toilet", [(1, 0), (4, 3)], ["东厕", "西厕"], texts)
    centres = _points("neighbourhood_centre", [(2, 2)], ["洪都邻里中心"], texts)
    schools = _schools(texts)
    zones = _areas(["一核", "一带"], side, texts, kind="zones")
    units = _areas(["京山街道", "岱山街道"], side, texts, kind="units")
    community = units.iloc[[0]].rename(index={"U1": "U3"}).assign(name=texts("京山社区"))
    community.geometry = community.buffer(-10.0, join_style="mitre")
    units = gpd.GeoDataFrame(pd.concat([units, community]))
    units["code"], units["level"], units["parent"] = ["U1", "U2", "U3"], ["街道", "街道", "社区"], ["", "", "U1"]
    layers = {
        "layers/boundary": _layer("区界", "boundary", "polygon", _areas(["青云谱区"], side, texts, "boundary"), texts),
        "layers/streets": _layer("道路", "streets", "line", _streets(side, texts), texts),
        "layers/water": _layer("水系", "water", "polygon", _water(side, texts), texts),
        "layers/toilets": _layer("公共厕所", "public_toilet", "point", toilets, texts),
        "layers/schools": _layer("小学", "primary_school", "polygon", schools, texts),
        "layers/centres": _layer("邻里中心", "neighbourhood_centre", "point", centres, texts),
        "layers/zones": _layer("片区", "zones", "polygon", zones, texts),
        "layers/units": _layer("街道", "units", "polygon", units, texts),
        "layers/residents": _layer("住宅", "residents", "polygon", homes, texts),
    }
    coverage = _coverage(homes, toilets, schools, texts)
    results = {
        "analyses/coverage": coverage,
        "analyses/gaps": _gaps(coverage, texts),
        "analyses/zones": _zones(zones, texts),
    }
    district = District(
        name="qingyunpu", title=texts("青云谱区"), crs=CRS, boundary="layers/boundary", note=texts("示意数据")
    )
    return _map(texts), district, layers, results


def add_layer(
    record: Map, layers: dict[str, LayerData], ref: str, kind_and_frame: tuple[str, gpd.GeoDataFrame], texts: Texts
) -> Map:
    """Add a layer to the district and return the map with an overlay for it."""
    kind, frame = kind_and_frame
    name = ref.removeprefix("layers/")
    layers[ref] = _layer(name, kind, "mixed", frame, texts)
    return record.model_copy(update={"overlay": [*record.overlay, Overlay(of=ref, label=texts(name))]})


def _map(texts: Texts) -> Map:
    shown = (
        "layers/boundary layers/water layers/streets layers/units analyses/zones analyses/coverage analyses/gaps "
        "layers/schools layers/centres"
    )
    return Map(
        title=texts("青云谱区十五分钟生活圈"),
        audience="planners",
        overlay=[
            *(Overlay(of=of, label=texts(of.split("/")[1]), visible=of != "layers/units") for of in shown.split()),
            Overlay(
                of="layers/toilets", label=texts("公共厕所"), popup={"name": "名称", "open_hours": texts("开放时间")}
            ),
        ],
    )


def _layer(title: str, kind: str, geometry: Any, frame: gpd.GeoDataFrame, texts: Texts) -> LayerData:
    provenance = Provenance(
        publisher=texts("示意"),
        retrieved=date(2026, 1, 15),
        as_of=date(2025, 12, 31),
        licence=texts("ODbL 1.0"),
        note=texts("无"),
    )
    source = Source(path="data/x.geojson", datum="wgs84")
    record = Layer(title=texts(title), kind=kind, geometry=geometry, source=source, provenance=provenance)
    return LayerData(record, frame, notes=(texts(f"{title}的口径"),))


def frame_of(kind: str, ids: list[str], columns: Mapping[str, Any], geometry: Any) -> gpd.GeoDataFrame:
    """Make a frame of features."""
    index = pd.Index(ids, name="id", dtype="str")
    return gpd.GeoDataFrame({**columns, "kind": kind}, index=index, geometry=geometry, crs=CRS)


def _homes(side: int, texts: Texts) -> gpd.GeoDataFrame:
    column, row = (grid.ravel() for grid in np.meshgrid(np.arange(side), np.arange(side)))
    west, south = EAST + 100.0 * column, NORTH + 100.0 * row
    ids = [f"R{n:05d}" for n in range(side * side)]
    columns = {
        "name": [texts(f"{r}排{c}号楼") for c, r in zip(column, row, strict=True)],
        "people": 10.0 * (1 + (column + row) % 9),
        "inside": True,
        "estimated": column % 2 == 0,
    }
    return frame_of("residents", ids, columns, shapely.box(west + 20, south + 20, west + 80, south + 60))


def _points(kind: str, at: list[tuple[int, int]], names: list[str], texts: Texts) -> gpd.GeoDataFrame:
    geometry = [shapely.Point(EAST + 100.0 * x, NORTH + 100.0 * y) for x, y in at]
    columns = {
        "name": [texts(name) for name in names],
        "open_hours": texts("0–24"),
        "capacity": [12.0] + [np.nan] * (len(at) - 1),
    }
    columns["status"] = ["existing"] + ["planned"] * (len(at) - 1)
    return frame_of(kind, [f"{kind}-{n}" for n in range(len(at))], columns, geometry)


def _schools(texts: Texts) -> gpd.GeoDataFrame:
    yard = shapely.box(EAST + 380, NORTH + 80, EAST + 450, NORTH + 150)
    court = shapely.box(EAST + 400, NORTH + 100, EAST + 420, NORTH + 120)
    return frame_of("primary_school", ["S1"], {"name": texts("京山学校"), "capacity": 1080.0}, [yard.difference(court)])


def _areas(names: list[str], side: int, texts: Texts, kind: str) -> gpd.GeoDataFrame:
    width = 100.0 * side / len(names)
    geometry = [
        shapely.box(EAST + n * width, NORTH, EAST + (n + 1) * width, NORTH + 100.0 * side) for n in range(len(names))
    ]
    return frame_of(
        kind, [f"{kind[0].upper()}{n + 1}" for n in range(len(names))], {"name": [texts(n) for n in names]}, geometry
    )


def _streets(side: int, texts: Texts) -> gpd.GeoDataFrame:
    end = 100.0 * side
    across = [shapely.LineString([(EAST, NORTH + 100 * n), (EAST + end, NORTH + 100 * n)]) for n in range(side + 1)]
    along = [shapely.LineString([(EAST + 100 * n, NORTH), (EAST + 100 * n, NORTH + end)]) for n in range(side + 1)]
    ids = [f"W{n}" for n in range(len(across) + len(along))]
    columns = {
        "name": [texts(f"{n}号路") for n in range(len(ids))],
        "street_class": ["primary"] + ["residential"] * (len(ids) - 2) + ["footway"],
        "walkable": [True] * (len(ids) - 1) + [False],
        "status": "existing",
    }
    return frame_of("streets", ids, columns, across + along)


def _water(side: int, texts: Texts) -> gpd.GeoDataFrame:
    lake = shapely.Point(EAST - 80.0, NORTH + 50.0 * side).buffer(60.0)
    return frame_of("water", ["象湖"], {"name": texts("象湖")}, [lake.difference(lake.centroid.buffer(15.0))])


def _coverage(homes: gpd.GeoDataFrame, toilets: gpd.GeoDataFrame, schools: gpd.GeoDataFrame, texts: Texts) -> Result:
    units = gpd.GeoDataFrame(homes[["name", "people", "estimated", "geometry"]])
    middle: Any = homes.geometry.centroid
    walks = []
    names = {"public_toilet": toilets.name.iloc[0], "primary_school": schools.name.iloc[0]}
    for requirement, kind, _, _, limit_m, _ in REQUIREMENTS:
        places = {"public_toilet": toilets.geometry, "primary_school": schools.geometry.centroid}
        place = places.get(kind)
        away = np.full(len(homes), np.nan)
        if place is not None:
            away = (np.abs(middle.x - place.x.iloc[0]) + np.abs(middle.y - place.y.iloc[0])).to_numpy().round(3)
        covered = away <= limit_m
        verdict = np.where(covered, "达标", "未达标") if place is not None else np.full(len(homes), "无数据")
        walks.append(
            pd.DataFrame(
                {
                    "unit": homes.index,
                    "requirement": requirement,
                    "kind": kind,
                    "facility": {"public_toilet": toilets.index[0], "primary_school": "S1"}.get(kind, ""),
                    "facility_name": names.get(kind, ""),
                    "walk_m": away,
                    "limit_m": limit_m,
                    "covered": covered,
                    "verdict": verdict,
                }
            )
        )
    by_unit = pd.concat(walks, ignore_index=True)
    reached = by_unit.groupby("unit")["covered"].sum().reindex(units.index)
    units["off_m"], units["too_far"] = 20.0, False
    units["township"], units["community"], units["zones"] = texts("京山街道"), texts("京山社区"), texts("一核")
    units["n_required"], units["n_reached"], units["n_no_data"] = 3, reached, 1
    units["share_reached"] = reached / 2
    requirements = pd.DataFrame(REQUIREMENTS, columns=["id", "kind", "title", "circle", "limit_m", "verified"])
    requirements["title"] = [texts(title) for title in requirements["title"]]
    requirements["strength"], requirements["effect"] = texts("不应大于"), "fail"
    requirements["clause"], requirements["source"] = (
        texts("表C.0.1"),
        [texts(f"GB 50180-2018{mark}") for mark in ("（未核）", "", "（未核）")],
    )
    parts = {"by_unit": by_unit, "units": units, "requirements": requirements}
    table = _coverage_table(by_unit, units, texts)
    record = Analysis(kind="coverage", title=texts("覆盖"))
    return Result(record, table, parts, notes=(texts("人口为估算"),))


def _coverage_table(by_unit: pd.DataFrame, units: gpd.GeoDataFrame, texts: Texts) -> pd.DataFrame:
    people = units["people"].reindex(by_unit["unit"]).to_numpy()
    rows = []
    for level, area, name in [
        ("district", "district", "青云谱区"),
        ("zone", "Z1", "一核"),
        ("township", "U1", "京山街道"),
    ]:
        for requirement, kind, title, circle, limit_m, _ in REQUIREMENTS:
            asked = (by_unit["requirement"] == requirement).to_numpy()
            covered = float((people * by_unit["covered"].to_numpy())[asked].sum())
            total = float(people[asked].sum())
            known = kind != "neighbourhood_centre"
            rows.append(
                {
                    "level": level,
                    "area": area,
                    "area_name": texts(name),
                    "requirement": requirement,
                    "kind": kind,
                    "title": texts(title),
                    "circle": circle,
                    "limit_m": limit_m,
                    "people_covered": covered if known else np.nan,
                    "people_total": total,
                    "people_share": covered / total if known else np.nan,
                    "verdict": "未达标" if known else "无数据",
                    "effect": "fail",
                }
            )
    return pd.DataFrame(rows)


def _gaps(coverage: Result, texts: Texts) -> Result:
    by_unit, units = coverage.parts["by_unit"], coverage.parts["units"]
    toilet = by_unit[(by_unit["requirement"] == "t5.toilet") & ~by_unit["covered"]]
    inside = units.loc[toilet["unit"]]
    hull = inside.geometry.union_all().convex_hull.buffer(10.0)
    columns = {
        "rank": 1,
        "people": inside["people"].sum(),
        "units": len(inside),
        "zone": texts("一带"),
        "township": texts("岱山街道"),
        "community": texts("岱山社区"),
        "missing": "public_toilet",
        "missing_title": texts("公共厕所"),
        "requirement": "t5.toilet",
        "limit_m": 300.0,
        "median_excess_m": 120.4,
        "nearest_facility": "public_toilet-0",
        "nearest_name": by_unit["facility_name"].iloc[0],
        "nearest_walk_m": 320.0,
    }
    table = frame_of("gaps", ["G001"], columns, [hull]).iloc[: len(toilet)]
    parts = {"units": pd.DataFrame({"gap": "G001", "unit": toilet["unit"].to_numpy()})}
    return Result(Analysis(kind="gaps", title=texts("缺口")), table, parts)


def _zones(zones: gpd.GeoDataFrame, texts: Texts) -> Result:
    table = zones.assign(
        area_km2=zones.area / 1e6,
        people=900.0,
        overlaps=texts("一带"),
        share_reached=0.5,
        n_public_toilet=1,
        n_primary_school=1,
    )
    checks = pd.DataFrame(
        {
            "check": [texts("走廊长度")],
            "says": [texts("绵延五公里的商业走廊")],
            "source": [texts("纲要 L69")],
            "test": ["length_m"],
            "unit": ["m"],
            "expected": [5000.0],
            "measured": [4900.0],
            "holds": [True],
            "note": [texts("±10%")],
        }
    )
    return Result(Analysis(kind="zones", title=texts("片区")), gpd.GeoDataFrame(table), {"checks": checks})
