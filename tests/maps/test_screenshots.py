"""Pictures of both pages of the sample district, as `qyp publish --draft` wrote them.

With `QYP_SCREENSHOTS=docs` they are written to that folder of the project as well.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from matplotlib.image import imread

from qyp_geo.publishing import publish
from tests.maps.conftest import DESKTOP, PHONE, Open

pytestmark = pytest.mark.browser

ROOT = Path(__file__).parents[2]
FEWEST_COLOURS = 40
"""Of a page that shows a map; an empty one has its panels' few."""


@pytest.fixture(scope="module")
def draft(sample_folder: Path) -> Path:
    return publish(sample_folder, draft=True).folder


@pytest.mark.parametrize(("size", "viewport"), [("desktop", DESKTOP), ("phone", PHONE)])
@pytest.mark.parametrize("name", ["residents", "planners"])
def test_a_place_is_chosen_and_pictured(
    open_page: Open, draft: Path, tmp_path: Path, name: str, size: str, viewport: dict[str, int]
) -> None:
    html = (draft / f"maps/{name}.html").read_text(encoding="utf-8")
    page = open_page(html, viewport=viewport, touch=size == "phone")
    choose_home(page)
    page.wait_for_timeout(400)
    asked = os.environ.get("QYP_SCREENSHOTS")
    picture = (ROOT / asked if asked else tmp_path) / f"{name}-{size}.png"
    page.screenshot(path=picture)
    pixels = imread(picture)[..., :3]
    assert pixels.shape[:2] == (viewport["height"], viewport["width"])
    colours = np.unique((pixels * 15).round().astype(np.uint8).reshape(-1, 3), axis=0)
    assert len(colours) >= FEWEST_COLOURS


def choose_home(page: Any) -> None:
    """Search for the first place of a common name."""
    page.fill("#search", "洪都")
    page.locator("#search-list li").first.click()
