"""The made-up district with what a fuller analysis tells: both distances, gates, walls, crossings, links, and the streets.

Every building snaps to the street south of it, 40 m away, so that its way to the toilet at (100, 0) is as long as its `walk_m`.
The school lies within a wall, and no way along the streets is as long as what is told of it.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from qyp_geo.frames import Result
from tests.maps.district import CRS, EAST, NORTH, Parts, Texts, add_layer, frame_of, make_district

SIDE: Final = 6
GATED: Final = "R00010"
"""The building 4 to the east and 1 to the north of the corner, which is alone in a gated estate."""
INSIDE_M: Final = 45.0
"""What it walks to the gate of its estate, and on to the street."""


def make_measured(*, texts: Texts = str) -> Parts:
    """Return the district of `make_district` with every optional column, part and layer."""
    record, district, layers, results = make_district(side=SIDE, texts=texts)
    for name, one in _layers(texts).items():
        record = add_layer(record, layers, f"layers/{name}", one, texts)
    coverage = results["analyses/coverage"]
    results["analyses/coverage"] = _measured(coverage)
    results["analyses/gaps"] = _explained(results["analyses/gaps"], texts)
    return record, district, layers, results


def _layers(texts: Texts) -> dict[str, tuple[str, gpd.GeoDataFrame]]:
    def box(*bounds: float) -> shapely.Polygon:
        west, south, east, north = bounds
        return shapely.box(EAST + west, NORTH + south, EAST + east, NORTH + north)

    def line(*xy: tuple[float, float]) -> shapely.LineString:
        return shapely.LineString([(EAST + x, NORTH + y) for x, y in xy])

    def points(*xy: tuple[float, float]) -> list[shapely.Point]:
        return [shapely.Point(EAST + x, NORTH + y) for x, y in xy]

    walls = ["wall", "fence", "water", "railway", "elevated", "hedge"]
    rows: list[Any] = [line((20, 100 * n + 85), (580, 100 * n + 85)) for n in range(6)]
    rows[2] = box(500, 270, 590, 290)
    crossings = ["signals", "zebra", "footbridge", "underpass"]
    uses = {"code": ["0701", "0901", "0101"], "residential": [True, False, False], "construction": [True, True, False]}
    return {
        "landuse": (
            "landuse",
            frame_of("landuse", ["L1", "L2", "L3"], uses, [box(n * 200, 0, n * 200 + 200, 600) for n in range(3)]),
        ),
        "estates": ("estates", frame_of("estates", ["E1"], {"name": [texts("洪都小区")]}, [box(405, 110, 495, 190)])),
        "estate_gates": ("gates", frame_of("gates", ["D1"], {"of": ["E1"]}, points((450, 110)))),
        "barriers": (
            "barriers",
            frame_of("barriers", [f"B{n}" for n in range(6)], {"barrier": walls, "name": texts("墙")}, rows),
        ),
        "crossings": (
            "crossings",
            frame_of(
                "crossings",
                [f"C{n}" for n in range(4)],
                {"crossing": crossings},
                points((300, 0), (300, 100), (300, 200), (300, 300)),
            ),
        ),
    }


def _measured(coverage: Result) -> Result:
    by_unit, units = coverage.parts["by_unit"].copy(), gpd.GeoDataFrame(coverage.parts["units"])
    gated = (by_unit["unit"] == GATED).to_numpy()
    by_unit["facility_layer"] = np.where(by_unit["kind"] == "public_toilet", "layers/toilets", "layers/schools")
    by_unit["walk_from_gate_m"] = np.where(gated, by_unit["walk_m"] - INSIDE_M + 10.0, np.nan)
    by_unit["start"] = np.where(gated, "gate", "door")
    by_unit["radius_m"] = (by_unit["walk_m"] / 1.25).round(3)
    by_unit["within_radius"] = by_unit["radius_m"] <= by_unit["limit_m"]
    of_school = by_unit["kind"] == "primary_school"
    by_unit["crosses_arterial"] = (by_unit["walk_m"] > 400).astype("boolean").where(of_school)
    units["estate"] = np.where(units.index == GATED, "洪都小区", "")
    units["spread"] = ~units["estimated"]
    units["cut_off"] = False
    table = coverage.table.assign(
        people_within_radius=coverage.table["people_covered"] * 1.1, radius_share=coverage.table["people_share"] * 1.1
    )
    parts = {
        **coverage.parts,
        "by_unit": by_unit,
        "units": units,
        "edges": _edges(),
        "accesses": _accesses(units),
    }
    return replace(coverage, table=table, parts=parts)


def _edges() -> gpd.GeoDataFrame:
    """One edge per side of a square of the grid, its nodes named by their places; labelled from 7, as nobody would expect."""
    rows = []
    for x in range(SIDE + 1):
        for y in range(SIDE + 1):
            for other in [(x + 1, y), (x, y + 1)]:
                if max(other) <= SIDE:
                    ends = np.array([(x, y), other])
                    at = shapely.LineString(ends * 100.0 + [EAST, NORTH])
                    rows.append({"u": 1000 * x + y, "v": 1000 * other[0] + other[1], "length_m": 100.0, "geometry": at})
    # From kerb to kerb: a walk without a line.
    rows.append({"u": 0, "v": -1, "length_m": 30.0, "geometry": None})
    return gpd.GeoDataFrame(rows, index=pd.RangeIndex(7, 7 + len(rows)), geometry="geometry", crs=CRS)


def _accesses(units: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    edges = _edges()
    ends = edges.reset_index().set_index(["u", "v"])["index"]
    middle: Any = units.geometry.centroid
    rows = []
    for id_, point in middle.items():
        x, y = int((point.x - EAST) // 100), int((point.y - NORTH) // 100)
        edge = ends[1000 * x + y, 1000 * (x + 1) + y]
        rows.append(
            {"of": "unit", "id": id_, "layer": "", "edge": edge, "along_m": 50.0, "off_m": 40.0, "geometry": point}
        )
    # The same id in another layer, at the far corner.
    for layer, node, off_m in [("layers/toilets", (1, 0), 0.0), ("layers/schools", (SIDE - 1, SIDE), 0.0)]:
        edge = ends[1000 * node[0] + node[1], 1000 * (node[0] + 1) + node[1]]
        at = shapely.Point(EAST + 100.0 * node[0], NORTH + 100.0 * node[1])
        rows += [
            {
                "of": "facility",
                "id": id_,
                "layer": layer,
                "edge": edge,
                "along_m": 0.0,
                "off_m": off_m,
                "geometry": at,
            }
            for id_ in ("public_toilet-0", "nowhere")
        ]
    school = ends[4001, 5001]
    at = shapely.Point(EAST + 420, NORTH + 100)
    rows.append(
        {
            "of": "facility",
            "id": "S1",
            "layer": "layers/schools",
            "edge": school,
            "along_m": 20.0,
            "off_m": 0.0,
            "geometry": at,
        }
    )
    return gpd.GeoDataFrame(rows, crs=CRS)


def _explained(gaps: Result, texts: Texts) -> Result:
    table = gaps.table.assign(
        type="路径不通",
        action=texts("开设出入口"),
        suspected=True,
        radius_m=250.4,
        estate=texts("洪都小区"),
        responsible="",
        checked="",
    )
    links = frame_of(
        "gate",
        ["L001", "L002"],
        {
            "crosses": [texts("洪都小区"), texts("解放路")],
            "length_m": [25.0, 31.5],
            "people_gained": [123.0, 40.0],
            "units_gained": [3, 1],
            "requirement": ["t5.toilet", "t10.school"],
            "gap": "G001",
        },
        [shapely.LineString([(EAST + x, NORTH + 185), (EAST + x, NORTH + 210)]) for x in (250, 350)],
    )
    links.loc["L002", "kind"] = "crossing"
    return replace(gaps, table=gpd.GeoDataFrame(table), parts={**gaps.parts, "links": links})
