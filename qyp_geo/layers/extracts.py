"""What the layers of a folder take from its OpenStreetMap files."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Final

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

from qyp_geo.declarations import Layer
from qyp_geo.errors import QypGeoError
from qyp_geo.frames import GATE_REACH_M
from qyp_geo.layers.kinds import STRUCTURES, Structure
from qyp_geo.layers.osm import Extract, Tags, having, read_extract, street_tags, tagged
from qyp_geo.layers.report import Report
from qyp_geo.layers.residents import is_dwelling

_CLOSED: Final = frozenset({"private", "no", "permit", "residents", "customers"})


class Extracts:
    """The OSM files of one folder, each parsed once for all its layers.

    Parameters
    ----------
    crs
        The district's CRS.
    """

    def __init__(self, crs: str) -> None:
        self._crs = crs
        self._read: dict[Path, Extract | None] = {}

    def take(self, path: Path, layer: Layer, structure: Structure, report: Report) -> gpd.GeoDataFrame | None:
        """Take a layer's objects out of a file.

        Returns
        -------
        GeoDataFrame or None
            Our columns as text, geometry in the district's CRS, indexed by OSM id; None where the layer cannot be read.
        """
        # Many layers share one extract: what is told names the layer instead.
        report.row_word, report.typed, report.data = "object", False, report.declaration
        if layer.source.datum not in {"wgs84", "EPSG:4326"}:
            report.declared(
                "source.datum", "is not that of OpenStreetMap", given=layer.source.datum, remedy='Write datum = "wgs84"'
            )
            return None
        wanted = _wanted(layer, structure, report)
        extract = self._extract(path, report)
        if wanted is None or extract is None:
            return None
        if layer.kind == "streets":
            chosen = extract.streets()
            chosen = chosen if isinstance(wanted, str) else tagged(chosen, wanted)
            missing = shapely.is_missing(chosen.geometry.to_numpy())
            lost, chosen = [str(label) for label in chosen.index[missing]], chosen.loc[~missing]
            table = [street_tags(tags) for tags in chosen["tags"]]
        else:
            chosen, lost = extract.things(wanted, as_drawn=structure.as_drawn)
            columns = {"name": "name", **structure.osm_columns}
            table = [{ours: tags.get(key, "") for ours, key in columns.items()} for tags in chosen["tags"]]
            if not structure.as_drawn:
                at_middle = chosen.index[chosen["form"] == "line"]
                report.rows(at_middle, "drawn as a line, taken at the middle", severity="warning")
        cut = chosen.index[chosen["form"] == "cut"]
        report.rows(cut, "not whole in the extract, kept as far as they are in it", severity="warning")
        report.rows(lost, "not whole in the extract, left out", severity="warning")
        if layer.kind == "estates" and not layer.source.tags:
            walled = are_walled(chosen, extract)
            if not walled.all():
                report.note(f"{int((~walled).sum())} 处居住用地未标围墙、门禁或边界上的出入口,不作封闭小区")
            chosen, table = chosen[walled], [row for row, kept in zip(table, walled, strict=True) if kept]
        if not len(chosen):
            report.whole("holds nothing of this kind", given=layer.kind, severity="warning")
        for row, tags in zip(table, chosen["tags"], strict=True):
            if structure.osm_words:
                row[structure.word] = word_of(structure, tags)
            row.update({ours: tags.get(key, "") for ours, key in layer.columns.items()})
        if layer.kind == "residents":
            _tell_buildings(chosen["tags"].map(lambda tags: tags.get("building", "?")), report)
        return gpd.GeoDataFrame(pd.DataFrame(table, index=chosen.index), geometry=chosen.geometry)

    def _extract(self, path: Path, report: Report) -> Extract | None:
        if path not in self._read:
            try:
                self._read[path] = read_extract(path, crs=self._crs)
            except QypGeoError as error:
                # The layers after this one that read the same file are absent for the same reason, told once.
                self._read[path] = None
                report.whole(str(error), remedy="Download the extract again")
        return self._read[path]


def usual(kind: str) -> Callable[[Tags], bool]:
    """A test for what a structural kind is in OpenStreetMap."""
    if kind == "residents":
        return is_dwelling
    structure = STRUCTURES[kind]
    tests = _tests(structure)

    def wanted(tags: Tags) -> bool:
        return any(test(tags) for test in tests) and all(tags.get(key, "no") == "no" for key in structure.unless)

    return wanted


def word_of(structure: Structure, tags: Tags) -> str:
    """Which sort of its kind an object is; empty where it is none of them."""
    found = (word for test, word in zip(_tests(structure), structure.osm_words, strict=True) if test(tags))
    return next(found, "")


def _tests(structure: Structure) -> list[Callable[[Tags], bool]]:
    return [having({key: list(values) for key, values in tags.items()}) for tags in structure.tags]


def are_walled(areas: gpd.GeoDataFrame, extract: Extract) -> npt.NDArray[np.bool_]:
    """Which areas of an extract are closed to the public: tagged with a wall or as private, or with a gate on their edge."""
    tagged_so = [tags.get("barrier", "no") != "no" or tags.get("access") in _CLOSED for tags in areas["tags"]]
    gates = extract.things(usual("gates"))[0].geometry.to_numpy()
    edges = shapely.boundary(areas.geometry.to_numpy())
    with_gate = np.unique(shapely.STRtree(gates).query(edges, predicate="dwithin", distance=GATE_REACH_M)[0])
    walled: npt.NDArray[np.bool_] = np.array(tagged_so, dtype=bool) | np.isin(np.arange(len(areas)), with_gate)
    return walled


def _wanted(layer: Layer, structure: Structure, report: Report) -> Callable[[Tags], bool] | str | None:
    """What a layer takes: what it declares, else what its kind is in OpenStreetMap."""
    if layer.source.tags:
        return having(layer.source.tags)
    if layer.kind not in STRUCTURES or layer.kind == "streets":
        return layer.kind
    if structure.tags:
        return usual(layer.kind)
    report.declared(
        "source.tags",
        f"is missing: OpenStreetMap has no tag for a layer of kind {layer.kind}",
        remedy='Say which objects, such as tags = { boundary = ["administrative"], name = ["…"] }',
    )
    return None


def _tell_buildings(values: pd.Series[str], report: Report) -> None:
    counted = "、".join(f"{value} {count}" for value, count in Counter(values).most_common())
    report.note(f"取作住宅的 OSM 建筑(building 值):{counted};yes 只取没有其他用途标签的")
