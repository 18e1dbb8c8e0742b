"""Is the plan being kept: each of its sentences, what it is (a target or something else), and what layers can say of it now."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final, Literal

import numpy as np
import pandas as pd
from pydantic import Field

from qyp_geo.analyses.centre_completeness import CentreCompleteness
from qyp_geo.analyses.checking import layers_twice, unread
from qyp_geo.analyses.coverage import coverage_named
from qyp_geo.analyses.inputs import Inputs
from qyp_geo.analyses.judging import NOT_APPLICABLE
from qyp_geo.analyses.plan_answers import Found, Lookup, find_answer
from qyp_geo.analyses.zones import Zones
from qyp_geo.declarations import Analysis, Ref
from qyp_geo.errors import DeclarationError, MissingError, Problem
from qyp_geo.frames import Result
from qyp_geo.standards import Fact, Plan, PlanFigure, load_plan

ACHIEVED: Final = "已实现"
NOT_ACHIEVED: Final = "未实现"
CANNOT_TELL: Final = "无法评估"
NOT_COMPUTABLE: Final = "not computable from these layers"
KIND_WORDS: Final = {"target": "目标", "completed": "已完成工作", "baseline": "基期", "direction": "方向(无数量)"}
_NOTHING_LIKE_IT: Final = "图层里没有与之对应的内容"


class PlanTargets(Analysis):
    """What became of what a plan says."""

    kind: Literal["plan_targets"]
    plan: str
    """A packaged plan, or one of the district's own in ``analyses/standards/plans/``."""
    layers: list[Ref] = Field(min_length=1)
    """Where the answers are looked for."""
    coverage: Ref | None = None
    """Answers the circles, and gives the residents."""
    zones: Ref | None = None
    """Answers lengths and areas, by the checks that cite the same line of the plan."""
    centres: Ref | None = None
    """Answers which neighbourhood centres are complete."""


def check_plan_targets(record: PlanTargets, *, shown_as: str, standards: Path) -> Iterator[Problem]:
    """Yield what is wrong with a declaration that its record alone cannot know."""
    yield from layers_twice("layers", record.layers, shown_as=shown_as)
    for ref in record.layers:
        if ref.startswith("analyses/"):
            yield Problem(shown_as, "layers", "is no layer", ref, "Name layers here")
    try:
        load_plan(record.plan, standards)
    except (DeclarationError, MissingError) as error:
        yield from unread(error, "plan", shown_as=shown_as)


def follow_plan(record: PlanTargets, given: Inputs) -> Result:
    """Hold the plan's sentences against what the layers say now.

    Parameters
    ----------
    record
        The question.
    given
        The layers and results that it names.

    Returns
    -------
    Result
        ``table``: one row per figure of each sentence: what it is (目标, 已完成工作, 基期, 方向), 基期值, 目标值 and 目标年,
        现状值 with its dates and layers, and the verdict. Only a target has one: 已实现, 未实现, or 无法评估 with ``why``;
        work already done decides nothing. ``totals``: sentences and verdicts by what they are.

    Raises
    ------
    DeclarationError
        If a reference is to an analysis of another kind, or the district's own plan cannot be used.
    MissingError
        If there is no such plan.
    """
    plan = load_plan(record.plan, given.standards)
    lookup = Lookup(
        layers=given.layers,
        here=tuple(given.layers[ref] for ref in record.layers),
        boundary=given.layers[given.district.boundary].frame.geometry,
        coverage=None if record.coverage is None else coverage_named(record.coverage, given, asked_by=record)[1],
        zones=_named(record, "zones", Zones, given),
        centres=_named(record, "centres", CentreCompleteness, given),
    )
    table = pd.DataFrame(
        _row(plan, fact, figure, lookup)
        for fact in plan.fact
        for figure in fact.figure or [PlanFigure(title=fact.title, unit="")]
    )
    return Result(
        record=record, table=table, parts={"totals": _totals(table)}, notes=tuple(_notes(record, plan, table, lookup))
    )


def _named(record: PlanTargets, key: str, kind: type[Analysis], given: Inputs) -> Result | None:
    """Return the result that a key names, if it is of the kind that can answer."""
    ref = getattr(record, key)
    if ref is None:
        return None
    result = given.results[ref]
    if not isinstance(result.record, kind):
        problem = Problem(record.title, key, "is not of a kind that can stand here", f"{ref} ({result.record.kind})")
        raise DeclarationError(f"{record.title} cannot be answered", [problem])
    return result


