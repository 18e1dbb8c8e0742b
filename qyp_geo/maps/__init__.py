"""One published page: a Folium map whose data travels packed, never through a template."""

from __future__ import annotations

from qyp_geo.maps.build import build_page
from qyp_geo.maps.ways import PARTS as WAYS_PARTS

__all__ = ["WAYS_PARTS", "build_page"]
