"""Facilities: points beside streets near where people live, parks, and what the plan names."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import geopandas as gpd
import numpy as np
import shapely
from shapely import Point, Polygon

from qyp_geo.sample import ground
from qyp_geo.sample.estates import Built
from qyp_geo.sample.streets import Street, beside

POINTS: Final = {
    # kind: (how many, metres apart, what their names end with, capacity from and to, floor area from and to in m²)
    "public_toilet": (80, 260, "公厕", (4, 16), (30, 90)),
    "public_parking": (60, 320, "停车场", (40, 420), (0, 0)),
    "neighbourhood_centre": (22, 700, "邻里中心", (0, 0), (500, 1800)),
    "health_centre": (9, 1100, "社区卫生服务中心", (0, 0), (1500, 2600)),
    "health_station": (56, 300, "社区卫生服务站", (0, 0), (90, 320)),
    "elderly_daycare": (72, 260, "居家和社区养老服务中心", (10, 45), (220, 900)),
    "community_station": (60, 300, "社区服务站", (0, 0), (420, 1300)),
    "culture_centre": (7, 1300, "文化活动中心", (0, 0), (2600, 6000)),
    "culture_station": (46, 380, "综合性文体服务中心", (0, 0), (200, 1200)),
    "fitness": (130, 190, "室外健身点", (0, 0), (0, 0)),
    "wet_market": (28, 520, "农贸市场", (20, 160), (700, 2500)),
    "convenience_store": (200, 120, "便利店", (0, 0), (50, 120)),
    "bus_stop": (120, 260, "站", (0, 0), (0, 0)),
}
_POCKET_PARKS: Final = ("洪招社区口袋公园", "洪科社区口袋公园", "洪翔社区口袋公园", "规划三路口袋公园", "麻坊党建公园")
_PLANNED_PARK: Final = ((115.91357, 28.6268), (115.9155, 28.6268), (115.9155, 28.6292), (115.91357, 28.6292))
_HOSPITALS: Final = {
    "区人民医院": (420, (115.9175, 28.6475)),
    "区中医院": (260, (115.9030, 28.6480)),
    "洪都医院": (510, (115.9050, 28.6365)),
    "城南医院": (180, (115.9000, 28.6085)),
}


def scatter(
    streets: Sequence[Street], built: Built, district: Polygon, rng: np.random.Generator
) -> dict[str, gpd.GeoDataFrame]:
    """Place the point facilities of `POINTS` beside streets, where people are first, each kind its distance apart."""
    spots, names = _roadside(streets, district.buffer(900))
    homes = np.array([building.footprint.centroid.coords[0] for building in built.buildings])
    people = np.array([building.people for building in built.buildings])
    reach = shapely.STRtree([Point(home) for home in homes]).query(
        shapely.points(spots), predicate="dwithin", distance=350.0
    )
    near = np.bincount(reach[0], weights=people[reach[1]], minlength=len(spots)) + 60.0
    gates = [Point(lane.line.coords[end]) for lane in built.lanes for end in (0, -1)]
    at_gate = np.unique(shapely.STRtree(gates).query(shapely.points(spots), predicate="dwithin", distance=45.0)[0])
    near[at_gate] *= 6.0  # shops and services stand where an estate opens to the street
    frames = {}
    for kind, (count, apart_m, ending, capacity, floor_m2) in POINTS.items():
        order = np.argsort(-(np.log(near) + rng.gumbel(size=len(spots))), kind="stable")
        taken: list[int] = []
        for spot in order.tolist():
            if len(taken) == count:
                break
            if not taken or np.hypot(*(spots[taken] - spots[spot]).T).min() >= apart_m:
                taken.append(spot)
        rows = [
            {
                "id": f"{kind[:2].upper()}{n:03d}",
                "name": f"{names[spot]}{ending}" if kind == "bus_stop" else f"{names[spot]}{n:02d}号{ending}",
                "capacity": int(rng.integers(*capacity)) if capacity[1] else 0,
                "hours": str(rng.choice(["24小时", "6:00-22:00", "5:30-23:00"])),
                "berths_ev": int(rng.integers(0, 30)),
                "bldg_m2": int(rng.integers(*floor_m2)) if floor_m2[1] else 0,
                "geometry": Point(spots[spot]),
            }
            for n, spot in enumerate(taken, start=1)
        ]
        frames[kind] = gpd.GeoDataFrame(rows, crs=ground.CRS)
    return frames


def metro_stations() -> gpd.GeoDataFrame:
    """Return the stations of Line 3."""
    rows = [
        {"id": f"M{n}", "name": f"{name}站", "geometry": at}
        for n, (name, at) in enumerate(ground.stations().items(), start=1)
    ]
    return gpd.GeoDataFrame(rows, crs=ground.CRS)


def hospitals(streets: Sequence[Street]) -> gpd.GeoDataFrame:
    """Return the hospitals, with beds."""
    rows = [
        {
            "id": f"YY{n}",
            "name": f"{name}(示意)",
            "capacity": beds,
            "geometry": beside(Point(ground.place(*at)), streets),
        }
        for n, (name, (beds, at)) in enumerate(_HOSPITALS.items(), start=1)
    ]
    return gpd.GeoDataFrame(rows, crs=ground.CRS)


def parks(built: Built, district: Polygon, spare: Sequence[Polygon]) -> tuple[gpd.GeoDataFrame, gpd.GeoDataFrame]:
    """Return the parks, a planned one among them, and the pocket parks, the five that the plan names among these."""
    lakes = ground.lakes()
    green = {
        "象湖公园": lakes["象湖"].buffer(140, quad_segs=6).difference(lakes["象湖"]),
        "梅湖景区": lakes["梅湖"].buffer(170, quad_segs=6).difference(lakes["梅湖"]),
    }
    green |= {
        f"{name}公园": plot.buffer(-7, join_style="mitre")
        for name, plot in zip(("花博", "京山", "岱山", "城南", "三店"), spare, strict=True)
    }
    large: list[dict[str, Any]] = [
        {
            "id": f"GY{n:02d}",
            "name": name,
            "status": "现状",
            "open_year": None,
            "geometry": shapely.simplify(shape.intersection(district), 1.0),
        }
        for n, (name, shape) in enumerate(green.items(), start=1)
    ]
    large.append(
        {
            "id": f"GY{len(large) + 1:02d}",
            "name": "洪都航空文化园",
            "status": "规划",
            "open_year": 2027,
            "geometry": ground.area(_PLANNED_PARK),
        }
    )
    small = [
        {
            "id": f"KD{n:02d}",
            "name": _POCKET_PARKS[n - 1] if n <= len(_POCKET_PARKS) else f"口袋公园{n:02d}",
            "geometry": plot,
        }
        for n, plot in enumerate(sorted(built.parks, key=lambda plot: -plot.centroid.y)[:36], start=1)
    ]
    return gpd.GeoDataFrame(large, crs=ground.CRS), gpd.GeoDataFrame(small, crs=ground.CRS)


def landmarks(district: Polygon) -> gpd.GeoDataFrame:
    """Return the places, roads and corridors that the plan names."""
    rows: list[dict[str, Any]] = [
        {"id": "guangzhou-road", "name": "广州路", "geometry": ground.guangzhou_road().intersection(district)},
        {
            "id": "commercial-corridor",
            "name": "商业走廊(司马庙立交—解放东路)",
            "geometry": ground.commercial_corridor(),
        },
        {"id": "ecological-corridor", "name": "人文生态走廊", "geometry": ground.ecological_corridor(district)},
    ]
    rows += [
        {"id": f"site-{n}", "name": name, "geometry": site}
        for n, (name, site) in enumerate(ground.factories().items(), start=1)
    ]
    return gpd.GeoDataFrame(rows, crs=ground.CRS)


def _roadside(streets: Sequence[Street], within: Polygon) -> tuple[np.ndarray[Any, np.dtype[np.float64]], list[str]]:
    """Return spots 9 m beside named streets, every 45 m, with the street's name."""
    spots, names = [], []
    for street in streets:
        if (
            street.name
            and street.street_class in {"primary", "secondary", "tertiary", "residential"}
            and not street.more
        ):
            beside = street.line.offset_curve(9.0)
            for at in np.arange(20.0, beside.length, 45.0):
                spot = beside.interpolate(float(at))
                if spot.within(within):
                    spots.append((round(spot.x, 2), round(spot.y, 2)))
                    names.append(street.name)
    return np.array(spots), names
