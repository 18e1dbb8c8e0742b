"""People counted by cells of a raster (GHS-POP, WorldPop): each cell near the district is one place of a residents layer.

A raster may cover the world: only the window about the district is ever read. A cell that the boundary cuts is two places, one
on each side, and its people are shared by area.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pyproj
import shapely

from qyp_geo.crs import crs_of_datum, to_analysis
from qyp_geo.declarations import RASTERS, Layer
from qyp_geo.errors import CrsError
from qyp_geo.geodesy import is_modern
from qyp_geo.layers.kinds import POINT, structure_of
from qyp_geo.layers.looking import Box, search_box
from qyp_geo.layers.placing import Area
from qyp_geo.layers.report import Report
from qyp_geo.layers.rows import canonical

_METHODS: Final = {
    "ghs": "GHS-POP 把普查人口按卫星影像测得的建筑体量分到各格",
    "worldpop": "WorldPop 把普查人口按随机森林模型的权重分到各格",
}
"""How a product comes to its figures, by a word in `population.source`."""
_MOST_CELLS: Final = 4_000_000  # 40,000 km² in cells of 100 m
_MOST_BLOCK_BYTES: Final = 512 << 20  # what a file may ask to be unpacked for any one cell
_COARSEST_M: Final = 1_500.0  # 30″, the coarsest that GHS-POP and WorldPop come in, are some 900 m
_WHOLLY: Final = 0.999
_SLIVER: Final = 1e-9  # of a cell: no place to stand on
Numbers = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class _Window:
    """The cells about the district.

    Attributes
    ----------
    values
        People by row and column; NaN where the raster says that it has no data.
    transform
        From column and row of the whole raster to its coordinates: x = a·column + b·row + c, y = d·column + e·row + f.
    first
        Row and column of the whole raster that `values` begins with.
    """

    values: Numbers
    transform: tuple[float, float, float, float, float, float]
    first: tuple[int, int]

    def corners(self, rows: npt.NDArray[np.intp], columns: npt.NDArray[np.intp]) -> Numbers:
        """Return the rings of cells, by row and column of the window, in the raster's coordinates; shape (n, 5, 2)."""
        down = rows[:, None] + self.first[0] + np.array([0, 0, 1, 1, 0])
        right = columns[:, None] + self.first[1] + np.array([0, 1, 1, 0, 0])
        a, b, c, d, e, f = self.transform
        return np.stack([a * right + b * down + c, d * right + e * down + f], axis=-1)

    def outline(self) -> shapely.Polygon:
        """Return the edge of the window, with a vertex at every cell."""
        height, width = self.values.shape
        right = np.concatenate([np.arange(width), np.full(height, width), np.arange(width, 0, -1), np.zeros(height)])
        down = np.concatenate([np.zeros(width), np.arange(height), np.full(width, height), np.arange(height, 0, -1)])
        a, b, c, d, e, f = self.transform
        right, down = right + self.first[1], down + self.first[0]
        return shapely.Polygon(np.column_stack([a * right + b * down + c, d * right + e * down + f]))


@dataclass(frozen=True, slots=True)
class _Cell:
    """A cell on the ground; `farthest_m` is from its middle to its farthest corner."""

    width_m: float
    height_m: float
    farthest_m: float


def is_raster(path: Path) -> bool:
    """Whether a file is read here."""
    return path.name.lower().endswith(RASTERS)


def read_raster(path: Path, layer: Layer, *, crs: str, area: Area | None, report: Report) -> gpd.GeoDataFrame | None:
    """Read the people of a raster about the district.

    Parameters
    ----------
    path
        A GeoTIFF of one band: people per cell, not per area.
    layer
        A layer of residents; its population is an estimate.
    crs
        The district's CRS.
    area
        The district; without it nothing is read, since that is told by who reads the boundary.
    report
        Is told what is wrong; its notes get the method, the size of the cells and the totals before and after.

    Returns
    -------
    GeoDataFrame or None
        Canonical residents, in metres: a point for each cell with people within the margin, by row and column of the raster
        (``r14532c33210``), at the middle of the cell, or of its part on either side of the boundary
        (``r14532c33210-outside``). None where the raster cannot be used.
    """
    report.row_word, report.typed = "cell", False
    if not _fits(layer, report) or area is None:
        return None
    found = _read_about(path, layer, area, crs, report)
    if found is None:
        return None
    window, there = found
    datum = _name(there)
    cell = _middle_cell(window, datum, crs)
    _check_size(cell, report)
    _check_cover(window, datum, crs, area, report)
    _check_values(window.values, cell, report)
    if report.failed:
        return None
    places = _places(window, datum, crs, area, report)
    _note_method(path, layer, window, there, cell, report)
    if not len(places):
        report.whole("counts nobody in the district and its margin", remedy="Check whether this is the right file")
        return None
    return canonical(places, {"people": "people"}, structure_of("residents"), name="", report=report)


