"""Floating catchments: what is supplied to each demand unit where facilities are shared with all who reach them.

Two steps. Each facility divides what it offers by the demand within its catchment, the far demand counting less; each demand
unit then adds up these shares over the facilities in whose catchments it lies, with the same weights::

    share_j = supply_j / sum over i with walk_ij <= limit_j of f(walk_ij, limit_j) * demand_i
    per_head_i = sum over j with walk_ij <= limit_j of f(walk_ij, limit_j) * share_j

so that the demand's sum of ``per_head`` is the supply of all facilities that serve anyone. The forms of ``f`` are those of Luo
and Wang 2003 (2SFCA), Luo and Qi 2009 (E2SFCA, in steps), Dai 2010 (Gaussian) and Dai and Wang 2011 (kernel). A constant factor
of ``f`` is without effect, since it stands in both steps.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
import numpy.typing as npt
from scipy import sparse

Method = Literal["2sfca", "e2sfca", "gaussian", "kernel"]
Floats = npt.NDArray[np.float64]

THIRDS: Final = ((1 / 3, 1.0), (2 / 3, 0.68), (1.0, 0.22))
"""The steps of Luo and Qi 2009 (0-10, 10-20, 20-30 minutes), as shares of the limit, and their weights."""
_AT_LIMIT: Final = np.exp(-0.5)


@dataclass(frozen=True, slots=True)
class Shared:
    """What the two steps give.

    Attributes
    ----------
    demand
        The weighted demand in the catchment of each facility, shape (facilities,).
    share
        What each facility offers per unit of it; 0 where it serves nobody.
    per_head
        What each demand unit is supplied with per head, shape (demand units,).
    """

    demand: Floats
    share: Floats
    per_head: Floats


def weigh(method: Method, walk_m: Floats, limit_m: Floats, *, steps: Sequence[tuple[float, float]] = THIRDS) -> Floats:
    """Return how much a walk counts, 1 for no walk at all.

    Parameters
    ----------
    method
        ``2sfca``: 1. ``e2sfca``: the weight of the first step that the walk is within. ``gaussian``:
        ``(exp(-(d/L)²/2) - exp(-1/2)) / (1 - exp(-1/2))``. ``kernel`` (Epanechnikov): ``1 - (d/L)²``.
    walk_m, limit_m
        Walks ``d`` within their limits ``L``, in metres, shape (pairs,) each. At the limit itself the last two forms are 0.
    steps
        The steps of ``e2sfca``, ascending: up to which share of the limit, inclusive to the millimetre, and the weight.
    """
    far = np.divide(walk_m, limit_m)
    match method:
        case "2sfca":
            return np.ones_like(far)
        case "e2sfca":
            within = [walk_m <= np.round(share * limit_m, 3) for share, _ in steps[:-1]]
            return np.select(within, [weight for _, weight in steps[:-1]], steps[-1][1])
        case "gaussian":
            return np.asarray((np.exp(-0.5 * far**2) - _AT_LIMIT) / (1.0 - _AT_LIMIT))
        case "kernel":
            return np.asarray(1.0 - far**2)


def share_out(weight: sparse.csr_array, *, demand: Floats, supply: Floats) -> Shared:
    """Share the supply of facilities among those who reach them.

    Parameters
    ----------
    weight
        How much each walk counts (`weigh`), shape (demand units, facilities); nothing stored where there is no walk.
    demand
        Heads of each demand unit.
    supply
        What each facility offers.
    """
    in_catchment = weight.T @ demand
    share = np.divide(supply, in_catchment, out=np.zeros(len(supply)), where=in_catchment > 0)
    return Shared(in_catchment, share, weight @ share)
