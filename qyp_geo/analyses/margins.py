"""Whose limit reaches beyond the data: there may be a facility just outside, so that they are not known to be unserved."""

from __future__ import annotations

from collections.abc import Sequence

import geopandas as gpd
import numpy as np
import shapely

from qyp_geo.analyses.judging import UNMET, Bools, Judgement
from qyp_geo.standards import Requirement


def uncertain_at_edge(
    requirements: Sequence[Requirement],
    judged: Judgement,
    facilities: gpd.GeoDataFrame,
    points: gpd.GeoSeries,
    *,
    boundary: gpd.GeoSeries,
    margin_m: float,
) -> Bools:
    """Return which unserved units are 边界不确定, shape (demand units, requirements).

    The data of a kind end at the margin if any of its facilities lies outside the district, else at the district's boundary.

    Parameters
    ----------
    requirements, judged
        What was asked, and what was found.
    facilities
        The existing facilities, with their ``kind``.
    points
        The demand points.
    boundary, margin_m
        The district, and how far beyond it data are kept.
    """
    district = shapely.union_all(boundary.to_numpy())
    to_boundary_m = shapely.distance(points.to_numpy(), shapely.boundary(district))
    to_margin_m = shapely.distance(
        points.to_numpy(), shapely.boundary(shapely.buffer(district, margin_m, quad_segs=64))
    )
    shapely.prepare(district)
    # A margin of facilities that do not count, or whose access is not known, is a margin all the same.
    outside = ~shapely.intersects(district, facilities.geometry.to_numpy())
    uncertain = np.zeros(judged.covered.shape, dtype=bool)
    for n, requirement in enumerate(requirements):
        to_edge_m = to_margin_m if outside[facilities["kind"].isin(requirement.served_by)].any() else to_boundary_m
        uncertain[:, n] = judged.known[n] & (to_edge_m < requirement.limit_m)
    unserved: Bools = judged.verdict == UNMET
    return uncertain & unserved
