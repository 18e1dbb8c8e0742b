"""Metres that add up to the same sum in any order, and the figure that is reported.

Floating sums depend on the order of their terms, so one and the same walk, added up from either end, may fall on
both sides of a limit. Every edge and every leg is therefore rounded once to a multiple of 2^-20 m (about a thousandth
of a millimetre). Such multiples are added by a float64 without any error up to 2^33 m, whatever the order.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int32]

UNIT_M = 2.0**-20
"""What lengths and legs are multiples of, in metres."""

MM_SLACK_M = 0.001
"""Two walks that round to one millimetre differ by less; also more than what rounding takes off a walk."""


def to_units(metres: npt.ArrayLike) -> Floats:
    """`metres`, rounded to the nearest multiple of `UNIT_M`; any shape."""
    return np.rint(np.asarray(metres, dtype=np.float64) / UNIT_M) * UNIT_M


def to_mm(metres: npt.ArrayLike) -> Floats:
    """`metres`, rounded to the millimetre; any shape. The scaling by 1000 is exact for multiples of `UNIT_M`."""
    return np.rint(np.asarray(metres, dtype=np.float64) * 1000.0) / 1000.0
