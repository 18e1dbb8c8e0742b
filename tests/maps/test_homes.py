"""The layer of homes: what it finds at a place, and what it paints."""

from __future__ import annotations

import math
from typing import Any

import geopandas as gpd
import numpy as np
import pytest
import shapely

from qyp_geo.declarations import Overlay
from qyp_geo.frames import Result
from qyp_geo.maps.pack import Packer
from tests.maps.acting import click, colour_at, degrees, heading, on_screen
from tests.maps.conftest import SMALL, Open
from tests.maps.district import CRS, EAST, NORTH, make_district

CORNER = (115.9, 28.6)
STEP = 1e-4
"""Of the drawing grid below, in degrees: about 10 m."""
RED, BLUE = [255, 0, 0], [0, 0, 255]
POINT_PX = 5


def at(x: float, y: float) -> list[float]:
    """Latitude and longitude of a place on the drawing grid."""
    return [CORNER[1] + y * STEP, CORNER[0] + x * STEP]


def on_grid(shape: Any) -> Any:
    """A shape of the drawing grid in degrees."""
    return shapely.transform(shape, lambda xy: np.array(CORNER) + xy * STEP)


def place_homes(page: Any, shapes: list[Any], *, zoom: float = 17) -> None:
    """Put homes alone on a canvas of their own, over the middle (10, 10) of the grid; the even rows are red, the odd blue."""
    packer = Packer()
    packed = packer.shapes(gpd.GeoSeries([on_grid(shape) for shape in shapes], crs="EPSG:4326"))
    page.evaluate(
        """async ({ numbers, packed, middle, zoom }) => {
          const block = make("script", "", numbers);
          block.type = "application/octet-stream";
          block.id = "homes-of-test";
          document.body.append(block);
          const bytes = await unpackBytes("homes-of-test");
          map_page.setView(middle, zoom, { animate: false });
          window.canvas = L.canvas({ padding: 0.2, tolerance: 2 });
          window.homes = new HomesLayer(bytes, packed, { renderer: canvas }).addTo(map_page);
          const looks = ["#ff0000", "#0000ff"].map(colour => ({ colour, weight: 0.1, label: String }));
          homes.setClasses(Uint8Array.from({ length: homes.count }, (_, row) => row % 2), looks);
        }""",
        {"numbers": packer.numbers(), "packed": packed, "middle": at(10, 10), "zoom": zoom},
    )


def rows_at(page: Any, places: list[list[float]]) -> list[int]:
    """The row that the layer finds at each place."""
    rows: list[int] = page.evaluate("places => places.map(place => homes.rowAt(place))", places)
    return rows


def painted(page: Any, places: list[list[float]]) -> list[list[int]]:
    """Red, green, blue and opacity that the canvas shows at each place."""
    colours: list[list[int]] = page.evaluate(
        """async places => {
          await new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)));
          const { width, height } = canvas._container;
          const copy = new OffscreenCanvas(width, height).getContext("2d", { willReadFrequently: true });
          copy.drawImage(canvas._container, 0, 0);
          return places.map(place => {
            const { x, y } = map_page.latLngToLayerPoint(place).subtract(canvas._bounds.min);
            return [...copy.getImageData(Math.floor(x), Math.floor(y), 1, 1).data];
          });
        }""",
        places,
    )
    return colours


L_SHAPE = shapely.Polygon([(0, 0), (8, 0), (8, 4), (4, 4), (4, 8), (0, 8)])
COURT = shapely.Polygon([(10, 0), (20, 0), (20, 10), (10, 10)], [[(13, 3), (17, 3), (17, 7), (13, 7)]])
TWINS = shapely.MultiPolygon([shapely.box(0, 12, 4, 16), shapely.box(8, 12, 12, 16)])
POINT = shapely.Point(18, 16)


def test_the_home_at_a_place_is_found(open_page: Open) -> None:
    page = open_page(viewport=SMALL)
    place_homes(page, [L_SHAPE, COURT, TWINS, POINT])
    inside = [at(2, 6), at(6, 2), at(11, 5), at(15, 1), at(2, 14), at(10, 14), at(18, 16)]
    assert rows_at(page, inside) == [0, 0, 1, 1, 2, 2, 3]
    # The notch of the L, the court of the second, between the twins, and out in the open.
    assert rows_at(page, [at(6, 6), at(15, 5), at(6, 14), at(9, 10), at(-3, -3)]) == [-1] * 5


