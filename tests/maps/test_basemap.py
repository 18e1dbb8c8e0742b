"""Tiles below the map: none by default, of a declared service only, and those in GCJ-02 moved to where things are."""

from __future__ import annotations

import base64
import math
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from qyp_geo.datum import gcj02_to_wgs84
from qyp_geo.declarations import Map
from qyp_geo.errors import QypGeoError
from qyp_geo.maps import basemap_problems, build_page
from qyp_geo.maps.basemap import KEY_VARIABLE
from tests.maps.conftest import DESKTOP
from tests.maps.district import make_district
from tests.maps.reading import text

KEY = "0123456789abcdef0123456789abcdef"
_DOT = base64.b64decode("R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7")


def page_with(tiles: str) -> str:
    record, district, layers, results = make_district()
    return build_page(record.model_copy(update={"tiles": tiles}), district=district, layers=layers, results=results)


def test_there_are_none_by_default() -> None:
    record, district, layers, results = make_district()
    page = build_page(record, district=district, layers=layers, results=results)
    assert "img-src data:;" in page
    assert text(page)["basemap"] is None


@pytest.mark.parametrize(("tiles", "host"), [("amap", "autonavi.com"), ("tianditu", "tianditu.gov.cn")])
def test_images_may_come_from_the_declared_service_alone(
    tiles: str, host: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(KEY_VARIABLE, KEY)
    policy = re.search(r"img-src ([^;]*);", page_with(tiles))
    assert policy is not None
    data, *hosts = policy[1].split()
    assert data == "data:"
    assert hosts
    assert all(one.startswith("https://") and one.endswith(host) for one in hosts)


@pytest.mark.parametrize("key", ["", "two words", "</script>"])
def test_tianditu_wants_a_key_of_the_users_own_which_is_never_told(key: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(KEY_VARIABLE, key)
    record: Map = make_district()[0].model_copy(update={"tiles": "tianditu"})
    (problem,) = basemap_problems(record, "maps/planners.toml")
    assert KEY_VARIABLE in str(problem)
    assert not key or key not in str(problem)
    with pytest.raises(QypGeoError, match=KEY_VARIABLE):
        page_with("tianditu")
    monkeypatch.setenv(KEY_VARIABLE, KEY)
    assert basemap_problems(record, "maps/planners.toml") == []


@pytest.fixture
def tiled_page(chromium: Any, tmp_path: Path) -> Iterator[Any]:
    """Opens a page whose tiles are answered with a dot; nothing else may be requested."""
    contexts = []

    def open_it(html: str) -> Any:
        context = chromium.new_context(viewport=DESKTOP, reduced_motion="reduce")
        contexts.append(context)
        page = context.new_page()
        asked: list[str] = []

        def answer(route: Any) -> None:
            asked.append(route.request.url)
            route.fulfill(body=_DOT, content_type="image/gif")

        page.route(re.compile("^https?:"), answer)
        file = tmp_path / "page.html"
        file.write_text(html, encoding="utf-8", newline="\n")
        page.goto(file.as_uri())
        page.wait_for_selector("html[data-ready='1']", state="attached")
        wait_for_tiles(page)
        page.asked = asked
        return page

    yield open_it
    for context in contexts:
        context.close()


_PLACES = """() => Array.from(document.querySelectorAll('img.leaflet-tile-loaded'), (tile) => {
    const [map, at] = [document.querySelector('.folium-map').getBoundingClientRect(), tile.getBoundingClientRect()];
    return [tile.src, at.left - map.left, at.top - map.top];
})"""
_EXPECTED = """(corners) => corners.map((corner) => {
    const place = map_page.project(corner).subtract(map_page.getPixelBounds().min);
    return [place.x, place.y];
})"""
_WAITING = "() => [document.querySelectorAll('img.leaflet-tile:not(.leaflet-tile-loaded)').length, \
    document.querySelectorAll('img.leaflet-tile-loaded').length]"


def wait_for_tiles(page: Any) -> None:
    """Until all tiles are there; by asking again, since the page lets nobody evaluate text in it."""
    for _ in range(200):
        waiting, loaded = page.evaluate(_WAITING)
        if not waiting and loaded:
            return
        page.wait_for_timeout(50)
    raise AssertionError("the tiles did not come")


def place_in(address: str, at: float, *, shifted: bool) -> tuple[float, float]:
    """The position, in WGS 84, of a place in a tile: 0 is its upper left corner, 0.5 its middle."""
    found = {name: int(value) for name, value in re.findall(r"(?:TILE)?(x|y|z|COL|ROW|MATRIX)=(\d+)", address)}
    x, y, z = (found.get(short, found.get(long, 0)) for short, long in (("x", "COL"), ("y", "ROW"), ("z", "MATRIX")))
    lon = (x + at) / 2**z * 360 - 180
    lat = math.degrees(math.atan(math.sinh(math.pi * (1 - 2 * (y + at) / 2**z))))
    if shifted:
        east, north = gcj02_to_wgs84(np.array([lon]), np.array([lat]))
        lon, lat = float(east[0]), float(north[0])
    return lat, lon


@pytest.mark.browser
@pytest.mark.parametrize("tiles", ["amap", "tianditu"])
def test_each_tile_lies_where_its_places_are(tiled_page: Any, tiles: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(KEY_VARIABLE, KEY)
    page = tiled_page(page_with(tiles))
    for zoom, move in [(14, 0), (16, 300), (18, 900)]:
        page.evaluate("([z]) => map_page.setZoom(z, {animate: false})", [zoom])
        page.evaluate("([d]) => map_page.panBy([d, d], {animate: false})", [move])
        wait_for_tiles(page)
        # Of the zoom that is shown: those of the last fade out behind.
        places = [one for one in page.evaluate(_PLACES) if re.search(rf"(?:z|MATRIX)={zoom}(?:&|$)", one[0])]
        assert len(places) > 8
        for at, within in [
            (0.5, 0.5),
            (0.0, 1.0),
            (1.0, 1.0),
        ]:  # whole pixels; the shift changes by less than one in a tile
            there = page.evaluate(_EXPECTED, [place_in(one, at, shifted=tiles == "amap") for one, _, _ in places])
            assert [
                (zoom, at, one)
                for (one, x, y), (px, py) in zip(places, there, strict=True)
                if max(abs(x + at * 256 - px), abs(y + at * 256 - py)) > within + 0.01
            ] == []
        covered = {(round(x / 256), round(y / 256)) for _, x, y in places}
        assert len(covered) >= 12  # the whole map, in tiles of 256 pixels
    assert all(("autonavi" if tiles == "amap" else "tianditu") in address for address in page.asked)
    assert ("高德" if tiles == "amap" else "天地图") in page.locator("#base-credit").inner_text()
    page.click("#language")
    assert "Base map" in page.locator("#base-credit").inner_text()
