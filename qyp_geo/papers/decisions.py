"""What a report tells for decisions: where next, what a plan would change, is it being kept."""

from __future__ import annotations

from typing import Final

import geopandas as gpd
import pandas as pd

from qyp_geo.frames import Result
from qyp_geo.papers import charts
from qyp_geo.papers.figures import Label, Look, Shown
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
)
from qyp_geo.papers.telling import Finding, Telling, points_of

_EXISTING: Final = "#1f4e79"
_CHOSEN: Final = "#b35806"


def siting(telling: Telling, reference: str, result: Result) -> Finding:
    """The schemes beside each other, the sites of the best of them, and what each further site would add."""
    words, schemes = telling.words, result.table
    if schemes.empty:
        return Finding((words("siting_none"),), (words("siting_none"),))
    best = rows_of(schemes)[0]
    sites, marginal = result.parts["sites"], result.parts["marginal"]
    chosen = sites[(sites["role"] == "chosen") & (sites["scheme"] == best["scheme"])]
    columns = {
        "scheme": said("name"),
        ">new_sites": in_figures("n_sites"),
        ">people_gained": in_tens("people_gained"),
        ">people_after": in_tens("people_after"),
        ">share_walk": in_percent("people_share"),
        ">bound": in_tens("bound"),
        ">gap_share": in_percent("gap_share"),
        "status": in_words(words, "status"),
        ">area_ok": lambda row: f"{row['n_area_ok']}/{row['n_sites']}",
        ">households_ok": lambda row: f"{row['n_households_ok']}/{row['n_sites']}",
        ">cost": in_figures("cost"),
    }
    blocks: list[Block] = [
        words("siting_lead"),
        _siting_map(telling, reference, result, best),
        tabulate(words, words("siting_table"), schemes, columns, note=words("siting_note")),
        tabulate(
            words,
            words("sites_table", scheme=best["name"]),
            chosen,
            {
                "site": lambda row: f"{row['id']} {row['name']}",
                ">people_gained": in_tens("people_added"),
                ">households": in_tens("households"),
                "households_verdict": in_words(words, "households_ok"),
                ">bldg_m2": in_figures("bldg_m2"),
                "area_verdict": in_words(words, "area_ok"),
                "ownership": in_words(words, "ownership"),
                "origin": in_words(words, "origin"),
                "zoning": in_words(words, "zoning"),
                ">cost": in_figures("cost"),
            },
        ),
    ]
    if len(marginal):
        blocks.append(
            telling.chart(
                reference,
                "marginal",
                words("chart_marginal"),
                lambda: charts.curve(
                    marginal["n_new"].tolist(),
                    marginal["people_gained"].tolist(),
                    across=words("marginal_across"),
                    up=words("marginal_up"),
                    chosen=best["n_sites"],
                ),
                alt=words("see_table"),
            )
        )
    blocks.append(_held_at_other_limits(telling, result.parts["sensitivity"]))
    summary = words(
        "siting_said",
        status=words.of_data(best["status"]),
        n=best["n_sites"],
        gained=people(best["people_gained"]),
        limit=figure(best["limit_m"]),
        before=percent(best["people_before"] / best["people_total"]),
        after=percent(best["people_share"]),
        area_ok=best["n_area_ok"],
        households_ok=best["n_households_ok"],
        others=len(schemes) - 1,
    )
    return Finding(tuple(blocks), (summary,), ((f"+{people(best['people_gained'])}", words("card_siting")),))


def _siting_map(telling: Telling, reference: str, result: Result, best: Row) -> Block:
    words = telling.words
    of_best = {name: part[part["scheme"] == best["scheme"]] for name, part in result.parts.items() if "scheme" in part}
    sites = gpd.GeoDataFrame(of_best["sites"])
    looks = {
        "left_out": Look(words("site_left_out"), "#ffffff", "#8a94a0", 0.8, marker="X", size=5),
        "candidate": Look(words("site_candidate"), "#ffffff", "#5b6671", 0.8, marker="s", size=4),
        "existing": Look(words("site_existing"), _EXISTING, "white", 0.7, marker="o", size=7),
        "chosen": Look(words("site_chosen"), _CHOSEN, "white", 0.8, marker="*", size=15),
    }
    gained = gpd.GeoDataFrame(of_best["gained"])
    themes = [Shown(gained.geometry, Look(words("homes_gained"), "#fdae61", "#fdae61", 0.9, size=3.5))]
    themes += [
        Shown(points_of(gpd.GeoDataFrame(sites[sites["role"] == role])), look)
        for role, look in looks.items()
        if (sites["role"] == role).any()
    ]
    points = points_of(gpd.GeoDataFrame(sites[sites["role"] == "chosen"]))
    above = 0.012 * telling.height_m
    ids = sites.loc[sites["role"] == "chosen", "id"]
    labels = [Label(str(id_), x, y + above, above=True) for id_, x, y in zip(ids, points.x, points.y, strict=True)]
    title = words("map_siting", scheme=best["name"])
    alt = words("map_siting_alt", n=len(ids))
    return telling.map(reference, "scheme", title, themes, alt=alt, labels=labels)


