"""Administrative units and the zones of the plan."""

from __future__ import annotations

from typing import Any, Final

import geopandas as gpd
import numpy as np
import shapely
from shapely import LineString, Point, Polygon
from shapely.geometry.base import BaseGeometry
from shapely.ops import split

from qyp_geo.sample import ground

TOWNSHIPS: Final = (
    # name, level, a point inside, communities, villages
    ("京山街道", "街道", (115.8955, 28.6520), 8, 0),
    ("徐家坊街道", "街道", (115.9150, 28.6520), 9, 0),
    ("三家店街道", "街道", (115.9400, 28.6480), 8, 0),
    ("洪都街道", "街道", (115.9090, 28.6330), 9, 0),
    ("岱山街道", "街道", (115.9350, 28.6290), 8, 0),
    ("青云谱镇", "镇", (115.8950, 28.6080), 4, 7),
    ("新经济产业集聚区", "集聚区", (115.9250, 28.6080), 2, 5),
)
_NAMED: Final = {"洪都街道": ("洪园社区", "洪科社区", "洪招社区", "洪翔社区"), "青云谱镇": ("朱姑桥梅村", "麻坊村")}
_SYLLABLES: Final = (
    "新溪", "建安", "广济", "航安", "京新", "徐坊", "解放", "三店", "岱安", "朱桥", "城南", "梅湖", "包家", "邓埠",
    "施尧", "兴业", "长青", "文昌", "安康", "和平", "东升", "南苑", "西苑", "北苑", "曙光", "江铃", "锦绣", "清河",
)  # fmt: skip


def townships(district: Polygon) -> gpd.GeoDataFrame:
    """Cut the district into its seven township-level units, which partition it."""
    pieces: list[Polygon] = [district]
    for cut in (
        ground.line((115.87, 28.6430), (115.96, 28.6430)),
        ground.line((115.87, ground.GUANGZHOU_ROAD_LAT), (115.96, ground.GUANGZHOU_ROAD_LAT)),
    ):
        pieces = [part for piece in pieces for part in ground.polygons(split(piece, cut))]
    pieces.sort(key=lambda piece: -piece.centroid.y)
    north, middle, south = pieces
    north_west, rest = _halves(north, (115.9045, 28.670), (115.9045, 28.640))
    north_middle, north_east = _halves(rest, (115.9270, 28.670), (115.9270, 28.640))
    middle_west, middle_east = _halves(middle, (115.9235, 28.645), (115.9235, 28.620))
    south_west, south_east = _halves(south, (115.9085, 28.630), (115.9085, 28.580))
    cut_up = [north_west, north_middle, north_east, middle_west, middle_east, south_west, south_east]
    rows = [
        {"name": name, "level": level, "code": f"3601040{n:02d}", "parent": "", "order": n, "geometry": piece}
        for n, ((name, level, *_), piece) in enumerate(zip(TOWNSHIPS, cut_up, strict=True), start=1)
    ]
    return gpd.GeoDataFrame(rows, crs=ground.CRS)


def communities(units: gpd.GeoDataFrame, rng: np.random.Generator) -> gpd.GeoDataFrame:
    """Cut each township into its communities and villages, which partition it."""
    rows: list[dict[str, Any]] = []
    for (name, _, _, n_communities, n_villages), unit in zip(TOWNSHIPS, units.to_dict("records"), strict=True):
        cells = _cells(unit["geometry"], n_communities + n_villages, rng)
        names = list(_NAMED.get(name, ()))
        syllables = rng.permutation(_SYLLABLES).tolist()
        for n, cell in enumerate(cells):
            is_village = n >= n_communities
            ending = "村" if is_village else "社区"
            own = [known for known in names if known.endswith(ending)]
            label = own[0] if own else f"{name[:2]}{syllables[n]}{ending}"
            names = [known for known in names if known != label]
            rows.append(
                {
                    "name": label,
                    "level": ending,
                    "code": f"{unit['code']}{200 if is_village else 0:03d}{n + 1:02d}",
                    "parent": unit["code"],
                    "order": len(rows) + 1,
                    "geometry": cell,
                }
            )
    return gpd.GeoDataFrame(rows, crs=ground.CRS)


