from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from qyp_geo.errors import DeclarationError, MissingError
from qyp_geo.standards import Rule, kinds, load_profile, profile_ids, strengths

SOURCE_COLUMNS = (
    "name_zh",
    "circle",
    "metric",
    "value",
    "unit",
    "strength",
    "oblig",
    "site",
    "clause",
    "confidence",
    "evidence",
)
AREA_COLUMNS = ("bldg_min_m2", "bldg_max_m2", "land_min_m2", "land_max_m2")


def all_rules() -> dict[str, Rule]:
    return {rule.id: rule for one in profile_ids() for rule in load_profile(one).rules.values()}


def write(folder: Path, name: str, text: str) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text(text, encoding="utf-8")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "analyses" / "standards"


def problems_of(folder: Path) -> list[str]:
    with pytest.raises(DeclarationError) as caught:
        load_profile("gb50180-2018", folder)
    return [str(problem) for problem in caught.value.problems]


# ---- the package


def test_every_row_of_the_source_is_there_word_for_word(source_rows: list[dict[str, str]]) -> None:
    rules = all_rules()
    assert [len(source_rows), len(rules)] == [119, 119]
    for row in source_rows:
        rule = rules[row["id"]]
        assert {name: getattr(rule, name) for name in SOURCE_COLUMNS} == {name: row[name] for name in SOURCE_COLUMNS}
        for name in AREA_COLUMNS:
            assert getattr(rule, name) == (float(row[name]) if row[name] else None)


def test_each_profile_of_the_source_is_one_file(source_rows: list[dict[str, str]]) -> None:
    sizes = sorted(len(load_profile(one).rules) for one in profile_ids())
    assert sizes == sorted(Counter(row["profile"] for row in source_rows).values())
    assert len(sizes) == 25
    for one in profile_ids():
        ids = set(load_profile(one).rules)
        assert len({row["profile"] for row in source_rows if row["id"] in ids}) == 1


def test_rule_ids_are_unique_across_profiles() -> None:
    assert len(all_rules()) == sum(len(load_profile(one).rules) for one in profile_ids())


def test_a_clause_that_only_says_ditto_is_cited_in_full() -> None:
    assert all(rule.cited for rule in all_rules().values() if rule.clause == "同上")
    assert all_rules()["t.sp.l"].label() == "CJJ 14-2016 公厕设置间距表（未核）"


def test_every_strength_word_has_an_effect_and_a_reason(source_rows: list[dict[str, str]]) -> None:
    assert set(strengths()) == {row["strength"] for row in source_rows}
    assert len(strengths()) == 31
    assert {one.effect for one in strengths().values()} == {"fail", "warn", "inform"}
    assert all(one.reason for one in strengths().values())


@pytest.mark.parametrize(
    ("word", "effect"),
    [("应", "fail"), ("不应大于", "fail"), ("宜", "warn"), ("不宜大于", "warn"), ("口径", "inform"), ("", "inform")],
)
def test_what_strength_words_amount_to(word: str, effect: str) -> None:
    assert strengths()[word].effect == effect


def test_the_not_computable_rules_are_these_with_a_reason() -> None:
    listed = [rule for one in profile_ids() for rule in load_profile(one).not_computable]
    assert {rule.id for rule in listed} == {
        "f15.nursing",
        "f15.carehome",
        "f5.canteen",
        "f5.recycle",
        "f5.toilet",
        "fb.play",
        "fb.cvs",
        "w.parcel",
        "pk.50563",
        "p.split",
        "bus51328",
        "o.gate",
    }
    assert load_profile("hebi-db4106t91-2022").rules["o.gate"].computable == "“小区出入口”读不出可比较的数值"
    assert load_profile("gb50180-2018").rules["f5.toilet"].computable == "来源没有数值"


def test_only_the_best_confidence_is_free_of_the_mark() -> None:
    for rule in all_rules().values():
        assert rule.verified == (rule.confidence == "V1")
        assert rule.label().endswith("（未核）") != rule.verified
    assert sum(rule.verified for rule in all_rules().values()) == 15


def test_labels_name_standard_and_clause() -> None:
    rules = all_rules()
    assert rules["f5.kg"].label() == "GB 50180-2018 表C.0.2（未核）"
    assert rules["t.55013"].label() == "GB 55013-2021 5.0.1"
    assert rules["fit.pc"].label() == "“十四五”体育发展规划（未核）"


