"""Schools and kindergartens with their seats and gates, those to come among them, and the areas that they are to serve."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from shapely import Point, Polygon, box
from shapely.geometry.base import BaseGeometry

from qyp_geo.sample import ground
from qyp_geo.sample.estates import Built
from qyp_geo.sample.streets import Street

_STAGES: Final = ("primary_school", "primary_school", "junior_school")
_STAGE_NAMES: Final = {"primary_school": "小学", "junior_school": "中学", "kindergarten": "幼儿园"}
_SEATS: Final = {"primary_school": (900, 1900), "junior_school": (900, 1600), "kindergarten": (180, 420)}
_DISTRICT_OF: Final = {"primary_school": "小学", "junior_school": "初中"}
_NAMED: Final = ("南昌三中青云谱校区(示意)", "南昌二十八中青云学校(示意)")
"""The junior schools of the south that the plan names."""
_SOUTH: Final = (115.897, 28.611)
_SEATS_PRIMARY: Final = 1620
"""Of the 2,400 seats of a nine-year school of 48 classes."""
_AFFORDABLE: Final = 0.945
_NOT_COUNTED: Final = ("K12", "K53")
"""Kindergartens whose seats nobody has reported."""
_NOT_FILLED_IN: Final = "P12"
"""The school whose 施教区 does not say whose it is."""
_IN_CENTRES: Final = 4
_QUOTE: Final = "对青云谱洪都片区、江铃片区等义务教育入学需求增长较快、资源供给相对紧张的区域,以及城南片区"


def schools(built: Built, rng: np.random.Generator) -> tuple[gpd.GeoDataFrame, gpd.GeoDataFrame]:
    """Return the schools that there are, with seats, and their gates."""
    rows: list[dict[str, Any]] = []
    gates: list[dict[str, Any]] = []
    n_of: dict[str, int] = {}
    for parcel_kind, parcel, gate in built.schools:
        total = sum(n_of.get(stage, 0) for stage in set(_STAGES))
        kind = "kindergarten" if parcel_kind == "kindergarten" else _STAGES[total % 3]
        if parcel_kind != "kindergarten" and total >= 33:
            continue
        n = n_of[kind] = n_of.get(kind, 0) + 1
        id_ = f"{kind[0].upper()}{n:02d}"
        low, high = _SEATS[kind]
        rows.append(
            {
                "id": id_,
                "kind": kind,
                "name": f"青云谱第{n}{_STAGE_NAMES[kind]}",
                "seats": int(rng.integers(low, high)) // 10 * 10,
                "status": "现状",
                "open_year": int(rng.integers(1985, 2021)),
                "geometry": parcel,
            }
        )
        gates.append(_gate(id_, gate))
    found = gpd.GeoDataFrame(rows, crs=ground.CRS)
    junior = found[found["kind"] == "junior_school"]
    southern = junior.distance(Point(ground.place(*_SOUTH))).nsmallest(len(_NAMED)).index
    found.loc[southern, "name"] = _NAMED
    return found, gpd.GeoDataFrame(gates, crs=ground.CRS)


def to_come(
    plots: Sequence[Polygon], built: Built, roads: Sequence[Street]
) -> tuple[gpd.GeoDataFrame, gpd.GeoDataFrame]:
    """Return the schools that are planned, being built, or built and not opened yet, and their gates.

    The two of nine years are the plan's. Those of the south stand on the plots there that nobody lives on. A gate is where a
    road is nearest, be it one that is planned.
    """
    works, homes = ground.factories(), shapely.union_all([building.footprint for building in built.buildings])
    free = [plot for plot in plots if not plot.intersects(homes)]
    south = sorted(free, key=lambda plot: plot.distance(Point(ground.place(*_SOUTH))))[:2]
    lines = shapely.union_all([road.line for road in roads])
    nine, primary, junior, small = "nine_year_school", "primary_school", "junior_school", "kindergarten"
    told: tuple[tuple[str, str, str, int, str, int, Polygon, tuple[float, float, float, float]], ...] = (
        ("X01", nine, "博文学校(九年一贯制)", 2400, "规划", 2025, works["洪都老厂区"], (75, 0, 200, 160)),
        ("X02", nine, "振飞学校(九年一贯制)", 2400, "规划", 2025, works["江铃老厂区"], (0, 0, 200, 160)),
        ("P23", primary, "城南新区小学", 1080, "在建", 2027, south[0], (40, 8, 150, 110)),
        ("J12", junior, "江铃中学", 1200, "规划", 2028, works["江铃老厂区"], (480, 0, 150, 120)),
        ("K81", small, "洪都新城幼儿园", 360, "规划", 2027, works["洪都老厂区"], (310, 20, 70, 60)),
        ("K82", small, "城南新区幼儿园", 270, "建成未用", 2024, south[1], (40, 8, 75, 70)),
    )
    rows, gates = [], []
    for id_, kind, name, seats, status, open_year, plot, (east_m, north_m, wide_m, deep_m) in told:
        west, south_edge, _, _ = plot.bounds
        x, y = west + east_m, south_edge + north_m
        parcel = box(x, y, x + wide_m, y + deep_m)
        rows.append(
            {
                "id": id_,
                "kind": kind,
                "name": name,
                "seats": seats,
                "status": status,
                "open_year": open_year,
                "geometry": parcel,
            }
        )
        gates.append(_gate(id_, shapely.get_point(shapely.shortest_line(parcel.exterior, lines), 0)))
    return gpd.GeoDataFrame(rows, crs=ground.CRS), gpd.GeoDataFrame(gates, crs=ground.CRS)


def in_centres(centres: gpd.GeoDataFrame) -> tuple[gpd.GeoDataFrame, gpd.GeoDataFrame]:
    """Return the small kindergartens (微小型幼儿园) that the largest neighbourhood centres hold, and their gates."""
    rows, gates = [], []
    for n, centre in enumerate(centres.nlargest(_IN_CENTRES, "bldg_m2").to_dict("records"), start=1):
        id_, room = f"W{n:02d}", centre["geometry"].buffer(6.0, cap_style="square")
        rows.append(
            {
                "id": id_,
                "kind": "kindergarten",
                "name": f"{centre['name']}微小型幼儿园",
                "seats": 90,
                "status": "现状",
                "open_year": 2022,
                "part_of": centre["id"],
                "geometry": room,
            }
        )
        gates.append(_gate(id_, Point(centre["geometry"].x, centre["geometry"].y + 6.0)))
    return gpd.GeoDataFrame(rows, crs=ground.CRS), gpd.GeoDataFrame(gates, crs=ground.CRS)


def with_details(found: gpd.GeoDataFrame, rng: np.random.Generator) -> gpd.GeoDataFrame:
    """Return the schools with seats per stage where both are taught, and with which kindergartens are affordable (普惠)."""
    nine, small = found["kind"] == "nine_year_school", found["kind"] == "kindergarten"
    seats = found["seats"].astype(float).mask(found["id"].isin(_NOT_COUNTED))
    affordable = np.where(rng.random(len(found)) < _AFFORDABLE, "是", "否")
    return found.assign(
        seats=seats,
        seats_primary=pd.Series(float(_SEATS_PRIMARY), index=found.index).where(nine),
        seats_junior=(seats - _SEATS_PRIMARY).where(nine),
        affordable=pd.Series(affordable, index=found.index).where(small),
        part_of=found["part_of"].fillna("").where(small),
    )


def school_districts(
    found: gpd.GeoDataFrame, gates: gpd.GeoDataFrame, district: Polygon, townships: gpd.GeoDataFrame
) -> gpd.GeoDataFrame:
    """Return a 施教区 for each of the schools that there are: what is nearest to its gate.

    That of the 初中 in the 集聚区 is not drawn yet, and of one of 小学 the school is not filled in.
    """
    not_drawn = townships.geometry[townships["level"] == "集聚区"].iloc[0]
    rows: list[dict[str, Any]] = []
    for kind, stage in _DISTRICT_OF.items():
        names = found[found["kind"] == kind].set_index("id")["name"]
        gate = gates.geometry.set_axis(gates["of"])[names.index]
        cells = shapely.get_parts(
            shapely.voronoi_polygons(shapely.union_all(gate.tolist()), extend_to=district)
        ).tolist()
        for school, at in zip(names.index.tolist(), gate.tolist(), strict=True):
            if stage == "初中" and at.within(not_drawn):
                continue
            cell = next(cell for cell in cells if cell.intersects(at)).intersection(district)
            rows.append(
                {
                    "id": f"SJ{len(rows) + 1:02d}",
                    "name": f"{names[school]}施教区",
                    "stage": stage,
                    "school": "" if school == _NOT_FILLED_IN else school,
                    "geometry": shapely.set_precision(cell, 0.01),
                }
            )
    return gpd.GeoDataFrame(rows, crs=ground.CRS)


def watch_areas(townships: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Return the areas whose demand for seats the plan wants to be watched."""
    unit = townships.set_index("name").geometry
    works = ground.factories()
    shapes: Mapping[str, tuple[str, BaseGeometry]] = {
        "hongdu": ("洪都片区", unit["洪都街道"]),
        "jiangling": ("江铃片区", works["江铃老厂区"].buffer(700, quad_segs=4).intersection(unit["岱山街道"])),
        "chengnan": ("城南片区", unit["青云谱镇"]),
    }
    rows = [
        {"id": id_, "name": name, "quote": _QUOTE, "line": 324, "geometry": ground.polygons(shape)[0]}
        for id_, (name, shape) in shapes.items()
    ]
    return gpd.GeoDataFrame(rows, crs=ground.CRS)


def _gate(of: str, at: Point) -> dict[str, Any]:
    return {"id": f"{of}-门", "of": of, "name": "校门", "geometry": at}
