from __future__ import annotations

import pytest

from qyp_geo.standards import Figure, Rule, load_profile, parse_value, profile_ids

CEILINGS = {"service_radius", "walk_distance", "walk_time", "spacing"}


def least(number: float, unit: str, condition: str = "", *, strict: bool = False) -> Figure:
    return Figure(number, None, unit, condition, strict)


def most(number: float, unit: str, condition: str = "", *, strict: bool = False) -> Figure:
    return Figure(None, number, unit, condition, strict)


def span(low: float, high: float, unit: str, condition: str = "") -> Figure:
    return Figure(low, high, unit, condition)


# Every distinct value of the sources, read by hand. A bare number is a ceiling (True) for a distance or a time, else a
# floor; an empty tuple is "not computable".
GOLDEN: dict[tuple[str, str, bool], tuple[Figure, ...]] = {
    # distances and times
    ("800-1000", "m", True): (span(800, 1000, "m"),),
    ("1000", "m", True): (most(1000, "m"),),
    ("800", "m", True): (most(800, "m"),),
    ("500", "m", True): (most(500, "m"),),
    ("400", "m", True): (most(400, "m"),),
    ("300", "m", True): (most(300, "m"),),
    ("150", "m", True): (most(150, "m"),),
    ("70", "m", True): (most(70, "m"),),
    ("300-500", "m", True): (span(300, 500, "m"),),
    ("<200", "m", True): (most(200, "m", strict=True),),
    ("<400", "m", True): (most(400, "m", strict=True),),
    ("400-600", "m", True): (span(400, 600, "m"),),
    ("600-1200", "m", True): (span(600, 1200, "m"),),
    ("<=300,宜150-250", "m", True): (most(300, "m"), span(150, 250, "m", "宜")),
    ("800-1000 / 3-5万人", "m / 人", True): (span(800, 1000, "m"), span(30_000, 50_000, "人")),
    (">=5000m2→500;2000-5000m2→300", "m", True): (
        Figure(None, 500, "m", min_area_m2=5000),
        Figure(None, 300, "m", min_area_m2=2000, max_area_m2=5000),
    ),
    (">=5000m2→500;400-5000m2→300;历史街区>=1000m2→300;达标>=85%", "m", True): (
        Figure(None, 500, "m", min_area_m2=5000),
        Figure(None, 300, "m", min_area_m2=400, max_area_m2=5000),
        Figure(None, 300, "m", "历史街区", min_area_m2=1000),
        least(85, "%", "达标"),
    ),
    ("15", "min", True): (most(15, "min"),),
    ("", "m", True): (),
    # people, homes, land
    ("50000-100000", "人", False): (span(50_000, 100_000, "人"),),
    ("15000-25000", "人", False): (span(15_000, 25_000, "人"),),
    ("5000-12000", "人", False): (span(5000, 12_000, "人"),),
    ("1000-3000", "人", False): (span(1000, 3000, "人"),),
    ("17000-32000", "套", False): (span(17_000, 32_000, "套"),),
    ("5000-8000", "套", False): (span(5000, 8000, "套"),),
    ("1500-4000", "套", False): (span(1500, 4000, "套"),),
    ("300-1000", "套", False): (span(300, 1000, "套"),),
    ("1500-3200", "户", False): (span(1500, 3200, "户"),),
    ("32-50", "hm2", False): (span(32, 50, "hm2"),),
    ("2-4", "hm2", False): (span(2, 4, "hm2"),),
    ("2.0", "m2/人", False): (least(2.0, "m2/人"),),
    ("1.0", "m2/人", False): (least(1.0, "m2/人"),),
    ("0.5", "m2/人", False): (least(0.5, "m2/人"),),
    ("0.35", "m2/人", False): (least(0.35, "m2/人"),),
    ("0.1", "m2/人", False): (least(0.1, "m2/人"),),
    ("2.6", "m2/人", False): (least(2.6, "m2/人"),),
    (">3.0 / >3.0", "m2/人", False): (
        least(3, "m2/人", "人均综合公园", strict=True),
        least(3, "m2/人", "人均社区公园", strict=True),
    ),
    # parks
    ("5.0 / 宽80", "hm2 / m", False): (least(5, "hm2"), least(80, "m", "宽")),
    ("1.0 / 宽50", "hm2 / m", False): (least(1, "hm2"), least(50, "m", "宽")),
    ("0.4 / 宽30", "hm2 / m", False): (least(0.4, "hm2"), least(30, "m", "宽")),
    ("8", "m", False): (least(8, "m"),),
    ("400-10000", "m2", False): (span(400, 10_000, "m2"),),
    (">=2hm2 应设", "-", False): (least(2, "hm2", "应设"),),
    # shares
    ("10-15", "%", False): (span(10, 15, "%"),),
    (">=70", "%", False): (least(70, "%"),),
    ("<=10", "%", False): (most(10, "%"),),
    (">=10", "%", False): (least(10, "%"),),
    ("总>90;新区100;旧城80", "%", False): (
        least(90, "%", "总", strict=True),
        least(100, "%", "新区"),
        least(80, "%", "旧城"),
    ),
    (">80 / >8.0", "% / m2人", False): (
        least(80, "%", "公园绿地服务半径覆盖率", strict=True),
        least(8, "m2人", "人均公园绿地", strict=True),
    ),
    ("I级80/II级70/III级60(待核)", "%", False): (),
    ("85/10-15/5", "%", False): (),
    ("65/50/20(150-300万待核)", "%", False): (),
    ("1.1-1.3", "倍", False): (span(1.1, 1.3, "倍"),),
    # densities and provision
    ("8", "km/km2", False): (least(8, "km/km2"),),
    ("3-5", "座/km2", False): (span(3, 5, "座/km2"),),
    ("5-6", "座/km2", False): (span(5, 6, "座/km2"),),
    ("4-11", "座/km2", False): (span(4, 11, "座/km2"),),
    ("1-2", "座/km2", False): (span(1, 2, "座/km2"),),
    ("1600-2910 / 1450-1830", "m2/千人", False): (
        span(1600, 2910, "m2/千人", "用地"),
        span(1450, 1830, "m2/千人", "建筑"),
    ),
    ("1980-2660 / 1050-1270", "m2/千人", False): (
        span(1980, 2660, "m2/千人", "用地"),
        span(1050, 1270, "m2/千人", "建筑"),
    ),
    ("1710-2210 / 1070-1820", "m2/千人", False): (
        span(1710, 2210, "m2/千人", "用地"),
        span(1070, 1820, "m2/千人", "建筑"),
    ),
    ("50-150 / 80-90", "m2/千人", False): (span(50, 150, "m2/千人", "用地"), span(80, 90, "m2/千人", "建筑")),
    (">=0.45 / >=7.5", "车位/100m2", False): (least(0.45, "车位/100m2", "机动"), least(7.5, "车位/100m2", "非机动")),
    (">=0.30 / >=7.5", "车位/100m2", False): (least(0.3, "车位/100m2", "机动"), least(7.5, "车位/100m2", "非机动")),
    (">=1车位/户;100%建充电或预留", "-", False): (least(1, "车位/户"), least(100, "%", "建充电或预留")),
    (">=30(有条件>=80)", "m2/百户", False): (least(30, "m2/百户"), least(80, "m2/百户", "有条件")),
    ("新建>=20;已建>=15", "m2/百户", False): (least(20, "m2/百户", "新建"), least(15, "m2/百户", "已建")),
    ("4.5", "个/千人", False): (least(4.5, "个/千人"),),
    # floor and land areas
    ("30", "m2", False): (least(30, "m2"),),
    ("120", "m2", False): (least(120, "m2"),),
    ("150", "m2", False): (least(150, "m2"),),
    ("200", "m2", False): (least(200, "m2"),),
    ("300", "m2", False): (least(300, "m2"),),
    ("350", "m2", False): (least(350, "m2"),),
    ("600", "m2", False): (least(600, "m2"),),
    ("800", "m2", False): (least(800, "m2"),),
    ("2200", "m2", False): (least(2200, "m2"),),
    ("4000", "m2", False): (least(4000, "m2"),),
    # words
    ("多组智能信包箱/快递箱;新建>=15m2", "-", False): (),
    ("小区出入口", "-", False): (),
}


