from __future__ import annotations

import pytest
import shapely

from qyp_geo.declarations import Layer
from qyp_geo.errors import Problem
from tests.layers.folder import Folder, at, feature, geojson, record, square

HEADER = "编号,名称,x,y\n"
IN_DEGREES, IN_METRES = (115.8942, 28.6325), (391869.5, 3169038.3)  # one place, as PROJ 9.5.1 gives it


def toilets(datum: str, path: str = "t.csv") -> Layer:
    columns = {"id": "编号", "name": "名称"}
    return record("public_toilet", "point", path, datum, source={"lon": "x", "lat": "y"}, columns=columns)


def write(folder: Folder, *places: tuple[float, float]) -> None:
    folder.write("t.csv", HEADER + "".join(f"T{n},甲,{x},{y}\n" for n, (x, y) in enumerate(places)))


def off_m(folder: Folder, datum: str) -> float:
    """How far the first place of a table lies from the test point."""
    place = folder.read_one(toilets(datum)).frame.geometry.iloc[0]
    return float(place.distance(shapely.Point(IN_METRES)))


@pytest.mark.parametrize(
    ("datum", "written"),
    [
        ("wgs84", IN_DEGREES),
        ("cgcs2000", IN_DEGREES),
        ("EPSG:4490", IN_DEGREES),
        ("EPSG:4548", IN_METRES),
        ("EPSG:4509", IN_METRES),
        ("EPSG:4527", (39391869.5, 3169038.3)),
        ("EPSG:4498", (20391869.5, 3169038.3)),
        ("EPSG:4547", (685236.2, 3170005.9)),
        ("EPSG:32650", (391912.7, 3167770.7)),
        ("EPSG:3857", (12901283.3, 3328954.2)),
        ("gcj02", (115.8942 + 0.004840, 28.6325 - 0.003394)),
        ("bd09", (115.8942 + 0.011292, 28.6325 + 0.002762)),
    ],
)
def test_every_datum_brings_the_test_point_to_the_same_place(
    folder: Folder, datum: str, written: tuple[float, float]
) -> None:
    write(folder, written)
    assert off_m(folder, datum) < 0.2  # the figures are given to a decimetre, the shifts to a millionth of a degree


@pytest.mark.parametrize(
    ("datum", "written", "fits"),
    [
        ("cgcs2000", IN_METRES, "EPSG:4548 or EPSG:4509 or EPSG:32650:"),
        ("wgs84", (39391869.5, 3169038.3), "EPSG:4527:"),
        ("gcj02", (20391869.5, 3169038.3), "EPSG:4498:"),
        ("wgs84", (685236.2, 3170005.9), "EPSG:4547:"),
        ("wgs84", (12901283.3, 3328954.2), "EPSG:3857:"),
    ],
)
def test_metres_declared_as_degrees_are_told_with_the_code_that_fits(
    folder: Folder, datum: str, written: tuple[float, float], fits: str
) -> None:
    write(folder, written, written)
    [told] = folder.told(toilets(datum))
    assert "layers/one.toml: source.datum: is in degrees, the coordinates are metres" in told
    assert f"(given: {datum}). They would lie here as {fits}" in told


def test_metres_of_the_boundary_itself_are_told_by_where_the_districts_crs_is_used(folder: Folder) -> None:
    found, problems = folder.read(boundary=record("boundary", "polygon", "boundary.geojson", "wgs84"))
    assert found == {}
    assert any("EPSG:4548 or EPSG:4509 or EPSG:32650:" in str(problem) for problem in problems)


def test_degrees_declared_as_metres_are_told(folder: Folder) -> None:
    write(folder, IN_DEGREES)
    [told] = folder.told(toilets("EPSG:4548"))
    assert "is in metres, the coordinates are degrees (115.8942, 28.6325)" in told
    write(folder, IN_METRES, IN_METRES, IN_DEGREES)
    [told] = folder.told(toilets("EPSG:4548"))
    assert "row 4, column x / y: degrees, where metres are declared" in told


def test_another_zone_is_told_with_the_one_that_fits(folder: Folder) -> None:
    write(folder, IN_METRES, IN_METRES)
    [told] = folder.told(toilets("EPSG:4547"))
    assert "all of it lies far from the district, the nearest 293 km away (given: datum EPSG:4547)" in told
    assert "It would lie here as EPSG:4548 or EPSG:4509 or EPSG:32650" in told


@pytest.mark.parametrize(("datum", "place"), [("wgs84", IN_DEGREES), ("EPSG:4548", IN_METRES)])
def test_columns_declared_the_wrong_way_round_are_told_once(
    folder: Folder, datum: str, place: tuple[float, float]
) -> None:
    write(folder, place[::-1], place[::-1], place)
    [told] = folder.told(toilets(datum))
    assert "source.lon: longitude and latitude are swapped in 2 of 3 rows (given: lon = x, lat = y)" in told
    assert 'Write lon = "y" and lat = "x"' in told


def test_a_swapped_row_is_told_by_its_row(folder: Folder) -> None:
    write(folder, IN_METRES, IN_METRES, IN_METRES[::-1])
    [told] = folder.told(toilets("EPSG:4548"))
    assert "row 4, column x / y: longitude and latitude are swapped" in told


