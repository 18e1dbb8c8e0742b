"""Damaged inputs end in a result, or in an error that names file and remedy; never in a traceback, a hang or 2 GB."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qyp_geo.analyses import KINDS
from qyp_geo.declarations import District, Layer, Map, Record, references
from qyp_geo.errors import printable, shortened
from qyp_geo.records import make_record
from tests.faults.targets import TARGETS, build_target
from tests.faults.trials import look, trials

SAMPLE = 500
BAD = {"traceback", "crash", "hang", "memory", "unhelpful"}


@pytest.mark.parametrize("name", TARGETS)
def test_what_is_damaged_later_is_sound_at_first(tmp_path: Path, name: str) -> None:
    build_target(tmp_path / "district", name)
    seen = look(tmp_path / "district")
    assert (seen.outcome, seen.detail) == ("read", "")


@pytest.mark.parametrize("place", ["1e308", "-1e400", "9" * 5000])
def test_streets_that_lead_further_than_numbers_reach_are_told(tmp_path: Path, place: str) -> None:
    file = build_target(tmp_path / "district", "GraphML")
    text = file.read_text(encoding="utf-8")
    assert "115.894" in text
    file.write_text(text.replace("115.894", place), encoding="utf-8")
    assert look(tmp_path / "district").outcome == "told"


def test_a_sample_of_damaged_inputs() -> None:
    made = list(trials(range(SAMPLE)))
    assert [one for one in made if one.outcome in BAD] == []
    assert len(made) == SAMPLE
    assert {one.target for one in made} == set(TARGETS), "every format takes part"
    assert {one.outcome for one in made} == {"told", "same", "warned", "other"}


_PLAIN = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=12) | st.dates() | st.datetimes()
_VALUES = st.recursive(
    _PLAIN,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
_RECORDS: list[type[Record]] = [District, Layer, Map, *(kind.record for kind in KINDS.values())]


@pytest.mark.parametrize("cls", _RECORDS, ids=lambda cls: cls.__name__)
@settings(max_examples=40, deadline=None, derandomize=True)
@given(data=st.data())
def test_any_content_of_a_declaration_is_a_record_or_told(cls: type[Record], data: st.DataObject) -> None:
    keys = st.sampled_from(sorted(cls.model_fields)) | st.text(max_size=8)
    content: dict[str, Any] = data.draw(st.dictionaries(keys, _VALUES, max_size=8))
    record, problems = make_record(cls, content, "x.toml")
    assert record is not None or problems
    for problem in problems:
        assert problem.file == "x.toml"
        assert problem.what
        assert problem.where or problem.remedy
    assert all(isinstance(reference, str) for _, reference in references(cls, content))


def test_what_is_shown_is_short_and_moves_no_cursor() -> None:
    assert shortened("a" * 1000, 10) == "aaaaa … aaaaa"
    assert shortened("abc") == "abc"
    assert printable("厕\x1b[2J\u202e\nnext\tcell") == "厕\\u001b[2J\\u202e\nnext\tcell"
