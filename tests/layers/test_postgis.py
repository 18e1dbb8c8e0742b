"""Tables of a real PostGIS: what is read, what is told, and that nothing is written."""

# ruff: noqa: S608  the tests write their own tables

from __future__ import annotations

import re
import socket
import sys
import threading
import time
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import psycopg
import pytest
import shapely
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from qyp_geo.declarations import Layer
from qyp_geo.errors import Problem
from qyp_geo.layers import postgis_sql
from tests.layers.folder import EAST, NORTH, PROVENANCE, Folder, at
from tests.layers.postgres import PASSWORD, PLANNER, Server, server

TOILETS = (
    "CREATE TABLE toilets (gid int PRIMARY KEY, 名称 text, seats numeric, opened date, geom geometry(Point, 4548))",
    "INSERT INTO toilets SELECT n, '公厕' || n, n * 10, '2020-05-01',"
    f" ST_SetSRID(ST_MakePoint({EAST} + n * 100, {NORTH} + 50), 4548) FROM generate_series(3, 1, -1) AS n",
    f"GRANT SELECT ON toilets TO {PLANNER}",
)


@pytest.fixture(scope="module")
def started() -> Iterator[Server]:
    with server() as one:
        yield one


@pytest.fixture
def database(started: Server, monkeypatch: pytest.MonkeyPatch) -> Server:
    """The server with an empty schema, its address in the environment."""
    started.execute("DROP SCHEMA IF EXISTS d CASCADE", "CREATE SCHEMA d", f"GRANT USAGE ON SCHEMA d TO {PLANNER}")
    monkeypatch.setenv("QYP_POSTGIS_DSN", started.dsn())
    return started


def make(database: Server, *statements: str) -> None:
    """Execute statements in the schema of the tests."""
    database.execute(*(f"SET search_path TO d, public; {statement}" for statement in statements))


def layer(table: str, kind: str = "public_toilet", geometry: str = "point", **more: Any) -> Layer:
    source = {"table": table, **more.pop("source", {})}
    content = {"title": kind, "kind": kind, "geometry": geometry, "source": source, "provenance": PROVENANCE, **more}
    return Layer.model_validate(content)


TOILET_LAYER = layer("d.toilets", columns={"name": "名称", "capacity": "seats", "opened": "opened"})


def test_a_table_is_a_layer(database: Server, folder: Folder) -> None:
    make(database, *TOILETS)
    read = folder.read_one(TOILET_LAYER)
    assert list(read.frame.index) == [
        "one-0001",
        "one-0002",
        "one-0003",
    ]  # by the key, as a file's rows by their number
    assert list(read.frame["name"]) == ["公厕1", "公厕2", "公厕3"]
    assert list(read.frame["capacity"]) == [10, 20, 30]
    assert list(read.frame["opened"]) == ["2020-05-01"] * 3
    assert [tuple(xy) for xy in shapely.get_coordinates(read.frame.geometry.to_numpy())] == [
        tuple(at(n * 100, 50)) for n in (1, 2, 3)
    ]
    assert read.problems == ()
    assert len(read.digest) == 64
    assert folder.read_one(TOILET_LAYER).digest == read.digest


def test_only_what_lies_near_is_fetched_and_the_rest_is_counted(database: Server, folder: Folder) -> None:
    make(
        database,
        *TOILETS,
        "INSERT INTO toilets SELECT n, '远', 1, NULL,"
        " ST_SetSRID(ST_MakePoint(500000, 3300000 + n), 4548) FROM generate_series(10, 16) AS n",
    )
    read = folder.read_one(TOILET_LAYER)
    assert len(read.frame) == 3
    assert [str(problem) for problem in read.problems] == [
        "PostGIS d.toilets: 7 of 10 records lie beyond the box around the district and its margin, not fetched"
    ]


def test_what_lies_elsewhere_as_a_whole_is_told_as_of_a_file(database: Server, folder: Folder) -> None:
    make(database, *TOILETS, "ALTER TABLE toilets ALTER geom TYPE geometry USING ST_SetSRID(geom, 4547)")
    told = " ".join(folder.told(TOILET_LAYER))
    assert "all of it lies far from the district" in told
    assert "It would lie here as EPSG:4548" in told


