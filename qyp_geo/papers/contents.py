"""What a report says of a run, from the summary on the first page to the sources on the last."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final

from qyp_geo.frames import Result
from qyp_geo.papers import decisions, lacking, nearness, provision
from qyp_geo.papers.grounds import asked, grounds
from qyp_geo.papers.model import Report, Section
from qyp_geo.papers.resting import data_date
from qyp_geo.papers.telling import Finding, Telling, told_results
from qyp_geo.papers.words import Language, Words
from qyp_geo.record import Run

Tell = Callable[[Telling, str, Result], Finding]

FINDINGS: Final[Mapping[str, Tell]] = MappingProxyType(
    {
        "coverage": nearness.coverage,
        "gaps": lacking.gaps,
        "siting": decisions.siting,
        "schools_watch": provision.schools_watch,
        "catchment": provision.catchment,
        "equity": provision.equity,
        "parking": provision.parking,
        "checkup": nearness.checkup,
        "centre_completeness": nearness.centre_completeness,
        "compare": decisions.compare,
        "plan_targets": decisions.plan_targets,
        "zones": nearness.zones,
        "region": nearness.region,
    }
)
"""What tells each kind of result, in the order of a report and of its summary.

First what a meeting decides upon: who is near, who is left out, where next. Then whether it is enough, community by community
and centre by centre; last what the plan changes and whether it is kept.
"""


def report_contents(run: Run, language: Language) -> Report:
    """Return the report of a run.

    Parameters
    ----------
    run
        A finished run.
    language
        Of titles, headings, sentences and verdicts. Names and notes of the data stay as the data says them.

    Raises
    ------
    MissingError
        If no font with Chinese characters is installed.
    """
    words = Words(language)
    district = run.project.district
    publisher = _publisher(run) or words("publisher_unknown")
    telling = Telling(run, words, publisher=publisher, date=data_date(run.project.layers.values()).isoformat())
    found = _findings(telling)
    sections = [Section(title, finding.blocks) for _, title, finding in found]
    sample = (district.note,) if district.note else ()
    rules = asked(telling)
    unverified = int((~rules["verified"].astype(bool)).sum())
    facts = (
        (words("fact_publisher"), publisher),
        (words("fact_date"), telling.date),
        (words("fact_crs"), district.crs),
    )
    return Report(
        words=words,
        place=district.title,
        name=words("report_title"),
        mark=words("mark"),
        date=telling.date,
        facts=facts,
        cautions=(words("unverified", n=unverified, of=len(rules)), words("estimates"), *_of_people(telling), *sample),
        headlines=tuple(card for _, _, finding in found for card in finding.headlines),
        summary=tuple(
            (topic, words("sentence_joint").join(finding.summary)) for topic, _, finding in found if finding.summary
        ),
        sections=(*sections, *grounds(telling)),
    )


def _findings(telling: Telling) -> list[tuple[str, str, Finding]]:
    """Return what is told of each result, under what it is about and its title."""
    order = list(FINDINGS)
    results = told_results(telling.run)
    known = [(reference, result) for reference, result in results.items() if result.record.kind in FINDINGS]
    known.sort(key=lambda one: order.index(one[1].record.kind))
    return [
        (
            telling.words(f"topic_{result.record.kind}"),
            result.record.title,
            FINDINGS[result.record.kind](telling, reference, result),
        )
        for reference, result in known
    ]


def _of_people(telling: Telling) -> tuple[str, ...]:
    """Return the caution that people are estimated (估算) or spread evenly (均摊), where they are."""
    words = telling.words
    marks = dict.fromkeys(
        mark
        for result in told_results(telling.run).values()
        if "people_basis" in result.table
        for mark in result.table["people_basis"].dropna().unique()
        if mark
    )
    told = words("list_joint").join(words.of_data(mark) for mark in marks)
    return (words("people_basis", basis=told),) if marks else ()


def _publisher(run: Run) -> str:
    return next((page.publisher for page in run.project.maps.values() if page.publisher), "")
