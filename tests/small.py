"""A district small enough to check by eye, written as a folder.

Streets every 250 m, 1 km on a side; west and south edge at east 391,000 / north 3,168,000 (EPSG:4548)::

    N+1000 +----+----+----+----+
           |    |    |    |    |        toilets   T1 at (0, 0), T2 at (1000, 1000)
     +750  +----+----+----+----+        residents A at (100, 0)    100 people, 100 m from T1
           |    |    |    |    |                  B at (300, 0)     50 people, 300 m from T1
     +500  +----+----+----+----+                  C at (500, 500)   30 people, 1,000 m from both
           |    |    |    |    |
     +250  +----+----+----+----+
           |    |    |    |    |
       0   T1-A--B---+----+----+
           0   250  500  750  1000
"""

from __future__ import annotations

import json
from pathlib import Path

EAST, NORTH = 391000.0, 3168000.0
SIDE_M, STEP_M = 1000, 250

PROVENANCE = """
[provenance]
publisher = "tests"
retrieved = 2026-01-15
licence = "CC0"
"""


def layer(title: str, kind: str, geometry: str, source: str, *more: str) -> str:
    return "\n".join(
        [f'title = "{title}"', f'kind = "{kind}"', f'geometry = "{geometry}"', "[source]", source, *more, PROVENANCE]
    )


def geojson(*features: tuple[str, object, dict[str, str]]) -> str:
    return json.dumps(
        {
            "type": "FeatureCollection",
            "features": [
                {"type": "Feature", "properties": properties, "geometry": {"type": kind, "coordinates": coordinates}}
                for kind, coordinates, properties in features
            ],
        }
    )


def at(x: float, y: float) -> list[float]:
    return [EAST + x, NORTH + y]


def small_district(folder: Path) -> Path:
    """Write the district of the drawing into a new folder."""
    steps = range(0, SIDE_M + 1, STEP_M)
    streets: list[tuple[str, object, dict[str, str]]] = [
        *(("LineString", [at(x, y) for y in steps], {"id": f"v{x}", "class": "residential"}) for x in steps),
        *(("LineString", [at(x, y) for x in steps], {"id": f"h{y}", "class": "residential"}) for y in steps),
    ]
    ring = [[at(-50, -50), at(1050, -50), at(1050, 1050), at(-50, 1050), at(-50, -50)]]
    toilets = [("T1", "南厕", 0, 0), ("T2", "北厕", 1000, 1000)]
    residents = [("A", 100, 0, 100), ("B", 300, 0, 50), ("C", 500, 500, 30)]
    files = {
        "layers/district.toml": 'name = "small"\ntitle = "小区"\ncrs = "EPSG:4548"\n'
        'boundary = "layers/boundary"\nmargin_m = 500\n',
        "layers/boundary.toml": layer(
            "界",
            "boundary",
            "polygon",
            'path = "data/boundary.geojson"\ndatum = "EPSG:4548"',
            "[columns]",
            'name = "name"',
        ),
        "layers/data/boundary.geojson": geojson(("Polygon", ring, {"name": "小区"})),
        "layers/streets.toml": layer(
            "路",
            "streets",
            "line",
            'path = "data/streets.geojson"\ndatum = "EPSG:4548"',
            "[columns]",
            'id="id"\nstreet_class="class"',
        ),
        "layers/data/streets.geojson": geojson(*streets),
        "layers/toilets.toml": layer(
            "公厕",
            "public_toilet",
            "point",
            'path = "data/toilets.csv"\ndatum = "EPSG:4548"\nencoding = "utf-8"\nlon = "x"\nlat = "y"',
            "[columns]",
            'id = "id"\nname = "name"',
        ),
        "layers/data/toilets.csv": "id,name,x,y\n"
        + "".join(f"{i},{n},{EAST + x},{NORTH + y}\n" for i, n, x, y in toilets),
        "layers/residents.toml": layer(
            "居民",
            "residents",
            "point",
            'path = "data/residents.csv"\ndatum = "EPSG:4548"\nencoding = "utf-8"\nlon = "x"\nlat = "y"',
            "[columns]",
            'id = "id"\nname = "id"\npeople = "people"',
        ),
        "layers/data/residents.csv": "id,x,y,people\n"
        + "".join(f"{i},{EAST + x},{NORTH + y},{p}\n" for i, x, y, p in residents),
        "analyses/coverage.toml": 'kind = "coverage"\ntitle = "覆盖"\ndemand = "layers/residents"\nnetwork = "layers/streets"\n'
        'facilities = ["layers/toilets"]\nstandard = "gb50180-2018"\n[limits_m]\npublic_toilet = 300\n',
        "analyses/gaps.toml": 'kind = "gaps"\ntitle = "缺口"\ncoverage = "analyses/coverage"\n',
        "maps/planners.toml": 'title = "规划用图"\naudience = "planners"\n[[overlay]]\nof = "layers/streets"\nlabel = "路"\n'
        '[[overlay]]\nof = "layers/toilets"\nlabel = "公厕"\n[[overlay]]\nof = "analyses/coverage"\nlabel = "居民"\n',
    }
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return folder
