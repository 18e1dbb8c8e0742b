"""From declarations to canonical frames: every layer of a folder, and all that is wrong with them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

import geopandas as gpd
import pandas as pd
import shapely

from qyp_geo.crs import DISPLAY_CRS, MAX_SCALE_ERROR, choose_crs, crs_of_datum, district_crs, scale_error
from qyp_geo.declarations import LOCAL_DATUM, District, Layer, Walk
from qyp_geo.errors import CrsError, Problem
from qyp_geo.frames import LayerData
from qyp_geo.layers.amap import with_columns
from qyp_geo.layers.extracts import Extracts
from qyp_geo.layers.kinds import Structure, known_kinds, structure_of
from qyp_geo.layers.landuse import with_uses
from qyp_geo.layers.naming import OWN_COLUMNS, place_by_name
from qyp_geo.layers.osm import is_osm
from qyp_geo.layers.placing import Area, into_district, keep_near
from qyp_geo.layers.postgis import Database
from qyp_geo.layers.rasters import is_raster, read_raster
from qyp_geo.layers.report import Report
from qyp_geo.layers.residents import with_people
from qyp_geo.layers.rows import canonical, declared_columns
from qyp_geo.layers.shapes import sound_shapes
from qyp_geo.layers.sources import is_there, read_source
from qyp_geo.layers.streets import walked
from qyp_geo.layers.units import check_units
from qyp_geo.local_datum import local_datum
from qyp_geo.standards import nearest_kind

_DISTRICT_FILE: Final = "layers/district.toml"
_STAND_IN_CRS: Final = "EPSG:4548"  # in which the rows are still checked where the district's own CRS cannot be used


def read_layers(
    records: Mapping[str, Layer], *, folder: Path, district: District
) -> tuple[dict[str, LayerData], list[Problem]]:
    """Read every layer of a district folder.

    Parameters
    ----------
    records
        The declarations by reference (``layers/toilets``).
    folder
        The district folder.
    district
        Gives the CRS, the boundary and the margin.

    Returns
    -------
    tuple
        The layers by reference, and every problem of all of them, errors and warnings. A layer with errors is absent. Data
        never raises.
    """
    problems: list[Problem] = []
    try:
        district_crs(district.crs)
        crs = district.crs
    except CrsError as error:
        problems.append(Problem(_DISTRICT_FILE, "crs", "cannot be used", district.crs, str(error)))
        crs = _STAND_IN_CRS
    reader = Reader(folder, crs, district.margin_m)
    found: dict[str, LayerData] = {}
    boundary = records.get(district.boundary)
    if boundary is None or boundary.kind != "boundary":
        problems.append(
            Problem(
                _DISTRICT_FILE,
                "boundary",
                "names no layer of kind boundary that can be read",
                district.boundary,
                "Name a layer of kind boundary, and mend what is told of it",
            )
        )
    whole = {reference: record for reference, record in records.items() if not record.by_tile}
    for reference in in_turn(whole, district.boundary):
        layer, told = reader.read(reference, records[reference], found)
        problems += told
        if layer is not None:
            found[reference] = layer
            if reference == district.boundary and layer.record.kind == "boundary":
                problems += reader.settle(layer.frame)
    if crs != district.crs:
        return {}, problems
    return {reference: found[reference] for reference in records if reference in found}, problems


def in_turn(records: Mapping[str, Layer], boundary: str) -> list[str]:
    """Order layers: the boundary before all that lies in it, and each after those that it is read beside.

    Layers that wait for each other in a circle come in any order; the first of them then lacks the other.
    """
    order: dict[str, None] = {}
    begun: set[str] = set()

    def put(reference: str) -> None:
        if reference in records and reference not in begun:
            begun.add(reference)
            for other in _read_beside(records[reference]):
                put(other)
            order[reference] = None

    for reference in (boundary, *records):
        put(reference)
    return list(order)


def _read_beside(layer: Layer) -> Iterator[str]:
    """Yield the layers that a layer takes something from while it is read."""
    if layer.population is not None and layer.population.totals is not None:
        yield layer.population.totals
    if layer.source.by_name is not None:
        yield from layer.source.by_name.among


class Reader:
    """Reads layers of one folder; an OSM file is parsed once for all of them."""

    def __init__(self, folder: Path, crs: str, margin_m: float) -> None:
        self.folder, self.crs, self.margin_m = folder, crs, margin_m
        self.area: Area | None = None
        self.extracts = Extracts(crs)
        self.database = Database(crs)
        self.digests: dict[str, str] = {}

    def settle(self, boundary: gpd.GeoDataFrame) -> list[Problem]:
        """Take the boundary for the district, and check that the CRS is made for it."""
        shape = shapely.union_all(boundary.geometry.to_numpy())
        shapely.prepare(shape)
        self.area = Area(shape, self.margin_m)
        centre = gpd.GeoSeries([shape.centroid], crs=self.crs).to_crs(DISPLAY_CRS)
        lon, lat = float(centre.x.iloc[0]), float(centre.y.iloc[0])
        error = scale_error(self.crs, lon, lat)
        if error <= MAX_SCALE_ERROR:
            return []
        what = f"is not made for this place: at {lon:.3f}, {lat:.3f} a kilometre is wrong by {error * 1000:,.1f} m"
        return [Problem(_DISTRICT_FILE, "crs", what, self.crs, f'Write crs = "{choose_crs(lon, lat)}"')]

    def read(
        self, reference: str, layer: Layer, before: Mapping[str, LayerData]
    ) -> tuple[LayerData | None, list[Problem]]:
        """Read one layer, beside those that were read before it."""
        report = Report(f"{reference}.toml", layer.source.shown, layer.title)
        frame = self._frame(reference, layer, report, before)
        if frame is not None and frame.empty and layer.kind == "boundary":
            report.whole("holds no polygon that could be the district")
        if frame is None or report.failed:
            return None, report.problems
        frame = frame.set_index(pd.Index(frame["id"], name="id")).drop(columns="id").assign(kind=layer.kind)
        digest = self.digests.get(reference, "")
        return LayerData(layer, frame, tuple(report.problems), tuple(report.notes), digest), report.problems

    def _frame(
        self, reference: str, layer: Layer, report: Report, before: Mapping[str, LayerData]
    ) -> gpd.GeoDataFrame | None:
        path = self.folder / "layers" / layer.source.path
        if not usable(layer, path, report):
            return None
        structure = structure_of(layer.kind)
        allowed = structure.shapes if layer.geometry == "mixed" else structure.shapes & {layer.geometry}
        if not allowed:
            report.declared(
                "geometry",
                f"is not what a layer of kind {layer.kind} holds",
                given=layer.geometry,
                remedy=f"Allowed: {', '.join(sorted(structure.shapes))}, mixed",
            )
            return None
        name = reference.removeprefix("layers/")
        if layer.source.table:
            placed = self._from_table(reference, layer, structure, name, report)
        elif is_raster(path):
            placed = read_raster(path, layer, crs=self.crs, area=self.area, report=report)
        elif is_osm(path):
            placed = self._from_osm(path, layer, structure, report)
        elif layer.source.by_name:
            placed = self._by_name(path, layer, structure, name, before, report)
        else:
            placed = self._from_file(path, layer, structure, name, report)
        if placed is None:
            return None
        frame = sound_shapes(placed, allowed, report)
        note_provenance(layer, report)
        return self.of_kind(frame, layer, report, before)

    def _from_file(
        self, path: Path, layer: Layer, structure: Structure, name: str, report: Report
    ) -> gpd.GeoDataFrame | None:
        if layer.source.format == "amap":
            layer = with_columns(layer)
        raw = read_source(path, layer, report)
        return None if raw is None else self.placed(raw, layer, structure, name, report)

    def _from_table(
        self, reference: str, layer: Layer, structure: Structure, name: str, report: Report
    ) -> gpd.GeoDataFrame | None:
        area = None if layer.kind == "boundary" else self.area
        found = self.database.take(layer, area=area, report=report)
        if found is None:
            return None
        self.digests[reference] = found.digest
        source = layer.source.model_copy(update={"datum": found.datum})
        return self.placed(found.frame, layer.model_copy(update={"source": source}), structure, name, report)

    def placed(
        self, raw: gpd.GeoDataFrame, layer: Layer, structure: Structure, name: str, report: Report
    ) -> gpd.GeoDataFrame | None:
        """Return the rows of a file under our columns, in the district's CRS, as far as they lie near it."""
        rows = canonical(raw, declared_columns(raw, layer, structure, report), structure, name=name, report=report)
        area = None if layer.kind == "boundary" else self.area
        return into_district(rows, layer, crs=self.crs, area=area, report=report)

    def _from_osm(self, path: Path, layer: Layer, structure: Structure, report: Report) -> gpd.GeoDataFrame | None:
        raw = self.extracts.take(path, layer, structure, report)
        if raw is None:
            return None
        theirs = {str(column): str(column) for column in raw.columns if column != "geometry"}
        rows = canonical(raw, theirs, structure, name="", report=report)
        if layer.kind == "boundary" or self.area is None:
            return rows
        return keep_near(rows, self.area, report, reaches_further=True)

    def _by_name(
        self,
        path: Path,
        layer: Layer,
        structure: Structure,
        name: str,
        before: Mapping[str, LayerData],
        report: Report,
    ) -> gpd.GeoDataFrame | None:
        raw = place_by_name(path, layer, before, self.crs, report)
        if raw is None:
            return None
        theirs = declared_columns(raw, layer, structure, report) | OWN_COLUMNS
        rows = canonical(raw, theirs, structure, name=name, report=report)
        return rows if self.area is None else keep_near(rows, self.area, report)

    def of_kind(
        self, frame: gpd.GeoDataFrame, layer: Layer, report: Report, before: Mapping[str, LayerData]
    ) -> gpd.GeoDataFrame:
        """Return the rows with what their kind adds to them."""
        match layer.kind:
            case "streets":
                return walked(frame, layer.walk or Walk(), report)
            case "residents":
                return with_people(frame, layer, area=self.area, units=_totals(layer, before, report), report=report)
            case "landuse":
                return with_uses(frame, layer, report)
            case "units":
                check_units(frame, layer, area=self.area, report=report)
            case "estates" if layer.gates is None:
                report.note("无出入口数据")
        if "area_m2" in frame:
            polygons = shapely.get_dimensions(frame.geometry.to_numpy()) == 2
            frame = frame.assign(area_m2=frame["area_m2"].where(frame["area_m2"].notna() | ~polygons, frame.area))
        return frame


