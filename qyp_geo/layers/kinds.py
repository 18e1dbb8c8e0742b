"""The kinds of layers: structural ones here, facilities in the standards."""

from __future__ import annotations

from collections import ChainMap
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Final

from qyp_geo import standards

POINT, LINE, POLYGON = "point", "line", "polygon"
TOWNSHIP_LEVELS: Final = ("街道", "镇", "集聚区")
COMMUNITY_LEVELS: Final = ("社区", "村")
LEVELS: Final = (*TOWNSHIP_LEVELS, *COMMUNITY_LEVELS)
LEVELS_BESIDE: Final = MappingProxyType({"街道": TOWNSHIP_LEVELS, "社区": COMMUNITY_LEVELS})
"""The two levels, and what stands on each."""
_FOR_WALKERS: Final = ("footway", "path", "pedestrian", "steps")


@dataclass(frozen=True, slots=True)
class Structure:
    """What a layer of a kind looks like.

    Parameters
    ----------
    shapes
        The geometry it may have.
    named
        Whether each thing must have a name.
    text, numbers
        Canonical columns beside `name`: text (empty where unknown) and numbers (NaN where unknown).
    required
        Columns that must be declared.
    tags
        What is taken from OpenStreetMap, any of these; empty where the declaration has to say it.
    osm_columns
        Our column = the tag it is read from.
    word
        The column that says which sort of thing each is, in one of `words`; empty where a kind has no sorts.
    words
        The words allowed there, each with what else a source may call it; what is taken from OpenStreetMap by the n-th of
        `tags` has the word `osm_words[n]`.
    unless
        Keys of OpenStreetMap whose objects are not taken (unless the value is ``no``).
    as_drawn
        Whether open lines are kept as lines; otherwise their middle stands for them.
    """

    shapes: frozenset[str]
    named: bool = True
    text: tuple[str, ...] = ()
    numbers: tuple[str, ...] = ()
    required: tuple[str, ...] = ()
    tags: tuple[Mapping[str, tuple[str, ...]], ...] = ()
    osm_columns: Mapping[str, str] = field(default_factory=dict)
    word: str = ""
    words: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    osm_words: tuple[str, ...] = ()
    unless: tuple[str, ...] = ()
    as_drawn: bool = False


