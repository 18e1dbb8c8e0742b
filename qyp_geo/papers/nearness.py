"""What a report tells of who is near: coverage, zones, the check-up, regions, and neighbourhood centres."""

from __future__ import annotations

from typing import Final

import geopandas as gpd
import pandas as pd

from qyp_geo.frames import Result
from qyp_geo.papers import charts
from qyp_geo.papers.figures import Look, Shown
from qyp_geo.papers.model import (
    Block,
    Row,
    figure,
    in_figures,
    in_percent,
    in_tens,
    in_words,
    named,
    people,
    percent,
    rows_of,
    said,
    short,
    tabulate,
    verdict,
)
from qyp_geo.papers.telling import Finding, Telling, labels_of, share_classes
from qyp_geo.standards import kinds

_EXTREMES: Final = 3
_VERDICTS: Final = {"met": "#5aa2d8", "unmet": "#b35806", "no_data": "#ffffff", "not_applicable": "#d8dde2"}
VERDICT_WORDS: Final = {"met": "达标", "unmet": "未达标", "no_data": "无数据", "not_applicable": "不适用"}


def coverage(telling: Telling, reference: str, result: Result) -> Finding:
    """Who reaches what: the district by what is asked, its parts by how much of it all is within reach."""
    words = telling.words
    whole = result.table[result.table["level"] == "district"]
    known = whole[whole["people_share"].notna()]
    headline = result.parts["headline"]
    overall = headline[headline["set"] == ""]
    district = overall[overall["level"] == "district"].iloc[0]
    homes = result.parts["units"]
    counted = known[known["verdict"].isin(["达标", "未达标"])].sort_values("people_share", ascending=False)

    def bar(row: Row) -> charts.Bar:
        label = f"{named(words, row)} {words('within_limit', limit=figure(row['limit_m']))}"
        return charts.Bar(label, row["people_share"], row["radius_share"])

    bars = [bar(row) for row in rows_of(counted)]
    rules = result.parts["requirements"].set_index("id")
    headed = counted[counted["requirement"].map(rules["counted"].astype(bool))]

    def facilities(row: Row) -> str:
        beyond = rules["n_facilities"][row["requirement"]] - row["facilities"]
        return figure(row["facilities"]) + (f"+{beyond:.0f}" if beyond else "")

    def share(row: Row) -> str:
        return f"{'≥' if row['people_no_data'] else ''}{percent(row['people_share'])}"

    def extremes(rows: pd.DataFrame) -> str:
        return words("list_joint").join(f"{named(words, row)} {percent(row['people_share'])}" for row in rows_of(rows))

    table = tabulate(
        words,
        words("coverage_table"),
        known,
        {
            "item": lambda row: named(words, row),
            ">limit": in_figures("limit_m"),
            ">facilities": facilities,
            ">people_covered": in_tens("people_covered"),
            ">share_walk": share,
            ">share_beside": in_percent("people_share_beside"),
            ">share_radius": in_percent("radius_share"),
            ">critical": in_tens("people_critical"),
            "verdict": verdict(words),
            "source": in_words(words, "source"),
        },
        note=words("coverage_note"),
    )
    blocks: list[Block] = [
        words("coverage_lead"),
        telling.map(
            reference,
            "homes",
            words("map_homes"),
            share_classes(words, homes.geometry, homes["share_reached"], width=0.9),
            alt=words("map_homes_alt", share=percent(district["share_reached"])),
        ),
        telling.chart(
            reference,
            "items",
            words("chart_items"),
            lambda: charts.share_bars(bars, words=(words("share_walk"), words("share_radius"))),
            alt=words("see_table"),
        ),
        table,
    ]
    without = [named(words, row) for row in rows_of(whole[whole["people_share"].isna()])]
    if without:
        blocks.append(words("coverage_without", n=len(without), items=words("list_joint").join(without)))
    blocks += _by_area(telling, reference, result, overall)
    summary = (
        words(
            "coverage_said",
            people=people(district["people_total"]),
            n=district["n_items"],
            m=district["n_items_with_data"],
            mean=figure(district["mean_reached"], 1),
            share=percent(district["share_reached"]),
            all=percent(district["all_reached_share"]),
            others=len(whole) - district["n_items"],
        ),
        words(
            "coverage_extremes",
            least=extremes(headed.iloc[::-1].head(_EXTREMES)),
            most=extremes(headed.head(_EXTREMES)),
        ),
    )
    figures = (
        (people(district["people_total"]), words("card_people")),
        (f"{figure(district['mean_reached'], 1)} / {district['n_items_with_data']}", words("card_mean")),
        (percent(district["all_reached_share"]), words("card_all")),
    )
    return Finding(tuple(blocks), summary, figures)


