"""Regions: declared, checked, answered tile by tile as coverage is answered at once."""

from __future__ import annotations

import json
from pathlib import Path

import geopandas as gpd
import pandas as pd
import pytest
import shapely

from qyp_geo.errors import DataError, DeclarationError, QypGeoError
from qyp_geo.network import WalkNetwork
from qyp_geo.run import run
from qyp_geo.tiles import HERE
from tests.small import EAST, NORTH
from tests.tiles.region import region_district


def silent(_: str) -> None:
    """Take no note of progress."""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return region_district(tmp_path / "region")


def go(folder: Path) -> pd.DataFrame:
    run(folder, command="qyp run", progress=silent, scheduler=HERE)
    return pd.read_parquet(folder / "build/analyses/region.parquet")


def declare(folder: Path, file: str, old: str, new: str) -> None:
    path = folder / file
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


def change(folder: Path, name: str, frame: gpd.GeoDataFrame) -> None:
    frame.to_parquet(folder / f"layers/data/{name}.parquet")


def read(folder: Path, name: str) -> gpd.GeoDataFrame:
    return gpd.read_parquet(folder / f"layers/data/{name}.parquet")


def problems_of(folder: Path) -> str:
    with pytest.raises((DeclarationError, DataError)) as caught:
        go(folder)
    return str(caught.value)


def test_counts_are_those_of_one_network(folder: Path) -> None:
    table = go(folder)
    homes, toilets = read(folder, "homes").set_index("id"), read(folder, "wcs").set_index("id")
    nearest = WalkNetwork.from_lines(read(folder, "roads")).nearest(homes, toilets, within_m=500)
    covered = nearest["walk_m"].notna()
    assert table.to_dict("records") == [
        {
            "kind": "public_toilet",
            "limit_m": 500.0,
            "n_facilities": 2,
            "units_total": 60,
            "units_covered": covered.sum(),
            "people_total": 1830.0,
            "people_covered": homes["people"][covered].sum(),
            "people_share": homes["people"][covered].sum() / 1830,
        }
    ]
    assert 0 < covered.sum() < 60
    tiles = sorted((folder / "build/analyses/region/tiles").glob("*.parquet"))
    assert len(tiles) > 10
    found = pd.concat([pd.read_parquet(tile) for tile in tiles]).set_index("origin").loc[homes.index]
    assert found["walk_m"].to_numpy().tobytes() == nearest["walk_m"].to_numpy().tobytes()
    assert found["target"].dropna().to_dict() == nearest["target"].dropna().to_dict()
    assert found["people"].tolist() == homes["people"].tolist()


def test_run_json_names_inputs_tiles_and_how_it_was_done(folder: Path) -> None:
    go(folder)
    record = json.loads((folder / "build/run.json").read_text(encoding="utf-8"))
    assert "layers/data/homes.parquet" in record["inputs"]
    assert len([path for path in record["outputs"] if path.startswith("analyses/region/tiles/x")]) > 10
    assert any("与整体计算逐位相同;由本进程计算" in note for note in record["notes"]["analyses/region"])
    assert "路网:街道 10 条 10.0 km,其中可步行 10 条 10.0 km" in record["notes"]["analyses/region"]
    assert not (folder / "build/layers/homes.parquet").exists()


def test_layers_read_whole_give_the_same(folder: Path) -> None:
    table = go(folder)
    for name in ("roads", "homes", "wcs"):
        declare(folder, f"layers/{name}.toml", "by_tile = true\n", "")
    pd.testing.assert_frame_equal(go(folder), table)


def test_a_second_run_reads_nothing_again_and_a_changed_file_is_read(folder: Path) -> None:
    table = go(folder)
    kept = {path: path.stat().st_mtime_ns for path in (folder / ".cache").rglob("*.parquet")}
    pd.testing.assert_frame_equal(go(folder), table)
    assert {path: path.stat().st_mtime_ns for path in (folder / ".cache").rglob("*.parquet")} == kept
    homes = read(folder, "homes")
    change(folder, "homes", homes.assign(people=homes["people"] * 2))
    assert go(folder)["people_total"].tolist() == [3660.0]
    assert len(list((folder / ".cache/tiles/answers").iterdir())) == 1  # what rested on the old file is gone


def test_two_sided_streets(folder: Path) -> None:
    roads = read(folder, "roads")
    roads.loc[::2, "class"] = "primary"
    change(folder, "roads", roads)
    two_sided = roads["class"] == "primary"
    homes, toilets = read(folder, "homes").set_index("id"), read(folder, "wcs").set_index("id")
    table = go(folder)
    note = next(
        note
        for note in json.loads((folder / "build/run.json").read_text())["notes"]["analyses/region"]
        if "双侧" in note
    )
    width_m = float(note.split("primary ")[1].split(" m")[0])
    net = WalkNetwork.from_lines(roads.assign(sides=two_sided), two_sided="sides", width_m=width_m)
    assert table["units_covered"].tolist() == [net.nearest(homes, toilets, within_m=500)["walk_m"].notna().sum()]


