"""A city's own coordinate system (such as 南昌独立坐标系), by parameters that the user keeps outside the district folder.

The file that ``QYP_LOCAL_DATUM`` names is read each time it is needed. Nothing of it is kept, hashed or shown: neither its
path nor a figure of it stands in a message, which is why errors of the libraries below are not passed on.
"""

from __future__ import annotations

import math
import tomllib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Final, Literal

import numpy as np
import numpy.typing as npt
import pyproj
from pydantic import Field, ValidationError
from pyproj.crs import BoundCRS
from pyproj.crs.coordinate_operation import ToWGS84Transformation

from qyp_geo.datum import Pair
from qyp_geo.declarations import Crs, Record
from qyp_geo.errors import CrsError, MissingError
from qyp_geo.geodesy import is_modern
from qyp_geo.secrets import secret

Metres = npt.NDArray[np.float64]
_MOST_BYTES: Final = 100_000
_MODERN_AXIS_M: Final = 6378137.0  # of the ellipsoids of CGCS2000, WGS 84 and GRS 1980
_KNOWN_WITHIN_M: Final = 0.1
_HOW: Final = (
    "a PROJ string, a WKT, or a TOML table [plane] (four parameters) or [space] (seven parameters); "
    "see docs/methods.md for the keys"
)
_SET_IT: Final = (
    "set QYP_LOCAL_DATUM to the path of a file that holds the parameters (地方独立坐标系的参数由主管部门提供,不公开), "
    "or have the data converted to CGCS2000 by the office that keeps it"
)


@dataclass(frozen=True, slots=True, repr=False)
class LocalDatum:
    """How coordinates of a local system become longitude and latitude.

    Attributes
    ----------
    written
        A CRS of the sort in which sources are written: metres or degrees.
    to_degrees
        Takes east and north as written, returns longitude and latitude in CGCS2000.
    checked
        Whether known points confirm the parameters, or none are needed.
    """

    written: pyproj.CRS
    to_degrees: Callable[[Metres, Metres], Pair]
    checked: bool


class Plane(Record):
    """Four parameters in the plane, into a projected CRS.

    E' = east_m + (1 + scale_ppm / 1e6) (E cos r − N sin r), N' = north_m + (1 + scale_ppm / 1e6) (E sin r + N cos r), where r
    is rotation_arcsec, counter-clockwise. (Where X is north and Y is east, as surveyors write, their angle is −r.)
    """

    to: Crs
    east_m: float
    north_m: float
    rotation_arcsec: float
    scale_ppm: float
    known: list[Annotated[list[float], Field(min_length=4, max_length=4)]] = Field(default_factory=list)
    """Points known in both systems, each as E, N, E', N'; the parameters must carry them over to a decimetre."""


class Space(Record):
    """Seven parameters in space, from the datum of a CRS into CGCS2000."""

    written: str
    """The CRS of the coordinates, without the seven parameters: an EPSG code, a PROJ string or a WKT."""
    x_m: float
    y_m: float
    z_m: float
    rx_arcsec: float
    ry_arcsec: float
    rz_arcsec: float
    scale_ppm: float
    rotates: Literal["position_vector", "coordinate_frame"]
    """Which of the two the angles turn; the other has the opposite signs."""


class Parameters(Record):
    """What a TOML file of parameters holds: one of these tables."""

    plane: Plane | None = None
    space: Space | None = None


def local_datum() -> LocalDatum:
    """Read the parameters of the local system.

    Raises
    ------
    CrsError
        If the environment names no file, or the file cannot be used; the message holds nothing of it.
    """
    text = _text().strip()
    if text.startswith("+") or text.partition("[")[0].strip().isupper():
        return _of_crs(_crs(text))
    try:
        content = tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        raise CrsError(f"the file that QYP_LOCAL_DATUM names holds no parameters: write {_HOW}") from None
    try:
        parameters = Parameters.model_validate(content)
    except ValidationError as error:
        wrong = ", ".join(sorted({".".join(str(part) for part in detail["loc"]) for detail in error.errors()}))
        raise CrsError(
            f"the file that QYP_LOCAL_DATUM names lacks keys, or has some that are unknown or of the wrong sort: {wrong}; "
            f"write {_HOW}"
        ) from None
    match parameters.plane, parameters.space:
        case Plane() as plane, None:
            return _of_plane(plane)
        case None, Space() as space:
            return _of_space(space)
        case _:
            raise CrsError(f"the file that QYP_LOCAL_DATUM names must hold one table of parameters: write {_HOW}")


