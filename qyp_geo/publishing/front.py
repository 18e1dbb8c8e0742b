"""The front page of a published folder: static, without script, in Chinese and English."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable, Mapping, Sequence
from html import escape
from importlib.resources import files
from pathlib import Path
from typing import Final
from urllib.parse import quote

from qyp_geo import maps
from qyp_geo.declarations import Layer, Map
from qyp_geo.publishing.manifest import beneath
from qyp_geo.record import Run

_WATERMARK: Final = "内部资料,未经审核不得公开"
_DISCLAIMER: Final = (
    ("zh", "估算结果,不作为学区划分、房产交易或行政依据。"),
    ("en", "Estimates; no ground for school districts, property deals or administrative acts."),
)
_KINDS: Final = {
    ".html": ("网页", "page"),
    ".csv": ("表格", "table"),
    ".geojson": ("地理数据", "places"),
    ".gpkg": ("地理数据", "places"),
}
_MEBI: Final = 2**20


def front_page(
    run: Run, pages: Mapping[str, Map], rests_on: Mapping[str, Sequence[str]], folder: Path, *, draft: bool
) -> str:
    """Return the text of `index.html`.

    Parameters
    ----------
    run
        What was published.
    pages
        The pages of the folder, by reference.
    rests_on
        The pages or layers that each file is made of: their titles say what it is.
    folder
        Where they, the tables and the downloads lie by now.
    draft
        Whether the watermark stands over it.

    Returns
    -------
    str
        HTML that makes no request and runs nothing; data is in it as text alone.
    """
    district = run.project.district
    title = f"{district.title} · 十五分钟生活圈"
    style = files("qyp_geo.publishing").joinpath("front.css").read_text(encoding="utf-8").replace("\r\n", "\n")
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode("ascii")
    policy = f"default-src 'none'; style-src 'sha256-{digest}'; img-src data:; base-uri 'none'; form-action 'none'"
    layers = [run.project.layers[ref] for ref in beneath(run, pages) if ref in run.project.layers]
    publishers = dict.fromkeys(page.publisher for page in pages.values() if page.publisher)
    body = [
        *(
            [f'<p class="draft" lang="zh">{_WATERMARK} <span lang="en">internal draft, not for the public</span></p>']
            * draft
        ),
        f'<header><h1 lang="zh">{escape(title)}</h1>',
        f"<p>{escape(' · '.join(filter(None, [*publishers, district.note])))}</p></header><main>",
        _section("地图", "Maps", (_page(ref, page) for ref, page in pages.items())),
        _section("表格", "Tables", _files(run, rests_on, folder, "tables")),
        _section("数据下载", "Downloads", _files(run, rests_on, folder, "downloads")),
        _section("数据来源", "Sources", (_source(layer) for layer in layers if draft or maps.is_public(layer))),
        _section(
            "核对",
            "Checks",
            (f'<a href="{name}">{name}</a>' for name in ("manifest.json", "SHA256SUMS")),
        ),
        "</main><footer>",
        *(f'<p lang="{language}">{said}</p>' for language, said in _DISCLAIMER),
        "</footer>",
    ]
    return "\n".join(
        [
            '<!DOCTYPE html>\n<html lang="zh">\n<head>\n<meta charset="utf-8">',
            f'<meta http-equiv="Content-Security-Policy" content="{policy}">',
            f'<meta name="qyp-release" content="{"draft" if draft else "public"}">',
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            '<meta name="referrer" content="no-referrer">',
            f'<link rel="icon" href="data:,">\n<title>{escape(title)}</title>\n<style>{style}</style>\n</head>\n<body>',
            *body,
            "</body>\n</html>\n",
        ]
    )


def _section(zh: str, en: str, items: Iterable[str]) -> str:
    listed = "\n".join(f"<li>{item}</li>" for item in items)
    heading = f'<h2><span lang="zh">{zh}</span> <span lang="en">{en}</span></h2>'
    return f"<section>{heading}\n<ul>\n{listed}\n</ul></section>" if listed else ""


def _page(ref: str, page: Map) -> str:
    said = []
    if page.review_number.strip():
        said.append(f"审图号:{page.review_number.strip()}")
    if page.exemption is not None:
        said.append(f"免审依据:{page.exemption.clause}({page.exemption.approver},{page.exemption.date})")
    if page.audience == "planners":
        said.append("规划内部使用 planners only")
    return f'<a class="page" href="{_address(f"{ref}.html")}">{escape(page.title)}</a><br>{escape(" · ".join(said))}'


def _files(run: Run, rests_on: Mapping[str, Sequence[str]], folder: Path, name: str) -> Iterable[str]:
    titles = {ref: layer.title for ref, layer in run.project.layers.items()}
    titles |= {ref: page.title for ref, page in run.project.maps.items()}
    for path in sorted((folder / name).glob("*")):
        of = [titles[ref] for ref in rests_on[f"{name}/{path.name}"]]
        said = f"{of[0]} " if len(of) == 1 else ""
        zh, en = _KINDS[path.suffix]
        size = path.stat().st_size
        shown = f"{size / _MEBI:.1f} MB" if size >= _MEBI else f"{max(size // 1024, 1)} kB"
        yield (
            f'<a href="{_address(f"{name}/{path.name}")}" download>{escape(f"{said}{path.name}")}</a> '
            f'<small>{zh} <span lang="en">{en}</span>, {shown}</small>'
        )


def _source(layer: Layer) -> str:
    provenance = layer.provenance
    said = [provenance.publisher, str(provenance.as_of or provenance.retrieved), provenance.completeness or ""]
    return f"{escape(layer.title)}: {escape(' · '.join(filter(None, [*said, provenance.licence, provenance.note])))}"


def _address(path: str) -> str:
    """Return a path within the folder as an address; a name with `:` or `#` in it stays a name."""
    return f"./{quote(path)}"