@pytest.mark.parametrize(
    "sort", ["geometry(Point, 4326)", "geography(Point, 4326)", "geometry(Point, 4490)", "geometry"]
)
def test_degrees_are_read_from_columns_of_any_type(database: Server, folder: Folder, sort: str) -> None:
    srid = 4490 if "4490" in sort else 4326
    make(
        database,
        *TOILETS,
        f"CREATE TABLE lonlat AS SELECT gid, 名称, ST_Transform(geom, {srid})::{sort} AS place FROM toilets",
        f"CREATE VIEW shown AS SELECT * FROM lonlat WHERE gid > 1; GRANT SELECT ON shown TO {PLANNER}",
    )
    read = folder.read_one(layer("d.shown", columns={"name": "名称", "id": "gid"}))
    assert list(read.frame.index) == ["2", "3"]
    assert shapely.get_coordinates(read.frame.geometry.to_numpy())[0] == pytest.approx(at(200, 50), abs=0.01)
    assert folder.read_one(layer("d.shown", columns={"name": "名称"}, source={"datum": "cgcs2000"})).problems == ()


def test_a_declared_datum_is_held_against_the_database(database: Server, folder: Folder) -> None:
    make(database, *TOILETS)
    (told,) = folder.told(layer("d.toilets", columns={"name": "名称"}, source={"datum": "wgs84"}))
    assert "contradicts the database, whose table is in EPSG:4548, CGCS2000 / 3-degree Gauss-Kruger CM 117E" in told
    assert folder.told(layer("d.toilets", columns={"name": "名称"}, source={"datum": "EPSG:4548"})) == []


def test_gcj02_may_stand_under_the_number_of_wgs84(database: Server, folder: Folder) -> None:
    make(database, *TOILETS, "ALTER TABLE toilets ALTER geom TYPE geometry USING ST_Transform(geom, 4326)")
    as_it_says = folder.read_one(layer("d.toilets", columns={"name": "名称"}))
    shifted = folder.read_one(layer("d.toilets", columns={"name": "名称"}, source={"datum": "gcj02"}))
    assert as_it_says.frame.distance(shifted.frame.geometry).between(500, 700).all()


@pytest.mark.parametrize(
    ("change", "datum", "told"),
    [
        ("ST_SetSRID(geom, 0)", "", "source.datum: is missing: the table does not say its reference system"),
        ("ST_SetSRID(geom, 0)", "EPSG:4548", ""),
        ("ST_SetSRID(geom, 2381)", "", "西安80、北京54 的转换参数未公开"),
        ("ST_SetSRID(geom, 990001)", "", "is missing: SRID 990001 is a reference system that only this database knows"),
        ("ST_SetSRID(geom, 990001)", "EPSG:4548", "taken as declared: SRID 990001"),
        (
            "ST_SetSRID(geom, CASE gid WHEN 1 THEN 4548 ELSE 4547 END)",
            "",
            "holds geometry of several reference systems (given: 4547 (2 records), 4548 (1 records))",
        ),
        ("NULL", "", "holds no geometry"),
    ],
)
def test_the_reference_system_is_said_or_asked_for(
    database: Server, folder: Folder, change: str, datum: str, told: str
) -> None:
    own = "VALUES (990001, 'city', 1, 'LOCAL_CS[\"city\"]', '+proj=tmerc +lon_0=116') ON CONFLICT DO NOTHING"
    make(
        database,
        "INSERT INTO public.spatial_ref_sys " + own,
        *TOILETS,
        f"ALTER TABLE toilets ALTER geom TYPE geometry USING {change}",
    )
    problems = folder.told(layer("d.toilets", columns={"name": "名称"}, source={"datum": datum}))
    assert told in " ".join(problems)
    assert len(problems) == bool(told)


