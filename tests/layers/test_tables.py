from __future__ import annotations

import math
import re
import zipfile

import openpyxl
import pytest

from qyp_geo.declarations import Layer
from qyp_geo.layers.tables import parse_coordinate, parse_number, split_pair
from tests.layers.folder import EAST, NORTH, Folder, record

ROWS = "编号,名称,东,北\nT1,南厕,391100,3168100\nT2,北厕,391200,3168200\n"


def toilets(path: str = "t.csv", **source: str | None) -> Layer:
    return record(
        "public_toilet",
        "point",
        path,
        "EPSG:4548",
        source={"lon": "东", "lat": "北", **source},
        columns={"id": "编号", "name": "名称"},
    )


@pytest.mark.parametrize(
    ("content", "encoding"),
    [
        (ROWS.encode(), None),
        (ROWS.encode("utf-8-sig"), None),
        (ROWS.encode("utf-8-sig"), "utf-8"),
        (ROWS.encode("gb18030"), "gb18030"),
        (ROWS.encode("gbk"), "gbk"),
        (ROWS.encode("utf-16"), "utf-16"),
        (ROWS.replace(",", ";").encode(), None),
        (ROWS.replace(",", "\t").encode(), None),
        (("青云谱区公厕一览表,,,\n,,,\n" + ROWS.replace("T2", "\n,,,\nT2")).encode(), None),
        (ROWS.replace("391100", '" 391,100 "').replace("3168100", "３１６８１００").encode(), None),
    ],
)
def test_a_csv_is_read_as_planners_save_it(folder: Folder, content: bytes, encoding: str | None) -> None:
    folder.write("t.csv", content)
    frame = folder.read_one(toilets(encoding=encoding)).frame
    assert list(frame.index) == ["T1", "T2"]
    assert list(frame["name"]) == ["南厕", "北厕"]
    assert [*zip(frame.geometry.x, frame.geometry.y, strict=True)] == [(391100, 3168100), (391200, 3168200)]


def test_a_wrong_encoding_is_told_with_row_byte_and_what_would_work(folder: Folder) -> None:
    folder.write("t.csv", ("编号,名称,东,北\n".encode("ascii", "ignore") + ROWS.encode("gb18030")))
    [told] = folder.told(toilets())
    assert "layers/data/t.csv: row 2: cannot be read as utf-8-sig: byte 1 of the row does not fit" in told
    assert "(given: 'b1 e0 ba c5')" in told
    assert 'set encoding = "gb18030"' in told


def test_text_that_decodes_to_nonsense_is_told_by_the_missing_columns(folder: Folder) -> None:
    # Every cell has an even number of characters, so that its UTF-8 bytes are pairs that GB 18030 knows.
    folder.write("t.csv", "编号,名称,东经,北纬\nT1,南厕,391100,3168100\n")
    [told] = folder.told(toilets(encoding="gb18030", lon="东经", lat="北纬"))
    assert "source.encoding: gives a text in which the declared columns are missing (given: gb18030)" in told
    assert 'set encoding = "utf-8"' in told


def test_an_unknown_encoding_is_told_with_the_nearest(folder: Folder) -> None:
    folder.write("t.csv", ROWS)
    [told] = folder.told(toilets(encoding="gb2313"))
    assert "not a known encoding (given: gb2313)" in told


def test_rows_are_numbered_as_excel_does(folder: Folder) -> None:
    folder.write("t.csv", '编号,名称,东,北\nT1,"两\n行",391100,3168100\n\nT2,北厕,,3168200\nT3,,东边,3168200,多,余\n')
    told = folder.told(toilets())
    assert any("row 4, column 东: no coordinate" in line for line in told)
    assert any("row 5, column 东: not a coordinate (given: '东边')" in line for line in told)
    assert any("row 5, column 名称: empty name" in line for line in told)
    assert any("row 5: more cells than the header, which has 4" in line for line in told)
    assert len(told) == 4


def test_coordinate_columns_that_are_not_there_are_told_with_the_nearest(folder: Folder) -> None:
    folder.write("t.csv", ROWS.replace("东", "东坐标"))
    told = folder.told(toilets(lat=None))
    assert any(
        "source.lon: the file has no such column (given: 东). Allowed: 东坐标, 北, 名称, 编号" in line for line in told
    )
    assert any("source.lat: is missing. Name the column; the file has: 编号, 名称, 东坐标, 北" in line for line in told)


def test_a_column_declared_but_absent_is_told_and_a_double_one_too(folder: Folder) -> None:
    folder.write("t.csv", "编号,名称,名称,东,北\nT1,甲,乙,391100,3168100\n")
    told = folder.told(toilets().model_copy(update={"columns": {"id": "编码", "name": "名称"}}))
    assert any(
        "columns.id: the file has no such column (given: 编码). Allowed: 东, 北, 名称, 编号" in line for line in told
    )
    assert any("two columns of one name (given: 名称)" in line for line in told)


def test_both_coordinates_may_stand_in_one_cell(folder: Folder) -> None:
    folder.write("t.csv", f'编号,名称,坐标\nT1,甲,"{EAST},{NORTH}"\nT2,乙,无\n')
    told = folder.told(toilets(lon="坐标", lat="坐标"))
    assert told == [
        "layers/data/t.csv: row 3, column 坐标: not a coordinate (given: '无'). Write a number such as 115.8942"
    ]


def workbook(folder: Folder, rows: list[list[object]], *, merge: str | None = None, more: bool = False) -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.title = "公厕"
    for row in rows:
        sheet.append(row)
    if merge:
        sheet.merge_cells(merge)
    if more:
        book.create_sheet("说明").append(["填表须知"])
    book.create_sheet("空表")
    book.save(folder.data("t.xlsx"))


