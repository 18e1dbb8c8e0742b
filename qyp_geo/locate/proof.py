"""From a good cover to the best: a bound, rows that tighten it, the sites that are out by it, and HiGHS for the rest."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from time import perf_counter

import numpy as np

from qyp_geo.locate.cover import Open, few_covering, most_covering, whole
from qyp_geo.locate.instance import Bools, Floats
from qyp_geo.locate.milp import WORK, Model, relaxed, solve
from qyp_geo.locate.plan import relative_gap
from qyp_geo.locate.relaxation import Certificate, Relaxation
from qyp_geo.locate.triples import Triples, violated

_WHOLE = 1e-6  # a bound this little from a whole number may be that number
_SMALL = 20_000  # pairs: HiGHS tightens such a model itself before we have
_ROUNDS = 8
_WORTHWHILE = 0.02  # of the gap that is left: what a round must close to be followed by another


@dataclass(frozen=True, slots=True)
class _Aim:
    """What makes a choice good. All values and bounds are turned so that more is better.

    `value` is of columns, `base` what settled sites add to it. Where `steps`, values are whole numbers.
    """

    value: Callable[[Bools], float]
    base: float
    steps: bool
    model: Callable[[Relaxation], Model]
    certificate: Callable[[Relaxation, Floats], Certificate]
    sign: float

    def bound(self, bound: float) -> float:
        turned = self.sign * bound
        return math.floor(turned + _WHOLE) if self.steps and math.isfinite(turned) else turned

    def better(self, certificate: Certificate, value: float) -> Bools:
        """By column: may a choice with it be better than `value`."""
        return self.sign * certificate.with_site > (value + 1 - _WHOLE if self.steps else value)

    def gap(self, value: float, bound: float) -> float:
        return relative_gap(self.base + value, self.base + bound)


def most(question: Open, *, until: float, gap: float) -> tuple[Bools, float]:
    """Columns that cover most, and the weight that none can pass; both beyond `base`.

    Parameters
    ----------
    question
        What is left to decide.
    until
        When to stop, by `time.perf_counter`; infinite where a fixed amount of work is to end it.
    gap
        The relative gap, `base` included, at which to stop.
    """
    aim = _Aim(
        value=question.covered,
        base=question.base,
        steps=whole(question.weight),
        model=Relaxation.most_model,
        certificate=Relaxation.most_certificate,
        sign=1.0,
    )
    return _proved(question, most_covering(question), float(question.weight.sum()), aim, until=until, gap=gap)


def fewest(question: Open, needed: float, *, until: float, gap: float) -> tuple[Bools, float]:
    """The cheapest columns that cover `needed`, and the cost that none can go below.

    Parameters
    ----------
    question, until, gap
        As in `most`.
    needed
        The weight to cover, beyond `base`.
    """
    if needed <= 0:
        return np.zeros(len(question.site), dtype=np.bool_), 0.0
    aim = _Aim(
        value=lambda chosen: -float(question.cost[chosen].sum()) if question.covered(chosen) >= needed else -math.inf,
        base=0.0,
        steps=whole(question.cost),
        model=lambda relaxation: relaxation.few_model(needed),
        certificate=lambda relaxation, prices: relaxation.least_certificate(needed, prices),
        sign=-1.0,
    )
    chosen, bound = _proved(question, few_covering(question, needed), 0.0, aim, until=until, gap=gap)
    return chosen, -bound


def _proved(question: Open, chosen: Bools, bound: float, aim: _Aim, *, until: float, gap: float) -> tuple[Bools, float]:
    """The best columns that are found until then, `chosen` at first, and a bound, `bound` at worst."""
    value = aim.value(chosen)
    relaxation = Relaxation(question, np.empty((0, 3), dtype=np.intp))
    promising = np.ones(len(question.site), dtype=np.bool_)
    for _ in range(1 if question.reach.nnz < _SMALL else _ROUNDS):
        if aim.gap(value, bound) <= gap:
            return chosen, bound
        values, prices = relaxed(aim.model(relaxation), time_limit_s=until - perf_counter())
        certificate = aim.certificate(relaxation, prices)
        before, bound = bound, max(value, min(bound, aim.bound(certificate.bound)))
        if perf_counter() >= until:
            return chosen, bound
        left = aim.better(certificate, value) | chosen[promising]
        triples = violated(question.reach[:, np.flatnonzero(promising)], *np.split(values, [len(left)]))
        relaxation = replace(relaxation.only(left), triples=_joined(relaxation.triples, triples))
        promising[np.flatnonzero(promising)] = left
        if len(triples) == 0 or before - bound < _WORTHWHILE * (bound - value):
            break
    if aim.gap(value, bound) <= gap or perf_counter() >= until:
        return chosen, bound
    taken = chosen[promising].astype(np.float64)
    answer = solve(
        aim.model(relaxation),
        time_limit_s=until - perf_counter(),
        gap=gap * abs(aim.base + value) / max(abs(value), 1.0),
        start=np.concatenate((taken, np.minimum(1.0, relaxation.question.reach @ taken))),
        work=WORK if math.isinf(until) else math.inf,
    )
    proven = False
    if answer.values is not None:
        found = np.zeros(len(promising), dtype=np.bool_)
        found[np.flatnonzero(promising)] = answer.values[: len(taken)] > 0.5
        proven = answer.status == "optimal" and gap == 0 and math.isfinite(aim.value(found))
        chosen = max(chosen, found, key=aim.value)
        value = aim.value(chosen)
    return chosen, value if proven else max(value, min(bound, aim.bound(answer.bound)))


def _joined(one: Triples, other: Triples) -> Triples:
    return np.unique(np.vstack((one, other)), axis=0)
