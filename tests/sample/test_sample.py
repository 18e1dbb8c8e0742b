"""The committed sample district is what the generator makes, and follows the published facts."""

from __future__ import annotations

import tomllib
from pathlib import Path

import geopandas as gpd
import openpyxl
import pandas as pd
import pyogrio
import pytest
import shapely

from qyp_geo.crs import to_analysis
from qyp_geo.declarations import District, Layer, make_record
from qyp_geo.frames import LayerData
from qyp_geo.layers import read_layers
from qyp_geo.network import WalkNetwork
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
    assert len(layers[f"layers/{layer}"].frame) == count


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