def test_limits_and_what_stands_beside_them() -> None:
    rules = all_rules()
    assert (rules["t15.walk"].limit_m, rules["t15.walk"].beside_m) == (1000, 800)
    assert (rules["kg.jgj"].limit_m, rules["kg.jgj"].beside_m) == (500, 300)
    assert (rules["f5.kg"].limit_m, rules["f5.kg"].beside_m) == (300, None)
    assert rules["f15.nursing"].limit_m is None
    assert rules["pk.tj22"].limit_m is None
    assert [reach.limit_m for reach in rules["pk.tj22"].reaches] == [500, 300]
    assert [reach.min_area_m2 for reach in rules["pk.yl22"].reaches] == [5000, 400]
    assert rules["w.kg"].limit_m is None, "2200 is floor area"
    assert rules["road.gap"].limit_m is None, "the spacing of roads is no walk"
    assert rules["t.sq"].reaches[0].strict


def test_circles_are_told_apart() -> None:
    rules = all_rules()
    assert rules["f15.metro"].circles == ("15", "10")
    assert rules["w.kg"].circles == ("10", "5")
    assert rules["t.55013"].circles == ()
    assert rules["fb.park"].circles == ("街坊",)


def test_every_kind_that_a_rule_names_is_known() -> None:
    assert {rule.kind for rule in all_rules().values() if rule.kind} <= set(kinds())


def test_the_toilet_rule_says_where_it_binds() -> None:
    rule = load_profile("gb55013-2021").rules["t.55013"]
    assert rule.applies_to == "城镇各类工作场所及人流聚集的公共场所"
    assert (rule.effect, rule.limit_m) == ("fail", 300)


def test_an_unknown_profile_names_the_nearest() -> None:
    with pytest.raises(MissingError, match=r"Did you mean gb50180-2018\?"):
        load_profile("GB50180-2081")


def test_a_rule_of_another_standard_is_found_and_an_unknown_one_is_not() -> None:
    profile = load_profile("gb50180-2018")
    assert "p.rad" not in profile.rules
    assert profile.rule("p.rad").code == "GB/T 51149-2016"
    with pytest.raises(MissingError, match=r"Did you mean f5\.kg\?"):
        profile.rule("f5.kgg")


def test_a_loaded_profile_cannot_be_changed() -> None:
    profile = load_profile("gb50180-2018")
    assert load_profile("gb50180-2018") is profile
    with pytest.raises(TypeError):
        profile.rules["f5.kg"] = None  # type: ignore[index]


# ---- a district's own


LOCAL = """
title = "西湖区配套设施补充规定"
code = "西湖区规定2025"
extends = "gb50180-2018"

[[rule]]
id = "f5.kg"
value = 350
clause = "第三条"

[[rule]]
id = "f5.chs"
kind = "clinic"

[[rule]]
id = "xh.nc"
name_zh = "邻里中心"
metric = "service_radius"
value = "≤600"
unit = "m"
strength = "宜"
circle = "15"
kind = "neighbourhood_centre"
"""


def test_no_folder_is_no_local_profile(folder: Path) -> None:
    assert load_profile("gb50180-2018", folder) is load_profile("gb50180-2018")
    assert profile_ids(folder) == profile_ids()


def test_a_local_file_overrides_and_adds(folder: Path) -> None:
    write(folder, "xihu.toml", "\ufeff" + LOCAL)
    assert set(profile_ids(folder)) - set(profile_ids()) == {"xihu"}
    base, local = load_profile("gb50180-2018", folder), load_profile("xihu", folder)
    assert local.lineage == ("xihu", "gb50180-2018")
    assert (local.title, local.code) == ("西湖区配套设施补充规定", "西湖区规定2025")
    assert len(local.rules) == len(base.rules) + 1 == 69

    kindergarten = local.rules["f5.kg"]
    assert (kindergarten.value, kindergarten.limit_m, kindergarten.strength) == ("350", 350, "不宜大于")
    assert kindergarten.label() == "西湖区规定2025 第三条（未核）"
    assert (kindergarten.confidence, kindergarten.evidence) == ("local", "")
    assert base.rules["f5.kg"].limit_m == 300

    assert local.rules["xh.nc"].limit_m == 600
    assert local.rules["xh.nc"].label() == "西湖区规定2025（未核）"


