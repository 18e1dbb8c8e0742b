"""Rasters of people: small ones that can be counted by eye, the real cells of 青云谱, and files that are wrong."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pytest
import rasterio
import shapely

from qyp_geo.crs import to_analysis
from qyp_geo.declarations import Layer
from qyp_geo.frames import LayerData
from tests.layers.folder import EAST, NORTH, SIDE_M, Folder, at, feature, geojson, record

ESTIMATE = {"base": "估算", "year": 2020, "source": "GHS-POP R2023A"}
Affine = tuple[float, float, float, float, float, float]


def people_layer(**more: Any) -> Layer:
    content: dict[str, Any] = {"datum": "", "population": ESTIMATE, **more}
    return record(content.pop("kind", "residents"), content.pop("geometry", "point"), "people.tif", **content)


def write(
    folder: Folder, values: npt.ArrayLike, transform: Affine, *, crs: str | None = "EPSG:4548", **more: Any
) -> Path:
    """Write a GeoTIFF; the transform is a, b, c, d, e, f of x = a·column + b·row + c, y = d·column + e·row + f."""
    bands = np.atleast_3d(np.asarray(values, dtype=more.pop("dtype", "float32")).T).T
    count, height, width = bands.shape
    profile = {"driver": "GTiff", "count": count, "height": height, "width": width, "dtype": bands.dtype, **more}
    path = folder.data("people.tif")
    with rasterio.open(path, "w", crs=crs, transform=rasterio.Affine(*transform), **profile) as raster:
        raster.write(bands)
    return path


def km_cells(folder: Folder, values: Mapping[tuple[int, int], float] | None = None, **more: Any) -> Path:
    """Five by five cells of 1 km with 100 people each, laid half a cell beyond the square of 4 km."""
    cells = np.full((5, 5), 100.0)
    for place, value in (values or {}).items():
        cells[place] = value
    return write(folder, cells, (1000, 0, EAST - 500, 0, -1000, NORTH + SIDE_M + 500), **more)


def inside(layer: LayerData) -> Any:
    return layer.frame[layer.frame["inside"].astype(bool)]


def test_cells_that_the_boundary_cuts_are_shared_by_area(folder: Folder) -> None:
    km_cells(folder)
    layer = folder.read_one(people_layer())
    assert inside(layer)["people"].sum() == pytest.approx(1600)  # 16 km² at 100 people per km²
    assert layer.frame["people"].sum() == pytest.approx(2500)  # nobody is lost
    assert layer.frame.loc[
        ["r2c2", "r0c2", "r0c2-outside", "r0c0", "r0c0-outside"], "people"
    ].tolist() == pytest.approx([100, 50, 50, 25, 75])
    assert layer.frame["estimated"].all()
    middle, edge = layer.frame.loc[["r2c2", "r0c2"]].geometry
    assert shapely.get_coordinates(middle)[0] == pytest.approx(at(2000, 2000))
    assert shapely.get_coordinates(edge)[0] == pytest.approx(at(2000, SIDE_M - 250))
    assert list(layer.notes) == [
        "residents:与本区相交的各格共 2,500 人,按面积计入区内 1,600 人:16 格跨区界,格内人口视为均匀",
        "residents:人口取自栅格 people.tif(CGCS2000 / 3-degree Gauss-Kruger CM 117E,每格 1000 m × 1000 m),每格一点",
        "residents:GHS-POP 把普查人口按卫星影像测得的建筑体量分到各格,是模型估算,不是逐户统计",
        "residents:步行距离从格的中点算起,不是从住处的门:门可以在约 707 m 以外",
        "residents:人口口径:估算人口,2020 年,GHS-POP R2023A",
    ]


def test_cells_beyond_the_margin_and_cells_without_people_are_no_places(folder: Folder) -> None:
    cells = np.zeros((20, 20))
    cells[0, 0], cells[6, 6], cells[10, 10] = 7, 8, 9
    write(folder, cells, (1000, 0, EAST - 8000, 0, -1000, NORTH + 12_000))
    assert list(folder.read_one(people_layer()).frame.index) == ["r10c10"]
    folder.margin_m = 1500.0  # the corner of r6c6 lies √2 km from the square
    assert list(folder.read_one(people_layer()).frame.index) == ["r6c6", "r10c10"]


def test_an_even_density_gives_the_district_its_area_whatever_its_shape_and_however_the_grid_is_turned(
    folder: Folder,
) -> None:
    angle = np.linspace(0, 2 * np.pi, 41)[:-1]
    star = np.column_stack([np.cos(angle), np.sin(angle)]) * np.where(np.arange(40) % 2, 500, 2000)[:, None]
    shape = shapely.Polygon(star + at(2000, 2000))
    folder.write(
        "boundary.geojson", geojson(feature("Polygon", shapely.geometry.mapping(shape)["coordinates"], name="区"))
    )
    cos, sin = np.cos(0.3) * 130, np.sin(0.3) * 130
    write(folder, np.full((80, 80), 13.0), (cos, sin, EAST - 4000, sin, -cos, NORTH + 5500))
    layer = folder.read_one(people_layer())
    assert inside(layer)["people"].sum() == pytest.approx(13.0 * shape.area / 130**2, rel=1e-9)
    assert not inside(layer).index.str.endswith("-outside").any()
    cut = layer.frame.index[layer.frame.index.str.endswith("-outside")].str.removesuffix("-outside")
    assert len(cut) > 100
    assert layer.frame.loc[cut, "inside"].all()  # their centroid may lie outside, their point does not


def test_cells_without_data_are_told_by_the_file_or_seen_by_their_sign(folder: Folder) -> None:
    km_cells(folder, {(2, 2): -99999, (2, 3): 0}, nodata=-99999)
    layer = folder.read_one(people_layer())
    assert layer.problems == ()
    assert inside(layer)["people"].sum() == pytest.approx(1400)
    assert "residents:栅格在本区周围有 1 格无数据(共 25 格),按无人计" in layer.notes

    km_cells(folder, {(2, 2): -200, (1, 1): np.inf, (3, 3): np.nan})
    layer = folder.read_one(people_layer())
    assert inside(layer)["people"].sum() == pytest.approx(1300)
    assert "residents:栅格在本区周围有 3 格无数据(共 25 格),按无人计" in layer.notes
    assert [str(problem) for problem in layer.problems] == [
        "layers/data/people.tif: 2 cells about the district hold no number of people, taken as without data"
        " (given: -200, inf). Usually the mark for no data, which the file does not declare"
    ]


def test_a_scale_in_the_file_is_kept(folder: Folder) -> None:
    with rasterio.open(km_cells(folder, dtype="int16"), "r+") as raster:
        raster.scales = (0.1,)
    assert inside(folder.read_one(people_layer()))["people"].sum() == pytest.approx(160)


@pytest.mark.parametrize(("seconds", "size"), [(3, "3″ × 3″,约 81 m × 92 m"), (30, "30″ × 30″,约 815 m × 924 m")])
def test_degrees_are_read_as_worldpop_and_ghs_pop_write_them(folder: Folder, seconds: int, size: str) -> None:
    step = seconds / 3600
    count = int(0.2 / step)
    write(folder, np.full((count, count), 5.0), (step, 0, 115.8, 0, -step, 28.75), crs="EPSG:4326", nodata=-99999)
    layer = folder.read_one(people_layer(datum="wgs84", population=ESTIMATE | {"source": "WorldPop 2020 UN adjusted"}))
    cell = to_analysis(
        gpd.GeoDataFrame(geometry=[shapely.box(115.9, 28.64, 115.9 + step, 28.64 + step)]),
        datum="wgs84",
        crs="EPSG:4548",
    )
    assert inside(layer)["people"].sum() == pytest.approx(5.0 * SIDE_M**2 / cell.area.iloc[0], rel=1e-3)
    assert any(f"(WGS 84,每格 {size})" in note for note in layer.notes)
    assert any("WorldPop 把普查人口按随机森林模型的权重分到各格" in note for note in layer.notes)


@pytest.mark.shared
def test_the_real_cells_of_qingyunpu(folder: Folder, shared_data: Path) -> None:
    real = json.loads((shared_data / "qyp_ghspop_points.geojson").read_text(encoding="utf-8"))["features"]
    lonlat = np.array([one["geometry"]["coordinates"] for one in real])
    people = np.array([one["properties"]["POP_2015"] for one in real])
    points = gpd.GeoSeries(gpd.points_from_xy(*lonlat.T), crs="EPSG:4326").to_crs("ESRI:54009")
    columns = np.round((points.x - 50) / 100).astype(int)
    rows = np.round((points.y - 50) / 100).astype(int)
    west, north = int(columns.min()), int(rows.max())
    cells = np.full((north - int(rows.min()) + 1, int(columns.max()) - west + 1), -200.0)
    cells[north - rows, columns - west] = people
    transform = (100.0, 0.0, west * 100.0, 0.0, -100.0, (north + 1) * 100.0)
    write(folder, cells, transform, crs="ESRI:54009", nodata=-200, dtype="float64")
    district = shapely.Polygon([(115.90, 28.58), (115.97, 28.60), (115.95, 28.66), (115.93, 28.61), (115.89, 28.65)])
    ring = shapely.geometry.mapping(district)["coordinates"]
    folder.write("boundary.geojson", geojson(feature("Polygon", ring, name="区")))
    found, problems = folder.read(
        boundary=record("boundary", "polygon", "boundary.geojson"), one=people_layer(datum="wgs84")
    )
    assert problems == []
    layer = found["one"]

    # The other way round: the district brought into the raster's own system, which is true to area, and laid over its cells.
    ring_there = found["boundary"].frame.geometry.segmentize(10).to_crs("ESRI:54009").iloc[0]
    east, north_of = points.x.to_numpy(), points.y.to_numpy()
    boxes = shapely.box(east - 50, north_of - 50, east + 50, north_of + 50)
    share = shapely.area(shapely.intersection(boxes, ring_there)) / 100**2
    assert inside(layer)["people"].sum() == pytest.approx((people * share).sum(), rel=1e-5)
    share[share > 0.999999] = 1
    whole = share == 1
    assert inside(layer)["people"].sum() > people[whole].sum() > 40_000
    names = [f"r{north - row}c{column - west}" for row, column in zip(rows, columns, strict=True)]
    drawn = np.flatnonzero(whole & (people > 0))
    middles = gpd.GeoSeries(gpd.points_from_xy(*lonlat[drawn].T), crs="EPSG:4326").to_crs("EPSG:4548")
    read = layer.frame.loc[[names[n] for n in drawn]]
    assert read.distance(middles.set_axis(read.index)).max() < 0.05
    assert read["people"].to_numpy() == pytest.approx(people[drawn])
    assert any("(World_Mollweide,每格 100 m × 100 m)" in note for note in layer.notes)


def test_of_a_raster_of_the_world_only_the_window_is_read(folder: Folder) -> None:
    step = 3 / 3600
    grid = {"width": 432_000, "height": 216_000, "tiled": True, "sparse_ok": True, "count": 1, "dtype": "float32"}
    path = folder.data("people.tif")
    with rasterio.open(
        path, "w", driver="GTiff", crs="EPSG:4326", transform=rasterio.Affine(step, 0, -180, 0, -step, 90), **grid
    ) as raster:
        raster.write(np.full((600, 600), 2.0, dtype="float32"), 1, window=((73_500, 74_100), (354_900, 355_500)))
    layer = folder.read_one(people_layer())  # 373 GB of people, were it read whole
    assert inside(layer)["people"].sum() == pytest.approx(2.0 * 16e6 / (81.5 * 92.4), rel=0.01)


@pytest.mark.parametrize(
    ("more", "told"),
    [
        (
            {"kind": "public_toilet"},
            'kind: a raster is read as residents only (given: public_toilet). Write kind = "residents"',
        ),
        ({"geometry": "polygon"}, "geometry: a raster gives the middle of each cell (given: polygon)"),
        ({"population": None}, "population.base: the people of a raster are an estimate. Write"),
        ({"population": ESTIMATE | {"base": "常住"}}, "the people of a raster are an estimate (given: 常住)"),
        ({"population": ESTIMATE | {"totals": "layers/units"}}, "population.totals: is not spread over a raster"),
        ({"datum": "gcj02"}, "contradicts the raster, which is in EPSG:4548"),
        ({"datum": "EPSG:4547"}, "contradicts the raster, which is in EPSG:4548"),
    ],
)
def test_what_is_declared_of_a_raster_must_fit_it(folder: Folder, more: dict[str, Any], told: str) -> None:
    km_cells(folder)
    (problem,) = (one for one in folder.told(people_layer(**more)) if "raster" in one)
    assert told in problem


def test_a_raster_that_does_not_reach_all_over_the_district_is_refused(folder: Folder) -> None:
    write(folder, np.full((5, 2), 100.0), (1000, 0, EAST - 500, 0, -1000, NORTH + SIDE_M + 500))
    (told,) = folder.told(people_layer())
    assert "does not reach all over the district (given: 37.5% of its area)" in told
    write(folder, np.full((5, 5), 100.0), (1000, 0, EAST + 50_000, 0, -1000, NORTH + SIDE_M))
    (told,) = folder.told(people_layer())
    assert "does not reach the district (given: it covers 441000, 3167000, 446000, 3172000)" in told


def test_cells_that_are_too_large_or_too_full_are_refused(folder: Folder) -> None:
    km_cells(folder, {(2, 2): 1_000_001.0, (2, 3): 1_000_000.0})
    (told,) = folder.told(people_layer())
    assert "1 cells about the district hold more than one person per m² (given: 1,000,001 in a cell of 1,000 m" in told
    write(folder, np.full((6, 6), 100.0), (1501, 0, EAST - 2000, 0, -1501, NORTH + 7000))
    (told,) = folder.told(people_layer())
    assert "has cells too large for walking distances (given: 1,501 m × 1,501 m)" in told


def test_files_that_are_no_raster_of_people_are_told(folder: Folder) -> None:
    km_cells(folder, crs=None)
    assert "does not say where its cells lie" in folder.told(people_layer())[0]
    write(folder, np.ones((2, 5, 5)), (1000, 0, EAST - 500, 0, -1000, NORTH + SIDE_M + 500))
    assert "is no raster of people per cell (given: 2 bands of float32)" in folder.told(people_layer())[0]
    km_cells(folder, crs="EPSG:2381")
    assert "西安80、北京54 的转换参数未公开" in folder.told(people_layer())[0]
    km_cells(folder, {(row, column): 0 for row in range(5) for column in range(5)})
    assert "counts nobody in the district and its margin" in folder.told(people_layer())[0]


def test_broken_files_are_told(folder: Folder) -> None:
    whole = km_cells(folder).read_bytes()
    for broken in (b"", whole[:100], whole[:-60], b"MM" + whole[2:], b"\0" * 500):
        folder.write("people.tif", broken)
        (told,) = folder.told(people_layer())
        assert "layers/data/people.tif: cannot be read" in told
    # A text that calls itself a raster would be read by another driver, and could name any file.
    folder.write("people.tif", '<VRTDataset rasterXSize="5" rasterYSize="5"></VRTDataset>')
    assert "cannot be read" in folder.told(people_layer())[0]


def test_a_file_that_would_unpack_to_too_much_is_refused(folder: Folder) -> None:
    one_block = {"tiled": True, "blockxsize": 16_384, "blockysize": 16_384, "sparse_ok": True}
    wide = {"width": 16_384, "height": 16_384, "count": 1, "dtype": "float32", **one_block}
    place = rasterio.Affine(10, 0, EAST - 9_000, 0, -10, NORTH + 9_000)
    with rasterio.open(folder.data("people.tif"), "w", driver="GTiff", crs="EPSG:4548", transform=place, **wide):
        pass
    (told,) = folder.told(people_layer())
    assert "would take too much memory" in told
    assert "blocks of 1,024 MiB" in told


def test_without_the_library_that_is_said(folder: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
    folder.write("people.tif", b"II")
    monkeypatch.setitem(sys.modules, "rasterio", None)
    (told,) = folder.told(people_layer())
    assert told.endswith('Install it: pip install "qyp-geo[raster]"')