def _totals(layer: Layer, before: Mapping[str, LayerData], report: Report) -> gpd.GeoDataFrame | None:
    """The units whose totals are spread over the places of a layer; None where there are none."""
    ref = layer.population.totals if layer.population is not None else None
    if ref is None:
        return None
    if ref in before and before[ref].record.kind == "units":
        return before[ref].frame
    report.declared("population.totals", "names no layer of kind units that can be read", given=ref)
    return None


def note_provenance(layer: Layer, report: Report) -> None:
    """Note how good a layer is, and what it does not say of itself: one sentence for all layers that share it."""
    said = {"数据时点": layer.provenance.as_of, "完整性": layer.provenance.completeness}
    missing = "、".join(what for what, value in said.items() if value is None)
    if missing:
        report.note(f"{missing}未声明")
    if layer.provenance.accuracy_m is not None:
        report.note(f"位置精度 {layer.provenance.accuracy_m:g} m")


def usable(layer: Layer, path: Path, report: Report) -> bool:
    """Whether a layer's kind, file and datum allow it to be read at all."""
    if layer.kind not in known_kinds():
        report.declared(
            "kind", "is not a known kind of layer", given=layer.kind, remedy=nearest_kind(layer.kind, known_kinds())
        )
        return False
    if layer.provenance.secrecy == "涉密":
        report.declared(
            "provenance.secrecy",
            "a state secret has no place here, and the file is not opened",
            given=layer.provenance.secrecy,
            remedy="Take the file and its declaration out of the folder; have its keeper release what may be used",
        )
        return False
    if not layer.source.table and not is_there(path, layer.source):
        report.declared("source.path", "the file does not exist", given=layer.source.path)
        return False
    try:
        if layer.source.datum:
            crs_of_datum(layer.source.datum)
    except CrsError as error:
        report.declared("source.datum", "cannot be used", given=layer.source.datum, remedy=str(error))
        return False
    if layer.source.datum == LOCAL_DATUM:
        checked = "" if local_datum().checked else ",未经已知点核对"
        report.note(f"坐标由地方独立坐标系按保管单位提供的参数转换(参数不公开{checked})")
    return True