def test_a_kind_of_our_own_leaves_the_clause_as_it_is(folder: Path) -> None:
    write(folder, "xihu.toml", LOCAL)
    rule = load_profile("xihu", folder).rules["f5.chs"]
    assert (rule.kind, rule.profile, rule.confidence) == ("clinic", "gb50180-2018", "M+")
    assert rule.label() == "GB 50180-2018 表C.0.2（未核）"


def test_a_new_clause_does_not_inherit_the_old_ones_standing(folder: Path) -> None:
    write(folder, "toilets.toml", 'title = "公厕"\nextends = "gb55013-2021"\n[[rule]]\nid = "t.55013"\nvalue = "500"\n')
    rule = load_profile("toilets", folder).rules["t.55013"]
    assert (rule.verified, rule.clause, rule.source) == (False, "", "公厕")


def test_a_local_profile_may_extend_a_local_one(folder: Path) -> None:
    write(folder, "a.toml", 'title = "甲"\nextends = "b"\n[[rule]]\nid = "f5.kg"\nvalue = "200"\n')
    write(folder, "b.toml", 'title = "乙"\nextends = "gb50180-2018"\n[[rule]]\nid = "f5.kg"\nvalue = "250"\n')
    assert load_profile("a", folder).rules["f5.kg"].limit_m == 200
    assert load_profile("b", folder).rules["f5.kg"].limit_m == 250
    assert load_profile("a", folder).lineage == ("a", "b", "gb50180-2018")


def test_a_profile_of_its_own_needs_no_base(folder: Path) -> None:
    write(
        folder,
        "own.toml",
        'title = "导则"\n[[rule]]\nid = "x"\nname_zh = "公厕"\nmetric = "service_radius"\nunit = "m"\n',
    )
    profile = load_profile("own", folder)
    assert list(profile.rules) == ["x"]
    assert [rule.computable for rule in profile.not_computable] == ["待填"]


def test_everything_wrong_is_said_at_once(folder: Path) -> None:
    write(
        folder,
        "bad.toml",
        """
title = "错"
extends = "gb50180-2018"
[[rule]]
id = "f5.kg"
valeu = "350"
confidence = "V1"
[[rule]]
id = "f10.primary"
value = "五百米"
[[rule]]
id = "f10.primary"
[[rule]]
kind = "park"
[[rule]]
id = "n1"
name_zh = "新"
metric = "service_radios"
unit = "m"
strength = "必须"
kind = "public_toilets"
circle = "20"
bldg_min_m2 = "many"
oblig = "x"
[[rule]]
id = "n2"
metric = "service_radius"
value = true
unit = "km"
[[rule]]
id = "n3"
name_zh = "新"
metric = "min_park"
unit = "亩"
land_min_m2 = -1
[[rule]]
id = "n4"
name_zh = "新"
metric = "bldg"
bldg_min_m2 = 200
bldg_max_m2 = 100
""",
    )
    write(folder, "base.toml", 'title = "无"\nextends = "gb50180"\n')
    write(folder, "gb50099-2011.toml", 'title = "同名"\n')
    write(folder, "keys.toml", 'titel = "键"\nrule = 3\n')
    write(folder, "loop1.toml", 'title = "环"\nextends = "loop2"\n')
    write(folder, "loop2.toml", 'title = "环"\nextends = "loop1"\n')
    write(folder, "onbroken.toml", 'title = "依赖"\nextends = "syntax"\n')
    write(folder, "syntax.toml", "title = \n")
    (folder / "gbk.toml").write_bytes('title = "编码"'.encode("gb18030"))
    found = problems_of(folder)

    def said(*words: str) -> bool:
        return any(all(word in problem for word in words) for problem in found)

    assert said("standards/bad.toml", "rule f5.kg, valeu", "unknown key", "Did you mean value?")
    assert said("rule f5.kg, confidence", "verified.csv lifts 未核")
    assert said("rule f10.primary", "occurs twice")
    assert said("rule f10.primary, value", "cannot be read as figures", "五百米")
    assert said("rule 4", "has no id")
    assert said("rule n1, metric", "service_radios", "Did you mean service_radius?")
    assert said("rule n1, strength", "必须")
    assert said("rule n1, kind", "public_toilets", "Did you mean public_toilet?")
    assert said("rule n1, circle", "20")
    assert said("rule n1, bldg_min_m2", "many")
    assert said("rule n1, oblig", "▲")
    assert said("rule n2, name_zh", "is missing")
    assert said("rule n2, value")
    assert said("rule n2, unit", "metres", "km")
    assert said("rule n3, unit", "area", "亩")
    assert said("rule n3, land_min_m2", "-1")
    assert said("rule n4", "bldg_min_m2 is more than bldg_max_m2")
    assert said("base.toml", "extends", "no such profile", "gb50180", "Did you mean gb50180-2018?")
    assert said("gb50099-2011.toml", "has this name already")
    assert said("keys.toml", "titel", "Did you mean title?")
    assert said("keys.toml", "title", "is missing")
    assert said("keys.toml", "rule", "must be a list", "[[rule]]")
    assert said("loop1.toml", "loop1 → loop2 → loop1")
    assert said("loop2.toml", "turns back")
    assert said("syntax.toml", "is not valid TOML")
    assert said("gbk.toml", "is not UTF-8 text")
    assert not said("onbroken.toml"), "the file it extends is named already"
    assert len(found) == 26


