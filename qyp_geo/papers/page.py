"""A report as one HTML page that prints on A4: no script, no request, and every text escaped."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator
from html import escape
from importlib.resources import files
from typing import Final

from qyp_geo.papers.model import Block, Picture, Points, Report, Table, width_of

_SHORT: Final = 14
"""Half-width characters that stay on one line."""


def page_text(report: Report) -> str:
    """Return a report as HTML.

    Its Content-Security-Policy allows its one style, by hash, and ``data:`` images; nothing runs and nothing is fetched.
    """
    language = "zh-CN" if report.words.language == "zh" else "en"
    style = (files("qyp_geo") / "papers" / "page.css").read_text(encoding="utf-8").replace("MARK", report.mark)
    digest = base64.b64encode(hashlib.sha256(style.encode("utf-8")).digest()).decode("ascii")
    policy = f"default-src 'none'; style-src 'sha256-{digest}'; img-src data:; base-uri 'none'; form-action 'none'"
    parts = [
        f'<!DOCTYPE html>\n<html lang="{language}">\n<head>\n<meta charset="utf-8">',
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        '<meta name="referrer" content="no-referrer">',
        f"<title>{escape(report.title)}</title>\n<style>{style}</style>\n</head>\n<body>",
        *_front(report),
        *_sections(report),
        "</body>\n</html>\n",
    ]
    return "\n".join(parts)


def _front(report: Report) -> Iterator[str]:
    """The first page: what it is, what to know first, key figures, and the summary."""
    words = report.words
    yield f'<header>\n<p class="mark">{escape(report.mark)}</p>\n<h1><span>{escape(report.place)}</span>'
    yield f'{escape(report.name)}</h1>\n<dl class="facts">'
    for label, value in report.facts:
        yield f"<div><dt>{escape(label)}</dt><dd>{escape(value)}</dd></div>"
    yield "</dl>\n</header>\n<main>"
    if report.headlines:
        yield '<dl class="cards">'
        for value, label in report.headlines:
            yield f"<div><dd>{escape(value)}</dd><dt>{escape(label)}</dt></div>"
        yield "</dl>"
    yield f'<section class="summary">\n<h2>{escape(words("summary"))}</h2>\n<dl>'
    for topic, said in report.summary:
        yield f"<div><dt>{escape(topic)}</dt><dd>{escape(said)}</dd></div>"
    yield "</dl>\n</section>"
    yield f"<aside>\n<h2>{escape(words('cautions'))}</h2>\n{_items(report.cautions, 'ul')}\n</aside>"
    yield f"<nav>\n<h2>{escape(words('contents'))}</h2>\n<ol>"
    for number, heading in enumerate(report.headings(), start=1):
        yield f'<li><a href="#part-{number}">{escape(heading)}</a></li>'
    yield "</ol>\n</nav>"


def _sections(report: Report) -> Iterator[str]:
    captions = report.captions()
    for number, (heading, section) in enumerate(zip(report.headings(), report.sections, strict=True), start=1):
        yield f'<section id="part-{number}">\n<h2>{escape(heading)}</h2>'
        for block in section.blocks:
            yield _block(block, captions)
        yield "</section>"
    yield "</main>"


def _block(block: Block, captions: Iterator[str]) -> str:
    match block:
        case str():
            return f"<p>{escape(block)}</p>"
        case Points():
            return _items(block.items, "ul")
        case Table():
            return _table(block, next(captions))
        case Picture():
            return _picture(block, next(captions))


def _items(items: tuple[str, ...], tag: str) -> str:
    return f"<{tag}>{''.join(f'<li>{escape(item)}</li>' for item in items)}</{tag}>"


def _table(table: Table, caption: str) -> str:
    of = [
        ' class="n"' if numeric else ' class="s"' if _is_short(table, n) else ""
        for n, numeric in enumerate(table.numeric)
    ]
    heads = "".join(f'<th scope="col"{sort}>{escape(head)}</th>' for head, sort in zip(table.heads, of, strict=True))
    rows = "\n".join(
        f"<tr>{''.join(f'<td{sort}>{escape(cell)}</td>' for cell, sort in zip(row, of, strict=True))}</tr>"
        for row in table.rows
    )
    wide = ' class="wide"' if len(table.heads) > 8 else ""
    note = f'\n<p class="note">{escape(table.note)}</p>' if table.note else ""
    return (
        f'<div class="table"><table{wide}>\n<caption>{escape(caption)}</caption>\n'
        f"<thead><tr>{heads}</tr></thead>\n<tbody>\n{rows}\n</tbody>\n</table>{note}</div>"
    )


def _is_short(table: Table, column: int) -> bool:
    """Whether a column is of single words, which look torn on two lines."""
    return max((width_of(row[column]) for row in table.rows), default=0) <= _SHORT


def _picture(picture: Picture, caption: str) -> str:
    """A map as pixels, for it may have many thousand shapes; a chart as lines, for it prints sharp."""
    kind, data = ("png", picture.drawing.png) if picture.is_map else ("svg+xml", picture.drawing.svg)
    source = f"data:image/{kind};base64,{base64.b64encode(data).decode('ascii')}"
    return (
        f'<figure>\n<img src="{source}" alt="{escape(f"{picture.title}. {picture.alt}")}">\n'
        f"<figcaption>{escape(caption)}</figcaption>\n</figure>"
    )
