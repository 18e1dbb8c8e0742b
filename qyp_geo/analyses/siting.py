"""Where new facilities would go (选址论证): schemes for a committee, what every site adds, and how good that provably is."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated, Final, Literal

import geopandas as gpd
import numpy as np
import pandas as pd
from pydantic import Field

from qyp_geo.analyses.access import demand_points
from qyp_geo.analyses.areas import find_areas
from qyp_geo.analyses.checking import repeated
from qyp_geo.analyses.coverage import Coverage, asked_of, by_requirement, coverage_named, stand_in
from qyp_geo.analyses.inputs import Inputs
from qyp_geo.analyses.judging import NO_DATA, Floats
from qyp_geo.analyses.sensitivity import LIMITS_M
from qyp_geo.analyses.siting_plots import Norms, Sites, find_sites, norms_of
from qyp_geo.analyses.siting_schemes import AS_GOOD, SCHEMES, Choice, Question, ask, choose
from qyp_geo.analyses.siting_tables import (
    PROVEN,
    UNPROVEN,
    Case,
    curve_table,
    gained_table,
    holding_table,
    scheme_table,
    shares_by_area,
    sites_table,
    unserved_table,
)
from qyp_geo.analyses.standing import GATE
from qyp_geo.declarations import Analysis, Layer, Record, Ref
from qyp_geo.errors import DeclarationError, Problem, did_you_mean
from qyp_geo.frames import Result
from qyp_geo.locate import Plan
from qyp_geo.standards import Requirement, kinds

_FAR_M: Final = 1000.0
"""Who has nothing within this walk is among the worst served."""

Reason = Annotated[str, Field(min_length=1)]


class Unsuitable(Record):
    """Plots that cannot be built on, by what a column of their layer says."""

    column: str = Field(min_length=1)
    says: list[str] = Field(min_length=1)
    reason: Reason


class RedLine(Record):
    """Ground that cannot be built on: the polygons of a layer."""

    layer: Ref
    reason: Reason


class Siting(Analysis):
    """Which of the candidate plots bring most people within reach, the existing facilities kept."""

    kind: Literal["siting"]
    coverage: Ref
    candidates: Ref
    facility: str
    """The kind of facility to add."""
    requirement: str | None = None
    """The requirement of the coverage analysis that is to be met; need not be given where it has one only of this kind."""
    new_sites: int = Field(ge=1)
    """The most that a scheme adds."""
    most_sites: int = Field(default=10, ge=1)
    """How far the curve of people by number of new sites goes."""
    force: list[str] = Field(default_factory=list)
    """Plots that every scheme has."""
    forbid: dict[str, Reason] = Field(default_factory=dict)
    """Plots that are left out, each with the reason."""
    unsuitable: list[Unsuitable] = Field(default_factory=list)
    red_lines: list[RedLine] = Field(default_factory=list)
    min_bldg_m2: float | None = Field(default=None, ge=0)
    """Plots of less floor area are left out; by default the least of the clause on this kind."""
    budget: float | None = Field(default=None, gt=0)
    """What the new sites may cost together, in the unit of the plots' column `cost`."""
    people_per_household: float | None = Field(default=None, gt=0)
    """Turns people into households where the demand has no column `households`; such figures are 估算."""
    weights: dict[str, Annotated[float, Field(ge=0)]] = Field(default_factory=dict)
    """How much more each person of a group counts, by the demand's column with their number (``aged_60 = 1.0``: twice)."""
    worst_served: float = Field(default=0.0, ge=0)
    """How much more each person counts who has no such facility within 1,000 m today."""

    def least_m2(self, norms: Norms) -> float | None:
        """Return the least floor area of a plot; None where neither the declaration nor a clause gives one."""
        return norms.least_m2 if self.min_bldg_m2 is None else self.min_bldg_m2


def check_siting(record: Siting, *, shown_as: str, layers: Mapping[str, Layer]) -> Iterator[Problem]:
    """Yield what is wrong with a siting declaration that its record alone cannot know."""
    if record.candidates in layers and layers[record.candidates].kind != "candidates":
        yield Problem(
            shown_as, "candidates", f"{record.candidates} is no candidates layer", layers[record.candidates].kind
        )
    if record.facility not in kinds():
        yield Problem(shown_as, "facility", "no such kind", record.facility, did_you_mean(record.facility, kinds()))
    if len(record.force) > record.new_sites:
        remedy = f"Force at most new_sites = {record.new_sites}"
        yield Problem(shown_as, "force", "forces more plots than may be added", ", ".join(record.force), remedy)
    for plot in repeated(record.force):
        yield Problem(shown_as, "force", "names a plot twice", plot, "Keep one")
    for plot in sorted({*record.force} & {*record.forbid}):
        yield Problem(shown_as, "force", "names a plot that is forbidden too", plot, "Take it out of one of the two")


