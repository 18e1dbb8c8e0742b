"""The pages of `docs/` name only what there is."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from qyp_geo.layers.doubts import checks

TESTS = Path(__file__).parent
DOCS = TESTS.parent / "docs"


@pytest.mark.parametrize("name", ["methods.md", "trust.md"])
def test_every_test_that_a_page_names_exists(name: str) -> None:
    page = (DOCS / name).read_text(encoding="utf-8")
    named_files = set(re.findall(r"`((?:[a-z]+/)?test_\w+\.py)", page))
    assert named_files
    assert [name for name in named_files if not (TESTS / name).is_file()] == []
    there = {
        name
        for path in TESTS.rglob("test_*.py")
        for name in re.findall(r"def (test_\w+)", path.read_text(encoding="utf-8"))
    }
    assert set(re.findall(r"::(test_\w+)", page)) - there == set()


def test_every_check_of_what_is_plausible_and_wrong_is_listed() -> None:
    page = (DOCS / "methods.md").read_text(encoding="utf-8")
    assert [check.name for check in checks() if f"| `{check.name}` | {check.en} |" not in page] == []
    for language in ("zh", "en"):
        guide = (DOCS / "guide" / language / "data.md").read_text(encoding="utf-8")
        assert [check.name for check in checks() if f"`{check.name}`" not in guide] == [], language