def packaged_rules() -> list[Rule]:
    return [rule for one in profile_ids() for rule in load_profile(one).rules.values()]


@pytest.mark.parametrize("rule", packaged_rules(), ids=lambda rule: rule.id)
def test_every_packaged_value_reads_as_by_hand(rule: Rule) -> None:
    expected = GOLDEN[rule.value, rule.unit, rule.metric in CEILINGS]
    assert rule.figures == expected
    assert bool(rule.computable) == (not expected)


def test_the_golden_table_has_no_value_that_no_rule_has() -> None:
    assert set(GOLDEN) == {(rule.value, rule.unit, rule.metric in CEILINGS) for rule in packaged_rules()}


def test_the_golden_table_has_every_value_of_the_source(source_rows: list[dict[str, str]]) -> None:
    assert {value for value, _, _ in GOLDEN} == {row["value"] for row in source_rows}


@pytest.mark.parametrize(
    ("typed", "figures"),
    [
        ("≥70", (least(70, "m"),)),
        ("≤300，宜150～250", (most(300, "m"), span(150, 250, "m", "宜"))),
        ("＜400", (most(400, "m", strict=True),)),
    ],
)
def test_what_a_chinese_keyboard_types_reads_the_same(typed: str, figures: tuple[Figure, ...]) -> None:
    assert parse_value(typed, unit="m", ceiling=True)[0] == figures


@pytest.mark.parametrize(
    "value", ["1,000", "500m左右300", "1000-800", "about 500", "5km", "<=300-400", "15minutes", "-5", "十", "3/4"]
)
def test_what_does_not_fit_the_grammar_is_not_guessed(value: str) -> None:
    figures, reason = parse_value(value, unit="m", ceiling=True)
    assert figures == ()
    assert reason


def test_as_many_names_as_figures() -> None:
    assert parse_value("1 / 2", unit="m2", ceiling=False, parts=("用地",)) == ((), "有 2 个数值,却有 1 个名称")
