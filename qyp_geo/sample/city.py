"""What a walker meets: walls and gates, railway and canal, crossings; and how the ground is used."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any, Final

import geopandas as gpd
import numpy as np
import shapely
from shapely import Point, Polygon
from shapely.geometry.base import BaseGeometry

from qyp_geo.sample import ground
from qyp_geo.sample.estates import Built
from qyp_geo.sample.streets import Street

_BIG: Final = ("primary", "secondary")
_SIGNALLED: Final = 0.8
"""Share of the junctions of big roads that have a crossing."""


def gated(built: Built) -> dict[str, gpd.GeoDataFrame]:
    """Return the gated estates and their gates."""
    estates, gates = [], []
    for n, estate in enumerate(built.estates, start=1):
        id_ = f"XQ{n:03d}"
        estates.append({"id": id_, "name": estate.name, "geometry": estate.ground})
        gates += [
            {"id": f"{id_}-{k}", "of": id_, "name": "出入口", "geometry": gate}
            for k, gate in enumerate(estate.gates, start=1)
        ]
    return {
        "estates": gpd.GeoDataFrame(estates, crs=ground.CRS),
        "estate_gates": gpd.GeoDataFrame(gates, crs=ground.CRS),
    }


def barriers() -> gpd.GeoDataFrame:
    """Return what no path crosses: the railway, the canal, the shores and the factory walls."""
    rows: list[dict[str, Any]] = [
        {"id": "rail", "name": "京九铁路(示意)", "barrier": "railway", "geometry": ground.railway()},
        {"id": "canal", "name": "南北连通渠", "barrier": "water", "geometry": ground.canal()},
    ]
    rows += [
        {"id": f"shore-{n}", "name": name, "barrier": "water", "geometry": lake.exterior}
        for n, (name, lake) in enumerate(ground.lakes().items(), start=1)
    ]
    rows += [
        {"id": f"wall-{n}", "name": f"{name}围墙", "barrier": "wall", "geometry": site.exterior}
        for n, (name, site) in enumerate(ground.factories().items(), start=1)
    ]
    return gpd.GeoDataFrame(rows, crs=ground.CRS)


def crossings(network: Sequence[Street], rng: np.random.Generator) -> gpd.GeoDataFrame:
    """Return the crossings of big roads: signals at most of their junctions, and footbridges between some others."""
    ends: Counter[tuple[float, ...]] = Counter()
    big: set[tuple[float, ...]] = set()
    for street in network:
        xy = list(street.line.coords)
        ends.update(xy[:1] + xy[-1:] + xy[1:-1] * 2)
        if street.street_class in _BIG:
            big.update(xy)
    junctions = sorted(vertex for vertex in big if ends[vertex] > 2)
    at = [Point(vertex) for vertex in junctions if rng.random() < _SIGNALLED]
    rows = [
        {"id": f"RX{n:03d}", "name": "", "crossing": "signals", "geometry": spot} for n, spot in enumerate(at, start=1)
    ]
    bridges = {"京山路北段人行天桥": ground.jinggangshan_avenue(), "迎宾大道人行天桥": ground.yingbin_avenue()}
    for n, (name, avenue) in enumerate(bridges.items(), start=1):
        spot = min(
            (avenue.interpolate(float(m)) for m in np.arange(1600.0, 3200.0, 20.0)),
            key=lambda place: -min(place.distance(junction) for junction in at),
        )
        rows.append({"id": f"TQ{n}", "name": name, "crossing": "footbridge", "geometry": spot})
    return gpd.GeoDataFrame(rows, crs=ground.CRS)


def landuse(
    district: Polygon,
    network: Sequence[Street],
    built: Built,
    schools: gpd.GeoDataFrame,
    parks: Sequence[gpd.GeoDataFrame],
    plots: Sequence[Polygon],
) -> gpd.GeoDataFrame:
    """Return the use of all ground by the codes of 用地用海 2023; the earlier has ground that several claim."""
    claims: list[tuple[str, str, Sequence[BaseGeometry]]] = [
        ("1702", "湖泊", list(ground.lakes().values())),
        ("1401", "公园绿地", [green for frame in parks for green in frame.geometry]),
        ("080403", "中小学用地", list(schools.geometry[schools["kind"] != "kindergarten"])),
        ("080404", "幼儿园用地", list(schools.geometry[schools["kind"] == "kindergarten"])),
        ("0701", "城镇住宅用地", [estate.ground for estate in built.estates]),
        ("0703", "农村宅基地", _villages(built)),
        ("1001", "工业用地", list(ground.factories().values())),
        ("0901", "商业用地", [plot.buffer(-9, join_style="mitre") for plot in plots]),
        ("1207", "城镇村道路用地", [street.line.buffer(12.0, quad_segs=1) for street in network]),
        ("16", "留白用地", [district]),
    ]
    taken: BaseGeometry = shapely.Polygon()
    rows = []
    for code, name, shapes in claims:
        claimed = shapely.union_all(shapes).intersection(district)
        free = claimed.difference(taken)
        taken = shapely.union_all([taken, claimed])
        rows += [{"code": code, "name": name, "geometry": part} for part in ground.polygons(free) if part.area >= 1.0]
    frame = gpd.GeoDataFrame(rows, crs=ground.CRS)
    return frame.assign(id=[f"YD{n:04d}" for n in range(1, len(frame) + 1)])


def _villages(built: Built) -> list[Polygon]:
    """Return the ground of village houses, which have no walls around them."""
    walled = shapely.union_all([estate.ground for estate in built.estates])
    houses = [building.footprint for building in built.buildings if not building.footprint.within(walled)]
    return ground.polygons(shapely.union_all([house.buffer(9) for house in houses]))
