"""How wide a park is.

**Width**: the largest diameter of circles that, lying within the park, together cover at least three quarters of it. No
clause defines 最小宽度; its purpose is breadth that can be used, so that neither the strip between two parallel lines will
do (it finds an L of paths broad) nor the largest circle alone (it finds one broad place). The width of a place is the
diameter of the largest circle that lies within the park and contains the place (the local thickness of Hildebrand and
Rüegsegger, Journal of Microscopy 185, 1997), and the width of a park is what three quarters of it have at least. A
rectangle has its shorter side: even of a square, circles leave out no more than the corners, 21.5 %. A lake drawn as a
hole is no park.
"""

from __future__ import annotations

import math
from functools import lru_cache
from typing import Final

from shapely.geometry.base import BaseGeometry

_BROAD_SHARE: Final = 0.75
_WIDTH_STEP_M: Final = 0.01
_ARC_SEGMENTS: Final = 64


@lru_cache(maxsize=10_000)
def width_m(polygon: BaseGeometry) -> float:
    """Return the width of a polygon in metres, to the decimetre: outlines are not known better.

    Parameters
    ----------
    polygon
        A polygon or several that are one park, in metres.

    Returns
    -------
    float
        The largest diameter of circles within the polygon that cover at least three quarters of it.
    """
    narrow, broad = 0.0, 2 * math.sqrt(polygon.area / math.pi)
    while broad - narrow > _WIDTH_STEP_M:
        middle = (narrow + broad) / 2
        # Shrunk and widened again, a shape is what circles of that radius reach within it.
        within_reach = polygon.buffer(-middle / 2, quad_segs=_ARC_SEGMENTS).buffer(middle / 2, quad_segs=_ARC_SEGMENTS)
        if within_reach.area >= _BROAD_SHARE * polygon.area:
            narrow = middle
        else:
            broad = middle
    return round((narrow + broad) / 2, 1)
