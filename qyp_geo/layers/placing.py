"""Where things lie: from the coordinates of a source into the district's CRS, and whether that is in the district."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pyproj
import shapely
from shapely.geometry.base import BaseGeometry

from qyp_geo.crs import crs_of_datum, to_analysis
from qyp_geo.declarations import Layer
from qyp_geo.errors import QypGeoError
from qyp_geo.layers.doubts.slips import LENGTHS, NEAR_M, SWAPPED, slip_of
from qyp_geo.layers.report import Report, one_by_one
from qyp_geo.layers.zones import code_in_zone, zone_of, zones_of

_ABOUT_DEGREES: Final = 1.0
_EARTH_M: Final = 1e8
"""No coordinate on Earth is as large in any reference system."""
_MANY: Final = 20  # fewer of a kind may well lie in another part of an extract
Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Area:
    """The district, as far as what lies in or near it is kept.

    Parameters
    ----------
    shape
        The union of the boundary's polygons, prepared.
    margin_m
        How far beyond it things are kept.
    """

    shape: BaseGeometry
    margin_m: float


@np.errstate(over="ignore", invalid="ignore")  # a damaged file may place things further than numbers reach
def into_district(
    frame: gpd.GeoDataFrame, layer: Layer, *, crs: str, area: Area | None, report: Report
) -> gpd.GeoDataFrame | None:
    """Bring a source's rows into the district's CRS and leave out what lies beyond its margin.

    Parameters
    ----------
    frame
        Coordinates as the source wrote them; the index is the row, as the user knows it.
    layer
        Gives the datum and the geometry.
    crs
        The district's CRS.
    area
        The district; None for its boundary itself.
    report
        Is told of coordinates that cannot be, or are far away.

    Returns
    -------
    GeoDataFrame or None
        The rows that have a place in the district or its margin, in metres; None where none can be placed.
    """
    shapes = shapely.force_2d(frame.geometry.to_numpy())
    drawn = ~shapely.is_missing(shapes) & ~shapely.is_empty(shapes)  # the others are told by who read them
    frame = frame.set_geometry(shapes).loc[drawn]
    if _told_of_sort(frame, layer, crs, area, report) or _told_of_zone(frame, layer, crs, area, report):
        return None
    frame = frame.loc[_of_one_zone(frame, layer, report)]
    frame = frame.loc[_readable(frame, layer, report)]
    if _told_of_slip(frame, layer, crs, area, report):
        return None
    try:
        there = to_analysis(frame, datum=layer.source.datum, crs=crs)
    except QypGeoError as error:
        report.declared(
            "source.datum", "the coordinates cannot be converted", given=layer.source.datum, remedy=str(error)
        )
        return None
    placed = _finite(there)
    lost = frame.loc[~placed]
    report.rows(
        lost.index, "outside the reach of the district's CRS", given=_written(lost), remedy="Correct or remove the rows"
    )
    there = there.loc[placed]
    return there if area is None or not len(there) else _near(there, frame.loc[placed], layer, crs, area, report)


def keep_near(
    there: gpd.GeoDataFrame, area: Area, report: Report, *, reaches_further: bool = False
) -> gpd.GeoDataFrame:
    """Leave out what lies beyond the district's margin, and tell how much that is.

    Of a source that is known to reach further than any district, as extracts are, it is told where nothing is left; what has
    no possible place is told of any.
    """
    # What has no place in the district's CRS is not near it, and GEOS cannot tell how far it is.
    placed = _finite(there)
    within = placed.copy()
    within[placed] = shapely.dwithin(there.geometry.to_numpy()[placed], area.shape, area.margin_m)
    elsewhere = len(there) > 0 and not within.any() and (report.typed or len(there) >= _MANY)
    told = ~placed if reaches_further and not elsewhere else ~within
    if told.any():
        report.rows(
            there.index[told],
            f"{int(told.sum())} of {len(there)} lie more than {area.margin_m:,.0f} m beyond the boundary, left out",
            remedy="Nothing is left of it: check whether this is the right file" if elsewhere else "",
            severity="warning",
            check="wrong_place" if elsewhere else "",
        )
    return there.loc[within]


def _told_of_sort(frame: gpd.GeoDataFrame, layer: Layer, crs: str, area: Area | None, report: Report) -> bool:
    """Tell of metres where degrees are declared, or the reverse, in most rows."""
    degrees = crs_of_datum(layer.source.datum).is_geographic
    other_sort = _metres(frame) if degrees else _degrees(frame)
    if not len(frame) or other_sort.mean() <= 0.5:
        return False
    corners = shapely.bounds(frame.geometry.to_numpy()[other_sort])[:, :2]
    if degrees:
        what = "is in degrees, the coordinates are metres"
        fitting = " or ".join(_codes_that_fit(corners, crs, area))
        remedy = f"They would lie here as {fitting}: ask which" if fitting else "Declare metres by their EPSG code"
    else:
        what = "is in metres, the coordinates are degrees"
        remedy = "Degrees are wgs84, cgcs2000, gcj02 or bd09: ask who made the file which"
    sample = ", ".join(f"{value:.10g}" for value in corners[0])
    report.declared("source.datum", f"{what} ({sample})", given=layer.source.datum, remedy=remedy)
    return True


def _told_of_zone(frame: gpd.GeoDataFrame, layer: Layer, crs: str, area: Area | None, report: Report) -> bool:
    """Tell of a zone before most eastings where the declared datum has none, or another, and of the reverse."""
    zones = zones_of(frame.geometry.to_numpy())
    declared = zone_of(layer.source.datum)
    if declared is None or not len(zones):
        return False
    values, counts = np.unique(zones, return_counts=True)
    most = int(values[counts.argmax()])
    code = code_in_zone(layer.source.datum, most)
    if most == declared or counts.max() <= len(zones) / 2 or code is None:
        return False
    corners = shapely.bounds(frame.geometry.to_numpy()[zones == most])[:, :2]
    if code not in _codes_that_fit(corners, crs, area):
        return False
    if most == 0:
        what = f"has the zone {declared} before its eastings (8 digits), those of the file have none (6 digits)"
    elif declared == 0:
        what = f"has no zone before its eastings (6 digits), those of the file have the zone {most} (8 digits)"
    else:
        what = f"has the zone {declared} before its eastings, those of the file have the zone {most}"
    remedy = f'Write datum = "{code}"'
    given = "{}, ({:.10g}, {:.10g})".format(layer.source.datum, *corners[0])
    report.declared("source.datum", what, given=given, remedy=remedy, check="zone_prefix")
    return True


def _of_one_zone(frame: gpd.GeoDataFrame, layer: Layer, report: Report) -> Mask:
    """Which rows write their eastings as the declared datum does, with or without its zone; the others, if few, are told."""
    zones = zones_of(frame.geometry.to_numpy())
    declared = zone_of(layer.source.datum)
    other: Mask = (zones != declared) & (zones >= 0)
    if declared is None or other.sum() > len(frame) / 2:
        return np.ones(len(frame), dtype=bool)
    style = f"with the zone {declared} before it" if declared else "without a zone before it"
    for zone in np.unique(zones[other]):
        rows = frame.loc[zones == zone]
        report.rows(
            rows.index,
            f"the easting has the zone {zone} before it" if zone else "the easting has no zone before it",
            column=_columns(layer),
            given=_written(rows),
            remedy=f"Write it as the other rows do, {style}",
            check="zone_prefix",
        )
    return ~other


def _told_of_slip(frame: gpd.GeoDataFrame, layer: Layer, crs: str, area: Area | None, report: Report) -> bool:
    """Tell of coordinates in another unit; of the boundary also whether its axes are swapped, of the others row by row."""
    lengths = () if crs_of_datum(layer.source.datum).is_geographic else LENGTHS
    slips = lengths if area is not None else (SWAPPED, *lengths)
    slip = slip_of(
        frame.geometry.to_numpy(),
        slips,
        datum=layer.source.datum,
        crs=crs,
        near=area.shape if area is not None else None,
    )
    if slip is not None:
        first = _written(frame.iloc[:1])[0]
        report.whole(slip.what, given=f"{layer.source.datum}, {first}", remedy=slip.remedy, check=slip.check)
    return slip is not None


def _readable(frame: gpd.GeoDataFrame, layer: Layer, report: Report) -> Mask:
    """Which rows hold coordinates of the declared sort; the others are told."""
    if not crs_of_datum(layer.source.datum).is_geographic:
        wrong = _degrees(frame)
        report.rows(
            frame.index[wrong],
            "degrees, where metres are declared",
            column=_columns(layer),
            given=_written(frame.loc[wrong]),
            remedy="Write the metres of the declared datum, or remove the row",
        )
        return ~wrong
    x, y = _extremes(frame)
    wrong = (x > 180.0) | (y > 90.0)
    swapped = wrong & (x <= 90.0) & (y <= 180.0)
    _tell_swapped(frame, swapped, layer, report)
    report.rows(
        frame.index[wrong & ~swapped],
        "no longitude and latitude",
        column=_columns(layer),
        given=_written(frame.loc[wrong & ~swapped]),
        remedy="Correct the row: a longitude is at most 180, a latitude at most 90",
    )
    return ~wrong


def _extremes(frame: gpd.GeoDataFrame) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """The largest coordinate of each row, in absolute value, along each axis."""
    bounds = np.abs(shapely.bounds(frame.geometry.to_numpy()))
    return bounds[:, [0, 2]].max(axis=1), bounds[:, [1, 3]].max(axis=1)


def _metres(frame: gpd.GeoDataFrame) -> Mask:
    x, y = _extremes(frame)
    return np.asarray(np.maximum(x, y) > 360.0)


def _degrees(frame: gpd.GeoDataFrame) -> Mask:
    x, y = _extremes(frame)
    return np.asarray((x <= 180.0) & (y <= 180.0))


def _near(
    there: gpd.GeoDataFrame, written: gpd.GeoDataFrame, layer: Layer, crs: str, area: Area, report: Report
) -> gpd.GeoDataFrame:
    """Tell what lies far away and why it may, and keep what is near."""
    away = np.asarray(shapely.distance(there.geometry.to_numpy(), area.shape))
    elsewhere = bool((away > NEAR_M).all())
    # A province's streets or land use reach far beyond a district; a far point or home is somebody's slip.
    slip = (shapely.get_dimensions(there.geometry.to_numpy()) == 0) | (layer.kind == "residents")
    far: Mask = (away > NEAR_M) & (elsewhere | slip)
    swapped = far.copy()
    if far.any():
        flipped = written.loc[far]
        flipped = flipped.set_geometry(shapely.transform(flipped.geometry.to_numpy(), lambda xy: xy[:, ::-1]))
        swapped[far] = _distance_of(flipped, layer, crs, area) <= NEAR_M
        _tell_swapped(written, swapped, layer, report)
    lost = far & ~swapped
    if elsewhere and lost.any():
        fitting = " or ".join(_codes_that_fit(shapely.bounds(written.geometry.to_numpy())[:, :2], crs, area))
        report.whole(
            f"all of it lies far from the district, the nearest {away.min() / 1000:,.0f} km away",
            given=f"datum {layer.source.datum}",
            remedy=f"It would lie here as {fitting}"
            if fitting
            else "Check the datum, and whether this is the right file",
            check="wrong_place",
        )
    else:
        for these in one_by_one([int(position) for position in np.flatnonzero(lost)]):
            or_more = " or more" if len(these) > 1 else ""
            report.rows(
                there.index[these],
                f"{away[these].min() / 1000:,.0f} km{or_more} outside the district",
                column=_columns(layer),
                given=_written(written.iloc[these]),
                remedy="Correct the coordinates, or remove the row",
            )
    return keep_near(there.loc[~far], area, report)


def _tell_swapped(frame: gpd.GeoDataFrame, swapped: Mask, layer: Layer, report: Report) -> None:
    source = layer.source
    if swapped.any() and swapped.mean() > 0.5 and source.lon is not None:
        report.declared(
            "source.lon",
            f"longitude and latitude are swapped in {int(swapped.sum())} of {len(frame)} rows",
            given=f"lon = {source.lon}, lat = {source.lat}",
            remedy=f'Write lon = "{source.lat}" and lat = "{source.lon}"',
            check="swapped_axes",
        )
    else:
        report.rows(
            frame.index[swapped],
            "longitude and latitude are swapped",
            column=_columns(layer),
            given=_written(frame[swapped]),
            remedy="Longitude (east) comes first",
            check="swapped_axes",
        )


def _distance_of(frame: gpd.GeoDataFrame, layer: Layer, crs: str, area: Area) -> npt.NDArray[np.float64]:
    """How far things lie from the district, infinite where their coordinates have no place."""
    away = np.full(len(frame), np.inf)
    if crs_of_datum(layer.source.datum).is_geographic:
        frame = frame.set_geometry(frame.geometry.where(_extremes(frame)[1] <= 90.0))
    try:
        there = to_analysis(frame, datum=layer.source.datum, crs=crs)
    except QypGeoError:
        return away
    placed = _finite(there)
    away[placed] = shapely.distance(there.geometry.to_numpy()[placed], area.shape)
    return away


def _finite(frame: gpd.GeoDataFrame) -> Mask:
    with np.errstate(invalid="ignore"):
        return np.asarray((np.abs(shapely.bounds(frame.geometry.to_numpy())) < _EARTH_M).all(axis=1))


def _codes_that_fit(corners: npt.NDArray[np.float64], crs: str, area: Area | None) -> list[str]:
    """EPSG codes under which metres lie about the district, or where its CRS is used while there is no boundary.

    CGCS2000 in zones of 3 and 6 degrees, with and without the zone before the easting, UTM, and Web Mercator.
    """
    x, y = (float(value) for value in np.median(corners, axis=0))
    use = pyproj.CRS(crs).area_of_use
    if area is not None:
        lon, lat = pyproj.Proj(crs)(area.shape.centroid.x, area.shape.centroid.y, inverse=True)
        west, south, east, north = (
            lon - _ABOUT_DEGREES,
            lat - _ABOUT_DEGREES,
            lon + _ABOUT_DEGREES,
            lat + _ABOUT_DEGREES,
        )
    elif use is not None:
        west, south, east, north = use.bounds
    else:
        return []
    by_three, by_six = round((west + east) / 6.0), int((west + east) / 12.0) + 1
    codes = [
        4509 + by_three,
        4488 + by_three,
        4489 + by_six,
        4478 + by_six,
    ]  # without the zone before the easting, and with
    codes += [code + step for step in (-1, 1) for code in codes]
    codes += [32630 + by_six, 3857]
    fitting = []
    for code in codes:
        lon, lat = pyproj.Proj(code)(x, y, inverse=True)
        if west <= lon <= east and south <= lat <= north:
            fitting.append(f"EPSG:{code}")
    return fitting


def _columns(layer: Layer) -> str:
    return " / ".join(dict.fromkeys(filter(None, [layer.source.lon, layer.source.lat])))


def _written(frame: gpd.GeoDataFrame) -> list[Any]:
    return ["({:.10g}, {:.10g})".format(*shapely.get_coordinates(shape)[0]) for shape in frame.geometry]
