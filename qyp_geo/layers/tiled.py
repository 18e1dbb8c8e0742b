"""Layers that are too large to be read whole: GeoParquet, read piece by piece by the same rules as any other layer."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

from qyp_geo import standards
from qyp_geo.build import sha256
from qyp_geo.declarations import District, Layer
from qyp_geo.errors import DataError, Problem, QypGeoError
from qyp_geo.frames import LayerData, TiledLayer, Told
from qyp_geo.layers.kinds import POINT, structure_of
from qyp_geo.layers.reading import Reader, note_provenance, usable
from qyp_geo.layers.report import Report
from qyp_geo.layers.shapes import sound_shapes
from qyp_geo.layers.vectors import read_piece
from qyp_geo.tiles import read_batches

_SUFFIXES: Final = (".parquet", ".geoparquet")


def open_tiled(
    records: Mapping[str, Layer], read: Mapping[str, LayerData], *, folder: Path, district: District
) -> tuple[dict[str, TiledLayer], list[Problem]]:
    """Open the layers of a folder that are declared ``by_tile``.

    Of each file its schema and its first rows are read: its reference system, its columns, its sort of geometry, and whether it
    lies in the district. The other rows are looked at when they are read.

    Parameters
    ----------
    records
        The declarations of all layers, by reference.
    read
        The layers that are read whole; without the district's boundary among them nothing is opened.
    folder
        The district folder.
    district
        Gives the CRS, the boundary and the margin.

    Returns
    -------
    tuple
        The layers by reference, and what is wrong with them.
    """
    by_tile = {reference: record for reference, record in records.items() if record.by_tile}
    if district.boundary not in read:
        return {}, []  # that is told by who reads it
    boundary = read[district.boundary].frame
    reader = Reader(folder, district.crs, district.margin_m)
    reader.settle(boundary)
    found, problems = {}, []
    for reference, record in by_tile.items():
        pieces = _Pieces(reader, reference, record)
        told = pieces.check()
        problems += told
        if not told:
            found[reference] = TiledLayer(record, _Fingerprint(pieces, district, boundary), pieces.read)
    return found, problems


@dataclass(frozen=True, slots=True)
class _Fingerprint:
    pieces: _Pieces
    district: District
    boundary: gpd.GeoDataFrame

    def __call__(self) -> str:
        shapes = hashlib.sha256(b"".join(shapely.to_wkb(self.boundary.geometry.to_numpy()))).hexdigest()
        layer = self.pieces.layer.model_dump(mode="json")
        told = [
            self.pieces.reference,
            layer,
            sha256(self.pieces.path),
            shapes,
            self.district.crs,
            self.district.margin_m,
        ]
        return json.dumps(told, ensure_ascii=False)


@dataclass(frozen=True, slots=True)
class _Pieces:
    """The rows of one layer."""

    reader: Reader
    reference: str
    layer: Layer

    @property
    def path(self) -> Path:
        return self.reader.folder / "layers" / self.layer.source.path

    def check(self) -> list[Problem]:
        """Return what is wrong with the declaration, the schema or the first rows."""
        report = self._report()
        _check_declared(self.layer, report)
        if not usable(self.layer, self.path, report) or report.failed:
            return report.problems
        try:
            raw = next(read_batches(self.path))
        except QypGeoError as error:
            report.whole("cannot be read by tile", remedy=str(error))
        else:
            self._canonical(raw, report)
        return [problem for problem in report.problems if problem.severity == "error"]

    def read(self, told: Told) -> Iterator[gpd.GeoDataFrame]:
        """Yield the rows; what is wrong with any of them is told, or raised, in the end."""
        reports = []
        ids = []
        for raw in read_batches(self.path, columns=self.layer.columns.values()):
            reports.append(self._report())
            frame = self._canonical(raw, reports[-1])
            if frame is None:
                continue
            ids.append(pd.Series(pd.util.hash_array(frame["id"].to_numpy(dtype=object)), index=frame.index))
            if not reports[-1].failed:
                yield frame.set_index(pd.Index(frame["id"], name="id")).drop(columns="id").assign(kind=self.layer.kind)
        reports.append(self._report())
        reports[-1].rows(_repeated(ids), "an id that another row has too", remedy="Give each row an id of its own")
        problems = _merged(reports)
        if any(problem.severity == "error" for problem in problems):
            raise DataError(f"The rows of {self.reference} cannot be used", problems)
        told.problems += problems
        # What is said of each piece alike holds for the whole; figures of one piece do not.
        told.notes += [note for note in reports[0].notes if all(note in one.notes for one in reports[:-1])]

    def _report(self) -> Report:
        data = self.layer.source.shown
        return Report(f"{self.reference}.toml", data, self.layer.title, row_word="feature")

    def _canonical(self, raw: gpd.GeoDataFrame, report: Report) -> gpd.GeoDataFrame | None:
        """Return rows as `Reader` makes them of a whole file, still with their ids as a column."""
        written = read_piece(raw, self.layer.source, report=report)
        if written is None:
            return None
        structure = structure_of(self.layer.kind)
        name = self.reference.removeprefix("layers/")
        placed = self.reader.placed(written, self.layer, structure, name, report)
        if placed is None:
            return None
        frame = sound_shapes(placed, structure.shapes & {self.layer.geometry}, report)
        note_provenance(self.layer, report)
        return self.reader.of_kind(frame, self.layer, report, {})


def _check_declared(layer: Layer, report: Report) -> None:
    """Tell of what only a layer that is read whole can have."""
    facility = layer.kind in standards.kinds()
    if layer.kind not in {"streets", "residents"} and not facility:
        report.declared(
            "by_tile",
            f"a layer of kind {layer.kind} is always read whole",
            remedy="Only streets, residents and facilities are read by tile: remove by_tile",
        )
    elif facility and layer.geometry != POINT:
        report.declared(
            "geometry",
            "facilities that are read by tile are points",
            given=layer.geometry,
            remedy="Give a point for each of their gates, or remove by_tile",
        )
    elif layer.geometry not in structure_of(layer.kind).shapes:
        allowed = ", ".join(sorted(structure_of(layer.kind).shapes))
        report.declared(
            "geometry", "is not what a layer read by tile holds", given=layer.geometry, remedy=f"Allowed: {allowed}"
        )
    if layer.population is not None and layer.population.totals is not None:
        report.declared(
            "population.totals", "cannot be spread over a layer that is read by tile", remedy="Spread them before"
        )
    if Path(layer.source.path).suffix.lower() not in _SUFFIXES:
        report.declared(
            "source.path",
            "only GeoParquet is read by tile",
            given=layer.source.path,
            remedy="Open the file in QGIS and export it as GeoParquet",
        )


def _repeated(ids: list[pd.Series[int]]) -> npt.NDArray[np.int64]:
    """The rows whose id another row has too."""
    every = pd.concat(ids) if ids else pd.Series(dtype=np.uint64)
    return np.sort(every.index[every.duplicated(keep=False)].to_numpy(dtype=np.int64))


def _merged(reports: list[Report]) -> list[Problem]:
    """The problems of all pieces; what several pieces have alike, but for its figures, is told once."""
    first: dict[tuple[str, str, str], Problem] = {}
    times: dict[tuple[str, str, str], int] = {}
    for problem in (problem for report in reports for problem in report.problems):
        key = (problem.file, re.sub(r"[\d,.]+", "", problem.what), problem.severity)
        first.setdefault(key, problem)
        times[key] = times.get(key, 0) + 1
    return [
        one
        if times[key] == 1
        else replace(one, what=f"{one.what} (and alike in {times[key] - 1} more pieces of the file)")
        for key, one in first.items()
    ]
