"""Neighbourhood centres: what they hold, those to come, and the plots on which more could stand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from shapely import Point, Polygon
from shapely.geometry.polygon import orient
from shapely.ops import substring

from qyp_geo.sample import ground
from qyp_geo.sample.streets import Street, beside

_HELD: Final = {"elderly_daycare": 15, "health_station": 12, "culture_station": 17, "convenience_store": 13}
"""Of so many centres the nearest service of a kind stands in the centre itself."""
_TO_COME: Final = (
    ("洪都新城邻里中心", "在建", 2026, 1500, (115.9098, 28.6345)),
    ("城南新区邻里中心", "规划", 2027, 1200, (115.8990, 28.6125)),
)
_HANDED_OVER: Final = 8
_CONVERTED: Final = 6
_NEW_FROM: Final = 2005
_FAR_M: Final = 350.0
_ROOM_M: Final = (24.0, 8.0)
_BESIDE_M: Final = {"出入口左侧": 12.0, "出入口右侧": -36.0}
"""Where a room begins along the wall, from the gate."""
_PER_M2: Final = {"新建": 0.52, "存量": 0.21, "配建移交": 0.06}
"""Cost in 万元 of a square metre: built, converted, fitted out."""
_UNSUITABLE: Final = {3: "高压走廊", 10: "文物保护范围", 19: "生态保护红线"}
_NOT_MEASURED: Final = (5, 20)


def candidates(spare: Sequence[Polygon], rng: np.random.Generator) -> gpd.GeoDataFrame:
    """Return plots on which a neighbourhood centre could stand."""
    rows = []
    for n, plot in enumerate(spare, start=1):
        at = plot.representative_point()
        rows.append(
            {
                "id": f"HX{n:02d}",
                "name": f"候选地块{n:02d}",
                "land_use": str(rng.choice(["0702", "0901", "0801", "1403"])),
                "ownership": str(rng.choice(["国有", "集体"])),
                "bldg_m2": int(rng.integers(400, 2600)),
                "origin": str(rng.choice(["存量", "新建", "配建移交"])),
                "zoning": str(rng.choice(["符合控规", "需调整", "未覆盖"])),
                "geometry": shapely.box(at.x - 24, at.y - 20, at.x + 24, at.y + 20),
            }
        )
    return gpd.GeoDataFrame(rows, crs=ground.CRS)


def with_rooms(
    plots: gpd.GeoDataFrame,
    estates: gpd.GeoDataFrame,
    gates: gpd.GeoDataFrame,
    centres: gpd.GeoDataFrame,
    rng: np.random.Generator,
) -> gpd.GeoDataFrame:
    """Return the candidates and rooms in the walls of large estates far from any centre, with costs and what is against some.

    New estates hand rooms over, in old ones a ground floor is converted, on either side of a gate. The floor area of some plots
    is not known.
    """
    away_m = estates.distance(shapely.union_all(centres.geometry.to_numpy()))
    large = estates[away_m > _FAR_M].nlargest(len(estates), "households")
    new, old = large["built_year"] >= _NEW_FROM, large["built_year"] < _NEW_FROM
    chosen = pd.concat([large[new].head(_HANDED_OVER), large[old].head(_CONVERTED)])
    rows: list[dict[str, Any]] = []
    for estate in chosen.to_dict("records"):
        is_new = estate["built_year"] >= _NEW_FROM
        ownership = "国有" if is_new else str(rng.choice(["国有", "集体"]))
        gate = gates.geometry[gates["of"] == estate["id"]].iloc[0]
        for side, along_m in _BESIDE_M.items():
            rows.append(
                {
                    "id": f"HX{len(plots) + len(rows) + 1:02d}",
                    "name": f"{estate['name']}{'配套用房' if is_new else '沿街底层'}({side})",
                    "land_use": "0702" if is_new else "0901",
                    "ownership": ownership,
                    "bldg_m2": int(rng.integers(520, 1300)),
                    "origin": "配建移交" if is_new else "存量",
                    "zoning": "符合控规",
                    "geometry": _room(estate["geometry"], gate, along_m),
                }
            )
    every = pd.concat([plots, gpd.GeoDataFrame(rows, crs=ground.CRS)], ignore_index=True)
    cost = every["bldg_m2"] * every["origin"].map(_PER_M2) * rng.uniform(0.9, 1.2, len(every))
    floor = every["bldg_m2"].astype(float).mask(every.index.isin(_NOT_MEASURED))
    return every.assign(
        bldg_m2=floor, cost=cost.round(-1).astype(int), constraint=every.index.map(_UNSUITABLE).fillna("")
    )


def _room(estate: Polygon, gate: Point, along_m: float) -> Polygon:
    """Return a room along the wall of an estate beside a gate."""
    wall = orient(estate).exterior  # the estate is on its left
    wide_m, deep_m = _ROOM_M
    start = (wall.project(gate) + along_m) % (wall.length - wide_m)
    room = substring(wall, start, start + wide_m).buffer(deep_m, single_sided=True).intersection(estate)
    return ground.polygons(shapely.set_precision(room, 0.01))[0]


def holding(centres: gpd.GeoDataFrame, services: Mapping[str, gpd.GeoDataFrame]) -> dict[str, gpd.GeoDataFrame]:
    """Return services, some moved into the centre they are nearest to, with the id of the centre that holds them."""
    return {kind: _held(centres, services[kind], count) for kind, count in _HELD.items()}


def _held(centres: gpd.GeoDataFrame, service: gpd.GeoDataFrame, count: int) -> gpd.GeoDataFrame:
    away_m = shapely.distance(service.geometry.to_numpy()[:, None], centres.geometry.to_numpy()[None, :])
    part_of = np.full(len(service), "", dtype=object)
    place = service.geometry.to_numpy().copy()
    for centre in np.argsort(away_m.min(axis=0), kind="stable")[:count]:
        free = np.where(part_of == "", away_m[:, centre], np.inf)
        moved = int(free.argmin())
        part_of[moved] = centres["id"].iloc[centre]
        place[moved] = centres.geometry.iloc[centre]
    return service.assign(part_of=part_of).set_geometry(gpd.GeoSeries(place, index=service.index, crs=ground.CRS))


def with_those_to_come(centres: gpd.GeoDataFrame, streets: Sequence[Street]) -> gpd.GeoDataFrame:
    """Return the neighbourhood centres, which opened one after another, and those planned and being built."""
    there = centres.assign(status="现状", open_year=2016 + np.arange(len(centres)) % 5)
    rows: list[dict[str, Any]] = [
        {
            "id": f"NE{n:03d}",
            "name": name,
            "bldg_m2": floor_m2,
            "status": status,
            "open_year": open_year,
            "geometry": beside(Point(ground.place(*at)), streets),
        }
        for n, (name, status, open_year, floor_m2, at) in enumerate(_TO_COME, start=len(centres) + 1)
    ]
    return pd.concat([there, gpd.GeoDataFrame(rows, crs=ground.CRS)], ignore_index=True)
