"""The committed sample district is what the generator makes, and follows the published facts."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import geopandas as gpd
import openpyxl
import pandas as pd
import pyogrio
import pytest
import shapely

from qyp_geo.analyses import KINDS
from qyp_geo.crs import to_analysis
from qyp_geo.declarations import District, Layer
from qyp_geo.frames import LayerData
from qyp_geo.layers import read_layers
from qyp_geo.network import WalkNetwork
from qyp_geo.records import make_record
from qyp_geo.sample import ground
from qyp_geo.sample.district import make_district
from qyp_geo.sample.files import write_files

FOLDER = Path(__file__).parents[2]
DATA = FOLDER / "layers" / "data"


@pytest.fixture(scope="module")
def layers() -> dict[str, LayerData]:
    records: dict[str, Layer] = {}
    district: District | None = None
    for path in sorted((FOLDER / "layers").glob("*.toml")):
        content = tomllib.loads(path.read_text(encoding="utf-8"))
        if path.stem == "district":
            district, problems = make_record(District, content, path.name)
        else:
            record, problems = make_record(Layer, content, path.name)
            assert record is not None
            records[f"layers/{path.stem}"] = record
        assert problems == []
    assert district is not None
    read, problems = read_layers(records, folder=FOLDER, district=district)
    assert [problem for problem in problems if problem.severity == "error"] == []
    return read


def content(path: Path) -> list[pd.DataFrame]:
    """What a data file says, whatever time its format stamps on it."""
    match path.suffix:
        case ".xlsx":
            book = openpyxl.load_workbook(path)
            return [pd.DataFrame(sheet.values) for sheet in book]
        case ".parquet":
            return [gpd.read_parquet(path)]
        case ".csv":
            return [pd.read_csv(path, encoding="gb18030")]
        case ".gpkg":
            return [gpd.read_file(path, layer=name) for name in sorted(pyogrio.list_layers(path)[:, 0])]
        case _:
            return [gpd.read_file(path, encoding="gbk" if path.suffix == ".shp" else None)]


def test_the_generator_makes_the_committed_files(tmp_path: Path) -> None:
    write_files(make_district(), tmp_path)
    made = sorted(path.name for path in tmp_path.iterdir())
    assert made == sorted(path.name for path in DATA.iterdir())
    for name in made:
        if Path(name).suffix in {".shx", ".dbf", ".prj", ".cpg"}:
            continue  # parts of the shapefile
        for one, other in zip(content(tmp_path / name), content(DATA / name), strict=True):
            if isinstance(one, gpd.GeoDataFrame) and isinstance(other, gpd.GeoDataFrame):
                assert one.geometry.geom_equals_exact(other.geometry, tolerance=1e-6).all(), name
            pd.testing.assert_frame_equal(without_geometry(one), without_geometry(other))


def without_geometry(table: pd.DataFrame) -> pd.DataFrame:
    return pd.DataFrame(table.drop(columns="geometry", errors="ignore"))


def test_all_of_it_is_small_and_says_that_it_is_no_real_data() -> None:
    assert sum(path.stat().st_size for path in DATA.iterdir()) < 4e6
    for path in (FOLDER / "layers").glob("*.toml"):
        declared = tomllib.loads(path.read_text(encoding="utf-8"))
        assert "示意" in declared["title"], path.name
        assert "示意" in declared.get("note", "") + declared.get("provenance", {}).get("note", ""), path.name


def test_extent_and_area_follow_the_facts(layers: dict[str, LayerData]) -> None:
    district = layers["layers/boundary"].frame
    west, south, east, north = district.to_crs("EPSG:4326").total_bounds
    assert [west, south, east, north] == pytest.approx([115.880, 28.587, 115.951, 28.659], abs=0.0005)
    assert district.area.sum() / 1e6 == pytest.approx(38, abs=1)


def test_people_and_buildings(layers: dict[str, LayerData]) -> None:
    residents = layers["layers/residents"].frame
    inside = residents[residents["inside"]]
    assert inside["people"].sum() == pytest.approx(370_000, rel=0.02)
    assert len(inside) == pytest.approx(2000, abs=60)
    water = shapely.union_all(list(ground.lakes().values()))
    assert not inside.intersects(water).any()


@pytest.mark.parametrize(
    ("layer", "count"),
    [("neighbourhood_centres", 22), ("toilets", 80), ("metro_stations", 6), ("nine_year_schools", 2), ("zones", 5)],
)
def test_counts_follow_the_facts(layers: dict[str, LayerData], layer: str, count: int) -> None:
    frame = layers[f"layers/{layer}"].frame
    to_come = frame["status"].isin(["planned", "under_construction"]) if layer == "neighbourhood_centres" else False
    assert len(frame) - int(pd.Series(to_come).sum()) == count


def test_the_two_schools_that_the_plan_names_are_planned(layers: dict[str, LayerData]) -> None:
    schools = layers["layers/nine_year_schools"].frame
    assert sorted(name[:2] for name in schools["name"]) == ["博文", "振飞"]
    assert set(schools["status"]) == {"planned"}


def test_the_five_pocket_parks_that_the_plan_names_are_there(layers: dict[str, LayerData]) -> None:
    names = " ".join(layers["layers/pocket_parks"].frame["name"])
    assert all(named in names for named in ("洪招社区", "洪科社区", "洪翔社区", "规划三路", "麻坊党建公园"))


@pytest.mark.parametrize(("levels", "count"), [(("街道", "镇", "集聚区"), 7), (("社区", "村"), 60)])
def test_units_partition_the_district(layers: dict[str, LayerData], levels: tuple[str, ...], count: int) -> None:
    units = layers["layers/units"].frame
    units = units[units["level"].isin(levels)]
    district = shapely.union_all(layers["layers/boundary"].frame.geometry.to_numpy())
    together = shapely.union_all(units.geometry.to_numpy())
    assert len(units) == count
    assert units.area.sum() - together.area < 1.0, "no overlaps"
    assert together.symmetric_difference(district).area < 20.0, (
        "no holes beyond the 1 cm to which the boundary is written"
    )


def test_units_hold_48_communities_and_12_villages(layers: dict[str, LayerData]) -> None:
    counts = layers["layers/units"].frame["level"].value_counts()
    assert (counts["社区"], counts["村"]) == (48, 12)


def test_the_streets_are_one_network(layers: dict[str, LayerData]) -> None:
    streets = layers["layers/streets"].frame
    net = WalkNetwork.from_lines(streets[streets["walkable"]])
    assert net.components["length_m"].iloc[0] / net.components["length_m"].sum() > 0.995
    not_walked = set(streets.loc[~streets["walkable"], "name"])
    assert {"广州路—象湖隧道", "九州高架"} <= not_walked


def test_toilets_are_beside_streets_only_where_gcj02_is_undone() -> None:
    table = pd.read_csv(DATA / "toilets.csv", encoding="gb18030")
    points = gpd.GeoDataFrame(table, geometry=gpd.points_from_xy(table["经度"], table["纬度"]))
    streets = gpd.read_file(DATA / "streets.gpkg")
    lines = shapely.union_all(streets.geometry.to_numpy())
    undone = to_analysis(points, datum="gcj02", crs=ground.CRS).distance(lines)
    skipped = to_analysis(points, datum="wgs84", crs=ground.CRS).distance(lines)
    assert undone.max() < 10.0
    assert (skipped < 10.0).mean() < 0.5


def test_estates_have_gates_in_their_walls(layers: dict[str, LayerData]) -> None:
    estates, gates = layers["layers/estates"].frame, layers["layers/estate_gates"].frame
    assert len(estates) > 80
    assert set(gates["of"]) == set(estates.index)
    walls = estates.geometry.boundary
    assert max(walls[of].distance(gate) for of, gate in zip(gates["of"], gates.geometry, strict=True)) < 0.1


def test_few_streets_pass_under_the_railway(layers: dict[str, LayerData]) -> None:
    streets = layers["layers/streets"].frame
    rail = layers["layers/barriers"].frame.geometry["rail"]
    assert 4 <= streets.crosses(rail).sum() <= 20


def test_land_use_covers_the_district_once(layers: dict[str, LayerData]) -> None:
    landuse = layers["layers/landuse"].frame
    district = layers["layers/boundary"].frame.area.sum()
    assert landuse.area.sum() == pytest.approx(district, rel=1e-4)
    # Outlines are kept to the centimetre, which is a square metre along a block.
    assert landuse.area.sum() - shapely.union_all(landuse.geometry.to_numpy()).area < 100.0
    assert set(landuse["code"]) >= {"0701", "0703", "1401", "080403", "1001"}


def test_works_that_the_plan_reports_as_done_are_no_stock(layers: dict[str, LayerData]) -> None:
    # 35 toilets built and 61 renewed, 8,439 berths added: works of 2016 to 2020, not what there is.
    assert len(layers["layers/toilets"].frame) not in {35, 61, 96}
    assert layers["layers/parking"].frame["capacity"].sum() != 8439


def test_ages_and_households_are_part_of_the_people(layers: dict[str, LayerData]) -> None:
    homes = layers["layers/residents"].frame
    ages = homes[["children_3_5", "children_6_11", "children_12_14", "aged_60"]]
    assert (ages.sum(axis=1) <= homes["people"]).all()
    assert homes["people"].sum() / homes["households"].sum() == pytest.approx(2.7, abs=0.1)
    shares = ages.sum() / homes["people"].sum()
    assert list(shares.round(3)) == pytest.approx([0.035, 0.075, 0.035, 0.17], abs=0.01)
    # Not one share for all, which would say nothing of who is worse off.
    assert (ages["aged_60"] / homes["people"]).std() > 0.03


def test_households_of_an_estate_are_those_of_its_homes(layers: dict[str, LayerData]) -> None:
    homes, estates = layers["layers/residents"].frame, layers["layers/estates"].frame
    home, estate = shapely.STRtree(estates.geometry.to_numpy()).query(homes.centroid.to_numpy(), predicate="within")
    inside = homes["households"].iloc[home].groupby(estate).sum()
    told = estates["households"].iloc[inside.index]
    assert len(told) > 80
    assert told.tolist() == inside.tolist()
    assert estates["built_year"].isna().sum() == 12, "a register is never whole"


def test_seats_of_a_nine_year_school_are_those_of_its_stages(layers: dict[str, LayerData]) -> None:
    schools = layers["layers/nine_year_schools"].frame
    assert (schools["seats_primary"] + schools["seats_junior"] == schools["capacity"]).all()


def shapes_of(frame: gpd.GeoDataFrame, names: pd.Series[str] | pd.Index[str], ids: pd.Series[str]) -> Any:
    """The shape of each id, where `names` say which row of the frame is whose."""
    return frame.geometry.to_numpy()[pd.Index(names).get_indexer(pd.Index(ids))]


def test_every_school_has_a_gate_in_its_wall(layers: dict[str, LayerData]) -> None:
    gates = layers["layers/gates"].frame
    for name in ("kindergartens", "primary_schools", "junior_schools", "nine_year_schools"):
        schools = layers[f"layers/{name}"].frame
        assert (
            shapely.distance(
                schools.geometry.to_numpy(), shapes_of(gates, gates["of"], schools.index.to_series())
            ).max()
            < 0.01
        ), name


def test_schools_are_planned_built_and_idle(layers: dict[str, LayerData]) -> None:
    states = {
        status
        for name in ("kindergartens", "primary_schools", "junior_schools")
        for status in layers[f"layers/{name}"].frame["status"]
    }
    assert states == {"existing", "planned", "under_construction", "built_unused"}


def test_school_districts_hold_their_school_and_do_not_overlap(layers: dict[str, LayerData]) -> None:
    served = layers["layers/school_districts"].frame
    district = layers["layers/boundary"].frame.area.sum()
    for stage, covered in (("小学", district), ("初中", 0.893 * district)):
        of_stage = served[served["stage"] == stage]
        assert of_stage.area.sum() == pytest.approx(covered, rel=0.01)
        assert of_stage.area.sum() - shapely.union_all(of_stage.geometry.to_numpy()).area < 50.0
    known = served[served["school"] != ""]
    assert len(served) - len(known) == 1
    gates = layers["layers/gates"].frame
    assert shapely.intersects(known.geometry.to_numpy(), shapes_of(gates, gates["of"], known["school"])).all()


def test_the_areas_whose_seats_the_plan_wants_watched(layers: dict[str, LayerData], shared_data: Path) -> None:
    areas = layers["layers/watch_areas"].frame
    assert list(areas["name"]) == ["洪都片区", "江铃片区", "城南片区"]
    plan = next((shared_data.parent / "plan").glob("*.txt")).read_text(encoding="utf-8").splitlines()
    assert all(row["quote"] in plan[int(row["line"]) - 1] for row in areas.to_dict("records"))


def test_berths_have_a_type_and_those_of_estates_an_estate(layers: dict[str, LayerData]) -> None:
    public, own = layers["layers/parking"].frame, layers["layers/estate_parking"].frame
    assert public["parking_type"].value_counts().to_dict() == {"路外": 42, "路内": 18}
    assert set(own["parking_type"]) == {"配建"}
    estates = layers["layers/estates"].frame
    told = own[own["part_of"] != ""]
    assert len(own) - len(told) == 1
    assert shapely.within(told.geometry.to_numpy(), shapes_of(estates, estates.index, told["part_of"])).all()
    assert (own["ev_berths"] <= own["capacity"]).all()
    assert (own["status"] == "built_unused").sum() == 3


def test_candidates_face_the_street_and_some_are_unsuitable(layers: dict[str, LayerData]) -> None:
    plots, homes = layers["layers/candidates"].frame, layers["layers/residents"].frame
    rooms = plots[plots["name"].str.contains("配套用房|沿街底层")]
    assert len(rooms) == 28
    walls = shapely.union_all(layers["layers/estates"].frame.boundary.to_numpy())
    assert rooms.distance(walls).max() < 0.1
    assert not shapely.intersects(shapely.union_all(homes.geometry.to_numpy()), rooms.geometry.to_numpy()).any()
    assert set(plots["constraint"]) == {"", "生态保护红线", "文物保护范围", "高压走廊"}
    assert plots["cost"].min() > 0
    assert plots["bldg_m2"].isna().sum() == 2


def test_services_of_a_centre_stand_in_it(layers: dict[str, LayerData]) -> None:
    centres = layers["layers/neighbourhood_centres"].frame
    for name, count in (
        ("elderly_daycare", 15),
        ("health_stations", 12),
        ("culture_stations", 17),
        ("convenience_stores", 13),
        ("kindergartens", 4),
    ):
        services = layers[f"layers/{name}"].frame
        held = services[services["part_of"] != ""]
        assert len(held) == count, name
        # Read from GCJ-02 here and BD-09 there, to six decimals each.
        there = shapes_of(centres, centres.index, held["part_of"])
        assert shapely.distance(held.geometry.to_numpy(), there).max() < 1.0, name


def test_planned_streets_join_those_there_are(layers: dict[str, LayerData]) -> None:
    streets = layers["layers/streets"].frame
    planned = streets[streets["status"].isin(["planned", "under_construction"]) & (streets["foot"] != "no")]
    assert sorted(planned["name"]) == ["京九铁路人行天桥", "规划一路", "规划三路", "规划二路", "规划四路"]
    assert planned["open_year"].between(2025, 2028).all()
    there = set(map(tuple, shapely.get_coordinates(streets[streets["walkable"]].geometry.to_numpy())))
    ends = [line.coords[end] for line in planned.geometry for end in (0, -1)]
    assert all(end in there for end in ends)
    road = shapely.union_all(streets[(streets["name"] == "迎宾大道") & streets["walkable"]].geometry.to_numpy())
    crossing = [line for line in planned.geometry if line.crosses(road)]
    assert len(crossing) == 3
    assert all(set(line.coords) & set(map(tuple, shapely.get_coordinates(road))) for line in crossing)
    bridge = planned.geometry[planned["name"] == "京九铁路人行天桥"].iloc[0]
    assert bridge.crosses(layers["layers/barriers"].frame.geometry["rail"])
    assert len(WalkNetwork.from_lines(streets[streets["walkable"]]).components) == len(
        WalkNetwork.from_lines(pd.concat([streets[streets["walkable"]], planned])).components
    )


def test_every_kind_of_analysis_is_asked_of_the_sample() -> None:
    declared = (tomllib.loads(path.read_text(encoding="utf-8")) for path in (FOLDER / "analyses").glob("*.toml"))
    assert {record["kind"] for record in declared} == set(KINDS) - {"region"}, "a region is asked about tile by tile"
