"""What a reader would pass over in silence is told."""

from __future__ import annotations

import json

import openpyxl
import pytest

from qyp_geo.declarations import Layer
from tests.layers.folder import Folder, feature, geojson, record, square

HEADER, ROWS = "编号,名称,东,北", ("T1,南厕,391100,3168100", "T2,北厕,391200,3168200")
HEAD = (
    'Version 300\nCharset "WindowsSimpChinese"\nDelimiter ","\nCoordSys NonEarth Units "m" Bounds (0, 0) (1e7, 1e7)\n'
)


def toilets(path: str, **source: str) -> Layer:
    columns = {"id": "编号", "name": "名称"}
    return record("public_toilet", "point", path, "EPSG:4548", source=source, columns=columns)


def table(folder: Folder, lines: list[str], suffix: str) -> None:
    if suffix == ".csv":
        folder.write("t.csv", "\n".join(lines))
        return
    book = openpyxl.Workbook()
    for line in lines:
        book.worksheets[0].append(line.split(","))
    book.save(folder.data("t.xlsx"))


@pytest.mark.parametrize("suffix", [".csv", ".xlsx"])
def test_rows_above_a_header_that_was_sorted_into_the_table(folder: Folder, suffix: str) -> None:
    table(folder, ["公厕一览,,,", ROWS[0], HEADER, ROWS[1]], suffix)
    [told] = folder.told(toilets(f"t{suffix}", lon="东", lat="北"))
    assert f"layers/data/t{suffix}: row 2: stands above the header and looks like a row of data, left out" in told
    assert "Move it below the header" in told


@pytest.mark.parametrize("title", ["公厕一览,,,", "截至 2024 年,,,单位:座", "2024,,,", "一,二,三,四"])
def test_titles_above_a_header_are_no_rows(folder: Folder, title: str) -> None:
    table(folder, [title, HEADER, *ROWS], ".csv")
    assert folder.told(toilets("t.csv", lon="东", lat="北")) == []


def parks(folder: Folder, path: str) -> list[str]:
    columns = {"id": "bh", "name": "ym"}
    return folder.told(record("park", "polygon", path, "EPSG:4548", columns=columns))


@pytest.mark.parametrize("kind", ["Feattre", "feature", None])
def test_members_of_a_geojson_that_are_no_features(folder: Folder, kind: str | None) -> None:
    one, other = (feature("Polygon", square(x, 100, 200), bh=f"P{x}", ym="甲", geometry="x") for x in (100, 400))
    folder.write("p.geojson", geojson(one, other))
    assert parks(folder, "p.geojson") == []
    folder.write("p.geojson", json.dumps({"type": "FeatureCollection", "features": [one, {**other, "type": kind}]}))
    [told] = parks(folder, "p.geojson")
    assert "p.geojson: 1 of 2 features are not written as GeoJSON asks, and cannot be read" in told


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ('"P1","a"\n"P2","b"\n\n', ""),
        ('"P1","a"\n"P2","b"\n"P3","c"\n', "does not fit the rows beside it (given: 2 drawn, 3 rows in p.mid)"),
        ('"P1","a"\n', "cannot be read"),
    ],
)
def test_a_mid_with_another_number_of_rows_than_its_mif(folder: Folder, rows: str, said: str) -> None:
    rings = ("\n".join(f"{x} {y}" for x, y in square(x, 100, 200)[0]) for x in (100, 400))
    drawn = "\n".join(f"Region 1\n  5\n{ring}" for ring in rings)
    folder.write("p.mif", f"{HEAD}Columns 2\n  bh Char(20)\n  ym Char(40)\nData\n\n{drawn}\n")
    folder.write("p.mid", rows)
    told = "".join(parks(folder, "p.mif"))
    assert said in told
    assert bool(said) == bool(told)
