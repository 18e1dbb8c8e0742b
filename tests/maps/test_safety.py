"""No data in a template, none in the page but as base64; nothing that is fetched, nothing that could run."""

from __future__ import annotations

import base64
import hashlib
import inspect
import re
import shutil
from html.parser import HTMLParser
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import folium
import jinja2
import pytest

from qyp_geo.errors import MissingError
from qyp_geo.maps import assets
from qyp_geo.maps.frame import assemble, render_frame
from tests.maps.conftest import build
from tests.maps.district import HOSTILE, make_district
from tests.maps.reading import blocks, text, without_data

MARK = "QYPMARK"
OURS = Path(assets.__file__).parent / "page"


class Parsed(HTMLParser):
    """What a page holds: its tags, and the text of its inline scripts and styles."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.inline: dict[str, list[str]] = {"script": [], "style": []}
        self._within = ""
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        self._within = tag if tag in self.inline and not dict(attrs) else ""
        if self._within:
            self.inline[tag].append("")

    def handle_endtag(self, tag: str) -> None:
        self._within = ""

    def handle_data(self, data: str) -> None:
        if self._within:
            self.inline[self._within][-1] += data


@pytest.fixture(scope="module")
def hostile_page() -> str:
    return build(make_district(side=3, texts=lambda harmless: f"{MARK}{''.join(HOSTILE)}{harmless}"))


@pytest.fixture(scope="module")
def parsed(hostile_page: str) -> Parsed:
    return Parsed(hostile_page)


def test_the_frame_takes_nothing() -> None:
    assert not inspect.signature(render_frame).parameters
    assert render_frame() == render_frame()


def test_no_data_reaches_a_template(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[str] = []
    compile_, render = jinja2.Environment.compile, jinja2.Template.render

    def compiling(self: jinja2.Environment, source: Any, *args: Any, **kwargs: Any) -> Any:
        seen.append(str(source))
        return compile_(self, source, *args, **kwargs)

    def rendering(self: jinja2.Template, *args: Any, **kwargs: Any) -> str:
        rendered = render(self, *args, **kwargs)
        seen.append(rendered)
        return rendered

    monkeypatch.setattr(jinja2.Environment, "compile", compiling)
    monkeypatch.setattr(jinja2.Template, "render", rendering)
    html = build(make_district(side=2, texts=lambda harmless: f"{MARK}{{{{7*7}}}}{harmless}"))
    assert len(seen) > 5
    assert not any(MARK in one or "青云谱" in one or "application/octet-stream" in one for one in seen)
    assert text(html)["title"] == f"{MARK}{{{{7*7}}}}青云谱区十五分钟生活圈"


def test_pages_of_different_data_differ_in_their_base64_alone(hostile_page: str) -> None:
    assert without_data(hostile_page) == without_data(build(make_district(side=4)))
    assert sorted(blocks(hostile_page)) == ["qyp-numbers", "qyp-text"]
    assert all(re.fullmatch(r"[A-Za-z0-9+/]+=*", block) for block in blocks(hostile_page).values())


def test_every_hostile_text_travels_whole(hostile_page: str) -> None:
    content = text(hostile_page)
    expected = f"{MARK}{''.join(HOSTILE)}"
    homes = next(overlay for overlay in content["overlays"] if overlay["role"] == "coverage")
    assert set(homes["names"]) == {f"{expected}{row}排{column}号楼" for row in range(3) for column in range(3)}
    assert content["sources"][0]["licence"] == f"{expected}ODbL 1.0"


def test_the_policy_allows_the_inline_scripts_and_styles_and_nothing_else(parsed: Parsed) -> None:
    metas = [attrs for tag, attrs in parsed.tags if tag == "meta"]
    policy = next(str(meta["content"]) for meta in metas if meta.get("http-equiv") == "Content-Security-Policy")
    directives = {part.split()[0]: part.split()[1:] for part in policy.split("; ")}
    assert directives.pop("default-src") == ["'none'"]
    assert directives.pop("img-src") == ["data:"]
    assert directives.pop("base-uri") == directives.pop("form-action") == ["'none'"]
    assert directives == {
        f"{name}-src": [f"'sha256-{_digest(one)}'" for one in found] for name, found in parsed.inline.items()
    }
    assert len(parsed.inline["script"]) == 3  # Leaflet's, ours, and folium's that makes the map


def _digest(inline: str) -> str:
    return base64.b64encode(hashlib.sha256(inline.encode("utf-8")).digest()).decode("ascii")


def test_the_policy_comes_before_anything_that_it_rules(parsed: Parsed) -> None:
    names = [tag for tag, _ in parsed.tags]
    policy = next(n for n, (_, attrs) in enumerate(parsed.tags) if attrs.get("http-equiv") == "Content-Security-Policy")
    assert policy < names.index("script")
    assert policy < names.index("style")


def test_the_page_fetches_nothing(parsed: Parsed) -> None:
    addresses = [
        (tag, value)
        for tag, attrs in parsed.tags
        for name, value in attrs.items()
        if name in {"src", "href", "srcset", "action", "data", "poster", "background"} and value != "data:,"
    ]
    # A link that a reader may follow, which the licence of OpenStreetMap asks for.
    assert addresses == [("a", "https://www.openstreetmap.org/copyright")]
    assert not any(re.search(r"@import|url\((?!data:|#)", style) for style in parsed.inline["style"])
    assert "sourceMappingURL" not in "".join(parsed.inline["script"])


def test_images_of_leaflet_lie_inside(parsed: Parsed) -> None:
    assert parsed.inline["style"][0].count("url(data:image/png;base64,") == 3


def test_no_attribute_carries_script_or_style(parsed: Parsed) -> None:
    assert not [name for _, attrs in parsed.tags for name in attrs if name == "style" or name.startswith("on")]


@pytest.mark.parametrize("file", sorted(OURS.rglob("*.js")), ids=lambda file: file.name)
def test_our_script_parses_nothing_as_html_or_code(file: Path) -> None:
    source = file.read_text(encoding="utf-8")
    forbidden = (
        "innerHTML",
        "outerHTML",
        "insertAdjacentHTML",
        "document.write",
        "eval(",
        "Function(",
        "srcdoc",
        "</script",
    )
    assert not [word for word in forbidden if word in source]
    audience = "residents" if file.parent.name == "residents" else "planners"
    assert source.strip() in assets.scripts(assets.leaflet_folder(), audience)[1]


def test_the_same_input_gives_the_same_bytes() -> None:
    assert build(make_district(side=3)) == build(make_district(side=3))


def test_folium_itself_is_left_as_it_was() -> None:
    before = [list(folium.Map.default_js), list(folium.Map.default_css)]
    render_frame()
    assert [folium.Map.default_js, folium.Map.default_css] == before
    assert len(before[0]) > 1


@pytest.mark.parametrize("missing", ["leaflet.js", "leaflet.css", "images/layers-2x.png"])
def test_a_missing_asset_fails_the_build(missing: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    shutil.copytree(assets.leaflet_folder(), tmp_path / "leaflet")
    (tmp_path / "leaflet" / missing).unlink()
    monkeypatch.setattr(assets, "leaflet_folder", lambda: tmp_path / "leaflet")
    with pytest.raises(MissingError, match=Path(missing).name):
        assemble(render_frame(), {}, audience="planners")


def test_a_missing_package_fails_the_build(monkeypatch: pytest.MonkeyPatch) -> None:
    def absent(name: str) -> None:
        raise ImportError(name)

    monkeypatch.setattr(assets, "import_module", absent)
    with pytest.raises(MissingError, match="xstatic-leaflet, which is missing"):
        assemble(render_frame(), {}, audience="planners")


def test_another_generation_of_leaflet_fails_the_build(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(assets, "import_module", lambda _: SimpleNamespace(VERSION="2.0.0", BASE_DIR="."))
    with pytest.raises(MissingError, match=r"carries 2\.0\.0"):
        assemble(render_frame(), {}, audience="planners")
