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

South of the main street, for some tests only (`walled_layers`), stand an estate with two gates, and a wall::

     y
      40                                         Q        V
      25       J                             (1150)    (1350)
      20                                     ========== the wall, x 1100 ... 1400
       0   ----+---+-----------------------Q--------------------   main street
     -10    T1     |                       |
     -50   . . . . n . . . . . . . .       |
           .       |               .       |
    -140   .       |  M            .       |
    -150   .       +-------------- e --+   |                       inner street, (550, 0) ... (840, -150)
    -160   .             T3        .   |   |
    -200   .                       .   |O  |                       O (860, -200)
    -240   .               N       .   |   |
           . . . . . . . . . . . . .   +---+                       loop, (840, -150) (840, -300) (1000, -300) (1000, 0)
          500     550  600 650 700 800 840 1000

    gates         n (550, -50), e (800, -150); both lie on the inner street
    inside        to n                     to e                     to T3 (650, -160)
      M (600,-140)  10 + 50 + 100 = 160      10 + 200 = 210           10 + 50 + 10 = 70
      N (700,-240)  90 + 150 + 100 = 340     90 + 100 = 190           90 + 50 + 10 = 150
      T3            10 + 100 + 100 = 210     10 + 150 = 160
    from gates    to T1                    to K (g1 930, 20)
      n             50 + 50 + 10 = 110       50 + 380 + 20 = 450
      e             40 + 150 + 160 + 300 + 500 + 10 = 1160
    others        to T1                    to T3                    to K
      O             20 + 100 + 160 + 300 + 500 + 10 = 1090    20 + 50 + 40 + 160 = 270
      J (520, 25)   25 + 20 + 10 = 55
      Q (1150, 40)  the wall bars the main street: 150 to (1000, 40), then 40 + 500 + 10, to K (g2 960, 50) 10 + 40
      V (1350, 40)  barred by the wall, and no other street within 200 m: cut off

With the main street two-sided, 20 m wide: T1 stands at its southern kerb (leg 0), J 15 m from its northern one.

    J to T1       by the junction at 550: 15 + 30 + 20 + 50 = 115; by a crossing at 700 alone: 15 + 180 + 20 + 200 = 415
    n to T1       50 + 50 = 100
    n to K        across at 550: 50 + 20 + 380 + 10 = 460; J to K: 15 + 410 + 10 = 435, crossing nothing
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


WALLED_HOMES = {
    "M": (600, -140, 60),
    "N": (700, -240, 70),
    "O": (860, -200, 8),
    "J": (520, 25, 4),
    "Q": (1150, 40, 6),
    "V": (1350, 40, 3),
}
WALLED_STREETS = STREETS | {
    "main": [(0, 0), (400, 0), (550, 0), (1000, 0), (1400, 0)],
    "inner": [(550, 0), (550, -150), (840, -150)],
    "loop": [(840, -150), (840, -300), (1000, -300), (1000, 0)],
}


def walled_layers(*, arterial: bool = False) -> dict[str, LayerData]:
    """The village with its estate and its wall; the main street two-sided, 20 m wide, if wanted."""
    lines = {name: line(*xy) for name, xy in WALLED_STREETS.items()}
    sides: dict[str, Any] = (
        {"two_sided": [name == "main" for name in lines], "width_m": [20.0] * len(lines)} if arterial else {}
    )
    toilets = {"T1": point(500, -10), "T3": point(650, -160)}
    return village_layers() | {
        "layers/streets": layer(frame("streets", lines, walkable=[True] * len(lines), **sides), "streets"),
        "layers/residents": residents(
            {name: point(x, y) for name, (x, y, _) in WALLED_HOMES.items()},
            [float(people) for *_, people in WALLED_HOMES.values()],
        ),
        "layers/toilets": layer(frame("public_toilet", toilets), "public_toilet"),
        "layers/estates": layer(
            frame("estates", {"W": box(500, -250, 800, -50)}, name=["西苑"]), "estates", gates="layers/estate_gates"
        ),
        "layers/estate_gates": layer(
            frame("gates", {"n": point(550, -50), "e": point(800, -150)}, of=["W", ""]), "gates"
        ),
        "layers/barriers": layer(
            frame("barriers", {"wall": line((1100, 20), (1400, 20))}, barrier=["wall"]), "barriers"
        ),
    }


def walled_record(**more: Any) -> Coverage:
    declared = {"estates": "layers/estates", "barriers": "layers/barriers", "areas": []}
    return coverage_record(**(declared | more))


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
