"""The Folium frame of a page, and how data is put into it.

Folium renders what it is given, and renders the outcome again as a template: a name from a CSV would run as code at build
time. So `render_frame` takes nothing at all, and data is inserted into the finished text, as base64, by `assemble`.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

import folium
from branca.element import Element, Figure, MacroElement
from folium.template import Template

from qyp_geo.errors import QypGeoError
from qyp_geo.maps import assets

_HEAD: Final = "<!--qyp:head-->"
_BODY: Final = "<!--qyp:body-->"
_DATA: Final = "<!--qyp:data-->"
_DRAFT: Final = '<meta name="qyp-release" content="draft">'
_PUBLIC: Final = '<meta name="qyp-release" content="public">'
_INLINE: Final = {
    "script-src": re.compile(r"<script>(.*?)</script>", re.DOTALL),
    "style-src": re.compile(r"<style>(.*?)</style>", re.DOTALL),
}


class _BareMap(folium.Map):
    """Folium's map with a viewport that readers may zoom."""

    _template = Template("""
        {% macro header(this, kwargs) %}
        <meta name="viewport" content="width=device-width, initial-scale=1">
        {% endmacro %}
        {% macro html(this, kwargs) %}
        <div class="folium-map" id="{{ this.get_name() }}" role="region" data-name="map"></div>
        {% endmacro %}
        {% macro script(this, kwargs) %}
        var {{ this.get_name() }} = L.map({{ this.get_name()|tojson }}, {{ this.options|tojavascript }});
        {% endmacro %}
    """)


class _Start(MacroElement):
    """Hands Folium's map to the page's own script."""

    _template = Template("{% macro script(this, kwargs) %}startPage({{ this._parent.get_name() }});{% endmacro %}")


def render_frame() -> str:
    """Return the page without style, script or data: the same text every time."""
    page = _BareMap(
        tiles=None,
        zoom_start=12,
        prefer_canvas=True,
        # Leaflet writes attributions as HTML; the page has its own, written as text.
        attribution_control=False,
        zoom_snap=0.5,
        min_zoom=8,
        max_zoom=19,
        bounce_at_zoom_limits=False,
        wheel_px_per_zoom_level=90,
    )
    page.default_js, page.default_css = [], []  # of this map alone: links to other hosts
    page.add_child(_Start())  # type: ignore[no-untyped-call]
    figure: Any = page.get_root()
    assert isinstance(figure, Figure)  # noqa: S101  what folium.Map makes of itself
    page._id = "page"  # folium draws a random one, and the same input must give the same bytes
    figure.header.add_child(Element(_HEAD), name="qyp_head")
    figure.html.add_child(Element(_BODY), name="qyp_body")
    figure.html.add_child(Element(_DATA), name="qyp_data")
    return str(figure.render())


def assemble(frame: str, blocks: Mapping[str, str], *, audience: str, image_hosts: Sequence[str] = ()) -> str:
    """Put assets and data into the frame.

    Parameters
    ----------
    frame
        What `render_frame` returned.
    blocks
        Packed data by element id.
    audience
        Whose page it is: "planners" or "residents", each with script and style of its own.
    image_hosts
        From where it may fetch images.

    Returns
    -------
    str
        The whole page, a draft: it says so across the map until it is released. Its Content-Security-Policy allows the
        very scripts and styles that are in it, by hash, and nothing else but images: ``data:`` and those of `image_hosts`.

    Raises
    ------
    MissingError
        If an asset is missing.
    """
    leaflet = assets.leaflet_folder()
    style = f"<style>{assets.style(leaflet, audience)}</style>"
    scripts = "".join(f"<script>{script}</script>" for script in assets.scripts(leaflet, audience))
    page = _insert(frame, _BODY, assets.body(audience))
    allowed = {
        directive: [_hash(text) for text in pattern.findall(style + scripts + page)]
        for directive, pattern in _INLINE.items()
    }
    policy = "; ".join(
        ["default-src 'none'"]
        + [f"{directive} {' '.join(hashes)}" for directive, hashes in allowed.items()]
        + [f"img-src {' '.join(['data:', *image_hosts])}", "base-uri 'none'", "form-action 'none'"]
    )
    head = (
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">\n'
        f'{_DRAFT}\n<meta name="referrer" content="no-referrer">\n'
        '<link rel="icon" href="data:,">\n<title>qyp_geo</title>\n'
    )
    data = "\n".join(
        f'<script type="application/octet-stream" id="{name}">{text}</script>' for name, text in blocks.items()
    )
    return _insert(_insert(page, _HEAD, head + style + scripts), _DATA, data)


def release(html: str) -> str:
    """Return a page that `assemble` made as one for the public, without the mark of a draft; who may, is not decided here.

    Scripts and styles are what they were, so that the page's policy still allows them.

    Raises
    ------
    QypGeoError
        If it is no draft.
    """
    if html.count(_DRAFT) != 1:
        raise QypGeoError("the page is no draft as qyp run writes them: run again, and publish what that wrote")
    return html.replace(_DRAFT, _PUBLIC)


def _insert(page: str, marker: str, text: str) -> str:
    before, _, after = page.partition(marker)
    return before + text + after


def _hash(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode('utf-8')).digest()).decode('ascii')}'"
