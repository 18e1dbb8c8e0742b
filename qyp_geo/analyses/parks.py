"""Parks: their size and width, and the residential land they serve by each of the rules that contradict each other.

**Served land** (规范口径): every park that a rule counts is widened by its radius, from the park's boundary on, not from its
centre or its gates; the union of these areas, as far as it is residential land, over all residential land. Nothing is
walked. A park known as a point only is widened from that point. Parks outside the district serve into it.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

from qyp_geo.analyses.gates import exists
from qyp_geo.analyses.judging import MET, NO_DATA, NOT_APPLICABLE, UNMET
from qyp_geo.analyses.land import NO_LANDUSE, Ground, land_shape
from qyp_geo.analyses.width import width_m
from qyp_geo.frames import LayerData
from qyp_geo.standards import ParkRule, PocketParkRule, kinds

_ARC_SEGMENTS: Final = 64
"""Segments of a quarter circle: an arc of 500 m is then nowhere off by more than 4 cm."""


def find_parks(layers: Mapping[str, LayerData], counting: Sequence[str]) -> gpd.GeoDataFrame | None:
    """Return the existing parks of some layers with their size.

    Parameters
    ----------
    layers
        By reference; those of other kinds are passed over.
    counting
        The kinds that count as a park.

    Returns
    -------
    GeoDataFrame or None
        ``layer``, ``id``, ``name``, ``kind``, ``area_m2`` and ``width_m``, both measured on the polygon; of a point the area as
        declared (NaN where it is not) and no width. None where no layer is of these kinds.
    """
    found = [
        pd.DataFrame(
            {
                "layer": ref,
                "id": frame.index.astype(str),
                "name": frame["name"].to_numpy(),
                "kind": frame["kind"].to_numpy(),
                "declared_m2": frame["area_m2"].to_numpy(dtype=float) if "area_m2" in frame else np.nan,
                "geometry": frame.geometry.to_numpy(),
            }
        )
        for ref, layer in layers.items()
        if layer.record.kind in counting
        for frame in [layer.frame[exists(layer.frame)]]
    ]
    if not found:
        return None
    crs = next(layer.frame.crs for layer in layers.values() if layer.record.kind in counting)
    parks = gpd.GeoDataFrame(pd.concat(found, ignore_index=True), crs=crs)
    polygonal = (shapely.get_dimensions(parks.geometry.to_numpy()) == 2) & (parks.area > 0)
    # Coordinates of seven digits leave a drawn area some millionths off: a park of just 5,000 m² is of that size.
    parks["area_m2"] = np.where(polygonal, parks.area.round(3), parks["declared_m2"])
    parks["width_m"] = [
        width_m(shape) if is_polygon else np.nan for shape, is_polygon in zip(parks.geometry, polygonal, strict=True)
    ]
    return parks[["layer", "id", "name", "kind", "area_m2", "width_m", "geometry"]]


def sized(parks: gpd.GeoDataFrame, rules: Sequence[ParkRule], pocket: PocketParkRule) -> gpd.GeoDataFrame:
    """Return the parks with what each counts for, so that a share can be traced to them.

    Adds ``counts_for`` (the rules, joined by 、) and, for 口袋公园, ``size_verdict``: whether its area is that of one.
    """
    counting = np.array([_radii_m(rule, parks) > 0 for rule in rules]).reshape(len(rules), len(parks))
    counts_for = ["、".join(rule.id for rule, counts in zip(rules, one, strict=True) if counts) for one in counting.T]
    is_pocket = parks["kind"] == "pocket_park"
    fits = np.array([pocket.holds(area_m2) for area_m2 in parks["area_m2"]], dtype=bool)
    verdict = np.select([~is_pocket, parks["area_m2"].isna(), fits], [NOT_APPLICABLE, NO_DATA, MET], UNMET)
    return parks.assign(counts_for=counts_for, size_verdict=verdict)


def park_shares(
    ground: Ground, parks: gpd.GeoDataFrame | None, landuse: LayerData | None, rules: Sequence[ParkRule]
) -> pd.DataFrame:
    """Return the share of residential land that parks serve, by each rule on its own.

    Parameters
    ----------
    ground
        The areas.
    parks, landuse
        None where there is no such layer.
    rules
        Each gives the radius of a park by its size.

    Returns
    -------
    DataFrame
        One row per area and rule: ``parks`` (those that count and whose radius reaches into the area), ``parks_unknown``
        (those of the whole data whose size is not known and is asked for: they do not count), ``residential_m2``,
        ``served_m2``, ``share`` of the one in the other, ``target`` (NaN where the source names none), ``verdict``,
        ``effect``, ``note``, ``rule``, ``profile``, ``title``, ``source``. Where a layer is missing the verdict is 无数据,
        where the rule cannot be computed or names no target it is 不适用; ``note`` says why.
    """
    residential = land_shape(landuse, "residential") if landuse is not None else None
    in_areas = shapely.intersection(ground.table.geometry.to_numpy(), residential) if residential is not None else None
    blocks = [_shares_by(rule, ground, parks, in_areas) for rule in rules]
    order = np.arange(len(ground.table) * len(rules)).reshape(len(rules), -1).T.ravel()
    return pd.concat(blocks, ignore_index=True).iloc[order].reset_index(drop=True)


def _shares_by(
    rule: ParkRule,
    ground: Ground,
    parks: gpd.GeoDataFrame | None,
    residential: npt.NDArray[np.object_] | None,
) -> pd.DataFrame:
    """Return the rows of one rule, one per area; `residential` is the residential land of each."""
    why_not = rule.not_computable or (
        NO_LANDUSE if residential is None else f"没有{kinds()[rule.kinds[0]].name_zh}图层" if parks is None else ""
    )
    nothing = np.full(len(ground.table), np.nan)
    residential_m2 = nothing if residential is None else np.asarray(shapely.area(residential))
    served_m2, n_parks, n_unknown = nothing, nothing, np.nan
    if not why_not and parks is not None:
        zones, n_unknown = _zones(rule, parks)
        served_m2 = np.asarray(shapely.area(shapely.intersection(residential, shapely.union_all(zones))))
        area, _ = shapely.STRtree(zones).query(ground.table.geometry.to_numpy(), predicate="intersects")
        n_parks = np.bincount(area, minlength=len(ground.table)).astype(float)
    share = served_m2 / np.where(residential_m2 > 0, residential_m2, np.nan)
    target = rule.target
    met = np.array([target is not None and target.met(one) for one in share], dtype=bool)
    no_target = np.full(len(share), target is None)
    no_verdict = np.full(len(share), bool(rule.not_computable))
    verdict = np.select(
        [no_verdict | (residential_m2 == 0), np.isnan(share), no_target, met],
        [NOT_APPLICABLE, NO_DATA, NOT_APPLICABLE, MET],
        UNMET,
    )
    return pd.DataFrame(ground.table[["level", "area", "area_name"]]).assign(
        title=rule.title_zh,
        parks=n_parks,
        parks_unknown=n_unknown,
        residential_m2=residential_m2,
        served_m2=served_m2,
        share=share,
        target=target.share if target else np.nan,
        verdict=verdict,
        effect=np.where(verdict == UNMET, rule.effect, ""),
        note=why_not or "".join(_notes_on(rule)),
        rule=rule.id,
        profile=rule.profile,
        source=rule.label(),
    )


def _zones(rule: ParkRule, parks: gpd.GeoDataFrame) -> tuple[npt.NDArray[np.object_], int]:
    """Return what each park that counts serves, and how many may count but are of unknown size."""
    radius_m = _radii_m(rule, parks)
    counts = radius_m > 0
    zones = shapely.buffer(parks.geometry.to_numpy()[counts], radius_m[counts], quad_segs=_ARC_SEGMENTS)
    unsized = _asks_size(rule) & parks["area_m2"].isna() | (rule.min_width_m is not None) & parks["width_m"].isna()
    return np.asarray(zones), int((unsized & parks["kind"].isin(rule.kinds)).sum())


def _radii_m(rule: ParkRule, parks: gpd.GeoDataFrame) -> npt.NDArray[np.float64]:
    """Return how far each park serves by a rule; 0 where it does not count."""
    # Any size will do where none is asked for, also one that is not known.
    area_m2 = parks["area_m2"] if _asks_size(rule) else parks["area_m2"].fillna(0.0)
    sizes = zip(parks["kind"], area_m2.to_numpy(float), parks["width_m"].to_numpy(float), strict=True)
    radii = [
        rule.radius_m(area_m2=area, width_m=None if math.isnan(width) else width) if kind in rule.kinds else None
        for kind, area, width in sizes
    ]
    return np.array([radius or 0.0 for radius in radii], dtype=np.float64)


def _asks_size(rule: ParkRule) -> bool:
    return any(reach.min_area_m2 is not None or reach.max_area_m2 is not None for reach in rule.reaches)


def _notes_on(rule: ParkRule) -> Iterator[str]:
    """Yield what of a rule is not judged, since it holds in places that no layer shows."""
    places = dict.fromkeys([*(one.place for one in rule.targets if one.place), *rule.place_reaches])
    if places:
        yield f"只对{'、'.join(places)}的数值未用"
