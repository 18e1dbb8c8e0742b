"""The gate: what must be declared before a page is public."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from qyp_geo import maps
from qyp_geo.declarations import Map
from qyp_geo.errors import Problem, QypGeoError, RefusedError
from qyp_geo.record import Run

_REMEDY = (
    'Give review_number = "赣S(2026)000号" as the bureau of natural resources issued it, or '
    "exemption = { clause = …, approver = …, date = … }. For a look inside the office: qyp publish --draft"
)


def require_review(run: Run, pages: Mapping[str, Map], *, draft: bool) -> None:
    """Raise unless pages may be published.

    Parameters
    ----------
    run
        What they show.
    pages
        Those that would be in the folder, by reference.
    draft
        Whether they keep the watermark; then they need neither 审图号 nor exemption.

    Raises
    ------
    QypGeoError
        If there are none.
    RefusedError
        With every page that is refused, and why.
    """
    if not pages:
        raise QypGeoError(
            f'{run.project.folder} declares no page for residents: put one into maps/, with audience = "residents". '
            'Pages for planners are not published; "qyp publish --draft" shows them inside the office'
        )
    problems = [problem for ref, page in pages.items() for problem in _refused(run, ref, page, draft=draft)]
    if problems:
        raise RefusedError(f"{run.project.folder} cannot be published", problems)


def _refused(run: Run, ref: str, page: Map, *, draft: bool) -> Iterator[Problem]:
    if not draft and not page.review_number.strip() and page.exemption is None:
        what = "is empty, and no exemption is recorded: a map without a review number (审图号) is not made public"
        yield Problem(f"{ref}.toml", "review_number", what, "", _REMEDY)
    yield from maps.refusals(
        page,
        shown_as=f"{ref}.toml",
        district=run.project.district,
        layers=run.project.layers,
        analyses={reference: result.record for reference, result in run.results.items()},
    )
