"""The templates that the carried district brings for its planner to fill in."""

from __future__ import annotations

from pathlib import Path

import pytest

from qyp_geo.standards import load_profile, park_rules, profile_ids, requirements

FOLDER = Path(__file__).parents[2] / "analyses" / "standards"
HEADER = "rule,edition,clause,page,checked_by,date"


def copied(folder: Path, name: str, old: str, new: str) -> Path:
    text = (FOLDER / f"{name}.toml").read_text(encoding="utf-8")
    assert old in text
    (folder / f"{name}.toml").write_text(text.replace(old, new, 1), encoding="utf-8")
    return folder


def test_the_templates_are_listed_after_the_packaged_profiles() -> None:
    assert profile_ids(FOLDER) == (*profile_ids(), "nanchang_local", "tdt1062-2021")


@pytest.mark.parametrize(("name", "rows"), [("tdt1062-2021", 5), ("nanchang_local", 4)])
def test_no_row_has_a_figure_of_our_own(name: str, rows: int) -> None:
    own = [rule for rule in load_profile(name, FOLDER).rules.values() if rule.profile == name]
    assert len(own) == rows
    for rule in own:
        assert (rule.value, rule.strength, rule.figures, rule.reaches) == ("", "", (), ())
        assert (rule.bldg_min_m2, rule.bldg_max_m2, rule.land_min_m2, rule.land_max_m2) == (None, None, None, None)
        assert (rule.computable, rule.verified) == ("待填", False)
        assert rule.kind
    assert set(own) <= set(load_profile(name, FOLDER).not_computable)


def test_what_is_not_filled_in_is_judged_nowhere_or_as_the_national_standard_has_it() -> None:
    assert requirements(load_profile("tdt1062-2021", FOLDER)) == []
    local = requirements(load_profile("nanchang_local", FOLDER))
    assert local == requirements(load_profile("gb50180-2018"))


def test_the_check_list_is_empty_and_lifts_nothing() -> None:
    assert (FOLDER / "verified.csv").read_text(encoding="utf-8-sig").strip() == HEADER
    assert park_rules(FOLDER) == park_rules()


def test_a_filled_row_is_judged(tmp_path: Path) -> None:
    folder = copied(
        tmp_path, "tdt1062-2021", 'value = ""\nunit = "m"\nstrength = ""', 'value = "650"\nunit = "m"\nstrength = "宜"'
    )
    (found,) = requirements(load_profile("tdt1062-2021", folder))
    assert (found.kind, found.limit_m, found.effect) == ("health_centre", 650, "warn")
    assert found.label() == "TD/T 1062-2021 附录A（未核）"
    (folder / "verified.csv").write_text(
        f"{HEADER}\ntd.chc,TD/T 1062-2021,附录A,20,张三,2026-01-15\n", encoding="utf-8"
    )
    assert requirements(load_profile("tdt1062-2021", folder))[0].label() == "TD/T 1062-2021 附录A"


def test_a_filled_local_row_replaces_what_stood_in(tmp_path: Path) -> None:
    folder = copied(tmp_path, "nanchang_local", 'value = ""', 'value = "650"')
    found = {one.id: one for one in requirements(load_profile("nanchang_local", folder))}
    assert found["nl.nc.radius"].limit_m == 650
    assert "own.neighbourhood_centre" not in found
    assert len(found) == len(requirements(load_profile("gb50180-2018")))
