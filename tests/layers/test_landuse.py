from __future__ import annotations

from typing import get_args

import pytest

from qyp_geo.declarations import CodeSystem, Layer
from qyp_geo.layers.landuse import land_classes
from tests.layers.folder import Folder, feature, geojson, record, square


def plots(system: str | None = "ydyh2023") -> Layer:
    return record("landuse", "polygon", "l.geojson", "EPSG:4548", columns={"code": "c"}, code_system=system)


def write(folder: Folder, *codes: object) -> None:
    """Plots of one hectare each."""
    folder.write("l.geojson", geojson(*(feature("Polygon", square(200 * n, 0, 100), c=c) for n, c in enumerate(codes))))


@pytest.mark.parametrize(
    ("system", "code", "residential", "construction"),
    [
        ("ydyh2023", "070102", True, True),
        ("ydyh2023", "0701", True, True),
        ("ydyh2023", "0702", False, True),
        ("ydyh2020", "0702", False, True),
        ("gbt21010_2017", "0702", True, True),
        ("sd3", "0702", True, True),
        ("ydyh2023", "0703", True, True),
        ("ydyh2023", "07", True, True),
        ("ydyh2023", "05", False, False),
        ("gbt21010_2017", "05", False, True),
        ("sd3", "05H1", False, True),
        ("sd3", "08H2A", False, True),
        ("sd3", "0303K", False, False),
        ("sd3", "0603", False, False),
        ("gbt21010_2017", "0603", False, True),
        ("ydyh2023", "1207", False, True),
        ("sd3", "1207", False, False),
        ("gbt21010_2017", "1006", False, False),
        ("ydyh2023", "1401", False, True),
        ("ydyh2023", "1702", False, False),
        ("gb50137_2011", "R21", True, True),
        ("gb50137_2011", "r2", True, True),
        ("gb50137_2011", "R22", False, True),
        ("gb50137_2011", "G1", False, True),
        ("gb50137_2011", "E1", False, False),
    ],
)
def test_a_code_means_what_its_list_says(
    folder: Folder, system: str, code: str, residential: bool, construction: bool
) -> None:
    write(folder, code)
    plot = folder.read_one(plots(system)).frame.iloc[0]
    assert (plot["residential"], plot["construction"]) == (residential, construction)
    assert plot["code"] == code.upper()


def test_codes_stay_text_and_the_groups_are_noted_in_hectares(folder: Folder) -> None:
    write(folder, "0701", "0702", "1401", "1702")
    layer = folder.read_one(plots())
    assert list(layer.frame["code"]) == ["0701", "0702", "1401", "1702"]
    [note] = layer.notes
    assert note.startswith("landuse:ydyh2023:居住用地 1.0 ha,建设用地 3.0 ha;")
    assert "不含社区服务设施用地" in note
    assert "未核" in note


@pytest.mark.parametrize(("given", "meant"), [(702, "0702"), ("7", "07"), (70102.0, "070102")])
def test_a_lost_zero_is_told_with_the_code_that_was_meant(folder: Folder, given: object, meant: str) -> None:
    write(folder, given, given)
    [told] = folder.told(plots())
    assert "features 1, 2, column c: not a code of ydyh2023: a spreadsheet has taken its leading zero" in told
    assert f'Did you mean "{meant}"? Save the column as text' in told


def test_letters_lose_no_zero(folder: Folder) -> None:
    write(folder, "7")
    [told] = folder.told(plots("gb50137_2011"))
    assert (
        "feature 1, column c: not a code of gb50137_2011: neither residential nor construction land (1.00 ha)" in told
    )


def test_codes_of_no_list_are_neither_and_told_with_their_ground(folder: Folder) -> None:
    write(folder, "9901", "R2", "0701", "9901")
    layer = folder.read_one(plots())
    assert list(layer.frame["residential"]) == [False, False, True, False]
    assert [str(problem) for problem in layer.problems] == [
        "layers/data/l.geojson: features 1, 4, column c: not a code of ydyh2023: neither residential nor construction land "
        "(2.00 ha) (given: '9901'). Check the code, and the declared code_system",
        "layers/data/l.geojson: feature 2, column c: not a code of ydyh2023: neither residential nor construction land "
        "(1.00 ha) (given: 'R2'). Check the code, and the declared code_system",
    ]


def test_a_list_and_a_code_are_needed(folder: Folder) -> None:
    write(folder, "0701")
    [told] = folder.told(plots(None))
    assert "layers/one.toml: code_system: is missing: one code means different things in two lists" in told
    write(folder, "0701", None)
    [told] = folder.told(plots())
    assert "feature 2, column c: no code" in told


def test_every_list_has_its_classes_and_residential_land_is_construction_land() -> None:
    tables = {system: land_classes(system) for system in get_args(CodeSystem) if system != "ydyh2020"}
    assert all(tables.values())
    for classes in tables.values():
        assert {row[group] for row in classes.values() for group in ("residential", "construction")} == {"yes", "no"}
        assert not [code for code, row in classes.items() if (row["residential"], row["construction"]) == ("yes", "no")]
        assert all(code[:2] in classes or code[:1] in classes for code in classes)