def zones(district: Polygon, units: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Draw the five zones from the plan's words; they may overlap, as the words do."""
    unit = units.set_index("name").geometry
    road = ground.guangzhou_road()
    north_of_road, south_of_road = _sides(district, road)
    works = ground.factories()
    corridor = ground.ecological_corridor(district)
    avenue, corridor_streets = ground.jinggangshan_avenue(), ground.commercial_corridor()
    old_works = [works["江铃老厂区"].buffer(60), works["江联老厂区"].buffer(60)]
    drawn = {
        "core": ground.area(_CORE).intersection(north_of_road.difference(road.buffer(20))),
        "belt": corridor,
        "neweco": south_of_road.difference(shapely.union_all([road.buffer(20), corridor])),
        "commerce": shapely.union_all(
            [unit["京山街道"], unit["徐家坊街道"], corridor_streets.buffer(200), avenue.buffer(150)]
        ).intersection(shapely.union_all([unit["京山街道"], unit["徐家坊街道"], unit["三家店街道"]])),
        "hq": shapely.union_all([ground.yingbin_avenue().buffer(260), *old_works]).intersection(district),
    }
    rows = [
        {"id": key, **_ZONES[key], "geometry": shapely.simplify(_without_slivers(shape), 0.5)}
        for key, shape in drawn.items()
    ]
    return gpd.GeoDataFrame(rows, crs=ground.CRS)


def _without_slivers(shape: BaseGeometry) -> BaseGeometry:
    """Return an area without the parts below a hectare that cutting leaves."""
    return shapely.union_all([part for part in ground.polygons(shape) if part.area >= 10_000])


_CORE: Final = ((115.8990, 28.6250), (115.9235, 28.6250), (115.9235, 28.6400), (115.8990, 28.6400))
_ZONES: Final = {
    "core": {
        "name": "洪都新城核心区(一核)",
        "quote": "“一核”:即洪都新城核心区。主要包括洪都老厂区、广州路以北等周边区块,辐射青云谱镇",
        "line": 65,
    },
    "belt": {
        "name": "梅湖·象湖生态文化旅游带(一带)",
        "quote": "“一带”:即梅湖·象湖生态文化旅游带。主要包括八大山人梅湖景区、象湖景区、花博园等周边区块",
        "line": 66,
    },
    "neweco": {
        "name": "新经济产业集聚区(三区)",
        "quote": "以新经济产业集聚区为主体,主要包括广州路以南等地块",
        "line": 68,
    },
    "commerce": {
        "name": "现代商务商贸带动区(三区)",
        "quote": "主要包括十字街、井冈山大道、京山街道、徐坊街道等地块,辐射带动全区商务商贸业繁荣发展",
        "line": 69,
    },
    "hq": {
        "name": "总部经济创新发展引领区(三区)",
        "quote": "主要包括江铃老厂区、江联老厂区、迎宾大道及其周边区块",
        "line": 70,
    },
}


def _sides(district: Polygon, road: LineString) -> tuple[Polygon, Polygon]:
    """Return the district north and south of a road that is drawn on to both borders."""
    (west, _, east, _), xy = district.bounds, list(road.coords)
    whole = LineString([(west - 100, xy[0][1]), *xy, (max(east, xy[-1][0]) + 100, xy[-1][1])])
    north, south = sorted(ground.polygons(split(district, whole)), key=lambda part: -part.centroid.y)
    return north, south


def _halves(polygon: Polygon, start: tuple[float, float], end: tuple[float, float]) -> tuple[Polygon, Polygon]:
    """Return the western and the eastern part of a polygon."""
    west, east = sorted(ground.polygons(split(polygon, ground.line(start, end))), key=lambda part: part.centroid.x)
    return west, east


def _cells(polygon: Polygon, n: int, rng: np.random.Generator) -> list[Polygon]:
    """Cut a polygon into n cells of much the same size (Lloyd's rounds on Voronoi cells), northernmost first."""
    west, south, east, north = polygon.bounds
    seeds: list[Point] = []
    while len(seeds) < n:
        seed = Point(rng.uniform(west, east), rng.uniform(south, north))
        if seed.within(polygon):
            seeds.append(seed)
    for _ in range(12):
        cells = shapely.get_parts(shapely.voronoi_polygons(shapely.MultiPoint(seeds), extend_to=polygon)).tolist()
        cut = [cell.intersection(polygon) for cell in cells]
        seeds = [cell.centroid if cell.centroid.within(polygon) else cell.representative_point() for cell in cut]
    return sorted(cut, key=lambda cell: -cell.centroid.y)
