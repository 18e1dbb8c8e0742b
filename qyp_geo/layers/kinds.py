"""The kinds of layers: structural ones here, facilities in the standards."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final

from qyp_geo import standards

POINT, LINE, POLYGON = "point", "line", "polygon"
LEVELS: Final = ("街道", "镇", "集聚区", "社区", "村")
TOWNSHIP_LEVELS: Final = ("街道", "镇", "集聚区")


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
    """

    shapes: frozenset[str]
    named: bool = True
    text: tuple[str, ...] = ()
    numbers: tuple[str, ...] = ()
    required: tuple[str, ...] = ()
    tags: tuple[Mapping[str, tuple[str, ...]], ...] = ()
    osm_columns: Mapping[str, str] = field(default_factory=dict)


FACILITY: Final = Structure(
    frozenset({POINT, POLYGON}),
    text=("status",),
    numbers=("capacity", "open_year", "area_m2", "bldg_m2"),
    osm_columns={"capacity": "capacity", "open_year": "start_date"},
)
STRUCTURES: Final = MappingProxyType(
    {
        "boundary": Structure(frozenset({POLYGON}), named=False),
        "streets": Structure(
            frozenset({LINE}),
            named=False,
            text=("street_class", "access", "foot", "sidewalk", "tunnel", "bridge", "layer", "status", "walkable"),
            numbers=("open_year",),
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
            frozenset({POLYGON}), text=("code", "level", "parent"), numbers=("order",), required=("code", "level")
        ),
        "water": Structure(
            frozenset({LINE, POLYGON}),
            named=False,
            tags=({"natural": ("water",)}, {"waterway": ("riverbank",)}, {"landuse": ("reservoir", "basin")}),
        ),
        "landmarks": Structure(frozenset({POINT, LINE, POLYGON})),
        "gates": Structure(
            frozenset({POINT}),
            named=False,
            text=("of",),
            tags=(
                {"barrier": ("gate", "lift_gate", "swing_gate", "sliding_gate")},
                {"entrance": ("main", "yes", "gate")},
            ),
        ),
        # The status of a plot is a word of its plan, none of the states of a facility.
        "candidates": Structure(frozenset({POINT, POLYGON}), numbers=("area_m2", "bldg_m2")),
    }
)


def known_kinds() -> frozenset[str]:
    """Every kind that a layer may have."""
    return frozenset(STRUCTURES) | frozenset(standards.kinds())


def structure_of(kind: str) -> Structure:
    """What a layer of a known kind looks like."""
    return STRUCTURES.get(kind, FACILITY)
