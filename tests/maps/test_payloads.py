"""Whatever people write into names, titles, notes and headings is shown as it is, and nothing of it runs: pages and papers."""

from __future__ import annotations

import csv
import re
import zipfile
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from qyp_geo import maps
from qyp_geo.built import open_build
from qyp_geo.papers import write_papers
from qyp_geo.publishing.front import front_page
from qyp_geo.record import Run
from qyp_geo.tables import write_csv
from tests.hostile import OWNED, PAYLOADS, hostile, hostile_run
from tests.maps.conftest import Open, build
from tests.maps.district import make_district
from tests.maps.public import make_public

RUNS = {"script", "iframe", "object", "embed", "base", "form", "link", "meta"}
SIGNS = ("=", "+", "-", "@", "\t", "\r", "＝", "＋", "－", "＠")


@pytest.fixture(scope="module")
def bad(sample_folder: Path) -> Run:
    return hostile_run(open_build(sample_folder))


@pytest.fixture(scope="module")
def papers(bad: Run, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("papers")
    write_papers(bad, folder)
    return folder


class Parsed(HTMLParser):
    """The tags of a document, its attributes, and its text."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data


def assert_inert(html: str) -> Parsed:
    """Nothing in a document runs, asks or leads elsewhere."""
    parsed = Parsed(html)
    ours = [one for one in parsed.tags if one[0] in RUNS - {"meta", "link"}]
    assert ours == []
    for tag, attrs in parsed.tags:
        assert not [name for name in attrs if name.startswith("on") or name == "srcdoc"], tag
        for name in ("href", "src"):
            assert re.match(r"$|#|\./|data:(,|image/)|manifest\.json$|SHA256SUMS$", attrs.get(name) or ""), attrs
    assert "default-src 'none'" in html.partition("</head>")[0]
    return parsed


def test_the_payloads_are_many_and_differ() -> None:
    assert len(set(PAYLOADS)) == len(PAYLOADS) >= 15
    named = {hostile(f"{number}号楼").removesuffix(f"{number}号楼") for number in range(2000)}
    assert named == set(PAYLOADS), "each is used"


@pytest.mark.browser
@pytest.mark.parametrize("payload", PAYLOADS)
@pytest.mark.parametrize("district", [make_district, make_public], ids=["planners", "residents"])
def test_a_page_shows_each_text_and_runs_none(open_page: Open, payload: str, district: Any) -> None:
    parts = district(texts=lambda harmless: f"{payload}{harmless}")
    page = open_page(build(parts))
    assert page.locator("h1").first.text_content() == parts[0].title
    assert OWNED not in page.title().removeprefix(parts[0].title)
    assert (
        page.evaluate("document.querySelectorAll('body img:not(.leaflet-tile), body iframe, body object').length") == 0
    )
    assert page.evaluate("[...document.querySelectorAll('body *')].every(one => !one.hasAttribute('onerror'))")


@pytest.mark.browser
@pytest.mark.parametrize("name", ["planners", "residents"])
def test_a_page_of_the_whole_sample_runs_nothing(open_page: Open, bad: Run, name: str) -> None:
    record = bad.project.maps[f"maps/{name}"]
    html = maps.build_page(record, district=bad.project.district, layers=bad.layers, results=bad.results)
    page = open_page(html)
    page.fill("#search", "洪都")
    page.locator("#search-list li").first.click()
    page.wait_for_timeout(200)
    assert page.locator("h1").first.text_content() == record.title
    assert page.evaluate("window.owned ?? ''") == ""


def test_the_front_page_is_text(bad: Run, tmp_path: Path) -> None:
    parsed = assert_inert(front_page(bad, bad.project.maps, {}, tmp_path, draft=True))
    for text in (bad.project.district.title, *(page.title for page in bad.project.maps.values())):
        assert plain(text) in plain(parsed.text)


def test_the_report_is_text(papers: Path, bad: Run) -> None:
    for name in ("report.html", "report.en.html"):
        parsed = assert_inert((papers / name).read_text(encoding="utf-8"))
        assert plain(bad.project.district.title) in plain(parsed.text)


def plain(text: str) -> str:
    """A text without what a document cannot hold or sets otherwise: control characters, spaces and line ends."""
    return re.sub(r"[\x00-\x20\ufffd]+", "", text)


def test_no_cell_of_the_workbook_is_a_formula_or_a_link(papers: Path) -> None:
    with zipfile.ZipFile(papers / "report.xlsx") as book:
        inside = {name: book.read(name).decode() for name in book.namelist() if name.endswith((".xml", ".rels"))}
    sheets = {name: text for name, text in inside.items() if name.startswith("xl/worksheets/sheet")}
    assert sheets
    for name, text in sheets.items():
        assert not re.search(r"<f[ >/]", text), f"{name} computes"
    assert not [name for name, text in inside.items() if 'TargetMode="External"' in text], "leads elsewhere"
    assert re.search(r"<t[^>]*>[=+@-]", inside["xl/sharedStrings.xml"]), (
        "texts that begin as formulas are there, as texts"
    )


@pytest.mark.parametrize("name", ["report.docx", "report.en.docx"])
def test_the_document_leads_nowhere_and_computes_nothing(papers: Path, name: str) -> None:
    with zipfile.ZipFile(papers / name) as document:
        relations = "".join(document.read(one).decode() for one in document.namelist() if one.endswith(".rels"))
        body = document.read("word/document.xml").decode()
    assert 'TargetMode="External"' not in relations
    fields = set(re.findall(r"<w:instrText[^>]*>\s*(\w+)", body)) | set(re.findall(r'w:instr="\s*(\w+)', body))
    assert fields <= {"PAGE", "NUMPAGES", "TOC", "SEQ"}


def test_no_cell_of_a_published_table_is_a_formula(bad: Run, tmp_path: Path) -> None:
    page = bad.project.maps["maps/residents"]
    for name, table in maps.published_tables(page, bad.results).items():
        path = tmp_path / f"{name}.csv"
        write_csv(table, path)
        with path.open(encoding="utf-8-sig", newline="") as file:
            cells = [cell for row in csv.reader(file) for cell in row]
        assert any(cell.startswith("'") for cell in cells), "the payloads are there"
        assert not [cell for cell in cells if len(cell) > 1 and cell.startswith(SIGNS) and not is_number(cell)]


def is_number(cell: str) -> bool:
    """Whether a cell is a figure."""
    return re.fullmatch(r"-?\d+(\.\d+)?", cell) is not None