def choose_sites(record: Siting, given: Inputs) -> Result:
    """Find which plots bring most people within the limit of a coverage analysis.

    A maximal covering model (Church & ReVelle 1974): of the people whom no existing facility serves, as many as possible are to
    be within the limit of a new one, by the walk that the coverage analysis judges.

    Parameters
    ----------
    record
        The question.
    given
        The coverage result that it names, and the layers that this rests on.

    Returns
    -------
    Result
        ``table``: one row per scheme, the best first; the others are within 1 % of it and differ most. Parts: ``sites`` (per
        scheme the existing, the chosen and the other plots, and once the plots left out with the reason), ``gained`` (demand
        units newly covered, by scheme), ``unserved`` (those that some scheme leaves uncovered), ``by_area``, ``sensitivity``
        (the same sites at other limits), and ``marginal`` (the best for each number of new sites, with its bound). Without a
        plot that could add anybody there is no scheme, and a warning says so.

    Raises
    ------
    DeclarationError
        If it does not name a coverage analysis that asks for this kind, or names plots or columns that are not there.
    """
    question, covered = coverage_named(record.coverage, given, asked_by=record)
    place, requirement = _requirement(record, question, given)
    units = gpd.GeoDataFrame(covered.parts["units"])
    demand = given.layers[question.demand].frame.loc[units.index]
    _require(record, given, demand)
    points = demand_points(units)
    standing = stand_in(question, given, points)
    norms = norms_of(record.facility, given.standards)
    sites = find_sites(record, question, requirement, given, standing=standing, norms=norms)
    forced = _forced(record, sites)
    areas, _ = find_areas(points, [given.layers[ref] for ref in question.areas], given.district)
    now_m = _walk_now(covered, place)
    households, of_households = _households(record, units, demand)
    case = Case(
        requirement=requirement,
        has_data=bool(covered.parts["requirements"]["has_layer"].iloc[place]),
        units=units,
        people=units["people"].to_numpy(dtype=float),
        weight=_weight(record, units, demand, now_m),
        households=households,
        now_m=now_m,
        uncertain=by_requirement(covered, "uncertain")[:, place].astype(bool),
        no_data=by_requirement(covered, "verdict")[:, place] == NO_DATA,
        areas=areas,
        sites=sites,
        norms=norms,
    )

    def at(near_m: float, *, strict: bool = False) -> Question:
        costs = None if record.budget is None else sites.table["cost"].to_numpy(dtype=float)
        near = sites.reach.within(near_m, strict=strict)
        return ask(near, case.weight, sites.existing, cost=costs, budget=record.budget, forced=forced)

    asked = at(requirement.limit_m, strict=requirement.strict)
    curve, impossible = _curve(asked, max(record.most_sites, record.new_sites))
    best = next((plan for plan in reversed(curve) if len(plan.chosen) <= record.new_sites), None)
    choice = None if best is None else choose(asked, best)
    schemes = [] if choice is None else choice.schemes
    best_at: dict[float, Plan | None] = {}
    if best is not None:
        best_at = {limit_m: _best_of(at(limit_m), len(best.chosen)) for limit_m in LIMITS_M}
        best_at[requirement.limit_m] = best
    return Result(
        record=record,
        table=scheme_table(case, schemes),
        parts={
            "sites": sites_table(case, schemes),
            "gained": gained_table(case, schemes),
            "unserved": unserved_table(case, schemes),
            "by_area": shares_by_area(case, schemes),
            "sensitivity": holding_table(case, schemes, dict(sorted(best_at.items()))),
            "marginal": curve_table(case, curve),
        },
        notes=(*covered.notes, *_notes(record, given, case, choice), *_notes_on_norms(record, case, of_households)),
        problems=tuple(_warnings(record, given, case, impossible if best is None else None)),
    )


def _requirement(record: Siting, question: Coverage, given: Inputs) -> tuple[int, Requirement]:
    """Return the requirement that is to be met, and its place among those of the coverage analysis."""
    asked = asked_of(question, given.standards)
    of_kind = [n for n, one in enumerate(asked) if one.kind == record.facility]
    chosen = [n for n in of_kind if record.requirement in {None, asked[n].id}]
    if len(chosen) == 1:
        return chosen[0], asked[chosen[0]]
    if not of_kind:
        remedy = f"Add limits_m = {{ {record.facility} = 500 }} to {record.coverage}, or choose another standard there"
        problem = Problem(
            record.title, "facility", f"{record.coverage} asks nothing of this kind", record.facility, remedy
        )
    else:
        known = [f"{asked[n].id} ({asked[n].limit_m:g} m)" for n in of_kind]
        what = "names no requirement of this kind" if record.requirement else "has to say which of several is to be met"
        problem = Problem(record.title, "requirement", what, record.requirement or "", f"Allowed: {', '.join(known)}")
    raise DeclarationError(f"{record.title} cannot be answered", [problem])