def test_what_lies_beyond_the_margin_is_left_out_counted_and_named(folder: Folder) -> None:
    places = [tuple(at(-1000.0, 0)), tuple(at(-1000.5, 0)), tuple(at(4000, 9000)), tuple(at(10, 10))]
    write(folder, *[(x, y) for x, y in places])
    layer = folder.read_one(toilets("EPSG:4548"))
    assert list(layer.frame.index) == ["T0", "T3"]  # exactly on the margin is within it
    assert [str(problem) for problem in layer.problems] == [
        "layers/data/t.csv: rows 3, 4: 2 of 4 lie more than 1,000 m beyond the boundary, left out"
    ]


def test_lines_far_away_belong_to_a_larger_file_and_are_left_out(folder: Folder) -> None:
    here, there = [at(0, 0), at(500, 0)], [at(90_000, 0), at(90_500, 0)]
    reaching = [at(-200_000, 50), at(10, 50)]
    folder.write("s.geojson", geojson(*(feature("LineString", line, c="footway") for line in (here, there, reaching))))
    layer = folder.read_one(record("streets", "line", "s.geojson", "EPSG:4548", columns={"street_class": "c"}))
    assert list(layer.frame.index) == ["one-0001", "one-0003"]
    assert "feature 2: 1 of 3 lie more than 1,000 m beyond the boundary" in str(layer.problems[0])


def test_an_extract_reaches_further_than_the_district_and_that_is_told_only_where_nothing_is_left(
    folder: Folder,
) -> None:
    def extract(*places: tuple[float, float]) -> str:
        return (
            "<osm version='0.6'>"
            + "".join(
                f"<node id='{n}' version='1' lon='{lon}' lat='{lat}'><tag k='amenity' v='toilets'/></node>"
                for n, (lon, lat) in enumerate(places, start=1)
            )
            + "</osm>"
        )

    far = [(121 + n / 100, 31.0) for n in range(25)]
    folder.write("some.osm", extract(IN_DEGREES, *far))
    folder.write("none.osm", extract(*far))
    found, problems = folder.read(
        some=record("public_toilet", "point", "some.osm", "wgs84"),
        none=record("public_toilet", "point", "none.osm", "wgs84"),
    )
    assert len(found["some"].frame) == 1
    [told] = [problem for problem in problems if "beyond the boundary" in problem.what]
    assert (told.file, told.check) == ("layers/none.toml", "wrong_place")


def test_a_district_crs_made_for_elsewhere_is_refused(folder: Folder) -> None:
    """EPSG:4548 is made for 117° E; at 121° a kilometre is 2 m too long."""
    folder.write("boundary.geojson", geojson(feature("Polygon", [[[121, 28], [121.1, 28], [121.1, 28.1], [121, 28]]])))
    _, problems = folder.read(boundary=record("boundary", "polygon", "boundary.geojson", "wgs84"))
    [told] = [problem for problem in problems if problem.severity == "error"]
    assert (told.file, told.where, told.given) == ("layers/district.toml", "crs", "EPSG:4548")
    assert "a kilometre is wrong by 2.0 m" in told.what
    assert told.remedy == 'Write crs = "EPSG:4549"'


def test_a_neighbouring_zone_within_a_permille_is_accepted(folder: Folder) -> None:
    folder.crs = "EPSG:4547"
    assert folder.read()[1] == []


@pytest.mark.parametrize("crs", ["EPSG:4490", "EPSG:2384", "EPSG:99999"])
def test_a_district_crs_that_is_none_leaves_the_rows_checked(folder: Folder, crs: str) -> None:
    folder.crs = crs
    folder.write("t.csv", HEADER + ",甲,115.8942,28.6325\n")
    found, problems = folder.read(one=toilets("wgs84"))
    assert found == {}
    assert problems[0].where == "crs"
    assert problems[0].given == crs
    assert any("no id" in str(problem) for problem in problems)


def test_without_a_boundary_the_rows_are_still_checked(folder: Folder) -> None:
    folder.write("boundary.geojson", geojson(feature("LineString", [at(0, 0), at(1, 1)])))
    write(folder, IN_DEGREES)
    found, problems = folder.read(one=toilets("wgs84"))
    assert list(found) == ["one"]
    assert [problem.what for problem in problems if problem.severity == "error"] == [
        "not a polygon",
        "holds no polygon that could be the district",
    ]


def test_a_district_whose_boundary_is_no_layer_says_so(folder: Folder) -> None:
    other = record("zones", "polygon", "boundary.geojson", "EPSG:4548", columns={"name": "name"})
    found, problems = folder.read(boundary=other)
    assert list(found) == ["boundary"]
    assert problems == [
        Problem(
            "layers/district.toml",
            "boundary",
            "names no layer of kind boundary that can be read",
            "layers/boundary",
            "Name a layer of kind boundary, and mend what is told of it",
        )
    ]


def test_the_district_is_the_union_of_its_boundary(folder: Folder) -> None:
    folder.write("boundary.geojson", geojson(*(feature("Polygon", square(x, 0, 100)) for x in (0, 3000))))
    folder.margin_m = 0
    write(folder, *[(x, y) for x, y in (at(50, 50), at(1500, 50), at(3050, 50))])
    assert list(folder.read_one(toilets("EPSG:4548")).frame.index) == ["T0", "T2"]


@pytest.mark.parametrize("datum", ["EPSG:4548", "wgs84", "gcj02"])
@pytest.mark.parametrize("far", [1e154, -1e200, 1e308])
def test_what_lies_further_than_numbers_reach_is_told(folder: Folder, far: float, datum: str) -> None:
    write(folder, (far, far), (far, IN_METRES[1]))
    [told] = folder.told(toilets(datum))
    assert (
        "rows 2, 3: outside the reach" if datum == "EPSG:4548" else "is in degrees, the coordinates are metres"
    ) in told