def test_the_upper_of_two_homes_is_found_and_a_miss_by_two_pixels_is_none(open_page: Open) -> None:
    page = open_page(viewport=SMALL)
    place_homes(page, [shapely.box(0, 0, 10, 10), shapely.box(5, 5, 15, 15), POINT])
    assert rows_at(page, [at(7, 7), at(2, 2), at(12, 12)]) == [1, 0, 1]
    # On the edge itself, and east of it by pixels: the canvas forgives two, a point's disc reaches 5 further.
    row_beside = """([place, px]) => {
      const point = map_page.project(place).add([px, 0]);
      return homes.rowAt(map_page.unproject(point));
    }"""
    assert page.evaluate(row_beside, [at(15, 12), 0]) == 1
    assert page.evaluate(row_beside, [at(15, 12), 1.9]) == 1
    assert page.evaluate(row_beside, [at(15, 12), 2.1]) == -1
    assert page.evaluate(row_beside, [at(18, 16), POINT_PX + 1.9]) == 2
    assert page.evaluate(row_beside, [at(18, 16), POINT_PX + 2.1]) == -1


def test_what_is_found_is_what_shapely_finds(open_page: Open) -> None:
    page = open_page(viewport=SMALL)
    rng = np.random.default_rng(6)
    angle = np.sort(rng.uniform(0, 2 * math.pi, (60, 9)), axis=1)
    radius = rng.uniform(0.5, 3.0, (60, 9))
    middle = rng.uniform(0, 20, (60, 1, 2))
    stars: Any = shapely.polygons(middle + np.stack([radius * np.cos(angle), radius * np.sin(angle)], axis=-1))
    valid = [star for star in stars if star.is_valid]
    place_homes(page, valid, zoom=19)
    places = rng.uniform(0, 20, (3000, 2))
    found = rows_at(page, [at(x, y) for x, y in places])
    # Coordinates are rounded to .01 of the grid, and at this zoom a pixel is .03 of it.
    margin = 0.1
    certain = 0
    for (x, y), row in zip(places, found, strict=True):
        point = shapely.Point(x, y)
        near = [n for n, star in enumerate(valid) if star.distance(point) < margin]
        if any(valid[n].exterior.distance(point) < margin for n in near):
            continue
        certain += 1
        assert row == (near[-1] if near else -1)
    assert certain > 2000


def test_a_home_tells_its_bounds_its_middle_and_its_shape(open_page: Open) -> None:
    page = open_page(viewport=SMALL)
    place_homes(page, [L_SHAPE, COURT, TWINS, POINT, shapely.Polygon()])
    bounds = "row => { const b = homes.boundsOf(row); return [b.getSouth(), b.getWest(), b.getNorth(), b.getEast()]; }"
    assert page.evaluate(bounds, 2) == pytest.approx([*at(0, 12), *at(12, 16)], abs=1e-9)
    assert page.evaluate(bounds, 3) == pytest.approx([*at(18, 16), *at(18, 16)], abs=1e-9)
    middle = page.evaluate("() => { const { lat, lng } = homes.positionOf(1); return [lat, lng]; }")
    assert middle == pytest.approx(at(15, 5), abs=1e-9)
    shape = page.evaluate("() => homes.shapeOf(1)")
    assert (shape["dimension"], shape["holes"]) == (2, [False, True])
    rings = [shapely.Polygon([(lng, lat) for lat, lng in path]) for path in shape["paths"]]
    assert rings[0].normalize().equals_exact(on_grid(shapely.Polygon(COURT.exterior)).normalize(), 1e-9)
    assert rings[1].normalize().equals_exact(on_grid(shapely.Polygon(COURT.interiors[0])).normalize(), 1e-9)
    whole = page.evaluate(
        "() => { const b = homes.getBounds(); return [b.getSouth(), b.getWest(), b.getNorth(), b.getEast()]; }"
    )
    assert whole == pytest.approx([*at(0, 0), *at(20, 16)], abs=1e-9)
    assert page.evaluate("() => [homes.count, homes.shapeOf(4).paths.length, homes.boundsOf(4).isValid()]") == [
        5,
        0,
        False,
    ]