def _read_about(path: Path, layer: Layer, area: Area, crs: str, report: Report) -> tuple[_Window, pyproj.CRS] | None:
    """Read the cells about the district, and what their coordinates are in."""
    try:
        # What is no number in a damaged file is told of the cells and of where they lie.
        with _opened(path) as raster, np.errstate(all="ignore"):
            there = _reference_system(raster, layer, report)
            box = None if there is None else _box(area, crs, there, report)
            window = None if box is None else _read_window(raster, box, report)
    except ImportError:
        report.declared(
            "source.path",
            "a raster is read with rasterio, which is not installed",
            given=path.name,
            remedy='Install it: pip install "qyp-geo[raster]"',
        )
        return None
    # Of GDAL the first, of the numbers in a broken file the others.
    except (OSError, ValueError, RuntimeError, MemoryError) as error:
        report.whole(
            "cannot be read", given=str(error), remedy="Download it again, or open it in QGIS and save it as GeoTIFF"
        )
        return None
    return None if there is None or window is None else (window, there)


def _fits(layer: Layer, report: Report) -> bool:
    """Whether a layer can be made of a raster of people."""
    if layer.kind != "residents":
        report.declared(
            "kind", "a raster is read as residents only", given=layer.kind, remedy='Write kind = "residents"'
        )
    elif layer.geometry != POINT:
        remedy = 'Write geometry = "point"'
        report.declared("geometry", "a raster gives the middle of each cell", given=layer.geometry, remedy=remedy)
    population = layer.population
    if population is None or population.base != "估算":
        report.declared(
            "population.base",
            "the people of a raster are an estimate",
            given="" if population is None else population.base,
            remedy='Write [population] base = "估算", year and source, such as "GHS-POP R2023A"',
        )
    elif population.totals is not None:
        remedy = "Leave it out, or spread the totals over buildings"
        report.declared("population.totals", "is not spread over a raster", given=population.totals, remedy=remedy)
    return not report.failed


@contextmanager
def _opened(path: Path) -> Iterator[Any]:
    import rasterio  # noqa: PLC0415  not installed everywhere

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", rasterio.errors.NotGeoreferencedWarning)  # told as an error
        # No other driver: a text that calls itself .tif could name any file of the machine.
        try:
            with rasterio.open(path, driver="GTiff") as raster:
                yield raster
        except (rasterio.errors.RasterioError, rasterio._err.CPLE_BaseError) as error:
            raise OSError(str(error)) from error


def _reference_system(raster: Any, layer: Layer, report: Report) -> pyproj.CRS | None:
    """Return the raster's reference system, unless it or the file contradicts what is declared."""
    declared = layer.source.datum
    if raster.crs is None or raster.transform.is_identity:
        report.whole("does not say where its cells lie", remedy="Download it again; a GeoTIFF does")
        return None
    carried = pyproj.CRS.from_wkt(raster.crs.to_wkt())
    try:
        there = crs_of_datum(_name(carried))
    except CrsError as error:
        report.whole("is in a reference system that cannot be used", given=_name(carried), remedy=str(error))
        return None
    if declared and not _agree(declared, there):
        report.declared(
            "source.datum",
            f"contradicts the raster, which is in {_name(there)}, {there.name}",
            given=declared,
            remedy="Leave datum out: a raster says its own",
        )
        return None
    return there


def _agree(declared: str, there: pyproj.CRS) -> bool:
    if declared in {"wgs84", "cgcs2000"}:
        return is_modern(there)
    return declared == _name(there)


def _name(crs: pyproj.CRS) -> str:
    """Return a reference system by its code, or by its definition where it has none."""
    code = crs.to_authority(min_confidence=70)
    return crs.to_wkt() if code is None else ":".join(code)