def _by_area(telling: Telling, reference: str, result: Result, overall: pd.DataFrame) -> list[Block]:
    """The parts of the district: a table of zones, which may overlap, one of 街道, and a map of 社区."""
    words = telling.words
    columns = {
        ">people": in_tens("people_total"),
        ">mean": in_figures("mean_reached", 1),
        ">items_with_data": in_figures("n_items_with_data"),
        ">share_mean": in_percent("share_reached"),
        ">share_all": in_percent("all_reached_share"),
    }
    blocks: list[Block] = []
    for levels, title, note in (
        (["zone"], "by_zone", words("zones_overlap")),
        (["township", "district"], "by_township", ""),
    ):
        rows = overall[overall["level"].isin(levels)].sort_values("level", key=lambda level: level == "district")
        if (rows["level"] == levels[0]).any():
            named_area = {"area": lambda row: words.of_data(str(row["area_name"]))}
            blocks.append(tabulate(words, words(title), rows, named_area | columns, note=note))
    communities = overall[overall["level"] == "community"].set_index("area")
    shapes = _units(telling, result).reindex(communities.index).dropna()
    if len(shapes):
        share = communities["share_reached"].reindex(shapes.index)
        themes = share_classes(words, shapes, share, width=0.5, edge="#33556f")
        alt = words("map_communities_alt", n=len(shapes))
        blocks.append(telling.map(reference, "communities", words("map_communities"), themes, alt=alt))
    return blocks


def _units(telling: Telling, result: Result) -> gpd.GeoSeries:
    """The outlines of 街道 and 社区 for which a result gives totals."""
    refs = [ref for ref in getattr(result.record, "areas", []) if telling.run.layers[ref].record.kind == "units"]
    if not refs:
        return gpd.GeoSeries()
    return telling.run.layers[refs[0]].frame.geometry


def zones(telling: Telling, reference: str, result: Result) -> Finding:
    """The zones of the plan, what is in each, and the plan's words that can be measured."""
    words = telling.words
    shapes = result.table[result.table.geometry.notna() & ~result.table.geometry.is_empty]
    colours = ("#7b3294", "#00695c", "#a6611a", "#2b5797", "#8c2d5a", "#556b2f", "#5d4037")
    themes = [
        Shown(shapes.geometry.iloc[[n]], Look("", colours[n % 7], colours[n % 7], 1.4, alpha=0.22))
        for n in range(len(shapes))
    ]
    blocks: list[Block] = [
        telling.map(
            reference, "zones", words("map_zones"), themes, alt=words("map_zones_alt"), labels=labels_of(shapes, "name")
        ),
        tabulate(
            words,
            words("zones_table"),
            result.table,
            {
                "area": lambda row: words.of_data(str(row["name"])),
                ">area_km2": in_figures("area_km2", 2),
                ">people": in_tens("people"),
                **({">share_mean": in_percent("share_reached")} if "share_reached" in result.table else {}),
                "overlaps": said("overlaps"),
            },
            note=words("zones_overlap"),
        ),
    ]
    checks = result.parts.get("checks")
    if checks is None or checks.empty:
        return Finding(tuple(blocks))
    blocks.append(
        tabulate(
            words,
            words("checks_table"),
            checks,
            {
                "quote": said("says"),
                "source": in_words(words, "source"),
                ">expected": lambda row: short(row["expected"]),
                ">measured": lambda row: short(row["measured"]),
                "unit": lambda row: words("unit_share") if row["unit"] == "share" else str(row["unit"]),
                "verdict": lambda row: words("holds" if row["holds"] else "holds_not"),
            },
        )
    )
    return Finding(tuple(blocks), (words("checks_said", n=len(checks), m=int(checks["holds"].sum())),))