def test_only_who_lives_inside_counts_and_only_what_exists(folder: Path) -> None:
    homes, toilets = read(folder, "homes"), read(folder, "wcs")
    outside = homes.iloc[:1].assign(id="far", geometry=shapely.points([(EAST + 1200, NORTH)]))
    change(folder, "homes", pd.concat([homes, outside]))
    change(folder, "wcs", toilets.assign(state=["现状", "规划"]))
    declare(folder, "layers/wcs.toml", 'name = "name"', 'name = "name"\nstatus = "state"')
    assert go(folder)[["units_total", "n_facilities"]].to_numpy().tolist() == [[60, 1]]


def test_a_margin_smaller_than_the_walk_is_a_warning(folder: Path) -> None:
    declare(folder, "analyses/region.toml", "within_m = 500", "within_m = 501")
    finished = run(folder, command="qyp run", progress=silent, scheduler=HERE)
    assert [problem.where for problem in finished.warnings] == ["margin_m"]


def test_every_mistake_of_a_declaration_at_once(folder: Path) -> None:
    declare(folder, "analyses/region.toml", '["layers/wcs"]', '["layers/wcs", "layers/toilets", "layers/streets"]')
    declare(folder, "analyses/coverage.toml", '"layers/residents"', '"layers/homes"')
    declare(folder, "maps/planners.toml", '"analyses/coverage"', '"analyses/region"')
    told = problems_of(folder)
    assert "names several layers of one kind (given: public_toilet)" in told
    assert "layers/streets is not of a kind that can stand here" in told
    assert "analyses/coverage.toml: demand: names a layer that is read by tile" in told
    assert "maps/planners.toml: overlay[2].of: names an analysis that is answered by tiles" in told


@pytest.mark.parametrize(
    ("file", "old", "new", "told"),
    [
        ("layers/homes.toml", "homes.parquet", "residents.csv", "only GeoParquet is read by tile"),
        ("layers/boundary.toml", "[source]", "by_tile = true\n[source]", "names a layer that is read by tile"),
        (
            "layers/wcs.toml",
            'geometry = "point"',
            'geometry = "polygon"',
            "does not hold points",
        ),
        ("layers/homes.toml", 'people = "people"', 'people = "persons"', "the file has no such column"),
        ("layers/homes.toml", 'people = "people"', "", "the file gives no number of residents"),
        ("layers/homes.toml", "EPSG:4548", "wgs84", "contradicts the file"),
        ("layers/roads.toml", 'geometry = "line"', 'geometry = "point"', "not what a layer read by tile holds"),
    ],
)
def test_what_the_first_rows_tell(folder: Path, file: str, old: str, new: str, told: str) -> None:
    declare(folder, file, old, new)
    assert told in problems_of(folder)
    assert not (folder / "build").exists()


def test_a_walk_without_limit(folder: Path) -> None:
    declare(folder, "analyses/region.toml", "within_m = 500", "within_m = inf")
    assert "within_m: cannot be used (given: inf). nearest without a limit is not exact under tiling" in problems_of(
        folder
    )


def test_parquet_without_geometry(folder: Path) -> None:
    pd.DataFrame({"id": ["a"]}).to_parquet(folder / "layers/data/wcs.parquet")
    assert "is no GeoParquet" in problems_of(folder)


def test_mistakes_in_later_rows_are_told_at_once(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In pieces of 20 rows: two rows with negative people, in the second and the third, and an id of the first again."""
    monkeypatch.setattr("qyp_geo.tiles.batches.BATCH_ROWS", 20)
    homes = read(folder, "homes")
    homes.loc[[25, 45], "people"] = -1.0
    homes.loc[50, "id"] = "H3"
    change(folder, "homes", homes)
    told = problems_of(folder)
    assert "feature 26, column people: negative people" in told
    assert "alike in 1 more pieces of the file" in told
    assert "features 4, 51: an id that another row has too" in told


def test_pieces_make_no_difference(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    table = go(folder)
    monkeypatch.setattr("qyp_geo.tiles.batches.BATCH_ROWS", 7)
    monkeypatch.setattr("qyp_geo.tiles.stored.PART_ROWS", 10)
    monkeypatch.setattr("qyp_geo.tiles.stored.GROUP_ROWS", 3)
    (folder / "layers/homes.toml").write_text((folder / "layers/homes.toml").read_text() + "\n", encoding="utf-8")
    declare(folder, "layers/homes.toml", 'licence = "CC0"', 'licence = "CC-BY"')
    pd.testing.assert_frame_equal(go(folder), table)


def test_nobody_and_nothing(folder: Path) -> None:
    change(folder, "wcs", read(folder, "wcs").assign(state="拆除"))
    declare(folder, "layers/wcs.toml", 'name = "name"', 'name = "name"\nstatus = "state"')
    with pytest.raises(QypGeoError) as caught:
        go(folder)
    assert "holds no facility that exists" in str(caught.value)
