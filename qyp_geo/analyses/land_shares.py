"""用地覆盖率 (规范口径): how much of the residential land lies within the service radius, by straight distance."""

from __future__ import annotations

from collections.abc import Sequence

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from qyp_geo.analyses.judging import Judgement
from qyp_geo.standards import Requirement

_ARC_SEGMENTS = 64
"""Segments of a quarter circle: the area of a buffer is then 0.01 % short at most."""


def land_table(
    requirements: Sequence[Requirement],
    judged: Judgement,
    facilities: gpd.GeoDataFrame,
    landuse: gpd.GeoDataFrame,
    boundary: gpd.GeoSeries,
) -> pd.DataFrame:
    """Return the residential land within the radius, one row per requirement whose kind has a layer.

    Parameters
    ----------
    requirements, judged
        What is asked, and which facilities count.
    facilities
        The facilities, by number.
    landuse
        Parcels with the column ``residential``; where they overlap, land counts once.
    boundary
        The district: only land within it counts.

    Returns
    -------
    DataFrame
        ``requirement``, ``kind``, ``title``, ``limit_m``, ``land_within_radius_m2``, ``land_total_m2``, ``land_share`` (NaN
        where there is no residential land).
    """
    residential = landuse.geometry.to_numpy()[landuse["residential"].to_numpy(dtype=bool)]
    land = shapely.get_parts(
        shapely.intersection(shapely.union_all(residential), shapely.union_all(boundary.to_numpy()))
    )
    total_m2 = float(shapely.area(land).sum())
    shapes = facilities.geometry.to_numpy()
    rows = []
    for requirement, known, counts in zip(requirements, judged.known, judged.by_size, strict=True):
        if not known:
            continue
        served = shapely.union_all(shapely.buffer(shapes[counts], requirement.limit_m, quad_segs=_ARC_SEGMENTS))
        shapely.prepare(served)
        whole = shapely.covers(served, land)
        partly = shapely.intersection(land[~whole], served)
        within_m2 = float(shapely.area(land[whole]).sum() + shapely.area(partly).sum())
        rows.append(
            {
                "requirement": requirement.id,
                "kind": requirement.kind,
                "title": requirement.title_zh,
                "limit_m": requirement.limit_m,
                "land_within_radius_m2": within_m2,
                "land_total_m2": total_m2,
                "land_share": within_m2 / total_m2 if total_m2 else np.nan,
            }
        )
    columns = ["requirement", "kind", "title", "limit_m", "land_within_radius_m2", "land_total_m2", "land_share"]
    return pd.DataFrame(rows, columns=columns)