def test_rows_without_a_place_are_named_by_their_key(database: Server, folder: Folder) -> None:
    make(
        database,
        "CREATE TABLE toilets (street text, no int, 名称 text, geom geometry(Geometry, 4548), PRIMARY KEY (street, no))",
        f"INSERT INTO toilets VALUES ('甲', 1, 'a', ST_SetSRID(ST_MakePoint({EAST} + 9, {NORTH} + 9), 4548)),"
        " ('甲', 2, 'b', NULL), ('乙', 1, 'c', 'SRID=4548;POINT EMPTY'),"
        " ('乙', 2, 'd', ST_SetSRID(ST_MakePoint('NaN', 'NaN'), 4548))",
        f"GRANT SELECT ON toilets TO {PLANNER}",
    )
    assert folder.told(layer("d.toilets", columns={"name": "名称"})) == [
        "PostGIS d.toilets: 1 of 4 records lie beyond the box around the district and its margin, not fetched",
        "PostGIS d.toilets: street/no 甲/2: no geometry. Draw it, or remove it",
        "PostGIS d.toilets: street/no 乙/1: empty geometry. Draw it, or remove it",
    ]


def test_curves_are_drawn_as_lines_and_what_cannot_be_drawn_is_told(database: Server, folder: Folder) -> None:
    ring = f"CURVEPOLYGON(CIRCULARSTRING({EAST} {NORTH}, {EAST + 100} {NORTH}, {EAST} {NORTH}))"
    make(
        database,
        f"CREATE TABLE parks AS SELECT 1 AS gid, '园' AS name, ST_GeomFromText('{ring}', 4548) AS geom",
        f"GRANT SELECT ON parks TO {PLANNER}",
    )
    park = layer("d.parks", "park", "polygon", columns={"name": "name"})
    assert folder.read_one(park).frame.area.iloc[0] == pytest.approx(3.1416 * 50**2, rel=0.01)
    make(database, "UPDATE parks SET geom = 'SRID=4548;TIN(((0 0 0, 0 1 0, 1 1 0, 0 0 0)))'")
    assert "geometry of a sort that cannot be read" in " ".join(folder.told(park))


def test_names_are_looked_up_and_corrected(database: Server, folder: Folder) -> None:
    make(database, *TOILETS)
    assert folder.told(layer("d.toilet", columns={"name": "名称"})) == [
        "layers/one.toml: source.table: the database has no such table (given: d.toilet). Did you mean d.toilets?"
    ]
    assert folder.told(layer("d.toilets", columns={"name": "名字", "capacity": "seat"})) == [
        "layers/one.toml: columns.name: the table has no such column (given: 名字). Allowed: gid, opened, seats, 名称",
        "layers/one.toml: columns.capacity: the table has no such column (given: seat). Did you mean seats?",
    ]
    make(database, "ALTER TABLE toilets ADD entrance geometry(Point, 4548)")
    assert "several geometry columns. Name one of them: geom, entrance" in folder.told(TOILET_LAYER)[0]
    assert (
        "no such geometry column (given: geon). Did you mean geom?"
        in folder.told(layer("d.toilets", columns={"name": "名称"}, source={"layer": "geon"}))[0]
    )
    assert folder.told(layer("d.toilets", columns={"name": "名称"}, source={"layer": "geom"})) == []
    make(database, f"CREATE TABLE plain (lon float8); GRANT SELECT ON plain TO {PLANNER}")
    assert "has no geometry column" in folder.told(layer("d.plain"))[0]
    make(database, "CREATE TABLE secret AS SELECT * FROM toilets")
    assert "may not be read by this user (given: d.secret)" in folder.told(layer("d.secret"))[0]


HOSTILE = [
    'x"; DROP TABLE d.toilets; --',
    "x'); DROP TABLE d.toilets; --",
    "50% of %s %(x)s",
    "{} {0} {table}",
    "a b\n;c\\",
    "选择 SELECT",
]


