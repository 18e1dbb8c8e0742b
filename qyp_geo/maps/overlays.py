"""What each overlay of a map shows: which frame, in which role, with which columns."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import geopandas as gpd
import numpy as np
import pandas as pd

from qyp_geo.crs import to_display
from qyp_geo.declarations import Map, Overlay
from qyp_geo.errors import DeclarationError, Problem, did_you_mean
from qyp_geo.frames import LayerData, Result
from qyp_geo.maps.pack import Packer, cannot_be_drawn
from qyp_geo.maps.themes import theme_content

_STRUCTURAL: Final = frozenset(
    {
        "boundary",
        "streets",
        "water",
        "zones",
        "units",
        "landmarks",
        "gates",
        "candidates",
        "residents",
        "estates",
        "barriers",
        "crossings",
        "landuse",
    }
)
_FACTS: Final[Mapping[str, Sequence[str]]] = {
    "facility": ("status", "capacity", "open_year", "area_m2", "bldg_m2"),
    "residents": ("people", "levels", "floor_m2"),
    "units": ("level", "code"),
    "streets": ("street_class", "walkable", "status"),
    "barriers": ("barrier",),
    "crossings": ("crossing",),
    "landuse": ("code", "residential", "construction"),
    "coverage": (
        "people",
        "estimated",
        "spread",
        "estate",
        "off_m",
        "too_far",
        "cut_off",
        "township",
        "community",
        "zones",
        "n_required",
        "n_reached",
        "n_no_data",
        "share_reached",
    ),
    "gaps": (
        "rank",
        "type",
        "action",
        "suspected",
        "people",
        "units",
        "missing",
        "missing_title",
        "requirement",
        "limit_m",
        "median_excess_m",
        "nearest_facility",
        "nearest_name",
        "nearest_walk_m",
        "radius_m",
        "zone",
        "township",
        "community",
        "estate",
        "also_missing",
        "responsible",
        "checked",
    ),
    "links": ("kind", "crosses", "length_m", "people_gained", "units_gained", "requirement", "gap"),
    "zones": ("area_km2", "people", "overlaps", "share_reached"),
}
"""By role: the columns that the page's script knows how to show; those that a frame lacks are left out."""
_LABELLED: Final = frozenset(
    {"facility", "zones", "units", "water", "gaps", "candidates", "landmarks", "estates", "links"}
)
"""Roles whose shapes carry a symbol or a label, which needs a point inside them."""


@dataclass(frozen=True, slots=True)
class Shown:
    """One overlay with what it shows.

    Attributes
    ----------
    overlay
        The declaration.
    role
        What the page does with it: the layer's kind where that is structural, else ``facility``; the analysis's kind;
        ``links`` for those that a gaps analysis suggests; ``theme`` for a part of any result.
    kind
        The layer's or analysis's own kind.
    frame
        Its rows, in the order in which they are packed; geometry in the district CRS.
    """

    overlay: Overlay
    role: str
    kind: str
    frame: gpd.GeoDataFrame


def collect(record: Map, *, layers: Mapping[str, LayerData], results: Mapping[str, Result]) -> list[Shown]:
    """Find what each overlay of a map shows.

    Raises
    ------
    DeclarationError
        With every overlay that cannot be shown, and why.
    """
    shown: list[Shown] = []
    problems: list[Problem] = []
    for n, overlay in enumerate(record.overlay):
        found = _find(overlay, layers, results)
        if isinstance(found, str):
            problems.append(Problem(f"map {record.title}", f"overlay[{n}].of", found, overlay.of))
            continue
        for where, what, given, remedy in _complaints(found, shown):
            problems.append(Problem(f"map {record.title}", f"overlay[{n}].{where}", what, given, remedy))
        shown.append(found)
        shown.extend(_links_of(found, results))
    if problems:
        raise DeclarationError("A map cannot be drawn", problems)
    return shown


def overlay_content(shown: Shown, packer: Packer) -> dict[str, object]:
    """Return an overlay as the page reads it; its coordinates go into `packer`."""
    geometry = to_display(shown.frame[[shown.frame.geometry.name]]).geometry
    columns = shown.overlay.popup or dict.fromkeys(_known_facts(shown), "")
    content: dict[str, object] = {
        "of": shown.overlay.of,
        "label": shown.overlay.label,
        "visible": shown.overlay.visible,
        "role": shown.role,
        "kind": shown.kind,
        "ids": [str(label) for label in shown.frame.index],
        "names": _texts(shown.frame["name"]) if "name" in shown.frame else [""] * len(shown.frame),
        "facts": {name: plain(shown.frame[name]) for name in _known_facts(shown)},
        # The name is the heading of every panel already.
        "fields": [
            {"heading": heading, "values": plain(shown.frame[name])}
            for name, heading in columns.items()
            if heading and name != "name"
        ],
        "shapes": packer.shapes(geometry),
    }
    if shown.overlay.colour_by:
        content["theme"] = theme_content(shown.frame[shown.overlay.colour_by], shares=_shares(shown.overlay))
    if shown.overlay.where:
        content["where"] = shown.overlay.where
    if shown.overlay.choice:
        content["choice"] = shown.overlay.choice
    if shown.role in _LABELLED:
        content["at"] = packer.points(geometry.representative_point())
    return content


def table_content(frame: pd.DataFrame, names: Sequence[str]) -> dict[str, list[object]]:
    """Return the named columns of a table; those that it lacks are left out."""
    return {name: plain(frame[name]) for name in names if name in frame}


