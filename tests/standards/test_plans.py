"""What the plan says, as data: every quote is the plan's own, and nothing that is no target has one."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from qyp_geo.errors import DeclarationError, MissingError
from qyp_geo.layers.kinds import known_kinds
from qyp_geo.standards import Answer, Fact, centre_lists, kinds, load_plan, plan_ids, requirement_sets
from tests.conftest import require

PLAN = "qingyunpu-14th"
NUMERAL = "[一二三四五六七八九十]+"


@pytest.fixture(scope="module")
def plan_folder(shared_data: Path) -> Path:
    folder = shared_data.parent / "plan"
    require(folder.is_dir(), "the plan's text is read from ../shared/plan beside the checkout, which is not there")
    return folder


@pytest.fixture(scope="module")
def text(plan_folder: Path) -> list[str]:
    return next(plan_folder.glob("*.txt")).read_text(encoding="utf-8").split("\n")


def facts() -> dict[str, Fact]:
    return {fact.id: fact for fact in load_plan(PLAN).fact}


def chapter_of(lines: list[str], number: int) -> str:
    """Return the chapter, section and part in which a line stands, from the headings before it."""
    parts = ["", "", ""]
    for line in lines[:number]:
        if found := re.match(f"第{NUMERAL}章", line):
            parts = [found[0], "", ""]
        elif found := re.match(f"第{NUMERAL}节", line):
            parts[1:] = [found[0], ""]
        elif (found := re.match(f"({NUMERAL})、", line)) and len(line) < 60:
            parts[2] = found[1]
    return "".join(parts)


@pytest.mark.shared
def test_every_quote_stands_in_its_line_and_chapter(text: list[str]) -> None:
    assert [fact.id for fact in facts().values() if fact.quote not in text[fact.line - 1]] == []
    assert [fact.id for fact in facts().values() if fact.chapter != chapter_of(text, fact.line)] == []
    assert [one.id for one in centre_lists() if one.quote not in text[one.line - 1]] == []
    assert [one.id for one in centre_lists() if one.chapter != chapter_of(text, one.line)] == []


@pytest.mark.shared
def test_they_are_the_facts_as_taken_from_the_plan(plan_folder: Path) -> None:
    taken = json.loads((plan_folder / "plan_facts.json").read_text(encoding="utf-8"))
    assert [(one["id"], one["line"], one["quote"]) for one in taken] == [
        (fact.id, fact.line, fact.quote) for fact in load_plan(PLAN).fact
    ]
    for one in taken:
        if isinstance(one.get("value"), int | float):
            assert [figure.least for figure in facts()[one["id"]].figure] == [one["value"]], one["id"]


@pytest.mark.shared
def test_how_it_stood_is_what_the_plan_says(text: list[str]) -> None:
    stated = [
        (figure.base, text[(figure.base_line or fact.line) - 1])
        for fact in facts().values()
        for figure in fact.figure
        if figure.base is not None and figure.base != 1  # one footbridge is named, not counted
    ]
    assert len(stated) > 10
    assert [base for base, line in stated if f"{base:g}" not in line] == []


def test_there_are_115_and_each_is_one_of_four() -> None:
    words = [fact.kind for fact in facts().values()]
    assert len(words) == 115
    assert {word: words.count(word) for word in dict.fromkeys(words)} == {
        "direction": 74,
        "target": 21,
        "completed": 10,
        "baseline": 10,
    }


@pytest.mark.parametrize(
    ("fact", "base"), [("B.toilet.new", [35, 61]), ("B.parking", [8439]), ("B.nc", [22]), ("B.six", [125, 18])]
)
def test_work_already_done_is_no_target(fact: str, base: list[float]) -> None:
    assert facts()[fact].kind == "completed"
    assert [figure.base for figure in facts()[fact].figure] == base
    assert all(figure.least is None for figure in facts()[fact].figure)


def test_nothing_without_a_number_or_a_total_is_a_target() -> None:
    assert facts()["D.nursery"].kind == "direction"
    assert all(figure.least is not None or figure.by for fact in facts().values() if fact.kind == "target"
               for figure in fact.figure)  # fmt: skip
    assert all(fact.figure for fact in facts().values() if fact.kind == "target")


def test_canopy_is_not_looked_up_in_parks() -> None:
    (figure,) = facts()["D.green"].figure
    assert figure.least == 39.5
    assert figure.answer is None


def test_the_kindergartens_target_stands_beside_the_higher_figure_from_before() -> None:
    enrolled, affordable = facts()["D.kg"].figure
    assert (enrolled.least, enrolled.base, enrolled.answer) == (93, None, None)
    assert (affordable.least, affordable.base, affordable.base_line) == (90, 94.5, facts()["B.kg"].line)


def test_answers_ask_for_what_there_is() -> None:
    answers = [figure.answer for fact in facts().values() for figure in fact.figure if figure.answer]
    assert {kind for answer in answers for kind in (*answer.kinds, *answer.ground)} <= known_kinds().keys()
    assert {answer.circle_set for answer in answers if answer.circle_set} == {"life", "culture", "fitness"}
    assert {"life", "culture", "fitness"} <= requirement_sets().keys()
    assert {answer.centre_list for answer in answers if answer.centre_list} == {one.id for one in centre_lists()}


def test_the_two_lists_of_five_are_the_plan_s_and_correspond() -> None:
    first, last = centre_lists()
    for one in (first, last):
        assert len(one.services) == 5
        assert all(service.name_zh in one.quote for service in one.services)
        assert all(kind in kinds() for service in one.services for kind in service.kinds)
    assert [service.id for service in first.services] == [service.id for service in last.services]
    assert all(set(a.kinds) <= set(b.kinds) for a, b in zip(first.services, last.services, strict=True))
    assert all(service.relation for service in first.services)


OWN = """
title = "本区规划"
cite = "规划"
[[fact]]
id = "a"
title = "学校"
kind = "target"
chapter = "一"
line = 1
quote = "新建两所学校"
[[fact.figure]]
title = "学校"
unit = "所"
least = 2
answer = { how = "count", kinds = ["primary_school"] }
"""


def test_a_district_has_its_own_plan(tmp_path: Path) -> None:
    (tmp_path / "plans").mkdir()
    (tmp_path / "plans" / "ours.toml").write_text(OWN, encoding="utf-8")
    assert plan_ids(tmp_path) == (PLAN, "ours")
    assert load_plan("ours", tmp_path).fact[0].figure[0].least == 2
    with pytest.raises(MissingError, match="Did you mean ours"):
        load_plan("our", tmp_path)
    with pytest.raises(MissingError, match=f"Did you mean {PLAN}"):
        load_plan("qingyunpu14th")


@pytest.mark.parametrize(
    ("was", "now", "said"),
    [
        ('kind = "target"', 'kind = "completed"', "only a fact of kind target has a figure with least"),
        (', kinds = ["primary_school"]', "", "count needs kinds"),
        ('how = "count"', 'how = "share", column = "capacity"', "give one of these"),
        ('unit = "所"', 'unti = "所"', "Did you mean unit?"),
        (OWN[OWN.index("[[fact]]") :], OWN[OWN.index("[[fact]]") :] * 2, "two facts have one id: a"),
        ("line = 1", "line = ", "is not valid TOML"),
    ],
)
def test_what_is_wrong_with_a_plan_is_told_by_file_and_place(tmp_path: Path, was: str, now: str, said: str) -> None:
    (tmp_path / "plans").mkdir()
    (tmp_path / "plans" / "ours.toml").write_text(OWN.replace(was, now), encoding="utf-8")
    with pytest.raises(DeclarationError, match=re.escape(said)) as told:
        load_plan("ours", tmp_path)
    assert "analyses/standards/plans/ours.toml" in str(told.value)


def test_an_answer_needs_its_own_keys() -> None:
    assert Answer(how="reached", circle_set="life").circle_set == "life"
    with pytest.raises(ValueError, match="named needs names"):
        Answer(how="named", kinds=["park"])
