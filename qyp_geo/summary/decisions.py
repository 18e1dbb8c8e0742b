"""What a run prints of decisions: is it enough, is it fair, where next, what a plan would change, and is it being kept."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import pandas as pd

from qyp_geo.frames import Result
from qyp_geo.summary.cells import NOTHING, Shown, figure, people, percent, table, verdict
from qyp_geo.summary.services import without_limit

CURVE_STEPS = 10
_AT_HORIZON: Final = ((">", "学位"), (">", "每学位儿童"), (">", "缺口"), ("", "预警"))


def catchment(result: Result) -> Iterator[Shown]:
    """What there is of each thing per head in the district, and how much is lacking."""
    shown = table(
        f"{result.record.title}:全区",
        "供给", "人群", ">需求", ">供给", ">人均", ">应有人均", ">不足人口", ">缺口", "总量", "各处", "依据",
    )  # fmt: skip
    for _, row in result.table.iterrows():
        shown.add(
            row["title"].removesuffix("(步行口径)"),
            row["group"],
            f"{people(row['people_demand'])} {row['counts']}",
            f"{figure(row['supply_total'])} {row['counted_in']}" if pd.notna(row["supply_total"]) else NOTHING,
            figure(row["per_head"], 3),
            figure(row["need_per_head"], 3),
            people(row["people_short"]),
            figure(row["shortage"]),
            verdict(row["total_verdict"], row["effect"]),
            row["verdict"],
            row["note"] or row["source"],
        )
    yield shown


def equity(result: Result) -> Iterator[Shown]:
    """How evenly each thing is spread over the people of the district."""
    shown = table(
        f"{result.record.title}:全区",
        "项目",
        ">计入人口",
        ">人均",
        "单位",
        ">最差十分之一",
        ">基尼系数",
        ">帕尔马比",
        "说明",
    )
    whole = result.table[result.table["level"] == "district"]
    for _, row in whole.iterrows():
        digits = 0 if row["counted_in"] == "米" else 3
        shown.add(
            without_limit(row["title"]),
            people(row["people_judged"]),
            figure(row["mean"], digits),
            row["counted_in"],
            figure(row["worst_tenth"], digits),
            figure(row["gini"], 3),
            figure(row["palma"], 2),
            row["note"],
        )
    yield shown


def schools_watch(result: Result) -> Iterator[Shown]:
    """Children against seats in the district and each watched area, at every time that is asked about."""
    horizons = result.table["horizon"].unique()
    headings = (f"{sign}{horizon}{what}" for horizon in horizons for sign, what in _AT_HORIZON)
    shown = table(result.record.title, "片区", "学段", ">学龄儿童", *headings)
    for (area, stage), rows in result.table.groupby(["area_name", "stage"], sort=False):
        at = rows.set_index("horizon").loc[horizons]
        figures = (
            cell
            for _, row in at.iterrows()
            for cell in (people(row["seats"]), figure(row["per_seat"], 2), people(row["seats_lacking"]), row["warning"])
        )
        shown.add(area, stage, people(at["children"].iloc[0]), *figures)
    yield shown


def parking(result: Result) -> Iterator[Shown]:
    """Berths in the district and each zone against what homes need, by sort of place, and against the standard."""
    areas = result.table[result.table["level"].isin(["district", "zone"])]
    shown = table(
        result.record.title,
        "范围", ">泊位", ">配建", ">路外", ">路内", ">充电", ">闲置", ">需求", ">缺口", ">缺口占比", "说明",
    )  # fmt: skip
    for _, row in areas.iterrows():
        types = (percent(row[f"{name}_share"]) for name in ("attached", "off_street", "on_street", "ev"))
        lacking = (figure(row["berths_needed"]), figure(row["berths_short"]), percent(row["short_share"]))
        idle = figure(row["berths_idle"])
        shown.add(row["area_name"], figure(row["berths"]), *types, idle, *lacking, row["note"])
    yield shown

    places = result.parts["areas"]
    if not places.empty:
        sorts = table(f"{result.record.title}:重点地区", "类别", "口径", ">处", ">需求", ">缺口", ">有缺口的")
        for (title, measure), group in places.groupby(["priority", "measure"], sort=False):
            known = group["berths_short"].notna().any()
            sums = (figure(group[name].sum()) if known else NOTHING for name in ("berths_needed", "berths_short"))
            short = figure((group["berths_short"] > 0).sum()) if known else NOTHING
            sorts.add(title, measure, len(group), *sums, short)
        yield sorts

    checks = table(f"{result.record.title}:与标准比较", "项目", "标准", ">现状", "结论", "说明", "依据")
    for _, row in result.parts["checks"].iterrows():
        measured = percent(row["measured"]) if "占比" in row["title"] else figure(row["measured"], 2)
        what = (verdict(row["verdict"], row["effect"]), row["note"], row["source"])
        checks.add(row["title"], row["standard"], measured, *what)
    yield checks


def centre_completeness(result: Result) -> Iterator[Shown]:
    """How many neighbourhood centres have each of the five services, by either of the plan's lists."""
    shown = table(result.record.title, "清单", "服务", ">中心", ">有", ">缺", ">无数据", "依据")
    for _, row in result.parts["totals"].iterrows():
        counts = (row["centres"], row["centres_met"], row["centres_unmet"], row["centres_no_data"])
        shown.add(row["list_title"], row["title"], *(figure(count) for count in counts), row["source"])
    yield shown


