"""What a run prints of who is near: coverage by kind and zone, the largest gaps, the check-up, and regions."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pandas as pd

from qyp_geo.frames import Result
from qyp_geo.standards import kinds
from qyp_geo.summary.cells import NOTHING, Shown, figure, people, percent, table, verdict
from qyp_geo.tables import LINK_WORDS

TOP_GAPS = 5


def coverage(result: Result) -> Iterator[Shown]:
    """What can be measured, for the district and then by zone; what has no data is listed in the notes."""
    areas = result.table[result.table["people_share"].notna()]
    whole = areas[areas["level"] == "district"]
    in_all = result.parts["requirements"].set_index("id")["n_facilities"]
    district = table(
        f"{result.record.title}:全区",
        "设施",
        ">限值 m",
        "圈",
        ">设施(+界外)",
        ">覆盖人口",
        ">步行口径",
        ">规范口径",
        "结论",
        "依据",
    )
    for _, row in whole.iterrows():
        district.add(
            without_limit(row["title"]),
            f"{row['limit_m']:.0f}",
            row["circle"],
            f"{row['facilities']:.0f}"
            + (f"+{beyond}" if (beyond := in_all[row["requirement"]] - row["facilities"]) else ""),
            people(row["people_covered"]),
            percent(row["people_share"]),
            percent(row["radius_share"]),
            verdict(row["verdict"], row["effect"]),
            row["source"],
        )
    yield district

    zones = result.table[result.table["level"] == "zone"]
    if zones.empty:
        return
    share = dict(zip(zip(zones["requirement"], zones["area"], strict=True), zones["people_share"], strict=True))
    names = zones.drop_duplicates("area").set_index("area")["area_name"]
    by_zone = table(f"{result.record.title}:各分区人口比例", "设施", *(f">{name}" for name in names))
    for _, row in whole.iterrows():
        shares = (percent(share[(row["requirement"], area)]) for area in names.index)
        by_zone.add(without_limit(row["title"]), *shares)
    yield by_zone


def gaps(result: Result) -> Iterator[Shown]:
    """The gaps with the most people, and the links that would bring most people within reach."""
    shown = table(
        f"{result.record.title}:人口最多的 {min(TOP_GAPS, len(result.table))} 处,共 {len(result.table)} 处",
        "编号", "类型", "缺项", ">人口", "街道", "社区", "最近设施", ">超出 m",
    )  # fmt: skip
    for number, row in result.table.head(TOP_GAPS).iterrows():
        excess = f"{row['median_excess_m']:.0f}" if pd.notna(row["median_excess_m"]) else NOTHING
        what = (row["type"], without_limit(row["missing_title"]), people(row["people"]))
        shown.add(number, *what, row["township"], row["community"], row["nearest_name"], excess)
    yield shown

    links = result.parts["links"]
    if links.empty:
        return
    ways = table(
        f"{result.record.title}:最有用的 {min(TOP_GAPS, len(links))} 条建议连接,共 {len(links)} 条",
        "编号", "形式", "穿越", ">长度 m", ">可新增人口", "缺口",
    )  # fmt: skip
    for number, row in links.head(TOP_GAPS).iterrows():
        kind = LINK_WORDS.get(row["kind"], row["kind"])
        ways.add(number, kind, row["crosses"], figure(row["length_m"]), people(row["people_gained"]), row["gap"])
    yield ways


def checkup(result: Result) -> Iterator[Shown]:
    """How many communities meet each item of the check-up."""
    shown = table(f"{result.record.title}:按社区", "项目", "标准", ">达标", ">未达标", ">无数据", ">不适用")
    for _, row in result.parts["totals"].iterrows():
        counts = (row["met"], row["unmet"], row["no_data"], row["not_applicable"])
        shown.add(row["title"], row["standard"], *(figure(count) for count in counts))
    yield shown


def region(result: Result) -> Iterator[Shown]:
    """Who has which kind of facility within a walk."""
    shown = table(result.record.title, "设施", ">限值 m", ">设施", ">覆盖人口", ">人口合计", ">步行口径")
    for _, row in result.table.iterrows():
        shown.add(
            kinds()[row["kind"]].name_zh,
            f"{row['limit_m']:g}",
            f"{row['n_facilities']:.0f}",
            people(row["people_covered"]),
            people(row["people_total"]),
            percent(row["people_share"]),
        )
    yield shown


def without_limit(title: str) -> str:
    """Return the title of a requirement without its limit, which has a column of its own."""
    return re.sub(r"\d+米步行可达率", "", title)