def _box(area: Area, crs: str, there: pyproj.CRS, report: Report) -> Box | None:
    box = search_box(area, crs=crs, there=there)
    if box is None:
        report.whole("has no place for the district in its reference system", given=there.name)
    return box


def _read_window(raster: Any, box: Box, report: Report) -> _Window | None:
    """Read the cells that a box meets; None where there are none, or what the file asks for is too much."""
    if raster.count != 1 or np.dtype(raster.dtypes[0]).kind not in "iuf":
        given = f"{raster.count} bands of {raster.dtypes[0]}"
        report.whole(
            "is no raster of people per cell", given=given, remedy="Save the band of all people as a file of its own"
        )
        return None
    west, south, east, north = box
    a, b, c, d, e, f = raster.transform[:6]
    corners = np.array([[west, west, east, east], [south, north, north, south]])
    columns, rows = np.linalg.inv([[a, b], [d, e]]) @ (corners - [[c], [f]])
    (left, right), (top, bottom) = _span(columns, raster.width), _span(rows, raster.height)
    if left >= right or top >= bottom:
        extent = ", ".join(f"{value:.10g}" for value in raster.bounds)
        report.whole("does not reach the district", given=f"it covers {extent}", remedy="Download the tile that does")
        return None
    block = math.prod(raster.block_shapes[0]) * np.dtype(raster.dtypes[0]).itemsize
    if (right - left) * (bottom - top) > _MOST_CELLS or block > _MOST_BLOCK_BYTES:
        given = f"{bottom - top} × {right - left} cells about the district, blocks of {block / 2**20:,.0f} MiB"
        report.whole(
            "would take too much memory", given=given, remedy="Cut it to the city, or save it in tiles, with QGIS"
        )
        return None
    cells = raster.read(1, window=((top, bottom), (left, right)), masked=True).astype(float).filled(np.nan)
    values = cells * raster.scales[0] + raster.offsets[0]
    return _Window(values, tuple(raster.transform)[:6], (top, left))


def _span(ends: Numbers, size: int) -> tuple[int, int]:
    """Return the first row or column that lies between the ends, and the one after the last."""
    first, last = np.clip([ends.min(), ends.max()], 0, size)
    return math.floor(first), math.ceil(last)