@pytest.mark.parametrize("name", HOSTILE)
def test_names_that_would_be_sql_are_names(database: Server, folder: Folder, name: str) -> None:
    quoted = '"' + name.replace('"', '""') + '"'
    make(database, *TOILETS)
    make(
        database,
        f"CREATE TABLE {quoted} AS SELECT gid AS {quoted}, 名称 FROM toilets",
        f'ALTER TABLE {quoted} ADD PRIMARY KEY ({quoted}), ADD {quoted[:-1]}g" geometry(Point, 4548)',
        f'UPDATE {quoted} SET {quoted[:-1]}g" = (SELECT geom FROM toilets WHERE gid = 2)',
        f"GRANT SELECT ON {quoted} TO {PLANNER}",
    )
    with pytest.raises(ValueError, match="a table is written"):
        layer(f"d.{name}")
    declared = TOILET_LAYER.model_copy(
        update={
            "source": TOILET_LAYER.source.model_copy(update={"table": f"d.{name}"}),  # as no declaration can say it
            "columns": {"name": "名称", "capacity": name},
        }
    )
    read = folder.read_one(declared)
    assert list(read.frame["capacity"]) == [1, 2, 3]
    assert database.execute("SELECT count(*) FROM d.toilets") == [(3,)]
    assert "the database has no such table" in folder.told(layer("d.toilets_", columns={"name": "名称"}))[0]


def test_nothing_is_written_by_a_role_that_may_nor_by_what_lies_behind_a_view(database: Server, folder: Folder) -> None:
    make(
        database,
        *TOILETS,
        "CREATE TABLE visits (n int)",
        "CREATE FUNCTION seen(n int) RETURNS int LANGUAGE sql AS 'INSERT INTO d.visits VALUES (n) RETURNING n'",
        "CREATE VIEW watched AS SELECT seen(gid) AS gid, 名称, geom FROM toilets",
        "CREATE VIEW breaks_out AS SELECT set_config('transaction_read_only', 'off', true) AS 名称, geom FROM toilets",
        f"GRANT ALL ON ALL TABLES IN SCHEMA d TO {PLANNER}",
    )
    assert folder.told(layer("d.watched", columns={"name": "名称", "id": "gid"})) == [
        "PostGIS d.watched: tries to write when it is read, which was not allowed"
        " (given: cannot execute INSERT in a read-only transaction). Make a view that only reads"
    ]
    assert "transaction read-write mode must be set before any query" in " ".join(
        folder.told(layer("d.breaks_out", columns={"name": "名称"}))
    )
    assert database.execute("SELECT count(*) FROM d.visits") == [(0,)]
    assert database.execute("SELECT count(*) FROM d.toilets") == [(3,)]


def test_functions_of_others_are_not_called_for_those_of_postgis(database: Server, folder: Folder) -> None:
    make(
        database,
        *TOILETS,
        "CREATE FUNCTION st_asbinary(geometry, text) RETURNS bytea LANGUAGE sql AS 'SELECT NULL::bytea'",
        "CREATE FUNCTION st_srid(geometry) RETURNS int LANGUAGE sql AS 'SELECT 3857'",
        f"ALTER ROLE {PLANNER} SET search_path TO d, public",
    )
    try:
        assert len(folder.read_one(TOILET_LAYER).frame) == 3
    finally:
        make(database, f"ALTER ROLE {PLANNER} RESET search_path")


def test_long_numbers_keep_their_digits(database: Server, folder: Folder) -> None:
    make(
        database,
        *TOILETS,
        "ALTER TABLE toilets ADD code int8, ADD share float8, ADD plan bool",
        "UPDATE toilets SET code = 9007199254740993 + gid, share = CASE WHEN gid > 1 THEN gid / 10.0 END, plan = gid = 1",
    )
    columns = {"id": "code", "name": "名称", "share": "share", "plan": "plan"}
    frame = folder.read_one(layer("d.toilets", columns=columns)).frame
    assert list(frame.index) == ["9007199254740994", "9007199254740995", "9007199254740996"]
    assert frame["share"].tolist()[1:] == [0.2, 0.3]
    assert frame["share"].isna().tolist() == [True, False, False]
    assert frame["plan"].tolist() == ["true", "false", "false"]


def test_rows_without_a_key_come_in_one_order(database: Server, folder: Folder) -> None:
    make(database, *TOILETS, "ALTER TABLE toilets DROP CONSTRAINT toilets_pkey")
    first = folder.read_one(TOILET_LAYER)
    make(database, "UPDATE toilets SET seats = seats WHERE gid = 3")  # which moves it behind the others
    again = folder.read_one(TOILET_LAYER)
    assert list(again.frame["name"]) == list(first.frame["name"])
    assert again.digest == first.digest
    make(database, "UPDATE toilets SET seats = 11 WHERE gid = 3")
    assert folder.read_one(TOILET_LAYER).digest != first.digest