def _held_at_other_limits(telling: Telling, sensitivity: pd.DataFrame) -> Block:
    words = telling.words
    return tabulate(
        words,
        words("sensitivity_table"),
        sensitivity,
        {
            "scheme": said("name"),
            ">limit": in_figures("limit_m"),
            ">people_gained": in_tens("people_gained"),
            ">share_walk": in_percent("people_share"),
            ">best_share": in_percent("best_share"),
        },
        note=words("sensitivity_note"),
    )


def compare(telling: Telling, reference: str, result: Result) -> Finding:
    """Who gains and who loses; what changes for nobody is left out."""
    words = telling.words
    whole = result.table[result.table["level"] == "district"]
    changed = whole[(whole["people_gaining"] > 0) | (whole["people_losing"] > 0)].sort_values("points", ascending=False)
    if changed.empty:
        return Finding((words("compare_none"),), (words("compare_none"),))
    rows = rows_of(changed)
    labels = [f"{named(words, row)} {words('within_limit', limit=figure(row['limit_m']))}" for row in rows]
    homes = result.parts["units"]
    themes = [
        Shown(homes.geometry[homes["change"] == change], Look(words.of_data(change), colour, colour, 1.2, size=4))
        for change, colour in (("新增达标", "#08519c"), ("有增有减", "#7b3294"), ("不再达标", "#b35806"))
        if (homes["change"] == change).any()
    ]

    def verdicts(row: Row) -> str:
        before, after = (words.of_data(str(row[name])) for name in ("verdict_before", "verdict_after"))
        return after if before == after else f"{before} → {after}"

    blocks: list[Block] = [
        words("compare_lead"),
        telling.map(reference, "homes", words("map_compare"), themes, alt=words("map_compare_alt", n=len(homes))),
        telling.chart(
            reference,
            "items",
            words("chart_compare"),
            lambda: charts.pairs(
                labels,
                changed["share_before"].tolist(),
                changed["share_after"].tolist(),
                words=(words("before"), words("after")),
            ),
            alt=words("see_table"),
        ),
        tabulate(
            words,
            words("compare_table", n=len(whole) - len(changed)),
            changed,
            {
                "item": lambda row: named(words, row),
                ">limit": in_figures("limit_m"),
                ">people_gaining": in_tens("people_gaining"),
                ">people_losing": in_tens("people_losing"),
                ">before": in_percent("share_before"),
                ">after": in_percent("share_after"),
                ">points": lambda row: f"{row['points']:+.1f}" if pd.notna(row["points"]) else figure(row["points"]),
                "verdict": verdicts,
            },
        ),
        tabulate(
            words,
            words("changes_table"),
            result.parts["changes"],
            {
                "name": said("name"),
                "layer": said("title"),
                "change": in_words(words, "change"),
                "status": in_words(words, "status"),
                ">open_year": lambda row: (
                    f"{row['open_year']:.0f}" if pd.notna(row["open_year"]) else figure(float("nan"))
                ),
            },
        ),
    ]
    most = rows[0]
    summary = words(
        "compare_said",
        up=int((changed["points"] > 0).sum()),
        down=int((changed["points"] < 0).sum()),
        item=named(words, most),
        before=percent(most["share_before"]),
        after=percent(most["share_after"]),
    )
    return Finding(tuple(blocks), (summary,))


def plan_targets(telling: Telling, _reference: str, result: Result) -> Finding:
    """The plan's sentences by what they are, and the targets of which it can be said whether they are kept."""
    words, totals = telling.words, result.parts["totals"]
    aims = result.table[result.table["fact_kind"] == "目标"]
    told = aims[aims["verdict"].isin(["已实现", "未实现"])]
    blocks: list[Block] = [
        words("plan_lead"),
        tabulate(
            words,
            words("plan_totals"),
            totals,
            {
                "fact_kind": in_words(words, "fact_kind"),
                **{
                    f">{name}": in_figures(name)
                    for name in ("facts", "figures", "figures_now", "achieved", "not_achieved", "cannot_tell")
                },
            },
            note=words("plan_note"),
        ),
    ]
    columns = {
        "target": said("figure"),
        ">base": lambda row: short(row["base"]),
        ">aim": lambda row: short(row["target"]),
        ">now": lambda row: short(row["now"]),
        "unit": said("measured_in"),
        "as_of": said("as_of"),
        "verdict": in_words(words, "verdict"),
        "quote": said("says"),
        "source": said("source"),
    }
    if len(told):
        blocks.append(tabulate(words, words("plan_told"), told, columns))

    def why_not(row: Row) -> str:
        return str(row["why"]).replace("not computable from these layers:", words("not_computable"))

    unknown = aims[aims["verdict"] == "无法评估"]
    if len(unknown):
        why = {"target": said("figure"), ">aim": lambda row: short(row["target"]), "unit": said("measured_in")}
        why |= {"why": why_not, "source": said("source")}
        blocks.append(tabulate(words, words("plan_unknown"), unknown, why))
    counts = aims["verdict"].value_counts()
    summary = words(
        "plan_said",
        n=len(aims),
        achieved=counts.get("已实现", 0),
        not_achieved=counts.get("未实现", 0),
        cannot_tell=counts.get("无法评估", 0),
    )
    return Finding(tuple(blocks), (summary,))