def _require(record: Siting, given: Inputs, demand: gpd.GeoDataFrame) -> None:
    """Raise one `DeclarationError` with every plot and column that is named and not there."""
    plots = given.layers[record.candidates].frame
    problems = [
        Problem(record.title, key, f"{record.candidates} has no such plot", id_, did_you_mean(id_, plots.index))
        for key, ids in (("force", record.force), ("forbid", list(record.forbid)))
        for id_ in ids
        if id_ not in plots.index
    ]
    named = [(f"unsuitable[{n}].column", one.column) for n, one in enumerate(record.unsuitable)]
    named += [("budget", "cost")] if record.budget is not None else []
    for key, column in named:
        if column not in plots:
            remedy = f"Declare it in columns of {record.candidates}.toml"
            problems.append(Problem(record.title, key, f"{record.candidates} has no such column", column, remedy))
    for column in record.weights:
        if column not in demand or not pd.api.types.is_numeric_dtype(demand[column]):
            what = "the demand has no column of numbers that is called so"
            problems.append(
                Problem(record.title, f"weights.{column}", what, column, "Declare it in columns of the demand")
            )
    if problems:
        raise DeclarationError(f"{record.title} cannot be answered", problems)


def _forced(record: Siting, sites: Sites) -> list[int]:
    """Return the numbers of the plots that every scheme has.

    Raises
    ------
    DeclarationError
        If some of them cannot be used.
    """
    why = dict(zip(sites.left_out["id"], sites.left_out["why"], strict=True))
    problems = [
        Problem(record.title, "force", f"forces a plot that is left out ({why[id_]})", id_, "Take it out of force")
        for id_ in record.force
        if id_ in why
    ]
    if problems:
        raise DeclarationError(f"{record.title} cannot be answered", problems)
    return [int(n) for n in np.flatnonzero(~sites.existing & sites.table["id"].isin(record.force).to_numpy())]


def _walk_now(covered: Result, place: int) -> Floats:
    """Return the walk that is judged to the nearest existing facility."""
    gated = by_requirement(covered, "start")[:, place] == GATE
    from_gate_m, walk_m = (by_requirement(covered, name)[:, place] for name in ("walk_from_gate_m", "walk_m"))
    return np.where(gated, from_gate_m, walk_m).astype(float)


def _weight(record: Siting, units: gpd.GeoDataFrame, demand: gpd.GeoDataFrame, now_m: Floats) -> Floats:
    """Return what each demand unit weighs in the model: its people, and more for the groups declared."""
    people = units["people"].to_numpy(dtype=float)
    groups = [more * demand[column].fillna(0.0).to_numpy(dtype=float) for column, more in record.weights.items()]
    return people + sum(groups) + record.worst_served * people * ~(now_m <= _FAR_M)


def _households(record: Siting, units: gpd.GeoDataFrame, demand: gpd.GeoDataFrame) -> tuple[Floats | None, str]:
    """Return the households of each demand unit, None where nothing tells them; and what the figures rest on."""
    if "households" in demand and demand["households"].notna().any():
        unknown = int(demand["households"].isna().sum())
        return demand["households"].fillna(0.0).to_numpy(
            dtype=float
        ), f"{unknown} 处需求没有户数,按 0 计" if unknown else ""
    if record.people_per_household is None:
        return None, "服务户数无数据:需求图层没有户数列,也未声明户均人口"
    told = f"户数为估算:人口 ÷ {record.people_per_household:g} 人/户"
    return units["people"].to_numpy(dtype=float) / record.people_per_household, told


def _curve(asked: Question, most_sites: int) -> tuple[list[Plan], str]:
    """Return the best choice for each number of new sites up to where more would serve nobody else; or why there is none."""
    plans: list[Plan] = []
    for n in range(max(1, len(asked.forced)), most_sites + 1):
        plan = _best_of(asked, n)
        if plan is None or len(plan.chosen) < n or not plan.objective > 0:
            return plans, "" if plan is None else plan.reason
        plans.append(plan)
    return plans, ""


def _best_of(asked: Question, new_sites: int) -> Plan | None:
    """Return the best choice of at most so many new sites; None where no plot serves anybody who is not served."""
    return None if asked.walks.empty else asked.best(new_sites)


