"""A district small enough to check by eye; east and north are given from its origin, in metres (EPSG:4548).

Streets are 400 + 600 + 400 m of main street, a lane north, a back street, and an island that no street joins::

      y
     600              P2 ------------------- Q2
                      |                       |
     500   .........+-+-+......               |
           :  park  | | | Y   :               |
     450   .........+-+-+......               |
     445              I                       |
                      |                       |
     300              C           G           D
                      |                       |
           k2                                 |
      30   A                             K    |
      20        B     |               g1 # g2 |
       0   O----------P------------------+----Q------E-R
           0          400  500 T1            1000     1400
    -490   F  on the island street, y = -500, x = 0 ... 200

    residents (20 x 10 m footprints, by centre)          people
      A (100, 30)     30 m from the main street             100
      B (300, 20)     20 m                                   50
      C (400, 300)    on the lane                           200
      D (1000, 300)   on the east street                     30
      E (1390, 10)    10 m                                   10
      F (100, -490)   10 m from the island street             5
      G (700, 300)    300 m from every street: too far       20
      I (400, 445)    on the lane, 5 m from the park         40
      H (50, 20)      outside the district                 1000

    toilets       T1 (500, -10), 10 m off; T2 (300, 10) is planned
    kindergarten  K 900...960 x 20...80, walled, gates g1 (930, 20) and g2 (960, 50)
                  K2 60...90 x 100...130, walled, no gates
    park          Y 300...500 x 450...500, 10,000 m2, open; the lane runs through it

    walks         toilet                       kindergarten K             park
      A           30 + 400 + 10 = 440          30 + 830 + 20 = 880        30 + 300 + 450 = 780
      B           20 + 200 + 10 = 230          20 + 630 + 20 = 670        20 + 100 + 450 = 570
      C           300 + 100 + 10 = 410         300 + 530 + 20 = 850       150
      D           300 + 500 + 10 = 810         250 + 40 = 290 (g2)        300 + 600 + 100 = 1000
      E           10 + 890 + 10 = 910          10 + 460 + 20 = 490        10 + 990 + 450 = 1450
      I           445 + 100 + 10 = 555         445 + 530 + 20 = 995       5
      F, G        none                         none                       none

    straight from K2:  A 70.7, B 224.7, C 353.6, I 443.0, all others more than 600
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

import geopandas as gpd
import pandas as pd
import shapely

from qyp_geo.analyses import Inputs
from qyp_geo.analyses.coverage import Coverage
from qyp_geo.declarations import District, Layer, Provenance, Source
from qyp_geo.frames import LayerData

CRS = "EPSG:4548"
EAST, NORTH = 391000.0, 3168000.0

STREETS = {
    "main": [(0, 0), (400, 0), (1000, 0), (1400, 0)],
    "lane": [(400, 0), (400, 600)],
    "back": [(400, 600), (1000, 600), (1000, 0)],
    "island": [(0, -500), (200, -500)],
}
HOMES = {
    "A": (100, 30, 100),
    "B": (300, 20, 50),
    "C": (400, 300, 200),
    "D": (1000, 300, 30),
    "E": (1390, 10, 10),
    "F": (100, -490, 5),
    "G": (700, 300, 20),
    "I": (400, 445, 40),
    "H": (50, 20, 1000),
}
TOILET_M = {"A": 440.0, "B": 230.0, "C": 410.0, "D": 810.0, "E": 910.0, "I": 555.0}
KINDERGARTEN_M = {"A": 880.0, "B": 670.0, "C": 850.0, "D": 290.0, "E": 490.0, "I": 995.0}
PARK_M = {"A": 780.0, "B": 570.0, "C": 150.0, "D": 1000.0, "E": 1450.0, "I": 5.0}


def point(x: float, y: float) -> shapely.Point:
    return shapely.Point(EAST + x, NORTH + y)


def line(*xy: tuple[float, float]) -> shapely.LineString:
    return shapely.LineString([(EAST + x, NORTH + y) for x, y in xy])


def box(x0: float, y0: float, x1: float, y1: float) -> shapely.Polygon:
    return shapely.box(EAST + x0, NORTH + y0, EAST + x1, NORTH + y1)


def frame(kind: str, features: Mapping[str, Any], **columns: list[Any]) -> gpd.GeoDataFrame:
    """A canonical frame; features are named after their ids unless a column says otherwise."""
    index = pd.Index(list(features), name="id")
    values = {"name": list(features), "kind": kind, **columns}
    return gpd.GeoDataFrame(values, index=index, geometry=list(features.values()), crs=CRS)


def layer(content: gpd.GeoDataFrame, kind: str, *, notes: tuple[str, ...] = (), **more: Any) -> LayerData:
    record = Layer(
        title=more.pop("title", kind),
        kind=kind,
        geometry="mixed",
        source=Source(path="data/any.geojson", datum=CRS),
        provenance=Provenance(publisher="tests", retrieved=date(2026, 1, 15), licence="CC0"),
        **more,
    )
    return LayerData(record=record, frame=content, notes=notes)


def streets(lines: Mapping[str, Any]) -> LayerData:
    return layer(frame("streets", lines, walkable=[True] * len(lines)), "streets")


def residents(points: Mapping[str, Any], people: list[float], inside: list[bool] | None = None) -> LayerData:
    inside = inside or [True] * len(points)
    return layer(frame("residents", points, people=people, inside=inside, estimated=[False] * len(points)), "residents")


def village_layers() -> dict[str, LayerData]:
    kindergartens = frame(
        "kindergarten", {"K": box(900, 20, 960, 80), "K2": box(60, 100, 90, 130)}, area_m2=[3600.0, 900.0]
    )
    units = frame(
        "units",
        {
            "w": box(-50, -550, 650, 700),
            "e": box(650, -550, 1450, 700),
            "w1": box(-50, -550, 650, 200),
            "w2": box(-50, 200, 650, 700),
            "e1": box(650, -550, 1450, 700),
        },
        level=["街道", "镇", "社区", "社区", "村"],
        order=[2, 1, 1, 2, 3],
    )
    return {
        "layers/boundary": layer(frame("boundary", {"all": box(-50, -550, 1450, 700)}), "boundary"),
        "layers/streets": streets({name: line(*xy) for name, xy in STREETS.items()}),
        "layers/residents": residents(
            {name: box(x - 10, y - 5, x + 10, y + 5) for name, (x, y, _) in HOMES.items()},
            [float(people) for *_, people in HOMES.values()],
            [name != "H" for name in HOMES],
        ),
        "layers/toilets": layer(
            frame("public_toilet", {"T1": point(500, -10), "T2": point(300, 10)}, status=["existing", "planned"]),
            "public_toilet",
            title="公厕",
        ),
        "layers/kindergartens": layer(kindergartens, "kindergarten", gates="layers/gates"),
        "layers/gates": layer(frame("gates", {"g1": point(930, 20), "g2": point(960, 50)}, of=["K", ""]), "gates"),
        "layers/parks": layer(frame("park", {"Y": box(300, 450, 500, 500)}, area_m2=[10_000.0]), "park"),
        "layers/zones": layer(
            frame("zones", {"z1": box(-50, -50, 450, 700), "z2": box(350, -50, 1100, 700)}, name=["西区", "东区"]),
            "zones",
        ),
        "layers/units": layer(units, "units"),
    }


def coverage_record(**more: Any) -> Coverage:
    asked: dict[str, Any] = {
        "kind": "coverage",
        "title": "覆盖",
        "demand": "layers/residents",
        "network": "layers/streets",
        "facilities": ["layers/toilets", "layers/kindergartens", "layers/parks"],
        "standard": "gb50180-2018",
        "areas": ["layers/zones", "layers/units"],
        "limits_m": {"public_toilet": 410.0},
    }
    return Coverage.model_validate(asked | more)


def inputs(layers: Mapping[str, LayerData], **results: Any) -> Inputs:
    district = District(name="village", title="村", crs=CRS, boundary="layers/boundary")
    return Inputs(
        district, layers, {f"analyses/{name}": result for name, result in results.items()}, Path("no-such-folder")
    )
