"""A real PostgreSQL with PostGIS for one test session: its own folder, loopback only, ended by its own process."""

from __future__ import annotations

import contextlib
import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg

from tests.conftest import require

BINARIES = Path("/usr/lib/postgresql/15/bin")
PASSWORD = "geheim@7:/?ü"  # noqa: S105  with what must be written otherwise in an address
PLANNER = "planner"
_STARTS_WITHIN_S = 60


@dataclass(frozen=True)
class Server:
    folder: Path
    port: int

    def dsn(self, user: str = PLANNER, password: str = "geheim%407%3A%2F%3F%C3%BC", **more: str) -> str:  # noqa: S107
        """An address as a planner gives it."""
        options = "".join(f"&{key}={value}" for key, value in more.items())
        return f"postgresql://{user}:{password}@127.0.0.1:{self.port}/city?sslmode=disable{options}"

    def execute(self, *statements: str, values: Sequence[Any] = (), database: str = "city") -> list[tuple[Any, ...]]:
        """Execute statements as the keeper of the database; the rows of the last."""
        address = f"host={self.folder} port={self.port} user=keeper dbname={database}"
        with psycopg.connect(address, autocommit=True) as connection:
            for statement in statements[:-1]:
                connection.execute(statement.encode())
            cursor = connection.execute(statements[-1].encode(), values or None)
            return cursor.fetchall() if cursor.description else []


@contextlib.contextmanager
def server() -> Iterator[Server]:
    """Start a server as user `postgres`, or as whoever runs the tests where that is not root; end it afterwards."""
    require((BINARIES / "initdb").exists(), "postgresql-15 and postgresql-15-postgis-3 of Debian are not installed")
    as_root = os.geteuid() == 0
    who: dict[str, Any] = {"user": "postgres", "group": "postgres", "extra_groups": []} if as_root else {}
    folder = Path(tempfile.mkdtemp(prefix="qyp-pg-"))  # the path of a socket is short
    try:
        if as_root:
            owner = pwd.getpwnam("postgres")
            os.chown(folder, owner.pw_uid, owner.pw_gid)
        (folder / "password").write_text(PASSWORD, encoding="utf-8")
        (folder / "password").chmod(0o644)
        told = {"stdout": subprocess.DEVNULL, "stderr": subprocess.STDOUT, "cwd": folder, **who}
        kept_by = [
            "--username=keeper",
            "--auth-local=trust",
            "--auth-host=scram-sha-256",
            f"--pwfile={folder / 'password'}",
        ]
        subprocess.run(
            [BINARIES / "initdb", folder / "data", *kept_by, "--encoding=UTF8", "--locale=C", "--no-sync"],
            check=True,
            **told,
        )
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = int(free.getsockname()[1])
        settings = {"listen_addresses": "127.0.0.1", "port": port, "unix_socket_directories": folder, "fsync": "off"}
        options = [part for key, value in settings.items() for part in ("-c", f"{key}={value}")]
        process = subprocess.Popen([BINARIES / "postgres", "-D", folder / "data", *options], **told)
        try:
            found = Server(folder, port)
            _wait_for(folder, port, process)
            found.execute("CREATE DATABASE city", database="postgres")
            found.execute("CREATE EXTENSION postgis", f"CREATE ROLE {PLANNER} LOGIN PASSWORD '{PASSWORD}'")
            yield found
        finally:
            process.send_signal(signal.SIGINT)  # ends all connections, then itself
            process.wait(timeout=_STARTS_WITHIN_S)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _wait_for(folder: Path, port: int, process: subprocess.Popen[bytes]) -> None:
    for _ in range(_STARTS_WITHIN_S * 10):
        ready = subprocess.run(
            [BINARIES / "pg_isready", "-h", folder, "-p", str(port)], stdout=subprocess.DEVNULL, check=False
        )
        if ready.returncode == 0:
            return
        if process.poll() is not None:
            break
        time.sleep(0.1)
    raise RuntimeError("the database server of the tests did not start")
