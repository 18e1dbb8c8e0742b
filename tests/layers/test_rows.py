from __future__ import annotations

from qyp_geo.declarations import Layer
from qyp_geo.layers import known_kinds
from qyp_geo.layers.rows import status_words
from tests.layers.folder import Folder, feature, geojson, record, square

HEADER = "编号,名称,lon,lat,泊位,状态,年份,开放时间\n"


def parking(**more: object) -> Layer:
    columns = {
        "id": "编号",
        "name": "名称",
        "capacity": "泊位",
        "status": "状态",
        "open_year": "年份",
        "hours": "开放时间",
    }
    source = {"lon": "lon", "lat": "lat"}
    return record("public_parking", "point", "p.csv", "cgcs2000", source=source, columns=columns, **more)


def test_rows_become_canonical(folder: Folder) -> None:
    folder.write(
        "p.csv",
        HEADER
        + "A,甲,115.90,28.64,120,现状,2019年,全天\nB,乙,115.91,28.64,,规划,2027-05-01,\nC,丙,115.91,28.65,0,,,8-18\n",
    )
    layer = folder.read_one(parking())
    frame = layer.frame
    assert frame.index.name == "id"
    assert list(frame.columns) == [
        *["name", "status", "part_of", "parking_type", "capacity", "open_year", "area_m2", "bldg_m2", "land_m2"],
        *["ev_berths", "hours", "geometry", "kind"],
    ]
    assert list(frame["status"]) == ["existing", "planned", "existing"]
    assert list(frame["capacity"].fillna(-1)) == [120, -1, 0]
    assert list(frame["open_year"].fillna(-1)) == [2019, 2027, -1]
    assert list(frame["hours"]) == ["全天", "", "8-18"]
    assert set(frame["kind"]) == {"public_parking"}
    assert [str(problem) for problem in layer.problems] == [
        "layers/data/p.csv: row 4, column 状态: no status, counted as existing"
    ]


def test_further_columns_are_numbers_where_they_are_declared(folder: Folder) -> None:
    folder.write(
        "e.geojson",
        geojson(
            feature("Polygon", square(10, 10, 50), n="甲", year="建于1998年", homes="1,200"),
            feature("Polygon", square(90, 10, 50), n="乙", year=None, homes=None),
        ),
    )
    columns = {"name": "n", "built_year": "year", "households": "homes"}
    frame = folder.read_one(record("estates", "polygon", "e.geojson", "EPSG:4548", columns=columns)).frame
    assert list(frame["built_year"].fillna(-1)) == [1998, -1]
    assert list(frame["households"].fillna(-1)) == [1200, -1]
    assert "berths_declared" not in frame


def test_a_layer_without_status_exists_and_says_so(folder: Folder) -> None:
    folder.write("p.csv", HEADER + "A,甲,115.90,28.64,,,,\n")
    layer = folder.read_one(parking().model_copy(update={"columns": {"id": "编号", "name": "名称"}}))
    assert list(layer.frame["status"]) == ["existing"]
    assert layer.notes == ("没有状态列的图层,全部按现状计",)


def test_ids_are_made_of_row_numbers_where_there_are_none(folder: Folder) -> None:
    folder.write("p.csv", HEADER + "A,甲,115.90,28.64,,现状,,\n\nB,乙,115.91,28.64,,现状,,\n")
    columns = {key: column for key, column in parking().columns.items() if key != "id"}
    found, _ = folder.read(toilets=parking().model_copy(update={"columns": columns}))
    assert list(found["toilets"].frame.index) == ["toilets-0002", "toilets-0004"]


def test_things_without_a_name_column_are_called_by_their_id(folder: Folder) -> None:
    folder.write("p.csv", HEADER + "A,甲,115.90,28.64,,现状,,\n")
    layer = folder.read_one(parking().model_copy(update={"columns": {"id": "编号", "status": "状态"}}))
    assert list(layer.frame["name"]) == ["A"]
    assert [str(problem) for problem in layer.problems] == [
        "layers/one.toml: columns.name: is not declared: things are called by their id"
    ]


def test_an_empty_name_on_a_map_is_a_warning(folder: Folder) -> None:
    folder.write("p.geojson", geojson(feature("Polygon", square(10, 10, 50), n=None)))
    layer = folder.read_one(record("park", "polygon", "p.geojson", "EPSG:4548", columns={"name": "n"}))
    assert list(layer.frame["name"]) == ["one-0001"]
    assert "feature 1, column n: empty name, called by its id" in str(layer.problems[0])


def test_every_mistake_of_a_table_is_in_one_report(folder: Folder) -> None:
    rows = [
        "A,甲,115.90,28.64,10,现状,2019,",  # row 2 is sound
        "A,乙,115.90,28.64,10,现状,2019,",
        "C,,115.90,28.64,10,现状,2019,",
        "D,丁,,28.64,10,现状,2019,",
        "E,戊,东,28.64,10,现状,2019,",
        "F,己,28.64,115.90,10,现状,2019,",
        "G,庚,116.90,28.64,10,现状,2019,",
        "H,辛,115.90,28.64,-3,现状,2019,",
        "I,壬,115.90,28.64,很多,现状,2019,",
        "J,癸,115.90,28.64,10,已经建好,2019,",
        "K,子,115.90,28.64,10,现状,去年,",
        ",丑,115.90,28.64,10,现状,2019,",
        "M,寅,1158.9,28.64,10,现状,2019,",
    ]
    folder.write("p.csv", HEADER + "\n".join(rows) + "\n")
    found, problems = folder.read(one=parking())
    told = [str(problem).removeprefix("layers/data/p.csv: ") for problem in problems]
    assert "one" not in found
    assert told == [
        "row 5, column lon: no coordinate. Fill the cell, or remove the row",
        "row 6, column lon: not a coordinate (given: '东'). Write a number such as 115.8942",
        "row 13, column 编号: no id. Give each row an id, or leave out columns.id",
        "rows 2, 3, column 编号: duplicate id (given: 'A'). Give each row an id of its own",
        "row 4, column 名称: empty name. Give it a name",
        "row 11, column 状态: not a known status (given: '已经建好'). " + told[5].split(". ", 1)[1],
        "row 10, column 泊位: not a number (given: '很多'). Correct the cell, or leave it empty",
        "row 9, column 泊位: negative capacity (given: '-3'). Give a number from 0 up",
        "row 12, column 年份: names no year (given: '去年'). Correct the cell, or leave it empty",
        "row 7, column lon / lat: longitude and latitude are swapped (given: '(28.64, 115.9)'). Longitude (east) comes first",
        "row 14, column lon / lat: no longitude and latitude (given: '(1158.9, 28.64)'). "
        "Correct the row: a longitude is at most 180, a latitude at most 90",
        "row 8, column lon / lat: 95 km outside the district (given: '(116.9, 28.64)'). "
        "Correct the coordinates, or remove the row",
    ]
    assert all(problem.severity == "error" for problem in problems)


