"""GCJ-02 and BD-09, the shifted coordinates of Chinese web maps, to and from WGS 84.

Both shifts are published nowhere officially; the formulas are the ones recovered in public (see ``docs/methods.md``). In
青云谱 GCJ-02 lies 603 to 608 m from WGS 84 and BD-09 1,146 m. The inverses are found by fixed-point iteration: the shift
changes by less than 0.2 % of a step, so each round gains at least two digits.

All functions take and return degrees, longitude first, as arrays of one shape.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import numpy as np
import numpy.typing as npt

from qyp_geo.errors import QypGeoError

Degrees = npt.NDArray[np.float64]
Pair = tuple[Degrees, Degrees]

_KRASOVSKY_M: Final = 6378245.0
_KRASOVSKY_E2: Final = 0.00669342162296594323
_CHINA: Final = (72.004, 0.8293, 137.8347, 55.8271)  # GCJ-02 is defined inside this box only
_BD_TURN: Final = np.pi * 3000.0 / 180.0
_CLOSE_ENOUGH: Final = 1e-12  # degrees: a tenth of a micrometre
_MAX_ROUNDS: Final = 50


def wgs84_to_gcj02(lon: Degrees, lat: Degrees) -> Pair:
    """Shift WGS 84 to GCJ-02 (高德, 腾讯); positions outside the box of China stay as they are."""
    x, y = lon - 105.0, lat - 35.0
    root = np.sqrt(np.abs(x))
    ripple = 20.0 * np.sin(6.0 * np.pi * x) + 20.0 * np.sin(2.0 * np.pi * x)
    north = -100.0 + 2.0 * x + 3.0 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * root
    north += 2.0 / 3.0 * (ripple + 20.0 * np.sin(np.pi * y) + 40.0 * np.sin(np.pi * y / 3.0))
    north += 2.0 / 3.0 * (160.0 * np.sin(np.pi * y / 12.0) + 320.0 * np.sin(np.pi * y / 30.0))
    east = 300.0 + x + 2.0 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * root
    east += 2.0 / 3.0 * (ripple + 20.0 * np.sin(np.pi * x) + 40.0 * np.sin(np.pi * x / 3.0))
    east += 2.0 / 3.0 * (150.0 * np.sin(np.pi * x / 12.0) + 300.0 * np.sin(np.pi * x / 30.0))

    phi = np.radians(lat)
    bend = 1.0 - _KRASOVSKY_E2 * np.sin(phi) ** 2
    metres_per_degree_north = np.pi / 180.0 * _KRASOVSKY_M * (1.0 - _KRASOVSKY_E2) / (bend * np.sqrt(bend))
    metres_per_degree_east = np.pi / 180.0 * _KRASOVSKY_M / np.sqrt(bend) * np.cos(phi)
    west_edge, south_edge, east_edge, north_edge = _CHINA
    inside = (lon >= west_edge) & (lon <= east_edge) & (lat >= south_edge) & (lat <= north_edge)
    return (
        np.where(inside, lon + east / metres_per_degree_east, lon),
        np.where(inside, lat + north / metres_per_degree_north, lat),
    )


def gcj02_to_wgs84(lon: Degrees, lat: Degrees) -> Pair:
    """Undo `wgs84_to_gcj02`, exact to 1e-9 degree."""
    return _inverse(wgs84_to_gcj02, lon, lat)


def gcj02_to_bd09(lon: Degrees, lat: Degrees) -> Pair:
    """Shift GCJ-02 to BD-09 (百度)."""
    radius = np.hypot(lon, lat) + 0.00002 * np.sin(lat * _BD_TURN)
    angle = np.arctan2(lat, lon) + 0.000003 * np.cos(lon * _BD_TURN)
    return radius * np.cos(angle) + 0.0065, radius * np.sin(angle) + 0.006


def bd09_to_gcj02(lon: Degrees, lat: Degrees) -> Pair:
    """Undo `gcj02_to_bd09`, exact to 1e-9 degree."""
    return _inverse(gcj02_to_bd09, lon, lat)


def wgs84_to_bd09(lon: Degrees, lat: Degrees) -> Pair:
    """Shift WGS 84 to BD-09 (百度), by way of GCJ-02."""
    return gcj02_to_bd09(*wgs84_to_gcj02(lon, lat))


def bd09_to_wgs84(lon: Degrees, lat: Degrees) -> Pair:
    """Undo `wgs84_to_bd09`, exact to 1e-9 degree."""
    return gcj02_to_wgs84(*bd09_to_gcj02(lon, lat))


def _inverse(shift: Callable[[Degrees, Degrees], Pair], lon: Degrees, lat: Degrees) -> Pair:
    """Find the positions that `shift` moves to (lon, lat)."""
    guess_lon, guess_lat = np.array(lon, dtype=np.float64), np.array(lat, dtype=np.float64)
    for _ in range(_MAX_ROUNDS):
        there_lon, there_lat = shift(guess_lon, guess_lat)
        miss_lon, miss_lat = lon - there_lon, lat - there_lat
        guess_lon, guess_lat = guess_lon + miss_lon, guess_lat + miss_lat
        # Positions that are no number are told row by row by the reader; here they must not stop the others.
        if not (np.maximum(np.abs(miss_lon), np.abs(miss_lat)) > _CLOSE_ENOUGH).any():
            return guess_lon, guess_lat
    raise QypGeoError(
        f"no WGS 84 position found for {int((np.maximum(np.abs(miss_lon), np.abs(miss_lat)) > _CLOSE_ENOUGH).sum())} "
        "of the coordinates: they lie on the edge of the box in which GCJ-02 is defined. Check the declared datum."
    )
