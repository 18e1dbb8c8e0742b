"""A preview of a published folder, for this computer alone."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from http import HTTPStatus
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Final

from qyp_geo.build import restore
from qyp_geo.errors import MissingError, QypGeoError

_HOST: Final = "127.0.0.1"
_HEADERS: Final = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Permissions-Policy": "geolocation=(self), camera=(), microphone=()",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}
_TYPES: Final = {
    ".html": "text/html; charset=utf-8",
    ".csv": "text/csv; charset=utf-8",
    ".json": "application/json; charset=utf-8",
    ".geojson": "application/geo+json",
    ".gpkg": "application/geopackage+sqlite3",
    "": "text/plain; charset=utf-8",
}


def published_folder(folder: Path) -> Path:
    """Return what is served of a folder: its `public/`, else its `draft/`, else itself, if it has an `index.html`.

    A publishing that was killed while it replaced one of them leaves the last good one, which is brought back.

    Raises
    ------
    MissingError
        If nothing was published there.
    """
    for name in ("public", "draft"):
        restore(folder, name)
    for one in (folder / "public", folder / "draft", folder):
        if (one / "index.html").is_file():
            return one
    raise MissingError(
        f'{folder} holds nothing that is published: run "qyp publish {folder}", or "qyp publish {folder} --draft" for a look'
    )


def open_server(folder: Path, *, port: int) -> ThreadingHTTPServer:
    """Open a server of the files of a folder on the loopback address; no other computer can reach it.

    Parameters
    ----------
    folder
        What `published_folder` returned.
    port
        0 takes any that is free.

    Raises
    ------
    QypGeoError
        If the port cannot be had.
    """
    try:
        return ThreadingHTTPServer((_HOST, port), partial(_Files, directory=str(folder)))
    except (OSError, OverflowError) as error:
        raise QypGeoError(
            f"port {port} of this computer cannot be used: {error}. Choose another, such as --port 8765"
        ) from error


def address(server: ThreadingHTTPServer) -> str:
    """Return where a browser finds the server."""
    return f"http://{_HOST}:{server.server_address[1]}/"


class _Files(SimpleHTTPRequestHandler):
    """Files of one folder; no lists of files, nothing outside it, and no answer to a page of another site."""

    extensions_map: Mapping[str, str] = {**SimpleHTTPRequestHandler.extensions_map, **_TYPES}  # type: ignore[assignment]
    server_version, sys_version = "qyp", ""

    def send_head(self) -> Any:
        # A site whose name is made to mean this address would else read what is here.
        name = self.headers.get("Host", "").rpartition(":")[0] or self.headers.get("Host", "")
        if name not in {_HOST, "localhost"}:
            self.send_error(HTTPStatus.FORBIDDEN, "only asked from this computer")
            return None
        path = self.translate_path(self.path)
        if "\0" in path or not Path(path).resolve().is_relative_to(Path(self.directory).resolve()):
            self.send_error(HTTPStatus.NOT_FOUND)
            return None
        return super().send_head()

    def list_directory(self, path: object) -> None:  # noqa: ARG002
        self.send_error(HTTPStatus.NOT_FOUND)

    def end_headers(self) -> None:
        for name, value in _HEADERS.items():
            self.send_header(name, value)
        super().end_headers()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  as it is called there
        """Say nothing: the terminal shows the address."""