def lies_in(folder: Path) -> bool:
    """Whether the file of parameters lies in a folder, from which its contents would be hashed and published."""
    try:
        path = _path()
    except CrsError:
        return False
    return path.resolve().is_relative_to(folder.resolve())


def _path() -> Path:
    try:
        return Path(secret("QYP_LOCAL_DATUM", needed_for="the parameters of the local system"))
    except MissingError:
        raise CrsError(f"the parameters of the local system are not given: {_SET_IT}") from None


def _text() -> str:
    path = _path()
    try:
        with path.open("rb") as file:
            content = file.read(_MOST_BYTES + 1)
    except (OSError, ValueError):
        raise CrsError(f"the file that QYP_LOCAL_DATUM names cannot be read: {_SET_IT}") from None
    if len(content) > _MOST_BYTES:
        raise CrsError("the file that QYP_LOCAL_DATUM names is too large to hold parameters")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise CrsError("the file that QYP_LOCAL_DATUM names is not UTF-8 text") from None


def _crs(text: str) -> pyproj.CRS:
    try:
        crs = pyproj.CRS.from_user_input(text)
    except pyproj.exceptions.CRSError:
        raise CrsError(f"the file that QYP_LOCAL_DATUM names holds no CRS that PROJ knows: write {_HOW}") from None
    if not (crs.is_projected or crs.is_geographic):
        raise CrsError("the file that QYP_LOCAL_DATUM names holds a CRS that is neither projected nor geographic")
    return crs


def _of_crs(crs: pyproj.CRS) -> LocalDatum:
    # PROJ follows what binds a CRS only on the way to the one that it is bound to.
    there = crs.target_crs if crs.is_bound else crs.geodetic_crs
    source = crs.source_crs if crs.is_bound else crs
    if there is None or source is None or not (is_modern(there) or (not crs.is_bound and _is_modern_ellipsoid(crs))):
        raise CrsError(
            "the file that QYP_LOCAL_DATUM names does not say how its datum is carried over to CGCS2000: "
            "add +towgs84, or write [space] with seven parameters"
        )
    transformer = pyproj.Transformer.from_crs(crs, there, always_xy=True)

    def to_degrees(east: Metres, north: Metres) -> Pair:
        lon, lat = transformer.transform(east, north)
        return np.asarray(lon), np.asarray(lat)

    return LocalDatum(source, to_degrees, checked=True)


def _is_modern_ellipsoid(crs: pyproj.CRS) -> bool:
    return crs.ellipsoid is not None and crs.ellipsoid.semi_major_metre == _MODERN_AXIS_M


def _of_plane(plane: Plane) -> LocalDatum:
    target = _crs(plane.to)
    if not target.is_projected or not is_modern(target):
        raise CrsError("plane.to of the file that QYP_LOCAL_DATUM names is not a projected CRS of CGCS2000")
    there = _of_crs(target)
    angle, scale = math.radians(plane.rotation_arcsec / 3600.0), 1.0 + plane.scale_ppm * 1e-6

    def carried(east: Metres, north: Metres) -> Pair:
        return (
            plane.east_m + scale * (east * math.cos(angle) - north * math.sin(angle)),
            plane.north_m + scale * (east * math.sin(angle) + north * math.cos(angle)),
        )

    if plane.known:
        east, north, to_east, to_north = np.array(plane.known).T
        found_east, found_north = carried(east, north)
        missed_m = float(np.hypot(found_east - to_east, found_north - to_north).max())
        if not missed_m <= _KNOWN_WITHIN_M:
            raise CrsError(
                f"the parameters that QYP_LOCAL_DATUM names miss one of their known points by {missed_m:,.1f} m: "
                "check the sign of the rotation, and that east comes before north"
            )
    return LocalDatum(target, lambda east, north: there.to_degrees(*carried(east, north)), checked=bool(plane.known))


def _of_space(space: Space) -> LocalDatum:
    source = _crs(space.written)
    if source.is_bound:
        raise CrsError("space.written of the file that QYP_LOCAL_DATUM names carries parameters of its own")
    sign = 1.0 if space.rotates == "position_vector" else -1.0
    shift = ToWGS84Transformation(
        source.geodetic_crs,
        space.x_m,
        space.y_m,
        space.z_m,
        sign * space.rx_arcsec,
        sign * space.ry_arcsec,
        sign * space.rz_arcsec,
        space.scale_ppm,
    )
    # CGCS2000 and WGS 84 are taken as one, here as everywhere.
    return _of_crs(pyproj.CRS(BoundCRS(source_crs=source, target_crs="EPSG:4326", transformation=shift)))
