"""The written report: of a district small enough to check by eye, and of the whole sample district."""

from __future__ import annotations

import base64
import hashlib
import io
import re
import zipfile
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pandas as pd
import pytest
from docx import Document

from qyp_geo.analyses import KINDS
from qyp_geo.papers.contents import FINDINGS, report_contents
from qyp_geo.papers.document import document_bytes
from qyp_geo.papers.figures import Label
from qyp_geo.papers.model import Picture, Points, Report, Section, Table, figure, people, percent, short, tabulate
from qyp_geo.papers.page import page_text
from qyp_geo.papers.report import write_report
from qyp_geo.papers.resting import data_date
from qyp_geo.papers.telling import merged
from qyp_geo.papers.words import Words
from qyp_geo.record import Run

ZH, EN = Words("zh"), Words("en")
NAN = float("nan")
HOSTILE = [
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "{{7*7}}",
    "{0.__class__} {title}",
    "${alert(1)} `x`",
    "=1+1",
    "</style><style>*{display:none}</style>",
    "a & b &lt; c",
]


@pytest.fixture(scope="module")
def small_report(small: Run) -> Report:
    return report_contents(small, "zh")


class Reader(HTMLParser):
    """What a reader sees of a page, and what it is made of."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str]] = []
        self.texts: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += [(name, value or "") for name, value in attrs]

    def handle_data(self, data: str) -> None:
        self.texts.append(data)


def tables(report: Report) -> list[Table]:
    return [block for section in report.sections for block in section.blocks if isinstance(block, Table)]


def one_of_everything(*texts: str) -> Report:
    """A report that says the same texts in every place there is."""
    said = " ".join(texts)
    table = Table(said, (said,), (False,), tuple((text,) for text in texts), note=said)
    return Report(
        words=ZH,
        place=said,
        name=said,
        mark=ZH("mark"),
        date="2026-01-15",
        facts=((said, said),),
        cautions=texts,
        headlines=((said, said),),
        summary=((said, said),),
        sections=(Section(said, (said, Points(texts), table)),),
    )


def test_every_kind_of_result_is_told() -> None:
    assert set(FINDINGS) == set(KINDS) - {"scenario"}  # its result is of another kind


@pytest.mark.parametrize(("number", "said"), [(1, "一"), (10, "十"), (12, "十二"), (20, "二十"), (35, "三十五")])
def test_sections_are_numbered_as_chinese_papers_are(number: int, said: str) -> None:
    assert ZH.numeral(number) == said
    assert EN.numeral(number) == str(number)


@pytest.mark.parametrize(
    ("value", "said"),
    [(1234.6, ("1,230", "123460.0%", "1,235", "1,234.6")), (NAN, ("–", "–", "–", "–")), (0.0, ("0", "0.0%", "0", "0"))],
)
def test_figures_are_written_as_those_of_a_plan(value: float, said: tuple[str, ...]) -> None:
    assert (people(value), percent(value), figure(value), short(value)) == said


def test_a_table_says_what_its_columns_say() -> None:
    frame = pd.DataFrame({"people": [12.0, NAN], "verdict": ["达标", ""]})
    made = tabulate(
        EN, "T", frame, {">people": lambda row: people(row["people"]), "verdict": lambda row: row["verdict"]}
    )
    assert (made.heads, made.numeric) == (("People", "Verdict"), (True, False))
    assert made.rows == (("10", "达标"), ("–", ""))


def test_the_small_district_by_hand(small: Run, small_report: Report) -> None:
    """150 of 180 people reach a toilet within 300 m; the 30 at C, 1,000 m from both, make the one gap."""
    coverage = next(table for table in tables(small_report) if table.title == ZH("coverage_table"))
    toilet = next(row for row in coverage.rows if row[0] == "公厕" and row[1] == "300")
    assert toilet[3:5] == ("150", "83.3%")
    assert ("180", ZH("card_people")) in small_report.headlines
    assert small_report.date == data_date(small.project.layers.values()).isoformat() == "2026-01-15"


def test_a_report_opens_with_how_many_clauses_are_not_verified(small: Run, small_report: Report) -> None:
    asked = small.results["analyses/coverage"].parts["requirements"]
    n = int((~asked["verified"]).sum())
    assert n > 0
    assert f"{len(asked)} 项要求中" in small_report.cautions[0]
    assert f"{n} 项条文未与正式文本核对" in small_report.cautions[0]
    standards = next(table for table in tables(small_report) if table.title == ZH("standards_table"))
    assert [row[-1] for row in standards.rows].count("未核") == n


def test_estimated_people_are_told_before_any_figure(small: Run) -> None:
    result = small.results["analyses/coverage"]
    estimated = replace(result, table=result.table.assign(people_basis="估算"))
    report = report_contents(replace(small, results={"analyses/coverage": estimated}), "zh")
    assert ZH("people_basis", basis="估算") in report.cautions


def test_labels_that_would_lie_on_each_other_are_written_as_one() -> None:
    labels = [Label(f"G{n}", 100.0 * n, 0.0) for n in range(8)]
    assert [label.text for label in merged(labels, within_m=100)] == ["G0 G1", "G2 G3", "G4 G5", "G6 G7"]
    assert [label.text for label in merged(labels, within_m=1000)] == ["G0 G1\nG2 G3\nG4 +3"]


def test_every_layer_is_among_the_sources_with_licence_and_date(small: Run, small_report: Report) -> None:
    sources = next(table for table in tables(small_report) if table.title == ZH("sources_table"))
    assert [row[0] for row in sources.rows] == [layer.record.title for layer in small.layers.values()]
    assert {(row[2], row[4], row[-1]) for row in sources.rows} == {("tests", "2026-01-15", "CC0")}


def test_assumptions_and_warnings_are_repeated_once(small: Run, small_report: Report) -> None:
    said = [item for block in small_report.sections[-1].blocks if isinstance(block, Points) for item in block.items]
    notes = {note for of in small.notes.values() for note in of if ":位置精度 " not in note}
    assert sorted(said) == sorted(notes | {str(problem) for problem in small.warnings})


def test_tables_and_figures_are_numbered_and_fit_their_heads(small_report: Report) -> None:
    captions = list(small_report.captions())
    assert [caption.split("  ")[0] for caption in captions if caption.startswith("表")] == [
        f"表 {n}" for n in range(1, len(tables(small_report)) + 1)
    ]
    assert len(captions) == len(tables(small_report)) + len(small_report.pictures)
    for table in tables(small_report):
        assert {len(row) for row in table.rows} <= {len(table.heads)} == {len(table.numeric)}


def test_the_page_runs_nothing_and_fetches_nothing(small_report: Report) -> None:
    page = page_text(small_report)
    read = Reader(page)
    assert not {"script", "iframe", "object", "embed", "link", "form", "base", "svg"} & set(read.tags)
    assert not [name for name, _ in read.attributes if name.startswith("on") or name == "style"]
    assert all(
        value.startswith(("data:image/", "#part-")) for name, value in read.attributes if name in {"src", "href"}
    )
    (style,) = re.findall(r"<style>(.*?)</style>", page, re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    policy = f"default-src 'none'; style-src 'sha256-{digest}'; img-src data:; base-uri 'none'; form-action 'none'"
    assert ("content", policy) in read.attributes
    assert "url(" not in style
    assert ("lang", "zh-CN") in read.attributes


def test_every_picture_of_the_page_says_what_it_shows(small_report: Report) -> None:
    read = Reader(page_text(small_report))
    alts = [value for name, value in read.attributes if name == "alt"]
    assert alts == [f"{picture.title}. {picture.alt}" for picture in small_report.pictures]
    assert all(picture.alt for picture in small_report.pictures)


def test_text_of_the_data_is_shown_exactly_and_is_never_markup() -> None:
    report = one_of_everything(*HOSTILE)
    plain, hostile = Reader(page_text(one_of_everything(*("x" * 40 for _ in HOSTILE)))), Reader(page_text(report))
    assert hostile.tags == plain.tags
    assert [name for name, _ in hostile.attributes] == [name for name, _ in plain.attributes]
    for text in HOSTILE:
        assert hostile.texts.count(text) == 3  # a caution, a point and a cell


def test_text_of_the_data_is_shown_exactly_in_the_document() -> None:
    texts = [*HOSTILE, "bell \x07 and \x00"]
    document = Document(io.BytesIO(document_bytes(one_of_everything(*texts))))
    cells = [row.cells[0].text for row in document.tables[-1].rows][1:]
    assert cells == [*HOSTILE, "bell � and �"]
    assert set(cells) <= {paragraph.text for paragraph in document.paragraphs}


def test_the_document_sets_east_asian_fonts_and_no_date_of_today(small_report: Report) -> None:
    data = document_bytes(small_report)
    document = Document(io.BytesIO(data))
    east_asian = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}eastAsia"
    fonts = {
        name: document.styles[name].element.rPr.rFonts.get(east_asian)
        for name in ("Normal", "Heading 1", "Caption", "Header")
    }
    assert fonts == {"Normal": "宋体", "Heading 1": "黑体", "Caption": "黑体", "Header": "黑体"}
    created, modified = document.core_properties.created, document.core_properties.modified
    assert created is not None
    assert created == modified
    assert created.date().isoformat() == small_report.date
    with zipfile.ZipFile(io.BytesIO(data)) as parts:
        assert {entry.date_time for entry in parts.infolist()} == {(1980, 1, 1, 0, 0, 0)}
    assert document.sections[0].header.paragraphs[0].text == ZH("mark")


def test_the_document_repeats_heads_and_describes_its_pictures(small_report: Report) -> None:
    data = document_bytes(small_report)
    with zipfile.ZipFile(io.BytesIO(data)) as parts:
        body = parts.read("word/document.xml").decode()
    assert body.count("<w:tblHeader/>") == len(tables(small_report))
    assert re.findall(r'<wp:docPr [^>]*descr="([^"]+)"', body) == [picture.alt for picture in small_report.pictures]


def test_the_same_run_gives_the_same_bytes_in_both_languages(small: Run, tmp_path: Path) -> None:
    for name in ("first", "second"):
        write_report(small, tmp_path / name)
    first, second = (
        {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
        for folder in (tmp_path / "first", tmp_path / "second")
    )
    assert first == second
    assert {"report.html", "report.docx", "report.en.html", "report.en.docx"} <= set(first)
    assert {"figures/coverage_homes.png", "figures/coverage_homes.svg", "figures.en/coverage_homes.png"} <= set(first)


def test_what_has_nothing_to_tell_is_said_and_does_not_fail(small: Run) -> None:
    """No gap is left when nobody is; no analysis at all leaves the grounds."""
    gaps = small.results["analyses/gaps"]
    none = replace(small, results={**small.results, "analyses/gaps": replace(gaps, table=gaps.table.iloc[:0])})
    assert dict(report_contents(none, "zh").summary)[ZH("topic_gaps")] == ZH("gaps_none")
    bare = report_contents(replace(small, results={}), "zh")
    assert [section.title for section in bare.sections] == [
        ZH(f"section_{name}") for name in ("method", "sources", "notes")
    ]


@pytest.mark.parametrize("language", ["zh", "en"])
def test_the_whole_sample_district_is_told(sample: Run, language: str) -> None:
    words = ZH if language == "zh" else EN
    report = report_contents(sample, words.language)
    told = [kind for kind in FINDINGS if kind in {result.record.kind for result in sample.results.values()}]
    assert [topic for topic, _ in report.summary] == [words(f"topic_{kind}") for kind in told]
    assert len(report.sections) == len(told) + 4
    for name in (
        "coverage_homes",
        "coverage_communities",
        "gaps_places",
        "siting_scheme",
        "siting_marginal",
        "compare_homes",
    ):
        assert name in [picture.name for picture in report.pictures]
    siting = sample.results["analyses/siting"].table.iloc[0]
    assert f"+{people(siting['people_gained'])}" in [value for value, _ in report.headlines]
    said = " ".join(sentence for _, sentence in report.summary)
    assert words.of_data("模型内最优") in said
    assert "最优选址" not in said
    assert all(isinstance(picture, Picture) and picture.title for picture in report.pictures)
    assert not re.search(r"\bnan\b|None|NaT", page_text(replace(report, sections=())) + str(tables(report)))


def test_the_figures_of_the_sample_are_those_of_its_homes_counted_again(sample: Run) -> None:
    """Shares, gaps and gains as a reviewer recomputes them: home by home, from the other tables."""
    coverage = sample.results["analyses/coverage"]
    homes, by_home = coverage.parts["units"]["people"], coverage.parts["by_unit"]
    counted = by_home.assign(people=by_home["unit"].map(homes), reached=by_home["covered"].eq(True))
    within = counted[counted["reached"]].groupby("requirement")["people"].sum()
    near = counted[counted["within_radius"].eq(True)].groupby("requirement")["people"].sum()
    report = report_contents(sample, "zh")
    told = next(table for table in tables(report) if table.title == ZH("coverage_table"))
    whole = coverage.table[coverage.table["level"] == "district"]
    known = whole[whole["people_share"].notna()]
    for row, requirement in zip(told.rows, known["requirement"], strict=True):
        assert row[3] == people(within[requirement])
        assert row[4].removeprefix("≥") == percent(within[requirement] / homes.sum())
        assert row[6] in {percent(near.get(requirement, 0.0) / homes.sum()), "–"}

    gaps = sample.results["analyses/gaps"]
    of_gaps = gaps.parts["units"].assign(people=gaps.parts["units"]["unit"].map(homes)).groupby("gap")["people"].sum()
    listed = next(table for table in tables(report) if table.title.startswith("人口最多的"))
    assert [row[3] for row in listed.rows] == [people(of_gaps[row[0]]) for row in listed.rows]

    siting = sample.results["analyses/siting"]
    gained = siting.parts["gained"].groupby("scheme")["people"].sum()
    schemes = next(table for table in tables(report) if table.title == ZH("siting_table"))
    assert [row[2] for row in schemes.rows] == [people(gained[scheme]) for scheme in siting.table["scheme"]]


def test_a_share_that_leaves_people_without_data_is_a_lower_bound(small: Run) -> None:
    result = small.results["analyses/coverage"]
    unsure = replace(result, table=result.table.assign(people_no_data=10.0))
    for told, sign in ((result, ""), (unsure, "≥")):
        report = report_contents(replace(small, results={"analyses/coverage": told}), "zh")
        coverage = next(table for table in tables(report) if table.title == ZH("coverage_table"))
        assert next(row for row in coverage.rows if row[0] == "公厕" and row[1] == "300")[4] == f"{sign}83.3%"


def test_the_summary_ranks_only_what_counts(sample: Run) -> None:
    """The metro, asked for as needed only, has one of the lowest shares, but is no shortcoming."""
    requirements = sample.results["analyses/coverage"].parts["requirements"]
    assert "地铁站800米步行可达率" in set(requirements.loc[~requirements["counted"].astype(bool), "title"])
    summary = dict(report_contents(sample, "zh").summary)
    assert "地铁站" not in summary[ZH("topic_coverage")]
    assert list(summary)[:3] == [ZH("topic_coverage"), ZH("topic_gaps"), ZH("topic_siting")]


def test_links_at_one_place_for_one_gap_are_told_once(sample: Run) -> None:
    links = sample.results["analyses/gaps"].parts["links"]
    (told,) = [table for table in tables(report_contents(sample, "zh")) if table.title.startswith("最有用的")]
    places = [row[1:3] + row[5:6] for row in told.rows]
    assert len(set(places)) == len(places) == 10
    for row in told.rows:
        alike = links[(links["crosses"] == row[2]) & (links["gap"] == row[5])]
        assert row[0] == alike.index[0]
        assert int(row[6]) == len(alike)


def test_the_document_lists_its_sections_in_a_field_and_begins_them_on_a_new_page(small_report: Report) -> None:
    data = document_bytes(small_report)
    with zipfile.ZipFile(io.BytesIO(data)) as parts:
        body = parts.read("word/document.xml").decode()
    field, rest = body.split('w:fldCharType="separate"')[1].split('w:fldCharType="end"')
    assert re.findall(r"<w:t>([^<]*)</w:t>", field) == list(small_report.headings())
    assert ' TOC \\o "1-1"' in body.replace("&quot;", '"')
    assert rest.index('<w:br w:type="page"/>') < rest.index('w:val="Heading1"')
    assert body.index('w:val="Heading1"') > body.index('w:fldCharType="end"'), "the front is no section of the list"


def test_what_an_analysis_writes_is_told_in_english(sample: Run) -> None:
    """Names, quotes and notes stay as the data says them; words of our own do not."""
    report = report_contents(sample, "en")
    cells = {cell for table in tables(report) for row in table.rows for cell in row}
    ours = {
        "增设设施",
        "投用",
        "可步行",
        "空间估算",
        "施教区",
        "国有",
        "存量",
        "符合控规",
        "达标",
        "未达标",
        "自定口径",
    }
    assert not cells & ours
