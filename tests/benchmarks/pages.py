"""Measures pages in Chromium: ours for residents and for planners, and plain folium of the same homes.

    python tests/benchmarks/pages.py --sizes 1k,10k,50k,100k --write docs/pages.md

Run it on a quiet machine. Each page is opened from its file, with no network, by a Chromium of its own, three times (once
where that takes more than 10 s). What is said of each: its size, the seconds until it is drawn and can be used, and what a
click costs: the work of the browser's main thread from the click to the end of the frame that shows the answer, over
`--clicks` homes picked at random, with the map at zoom 16 around each. Folium's libraries, which its page loads from the
network, are answered from the package that carries Leaflet, so that waiting for them costs nothing.
"""

from __future__ import annotations

import shutil
import statistics
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any, Final

sys.path.insert(0, str(Path(__file__).parents[2]))

import folium
import geopandas as gpd
import numpy as np
import typer
from playwright.sync_api import Browser, Page, Route, ViewportSize, sync_playwright

from qyp_geo.maps.assets import leaflet_folder
from qyp_geo.run import run
from tests.benchmarks.pages_report import Figure, report
from tests.benchmarks.town import write_town

SIZES: Final = {"1k": 1_000, "10k": 10_000, "50k": 50_000, "100k": 100_000}
LONG_S: Final = 10.0
CLICK_ZOOM: Final = 16
QUIET: Final = ("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking")
WINDOW: Final[ViewportSize] = {"width": 1400, "height": 900}
COLOURS: Final = ["#08519c", "#5aa2d8", "#b9dbf2", "#fdae61", "#b35806"]

USABLE: Final = """
const isOurs = () => document.querySelector("meta[name=qyp-release]") !== null;
const isDrawn = () => isOurs() ? document.documentElement.dataset.ready : document.readyState === "complete";
const nextFrame = then => requestAnimationFrame(() => requestAnimationFrame(then));
window.usable_ms = new Promise(told => {
  const watch = () => isDrawn() ? nextFrame(() => told(performance.now())) : requestAnimationFrame(watch);
  watch();
});
"""
"""Two frames after the page says that it is drawn, or after all of folium's script has run."""
CLICK: Final = """
({ lat, lng }) => new Promise(done => {
  const map = window[Object.keys(window).find(name => /^map_/.test(name) && window[name] instanceof L.Map)];
  map.setView([lat, lng], ZOOM, { animate: false });
  requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(() => {
    const box = map.getContainer().getBoundingClientRect();
    const at = map.latLngToContainerPoint([lat, lng]);
    window.work_ms = new Promise(told => {
      const after = then => { const { port1, port2 } = new MessageChannel(); port1.onmessage = then; port2.postMessage(0); };
      window.addEventListener("click", () => {
        const began = performance.now();
        after(() => {
          const handled = performance.now() - began;
          requestAnimationFrame(() => {
            const frame = performance.now();
            after(() => told(handled + performance.now() - frame));
          });
        });
      }, { capture: true, once: true });
    });
    done([box.left + at.x, box.top + at.y]);
  }, 100)));
})
""".replace("ZOOM", str(CLICK_ZOOM))
"""Goes to a home and gets ready to time the click on it: the handlers, then the frame that they ask for."""
CIRCLE: Final = """
async positions => {
  const [text, bytes] = await Promise.all([unpackBytes("qyp-text"), unpackBytes("qyp-numbers")]);
  const content = JSON.parse(new TextDecoder().decode(text));
  const net = unpackNetwork(bytes, content.network);
  const accesses = unpackAccesses(bytes, content.facilityAccess);
  const limits = [5, 10, 15].map(minutes => minutes * 1e6 * content.speeds[0].kmh / 60);
  return positions.map(at => {
    const began = performance.now();
    const start = snapTo(net, at);
    const reached = searchFrom(net, [start], limits[2]);
    nearestOf(net, reached, accesses);
    reachedPieces(net, reached, limits);
    return performance.now() - began;
  });
}
"""


