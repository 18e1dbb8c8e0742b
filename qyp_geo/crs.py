"""THE CRS RULE: coordinates change frame exactly twice, and only here.

`to_analysis` on the way in, `to_display` on the way out. In between everything is in the district's projected CRS, in metres.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pyproj
import shapely
from pyproj.aoi import AreaOfInterest
from pyproj.database import query_utm_crs_info

from qyp_geo.datum import Pair, bd09_to_wgs84, gcj02_to_wgs84
from qyp_geo.declarations import LOCAL_DATUM
from qyp_geo.errors import CrsError
from qyp_geo.geodesy import NO_PUBLIC_PARAMETERS, is_closed
from qyp_geo.local_datum import local_datum

DISPLAY_CRS: Final = "EPSG:4326"
MAX_SCALE_ERROR: Final = 0.001
_UNSHIFT: Final[dict[str, Callable[[npt.NDArray[np.float64], npt.NDArray[np.float64]], Pair]]] = {
    "gcj02": gcj02_to_wgs84,
    "bd09": bd09_to_wgs84,
}
_GEOGRAPHIC: Final = {"wgs84": "EPSG:4326", "gcj02": "EPSG:4326", "bd09": "EPSG:4326", "cgcs2000": "EPSG:4490"}


def crs_of_datum(datum: str) -> pyproj.CRS:
    """Return the CRS in which a source of a declared datum is written.

    Parameters
    ----------
    datum
        ``wgs84``, ``cgcs2000``, ``gcj02``, ``bd09`` (all in degrees), ``local``, or an EPSG code.

    Raises
    ------
    CrsError
        If the code is unknown, or is of 西安80 or 北京54; of ``local``, if its parameters are not given or cannot be used.
    """
    if datum == LOCAL_DATUM:
        return local_datum().written
    try:
        crs = pyproj.CRS.from_user_input(_GEOGRAPHIC.get(datum, datum))
    except pyproj.exceptions.CRSError as error:
        raise CrsError(f"{datum} is not a known coordinate reference system") from error
    if is_closed(crs):
        raise CrsError(f"{datum} ({crs.name}) {NO_PUBLIC_PARAMETERS}")
    return crs


def district_crs(code: str) -> pyproj.CRS:
    """Return the projected CRS, in metres, of a district.

    Raises
    ------
    CrsError
        If the code is unknown, geographic, or not in metres.
    """
    crs = crs_of_datum(code)
    if not crs.is_projected or any(axis.unit_name != "metre" for axis in crs.axis_info):
        raise CrsError(f"{code} ({crs.name}) is not a projected CRS in metres; for 青云谱 it is EPSG:4548")
    return crs


def to_analysis(frame: gpd.GeoDataFrame, *, datum: str, crs: str) -> gpd.GeoDataFrame:
    """Bring a frame, as its source wrote it, into the district's CRS.

    Parameters
    ----------
    frame
        Geometries with coordinates (longitude or east, latitude or north), in the declared datum whatever CRS they carry.
    datum
        The declared datum.
    crs
        The district's CRS.

    Returns
    -------
    GeoDataFrame
        A new frame, same index, in metres. GCJ-02 and BD-09 are undone to 1e-9 degree; CGCS2000 and WGS 84 are taken as one
        frame, which is true to below a metre. A local system goes by its user's parameters.
    """
    geometry = frame.geometry.to_numpy()
    local = local_datum() if datum == LOCAL_DATUM else None
    unshift = local.to_degrees if local is not None else _UNSHIFT.get(datum)
    if unshift is not None:
        geometry = shapely.transform(geometry, lambda xy: np.column_stack(unshift(xy[:, 0], xy[:, 1])))
    reached = "cgcs2000" if local is not None else datum
    written = gpd.GeoSeries(geometry, index=frame.index, crs=crs_of_datum(reached))
    return frame.set_geometry(written.to_crs(district_crs(crs)))


def to_display(frame: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Return the frame in WGS 84 longitude and latitude, for pages."""
    return frame.to_crs(DISPLAY_CRS)


def choose_crs(lon: float, lat: float) -> str:
    """Return the district CRS for a centre: the CGCS2000 3-degree zone in China, the UTM zone elsewhere.

    China is the area of use that the EPSG registry gives for CGCS2000, a box.
    """
    area = pyproj.CRS("EPSG:4490").area_of_use
    if area is not None and area.west <= lon <= area.east and area.south <= lat <= area.north:
        zone = round((lon - 75.0) / 3.0)  # EPSG:4534 is CM 75E, EPSG:4554 is CM 135E
        return f"EPSG:{4534 + min(max(zone, 0), 20)}"
    here = AreaOfInterest(lon, lat, lon, lat)
    return f"EPSG:{query_utm_crs_info(datum_name='WGS 84', area_of_interest=here)[0].code}"


def scale_error(crs: str, lon: float, lat: float) -> float:
    """Return by how much a metre on the map differs from one on the ground, as a fraction, the worst direction.

    A figure above `MAX_SCALE_ERROR` means that the CRS is not made for this place. Where the projection has no answer at all
    the error is infinite.
    """
    factors = pyproj.Proj(district_crs(crs)).get_factors(lon, lat)
    worst = max(abs(factors.meridional_scale - 1.0), abs(factors.parallel_scale - 1.0))
    return float(worst) if np.isfinite(worst) else float("inf")
