from __future__ import annotations

from pathlib import Path

import pytest

from qyp_geo.standards import toilet_density_rules, toilet_spacing_rules


def test_density_by_class_of_land() -> None:
    found = [(rule.id, rule.land_class, rule.minimum_per_km2, rule.maximum_per_km2) for rule in toilet_density_rules()]
    assert found == [
        ("t.den.R", "居住用地", 3, 5),
        ("t.den.G", "绿地与广场用地", 5, 6),
        ("t.den.ABS", "公共管理与公共服务、商业服务业、道路交通用地", 4, 11),
        ("t.den.MW", "工业、仓储、公用设施用地", 1, 2),
    ]
    assert {rule.label() for rule in toilet_density_rules()} == {"GB/T 50337-2018 公厕设置密度指标表（未核）"}
    assert {rule.effect for rule in toilet_density_rules()} == {"inform"}, "the source has no word of how strict it is"


def test_spacing_by_type_of_road() -> None:
    found = [(rule.id, rule.road_type, rule.minimum_m, rule.maximum_m, rule.strict) for rule in toilet_spacing_rules()]
    assert found == [
        ("t.sp.c", "商业性", None, 400, True),
        ("t.sp.l", "生活性", 400, 600, False),
        ("t.sp.t", "交通性", 600, 1200, False),
    ]


@pytest.mark.parametrize(
    ("road_type", "spacing_m", "too_far"),
    [
        ("商业性", 399.9, False),
        ("商业性", 400, True),
        ("生活性", 300, False),
        ("生活性", 600, False),
        ("生活性", 600.1, True),
        ("交通性", 1200, False),
    ],
)
def test_the_bound_itself(road_type: str, spacing_m: float, too_far: bool) -> None:
    (rule,) = [rule for rule in toilet_spacing_rules() if rule.road_type == road_type]
    assert rule.too_far(spacing_m) == too_far


def test_a_district_adds_its_own(tmp_path: Path) -> None:
    rule = 'id = "my.{0}"\nname_zh = "公厕"\nmetric = "{0}"\nvalue = "{1}"\nunit = "{2}"\nkind = "public_toilet"\n'
    (tmp_path / "own.toml").write_text(
        'title = "本市"\n[[rule]]\n'
        + rule.format("density", ">=4", "座/km2")
        + "[[rule]]\n"
        + rule.format("spacing", ">=9", "m"),
        encoding="utf-8",
    )
    density, spacing = toilet_density_rules(tmp_path)[-1], toilet_spacing_rules(tmp_path)[-1]
    assert (density.land_class, density.minimum_per_km2, density.maximum_per_km2) == ("", 4, None)
    assert (spacing.road_type, spacing.minimum_m, spacing.maximum_m) == ("", 9, None)
    assert not spacing.too_far(10_000)