def test_many_rows_of_one_mistake_are_one_problem(folder: Folder) -> None:
    folder.write("p.csv", HEADER + "".join(f"A{n},甲,,28.64,,现状,,\n" for n in range(30)))
    [told] = folder.told(parking())
    assert "30 rows: 2, 3, 4, 5, 6, 7, 8, 9, 10, 11 and 20 more, column lon: no coordinate" in told


def test_many_mistakes_of_one_sort_are_one_problem_too(folder: Folder) -> None:
    rows = [f"A{n % 20},甲,{130 + n % 5},28.64,,现状,," for n in range(40)]
    folder.write("p.csv", HEADER + "\n".join(rows) + "\n" + "B,乙,115.90,28.64,,现状,,\n" * 2)
    told = folder.told(parking())
    assert len(told) == 2
    assert "42 rows: 2, 3, 4" in told[0]
    assert "column 编号: duplicate id (given: 'A0', 'A1', 'A2' and 18 more)" in told[0]
    assert "40 rows: 2, 3, 4" in told[1]
    assert "km or more outside the district" in told[1]


def test_a_mistake_in_one_layer_does_not_hide_those_in_another(folder: Folder) -> None:
    folder.write("p.csv", HEADER + "A,,115.90,28.64,,现状,,\n")
    missing = record("park", "polygon", "none.geojson")
    unknown = record("parkk", "polygon", "none.geojson")
    found, problems = folder.read(a=parking(), b=missing, c=unknown)
    assert list(found) == ["boundary"]
    told = [str(problem) for problem in problems]
    assert any(line.startswith("layers/data/p.csv: row 2") for line in told)
    assert "layers/b.toml: source.path: the file does not exist (given: data/none.geojson)" in told
    assert "layers/c.toml: kind: is not a known kind of layer (given: parkk). Did you mean park?" in told


def test_our_own_names_are_not_given_by_files(folder: Folder) -> None:
    folder.write("p.csv", HEADER + "A,甲,115.90,28.64,,现状,,\n")
    [told] = folder.told(parking().model_copy(update={"columns": {"name": "名称", "kind": "状态"}}))
    assert "columns.kind: is a name that the project gives itself" in told


def test_units_are_checked_as_a_tree(folder: Folder) -> None:
    def unit(code: str, level: str, parent: str, x: float) -> dict[str, object]:
        return feature("Polygon", square(x, 0, 100), code=code, level=level, parent=parent, name=code)

    folder.write(
        "u.geojson",
        geojson(
            unit("01", "街道", "", 0),
            unit("0101", "社区", "01", 0),
            unit("0102", "小区", "01", 100),
            unit("0101", "村", "09", 200),
        ),
    )
    columns = {key: key for key in ("name", "code", "level", "parent")}
    told = folder.told(record("units", "polygon", "u.geojson", "EPSG:4548", columns=columns))
    assert any("feature 3, column level: not a known level (given: '小区')" in line for line in told)
    assert any("features 2, 4, column code: duplicate code (given: '0101')" in line for line in told)
    assert any("feature 4, column parent: part of a unit that does not exist (given: '09')" in line for line in told)
    assert sum("level 街道" in line or "level 社区" in line for line in told) == 2  # neither covers the district
    assert len(told) == 5
    [told_of_level] = folder.told(
        record("units", "polygon", "u.geojson", "EPSG:4548", columns={"name": "name", "code": "code"})
    )[:1]
    assert "columns.level: is missing: kind units needs it" in told_of_level


def test_codes_keep_their_zeros(folder: Folder) -> None:
    folder.write("u.csv", "c,n,x,y\n0702,甲,115.90,28.64\n")
    layer = record(
        "landmarks", "point", "u.csv", source={"lon": "x", "lat": "y"}, columns={"id": "c", "name": "n", "landuse": "c"}
    )
    assert list(folder.read_one(layer).frame["landuse"]) == ["0702"]


def test_status_words_mean_the_five_states() -> None:
    words = status_words()
    assert set(words.values()) == {"existing", "planned", "under_construction", "built_unused", "closed"}
    assert {words[word] for word in ("现状", "规划", "在建", "停用", "建成未用")} == set(words.values())


def test_known_kinds_are_structures_and_facilities() -> None:
    assert {
        "boundary",
        "streets",
        "residents",
        "zones",
        "units",
        "water",
        "landmarks",
        "gates",
        "candidates",
    } <= known_kinds().keys()
    assert {"public_toilet", "public_parking", "neighbourhood_centre", "park"} <= known_kinds().keys()