def plain(values: pd.Series) -> list[object]:
    """Return a column as JSON takes it: truth values, numbers to six decimals, text; None where there is nothing."""
    if pd.api.types.is_bool_dtype(values.dtype) and not values.hasnans:
        return [bool(value) for value in values]
    if pd.api.types.is_numeric_dtype(values.dtype):
        return [_number(value) for value in values.to_numpy(dtype=np.float64, na_value=np.nan).round(6).tolist()]
    return [_one(value) for value in values]


def _number(value: float) -> float | int | None:
    if not np.isfinite(value):
        return None
    return int(value) if value.is_integer() else value


def _one(value: Any) -> object:
    if isinstance(value, bool | np.bool_):
        return bool(value)
    if isinstance(value, float | np.floating | int | np.integer):
        return _number(round(float(value), 6))
    return None if value is None or (pd.api.types.is_scalar(value) and pd.isna(value)) else str(value)


def _texts(values: pd.Series) -> list[str]:
    return ["" if value is None else str(value) for value in plain(values)]


def _find(overlay: Overlay, layers: Mapping[str, LayerData], results: Mapping[str, Result]) -> Shown | str:
    """Return what an overlay shows, or why it shows nothing."""
    if overlay.of in layers:
        layer = layers[overlay.of]
        kind = layer.record.kind
        return Shown(overlay, kind if kind in _STRUCTURAL else "facility", kind, in_page_order(layer.frame))
    if overlay.of not in results:
        return "names nothing that was read or computed"
    result = results[overlay.of]
    kind = result.record.kind
    if overlay.part:
        part = result.parts.get(overlay.part)
        drawn = [name for name, frame in result.parts.items() if isinstance(frame, gpd.GeoDataFrame)]
        if not isinstance(part, gpd.GeoDataFrame):
            return f"has no part {overlay.part} that a map can show. {did_you_mean(overlay.part, drawn)}"
        return _rows_of(overlay, kind, part)
    frame = result.parts.get("units") if kind == "coverage" else result.table
    if kind not in {"coverage", "gaps", "zones"} or not isinstance(frame, gpd.GeoDataFrame):
        return f"is an analysis of kind {kind}: name the part of it that is to be shown"
    # Gaps keep their rank; everything else may be reordered.
    return Shown(overlay, kind, kind, frame if kind == "gaps" else in_page_order(frame))


def _rows_of(overlay: Overlay, kind: str, part: gpd.GeoDataFrame) -> Shown | str:
    """Return the rows of a part that an overlay shows, or why there are none to show."""
    for name, word in overlay.where.items():
        if name not in part:
            return f"has no column {name} to choose by. {did_you_mean(name, [str(column) for column in part])}"
        part = part[part[name].astype(str) == word]
    return Shown(overlay, "theme", kind, in_page_order(part))


def _links_of(gaps: Shown, results: Mapping[str, Result]) -> Iterator[Shown]:
    """Yield the links that a gaps analysis suggests as an overlay beside its own; the page has a word for its label."""
    links = results[gaps.overlay.of].parts.get("links") if gaps.role == "gaps" else None
    if isinstance(links, gpd.GeoDataFrame) and len(links):
        # A label may not be empty in a declaration, and no declaration asks for this one.
        overlay = gaps.overlay.model_copy(update={"label": "", "popup": {}})
        yield Shown(overlay, "links", "links", links)


def _complaints(found: Shown, before: Sequence[Shown]) -> Iterator[tuple[str, str, str, str]]:
    """Yield (where, what, given, remedy) for what keeps an overlay from being drawn."""
    if found.role == "coverage" and any(other.role == "coverage" for other in before):
        yield "of", "is a second coverage analysis", found.overlay.of, "One map shows one; declare another map for it"
    if undrawn := cannot_be_drawn(found.frame.geometry):
        yield "of", f"has {len(undrawn)} row(s) whose geometry is missing or a collection", ", ".join(undrawn[:5]), ""
    if found.overlay.colour_by:
        if found.role != "theme" or found.overlay.colour_by not in found.frame:
            columns = [str(column) for column in found.frame.columns if column != found.frame.geometry.name]
            remedy = did_you_mean(found.overlay.colour_by, columns) if found.role == "theme" else "Name a part"
            yield "colour_by", f"is no column of a part of {found.overlay.of}", found.overlay.colour_by, remedy
        elif isinstance(why := theme_content(found.frame[found.overlay.colour_by], shares=_shares(found.overlay)), str):
            yield "colour_by", why, found.overlay.colour_by, "Choose another column"
    for name in found.overlay.popup:
        if name not in found.frame or name == found.frame.geometry.name:
            allowed = [str(column) for column in found.frame.columns if column != found.frame.geometry.name]
            yield f"popup.{name}", f"is no column of {found.overlay.of}", "", did_you_mean(name, allowed)


def _shares(overlay: Overlay) -> bool:
    """Whether a theme has the classes in which the page shows coverage."""
    return overlay.colour_by == "share_reached"


def _known_facts(shown: Shown) -> list[str]:
    names = [name for name in _FACTS.get(shown.role, ()) if name in shown.frame]
    if shown.role == "zones":
        names += [str(name) for name in shown.frame.columns if str(name).startswith("n_")]
    return names


def in_page_order(frame: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Sort rows along a Hilbert curve: neighbours are alike, and differences between neighbours pack small."""
    bounds = frame.geometry.bounds.to_numpy()
    if not np.isfinite(bounds).any():
        return frame
    extent = frame.total_bounds + np.array([-0.5, -0.5, 0.5, 0.5])  # so that a row of points has an extent too
    x, y = (np.nan_to_num(bounds[:, [n, n + 2]].mean(axis=1), nan=extent[n]) for n in (0, 1))
    distance = gpd.GeoSeries.from_xy(x, y).hilbert_distance(total_bounds=extent).to_numpy()
    return frame.iloc[np.argsort(distance, kind="stable")]