def test_a_workbook_with_title_merged_cells_blank_rows_and_numbers_as_text(folder: Folder) -> None:
    rows: list[list[object]] = [
        ["青云谱区公厕", None, None, None, None],
        ["编号", "名称", "东", "北", "街道"],
        [1, "南厕", "391100", 3168100, "京山街道"],
        [None] * 5,
        [2.0, "北厕", 391200, " 3168200.5 ", None],
    ]
    workbook(folder, rows, merge="E3:E5")
    columns = {"id": "编号", "name": "名称", "street": "街道"}
    frame = folder.read_one(toilets("t.xlsx").model_copy(update={"columns": columns})).frame
    assert list(frame.index) == ["1", "2"]
    assert list(frame["street"]) == ["京山街道", "京山街道"]
    assert frame.geometry.y["2"] == 3168200.5


def test_a_workbook_with_several_sheets_must_name_one(folder: Folder) -> None:
    workbook(folder, [["编号", "名称", "东", "北"], ["T1", "甲", 391100, 3168100]], more=True)
    [told] = folder.told(toilets("t.xlsx"))
    assert "source.layer: the workbook holds several sheets. Name one of them: 公厕, 说明" in told
    [told] = folder.told(toilets("t.xlsx", layer="公测"))
    assert "source.layer: the workbook has no such sheet (given: 公测)" in told
    assert list(folder.read_one(toilets("t.xlsx", layer="公厕")).frame.index) == ["T1"]


def test_a_formula_that_no_program_computed_is_told_and_not_taken_for_an_empty_cell(folder: Folder) -> None:
    rows: list[list[object]] = [
        ["编号", "名称", "东", "北", "蹲位", "备注"],
        ["T1", "甲", 391100, 3168100, "=2+3", "=1"],
        ["T2", "乙", 391200, 3168200, 4, None],
    ]
    workbook(folder, rows)
    columns = {"id": "编号", "name": "名称", "capacity": "蹲位"}
    declared = toilets("t.xlsx").model_copy(update={"columns": columns})
    [told] = folder.told(declared)
    assert "row 2, column 蹲位: a formula whose result is not in the file (given: '=2+3'). Open the workbook" in told
    with zipfile.ZipFile(folder.data("t.xlsx")) as book:
        parts = {name: book.read(name).decode() for name in book.namelist()}
    sheet = "xl/worksheets/sheet1.xml"
    for result, cell in ((5.0, '<c r="E2"><f>2+3</f><v>5</v></c>'), (None, '<c r="E2" t="str"><f>""</f><v></v></c>')):
        computed = re.sub(r'<c r="E2".*?</c>', cell, parts[sheet])
        with zipfile.ZipFile(folder.data("t.xlsx"), "w") as book:
            for name, text in (parts | {sheet: computed}).items():
                book.writestr(name, text)
        capacity = folder.read_one(declared).frame["capacity"]["T1"]
        assert capacity == result or (result is None and math.isnan(capacity))


def test_a_workbook_of_old_excel_is_told_to_be_saved_anew(folder: Folder) -> None:
    folder.write("t.xls", "x")
    assert "Open it in Excel and save it as .xlsx" in folder.told(toilets("t.xls"))[0]


def test_what_is_no_workbook_or_holds_nothing_is_told(folder: Folder) -> None:
    folder.write("t.xlsx", "编号,名称")
    assert "is not an Excel workbook" in folder.told(toilets("t.xlsx"))[0]
    folder.write("t.csv", "\n\n")
    assert "holds no rows" in folder.told(toilets())[0]


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("12", 12),
        ("１２．５", 12.5),
        ("1,200", 1200),
        (" 7 ", 7),
        ("-3", -3),
        ("12个", None),
        ("", None),
        ("inf", None),
    ],
)
def test_numbers_are_read_as_people_type_them(text: str, number: float | None) -> None:
    assert parse_number(text) == number if number is not None else math.isnan(parse_number(text))


@pytest.mark.parametrize(
    ("text", "degrees"),
    [
        ("115°51′15″", 115 + 51 / 60 + 15 / 3600),
        ("115°51'15\"E", 115 + 51 / 60 + 15 / 3600),
        ("28度36分22.5秒", 28 + 36 / 60 + 22.5 / 3600),
        ("28°36.375′N", 28 + 36.375 / 60),
        ("28.606°S", -28.606),
        ("115.8942", 115.8942),
    ],
)
def test_degrees_minutes_and_seconds_are_coordinates(text: str, degrees: float) -> None:
    assert parse_coordinate(text) == pytest.approx(degrees, abs=1e-12)


@pytest.mark.parametrize("text", ["115.89,28.63", "115.89\uff0c28.63", " 115.89 28.63 "])
def test_a_pair_is_split(text: str) -> None:
    assert split_pair(text) == ("115.89", "28.63")


def test_a_header_without_rows_is_told(folder: Folder) -> None:
    folder.write("t.csv", "编号,名称,东,北\n")
    assert folder.told(toilets()) == [
        "layers/data/t.csv: holds a header and no rows. Fill it, or remove its declaration"
    ]


def test_a_quote_that_is_never_closed_is_told_by_its_row(folder: Folder) -> None:
    folder.write("t.csv", 'T,名称,东,北\nT1,南厕,391100,3168100\nT2,"北厕,391200,3168200\nT3,东厕,391300,3168300\n')
    [told] = folder.told(toilets())
    assert "layers/data/t.csv: is not a CSV file that can be read (given: row 3: " in told