def _middle_cell(window: _Window, datum: str, crs: str) -> _Cell:
    middle = (np.array([size // 2]) for size in window.values.shape)
    ring = gpd.GeoDataFrame(geometry=shapely.polygons(window.corners(*middle)))
    corners = shapely.get_coordinates(to_analysis(ring, datum=datum, crs=crs).geometry.to_numpy())
    width_m, height_m, *_ = np.hypot(*np.diff(corners, axis=0).T)
    across_m = np.hypot(*(corners[2:4] - corners[:2]).T).max()
    return _Cell(float(width_m), float(height_m), float(across_m) / 2)


def _check_size(cell: _Cell, report: Report) -> None:
    if not max(cell.width_m, cell.height_m) <= _COARSEST_M:
        given = f"{cell.width_m:,.0f} m × {cell.height_m:,.0f} m"
        remedy = f"Use one with cells of {_COARSEST_M:,.0f} m or less, such as GHS-POP or WorldPop of 100 m"
        report.whole("has cells too large for walking distances", given=given, remedy=remedy)


def _check_cover(window: _Window, datum: str, crs: str, area: Area, report: Report) -> None:
    """Tell of a raster that does not reach all over the district: who lives beyond its edge would be missing."""
    outline = gpd.GeoDataFrame(geometry=[window.outline()])
    reached = to_analysis(outline, datum=datum, crs=crs).geometry.iloc[0]
    share = shapely.area(shapely.intersection(reached, area.shape)) / area.shape.area
    if not share >= _WHOLLY:
        remedy = "Merge it with the tile beside it; who lives there would be missing"
        report.whole("does not reach all over the district", given=f"{share:.1%} of its area", remedy=remedy)


def _check_values(values: Numbers, cell: _Cell, report: Report) -> None:
    """Tell of cells that hold no number of people, which count as cells without data, and of more people than can be."""
    if crowded := int((np.isfinite(values) & (values > cell.width_m * cell.height_m)).sum()):
        report.whole(
            f"{crowded} cells about the district hold more than one person per m²",
            given=f"{np.nanmax(values):,.0f} in a cell of {cell.width_m:,.0f} m × {cell.height_m:,.0f} m",
            remedy="Check that it counts people per cell, not per km²",
        )
    negative, endless = values < 0, np.isinf(values)
    if negative.any() or endless.any():
        report.whole(
            f"{int(negative.sum() + endless.sum())} cells about the district hold no number of people, taken as without data",
            given=", ".join(f"{value:g}" for value in np.unique(values[negative | endless])[:3]),
            remedy="Usually the mark for no data, which the file does not declare",
            severity="warning",
        )
    if unknown := int((~(np.isfinite(values) & (values >= 0))).sum()):
        report.note(f"栅格在本区周围有 {unknown} 格无数据(共 {values.size} 格),按无人计")


def _places(window: _Window, datum: str, crs: str, area: Area, report: Report) -> gpd.GeoDataFrame:
    """Return the cells with people within the margin, each in the middle, what the boundary cuts in two."""
    rows, columns = np.nonzero(np.isfinite(window.values) & (window.values > 0))
    people = window.values[rows, columns]
    written = gpd.GeoDataFrame(geometry=shapely.polygons(window.corners(rows, columns)))
    cells = to_analysis(written, datum=datum, crs=crs).geometry.to_numpy()
    near = shapely.dwithin(cells, area.shape, area.margin_m)
    cells, people = cells[near], people[near]
    names = np.array(
        [
            f"r{row}c{column}"
            for row, column in zip(rows[near] + window.first[0], columns[near] + window.first[1], strict=True)
        ],
        dtype=object,
    )
    share = np.where(shapely.covers(area.shape, cells), 1.0, 0.0)
    edge = np.flatnonzero(shapely.intersects(area.shape, cells) & (share < 1.0))
    within = shapely.intersection(cells[edge], area.shape)
    share[edge] = shapely.area(within) / shapely.area(cells[edge])
    share[share < _SLIVER], share[share > 1.0 - _SLIVER] = 0.0, 1.0
    cut = edge[(share[edge] > 0.0) & (share[edge] < 1.0)]
    parts = cells.copy()
    parts[cut] = within[np.isin(edge, cut)]
    inside = people * share
    counted = np.where(share > 0.0, inside, people)
    report.note(
        f"与本区相交的各格共 {people[share > 0].sum():,.0f} 人,按面积计入区内 {inside.sum():,.0f} 人:"
        f"{len(cut)} 格跨区界,格内人口视为均匀"
    )
    return gpd.GeoDataFrame(
        {"people": np.concatenate([counted, (people - inside)[cut]])},
        index=np.concatenate([names, names[cut] + "-outside"]),
        geometry=_middles(np.concatenate([parts, shapely.difference(cells[cut], area.shape)])),
        crs=crs,
    )


def _middles(parts: npt.NDArray[np.object_]) -> npt.NDArray[np.object_]:
    """Return the centroids, or a point within where the centroid of a cut cell is none."""
    middles = shapely.centroid(parts)
    elsewhere = ~shapely.contains_properly(parts, middles)
    middles[elsewhere] = shapely.point_on_surface(parts[elsewhere])
    return middles


def _note_method(path: Path, layer: Layer, window: _Window, there: pyproj.CRS, cell: _Cell, report: Report) -> None:
    """Note what every figure that rests on these people must say."""
    a, b, _, d, e, _ = window.transform
    right, down = float(np.hypot(a, d)), float(np.hypot(b, e))
    if there.is_geographic:
        size = f"{right * 3600:.3g}″ × {down * 3600:.3g}″,约 {cell.width_m:.0f} m × {cell.height_m:.0f} m"
    else:
        size = f"{right:.0f} m × {down:.0f} m"
    report.note(f"人口取自栅格 {path.name}({there.name},每格 {size}),每格一点")
    source = layer.population.source.lower() if layer.population is not None else ""
    for word, method in _METHODS.items():
        if word in source.replace(" ", ""):
            report.note(f"{method},是模型估算,不是逐户统计")
    report.note(f"步行距离从格的中点算起,不是从住处的门:门可以在约 {cell.farthest_m:.0f} m 以外")