def main(
    sizes: Annotated[str, typer.Option(help="Homes, as 1k,10k,50k,100k.")] = "1k,10k",
    clicks: Annotated[int, typer.Option(help="How many clicks are timed.")] = 30,
    pages: Annotated[str, typer.Option(help="Only these.")] = "residents,planners,folium",
    write: Annotated[Path | None, typer.Option(help="File to write the tables to; else they are printed.")] = None,
) -> None:
    """Build, open, click, tell."""
    if unknown := sorted({*sizes.split(",")} - {*SIZES}):
        raise typer.BadParameter(f"no such size: {', '.join(unknown)}")
    figures = []
    for size in sizes.split(","):
        with tempfile.TemporaryDirectory() as folder:
            town = Path(folder) / "town"
            homes = write_town(town, SIZES[size])
            files = {name: town / "build" / "maps" / f"{name}.html" for name in ("residents", "planners")}
            for name in files.keys() - {*pages.split(",")}:
                (town / "maps" / f"{name}.toml").unlink()
            run(town, command="", progress=lambda _: None)
            files["folium"] = town / "folium.html"
            if "folium" in pages:
                plain_folium(homes).save(str(files["folium"]))
            for name in pages.split(","):
                figures.append(measured(name, size, files[name], homes, clicks))
                typer.echo(str(figures[-1]), err=True)
    text = report(figures)
    if write is None:
        typer.echo(text)
    else:
        write.write_text(text, encoding="utf-8")


def plain_folium(homes: gpd.GeoDataFrame) -> folium.Map:
    """The homes as folium's own documentation draws polygons: coloured, with a name to read and to click."""
    west, south, east, north = homes.total_bounds
    page = folium.Map(tiles=None)
    folium.GeoJson(
        homes,
        style_function=lambda home: {
            "fillColor": COLOURS[home["properties"]["class"]],
            "fillOpacity": 0.9,
            "weight": 0.5,
        },
        tooltip=folium.GeoJsonTooltip(["name"]),
        popup=folium.GeoJsonPopup(["name", "class"]),
    ).add_to(page)
    page.fit_bounds([[south, west], [north, east]])
    return page


def measured(name: str, size: str, file: Path, homes: gpd.GeoDataFrame, clicks: int) -> Figure:
    """Open a page up to three times, then click."""
    usable: list[float] = []
    while len(usable) < (1 if usable and usable[0] > LONG_S else 3):
        with opened(file) as page:
            usable.append(page.evaluate("usable_ms") / 1000)
            last = len(usable) == (1 if usable[0] > LONG_S else 3)
            costs = clicked(page, homes, clicks) if last else []
            circles = page.evaluate(CIRCLE, _at(homes, 200)) if last and name == "residents" else []
    return Figure(name, size, file.stat().st_size / 1e6, statistics.median(usable), costs, circles)


@contextmanager
def opened(file: Path) -> Iterator[Page]:
    """A page that can be used, in a browser of its own."""
    with sync_playwright() as playwright:
        browser: Browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=QUIET)
        page = browser.new_context(viewport=WINDOW).new_page()
        page.set_default_timeout(600_000)
        page.route("**/*", _from_packages)
        page.add_init_script(USABLE)
        page.goto(file.as_uri(), timeout=600_000)
        page.evaluate("usable_ms")
        yield page
        browser.close()


def _from_packages(route: Route) -> None:
    """Answer what a page asks the network for: Leaflet from its package, all else with nothing."""
    asked = route.request.url
    if not asked.startswith("http"):
        route.continue_()
        return
    file = leaflet_folder() / asked.rsplit("/", 1)[-1]
    if file.name in {"leaflet.js", "leaflet.css"}:
        route.fulfill(path=file)
    else:
        route.fulfill(body="")


def clicked(page: Page, homes: gpd.GeoDataFrame, clicks: int) -> list[float]:
    """What a click on each of some homes costs, in ms; the first two, which still compile, are left out."""
    costs = []
    for lat, lng in _at(homes, clicks + 2):
        x, y = page.evaluate(CLICK, {"lat": lat, "lng": lng})
        page.mouse.click(x, y)
        costs.append(page.evaluate("work_ms"))
    return costs[2:]


def _at(homes: gpd.GeoDataFrame, n: int) -> list[list[float]]:
    """Positions within homes picked at random, latitude first."""
    shapes: Any = homes.geometry
    some = shapes.iloc[np.random.default_rng(0).integers(0, len(homes), n)].representative_point()
    return [[at.y, at.x] for at in some]


if __name__ == "__main__":
    typer.run(main)