def _warnings(record: Siting, given: Inputs, case: Case, impossible: str | None) -> Iterator[Problem]:
    """Yield what keeps the answer from being what was asked for."""
    plots = given.layers[record.candidates].frame
    for n, one in enumerate(record.unsuitable):
        said = set(plots[one.column].astype(str))
        for word in one.says:
            if word not in said:
                what = f"no plot says so in {one.column}"
                remedy = did_you_mean(word, said)
                yield Problem(record.title, f"unsuitable[{n}].says", what, word, remedy, severity="warning")
    if impossible is not None:
        usable, limit_m = int((~case.sites.existing).sum()), case.requirement.limit_m
        why = impossible or f"none of the {usable} plot(s) that can be used brings anybody within {limit_m:g} m"
        remedy = f"{len(case.sites.left_out)} plot(s) are left out; the part sites says why"
        yield Problem(record.title, "candidates", f"no scheme: {why}", record.candidates, remedy, severity="warning")


def _notes(record: Siting, given: Inputs, case: Case, choice: Choice | None) -> Iterator[str]:
    """Yield what the schemes rest on."""
    kind, limit = kinds()[record.facility].name_zh, f"{case.requirement.limit_m:g} 米"
    yield (
        f"选址模型:最大覆盖(MCLP)。现状{kind}全部保留,新增至多 {record.new_sites} 处,使步行 {limit}内新增人口最多"
        f"({case.requirement.label()});结论为{PROVEN},只对所给候选地块、资料和限值成立"
    )
    yield "候选地块按地块内一点到道路的直线计(出入口未定),与点状设施同一口径;用地、产权、拆迁、工程条件未核"
    if not case.has_data:
        yield f"现状{kind}无数据:按没有现状设施计,新增人口为上限"
    served_by = [layer for layer in given.layers.values() if layer.record.kind in case.requirement.served_by]
    if any(layer.record.provenance.completeness == "POI" for layer in served_by):
        yield f"现状{kind}依据 POI 数据,可能不全:新增人口待现场核实"
    if case.sites.n_doubtful:
        yield f"{case.sites.n_doubtful} 处现状{kind}的到达方式不明,未计其服务"
    if n := len(case.sites.left_out):
        yield f"{n} 处候选地块未纳入比选,原因见候选地块表"
    if choice is not None:
        yield from _of_choice(record, choice)
    if record.weights or record.worst_served:
        more = [f"{column} 每人另计 {factor:g}" for column, factor in record.weights.items()]
        more += [f"现状 {_FAR_M:g} 米内没有{kind}的每人另计 {record.worst_served:g}"] if record.worst_served else []
        yield f"模型目标加权(自定口径):{'、'.join(more)};表中人口未加权"


def _of_choice(record: Siting, choice: Choice) -> Iterator[str]:
    """Yield how good the schemes are, and whether there are others."""
    best = choice.best
    if best.status == "optimal":
        yield f"方案一为{PROVEN}(目标值 {best.objective:,.0f},已证明)"
    else:
        yield f"方案一的{UNPROVEN}:目标值 {best.objective:,.0f},上界 {best.bound:,.0f},相差不超过 {best.gap:.2%}"
    if (n_sites := len(best.chosen)) < record.new_sites:
        yield f"新增 {n_sites} 处后再加不增加人口,各方案按 {n_sites} 处"
    as_good = f"同样处数、与最优相差不超过 {AS_GOOD:.0%} 的方案"
    if choice.all_found:
        beyond = f",其余方案目标值不超过 {choice.next_bound:,.0f}" if choice.next_bound else ",没有其他方案"
        yield f"{as_good}连同方案一共 {choice.n_as_good} 个(已证明{beyond})" + (
            f";不足 {SCHEMES} 个" if choice.n_as_good < SCHEMES else f",列出彼此差别最大的 {SCHEMES} 个"
        )
    else:
        yield f"{as_good}连同方案一至少 {choice.n_as_good} 个,列出其中彼此差别最大的 {len(choice.schemes)} 个"


def _notes_on_norms(record: Siting, case: Case, of_households: str) -> Iterator[str]:
    """Yield what sizes are held against."""
    norms = case.norms
    if norms.households is not None:
        yield (
            f"服务户数 = 限值内以该处为最近的户数,与 {norms.households.value} 户对照({norms.households.label()});"
            f"条款说的是一个社区的户数,用词“{norms.households.strength}”"
        )
    if of_households:
        yield of_households
    if norms.area is not None:
        advised = "" if norms.advised_m2 is None else f"、{norms.advised_m2:g}"
        yield f"建筑面积与 {norms.least_m2:g}{advised} ㎡ 对照({norms.area.label()};用词“{norms.area.strength}”)"
    if norms.area is None and norms.households is None:
        yield f"{kinds()[record.facility].name_zh}没有可对照的户数和建筑面积条款:不适用"