NUMBERS_WHERE_DECLARED: Final = frozenset(
    {
        "households",
        "children_3_5",
        "children_6_11",
        "children_12_14",
        "aged_60",
        "built_year",
        "berths_declared",
        "cost",
    }
)
"""Further columns that are numbers, in the layers that declare them: the others have no such column."""
FACILITY: Final = Structure(
    frozenset({POINT, POLYGON}),
    text=("status", "part_of"),
    numbers=("capacity", "open_year", "area_m2", "bldg_m2", "land_m2"),
    osm_columns={"capacity": "capacity", "open_year": "start_date"},
)
_PARKING: Final = replace(
    FACILITY,
    text=(*FACILITY.text, "parking_type"),
    numbers=(*FACILITY.numbers, "ev_berths"),
    osm_columns={**FACILITY.osm_columns, "parking_type": "parking", "ev_berths": "capacity:charging"},
)
_OF_FACILITIES: Final = MappingProxyType(
    {
        "public_parking": _PARKING,
        "resident_parking": _PARKING,
        "nine_year_school": replace(FACILITY, numbers=(*FACILITY.numbers, "seats_primary", "seats_junior")),
    }
)
"""The kinds of facility that have columns of their own."""
STRUCTURES: Final = MappingProxyType(
    {
        "boundary": Structure(frozenset({POLYGON}), named=False),
        "streets": Structure(
            frozenset({LINE}),
            named=False,
            text=(
                *("street_class", "access", "foot", "sidewalk", "tunnel", "bridge", "layer", "status", "walkable"),
                *("oneway", "two_sided", "road_type"),
            ),
            numbers=("open_year", "width_m"),
            tags=({"highway": ("*",)},),
        ),
        "residents": Structure(
            frozenset({POINT, POLYGON}),
            named=False,
            numbers=("people", "levels", "floor_m2"),
            tags=({"building": ("*",)},),
            osm_columns={"levels": "building:levels", "building": "building"},
        ),
        "zones": Structure(frozenset({POLYGON})),
        "units": Structure(
            frozenset({POLYGON}),
            text=("code", "level", "parent"),
            numbers=("order", "people"),
            required=("code", "level"),
        ),
        "water": Structure(
            frozenset({LINE, POLYGON}),
            named=False,
            tags=({"natural": ("water",)}, {"waterway": ("riverbank",)}, {"landuse": ("reservoir", "basin")}),
        ),
        "landmarks": Structure(frozenset({POINT, LINE, POLYGON})),
        "school_districts": Structure(frozenset({POLYGON}), text=("stage", "school"), required=("stage", "school")),
        "gates": Structure(
            frozenset({POINT}),
            named=False,
            text=("of",),
            tags=(
                {"barrier": ("gate", "lift_gate", "swing_gate", "sliding_gate")},
                {"entrance": ("main", "yes", "gate")},
            ),
        ),
        # Which of them are walled is seen beside their gates only.
        "estates": Structure(frozenset({POLYGON}), tags=({"landuse": ("residential",)},)),
        "barriers": Structure(
            frozenset({LINE, POLYGON}),
            named=False,
            text=("barrier",),
            required=("barrier",),
            tags=(
                {"barrier": ("wall", "city_wall", "retaining_wall")},
                {"barrier": ("fence",)},
                {"railway": ("rail", "light_rail", "narrow_gauge")},
                {"waterway": ("river", "canal", "riverbank")},
                {"natural": ("water",)},
            ),
            word="barrier",
            words={
                "wall": ("围墙", "墙"),
                "water": ("水系", "水域", "河流", "河渠", "湖泊"),
                "railway": ("铁路",),
                "elevated": ("高架", "高架路"),
                "fence": ("围栏", "栅栏", "护栏"),
            },
            osm_words=("wall", "fence", "railway", "water", "water"),
            unless=("tunnel", "bridge", "covered"),
            as_drawn=True,
        ),
        "crossings": Structure(
            frozenset({POINT}),
            named=False,
            text=("crossing",),
            required=("crossing",),
            tags=(
                {"highway": ("crossing",), "crossing": ("traffic_signals",)},
                {"highway": ("traffic_signals",)},
                {"highway": ("crossing",)},
                {"footway": ("crossing",)},
                {"highway": _FOR_WALKERS, "bridge": ("yes", "viaduct", "covered")},
                {"highway": _FOR_WALKERS, "tunnel": ("yes",)},
            ),
            word="crossing",
            words={
                "signals": ("信号灯", "信号灯路口", "灯控路口", "红绿灯"),
                "zebra": ("斑马线", "人行横道"),
                "footbridge": ("天桥", "人行天桥", "过街天桥"),
                "underpass": ("地道", "人行地道", "过街地道", "地下通道"),
            },
            osm_words=("signals", "signals", "zebra", "zebra", "footbridge", "underpass"),
        ),
        "landuse": Structure(frozenset({POLYGON}), named=False, text=("code",), required=("code",)),
        # What lies in it is on no page for residents, whichever layer it is of.
        "mask": Structure(frozenset({POLYGON}), named=False, tags=({"landuse": ("military",)},)),
        # The status of a plot is a word of its plan, none of the states of a facility.
        "candidates": Structure(frozenset({POINT, POLYGON}), numbers=("area_m2", "bldg_m2")),
    }
)


def known_kinds() -> Mapping[str, object]:
    """Every kind that a layer may have, kinds of one's own among them."""
    return ChainMap[str, object]({}, STRUCTURES, standards.kinds())  # type: ignore[arg-type]  # only read


def structure_of(kind: str) -> Structure:
    """What a layer of a known kind looks like."""
    return STRUCTURES.get(kind) or _OF_FACILITIES.get(kind, FACILITY)