def test_rows_that_a_policy_may_hide_are_told(database: Server, folder: Folder) -> None:
    make(
        database,
        *TOILETS,
        "ALTER TABLE toilets ENABLE ROW LEVEL SECURITY",
        "CREATE POLICY half ON toilets USING (gid > 1)",
    )
    read = folder.read_one(TOILET_LAYER)
    assert len(read.frame) == 2
    assert "may keep some of its rows from this user (row-level security)" in str(read.problems[0])


def everything(problems: list[Problem]) -> str:
    return "\n".join(f"{problem} {problem!r}" for problem in problems)


@pytest.mark.parametrize(
    ("dsn", "told"),
    [
        ("", "QYP_POSTGIS_DSN is not set in the environment: d.toilets is a table of a database"),
        ("{scheme}planner:{wrong}@127.0.0.1:{port}/city", 'password authentication failed for user "planner"'),
        ("{scheme}planner:{right}@127.0.0.1:{port}/nowhere", 'database "nowhere" does not exist'),
        ("{scheme}planner:{right}@127.0.0.1:1/city", "Connection refused"),
        ("host=127.0.0.1 port=1 user=planner password={raw}", "Connection refused"),
        ("{scheme}planner:{raw}@127.0.0.1:{port}/city", "the address in QYP_POSTGIS_DSN cannot be read"),
        ("password={raw} nonsense", "the address in QYP_POSTGIS_DSN cannot be read"),
        ("{scheme}planner@127.0.0.1:{port}/city?password={right}&application_name=a", ""),
    ],
)
def test_the_password_is_in_no_message(
    database: Server, folder: Folder, monkeypatch: pytest.MonkeyPatch, dsn: str, told: str
) -> None:
    make(database, *TOILETS)
    right, wrong = "geheim%407%3A%2F%3F%C3%BC", "geheim%407wrong"
    parts = {"scheme": "postgresql://", "right": right, "wrong": wrong, "raw": PASSWORD, "port": database.port}
    monkeypatch.setenv("QYP_POSTGIS_DSN", dsn.format(**parts))
    _, problems = folder.read(one=TOILET_LAYER, two=TOILET_LAYER)
    said = everything(problems)
    assert "geheim" not in said
    assert told in said
    assert len(problems) == (2 if told else 0)
    if told and dsn:  # a server that does not answer is not asked again for each layer
        assert "the database cannot be reached, as told before" in said


