"""A report as a Word document, for those who write on: East Asian fonts set, the same run giving the same bytes."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator
from datetime import datetime
from typing import Any, Final

from docx import Document
from docx.enum.table import WD_TABLE_ALIGNMENT
from docx.enum.text import WD_ALIGN_PARAGRAPH
from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from docx.shared import Cm, Pt, RGBColor

from qyp_geo.papers.model import Block, Picture, Points, Report, Table, printable, width_of

_SERIF: Final = ("Times New Roman", "宋体")
_SANS: Final = ("Arial", "黑体")
_BLUE: Final = RGBColor(0x08, 0x51, 0x9C)
_RED: Final = RGBColor(0x9B, 0x1C, 0x1C)
_MUTED: Final = RGBColor(0x52, 0x60, 0x6D)
_TEXT_WIDTH: Final = Cm(17)
_LONGEST_PROPERTY: Final = 255
_ZIP_DATE: Final = (1980, 1, 1, 0, 0, 0)


def document_bytes(report: Report) -> bytes:
    """Return a report as DOCX."""
    document = Document()
    _set_styles(document)
    _set_page(document, report)
    _properties(document, report)
    _front(document, report)
    _contents(document, report)
    captions = report.captions()
    for heading, section in zip(report.headings(), report.sections, strict=True):
        document.add_heading(printable(heading), level=1)
        for block in section.blocks:
            _add(document, block, captions)
    return _packed(document)


def _front(document: Any, report: Report) -> None:
    """The first page: what it is, what to know first, key figures, and the summary."""
    words = report.words
    _write(document.add_paragraph(), report.place, size=13, bold=True, colour=_BLUE, fonts=_SANS)
    document.add_paragraph(printable(report.name), style="Title")
    facts = document.add_paragraph(style="Caption")
    facts.alignment = WD_ALIGN_PARAGRAPH.LEFT
    facts.add_run(printable("    ".join(f"{label}:{value}" for label, value in report.facts))).font.bold = False
    if report.headlines:
        cards = document.add_table(rows=2, cols=len(report.headlines))
        for cell, (value, _) in zip(cards.rows[0].cells, report.headlines, strict=True):
            _write(cell.paragraphs[0], value, size=14, bold=True, align=WD_ALIGN_PARAGRAPH.CENTER, fonts=_SANS)
        for cell, (_, label) in zip(cards.rows[1].cells, report.headlines, strict=True):
            _write(cell.paragraphs[0], label, size=8, align=WD_ALIGN_PARAGRAPH.CENTER, fonts=_SANS)
    document.add_heading(words("summary"), level=2)
    for topic, told in report.summary:
        paragraph = document.add_paragraph(style="List Bullet")
        lead = paragraph.add_run(printable(topic))
        lead.font.bold = True
        _set_fonts(lead._element.get_or_add_rPr(), _SANS)
        paragraph.add_run(printable(f"  {told}"))
    document.add_heading(words("cautions"), level=2)
    for caution in report.cautions:
        document.add_paragraph(printable(caution), style="List Bullet")


def _contents(document: Any, report: Report) -> None:
    """The list of sections, as a field that Word fills with page numbers when it is asked to; then a new page."""
    document.add_heading(report.words("contents"), level=2).paragraph_format.page_break_before = True
    last = len(report.sections) - 1
    for n, heading in enumerate(report.headings()):
        line = document.add_paragraph()
        if n == 0:
            _add_field_mark(line, "begin")
            told = OxmlElement("w:instrText")
            told.text = ' TOC \\o "1-1" \\h \\z '
            line.add_run()._r.append(told)
            _add_field_mark(line, "separate")
        _write(line, heading, size=9.5)
        if n == last:
            _add_field_mark(line, "end")
    document.add_page_break()


def _add_field_mark(paragraph: Any, sort: str) -> None:
    mark = OxmlElement("w:fldChar")
    mark.set(qn("w:fldCharType"), sort)
    paragraph.add_run()._r.append(mark)


def _add(document: Any, block: Block, captions: Iterator[str]) -> None:
    match block:
        case str():
            lead = document.add_paragraph(printable(block))
            lead.paragraph_format.keep_with_next = True  # to the picture or table that it leads to
        case Points():
            for item in block.items:
                document.add_paragraph(printable(item), style="List Bullet")
        case Picture():
            _add_picture(document, block, next(captions))
        case Table():
            _add_table(document, block, next(captions))


def _add_picture(document: Any, picture: Picture, caption: str) -> None:
    shape = document.add_picture(io.BytesIO(picture.drawing.png), width=_TEXT_WIDTH)
    paragraph = document.paragraphs[-1]
    paragraph.alignment = WD_ALIGN_PARAGRAPH.CENTER
    paragraph.paragraph_format.keep_with_next = True
    told = shape._inline.docPr  # python-docx has no other way to the text that stands for a picture
    told.set("name", printable(picture.title))
    told.set("descr", printable(picture.alt))
    document.add_paragraph(printable(caption), style="Caption")


def _add_table(document: Any, table: Table, caption: str) -> None:
    """A three-line table, whose head is repeated on every page."""
    above = document.add_paragraph(printable(caption), style="Caption")
    above.paragraph_format.keep_with_next = True
    made = document.add_table(rows=0, cols=len(table.heads))
    made.alignment = WD_TABLE_ALIGNMENT.CENTER
    size = 7.5 if len(table.heads) > 8 else 8.5
    for row, cells in enumerate((table.heads, *table.rows)):
        added = made.add_row()
        for cell, text, numeric in zip(added.cells, cells, table.numeric, strict=True):
            align = WD_ALIGN_PARAGRAPH.RIGHT if numeric else WD_ALIGN_PARAGRAPH.LEFT
            _write(cell.paragraphs[0], text, size=size, bold=row == 0, align=align, fonts=_SANS if row == 0 else _SERIF)
        _mark_row(added, "w:cantSplit")
    _mark_row(made.rows[0], "w:tblHeader")
    _three_lines(made)
    _set_widths(made, table)
    note = document.add_paragraph()
    _write(note, table.note, size=8, colour=_MUTED)


def _set_widths(made: Any, table: Table) -> None:
    """Give each column room by its longest text: figures on one line, other text by the square root of its length."""
    made.autofit = False
    longest = [max((width_of(row[n]) for row in table.rows), default=0) for n in range(len(table.heads))]
    asked = [
        max(long, width_of(head) / 2) + 2 if numeric else max(long, width_of(head)) ** 0.75 + 3
        for long, head, numeric in zip(longest, table.heads, table.numeric, strict=True)
    ]
    for column, share in zip(made.columns, asked, strict=True):
        width = int(_TEXT_WIDTH * share / sum(asked))
        column.width = width
        for cell in column.cells:
            cell.width = width


def _write(
    paragraph: Any,
    text: str,
    *,
    size: float,
    bold: bool = False,
    colour: RGBColor | None = None,
    align: WD_ALIGN_PARAGRAPH | None = None,
    fonts: tuple[str, str] = _SERIF,
) -> None:
    run = paragraph.add_run(printable(text))
    run.font.size, run.font.bold = Pt(size), bold
    if colour is not None:
        run.font.color.rgb = colour
    _set_fonts(run._element.get_or_add_rPr(), fonts)
    paragraph.alignment = align
    paragraph.paragraph_format.space_after = Pt(1)
    paragraph.paragraph_format.space_before = Pt(1)
    paragraph.paragraph_format.first_line_indent = Pt(0)
    paragraph.paragraph_format.line_spacing = 1.15


def _mark_row(row: Any, mark: str) -> None:
    row._tr.get_or_add_trPr().append(OxmlElement(mark))


def _three_lines(table: Any) -> None:
    borders = OxmlElement("w:tblBorders")
    for side, size, colour in (("top", "10", "1F2933"), ("bottom", "10", "1F2933"), ("insideH", "2", "CBD2D9")):
        line = OxmlElement(f"w:{side}")
        for name, value in (("val", "single"), ("sz", size), ("space", "0"), ("color", colour)):
            line.set(qn(f"w:{name}"), value)
        borders.append(line)
    table._tbl.tblPr.append(borders)
    for cell in table.rows[0].cells:
        below = OxmlElement("w:tcBorders")
        line = OxmlElement("w:bottom")
        for name, value in (("val", "single"), ("sz", "6"), ("space", "0"), ("color", "1F2933")):
            line.set(qn(f"w:{name}"), value)
        below.append(line)
        cell._tc.get_or_add_tcPr().append(below)


def _set_styles(document: Any) -> None:
    styles = document.styles
    for name, fonts, size, bold, colour in (
        ("Normal", _SERIF, 10.5, False, None),
        ("Title", _SANS, 20, True, None),
        ("Heading 1", _SANS, 14, True, _BLUE),
        ("Heading 2", _SANS, 12, True, _BLUE),
        ("Caption", _SANS, 9, True, RGBColor(0x1F, 0x29, 0x33)),
        ("List Bullet", _SERIF, 9.5, False, None),
        ("Header", _SANS, 8, False, _RED),
        ("Footer", _SANS, 8, False, _MUTED),
    ):
        style = styles[name]
        style.font.size, style.font.bold, style.font.italic = Pt(size), bold, False
        if colour is not None:
            style.font.color.rgb = colour
        _set_fonts(style.element.get_or_add_rPr(), fonts)
    styles["Title"].font.color.rgb = RGBColor(0x1F, 0x29, 0x33)
    styles["Caption"].paragraph_format.alignment = WD_ALIGN_PARAGRAPH.CENTER
    styles["Normal"].paragraph_format.space_after = Pt(5)
    styles["Normal"].paragraph_format.line_spacing = 1.4


def _set_fonts(properties: Any, fonts: tuple[str, str]) -> None:
    """Set the font of Latin and that of Chinese characters; Word takes them for each script apart."""
    latin, chinese = fonts
    named = properties.get_or_add_rFonts()
    for theme in ("asciiTheme", "hAnsiTheme", "eastAsiaTheme", "cstheme"):
        named.attrib.pop(qn(f"w:{theme}"), None)
    for script, font in (("ascii", latin), ("hAnsi", latin), ("cs", latin), ("eastAsia", chinese)):
        named.set(qn(f"w:{script}"), font)


def _set_page(document: Any, report: Report) -> None:
    page = document.sections[0]
    page.page_width, page.page_height = Cm(21), Cm(29.7)
    page.left_margin = page.right_margin = Cm(2)
    page.top_margin, page.bottom_margin = Cm(2.2), Cm(2)
    header, footer = page.header.paragraphs[0], page.footer.paragraphs[0]
    header.text, header.alignment = report.mark, WD_ALIGN_PARAGRAPH.RIGHT
    footer.alignment = WD_ALIGN_PARAGRAPH.CENTER
    for field in ("PAGE", "NUMPAGES"):
        if field == "NUMPAGES":
            footer.add_run(" / ")
        simple = OxmlElement("w:fldSimple")
        simple.set(qn("w:instr"), field)
        footer._p.append(simple)


def _properties(document: Any, report: Report) -> None:
    """Set what a document says of itself: dated as its data, by nobody in particular."""
    properties, date = document.core_properties, datetime.fromisoformat(report.date or "2000-01-01")
    properties.title, properties.subject = printable(report.title)[:_LONGEST_PROPERTY], ""
    properties.author = properties.last_modified_by = "qyp_geo"
    properties.comments = properties.keywords = ""
    properties.created = properties.modified = date
    properties.revision = 1
    properties.language = "zh-CN" if report.words.language == "zh" else "en"
    for languages in document.styles.element.iter(qn("w:lang")):
        languages.set(qn("w:eastAsia"), "zh-CN")


def _packed(document: Any) -> bytes:
    """Save, and pack again with fixed dates."""
    saved, packed = io.BytesIO(), io.BytesIO()
    document.save(saved)
    with zipfile.ZipFile(saved) as parts, zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as target:
        for name in parts.namelist():
            entry = zipfile.ZipInfo(name, _ZIP_DATE)
            entry.compress_type = zipfile.ZIP_DEFLATED
            target.writestr(entry, parts.read(name))
    return packed.getvalue()
