"""A folder whose ids, names, headings, 审图号 and exemption are hostile, through the whole of the main job and publishing."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import pytest

from qyp_geo.publishing import publish
from qyp_geo.run import run
from tests.hostile import OWNED, PAYLOADS
from tests.maps.conftest import DESKTOP
from tests.public import public_district, silent
from tests.small import EAST, NORTH

ROWS = [text.replace("\x00", "").replace("\r", "").replace("\n", " ").replace("\t", " ").strip() for text in PAYLOADS]


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder as it is published."""
    every = json.dumps("".join(ROWS), ensure_ascii=False)  # a basic string of TOML too
    exemption = f"exemption = {{ clause = {every}, approver = {every}, date = 2026-03-01 }}\n"
    folder = public_district(
        tmp_path_factory.mktemp("hostile") / "small",
        review=f"review_number = {every}\npublisher = {every}\n{exemption}",
    )
    with (folder / "layers/data/toilets.csv").open("w", encoding="utf-8", newline="") as file:
        table = csv.writer(file)
        table.writerow(["id", "name", "x", "y", "hours"])
        for n, text in enumerate(ROWS):
            table.writerow([text, text, EAST + 30 * n, NORTH, text])
    with (folder / "layers/data/residents.csv").open("w", encoding="utf-8", newline="") as file:
        table = csv.writer(file)
        table.writerow(["id", "x", "y", "people"])
        table.writerows([text, EAST + 31 * n, NORTH + 500, 20] for n, text in enumerate(ROWS))
    toilets = folder / "layers/toilets.toml"
    toilets.write_text(
        toilets.read_text(encoding="utf-8").replace("[columns]", '[columns]\nopen_hours = "hours"'), encoding="utf-8"
    )
    for page in ("residents", "planners"):
        path = folder / f"maps/{page}.toml"
        declared = path.read_text(encoding="utf-8")
        shown = f'of = "layers/toilets"\npopup = {{ open_hours = {every} }}'
        path.write_text(declared.replace('of = "layers/toilets"', shown), encoding="utf-8")
    run(folder, command="qyp run", progress=silent)
    return publish(folder, draft=True).folder


def test_the_folder_is_published_with_every_row(published: Path) -> None:
    places = json.loads((published / "downloads/toilets.geojson").read_text(encoding="utf-8"))["features"]
    assert sorted(one["properties"]["id"] for one in places) == sorted(ROWS)
    assert sorted(one["properties"]["name"] for one in places) == sorted(ROWS)


@pytest.mark.browser
@pytest.mark.parametrize("file", ["index.html", "maps/residents.html", "maps/planners.html"])
def test_nothing_of_it_runs(chromium: Any, published: Path, file: str) -> None:
    heard: list[str] = []
    context = chromium.new_context(viewport=DESKTOP, offline=True, reduced_motion="reduce")
    page = context.new_page()
    page.on("dialog", lambda dialog: heard.append(dialog.message))
    page.on("pageerror", lambda error: heard.append(str(error)))
    page.on("console", lambda message: heard.append(message.text))
    page.goto((published / file).as_uri())
    if file != "index.html":
        page.wait_for_selector("html[data-ready='1']", state="attached")
        page.fill("#search", "SUM(1)")
        page.locator("#search-list li", has_text="SUM(1)").first.click()
        assert "@SUM(1)" in page.locator("main").inner_text()
    assert OWNED not in page.title()
    assert heard == []
    context.close()
