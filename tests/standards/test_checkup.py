from __future__ import annotations

from pathlib import Path

import pytest

from qyp_geo.errors import DeclarationError, MissingError
from qyp_geo.standards import CheckupItem, checkup_items, checkup_profiles, kinds, load_profile

# id, 项目, kind, metric, threshold, effect: 完整居住社区建设标准(试行) as its rows have it, written down by hand.
COMPLETE = [
    ("w.station", "社区综合服务站", "community_station", "bldg_m2", 800, "warn"),
    ("w.kg", "幼儿园", "kindergarten", "bldg_m2", 2200, "fail"),
    ("w.kg.land", "幼儿园", "kindergarten", "land_m2", 3500, "fail"),
    ("w.nursery", "托儿所", "nursery", "bldg_m2", 200, "fail"),
    ("w.aged", "老年服务站/日间照料中心", "elderly_daycare", "bldg_m2", 350, "warn"),
    ("w.chs", "社区卫生服务站", "health_station", "bldg_m2", 120, "fail"),
    ("w.super", "综合超市", "supermarket", "bldg_m2", 300, "fail"),
    ("w.parcel", "邮件快件寄递", "parcel_locker", "exists", None, "inform"),
    ("w.toilet", "公共厕所", "public_toilet", "bldg_m2", 30, "fail"),
    ("w.waste", "生活垃圾收集站", "waste_collection", "land_m2", 120, "inform"),
    ("w.play", "公共活动场地", "playground", "land_m2", 150, "fail"),
    ("w.green", "社区游园", "park", "land_m2", 4000, "inform"),
]


def written(item: CheckupItem) -> tuple[str, str, str, str, float | None, str]:
    return item.id, item.title_zh, item.kind, item.metric, item.threshold, item.effect


def local(folder: Path, text: str) -> list[CheckupItem]:
    (folder / "mine.toml").write_text(
        f'title = "本区体检"\nextends = "complete-community-2020"\n{text}', encoding="utf-8"
    )
    return checkup_items("mine", folder)


def test_what_a_complete_community_has() -> None:
    assert [written(item) for item in checkup_items("complete-community-2020")] == COMPLETE


def test_the_check_up_of_2021_adds_parks_and_greenways() -> None:
    items = checkup_items("city-checkup-2021")
    assert [written(item) for item in items[:-2]] == COMPLETE
    park, greenway = items[-2:]
    assert (park.metric, park.threshold, park.effect) == ("within_m", None, "inform")
    assert [(one.min_area_m2, one.limit_m) for one in park.reaches] == [(5000, 500), (2000, 300)]
    assert park.standard_zh == "服务半径500米(≥5000㎡)、300米(2000-5000㎡)"
    assert (greenway.kind, greenway.metric, greenway.threshold) == ("greenway", "within_m", 1000)
    assert greenway.standard_zh == "服务半径1000米"


def test_every_item_cites_its_row_and_takes_its_figures_from_there() -> None:
    for profile_id in checkup_profiles():
        profile = load_profile(profile_id)
        for item in checkup_items(profile_id):
            row = profile.rule(item.rule)
            assert (item.source, item.strength, item.verified) == (row.source, row.strength, row.verified)
            assert item.served_by == kinds()[row.kind].served_by
            assert item.threshold in {None, row.limit_m, row.bldg_min_m2, row.land_min_m2}
            assert not item.not_computable


def test_words_and_sources_are_ready_to_print() -> None:
    items = {item.id: item for item in checkup_items("complete-community-2020")}
    assert items["w.station"].standard_zh == "建筑面积≥800㎡"
    assert items["w.kg.land"].standard_zh == "用地面积≥3500㎡"
    assert items["w.parcel"].standard_zh == "有"
    assert items["w.station"].label() == "完整居住社区建设标准(试行)2020 第1项"
    assert items["w.play"].label() == "完整居住社区建设标准(试行)2020 第14项（未核）"
    assert items["w.super"].note == "老旧:2-3个50-100m2便利店"


def test_what_binds_new_communities_only_is_no_verdict_on_all() -> None:
    references = [item for item in checkup_items("complete-community-2020") if item.reference]
    assert [(item.id, item.applies_to, item.effect) for item in references] == [
        ("w.waste", "新建", "inform"),
        ("w.green", "新建", "inform"),
    ]


def test_a_district_overrides_and_adds_items(tmp_path: Path) -> None:
    items = local(
        tmp_path,
        '[[rule]]\nid = "w.station"\nvalue = "≥0.1"\nunit = "hm2"\n'
        '[[rule]]\nid = "w.nursery"\nvalue = ""\n'
        '[[rule]]\nid = "w.chs"\nvalue = "<=150"\n'
        '[[rule]]\nid = "x.canteen"\nname_zh = "社区食堂(助餐点)"\nmetric = "count"\nkind = "community_canteen"\n'
        '[[rule]]\nid = "x.households"\nname_zh = "户数"\nmetric = "households"\nvalue = "3200"\n',
    )
    found = {item.id: item for item in items}
    assert [item.id for item in items] == [*(one[0] for one in COMPLETE), "x.canteen"]
    assert (found["w.station"].threshold, found["w.station"].label()) == (1000, "本区体检（未核）")
    assert (found["w.nursery"].threshold, found["w.nursery"].not_computable) == (None, "待填")
    assert found["w.chs"].not_computable == "条文没有给出可用的数值"
    assert (found["x.canteen"].metric, found["x.canteen"].note, found["x.canteen"].not_computable) == (
        "exists",
        "助餐点",
        "",
    )


def test_a_figure_with_a_condition_is_no_threshold_and_land_stands_on_its_own(tmp_path: Path) -> None:
    items = local(
        tmp_path,
        '[[rule]]\nid = "w.kg"\nvalue = ""\n[[rule]]\nid = "w.super"\nvalue = "有条件>=500"\n',
    )
    found = {item.id: item for item in items}
    assert (found["w.kg"].not_computable, found["w.kg.land"].not_computable) == ("待填", "")
    assert found["w.kg.land"].threshold == 3500
    assert (found["w.super"].threshold, found["w.super"].not_computable) == (None, "条文没有给出可用的数值")


def test_an_item_that_is_none_any_more_is_named(tmp_path: Path) -> None:
    with pytest.raises(DeclarationError) as caught:
        local(tmp_path, '[[rule]]\nid = "w.kg"\nmetric = "ratio"\n[[rule]]\nid = "w.chs"\nkind = ""\n')
    said = [str(problem) for problem in caught.value.problems]
    assert len(said) == 2
    assert said[0].startswith("analyses/standards/mine.toml: rule w.kg: is no item (given: ratio). Give it a kind")


def test_a_profile_without_a_check_up_names_those_that_have_one() -> None:
    with pytest.raises(MissingError, match="'gb50180-2018' has no check-up"):
        checkup_items("gb50180-2018")
    with pytest.raises(MissingError, match=r"Did you mean city-checkup-2021\?"):
        checkup_items("city-checkup-2022")
