"""One published page: a Folium map whose data travels packed, never through a template."""

from __future__ import annotations

from qyp_geo.maps.basemap import basemap_problems
from qyp_geo.maps.build import build_page
from qyp_geo.maps.frame import release
from qyp_geo.maps.groups import published_tables
from qyp_geo.maps.network import PARTS as WAYS_PARTS
from qyp_geo.maps.publication import is_public, refusals, seen_of

__all__ = [
    "WAYS_PARTS",
    "basemap_problems",
    "build_page",
    "is_public",
    "published_tables",
    "refusals",
    "release",
    "seen_of",
]