def checkup(telling: Telling, reference: str, result: Result) -> Finding:
    """How many communities meet each item."""
    words, totals = telling.words, result.parts["totals"]
    columns = {f">{name}_communities": in_figures(name) for name in VERDICT_WORDS}
    judged = totals[totals["met"] + totals["unmet"] > 0]
    parts = [
        charts.Part(
            words.of_data(VERDICT_WORDS[name]), colour, judged[name].tolist(), "////" if name == "no_data" else ""
        )
        for name, colour in _VERDICTS.items()
    ]
    labels = [f"{row['title']} {row['standard']}" for row in rows_of(judged)]
    items = totals[totals["item"] != ""].sort_values("unmet", ascending=False).head(_EXTREMES)
    worst = words("list_joint").join(f"{row['title']}({row['unmet']:.0f})" for row in rows_of(items))
    blocks = (
        words("checkup_lead"),
        telling.chart(
            reference,
            "items",
            words("chart_checkup"),
            lambda: charts.stacked_bars(labels, parts),
            alt=words("see_table"),
        ),
        tabulate(
            words,
            words("checkup_table"),
            totals,
            {
                "item": said("title"),
                "standard": said("standard"),
                ">communities": in_figures("communities"),
                **columns,
                ">people_unmet": in_tens("people_unmet"),
            },
        ),
    )
    return Finding(blocks, (words("checkup_said", worst=worst),))


def region(telling: Telling, _reference: str, result: Result) -> Finding:
    """Who has which kind of facility within a walk."""
    words = telling.words
    table = tabulate(
        words,
        result.record.title,
        result.table,
        {
            "item": lambda row: (
                kinds()[row["kind"]].name_zh if words.language == "zh" else kinds()[row["kind"]].name_en
            ),
            ">limit": in_figures("limit_m"),
            ">facilities": in_figures("n_facilities"),
            ">people_covered": in_tens("people_covered"),
            ">people": in_tens("people_total"),
            ">share_walk": in_percent("people_share"),
        },
    )
    return Finding((table,))


def centre_completeness(telling: Telling, reference: str, result: Result) -> Finding:
    """Which services the neighbourhood centres have, by either of the plan's lists."""
    words, totals = telling.words, result.parts["totals"]
    parts = [
        charts.Part(words.of_data("具备"), _VERDICTS["met"], totals["centres_met"].tolist()),
        charts.Part(words.of_data("缺"), _VERDICTS["unmet"], totals["centres_unmet"].tolist()),
        charts.Part(words.of_data("无数据"), _VERDICTS["no_data"], totals["centres_no_data"].tolist(), "////"),
    ]
    labels = [f"{_chapter(row)} {row['title']}" for row in rows_of(totals)]
    incomplete = result.table[result.table["verdict"] == "未达标"]
    complete = words("list_joint").join(
        f"{title} {(group['verdict'] == '达标').sum()}/{len(group)}"
        for title, group in result.table.groupby("list_title", sort=False)
    )
    blocks = (
        words("centres_lead"),
        telling.chart(
            reference,
            "services",
            words("chart_centres"),
            lambda: charts.stacked_bars(labels, parts),
            alt=words("see_table"),
        ),
        tabulate(
            words,
            words("centres_table"),
            incomplete,
            {
                "centre": said("centre_name"),
                "township": said("township"),
                "list": _chapter,
                ">reached": lambda row: f"{row['n_reached']:.0f} / {row['n_required']:.0f}",
                "missing": said("missing_title"),
            },
        ),
    )
    return Finding(blocks, (words("centres_said", complete=complete),))


def _chapter(row: Row) -> str:
    """Return which of the plan's lists it is: what stands before the colon of its title."""
    return str(row["list_title"]).split(":", maxsplit=1)[0]
