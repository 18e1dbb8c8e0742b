"""Estates: lanes behind gates, rows of residential buildings, and the school and park parcels between them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np
import shapely
from shapely import LineString, Point, Polygon, box
from shapely.affinity import rotate
from shapely.geometry.base import BaseGeometry

from qyp_geo.sample.ground import polygons
from qyp_geo.sample.streets import Street, noded, with_vertices

PEOPLE: Final = 370_000
BUILDINGS: Final = 2000
_M2_PER_PERSON: Final = 34.0
_ESTATE_NAMES: Final = ("新村", "花园", "小区", "佳苑", "公寓", "家园", "名邸", "雅居")


@dataclass(slots=True)
class Building:
    """A residential building: its footprint, estate, number and storeys."""

    footprint: Polygon
    estate: str
    number: int
    levels: int
    people: float = 0.0


@dataclass(slots=True)
class Estate:
    """A gated estate: its walls, and the gates in them."""

    name: str
    ground: Polygon
    gates: list[Point]


@dataclass(slots=True)
class Built:
    """What stands within the blocks."""

    buildings: list[Building] = field(default_factory=list)
    lanes: list[Street] = field(default_factory=list)
    schools: list[tuple[str, Polygon, Point]] = field(default_factory=list)
    """Kind, ground, gate."""
    parks: list[Polygon] = field(default_factory=list)
    estates: list[Estate] = field(default_factory=list)


def build_up(blocks: Sequence[tuple[Polygon, str, bool]], rng: np.random.Generator) -> Built:
    """Fill blocks with estates until the buildings are there.

    Parameters
    ----------
    blocks
        Ground, the name of the community, and whether it is a village, in the order in which they are built up.
    rng
        Decides gates, rows and heights.
    """
    built = Built()
    n_estates: dict[str, int] = {}
    for ground, community, is_village in blocks:
        if len(built.buildings) >= BUILDINGS:
            break
        n = n_estates[community] = n_estates.get(community, 0) + 1
        stem = community.removesuffix("社区").removesuffix("村")
        estate = (
            f"{stem}{'' if n == 1 else '一二三四五六七八九十'[min(n, 10) - 1]}{_ESTATE_NAMES[int(rng.integers(8))]}"
        )
        _fill(built, ground, estate, is_village, rng)
    floor_m2 = np.array([building.footprint.area * building.levels for building in built.buildings])
    shares = np.round(floor_m2 / floor_m2.sum() * PEOPLE)
    for building, people in zip(built.buildings, shares.tolist(), strict=True):
        building.people = people
    return built


def connect(streets: list[Street], lanes: Sequence[Street]) -> list[Street]:
    """Give each street a vertex where a lane ends on it."""
    tree = shapely.STRtree([street.line for street in streets])
    spots: dict[int, list[tuple[float, ...]]] = {}
    for lane in lanes:
        for end in (lane.line.coords[0], lane.line.coords[-1]):
            n = int(tree.nearest(Point(end)))
            if streets[n].line.distance(Point(end)) < 0.01:
                spots.setdefault(n, []).append(end)
    for n, ends in spots.items():
        streets[n].line = with_vertices(streets[n].line, ends)
    return [*streets, *lanes]


def _fill(built: Built, ground: Polygon, estate: str, is_village: bool, rng: np.random.Generator) -> None:
    inner = ground.buffer(-16, join_style="mitre")
    if not isinstance(inner, Polygon) or inner.area < 6000:
        return
    kerb = ground.buffer(-7, join_style="mitre")  # parcels reach the pavement, so that a park is entered from it
    west, south, east, north = kerb.bounds
    taken = []
    for kind, corner in (
        ("school", box(west, south, west + 135, south + 105)),
        ("kindergarten", box(east - 75, south, east, south + 70)),
        ("park", box(east - 85, north - 60, east, north)),
    ):
        parcel = kerb.intersection(corner)
        if (
            isinstance(parcel, Polygon)
            and parcel.area > 0.7 * corner.area
            and inner.area > 45_000
            and rng.random() < 0.8
        ):
            taken.append(parcel)
            if kind == "park":
                built.parks.append(parcel)
            else:
                gate = Point(shapely.shortest_line(parcel.exterior, ground.exterior).coords[0])
                built.schools.append((kind, parcel, gate))
    parcels = shapely.union_all(taken)
    lanes = _lanes(ground, inner, parcels, rng)
    if is_village:
        built.lanes += noded([Street(lane, "residential") for lane in lanes])
    else:
        built.lanes += noded([Street(lane, "service", "", {"access": "private"}) for lane in lanes])
        walls = kerb.difference(parcels.buffer(1)).buffer(-3, join_style="mitre").buffer(3, join_style="mitre")
        walls = polygons(shapely.set_precision(walls, 0.01))[0]
        ends = [lane for lane in lanes if lane.crosses(walls.exterior)]
        gates = [gate for lane in ends for gate in shapely.get_parts(lane.intersection(walls.exterior)).tolist()]
        built.estates.append(Estate(estate, walls, [gate for gate in gates if isinstance(gate, Point)]))
    keep_off = shapely.union_all([parcels.buffer(6), *(lane.buffer(5) for lane in lanes)])
    long_m, deep_m, pitch_m = (13.0, 11.0, 22.0) if is_village else (44.0, 13.0, 58.0)
    storeys = (
        int(rng.choice([2, 3, 4]))
        if is_village
        else int(rng.choice([6, 7, 11, 18, 26], p=[0.4, 0.15, 0.2, 0.17, 0.08]))
    )
    plots = []
    for y in np.arange(south + 22, north - 14, 26.0 if is_village else 52.0):
        for x in np.arange(west + 28 + rng.uniform(0, 12), east - 26, pitch_m):
            slab = rotate(
                box(x - long_m / 2, y - deep_m / 2, x + long_m / 2, y + deep_m / 2), float(rng.uniform(-3, 3))
            )
            if slab.within(inner) and not slab.intersects(keep_off):
                plots.append(slab)
    taken_plots = sorted(rng.permutation(len(plots))[: int(rng.integers(22, 42))].tolist())
    for number, plot in enumerate(taken_plots, start=1):
        built.buildings.append(Building(plots[plot], estate, number, storeys))


def _lanes(ground: Polygon, inner: Polygon, parcels: BaseGeometry, rng: np.random.Generator) -> list[LineString]:
    """Return a cross of lanes that ends at two to four gates, and side lanes off it."""
    west, south, east, north = ground.bounds
    x, y = ground.centroid.x, ground.centroid.y
    closed = rng.permutation(4)[: int(rng.integers(0, 3))].tolist()  # sides without a gate
    spine = _through(ground, LineString([(x, south - 1), (x, north + 1)]), closed=(0 in closed, 1 in closed))
    cross = _through(ground, LineString([(west - 1, y), (east + 1, y)]), closed=(2 in closed, 3 in closed))
    lanes = [lane for lane in (spine, cross) if lane is not None]
    if spine is not None:
        for side_y in np.arange(south + 70, north - 50, 104.0):
            if abs(side_y - y) > 40:
                across = LineString([(west, side_y), (east, side_y)]).intersection(inner.difference(parcels.buffer(4)))
                touching = [part for part in shapely.get_parts(across).tolist() if part.intersects(spine)]
                lanes += [LineString([(round(px, 3), round(py, 3)) for px, py in part.coords]) for part in touching]
    return lanes


def _through(ground: Polygon, line: LineString, *, closed: tuple[bool, bool]) -> LineString | None:
    """Return the part of a line within a block, ending 20 m short of a side that is closed."""
    parts = [part for part in shapely.get_parts(line.intersection(ground)).tolist() if part.length > 90]
    if not parts:
        return None
    longest = max(parts, key=lambda part: part.length)
    start, end = (20.0 if closed[0] else 0.0), longest.length - (20.0 if closed[1] else 0.0)
    return LineString([(round(p.x, 3), round(p.y, 3)) for p in (longest.interpolate(start), longest.interpolate(end))])
