"""The sample district as frames, in metres of EPSG:4548, before any of them is written in its own format."""

from __future__ import annotations

from typing import Final

import geopandas as gpd
import numpy as np
import shapely
from shapely import Polygon

from qyp_geo.sample import city, estates, facilities, ground, streets, units

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
    order, spare = _order(plots, communities, rng)
    built = estates.build_up(order, rng)
    network = estates.connect(network, built.lanes)
    network += [street for street in streets.special_streets() if street.street_class != "footway"]

    schools, gates = facilities.schools(built, rng)
    parks, pocket_parks = facilities.parks(built, district, spare[:5])
    points = facilities.scatter(network, built, district, rng)
    return {
        "boundary": gpd.GeoDataFrame({"name": ["青云谱区(示意)"]}, geometry=[district], crs=ground.CRS),
        "water": gpd.GeoDataFrame(
            {"name": list(ground.lakes())}, geometry=list(ground.lakes().values()), crs=ground.CRS
        ),
        "streets": _street_frame(network),
        "residents": _building_frame(built),
        "townships": townships,
        "communities": communities,
        "zones": units.zones(district, townships),
        "landmarks": facilities.landmarks(district),
        "schools": schools,
        "gates": gates,
        "parks": parks,
        "pocket_parks": pocket_parks,
        "metro_stations": facilities.metro_stations(),
        **city.gated(built),
        "barriers": city.barriers(),
        "crossings": city.crossings(network, rng),
        "landuse": city.landuse(district, network, built, schools, [parks, pocket_parks], plots),
        "candidates": facilities.candidates(spare[5:29], rng),
        **points,
    }


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
) -> tuple[list[tuple[Polygon, str, bool]], list[Polygon]]:
    """Return the blocks in the order in which they are built up, each with its community, and those that stay free.

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
    return rows, free[::2]


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


def _building_frame(built: estates.Built) -> gpd.GeoDataFrame:
    rows = [
        {
            "id": f"B{n:04d}",
            "name": f"{building.estate}{building.number}栋",
            "levels": building.levels,
            "people": building.people,
            "geometry": shapely.set_precision(building.footprint, 0.01),
        }
        for n, building in enumerate(built.buildings, start=1)
    ]
    return gpd.GeoDataFrame(rows, crs=ground.CRS)
