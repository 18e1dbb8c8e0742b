"""The colours that papers share with the pages, so that a thing looks the same wherever it is shown.

The pages keep theirs in `maps/page/common/style.js`, which stands there in the language of pages; a test holds both together.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

_OF_FACILITIES: Final[Mapping[str, Sequence[str]]] = {
    "#0b5d6b": (
        "kindergarten",
        "nursery",
        "primary_school",
        "junior_school",
        "high_school",
        "nine_year_school",
        "school",
    ),
    "#8a2c0d": (
        *("health_centre", "health_station", "hospital", "clinic", "pharmacy", "elderly_daycare", "elderly_home"),
    ),
    "#2d6a2f": ("park", "pocket_park", "square", "greenway"),
    "#34571a": (
        *("sports_centre", "gym", "court_large", "court_medium", "court_small", "fitness", "sports_ground"),
        "playground",
    ),
    "#1f4e79": ("public_parking", "resident_parking", "ev_charging", "bus_stop", "metro_station"),
    "#8c1d40": (
        *("neighbourhood_centre", "community_service_centre", "community_station", "subdistrict_office"),
        "police_station",
    ),
    "#5b3a8c": ("public_toilet", "culture_centre", "culture_station", "library", "museum"),
    "#6b4a00": ("convenience_store", "supermarket", "fresh_supermarket", "wet_market", "community_canteen"),
}
FACILITY_COLOURS: Final[Mapping[str, str]] = {
    kind: colour for colour, kinds in _OF_FACILITIES.items() for kind in kinds
}
"""By kind."""

SHARES: Final = (
    ("100%", 1.0, "#08519c"),
    ("75–99%", 0.75, "#5aa2d8"),
    ("50–74%", 0.5, "#b9dbf2"),
    ("25–49%", 0.25, "#fdae61"),
    ("0–24%", 0.0, "#b35806"),
)
"""Classes of the share of requirements within reach: label, least share, colour; blue to brown."""

WORD_COLOURS: Final[Mapping[str, str]] = {
    "达标": "#08519c",
    "未达标": "#b35806",
    "无数据": "#ffffff",
    "不适用": "#cfd6dd",
    "学位充足": "#08519c",
    "学位紧张": "#fdae61",
    "学位不足": "#b35806",
    "无校可上": "#4a2500",
    "新增达标": "#08519c",
    "不再达标": "#b35806",
    "existing": "#7a7a7a",
    "chosen": "#d55e00",
    "candidate": "#9fd8cb",
    "left_out": "#ffffff",
}
"""Words that look the same on every map."""

CLASS_COLOURS: Final = ("#0072b2", "#e69f00", "#009e73", "#cc79a7", "#56b4e9", "#d55e00", "#f0e442", "#7a7a7a")
"""Of other words (Okabe and Ito 2008), told apart with any of the common colour deficiencies."""
