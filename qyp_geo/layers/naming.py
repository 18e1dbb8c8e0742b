"""Where things lie that are given by the name of a community, an estate or a place only.

A name is looked up among the names, aliases, codes and ids of the layers that the declaration names: it is the same or it is
not. What resembles it is offered, never taken.
"""

from __future__ import annotations

import difflib
import heapq
import json
import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from shapely import Point
from shapely.geometry.base import BaseGeometry

from qyp_geo.declarations import ByName, Layer
from qyp_geo.errors import did_you_mean
from qyp_geo.frames import LayerData
from qyp_geo.layers.limits import check_archive
from qyp_geo.layers.report import Report
from qyp_geo.layers.sources import TABLES

NAMED_PLACE, WITHIN_M = "named_place", "named_within_m"
"""Columns of what was placed by name: what the place is called, and how far from the point it may really be, in metres."""
OWN_COLUMNS: Final = {NAMED_PLACE: NAMED_PLACE, WITHIN_M: WITHIN_M}
_BETWEEN_ALIASES: Final = re.compile(r"[、,;|/]")
_SUFFIXES: Final = re.compile(
    r"(居民委员会|居委会|社区|(村民委员会|村委会)|行政村|村|街道(办事处|办)?|镇|小区|家园|花园|新村)+$"
)
_OFFERED: Final = 3
_ALIKE: Final = 0.5
_COMPARED: Final = 50  # names that share the most signs with one: the others are not like it
_LONGEST: Final = 50  # characters of a name that are compared when something like it is looked for


@dataclass(frozen=True, slots=True)
class _Place:
    """One thing of the layers that names are looked up in; `sort` is the level of a unit, else the title of its layer."""

    label: str
    name: str
    sort: str
    shape: BaseGeometry
    within_m: float
    """How exact its own shape is."""

    def at(self) -> tuple[Point, float]:
        """Return the point that stands for it, and how far from there a thing in it may be, in metres."""
        middle = self.shape.centroid
        if not self.shape.covers(middle):
            middle = self.shape.representative_point()
        farthest = shapely.hausdorff_distance(self.shape, middle)
        return middle, float(farthest) + self.within_m


class _Names:
    """What the places of some layers are called, the most exact layer first."""

    def __init__(self, layers: Sequence[LayerData]) -> None:
        self._by_layer: list[dict[str, dict[str, _Place]]] = []
        self._shown: dict[str, str] = {}
        for layer in layers:
            known: dict[str, dict[str, _Place]] = {}
            for place, words in _places_of(layer):
                for word in words:
                    known.setdefault(plain(word), {})[place.label] = place
                self._shown[plain(place.name)] = place.name
            self._by_layer.append(known)
        self._stems: dict[str, list[str]] = {}
        for word in self._shown:
            self._stems.setdefault(_SUFFIXES.sub("", word), []).append(word)

    def called(self, name: str) -> list[_Place]:
        """The places of this name in the first layer that knows it."""
        key = plain(name)
        return next((list(known[key].values()) for known in self._by_layer if key in known), [])

    def like(self, name: str) -> list[str]:
        """A few names that resemble one: of the same stem first, then those that hold it or lie in it, then others."""
        key = plain(name)[:_LONGEST]
        stem = _SUFFIXES.sub("", key)
        same_stem = self._stems.get(stem, []) if stem else []
        nested = sorted((word for word in self._shown if len(word) > 1 and (word in key or key in word)), key=len)
        signs = set(key)
        near = heapq.nlargest(_COMPARED, self._shown, key=lambda word: len(signs.intersection(word)))
        alike = difflib.get_close_matches(key, near, n=_OFFERED, cutoff=_ALIKE)
        offered = dict.fromkeys([*same_stem, *reversed(nested), *alike])
        return [self._shown[word] for word in offered][:_OFFERED]


def plain(name: str) -> str:
    """Return a name as it is compared: full-width signs as half-width ones, small letters, no spaces."""
    return re.sub(r"\s+", "", unicodedata.normalize("NFKC", name)).casefold()


def place_by_name(
    path: Path, layer: Layer, before: Mapping[str, LayerData], crs: str, report: Report
) -> gpd.GeoDataFrame | None:
    """Read a table whose rows name the places they lie in.

    Parameters
    ----------
    path
        CSV or Excel workbook.
    layer
        Its `source.by_name` says which column names the place, and in which layers it is looked up.
    before
        The layers that were read already, by reference.
    crs
        The district's CRS, which they are in.
    report
        Is told of every row whose place is not known, or known several times, and notes how exact the others are.

    Returns
    -------
    GeoDataFrame or None
        The table's own columns, `named_place` and `named_within_m`; points in the district's CRS, in the middle of the place;
        indexed by row number, without the rows that have no place (each an error). None where nothing can be read.
    """
    by_name = layer.source.by_name
    if by_name is None or not _can_be_read(path, layer, by_name, before, report):
        return None
    if not check_archive(path, report):
        return None
    wanted = dict.fromkeys([by_name.column, *layer.columns.values()])
    table = TABLES[path.suffix.lower()](path, layer.source, wanted=wanted, report=report)
    if table is None or by_name.column not in table:
        if table is not None:
            remedy = did_you_mean(by_name.column, table.columns)
            report.declared("source.by_name.column", "the file has no such column", given=by_name.column, remedy=remedy)
        return None
    names = _Names([before[reference] for reference in by_name.among])
    aliases = _aliases(by_name, names, report)
    places: dict[object, _Place] = {}
    for written, rows in table.groupby(by_name.column, sort=False).groups.items():
        place = _look_up(str(written), list(rows), by_name, names, aliases, report)
        if place is not None:
            places.update(dict.fromkeys(rows, place))
    return _placed(table, places, crs, report)