def siting(result: Result) -> Iterator[Shown]:
    """The schemes beside each other, and what each further site would add."""
    schemes = table(
        f"{result.record.title}:方案比选",
        "方案", "选址", ">限值 m", ">新增人口", ">覆盖人口", ">覆盖率", ">上界", "结论", ">面积达标", ">户数达标", ">投资",
    )  # fmt: skip
    for _, row in result.table.iterrows():
        schemes.add(
            row["name"],
            row["sites"],
            figure(row["limit_m"]),
            people(row["people_gained"]),
            people(row["people_after"]),
            percent(row["people_share"]),
            people(row["bound"]),
            row["status"],
            f"{row['n_area_ok']}/{row['n_sites']}",
            f"{row['n_households_ok']}/{row['n_sites']}",
            figure(row["cost"]),
        )
    yield schemes

    curve = result.parts["marginal"]
    if curve.empty:
        return
    steps = table(f"{result.record.title}:每增一处", ">新增处数", ">新增人口", ">比前一步多", ">覆盖率", "结论")
    for _, row in curve.head(CURVE_STEPS).iterrows():
        more = (people(row["people_gained"]), people(row["people_more"]))
        steps.add(row["n_new"], *more, percent(row["people_share"]), row["status"])
    yield steps


def compare(result: Result) -> Iterator[Shown]:
    """Who gains and who loses in the district, by what is asked; what changes for nobody is left out."""
    whole = result.table[result.table["level"] == "district"]
    changed = whole[(whole["people_gaining"] > 0) | (whole["people_losing"] > 0) | (whole["people_in_doubt"] > 0)]
    alike = f",另有 {len(whole) - len(changed)} 项无变化" if len(whole) > len(changed) else ""
    shown = table(
        f"{result.record.title}:全区{alike}",
        "设施", ">限值 m", ">新增达标人口", ">不再达标人口", ">前", ">后", ">变化(百分点)", "结论",
    )  # fmt: skip
    for _, row in changed.iterrows():
        before, after = row["verdict_before"], row["verdict_after"]
        shown.add(
            without_limit(row["title"]),
            figure(row["limit_m"]),
            people(row["people_gaining"]),
            people(row["people_losing"]),
            percent(row["share_before"]),
            percent(row["share_after"]),
            f"{row['points']:+.1f}" if pd.notna(row["points"]) else NOTHING,
            after if before == after else f"{before} → {after}",
        )
    yield shown


def plan_targets(result: Result) -> Iterator[Shown]:
    """The plan's sentences by what they are, and the targets of which it can be said whether they are kept."""
    totals = table(result.record.title, "类别", ">条", ">项", ">有现状值", ">已实现", ">未实现", ">无法评估")
    for _, row in result.parts["totals"].iterrows():
        counts = ("facts", "figures", "figures_now", "achieved", "not_achieved", "cannot_tell")
        totals.add(row["fact_kind"], *(figure(row[count]) for count in counts))
    yield totals

    told = result.table[result.table["verdict"].isin(["已实现", "未实现"])]
    if told.empty:
        return
    targets = table(
        f"{result.record.title}:可判断的目标", "目标", ">基期值", ">目标值", ">现状值", "单位", "结论", "说明", "出处"
    )
    for _, row in told.iterrows():
        figures = (f"{round(row[name], 2):g}" if pd.notna(row[name]) else NOTHING for name in ("base", "target", "now"))
        targets.add(row["figure"], *figures, row["measured_in"], row["verdict"], row["why"], row["source"])
    yield targets
