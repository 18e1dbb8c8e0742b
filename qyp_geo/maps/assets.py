"""What a page carries beside its data: Leaflet from the package that ships it, and our own script and style.

A page makes no request, so every asset lies inside it, the images of Leaflet's style as ``data:`` addresses. Nothing here
depends on what is mapped.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping, Sequence
from importlib import import_module
from pathlib import Path
from typing import Final

from qyp_geo.errors import MissingError

_OURS: Final = Path(__file__).parent / "page"
_SCRIPTS: Final[Mapping[str, Sequence[str]]] = {
    "common": (
        *("words.js", "unpack.js", "network.js", "circle.js", "style.js", "symbol.js", "homes.js"),
        *("elements.js", "labels.js", "basemap.js", "frame.js", "combobox.js", "grid.js", "address.js", "watermark.js"),
    ),
    "planners": (
        *("words.js", "draw.js", "figures.js", "ways.js", "charts.js", "views.js", "tables.js"),
        *("areas.js", "decisions.js", "plan.js", "whatif.js", "export.js", "topics.js", "viewed.js", "search.js"),
        *("legend.js", "speak.js", "page.js"),
    ),
    "residents": (
        *("words.js", "content.js", "base.js", "walks.js", "draw.js", "place.js", "views.js", "tables.js", "legend.js"),
        *("search.js", "locate.js", "sheet.js", "page.js"),
    ),
}
"""In the order in which they are read: what both pages share, then what one page has of its own."""
_LEAFLET: Final = "1.9."
_IMAGE: Final = re.compile(r"url\(([^)#]+)\)")
_REMEDY: Final = 'Install the project again with "pip install ."; a page is never built with a part missing'


def leaflet_folder() -> Path:
    """Return the folder of Leaflet's files.

    Raises
    ------
    MissingError
        If xstatic-leaflet is not installed, or carries another generation of Leaflet than the page is written for.
    """
    try:
        package = import_module("xstatic.pkg.leaflet")
    except ImportError as error:
        raise MissingError(
            f"the map needs Leaflet from the package xstatic-leaflet, which is missing. {_REMEDY}"
        ) from error
    if not str(package.VERSION).startswith(_LEAFLET):
        raise MissingError(
            f"the map is written for Leaflet {_LEAFLET}x; xstatic-leaflet carries {package.VERSION}. {_REMEDY}"
        )
    return Path(package.BASE_DIR)


def style(leaflet: Path, audience: str) -> str:
    """Return the whole style of a page: Leaflet's with its images inside, then ours."""

    def as_data(match: re.Match[str]) -> str:
        image = leaflet / match[1].strip("'\" ")
        return f"url(data:image/{image.suffix[1:]};base64,{base64.b64encode(_bytes(image)).decode('ascii')})"

    ours = (_text(_OURS / folder / "page.css") for folder in ("common", audience))
    return _IMAGE.sub(as_data, _text(leaflet / "leaflet.css")) + "".join(ours)


def scripts(leaflet: Path, audience: str) -> tuple[str, str]:
    """Return Leaflet's script and ours."""
    # Without its source map, which a browser's tools would ask for.
    theirs = re.sub(r"//# sourceMappingURL=\S+", "", _text(leaflet / "leaflet.js"))
    ours = [_text(_OURS / folder / name) for folder in ("common", audience) for name in _SCRIPTS[folder]]
    return theirs, '"use strict";\n' + "\n".join(ours)


def body(audience: str) -> str:
    """Return the page's own HTML: the places that its script fills."""
    return _text(_OURS / audience / "page.html")


def _text(path: Path) -> str:
    """Read a text; line ends are what an HTML parser makes of them, or hashes would not fit."""
    return _bytes(path).decode("utf-8").replace("\r\n", "\n")


def _bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise MissingError(f"the page asset {path.name} is missing from {path.parent}. {_REMEDY}") from error
