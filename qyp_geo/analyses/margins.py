"""Whose limit reaches beyond the data: there may be a facility just outside, so that they are not known to be unserved."""

from __future__ import annotations

from collections.abc import Sequence

import geopandas as gpd
import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from qyp_geo.analyses.judging import UNMET, Bools, Floats, Judgement
from qyp_geo.analyses.standing import Standing
from qyp_geo.standards import Requirement


def uncertain_at_edge(
    requirements: Sequence[Requirement],
    judged: Judgement,
    facilities: gpd.GeoDataFrame,
    standing: Standing,
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
    standing
        Where the demand stands; the limit of who lives in a gated estate begins at its gates.
    boundary, margin_m
        The district, and how far beyond it data are kept.
    """
    district = shapely.union_all(boundary.to_numpy())
    margin = shapely.buffer(district, margin_m, quad_segs=64)
    to_boundary_m = from_start_m(standing, shapely.boundary(district))
    to_margin_m = from_start_m(standing, shapely.boundary(margin))
    shapely.prepare(district)
    # A margin of facilities that do not count, or whose access is not known, is a margin all the same.
    outside = ~shapely.intersects(district, facilities.geometry.to_numpy())
    uncertain = np.zeros(judged.covered.shape, dtype=bool)
    for n, requirement in enumerate(requirements):
        to_edge_m = to_margin_m if outside[facilities["kind"].isin(requirement.served_by)].any() else to_boundary_m
        uncertain[:, n] = judged.known[n] & (to_edge_m < requirement.limit_m)
    unserved: Bools = judged.verdict == UNMET
    return uncertain & unserved


def from_start_m(standing: Standing, line: BaseGeometry) -> Floats:
    """Return the straight distance to a line from where each walk that is judged begins."""
    metres: Floats = shapely.distance(standing.points.to_numpy(), line)
    if standing.estates is None:
        return metres
    gates = standing.estates.gates
    least_m = np.full(len(standing.estates.table) + 1, np.inf)
    np.minimum.at(least_m, gates["estate"].to_numpy(), shapely.distance(gates.geometry.to_numpy(), line))
    return np.where(standing.estate >= 0, least_m[standing.estate], metres)