def test_a_server_that_never_answers_is_given_up(folder: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        monkeypatch.setenv("QYP_POSTGIS_DSN", f"postgresql://planner:x@127.0.0.1:{port}/city?connect_timeout=2")
        (told,) = folder.told(TOILET_LAYER)
    assert "the database cannot be reached" in told
    assert "timeout" in told


def test_a_database_without_postgis_is_told(database: Server, folder: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("QYP_POSTGIS_DSN", database.dsn().replace("/city", "/postgres"))
    assert "lies in a database without PostGIS" in folder.told(TOILET_LAYER)[0]


SLOW = (
    *TOILETS,
    "CREATE VIEW slow AS SELECT gid, 名称, geom, pg_sleep(20)::text AS waited FROM toilets",
    f"GRANT SELECT ON slow TO {PLANNER}",
)
SLOW_LAYER = layer("d.slow", columns={"name": "名称", "waited": "waited"})


def test_a_connection_that_is_killed_is_told(database: Server, folder: Folder) -> None:
    make(database, *SLOW)
    told: list[str] = []
    reader = threading.Thread(target=lambda: told.extend(folder.told(SLOW_LAYER)))
    reader.start()
    kill = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'planner' AND query LIKE '%slow%'"
    while reader.is_alive() and not database.execute(kill):
        time.sleep(0.05)
    reader.join(timeout=15)
    assert len(told) == 1
    assert "could not be read to the end: the connection was lost" in told[0]
    assert "terminating connection due to administrator command" in told[0]


def test_a_table_that_takes_too_long_or_is_locked_is_given_up(
    database: Server, folder: Folder, monkeypatch: pytest.MonkeyPatch
) -> None:
    make(database, *SLOW)
    monkeypatch.setattr(postgis_sql, "_SETTINGS", {"statement_timeout": "300ms", "lock_timeout": "100ms"})
    assert "was not read within 300 s" in folder.told(SLOW_LAYER)[0]
    locked = threading.Event()
    done = threading.Event()

    def hold() -> None:
        with psycopg.connect(f"host={database.folder} port={database.port} user=keeper dbname=city") as connection:
            connection.execute("LOCK TABLE d.toilets")
            locked.set()
            done.wait(30)

    holder = threading.Thread(target=hold)
    holder.start()
    assert locked.wait(30)
    (told,) = folder.told(TOILET_LAYER)
    done.set()
    holder.join()
    assert "is locked by somebody who is changing it" in told


def test_more_rows_than_can_be_held_are_refused(
    database: Server, folder: Folder, monkeypatch: pytest.MonkeyPatch
) -> None:
    make(database, *TOILETS)
    monkeypatch.setattr(postgis_sql, "MOST_ROWS", 2)
    (told,) = folder.told(TOILET_LAYER)
    assert "holds more records near the district than can be read (given: more than 2)" in told


def test_without_the_library_that_is_said(folder: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "qyp_geo.layers.postgis_tables", None)
    monkeypatch.delattr("qyp_geo.layers.postgis_tables")
    (told,) = folder.told(TOILET_LAYER)
    assert told.endswith('Install it: pip install "qyp-geo[postgis]"')


def test_what_says_how_a_file_is_read_is_refused(folder: Folder) -> None:
    told = folder.told(layer("d.toilets", source={"lon": "x", "encoding": "gbk"}))
    assert told == [
        "layers/one.toml: source.encoding: says how a file is read, and this is a table. Leave it out",
        "layers/one.toml: source.lon: says how a file is read, and this is a table. Leave it out",
    ]


def test_the_boundary_itself_may_be_a_table(database: Server, folder: Folder) -> None:
    make(
        database,
        "CREATE TABLE districts AS SELECT 1 AS gid, '区' AS name,"
        f" ST_MakeEnvelope({EAST}, {NORTH}, {EAST} + 250, {NORTH} + 250, 4548) AS geom",
        f"GRANT SELECT ON districts TO {PLANNER}",
        *TOILETS,
    )
    folder.margin_m = 0.0
    boundary = layer("d.districts", "boundary", "polygon", columns={"name": "name"})
    found, problems = folder.read(boundary=boundary, one=TOILET_LAYER)
    assert found["boundary"].frame.area.sum() == pytest.approx(250**2)
    assert list(found["one"].frame["name"]) == ["公厕1", "公厕2"]
    assert [problem.what for problem in problems] == [
        "1 of 3 records lie beyond the box around the district and its margin, not fetched"
    ]


def test_text_keys_that_look_like_numbers_stay_apart(database: Server, folder: Folder) -> None:
    make(
        database,
        "CREATE TABLE toilets (no text PRIMARY KEY, 名称 text, geom geometry(Point, 4548))",
        f"INSERT INTO toilets SELECT no, no, ST_SetSRID(ST_MakePoint({EAST} + 9, {NORTH} + 9), 4548)"
        " FROM unnest('{7,07,007}'::text[]) AS no",
        f"GRANT SELECT ON toilets TO {PLANNER}",
    )
    read = folder.read_one(layer("d.toilets", columns={"name": "名称"}))
    assert sorted(read.frame["name"]) == ["007", "07", "7"]
    assert len(set(read.frame.index)) == 3


def test_keys_of_two_parts_stay_apart(database: Server, folder: Folder) -> None:
    make(
        database,
        "CREATE TABLE toilets (a text, b text, 名称 text, geom geometry(Point, 4548), PRIMARY KEY (a, b))",
        f"INSERT INTO toilets SELECT a, b, a, ST_SetSRID(ST_MakePoint({EAST} + 9, {NORTH} + 9), 4548)"
        " FROM (VALUES ('a/b', 'c'), ('a', 'b/c')) AS v(a, b)",
        f"GRANT SELECT ON toilets TO {PLANNER}",
    )
    assert len(set(folder.read_one(layer("d.toilets", columns={"name": "名称"})).frame.index)) == 2


def test_moments_look_the_same_on_every_machine(
    database: Server, folder: Folder, monkeypatch: pytest.MonkeyPatch
) -> None:
    make(
        database,
        *TOILETS,
        "ALTER TABLE toilets ADD since timestamptz DEFAULT '2020-05-01 00:00+08', ADD lasts interval DEFAULT '1 day 2 h',"
        " ADD raw bytea DEFAULT 'ab', ADD many int[] DEFAULT '{1,2}', ADD more json DEFAULT '{\"a\": 1}'",
    )
    names = ("since", "lasts", "raw", "many", "more")
    declared = layer("d.toilets", columns={"name": "名称", **{name: name for name in names}})
    digests = set()
    for zone, style in (("America/New_York", "iso_8601"), ("Asia/Tokyo", "sql_standard")):
        monkeypatch.setenv("PGTZ", zone)
        make(database, f"ALTER ROLE {PLANNER} SET intervalstyle TO {style}")
        try:
            read = folder.read_one(declared)
        finally:
            make(database, f"ALTER ROLE {PLANNER} RESET intervalstyle")
        digests.add(read.digest)
    assert len(digests) == 1
    assert [str(read.frame[name].iloc[0]) for name in names] == [
        "2020-05-01 00:00:00+08",
        "1 day 02:00:00",
        r"\x6162",
        "{1,2}",
        '{"a": 1}',
    ]


TEXTS = st.none() | st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=8)
NUMBERS = (
    st.none()
    | st.sampled_from([*map(Decimal, ("NaN", "Infinity", "-Infinity", "1e300"))])
    | st.decimals(allow_nan=False, allow_infinity=False, places=3)
    | st.integers(-(10**30), 10**30)
)
SHAPES = st.sampled_from(
    [
        None,
        *("POINT EMPTY", "POINT(nan nan)", "POINT Z (1 2 3)", "POINT ZM (1 2 3 4)", "GEOMETRYCOLLECTION EMPTY"),
        *(
            re.sub(r"\bX\b", str(EAST), re.sub(r"\bY\b", str(NORTH), sort))
            for sort in (
                "POINT(X Y)",
                "POINT M (X Y 5)",
                "MULTIPOINT((X Y))",
                "LINESTRING(X Y, X Y)",
                "CIRCULARSTRING(X Y, X 1, X Y)",
                "POLYGON((X Y, X Y, X Y, X Y))",
                "GEOMETRYCOLLECTION(POINT(X Y), LINESTRING(0 0, X Y))",
                "TIN(((X Y, X 1, 1 1, X Y)))",
            )
        ),
    ]
)
KEYS = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=4)


