"""Reading a page's data, and opening a page in Chromium with no network."""

from __future__ import annotations

import importlib.util
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from qyp_geo.maps import build_page
from tests.conftest import require
from tests.maps.district import Parts, make_district

DESKTOP = {"width": 1400, "height": 900}
SMALL = {"width": 900, "height": 600}
PHONE = {"width": 390, "height": 844}
QUIET = (
    "--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking --disable-component-update "
    "--disable-sync"
)

Open = Callable[..., Any]


@pytest.fixture(scope="session")
def chromium() -> Iterator[Any]:
    """A running Chromium."""
    program = shutil.which("chromium")
    require(
        importlib.util.find_spec("playwright") is not None, "pages are opened by playwright, which is not installed"
    )
    require(program is not None, "pages are opened in Debian's chromium, which is not installed")
    from playwright.sync_api import sync_playwright  # noqa: PLC0415  only where it is installed

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=QUIET.split())
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def harmless() -> str:
    """The page of the made-up district as it is."""
    return build(make_district())


@pytest.fixture
def open_page(chromium: Any, harmless: str, tmp_path: Path) -> Iterator[Open]:
    """Opens a page, the harmless one by default; afterwards nothing may have been requested, reported or thrown."""
    heard: list[str] = []
    contexts = []

    def open_it(
        given: Parts | str = harmless, *, viewport: dict[str, int] = DESKTOP, ready: str = "1", touch: bool = False
    ) -> Any:
        context = chromium.new_context(viewport=viewport, offline=True, has_touch=touch, reduced_motion="reduce")
        contexts.append(context)
        context.set_default_timeout(20_000)
        page = context.new_page()
        file = tmp_path / f"page{len(contexts)}.html"
        file.write_text(given if isinstance(given, str) else build(given), encoding="utf-8", newline="\n")

        def on_request(request: Any) -> None:
            if request.url != file.as_uri() and not request.url.startswith("data:"):
                heard.append(f"request {request.url}")

        page.on("request", on_request)
        page.on("dialog", lambda dialog: heard.append(f"dialog {dialog.message}"))
        page.on("popup", lambda _: heard.append("popup"))
        if ready == "1":
            page.on("console", lambda message: heard.append(f"console {message.type} {message.text}"))
            page.on("pageerror", lambda error: heard.append(f"error {error}"))
        page.goto(file.as_uri())
        page.wait_for_selector(f"html[data-ready='{ready}']", state="attached")
        return page

    yield open_it
    for context in contexts:
        context.close()
    assert heard == []


def build(parts: Parts) -> str:
    """Build the page of a district."""
    record, district, layers, results = parts
    return build_page(record, district=district, layers=layers, results=results)
