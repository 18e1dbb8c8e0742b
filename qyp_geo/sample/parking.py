"""Berths: of estates (配建), off the street (路外) and on it (路内); and the places where the plan wants more."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import geopandas as gpd
import numpy as np
import pandas as pd
from shapely import Point

from qyp_geo.sample import ground
from qyp_geo.sample.streets import Street, beside

_ON_STREET: Final = 18
_NOT_COUNTED: Final = "PU017"
_PER_HOUSEHOLD: Final = ((1998, 0.0), (2006, 0.35), (2014, 0.7), (9999, 1.05))
"""Estates built before a year have so many berths per household."""
_TWO_LOTS_FROM: Final = 500
_IDLE: Final = 9
"""Of so many underground lots one was never opened."""
_HUB: Final = (115.9163, 28.6512)


def by_type(lots: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Return the public lots with their type: the smallest are berths on the street. One is idle, and one nobody counted."""
    on_street = lots["capacity"].rank(method="first") <= _ON_STREET
    names = lots["name"].mask(on_street, lots["name"].str.replace("停车场", "路内泊位"))
    capacity = lots["capacity"].astype(float).mask(lots["id"] == _NOT_COUNTED)
    status = pd.Series("现状", index=lots.index).mask(lots["id"] == lots["id"][~on_street].iloc[-1], "建成未用")
    return lots.rename(columns={"berths_ev": "ev_berths"}).assign(
        name=names, capacity=capacity, parking_type=on_street.map({True: "路内", False: "路外"}), status=status
    )


def of_estates(estates: gpd.GeoDataFrame, gates: gpd.GeoDataFrame, rng: np.random.Generator) -> gpd.GeoDataFrame:
    """Return the lots that were built with estates, behind a gate of each; those of before 1998 have none.

    Large ones stand partly underground, and some of these lots were never opened. One lot does not say whose it is.
    """
    rows: list[dict[str, Any]] = []
    n_underground = 0
    for estate in estates.dropna(subset=["built_year", "households"]).to_dict("records"):
        year = estate["built_year"]
        per_household = next(berths for before, berths in _PER_HOUSEHOLD if year < before)
        berths = int(estate["households"] * per_household * rng.uniform(0.85, 1.15))
        way_in = np.array(gates.geometry[gates["of"] == estate["id"]].iloc[0].coords[0])
        to_middle = np.array(estate["geometry"].representative_point().coords[0]) - way_in
        open_air = int(berths * 0.3) if berths >= _TWO_LOTS_FROM else berths
        for lot, (name, capacity) in enumerate((("地面车位", open_air), ("地下车库", berths - open_air))):
            if capacity == 0:
                continue
            n_underground += lot
            rows.append(
                {
                    "id": f"PJ{len(rows) + 1:03d}",
                    "name": f"{estate['name']}{name}",
                    "capacity": capacity,
                    "ev_berths": int(capacity * rng.uniform(0.0, 0.02 if year < 2015 else 0.2)),
                    "parking_type": "配建",
                    "part_of": estate["id"],
                    "status": "建成未用" if lot and n_underground % _IDLE == 0 else "现状",
                    "open_year": int(year) + 1,
                    "geometry": Point(way_in + to_middle * (0.3 + 0.4 * lot)),
                }
            )
    rows[len(rows) // 2]["part_of"] = ""
    return gpd.GeoDataFrame(rows, crs=ground.CRS)


def with_permits(estates: gpd.GeoDataFrame, lots: gpd.GeoDataFrame, rng: np.random.Generator) -> gpd.GeoDataFrame:
    """Return the estates with the berths of their permits: mostly what was built, sometimes more, and of some not known."""
    built = lots.groupby("part_of")["capacity"].sum()
    berths = estates["id"].map(built).astype(float) * rng.choice([1.0, 1.2], len(estates), p=[0.85, 0.15])
    unknown = rng.random(len(estates)) < 0.1
    return estates.assign(berths_declared=berths.round().mask(unknown))


def transport_hubs(streets: Sequence[Street]) -> gpd.GeoDataFrame:
    """Return the coach terminal that the plan names."""
    at = beside(Point(ground.place(*_HUB)), streets)
    return gpd.GeoDataFrame({"id": ["SN1"], "name": ["徐坊客运站(示意)"]}, geometry=[at], crs=ground.CRS)


def scenic_areas(parks: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Return the scenic areas that the plan names: the lakes with the parks around them, and the flower garden."""
    park = parks.set_index("name").geometry
    lakes = ground.lakes()
    shapes = {
        "八大山人梅湖景区": lakes["梅湖"].union(park["梅湖景区"]),
        "象湖景区": lakes["象湖"].union(park["象湖公园"]),
        "花博园": park["花博公园"],
    }
    rows = [
        {"id": f"JQ{n}", "name": name, "geometry": ground.polygons(shape)[0]}
        for n, (name, shape) in enumerate(shapes.items(), start=1)
    ]
    return gpd.GeoDataFrame(rows, crs=ground.CRS)
