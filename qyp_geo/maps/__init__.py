"""One published page: a Folium map whose data travels packed, never through a template."""

from __future__ import annotations

from qyp_geo.maps.build import build_page

__all__ = ["build_page"]