# ---- verified.csv


HEADER = "rule,edition,clause,page,checked_by,date\n"


def test_a_line_lifts_the_mark_for_that_edition_alone(folder: Path) -> None:
    write(folder, "xihu.toml", LOCAL)
    write(folder, "verified.csv", f"\ufeff{HEADER}f5.kg,GB 50180-2018,表C.0.2,58,张三,2026/1/15\n,,,,,\n")
    assert load_profile("gb50180-2018", folder).rules["f5.kg"].label() == "GB 50180-2018 表C.0.2"
    assert not load_profile("xihu", folder).rules["f5.kg"].verified, "350 m is not what that page says"
    assert not load_profile("gb50180-2018", folder).rules["f5.chs"].verified
    assert not load_profile("gb50180-2018").rules["f5.kg"].verified, "the package itself stays as it is"


@pytest.mark.parametrize("edition", ["西湖区规定2025", "xihu"])
def test_a_local_rule_is_verified_under_its_own_name(folder: Path, edition: str) -> None:
    write(folder, "xihu.toml", LOCAL)
    write(folder, "verified.csv", f"{HEADER}f5.kg,{edition},第三条,,张三,2026-01-15\n")
    assert load_profile("xihu", folder).rules["f5.kg"].verified
    assert not load_profile("gb50180-2018", folder).rules["f5.kg"].verified


def test_a_line_reaches_rules_that_other_profiles_lend(folder: Path) -> None:
    write(folder, "verified.csv", f"{HEADER}p.rad,gb/t51149-2016,5.2.5,12,张三,2026-01-15\n")
    assert load_profile("gb50180-2018", folder).rule("p.rad").verified


def test_every_line_that_lifts_nothing_is_named(folder: Path) -> None:
    lines = [
        "f5.kgg,GB 50180-2018,表C.0.2,58,张三,2026-01-15",
        "f5.kg,GB 50180-93,表C.0.2,58,张三,2026-01-15",
        "f5.chs,GB 50180-2018,表C.0.2,58,,15.1.26",
    ]
    write(folder, "verified.csv", HEADER + "\n".join(lines) + "\n")
    found = problems_of(folder)
    assert len(found) == 4
    assert "verified.csv: row 4, checked_by: is empty" in found[0]
    assert "row 4, date: not a date (given: 15.1.26)" in found[1]
    assert "row 2, rule: no profile has this rule (given: f5.kgg). Did you mean f5.kg?" in found[2]
    assert "row 3, edition: not the rule's edition (given: GB 50180-93). This rule is in GB 50180-2018" in found[3]


def test_columns_of_the_check_list_are_checked(folder: Path) -> None:
    write(folder, "verified.csv", "rule,edition,clause,page,checkedby,date\n")
    found = problems_of(folder)
    assert "column checkedby: unknown column" in found[0]
    assert "Did you mean checked_by?" in found[0]
    assert "row 1: lacks checked_by" in found[1]


def test_a_check_list_in_another_encoding_is_refused(folder: Path) -> None:
    folder.mkdir(parents=True)
    (folder / "verified.csv").write_bytes((HEADER + "f5.kg,,,,张三,\n").encode("gb18030"))
    assert "not in UTF-8" in problems_of(folder)[0]