def _can_be_read(path: Path, layer: Layer, by_name: ByName, before: Mapping[str, LayerData], report: Report) -> bool:
    """Whether the declaration goes together with places by name; what does not is told, all at once."""
    source = layer.source
    for key in ("datum", "lon", "lat", "wkt"):
        if given := getattr(source, key):
            remedy = "Remove it: the place is that of the name. Rows with coordinates go into a layer of their own"
            report.declared(f"source.{key}", "is given beside by_name", given=given, remedy=remedy)
    if layer.geometry not in {"point", "mixed"}:
        remedy = 'Write geometry = "point"'
        report.declared("geometry", "is not what places by name are", given=layer.geometry, remedy=remedy)
    if path.suffix.lower() not in TABLES:
        remedy = f"Supported: {', '.join(TABLES)}"
        report.declared("source.path", "is no table with names of places", given=path.name, remedy=remedy)
    for reference in by_name.among:
        if reference not in before:
            remedy = "Mend that layer first; a layer cannot be looked up in itself"
            report.declared("source.by_name.among", "names a layer that cannot be read", given=reference, remedy=remedy)
    return not report.failed


def _places_of(layer: LayerData) -> Iterator[tuple[_Place, list[str]]]:
    """The places of a layer, each with all that it is called."""
    frame, accuracy_m = layer.frame, layer.record.provenance.accuracy_m or 0.0
    blank = pd.Series("", index=frame.index)
    columns = [frame.get(column, blank).astype(str) for column in ("name", "code", "aliases", "level")]
    within_m = frame.get(WITHIN_M, pd.Series(0.0, index=frame.index))
    for label, name, code, aliases, level, shape, own_m in zip(
        frame.index, *columns, frame.geometry, within_m, strict=True
    ):
        place = _Place(str(label), name or str(label), level or layer.record.title, shape, accuracy_m + float(own_m))
        words = [str(label), name, code, *_BETWEEN_ALIASES.split(unicodedata.normalize("NFKC", aliases))]
        yield place, [word for word in words if word.strip()]


def _aliases(by_name: ByName, names: _Names, report: Report) -> dict[str, str]:
    """The declared aliases as they are compared; one that names nothing, or what has that name itself, is told."""
    for alias, name in by_name.aliases.items():
        key = f"source.by_name.aliases.{alias}"
        if not names.called(name):
            remedy = _offer(names.like(name))
            report.declared(key, "is said to be a place that these layers do not hold", given=name, remedy=remedy)
        elif names.called(alias):
            remedy = "Remove the alias: rows of this name lie in the place that bears it"
            report.declared(key, "is also the name of a place of its own", given=alias, remedy=remedy)
    return {plain(alias): name for alias, name in by_name.aliases.items()}


def _look_up(
    written: str, rows: list[object], by_name: ByName, names: _Names, aliases: Mapping[str, str], report: Report
) -> _Place | None:
    """The place that rows name; that there is none, or more than one, is told."""
    if not plain(written):
        remedy = "Fill the cell, or remove the row"
        report.rows(rows, "names no place", column=by_name.column, remedy=remedy)
        return None
    found = names.called(aliases.get(plain(written), written))
    if len(found) == 1:
        return found[0]
    if found:
        which = ", ".join(f"{place.label} ({place.name}, {place.sort})" for place in found[:_OFFERED])
        remedy = f"Write the id of the one that is meant: {which}"
        report.rows(rows, f"{len(found)} places are called so", column=by_name.column, given=[written], remedy=remedy)
        return None
    report.rows(
        rows,
        f"no place is called so in {', '.join(by_name.among)}",
        column=by_name.column,
        given=[written],
        remedy=_offer(names.like(written), alias=written),
    )
    return None


def _offer(like: Sequence[str], alias: str = "") -> str:
    if not like:
        return "Nothing there is called like it: correct the name, remove the row, or give it coordinates"
    nearest = ", ".join(like)
    if not alias:
        return f"Nearest names: {nearest}"
    quoted = " = ".join(json.dumps(name, ensure_ascii=False) for name in (alias, like[0]))
    return f"Nearest names: {nearest}. If it is the first, write aliases = {{ {quoted} }} in [source.by_name]"


def _placed(table: pd.DataFrame, places: Mapping[object, _Place], crs: str, report: Report) -> gpd.GeoDataFrame:
    """Put the rows into the middle of their places, and note how far from there they may be."""
    at = {place: place.at() for place in dict.fromkeys(places.values())}
    found = table.loc[list(places)].copy()
    points = [at[place][0] for place in places.values()]
    within_m = np.array([at[place][1] for place in places.values()])
    sorts = pd.Series([place.sort for place in places.values()], dtype=object)
    for sort, which in sorts.groupby(sorts, sort=False).indices.items():
        far = within_m[which]
        report.note(
            f"{len(which)} 处只有地名,落在同名{sort}的中部,离实际位置一般不超过 {np.median(far):,.0f} m,"
            f"最远 {far.max():,.0f} m"
        )
    found[NAMED_PLACE] = [place.name for place in places.values()]
    found[WITHIN_M] = within_m.round(0)
    return gpd.GeoDataFrame(found, geometry=points, crs=crs).sort_index()