def _row(plan: Plan, fact: Fact, figure: PlanFigure, lookup: Lookup) -> dict[str, object]:
    """Return what the plan says of a figure, and what the layers do."""
    if figure.answer is None:
        found: Found | str = figure.why or fact.note or _NOTHING_LIKE_IT
    else:
        found = find_answer(fact, figure.answer, lookup)
    now = found.now if isinstance(found, Found) else np.nan
    verdict, why = _verdict(fact, figure, found)
    base_line = f"{plan.cite} L{figure.base_line}" if figure.base_line else ""
    return {
        "fact": fact.id,
        "title": fact.title,
        "fact_kind": KIND_WORDS[fact.kind],
        "figure": figure.title,
        "base": np.nan if figure.base is None else figure.base,
        "base_of": " ".join(filter(None, [figure.base_of, base_line])),
        "target": np.nan if figure.least is None else figure.least,
        "by": "" if figure.by is None else str(figure.by),
        "now": now,
        "measured_in": figure.unit,
        "as_of": found.as_of if isinstance(found, Found) else "",
        "present": found.says if isinstance(found, Found) else "",
        "verdict": verdict,
        "why": why,
        "note": "" if found == fact.note else fact.note,  # it stands in `why` already
        "layers": found.sources if isinstance(found, Found) else "",
        "says": fact.quote,
        "chapter": fact.chapter,
        "source": f"{plan.cite} L{fact.line}",
    }


def _verdict(fact: Fact, figure: PlanFigure, found: Found | str) -> tuple[str, str]:
    """Return the verdict on a figure, and why there is none or what it rests on."""
    cannot = f"{NOT_COMPUTABLE}:{found}" if isinstance(found, str) else ""
    if fact.kind != "target":
        return NOT_APPLICABLE, cannot
    least = figure.least
    held_before = least is not None and figure.base is not None and figure.base >= least
    if isinstance(found, str):
        return (ACHIEVED, f"按基期值,警惕倒退;现状值 {cannot}") if held_before else (CANNOT_TELL, cannot)
    if least is None or not found.decides:
        return CANNOT_TELL, "图上的数不说明是否建成" if not found.decides else "没有目标值"
    if round(found.now, 6) >= least:
        fell = held_before and round(found.now, 1) < (figure.base or 0.0)  # as the plan writes it
        return ACHIEVED, "已达标,但低于基期值:警惕倒退" if fell else ""
    if round(found.most, 6) < least:
        return NOT_ACHIEVED, "低于目标,也低于基期值:已经倒退" if held_before else ""
    return CANNOT_TELL, f"资料不全:{found.says}"


def _totals(table: pd.DataFrame) -> pd.DataFrame:
    """Return, by what they are and over all, how many sentences and figures there are, and what is said of the figures."""
    groups = [(word, table[table["fact_kind"] == word]) for word in KIND_WORDS.values()]
    return pd.DataFrame(
        {
            "fact_kind": word,
            "facts": rows["fact"].nunique(),
            "figures": len(rows),
            "figures_now": int(rows["now"].notna().sum()),
            **{
                column: int((rows["verdict"] == verdict).sum())
                for column, verdict in (
                    ("achieved", ACHIEVED),
                    ("not_achieved", NOT_ACHIEVED),
                    ("cannot_tell", CANNOT_TELL),
                )
            },
        }
        for word, rows in [*groups, ("合计", table)]
    )


def _notes(record: PlanTargets, plan: Plan, table: pd.DataFrame, lookup: Lookup) -> Iterator[str]:
    """Yield what the figures rest on."""
    counts = table.drop_duplicates("fact")["fact_kind"].value_counts()
    said = "、".join(f"{word} {counts.get(word, 0)}" for word in KIND_WORDS.values())
    yield f"规划目标监测:{plan.title},{len(plan.fact)} 条:{said};只有目标判断实现与否,不由完成数推断"
    yield from (f"{plan.cite}:{note}" for note in plan.notes)
    yield f"现状值只取自图层和其他分析;算不出的写 {NOT_COMPUTABLE}(这些图层算不出)及原因"
    if record.scenario is not None:
        yield "规划目标监测按情景计:“现状值”和判断是情景中的,不是现状"
    if lookup.coverage is not None and lookup.coverage.parts["units"]["estimated"].any():
        yield "规划目标监测:人均指标的人口为估算"