@settings(max_examples=60, derandomize=True, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.dictionaries(KEYS, st.tuples(TEXTS, NUMBERS, SHAPES, st.sampled_from([4548, 4548, 4548, 0, 4326])), max_size=5)
)
def test_any_rows_are_read_or_told(
    database: Server, folder: Folder, rows: dict[str, tuple[str | None, Any, str | None, int]]
) -> None:
    """Each row is in the layer, or named or counted in what is told; each time in the same way."""
    make(
        database,
        "DROP TABLE IF EXISTS anything",
        "CREATE TABLE anything (key text PRIMARY KEY, 名称 text, seats numeric, geom geometry)",
        f"GRANT SELECT ON anything TO {PLANNER}",
    )
    for key, (name, seats, shape, srid) in rows.items():
        database.execute(
            "INSERT INTO d.anything VALUES (%s, %s, %s, public.ST_GeomFromText(%s, %s))",
            values=[key, name, seats, shape, srid],
        )
    declared = layer("d.anything", geometry="mixed", columns={"name": "名称", "capacity": "seats"})
    found, problems = folder.read(one=declared)
    again, told_again = folder.read(one=declared)
    assert [str(problem) for problem in problems] == [str(problem) for problem in told_again]
    if "one" in found:
        assert again["one"].digest == found["one"].digest
        assert len(found["one"].frame) == len(rows) or problems
        assert found["one"].frame.index.is_unique
    else:
        assert problems
