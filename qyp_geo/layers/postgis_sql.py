"""The SQL of `postgis`: the only names in it are those that the database's own catalogue holds, quoted by the driver.

Every value is a parameter, every function is named with its schema, so that no search path leads to another one, and the
transaction is read-only and ends by itself when it takes too long.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import quote

import psycopg
from psycopg import conninfo, errors, sql

from qyp_geo.errors import QypGeoError
from qyp_geo.layers.looking import Box
from qyp_geo.secrets import masked

CONNECT_S: Final = 10
STATEMENT_S: Final = 300
LOCK_S: Final = 10
MOST_ROWS: Final = 1_000_000
"""More than a city has of anything that a layer holds; their text is held in memory at once."""
_SAMPLE: Final = 1_000
_DEFAULTS: Final = {"connect_timeout": CONNECT_S, "tcp_user_timeout": CONNECT_S * 1000, "application_name": "qyp_geo"}
_SETTINGS: Final = {
    "statement_timeout": f"{STATEMENT_S}s",
    "lock_timeout": f"{LOCK_S}s",
    "datestyle": "ISO, YMD",
    "extra_float_digits": "3",  # numbers as text that gives the same number back
    # What else decides how a value looks as text, whatever this machine or role is set to; moments are China's.
    "timezone": "<+08>-08",
    "intervalstyle": "postgres",
    "bytea_output": "hex",
}
_NOT_CONNECTED: Final = (
    "the database cannot be reached",
    "Check QYP_POSTGIS_DSN, and that the server runs and lets this user in from here",
)
_REFUSALS: Final = (
    (
        errors.QueryCanceled,
        (f"was not read within {STATEMENT_S} s", "Give its geometry an index, or make a view of a part of it"),
    ),
    (errors.LockNotAvailable, ("is locked by somebody who is changing it", "Run again when that is done")),
    (
        errors.InsufficientPrivilege,
        ("may not be read by this user", "Ask who keeps the database to GRANT SELECT on all of it"),
    ),
    (
        errors.ReadOnlySqlTransaction,
        ("tries to write when it is read, which was not allowed", "Make a view that only reads"),
    ),
    (UnicodeDecodeError, ("holds text in an unknown encoding", "Have the database converted to UTF-8")),
    (psycopg.OperationalError, ("could not be read to the end: the connection was lost", "Run again")),
    (Exception, ("was refused by the database", "Try the same in psql or QGIS, and mend the table or view")),
)
"""Why a database refuses, in a planner's words, and what to do: the first that fits."""
_NUMBERS: Final = ["int2", "int4", "int8", "float4", "float8", "numeric"]
Connection = psycopg.Connection[tuple[Any, ...]]


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table: what its type is to us."""

    name: str
    is_geometry: bool
    is_number: bool


@dataclass(frozen=True, slots=True)
class Table:
    """A table or view that the catalogue holds.

    Attributes
    ----------
    columns
        Those of the table, in its order.
    key
        Names of the primary key's columns; empty where there is none.
    may_be_read
        Whether this user may read it.
    hides_rows
        Whether a policy of the database keeps rows from this user.
    """

    schema: str
    name: str
    columns: tuple[Column, ...]
    key: tuple[str, ...]
    may_be_read: bool
    hides_rows: bool


class RefusedError(QypGeoError):
    """The database did not give what was asked for: why, in its own words without any secret, and what to do.

    Attributes
    ----------
    out_of_reach
        Whether there was no connection at all, so that nothing else can be asked either.
    """

    def __init__(self, what: str, given: str, remedy: str, *, out_of_reach: bool = False) -> None:
        super().__init__(f"{what}: {given}")
        self.what, self.given, self.remedy, self.out_of_reach = what, given, remedy, out_of_reach


@contextmanager
def reading(dsn: str) -> Iterator[Connection]:
    """Give a read-only transaction that sees one state of the database.

    Raises
    ------
    RefusedError
        If there is no connection, or the database refuses what is asked of it in the block.
    """
    try:
        stated = conninfo.conninfo_to_dict(dsn)
    except psycopg.Error:  # its message may hold any part of the password
        raise RefusedError(
            "the address in QYP_POSTGIS_DSN cannot be read",
            "",
            "Write it as postgresql://USER:PASSWORD@HOST:5432/DATABASE, with %40 for an @ in the password",
            out_of_reach=True,
        ) from None
    defaults = {key: value for key, value in _DEFAULTS.items() if key not in stated}
    connected = False
    try:
        with psycopg.connect(dsn, client_encoding="utf8", **defaults) as connection:  # type: ignore[arg-type]
            connection.read_only = True
            connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
            for name, value in _SETTINGS.items():
                connection.execute("SELECT pg_catalog.set_config(%s, %s, true)", [name, value])
            connected = True
            yield connection
    except (psycopg.Error, UnicodeDecodeError) as error:
        secrets = [dsn, *(str(stated[key]) for key in ("password", "sslpassword") if stated.get(key))]
        what, remedy = (
            next(said for sort, said in _REFUSALS if isinstance(error, sort)) if connected else _NOT_CONNECTED
        )
        raise RefusedError(what, _without(secrets, str(error)), remedy, out_of_reach=not connected) from None


def _without(secrets: Iterable[str], text: str) -> str:
    """Return the first line of a text without secrets, plain or as they stand in an address."""
    for one in secrets:
        for written in {one, quote(one, safe="")}:
            text = text.replace(written, "***")
    return masked(text).strip().partition("\n")[0]


def postgis_schema(connection: Connection) -> str | None:
    """Return the schema that PostGIS is installed in; None where the database has none."""
    row = connection.execute(
        "SELECT n.nspname FROM pg_catalog.pg_extension e JOIN pg_catalog.pg_namespace n ON n.oid = e.extnamespace"
        " WHERE e.extname = 'postgis'"
    ).fetchone()
    return None if row is None else str(row[0])


def find_table(connection: Connection, schema: str, name: str, *, postgis: str) -> Table | None:
    """Return a table or view as the catalogue has it; None where it has none of this name."""
    row = connection.execute(
        "SELECT c.oid, pg_catalog.has_schema_privilege(n.oid, 'USAGE')"
        " AND pg_catalog.has_any_column_privilege(c.oid, 'SELECT'), pg_catalog.row_security_active(c.oid)"
        " FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace"
        " WHERE n.nspname = %s AND c.relname = %s AND c.relkind IN ('r', 'p', 'v', 'm', 'f')",
        [schema, name],
    ).fetchone()
    if row is None:
        return None
    oid, may_be_read, hides_rows = row
    columns = connection.execute(
        "SELECT a.attname, t.typname IN ('geometry', 'geography') AND n.nspname = %s,"
        " t.typname = ANY(%s) AND n.nspname = 'pg_catalog'"
        " FROM pg_catalog.pg_attribute a JOIN pg_catalog.pg_type t ON t.oid = a.atttypid"
        " JOIN pg_catalog.pg_namespace n ON n.oid = t.typnamespace"
        " WHERE a.attrelid = %s AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum",
        [postgis, _NUMBERS, oid],
    ).fetchall()
    key = connection.execute(
        "SELECT a.attname FROM pg_catalog.pg_index i"
        " CROSS JOIN LATERAL pg_catalog.unnest(i.indkey) WITH ORDINALITY AS k(attnum, place)"
        " JOIN pg_catalog.pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = k.attnum"
        " WHERE i.indrelid = %s AND i.indisprimary ORDER BY k.place",
        [oid],
    ).fetchall()
    return Table(
        schema,
        name,
        tuple(Column(str(column), bool(geometry), bool(number)) for column, geometry, number in columns),
        tuple(str(column) for (column,) in key),
        bool(may_be_read),
        bool(hides_rows),
    )


def tables_with_geometry(connection: Connection, *, postgis: str) -> list[str]:
    """Return the tables and views that hold geometry and that this user may read, as "schema.table"."""
    rows = connection.execute(
        "SELECT DISTINCT n.nspname, c.relname FROM pg_catalog.pg_class c"
        " JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace"
        " JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped"
        " JOIN pg_catalog.pg_type t ON t.oid = a.atttypid JOIN pg_catalog.pg_namespace o ON o.oid = t.typnamespace"
        " WHERE t.typname IN ('geometry', 'geography') AND o.nspname = %s AND c.relkind IN ('r', 'p', 'v', 'm', 'f')"
        " AND pg_catalog.has_schema_privilege(n.oid, 'USAGE')"
        " AND pg_catalog.has_any_column_privilege(c.oid, 'SELECT') ORDER BY 1, 2",
        [postgis],
    ).fetchall()
    return [f"{schema}.{name}" for schema, name in rows]


def count_by_srid(connection: Connection, table: Table, geometry: str, *, postgis: str) -> dict[int | None, int]:
    """Return how many rows have which SRID (0: none is set; None: the row has no geometry)."""
    query = sql.SQL("SELECT {srid}({geometry}::{type}), pg_catalog.count(*) FROM {table} GROUP BY 1 ORDER BY 1").format(
        srid=_name(postgis, "st_srid"),
        geometry=_name(geometry),
        type=_name(postgis, "geometry"),
        table=_name(table.schema, table.name),
    )
    return dict(connection.execute(query, []).fetchall())


def definition(connection: Connection, srid: int, *, postgis: str) -> tuple[str | None, int | None] | None:
    """Return the authority and the code that an SRID stands for; None where the database does not define it."""
    query = sql.SQL("SELECT auth_name, auth_srid FROM {} WHERE srid = %s").format(_name(postgis, "spatial_ref_sys"))
    return connection.execute(query, [srid]).fetchone()


def fetch_rows(
    connection: Connection,
    table: Table,
    geometry: str,
    columns: Sequence[str],
    *,
    near: tuple[Box, int] | None,
    postgis: str,
    sample: bool = False,
) -> list[tuple[Any, ...]]:
    """Return rows in an order that is always the same.

    Parameters
    ----------
    connection
        A read-only transaction.
    table, geometry, columns
        What to read; the names are the catalogue's.
    near
        Only rows whose geometry meets this box (and its SRID), or that have no geometry, which is then told.
    postgis
        The schema of PostGIS.
    sample
        Only the first thousand.

    Returns
    -------
    list of tuple
        The geometry as well-known binary, plane and without curves, or None; then the key and the columns, as text. At most one
        more than `MOST_ROWS`.
    """
    shape = sql.SQL("{}::{}").format(_name(geometry), _name(postgis, "geometry"))
    query = sql.SQL("SELECT {binary}({line}({plane}({shape})), 'NDR')").format(
        binary=_name(postgis, "st_asbinary"),
        line=_name(postgis, "st_curvetoline"),
        plane=_name(postgis, "st_force2d"),
        shape=shape,
    )
    query += sql.SQL("").join(sql.SQL(", {}::text").format(_name(column)) for column in [*table.key, *columns])
    query += sql.SQL(" FROM {}").format(_name(table.schema, table.name))
    values: list[object] = []
    if near is not None:
        query += sql.SQL(
            " WHERE {shape} IS NULL OR {empty}({shape}) OR {shape} OPERATOR({schema}.&&) {box}(%s, %s, %s, %s, %s)"
        ).format(
            shape=shape,
            empty=_name(postgis, "st_isempty"),
            schema=_name(postgis),
            box=_name(postgis, "st_makeenvelope"),
        )
        values += [*near[0], near[1]]
    if table.key:
        query += sql.SQL(" ORDER BY {}").format(sql.SQL(", ").join(_name(column) for column in table.key))
    query += sql.SQL(" LIMIT %s")
    values.append(_SAMPLE if sample else MOST_ROWS + 1)
    with connection.cursor(binary=True) as cursor:
        rows = cursor.execute(query, values).fetchall()
    return rows if table.key else sorted(rows, key=_content)


def _content(row: tuple[Any, ...]) -> tuple[object, ...]:
    """What rows without a key are put in order by: all of them."""
    shape, *texts = row
    return *((text is not None, text or "") for text in texts), shape is not None, shape or b""


def _name(*names: str) -> sql.Identifier:
    # The driver looks for placeholders in names as well: a per cent sign is written twice.
    return sql.Identifier(*(name.replace("%", "%%") for name in names))
