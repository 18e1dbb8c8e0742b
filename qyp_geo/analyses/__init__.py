"""Questions asked of the layers; one module, one record and one function per kind of question."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

from qyp_geo.analyses.checkup import Checkup, check_checkup, check_up
from qyp_geo.analyses.coverage import Coverage, check_coverage, measure_coverage
from qyp_geo.analyses.gaps import Gaps, find_gaps
from qyp_geo.analyses.inputs import ByTile, Inputs
from qyp_geo.analyses.region import Region, check_region, measure_region
from qyp_geo.analyses.zones import Zones, check_zones, describe_zones
from qyp_geo.declarations import Analysis, Layer
from qyp_geo.errors import Problem
from qyp_geo.frames import Result

__all__ = ["KINDS", "AnalysisKind", "ByTile", "Inputs", "check", "run"]


@dataclass(frozen=True, slots=True)
class AnalysisKind:
    """A kind of question: the record that declares it, the function that answers it, and whether it does so tile by tile."""

    record: type[Analysis]
    answer: Callable[[Any, Inputs], Result]
    by_tile: bool = False


KINDS: Final[Mapping[str, AnalysisKind]] = MappingProxyType(
    {
        "coverage": AnalysisKind(Coverage, measure_coverage),
        "gaps": AnalysisKind(Gaps, find_gaps),
        "zones": AnalysisKind(Zones, describe_zones),
        "checkup": AnalysisKind(Checkup, check_up),
        "region": AnalysisKind(Region, measure_region, by_tile=True),
    }
)


def run(record: Analysis, given: Inputs) -> Result:
    """Answer a question.

    Parameters
    ----------
    record
        The question, as the record of its kind.
    given
        The layers, and the results of the analyses that it refers to.
    """
    return KINDS[record.kind].answer(record, given)


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
    match record:
        case Coverage():
            return list(check_coverage(record, shown_as=shown_as, layers=layers, standards=standards))
        case Checkup():
            return list(check_checkup(record, shown_as=shown_as, layers=layers, standards=standards))
        case Zones():
            return list(check_zones(record, shown_as=shown_as, layers=layers))
        case Region():
            return list(check_region(record, shown_as=shown_as, layers=layers))
        case _:
            return []
