"""Where to look in a source that is too large to be read whole."""

from __future__ import annotations

import numpy as np
import pyproj

from qyp_geo.layers.placing import Area

Box = tuple[float, float, float, float]
SHIFTED_M = 2_000.0
"""Farther than GCJ-02 and BD-09 move anything."""
_SLACK = 0.01  # a box that is turned is not a box: what lies at its edge is looked at as well
_ALONG_AN_EDGE = 21


def search_box(area: Area, *, crs: str, there: pyproj.CRS, more_m: float = 0.0) -> Box | None:
    """Return the box, in another reference system, that holds the district and its margin.

    Nothing is placed by it: what it finds is brought into the district's CRS and looked at exactly.

    Parameters
    ----------
    area
        The district, in metres.
    crs
        Its CRS.
    there
        The reference system of the source.
    more_m
        How much wider than the margin to look.

    Returns
    -------
    tuple or None
        West, south, east, north, in the units of the source; None where the district has no place in its reference system.
    """
    west, south, east, north = area.shape.bounds
    wider_m = area.margin_m + more_m + _SLACK * max(east - west, north - south)
    bounds = (west - wider_m, south - wider_m, east + wider_m, north + wider_m)
    transformer = pyproj.Transformer.from_crs(crs, there, always_xy=True)
    found = transformer.transform_bounds(*bounds, densify_pts=_ALONG_AN_EDGE)
    return found if np.isfinite(found).all() else None
