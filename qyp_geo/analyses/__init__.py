"""Questions asked of the layers; one module, one record and one function per kind of question."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

from qyp_geo.analyses.catchment import Catchment, check_catchment, measure_catchment
from qyp_geo.analyses.centre_completeness import (
    CentreCompleteness,
    check_centre_completeness,
    measure_completeness,
)
from qyp_geo.analyses.checkup import Checkup, check_checkup, check_up
from qyp_geo.analyses.compare import Compare, compare
from qyp_geo.analyses.coverage import Coverage, check_coverage, measure_coverage
from qyp_geo.analyses.equity import Equity, measure_equity
from qyp_geo.analyses.gaps import Gaps, find_gaps
from qyp_geo.analyses.inputs import ByTile, Inputs
from qyp_geo.analyses.parking import Parking, check_parking, measure_parking
from qyp_geo.analyses.plan_targets import PlanTargets, check_plan_targets, follow_plan
from qyp_geo.analyses.region import Region, check_region, measure_region
from qyp_geo.analyses.scenario import UnderScenario, check_scenario
from qyp_geo.analyses.schools_watch import SchoolsWatch, check_schools_watch, watch_schools
from qyp_geo.analyses.siting import Siting, check_siting, choose_sites
from qyp_geo.analyses.zones import Zones, check_zones, describe_zones
from qyp_geo.declarations import Analysis, Layer, Scenario, references
from qyp_geo.errors import DeclarationError, Problem
from qyp_geo.frames import Result

__all__ = ["KINDS", "AnalysisKind", "ByTile", "Inputs", "check", "check_scenario", "run"]


@dataclass(frozen=True, slots=True)
class AnalysisKind:
    """A kind of question.

    Attributes
    ----------
    record
        What declares it.
    answer
        What answers it.
    by_tile
        Whether it is answered tile by tile.
    of_results
        Whether it is about results of several scenarios, and has none of its own.
    """

    record: type[Analysis]
    answer: Callable[[Any, Inputs], Result]
    by_tile: bool = False
    of_results: bool = False


def ask_under_scenario(record: UnderScenario, given: Inputs) -> Result:
    """Ask another analysis again, in the state of the district that is declared; the result is one of its kind."""
    question = given.results[record.of].record
    if KINDS[question.kind].of_results:
        problem = Problem(record.title, "of", "compares states of the district, and is of none", record.of)
        raise DeclarationError(f"{record.title} cannot be answered", [problem])
    return run(question.model_copy(update={"title": record.title, "scenario": record.scenario}), given)


KINDS: Final[Mapping[str, AnalysisKind]] = MappingProxyType(
    {
        "coverage": AnalysisKind(Coverage, measure_coverage),
        "gaps": AnalysisKind(Gaps, find_gaps),
        "zones": AnalysisKind(Zones, describe_zones),
        "checkup": AnalysisKind(Checkup, check_up),
        "catchment": AnalysisKind(Catchment, measure_catchment),
        "equity": AnalysisKind(Equity, measure_equity),
        "region": AnalysisKind(Region, measure_region, by_tile=True),
        "parking": AnalysisKind(Parking, measure_parking),
        "schools_watch": AnalysisKind(SchoolsWatch, watch_schools),
        "centre_completeness": AnalysisKind(CentreCompleteness, measure_completeness),
        "plan_targets": AnalysisKind(PlanTargets, follow_plan),
        "siting": AnalysisKind(Siting, choose_sites),
        "scenario": AnalysisKind(UnderScenario, ask_under_scenario, of_results=True),
        "compare": AnalysisKind(Compare, compare, of_results=True),
    }
)


def run(record: Analysis, given: Inputs) -> Result:
    """Answer a question, in the state of the district in which it is asked.

    Parameters
    ----------
    record
        The question, as the record of its kind.
    given
        The layers, and the results of the analyses that it refers to.

    Returns
    -------
    Result
        In a scenario its record tells this, and the part ``changes`` what is changed (`Altered`).

    Raises
    ------
    DeclarationError
        If it rests on analyses that are asked in another state, or the scenario cannot be.
    """
    kind = KINDS[record.kind]
    scenario = None if kind.of_results else _scenario_of(record, given)
    if scenario is None:
        return kind.answer(record, given)
    altered = given.altered(scenario, declared_by=record.title)
    asked = record.model_copy(update={"scenario": scenario})
    result = kind.answer(asked, replace(given, layers=altered.layers))
    told = {problem for earlier in given.results.values() for problem in earlier.problems}
    return replace(
        result,
        parts={**result.parts, "changes": altered.changes},
        notes=tuple(dict.fromkeys((*altered.notes, *result.notes))),
        problems=(*(problem for problem in altered.problems if problem not in told), *result.problems),
    )


def _scenario_of(record: Analysis, given: Inputs) -> Scenario | None:
    """Return the state in which a question is asked: its own, else that of what it rests on, else the folder's."""
    rests_on = [ref for _, ref in references(type(record), record.model_dump()) if ref.startswith("analyses/")]
    states = {ref: given.results[ref].record.scenario for ref in rests_on}
    scenario = record.scenario or next(iter(states.values()), given.district.scenario)
    problems = [
        Problem(
            record.title,
            "scenario",
            "is another than that of an analysis that it rests on",
            ref,
            "Name one of the same scenario; without a scenario of its own the question takes it from there",
        )
        for ref, other in states.items()
        if other != scenario
    ]
    if scenario is not None and KINDS[record.kind].by_tile:
        what = "changes nothing here: an analysis that is answered by tiles is of the present"
        problems.append(Problem(record.title, "scenario", what, record.kind, "Remove it"))
    if problems:
        raise DeclarationError(f"{record.title} cannot be answered", problems)
    return scenario


def check(record: Analysis, *, shown_as: str, layers: Mapping[str, Layer], standards: Path) -> list[Problem]:
    """Return what is wrong with a declaration that its record alone cannot know.

    Parameters
    ----------
    record
        The question.
    shown_as
        Its file, as the user knows it.
    layers
        The layers' declarations, by reference; a reference to none of them is left to the caller.
    standards
        The folder ``analyses/standards/``; it need not exist.
    """
    problems = _check(record, shown_as=shown_as, layers=layers, standards=standards)
    if record.scenario is not None:
        problems += check_scenario(record.scenario, shown_as=shown_as, layers=layers)
    return problems


def _check(  # noqa: PLR0911  (one for each kind of question)
    record: Analysis, *, shown_as: str, layers: Mapping[str, Layer], standards: Path
) -> list[Problem]:
    match record:
        case Coverage():
            return list(check_coverage(record, shown_as=shown_as, layers=layers, standards=standards))
        case Checkup():
            return list(check_checkup(record, shown_as=shown_as, layers=layers, standards=standards))
        case Parking():
            return list(check_parking(record, shown_as=shown_as, layers=layers, standards=standards))
        case SchoolsWatch():
            return list(check_schools_watch(record, shown_as=shown_as, layers=layers))
        case Catchment():
            return list(check_catchment(record, shown_as=shown_as, layers=layers, standards=standards))
        case Siting():
            return list(check_siting(record, shown_as=shown_as, layers=layers))
        case Zones():
            return list(check_zones(record, shown_as=shown_as, layers=layers))
        case CentreCompleteness():
            return list(check_centre_completeness(record, shown_as=shown_as, layers=layers))
        case PlanTargets():
            return list(check_plan_targets(record, shown_as=shown_as, standards=standards))
        case Region():
            return list(check_region(record, shown_as=shown_as, layers=layers))
        case _:
            return []
