"""Which geodetic datums are one with CGCS2000, and which cannot be reached from the outside."""

from __future__ import annotations

import re
from typing import Final

import pyproj

_MODERN: Final = re.compile(r"WGS.?(19)?84|World.Geodetic.System.1984|CGCS.?2000|China.*2000", re.IGNORECASE)
_CLOSED: Final = re.compile(
    r"Xi.?an.{0,3}(19)?80|西安.{0,3}80|Beijing|北京.{0,3}54|IAG.?(19)?75|Kras+o[vw]sk", re.IGNORECASE
)
NO_PUBLIC_PARAMETERS: Final = (
    "needs transformation parameters that are not public (西安80、北京54 的转换参数未公开); have the data converted to "
    'CGCS2000 by the office that keeps it, or, where that office gave you its parameters, declare datum = "local"'
)


def is_modern(crs: pyproj.CRS) -> bool:
    """Whether a CRS rests on WGS 84 or CGCS2000, which are one to below a metre."""
    return any(_MODERN.search(name) for name in _datum_names(crs))


def is_closed(crs: pyproj.CRS) -> bool:
    """Whether a CRS rests on 西安80 or 北京54, be it by code or by what a file calls it."""
    return any(_CLOSED.search(name) for name in _datum_names(crs))


def _datum_names(crs: pyproj.CRS) -> list[str]:
    parts = (crs.geodetic_crs, crs.datum)
    return [part.name for part in parts if part is not None]
