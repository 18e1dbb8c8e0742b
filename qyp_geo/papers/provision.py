"""What a report tells of supply: is it enough, is it fair, are there school seats, are there berths."""

from __future__ import annotations

from typing import Final

import pandas as pd

from qyp_geo.frames import Result
from qyp_geo.papers import charts
from qyp_geo.papers.figures import Look, Shown
from qyp_geo.papers.model import (
    Block,
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
    tabulate,
    verdict,
)
from qyp_geo.papers.telling import Finding, Telling, labels_of

_WARNINGS: Final = {
    "学位充足": "#5aa2d8",
    "学位紧张": "#fdae61",
    "学位不足": "#b35806",
    "无数据": "#ffffff",
}


def catchment(telling: Telling, _reference: str, result: Result) -> Finding:
    """What there is of each thing per head, and how much is lacking."""
    words = telling.words
    table = tabulate(
        words,
        words("catchment_table"),
        result.table,
        {
            "supply": lambda row: named(words, row),
            "group": in_words(words, "group"),
            ">demand": lambda row: f"{people(row['people_demand'])} {words.of_data(row['counts'])}",
            ">supply_total": lambda row: _with_unit(telling, row["supply_total"], row["counted_in"]),
            ">per_head": in_figures("per_head", 3),
            ">need_per_head": in_figures("need_per_head", 3),
            ">people_short": in_tens("people_short"),
            ">shortage": in_figures("shortage"),
            "total_verdict": in_words(words, "total_verdict"),
            "verdict_places": in_words(words, "verdict"),
            "source": in_words(words, "source"),
        },
        note=words("catchment_note"),
    )
    uneven = result.table[(result.table["total_verdict"] == "达标") & (result.table["verdict"] == "未达标")]
    lacking = result.table[result.table["total_verdict"] == "未达标"]
    summary = tuple(
        words(key, items=words("list_joint").join(named(words, row) for row in rows_of(rows)))
        for key, rows in (("catchment_lacking", lacking), ("catchment_uneven", uneven))
        if len(rows)
    )
    return Finding((table,), summary)


def _with_unit(telling: Telling, amount: float, unit: str) -> str:
    return f"{figure(amount)} {telling.words.of_data(unit)}" if pd.notna(amount) else figure(amount)


def equity(telling: Telling, reference: str, result: Result) -> Finding:
    """How evenly each thing is spread over the people of the district."""
    words = telling.words
    whole = result.table[result.table["level"] == "district"]
    table = tabulate(
        words,
        words("equity_table"),
        whole,
        {
            "item": lambda row: named(words, row),
            ">people_judged": in_tens("people_judged"),
            ">mean_value": lambda row: figure(row["mean"], 0 if row["counted_in"] == "米" else 3),
            "unit": in_words(words, "counted_in"),
            ">worst_tenth": lambda row: figure(row["worst_tenth"], 0 if row["counted_in"] == "米" else 3),
            ">gini": in_figures("gini", 3),
            ">palma": in_figures("palma", 2),
            "note": said("note"),
        },
        note=words("equity_note"),
    )
    lines = result.parts["lorenz"]
    lines = lines[lines["level"] == "district"]
    drawn = [
        (
            named(words, rows_of(group)[0]),
            group["cumulative_people_share"].tolist(),
            group["cumulative_share"].tolist(),
        )
        for _, group in lines.groupby("subject", sort=False)
    ]
    chart = telling.chart(
        reference,
        "lorenz",
        words("chart_lorenz"),
        lambda: charts.lorenz(drawn, across=words("lorenz_across"), up=words("lorenz_up"), even=words("lorenz_even")),
        alt=words("see_table"),
    )
    known = whole[whole["gini"].notna()]
    if known.empty:
        return Finding((table,))
    worst = rows_of(known.sort_values("gini"))[-1]
    summary = words("equity_said", item=named(words, worst), gini=figure(worst["gini"], 2))
    return Finding((chart, table), (summary,))


