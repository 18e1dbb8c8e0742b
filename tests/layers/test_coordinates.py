"""Coordinates as people write them: degrees and minutes, full-width digits, and zones before the easting."""

from __future__ import annotations

import math

import pytest

from qyp_geo.declarations import Layer
from qyp_geo.layers.tables import parse_coordinate, split_pair
from qyp_geo.layers.zones import code_in_zone, zone_of
from tests.layers.folder import EAST, NORTH, Folder, record

DEGREES = 115 + 53 / 60 + 12 / 3600
ZONE_39 = 39_000_000


@pytest.mark.parametrize(
    "text",
    [
        "115°53′12″E",
        "115°53'12\"",
        "115°53''12",
        "115 53 12",
        "115:53:12",
        "115度53分12秒",
        "东经115度53分12秒",
        "E115°53′12″",
        "E 115 53 12.0",
        "115º53'12''",
        "１１５°５３′１２″",
        "１１５度５３分１２秒",
        "115°53.2′",
        " 115° 53′ 12″ e ",
        "115°53’12”E",
    ],
)
def test_degrees_minutes_and_seconds_are_one_number(text: str) -> None:
    expected = math.nan if text == "115°53''12" else DEGREES  # seconds where the minutes belong
    assert parse_coordinate(text) == pytest.approx(expected, abs=1e-12, nan_ok=True)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("39,391,000.5", 39_391_000.5),
        ("３９１，０００", 391_000),
        ("115.8942", 115.8942),
        ("115.8942°", 115.8942),
        ("115.8942°E", 115.8942),
        ("东经115.8942", 115.8942),
        ("28.63N", 28.63),
        ("S28°37′", -(28 + 37 / 60)),
        ("-115°30′", -115.5),
        ("−115.5", -115.5),
        ("西经0.5度", -0.5),
    ],
)
def test_other_ways_to_write_a_number(text: str, value: float) -> None:
    assert parse_coordinate(text) == value


@pytest.mark.parametrize(
    "text",
    ["", "115°60′0″", "115°0′60″", "115 60 0", "115 53", "3 168 100", "E115°53′12″E", "E", "东", "1,23", "115°53", "°"],
)
def test_what_is_no_coordinate_is_none(text: str) -> None:
    assert math.isnan(parse_coordinate(text))


@pytest.mark.parametrize(
    ("text", "pair"),
    [
        ("115.89,28.63", ("115.89", "28.63")),
        ("115.89 28.63", ("115.89", "28.63")),
        ("115 53 12, 28 37 30", ("115 53 12", "28 37 30")),
        ("115°53′12″E 28°37′30″N", ("115°53′12″E", "28°37′30″N")),
        ("115.89，28.63", ("115.89", "28.63")),
    ],
)
def test_a_pair_in_one_cell_is_parted(text: str, pair: tuple[str, str]) -> None:
    assert split_pair(text) == pair


def toilets(datum: str = "EPSG:4548") -> Layer:
    columns = {"id": "id", "name": "name"}
    return record("public_toilet", "point", "t.csv", datum, source={"lon": "x", "lat": "y"}, columns=columns)


def write(folder: Folder, *zones: int) -> None:
    rows = "".join(f"T{n},厕{n},{zone + EAST + 100 * n},{NORTH + 100 * n}\n" for n, zone in enumerate(zones, 1))
    folder.write("t.csv", "id,name,x,y\n" + rows)


def test_a_table_in_degrees_and_minutes_lies_where_it_should(folder: Folder) -> None:
    folder.write("t.csv", "id,name,x,y\nT1,厕,东经115度53分12秒,28°37′45″N\n")
    points = folder.read_one(toilets("wgs84")).frame.geometry
    # 117° E is 500,000: 1°6′48″ west of it, 27.17 m to the second at 28.6°, is some 108.9 km.
    assert list(points.x) == pytest.approx([500_000 - 108_900], abs=150)
    assert list(points.y) == pytest.approx([3_168_500], abs=500)


def test_eastings_with_their_zone_are_read_as_such(folder: Folder) -> None:
    write(folder, ZONE_39, ZONE_39)
    assert list(folder.read_one(toilets("EPSG:4527")).frame.geometry.x) == pytest.approx([EAST + 100, EAST + 200])


@pytest.mark.parametrize(
    ("declared", "zone", "told_of"),
    [
        (
            "EPSG:4548",
            ZONE_39,
            'the file have the zone 39 (8 digits) (given: EPSG:4548, (39391100, 3168100)). Write datum = "EPSG:4527"',
        ),
        (
            "EPSG:4527",
            0,
            'those of the file have none (6 digits) (given: EPSG:4527, (391100, 3168100)). Write datum = "EPSG:4548"',
        ),
        ("EPSG:4509", ZONE_39, 'Write datum = "EPSG:4527"'),
        ("EPSG:4548", 20_000_000, "the zone 20 (8 digits)"),
        ("EPSG:4526", ZONE_39, "has the zone 38 before its eastings, those of the file have the zone 39"),
        ("EPSG:4498", 0, 'Write datum = "EPSG:4509"'),
    ],
)
def test_a_zone_that_differs_from_the_declared_datum_is_told_both_ways(
    folder: Folder, declared: str, zone: int, told_of: str
) -> None:
    write(folder, zone, zone, zone)
    found, problems = folder.read(one=toilets(declared))
    assert "one" not in found
    [problem] = problems
    assert (problem.where, problem.check) == ("source.datum", "zone_prefix")
    assert told_of in str(problem)


def test_one_row_with_the_zone_among_others_is_told_by_its_row(folder: Folder) -> None:
    write(folder, 0, ZONE_39, 0)
    [told] = folder.told(toilets())
    assert "row 3, column x / y: the easting has the zone 39 before it (given: '(39391200, 3168200)')" in told
    assert "Write it as the other rows do, without a zone before it" in told
    write(folder, ZONE_39, ZONE_39, 0)
    [told] = folder.told(toilets("EPSG:4527"))
    assert "row 4, column x / y: the easting has no zone before it" in told


def test_metres_with_a_zone_that_are_declared_as_degrees_are_told_with_their_code(folder: Folder) -> None:
    write(folder, ZONE_39, ZONE_39)
    [told] = folder.told(toilets("wgs84"))
    assert "EPSG:4527" in told


def test_another_grid_is_none_of_these(folder: Folder) -> None:
    """Web Mercator has 13,000,000 at 117° E, which looks like zone 13."""
    assert zone_of("EPSG:3857") is None
    folder.write("t.csv", "id,name,x,y\nT1,厕,12901000,3329000\nT2,厕,12901100,3329000\n")
    told = folder.told(toilets())
    assert not any("zone" in line for line in told)


@pytest.mark.parametrize(
    ("datum", "zone", "code"),
    [
        ("EPSG:4548", 39, "EPSG:4527"),
        ("EPSG:4527", 0, "EPSG:4548"),
        ("EPSG:4534", 25, "EPSG:4513"),
        ("EPSG:4533", 0, "EPSG:4554"),
        ("EPSG:4498", 0, "EPSG:4509"),
        ("EPSG:4502", 13, "EPSG:4491"),
        ("EPSG:4548", 24, None),
        ("EPSG:4548", 0, None),
    ],
)
def test_codes_with_and_without_zone(datum: str, zone: int, code: str | None) -> None:
    assert code_in_zone(datum, zone) == code