def test_homes_are_painted_by_class_but_for_their_courts(open_page: Open) -> None:
    page = open_page(viewport=SMALL)
    place_homes(page, [L_SHAPE, COURT, TWINS, POINT])
    seen = painted(page, [at(2, 6), at(11, 5), at(2, 14), at(10, 14), at(18, 16)])
    assert [colour[:3] for colour in seen] == [RED, BLUE, RED, RED, BLUE]
    assert [colour[3] for colour in painted(page, [at(6, 6), at(15, 5), at(6, 14)])] == [0, 0, 0]
    page.evaluate("homes.setClasses(new Uint8Array([1, 1, 0, 9]), homes._classes)")
    seen = painted(page, [at(2, 6), at(11, 5), at(2, 14), at(18, 16)])
    assert [colour[:3] for colour in seen[:3]] == [BLUE, BLUE, RED]
    assert seen[3][3] == 0, "a class without a look is not painted"


def test_overlapping_homes_are_filled_whichever_way_they_turn(open_page: Open) -> None:
    page = open_page(viewport=SMALL)
    one, other = shapely.box(0, 0, 10, 10, ccw=True), shapely.box(5, 5, 15, 15, ccw=False)
    beside = shapely.box(16, 0, 18, 2)
    place_homes(page, [one, beside, other])
    assert [colour[:3] for colour in painted(page, [at(2, 2), at(7, 7), at(12, 12)])] == [RED, RED, RED]


def test_far_out_a_home_of_less_than_a_pixel_is_still_seen(open_page: Open) -> None:
    page = open_page(viewport=SMALL)
    place_homes(page, [shapely.box(10, 10, 10.2, 10.2), shapely.Point(60, 10)], zoom=12)
    seen = painted(page, [at(10.1, 10.1), at(60, 10)])
    assert seen[0][0] > 0
    assert seen[0][3] > 0
    assert seen[1][:3] == BLUE


def test_homes_lie_where_the_map_has_moved_to(open_page: Open) -> None:
    page = open_page(viewport=SMALL)
    place_homes(page, [L_SHAPE, COURT])
    for move in ("map_page.panBy([40, -30], { animate: false })", "map_page.setZoom(18, { animate: false })"):
        page.evaluate(f"() => {{ {move}; }}")
        assert [colour[:3] for colour in painted(page, [at(2, 2), at(15, 1)])] == [RED, BLUE]
        assert painted(page, [at(6, 6)])[0][3] == 0
        assert rows_at(page, [at(2, 2), at(15, 1), at(6, 6)]) == [0, 1, -1]


def test_a_theme_of_many_rows_is_painted_and_clicked_as_homes_are(open_page: Open) -> None:
    record, district, layers, results = make_district(side=2)
    side = 32
    plots = [
        shapely.box(EAST + 20 * x, NORTH + 300 + 20 * y, EAST + 20 * x + 15, NORTH + 315 + 20 * y)
        for y in range(side)
        for x in range(side)
    ]
    names = [f"地块{n}" for n in range(side * side)]
    role = np.where(np.arange(side * side) % side < side // 2, "达标", "未达标")
    coverage = results["analyses/coverage"]
    results["analyses/equity"] = Result(
        coverage.record.model_copy(update={"kind": "equity", "title": "公平"}),
        coverage.table,
        parts={"units": gpd.GeoDataFrame({"name": names, "verdict": role}, geometry=plots, crs=CRS)},
    )
    shown = Overlay(of="analyses/equity", part="units", colour_by="verdict", label="公平")
    page = open_page((record.model_copy(update={"overlay": [*record.overlay, shown]}), district, layers, results))
    page.evaluate("at => { map_page.setView(at, 16, { animate: false }); }", degrees(320, 620))
    near, far = (20 * 3 + 7, 307 + 20 * 20), (20 * 30 + 7, 307 + 20 * 20)
    assert colour_at(page, *near) == pytest.approx([0x08, 0x51, 0x9C], abs=14)
    assert colour_at(page, *far) == pytest.approx([0xB3, 0x58, 0x06], abs=14)
    click(page, *far)
    assert heading(page) == f"地块{20 * side + 30}"
    x, y = on_screen(page, *near)
    page.mouse.move(x - 2, y)
    page.mouse.move(x, y)
    assert page.locator(".leaflet-tooltip").text_content() == f"地块{20 * side + 3}"


def test_the_pointer_tells_each_home_that_it_passes(open_page: Open) -> None:
    page = open_page(make_district(side=3))
    for column in (0, 1):
        x, y = on_screen(page, 100 * column + 50, 40)
        page.mouse.move(x - 2, y)
        page.wait_for_timeout(50)  # Leaflet looks no more often than every 32 ms
        page.mouse.move(x, y)
        page.locator(".leaflet-tooltip", has_text=f"0排{column}号楼").wait_for()