def schools_watch(telling: Telling, reference: str, result: Result) -> Finding:
    """Children against seats, in the district and each watched area, at every time that is asked about."""
    words = telling.words
    columns = {
        "area": lambda row: words.of_data(str(row["area_name"])),
        "stage": in_words(words, "stage"),
        "horizon": in_words(words, "horizon"),
        ">children": in_tens("children"),
        ">seats": in_tens("seats"),
        ">per_seat": in_figures("per_seat", 2),
        ">seats_lacking": in_tens("seats_lacking"),
        "warning": in_words(words, "warning"),
        "method": in_words(words, "method"),
        "note": said("note"),
    }
    now = str(result.table["horizon"].iloc[0])
    areas = result.parts["areas"]
    areas = areas[areas["horizon"] == now]
    maps: list[Block] = []
    for n, (stage, rows) in enumerate(areas.groupby("stage", sort=False)):
        if not rows["warning"].isin(["学位紧张", "学位不足"]).any():
            continue  # nothing to warn of: the table says it
        themes = [
            Shown(
                rows.geometry[rows["warning"] == warning],
                Look(words.of_data(warning), colour, "#4a2500", 0.8, alpha=0.6),
            )
            for warning, colour in _WARNINGS.items()
            if (rows["warning"] == warning).any()
        ]
        title = words("map_schools", stage=words.of_data(str(stage)))
        maps.append(
            telling.map(
                reference, f"stage_{n + 1}", title, themes, alt=words("see_table"), labels=labels_of(rows, "area_name")
            )
        )
    at_now = result.table[(result.table["horizon"] == now) & (result.table["level"] == "zone")]
    short_of = at_now[at_now["warning"] == "学位不足"]
    summary = words("schools_none")
    if len(short_of):
        named_places = (
            f"{words.of_data(str(row['area_name']))}{words('word_joint')}{words.of_data(str(row['stage']))}"
            for row in rows_of(short_of)
        )
        summary = words("schools_said", places=words("list_joint").join(named_places))
    table = tabulate(words, words("schools_table"), result.table, columns, note=words("schools_note"))
    return Finding((words("schools_lead"), *maps, table), (summary,))


def parking(telling: Telling, _reference: str, result: Result) -> Finding:
    """Berths against what homes need, by sort of place, and against the standard."""
    words = telling.words
    areas = result.table[result.table["level"].isin(["district", "zone"])]
    blocks: list[Block] = [
        tabulate(
            words,
            words("parking_table"),
            areas,
            {
                "area": lambda row: words.of_data(str(row["area_name"])),
                ">berths": in_figures("berths"),
                ">attached": in_percent("attached_share"),
                ">off_street": in_percent("off_street_share"),
                ">on_street": in_percent("on_street_share"),
                ">ev": in_percent("ev_share"),
                ">berths_needed": in_figures("berths_needed"),
                ">berths_short": in_figures("berths_short"),
                ">short_share": in_percent("short_share"),
            },
            note=words("zones_overlap"),
        ),
        tabulate(
            words,
            words("parking_checks"),
            result.parts["checks"],
            {
                "item": said("title"),
                "standard": said("standard"),
                ">measured": lambda row: (
                    percent(row["measured"]) if "占比" in row["title"] else figure(row["measured"], 2)
                ),
                "verdict": verdict(words),
                "source": in_words(words, "source"),
                "note": said("note"),
            },
        ),
    ]
    whole = areas[areas["level"] == "district"].iloc[0]
    if pd.isna(whole["berths_short"]):
        return Finding(tuple(blocks), (words("parking_unknown", berths=figure(whole["berths"])),))
    summary = words(
        "parking_said",
        berths=figure(whole["berths"]),
        needed=figure(whole["berths_needed"]),
        short=figure(whole["berths_short"]),
        share=percent(whole["short_share"]),
    )
    return Finding(tuple(blocks), (summary,))
