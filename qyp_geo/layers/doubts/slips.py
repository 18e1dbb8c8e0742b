"""Coordinates written by a slip that puts a layer elsewhere: axes swapped, feet or kilometres for metres."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import shapely
from shapely.geometry.base import BaseGeometry

from qyp_geo.crs import DISPLAY_CRS, MAX_SCALE_ERROR, scale_error, to_analysis
from qyp_geo.errors import QypGeoError

NEAR_M: Final = 50_000.0
"""Farther from the boundary than a city is wide: a mistake, not a neighbour."""
Vector = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Slip:
    """A way in which coordinates are written wrongly.

    Parameters
    ----------
    check
        The name of the check.
    what, remedy
        What is told.
    matrix
        Undoes it: coordinates as they should be = coordinates as written times this, shape (2, 2).
    """

    check: str
    what: str
    remedy: str
    matrix: Vector


SWAPPED: Final = Slip(
    "swapped_axes",
    "longitude and latitude (or east and north) are swapped",
    "Longitude (east) comes first: surveyors call the north X and the east Y",
    np.array([[0.0, 1.0], [1.0, 0.0]]),
)
LENGTHS: Final = (
    Slip(
        "wrong_unit",
        "the coordinates are feet, where metres are declared",
        "Multiply them by 0.3048, or have the file exported in metres",
        np.eye(2) * 0.3048,
    ),
    Slip(
        "wrong_unit",
        "the coordinates are kilometres, where metres are declared",
        "Multiply them by 1000, or have the file exported in metres",
        np.eye(2) * 1000.0,
    ),
)


def slip_of(
    shapes: npt.NDArray[np.object_], slips: tuple[Slip, ...], *, datum: str, crs: str, near: BaseGeometry | None
) -> Slip | None:
    """Return the slip that explains why a layer lies elsewhere, if one does.

    Parameters
    ----------
    shapes
        As the source wrote them.
    slips
        Those that may be.
    datum
        The declared datum.
    crs
        The district's CRS.
    near
        The district; None for its boundary, which lies where the CRS is made for.
    """
    if not len(shapes):
        return None
    written = np.median(shapely.bounds(shapes)[:, :2], axis=0)
    if _lies_here(written, datum, crs, near):
        return None
    return next((slip for slip in slips if _lies_here(written @ slip.matrix, datum, crs, near)), None)


def _lies_here(place: Vector, datum: str, crs: str, near: BaseGeometry | None) -> bool:
    written = gpd.GeoDataFrame(geometry=[shapely.Point(place)])
    try:
        there = to_analysis(written, datum=datum, crs=crs)
    except QypGeoError:
        return False
    point = there.geometry.iloc[0]
    if not np.isfinite(shapely.get_coordinates(point)).all():
        return False
    if near is not None:
        return bool(shapely.distance(point, near) <= NEAR_M)
    lon, lat = shapely.get_coordinates(there.to_crs(DISPLAY_CRS).geometry.to_numpy())[0].tolist()
    return bool(abs(lat) <= 90.0 and scale_error(crs, lon, lat) <= MAX_SCALE_ERROR)
