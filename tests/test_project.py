from __future__ import annotations

from pathlib import Path

import pytest

from qyp_geo.errors import DeclarationError, MissingError
from qyp_geo.project import open_project, survey
from tests.public import public_district
from tests.small import small_district


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return small_district(tmp_path / "small")


def edit(folder: Path, file: str, old: str, new: str) -> None:
    path = folder / file
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")


def told(folder: Path) -> list[str]:
    return [str(problem) for problem in survey(folder)[1]]


def test_a_sound_folder_opens_in_the_order_of_a_run(folder: Path) -> None:
    project = open_project(folder)
    assert sorted(project.layers) == ["layers/boundary", "layers/residents", "layers/streets", "layers/toilets"]
    assert list(project.analyses) == ["analyses/coverage", "analyses/gaps"]
    assert list(project.maps) == ["maps/planners"]


def test_analyses_are_ordered_by_what_they_refer_to_not_by_name(folder: Path) -> None:
    (folder / "analyses/gaps.toml").rename(folder / "analyses/a_gaps.toml")
    assert list(open_project(folder).analyses) == ["analyses/coverage", "analyses/a_gaps"]


def test_a_layer_that_cannot_stand_is_told_once_and_not_of_the_pages_that_show_it(tmp_path: Path) -> None:
    folder = public_district(tmp_path / "public")
    page = (folder / "maps/residents.toml").read_text(encoding="utf-8")
    overlay = '[[overlay]]\nof = "layers/toilets"\nlabel = "公厕"\npopup = { name = "名称", open_hours = "开放" }\n'
    (folder / "maps/residents.toml").write_text(page + overlay, encoding="utf-8")
    (folder / "layers/toilets.toml").write_text("kind = ", encoding="utf-8")
    assert [one.partition(":")[0] for one in told(folder)] == ["layers/toilets.toml"]


def test_of_names_that_differ_in_capitals_alone_that_one_is_meant(folder: Path) -> None:
    (folder / "layers/data/toilets.csw").write_text("x")
    (folder / "layers/data/toilets.csv").rename(folder / "layers/data/TOILETS.CSV")
    assert "Did you mean data/TOILETS.CSV?" in told(folder)[0]


def test_a_path_with_a_backslash_in_double_quotes_is_told(folder: Path) -> None:
    edit(folder, "layers/toilets.toml", "data/toilets.csv", r"data\toilets.csv")
    assert r"in double quotes \ begins a sign of TOML, such as \t: write a data path with /" in told(folder)[0]


def test_elsewhere_it_names_qyp_new(tmp_path: Path) -> None:
    with pytest.raises(MissingError, match="qyp new"):
        open_project(tmp_path)


@pytest.mark.parametrize(
    ("file", "old", "new", "message"),
    [
        (
            "layers/toilets.toml",
            "public_toilet",
            "public_toilett",
            "layers/toilets.toml: kind: is not a known kind of layer (given: public_toilett). Did you mean public_toilet?",
        ),
        (
            "layers/toilets.toml",
            "data/toilets.csv",
            "data/toilet.csv",
            "layers/toilets.toml: source.path: the file does not exist (given: data/toilet.csv). "
            "Did you mean data/toilets.csv?",
        ),
        (
            "analyses/coverage.toml",
            "layers/residents",
            "layers/residence",
            "analyses/coverage.toml: demand: names a file that does not exist (given: layers/residence). "
            "Did you mean layers/residents?",
        ),
        (
            "maps/planners.toml",
            "analyses/coverage",
            "analyses/covrage",
            "maps/planners.toml: overlay[2].of: names a file that does not exist (given: analyses/covrage). "
            "Did you mean analyses/coverage?",
        ),
        (
            "analyses/gaps.toml",
            'kind = "gaps"',
            'kind = "gap"',
            "analyses/gaps.toml: kind: is not a kind of question (given: gap). Did you mean gaps?",
        ),
    ],
)
def test_what_does_not_exist_is_named_with_what_does(folder: Path, file: str, old: str, new: str, message: str) -> None:
    edit(folder, file, old, new)
    assert message in told(folder)
    with pytest.raises(DeclarationError):
        open_project(folder)


def test_a_circle_of_references_is_named_whole(folder: Path) -> None:
    edit(folder, "analyses/gaps.toml", "analyses/coverage", "analyses/gaps")
    assert (
        "analyses/gaps.toml: refers to itself in a circle (given: analyses/gaps → analyses/gaps). "
        "Remove one of these references" in told(folder)
    )


def test_a_link_that_leaves_the_folder_is_refused(folder: Path, tmp_path: Path) -> None:
    outside = tmp_path / "outside.csv"
    outside.write_text("id,name,x,y\n", encoding="utf-8")
    (folder / "layers/data/toilets.csv").unlink()
    (folder / "layers/data/toilets.csv").symlink_to(outside)
    assert any("leads out of the district folder" in line for line in told(folder))


def test_problems_of_several_files_come_together(folder: Path) -> None:
    edit(folder, "layers/district.toml", "margin_m", "margin")
    edit(folder, "layers/toilets.toml", "title", "titel")
    (folder / "maps/broken.toml").write_text("= 1", encoding="utf-8")
    with pytest.raises(DeclarationError) as caught:
        open_project(folder)
    assert [problem.file for problem in caught.value.problems[:4]] == [
        "layers/district.toml",
        "layers/toilets.toml",
        "layers/toilets.toml",
        "maps/broken.toml",
    ]
