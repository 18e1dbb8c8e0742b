from __future__ import annotations

import json
from pathlib import Path

import geopandas as gpd
import pandas as pd
import pytest

from qyp_geo.built import open_build
from qyp_geo.errors import MissingError, QypGeoError
from qyp_geo.record import Run
from qyp_geo.run import run
from tests.public import public_district, silent
from tests.test_run import files

SCENARIO = (
    'kind = "scenario"\ntitle = "另一状态"\nof = "analyses/coverage"\n'
    '[scenario]\n[[scenario.change]]\nlayer = "layers/toilets"\nclose = ["北厕"]\n'
)


@pytest.fixture(scope="module")
def held_and_folder(tmp_path_factory: pytest.TempPathFactory) -> tuple[Run, Path]:
    folder = public_district(tmp_path_factory.mktemp("built") / "small")
    (folder / "analyses/closed.toml").write_text(SCENARIO, encoding="utf-8")
    return run(folder, command="qyp run", progress=silent), folder


@pytest.fixture
def folder(tmp_path: Path, held_and_folder: tuple[Run, Path]) -> Path:
    """A copy of the folder as it was run, to be changed."""
    for name, content in files(held_and_folder[1]).items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(content)
    return tmp_path


def as_text(table: pd.DataFrame) -> pd.DataFrame:
    """A table whose texts are of one dtype: Parquet does not keep whether they were objects."""
    table = pd.DataFrame(table).copy()
    for name in filter(lambda name: pd.api.types.is_object_dtype(table[name]), table.columns):
        assert all(isinstance(value, str) for value in table[name].dropna()), name
        table[name] = table[name].astype("str")
    if table.index.dtype == object:
        table.index = table.index.astype("str")
    return table


def assert_same_table(held: pd.DataFrame, back: pd.DataFrame) -> None:
    assert type(held) is type(back)
    pd.testing.assert_frame_equal(as_text(held), as_text(back))
    if isinstance(held, gpd.GeoDataFrame) and isinstance(back, gpd.GeoDataFrame):
        assert held.crs == back.crs
        assert held.geometry.name == back.geometry.name
        assert held.geometry.to_wkb().equals(back.geometry.to_wkb()), "to the last bit"


def test_what_is_opened_is_what_the_run_held(held_and_folder: tuple[Run, Path]) -> None:
    held, folder = held_and_folder
    back = open_build(folder)
    assert back.project == held.project
    assert (back.warnings, back.outputs, back.seconds, back.notes) == (
        held.warnings,
        held.outputs,
        held.seconds,
        held.notes,
    )
    assert list(back.layers) == list(held.layers)
    for reference, layer in held.layers.items():
        assert (layer.record, layer.notes) == (back.layers[reference].record, back.layers[reference].notes)
        assert_same_table(layer.frame, back.layers[reference].frame)
    assert list(back.results) == list(held.results)
    for reference, result in held.results.items():
        again = back.results[reference]
        assert (again.record, again.notes, list(again.parts)) == (result.record, result.notes, list(result.parts))
        assert_same_table(result.table, again.table)
        for part, table in result.parts.items():
            assert_same_table(table, again.parts[part])


def test_a_scenario_is_opened_as_the_question_that_was_asked(held_and_folder: tuple[Run, Path]) -> None:
    back = open_build(held_and_folder[1])
    record = back.results["analyses/closed"].record
    assert (record.kind, record.scenario is not None) == ("coverage", True)
    assert back.results["analyses/closed"].parts["changes"]["name"].tolist() == ["北厕"]


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("layers/data/toilets.csv", "layers/data/toilets.csv was changed"),
        ("layers/toilets.toml", "layers/toilets.toml was changed"),
        ("maps/residents.toml", "maps/residents.toml was changed"),
        ("layers/data/new.csv", "layers/data/new.csv was added"),
        ("build/analyses/coverage.parquet", "build/analyses/coverage.parquet was changed"),
        ("build/maps/residents.html", "build/maps/residents.html was changed"),
    ],
)
def test_results_of_other_inputs_are_refused(folder: Path, name: str, said: str) -> None:
    with (folder / name).open("ab") as file:
        file.write(b"\n")
    with pytest.raises(QypGeoError, match="again") as caught:
        open_build(folder)
    assert said in str(caught.value)


@pytest.mark.parametrize(
    "name", ["layers/data/~$daily.xlsx", "layers/._toilets.toml", "maps/.DS_Store", "layers/Thumbs.db"]
)
def test_what_excel_and_systems_leave_in_a_folder_is_no_input(folder: Path, name: str) -> None:
    (folder / name).write_bytes(b"\0")
    assert open_build(folder).project.district.name == "small"


def test_what_was_removed_is_told_and_many_changes_are_counted(folder: Path) -> None:
    (folder / "build/layers/toilets.parquet").unlink()
    for number in range(6):
        (folder / f"layers/data/{number}.csv").write_text("id\n")
    with pytest.raises(QypGeoError, match=r"layers/data/0\.csv was added.* and 2 more"):
        open_build(folder)
    for number in range(6):
        (folder / f"layers/data/{number}.csv").unlink()
    with pytest.raises(QypGeoError, match=r"build/layers/toilets\.parquet was removed"):
        open_build(folder)


def test_a_spreadsheet_of_the_build_may_be_written_into(folder: Path) -> None:
    with (folder / "build/analyses/gaps.csv").open("ab") as file:
        file.write("核实\n".encode())
    assert open_build(folder).project.district.name == "small"


def test_a_folder_that_was_not_run_is_told(tmp_path: Path) -> None:
    with pytest.raises(MissingError, match="not a district folder"):
        open_build(tmp_path)
    with pytest.raises(MissingError, match='run "qyp run'):
        open_build(public_district(tmp_path / "new"))


def test_results_of_another_version_are_refused(folder: Path) -> None:
    path = folder / "build/run.json"
    said = json.loads(path.read_text(encoding="utf-8")) | {"version": "0.0.1"}
    path.write_text(json.dumps(said), encoding="utf-8")
    with pytest.raises(QypGeoError, match=r"written by version 0\.0\.1"):
        open_build(folder)
