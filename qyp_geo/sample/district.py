"""The sample district as frames, in metres of EPSG:4548, before any of them is written in its own format."""

from __future__ import annotations

from typing import Final

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from shapely import Polygon

from qyp_geo.sample import centres, city, estates, facilities, ground, parking, people, schooling, streets, units

_ROAD_TYPE: Final = {"primary": "交通性", "secondary": "商业性", "tertiary": "生活性", "residential": "生活性"}
_WIDTH_M: Final = {"primary": 40.0, "secondary": 30.0}
SEED: Final = 360104
"""The administrative code of 青云谱区."""


def make_district() -> dict[str, gpd.GeoDataFrame]:
    """Make every layer of the sample district.

    Returns
    -------
    dict
        Frame by name; the columns are those that the files have under Chinese headings.
    """
    rng = np.random.default_rng(SEED)
    district = ground.outline()
    townships = units.townships(district)
    communities = units.communities(townships, rng)

    network = streets.main_streets(district, rng)
    walks = [street for street in streets.special_streets() if street.street_class == "footway"]
    for walk in walks:
        network += [*streets.join_to_nearest(walk, network), walk]
    plots = _free(streets.blocks(network, district), district)
    order, spare, free = _order(plots, communities, rng)
    built = estates.build_up(order, rng)
    network = estates.connect(network, built.lanes)
    network += [street for street in streets.special_streets() if street.street_class != "footway"]

    schools, gates = schooling.schools(built, rng)
    parks, pocket_parks = facilities.parks(built, district, spare[:5])
    points = facilities.scatter(network, built, district, rng)
    crossings = city.crossings(network, rng)
    existing_parks = parks[parks["status"] == "现状"]
    landuse = city.landuse(district, network, built, schools, [existing_parks, pocket_parks], plots)
    plots_for_centres = centres.candidates(spare[5:29], rng)

    walled = city.gated(built)
    later = np.random.default_rng([SEED, 1])  # of its own, so that what is drawn above stays as it is
    years = people.years_built(built, later)
    homes = people.households_and_ages(built, years, later)
    register = people.estate_register(walled["estates"], built, years, homes)
    estate_parking = parking.of_estates(register, walled["estate_gates"], later)
    roads = [*network, *streets.to_come(network, [estate.ground for estate in built.estates])]
    open_centres = points["neighbourhood_centre"]
    opening = [schooling.to_come(free, built, roads), schooling.in_centres(open_centres)]
    every_school = schooling.with_details(_together([schools, *(found for found, _ in opening)]), later)
    return {
        "boundary": gpd.GeoDataFrame({"name": ["青云谱区(示意)"]}, geometry=[district], crs=ground.CRS),
        "water": gpd.GeoDataFrame(
            {"name": list(ground.lakes())}, geometry=list(ground.lakes().values()), crs=ground.CRS
        ),
        "streets": _street_frame(roads),
        "residents": _building_frame(built, homes),
        "townships": townships,
        "communities": communities,
        "zones": units.zones(district, townships),
        "landmarks": facilities.landmarks(district),
        "schools": every_school,
        "gates": _together([gates, *(found for _, found in opening)]),
        "school_districts": schooling.school_districts(schools, gates, district, townships),
        "watch_areas": schooling.watch_areas(townships),
        "parks": parks,
        "pocket_parks": pocket_parks,
        "metro_stations": facilities.metro_stations(),
        "transport_hubs": parking.transport_hubs(network),
        "scenic_areas": parking.scenic_areas(parks),
        "hospital": facilities.hospitals(network),
        "estates": parking.with_permits(register, estate_parking, later),
        "estate_gates": walled["estate_gates"],
        "estate_parking": estate_parking,
        "barriers": city.barriers(),
        "crossings": crossings,
        "landuse": landuse,
        "mask": ground.mask(),
        "candidates": centres.with_rooms(plots_for_centres, register, walled["estate_gates"], open_centres, later),
        **points,
        **centres.holding(open_centres, points),
        "public_parking": parking.by_type(points["public_parking"]),
        "neighbourhood_centre": centres.with_those_to_come(open_centres, network),
    }


def _together(frames: list[gpd.GeoDataFrame]) -> gpd.GeoDataFrame:
    return pd.concat(frames, ignore_index=True)


def _free(plots: list[Polygon], district: Polygon) -> list[Polygon]:
    """Return the blocks of the district that are neither lake nor factory."""
    kept_free = shapely.union_all(
        [*(lake.buffer(175) for lake in ground.lakes().values()), *ground.factories().values()]
    )
    return [
        plot
        for plot in plots
        if plot.intersection(kept_free).area < 0.15 * plot.area and plot.intersection(district).area > 0.98 * plot.area
    ]


def _order(
    plots: list[Polygon], communities: gpd.GeoDataFrame, rng: np.random.Generator
) -> tuple[list[tuple[Polygon, str, bool]], list[Polygon], list[Polygon]]:
    """Return the blocks in the order in which they are built up, each with its community, and the last of them twice over.

    Of these, which mostly stay free, one half is for parks and candidates and the other for what is still to come.
    The block nearest to the middle of each community comes first, so that all have residents; then the rest, the north first.
    """
    places = shapely.STRtree(communities.geometry.to_numpy())
    middle = [plot.representative_point() for plot in plots]
    home = {int(plot): int(unit) for plot, unit in zip(*places.query(middle, predicate="within"), strict=True)}
    first = {
        min((plot for plot, unit in home.items() if unit == wanted), key=lambda plot: middle[plot].distance(centre))
        for wanted, centre in enumerate(communities.geometry.centroid)
        if wanted in home.values()
    }
    rest = [plot for plot in home if plot not in first]
    northing = np.array([middle[plot].y for plot in rest])
    rank = np.argsort(-(northing / 2200 + rng.gumbel(size=len(rest))), kind="stable")
    order = [*sorted(first), *(rest[n] for n in rank)]
    rows = [
        (plots[n], str(communities["name"].iloc[home[n]]), communities["level"].iloc[home[n]] == "村") for n in order
    ]
    free = [plots[n] for n in reversed(order) if n not in first and plots[n].area < 250_000]
    return rows, free[::2], free[1::2]


def _street_frame(network: list[streets.Street]) -> gpd.GeoDataFrame:
    rows = [
        {
            "id": f"S{n:04d}",
            "name": street.name,
            "class": street.street_class,
            **{key: str(street.more.get(key, "")) for key in ("access", "foot", "tunnel", "bridge", "layer")},
            "width": _WIDTH_M.get(street.street_class),
            "road_type": _ROAD_TYPE.get(street.street_class, ""),
            "status": street.more.get("status", "现状"),
            "open_year": street.more.get("open_year"),
            "geometry": street.line,
        }
        for n, street in enumerate(network, start=1)
    ]
    return gpd.GeoDataFrame(rows, crs=ground.CRS)


def _building_frame(built: estates.Built, homes: pd.DataFrame) -> gpd.GeoDataFrame:
    rows = [
        {
            "id": f"B{n:04d}",
            "name": f"{building.estate}{building.number}栋",
            "levels": building.levels,
            "people": building.people,
            **household,
            "geometry": shapely.set_precision(building.footprint, 0.01),
        }
        for n, (building, household) in enumerate(zip(built.buildings, homes.to_dict("records"), strict=True), start=1)
    ]
    return gpd.GeoDataFrame(rows, crs=ground.CRS)
