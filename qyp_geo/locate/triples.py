"""Rows that bring the relaxation nearer to the truth: three demand units that half-open sites would cover by pairs.

Where half a site covers units 1 and 2, half a one 2 and 3, and half a one 3 and 1, all three count as covered by one and
a half sites. In whole sites, three units need two, or one that covers all three. Half the sum of the three rows, rounded
(a zero-half cut; Caprara & Fischetti 1996, *Mathematical Programming* 74, 221-235), says so: the covered among three are
at most 1 + the sites that cover any of them, those that cover all three counted twice.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy import sparse

from qyp_geo.locate.instance import Floats

Triples = npt.NDArray[np.intp]

_OPEN = 1e-3  # a share of a site smaller than this is none
_COVERED = 0.6  # units that count as covered by less than this give hardly any violated row
_SHARED = (0.15, 0.85)  # of a site, that two units of a triple have in common
_VIOLATED = 0.05
_PAIRS = 60_000
_PAIRS_AT_ONCE = 2_000
_UNITS = 1_500
_EACH = 5  # triples at most of which a unit is part
_MOST = 400


def violated(reach: sparse.csr_array, opened: Floats, covered: Floats) -> Triples:
    """Triples of units whose row the relaxed choice breaks, the worst first; shape ``(n, 3)``.

    Parameters
    ----------
    reach
        Units by sites: 1 where the site covers the unit.
    opened, covered
        By site and by unit, from 0 to 1.
    """
    sites = np.flatnonzero(opened > _OPEN)
    likely = np.flatnonzero(covered > _COVERED)
    likely = likely[np.argsort(-covered[likely], kind="stable")]
    covering = reach[likely][:, sites].toarray().astype(np.float32)
    first = np.sort(np.unique(covering, axis=0, return_index=True)[1])[:_UNITS]  # of units that are alike the first
    covering, units, part = covering[first], likely[first], opened[sites].astype(np.float32)
    counted, total = covered[units].astype(np.float32), covering @ part
    common = (covering * part) @ covering.T
    one, other = np.nonzero(np.triu((common > _SHARED[0]) & (common < _SHARED[1]), 1))
    nearest_half = np.argsort(np.abs(common[one, other] - 0.5), kind="stable")[:_PAIRS]
    one, other = one[nearest_half], other[nearest_half]
    rows, by_how_much = [np.empty((0, 3), dtype=np.intp)], [np.empty(0, dtype=np.float32)]
    for start in range(0, len(one), _PAIRS_AT_ONCE):
        a, b = one[start : start + _PAIRS_AT_ONCE], other[start : start + _PAIRS_AT_ONCE]
        either = np.abs(covering[a] - covering[b])  # covers one of the two alone
        by_odd = (either @ part)[:, None] + total - 2 * ((either * part) @ covering.T)
        allowed = 1 + ((total[a] + total[b])[:, None] + total + by_odd) / 2
        beyond = (counted[a] + counted[b])[:, None] + counted - allowed
        third = beyond.argmax(axis=1)
        worst = beyond[np.arange(len(a)), third]
        broken = worst > _VIOLATED
        rows.append(units[np.column_stack((a, b, third))[broken]])
        by_how_much.append(worst[broken])
    return _spread(np.vstack(rows)[np.argsort(-np.concatenate(by_how_much), kind="stable")])


def _spread(triples: Triples) -> Triples:
    """The first of each set of three, no unit in too many of them."""
    times: dict[int, int] = {}
    taken: dict[tuple[int, ...], None] = {}
    for triple in np.sort(triples, axis=1).tolist():
        key = tuple(triple)
        if len(set(key)) == len(key) and key not in taken and all(times.get(unit, 0) < _EACH for unit in key):
            taken[key] = None
            times.update({unit: times.get(unit, 0) + 1 for unit in key})
        if len(taken) == _MOST:
            break
    return np.array(list(taken), dtype=np.intp).reshape(-1, 3)
