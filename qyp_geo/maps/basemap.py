"""Tile services below a map, where its declaration asks for one; by default there is none, and a page makes no request."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from qyp_geo.declarations import Map
from qyp_geo.errors import Problem, QypGeoError

KEY_VARIABLE: Final = "QYP_TIANDITU_KEY"
_KEY: Final = re.compile(r"[0-9A-Za-z]{16,64}")


@dataclass(frozen=True, slots=True)
class Basemap:
    """A tile service.

    Attributes
    ----------
    hosts
        Where its tiles come from; a page that uses it may fetch images there and nowhere else.
    tiles
        Addresses of its layers from the bottom up, with ``{s}``, ``{x}``, ``{y}``, ``{z}`` and, of a service that wants one,
        ``{key}``.
    subdomains
        What stands for ``{s}``.
    zh, en
        Its attribution.
    shifted
        Whether the tiles are in GCJ-02: then the tiles are moved, not the data.
    """

    hosts: tuple[str, ...]
    tiles: tuple[str, ...]
    subdomains: str
    zh: str
    en: str
    shifted: bool


def _tianditu(layer: str) -> str:
    return (
        f"https://t{{s}}.tianditu.gov.cn/{layer}_w/wmts?SERVICE=WMTS&REQUEST=GetTile&VERSION=1.0.0&LAYER={layer}&STYLE=default"
        "&TILEMATRIXSET=w&FORMAT=tiles&TILEMATRIX={z}&TILEROW={y}&TILECOL={x}&tk={key}"
    )


BASEMAPS: Final[Mapping[str, Basemap]] = MappingProxyType(
    {
        "tianditu": Basemap(
            hosts=tuple(f"https://t{n}.tianditu.gov.cn" for n in range(8)),
            tiles=(_tianditu("vec"), _tianditu("cva")),  # the map, and its names
            subdomains="01234567",
            zh="底图 © 国家地理信息公共服务平台 天地图",
            en="Base map © Tianditu, National Platform for Common Geospatial Information Services",
            shifted=False,
        ),
        "amap": Basemap(
            hosts=tuple(f"https://webrd0{n}.is.autonavi.com" for n in range(1, 5)),
            tiles=("https://webrd0{s}.is.autonavi.com/appmaptile?lang=zh_cn&size=1&scale=1&style=8&x={x}&y={y}&z={z}",),
            subdomains="1234",
            zh="底图 © 高德地图",
            en="Base map © AutoNavi (AMap)",
            shifted=True,
        ),
    }
)


def basemap_problems(record: Map, shown_as: str) -> list[Problem]:
    """Return what keeps the base map of a page from being shown: 天地图 without the user's own key."""
    if record.tiles != "tianditu" or _key():
        return []
    given = "its value is no key" if os.environ.get(KEY_VARIABLE) else ""  # never the value itself
    remedy = f'Set {KEY_VARIABLE} in the environment to a key of your own for 天地图, or write tiles = "none"'
    return [Problem(shown_as, "tiles", f"needs a key in the environment variable {KEY_VARIABLE}", given, remedy)]


def basemap_content(record: Map) -> dict[str, object] | None:
    """Return the base map as the page reads it, None where there is none.

    Raises
    ------
    QypGeoError
        If it needs a key and there is none.
    """
    for problem in basemap_problems(record, f"map {record.title}"):
        raise QypGeoError(str(problem))
    found = BASEMAPS.get(record.tiles)
    if found is None:
        return None
    tiles = [address.replace("{key}", _key()) for address in found.tiles]
    credit = {"zh": found.zh, "en": found.en}
    return {"tiles": tiles, "subdomains": found.subdomains, "credit": credit, "shifted": found.shifted}


def image_hosts(record: Map) -> tuple[str, ...]:
    """Return from where a page may fetch images."""
    return BASEMAPS[record.tiles].hosts if record.tiles in BASEMAPS else ()


def _key() -> str:
    given = os.environ.get(KEY_VARIABLE, "").strip()
    return given if _KEY.fullmatch(given) else ""
