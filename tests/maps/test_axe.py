"""Both pages as a reader with a screen reader, a keyboard or weak eyes meets them, judged by axe-core."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from qyp_geo.publishing import publish
from tests.conftest import require
from tests.maps.conftest import DESKTOP, PHONE, Open

pytestmark = pytest.mark.browser

AXE = Path(__file__).parents[2] / ".ci/page/node_modules/axe-core/axe.min.js"
WORST = {"serious", "critical"}


@pytest.fixture(scope="module")
def axe() -> str:
    require(AXE.is_file(), 'axe-core is not installed: run "npm install" in .ci/page')
    return AXE.read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def draft(sample_folder: Path) -> Path:
    return publish(sample_folder, draft=True).folder


def violations(page: Any, axe: str) -> list[str]:
    """What axe-core finds serious or critical on a page as it is now."""
    page.evaluate(axe)
    found = page.evaluate("axe.run(document, { resultTypes: ['violations'] })")["violations"]
    return [
        f"{one['id']} ({one['impact']}): {one['help']}: {', '.join(str(node['target'][0]) for node in one['nodes'][:5])}"
        for one in found
        if one["impact"] in WORST
    ]


@pytest.mark.parametrize("viewport", [DESKTOP, PHONE], ids=["desktop", "phone"])
@pytest.mark.parametrize("name", ["maps/residents", "maps/planners"])
def test_no_serious_violation(open_page: Open, draft: Path, axe: str, name: str, viewport: dict[str, int]) -> None:
    page = open_page((draft / f"{name}.html").read_text(encoding="utf-8"), viewport=viewport, touch=viewport == PHONE)
    assert violations(page, axe) == []
    page.mouse.click(viewport["width"] * 0.5, viewport["height"] * 0.4)
    page.wait_for_timeout(200)
    assert violations(page, axe) == [], "with a place chosen"


def test_axe_would_find_something(open_page: Open, draft: Path, axe: str) -> None:
    page = open_page((draft / "maps/residents.html").read_text(encoding="utf-8"))
    page.evaluate("document.body.append(document.createElement('button'))")
    assert any(one.startswith("button-name") for one in violations(page, axe))


@pytest.mark.parametrize("viewport", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_the_front_page_has_none_either(chromium: Any, draft: Path, axe: str, viewport: dict[str, int]) -> None:
    context = chromium.new_context(viewport=viewport, offline=True)
    page = context.new_page()
    page.goto((draft / "index.html").as_uri())
    assert violations(page, axe) == []
    context.close()
