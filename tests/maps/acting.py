"""What a reader does with an open page, and what it then shows."""

from __future__ import annotations

from typing import Any

import geopandas as gpd
import shapely

from tests.maps.district import CRS, EAST, NORTH


def degrees(east_m: float, north_m: float) -> list[float]:
    """Latitude and longitude of metres east and north of the district's corner."""
    at = gpd.GeoSeries([shapely.Point(EAST + east_m, NORTH + north_m)], crs=CRS).to_crs("EPSG:4326")
    return [at.y.iloc[0], at.x.iloc[0]]


def click(page: Any, east_m: float, north_m: float, *, tap: bool = False) -> None:
    """Click on the map at metres east and north of the district's corner."""
    x, y = on_screen(page, east_m, north_m)
    if tap:
        page.touchscreen.tap(x, y)
    else:
        page.mouse.click(x, y)


def on_screen(page: Any, east_m: float, north_m: float) -> tuple[float, float]:
    """Where a place of the district is in the window."""
    point = page.evaluate("at => map_page.latLngToContainerPoint(at)", degrees(east_m, north_m))
    box = page.locator("#map_page").bounding_box()
    return box["x"] + point["x"], box["y"] + point["y"]


def colour_at(page: Any, east_m: float, north_m: float) -> list[int]:
    """Red, green and blue that the front canvas shows there."""
    colour: list[int] = page.evaluate(
        """async at => {
          await new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)));
          const canvas = document.querySelector(".leaflet-overlay-pane canvas");
          const box = canvas.getBoundingClientRect();
          const map = document.getElementById("map_page").getBoundingClientRect();
          const point = map_page.latLngToContainerPoint(at);
          const scale = canvas.width / box.width;
          const x = (point.x + map.left - box.left) * scale, y = (point.y + map.top - box.top) * scale;
          const copy = new OffscreenCanvas(1, 1).getContext("2d", { willReadFrequently: true });
          copy.drawImage(canvas, -Math.round(x), -Math.round(y));
          return [...copy.getImageData(0, 0, 1, 1).data].slice(0, 3);
        }""",
        degrees(east_m, north_m),
    )
    return colour


def rows(page: Any, table: str) -> list[list[str]]:
    """What the cells of a panel's tables say, leaving out what is folded away and the headings of circles."""
    found = page.locator(f"#panel table.{table} tbody tr:not(.circle)")
    return [[cell.inner_text() for cell in row.locator("td").all()] for row in found.all() if row.is_visible()]


def heading(page: Any) -> str:
    """What the panel is about."""
    return str(page.locator("#panel h2").text_content())


def choose(page: Any, name: str) -> None:
    """Search for a name and take the first that has it."""
    page.fill("#search", name)
    page.locator("#search-list li", has_text=name).first.click()
