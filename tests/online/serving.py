"""A server of HTTP on this machine, for the length of a block; what it says is the test's."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

_RESET = b"\x01\x00\x00\x00\x00\x00\x00\x00"  # SO_LINGER: on, for no time


@dataclass(frozen=True)
class Asked:
    """A request."""

    path: str
    params: dict[str, str]
    headers: Mapping[str, str]


@dataclass(frozen=True)
class Reply:
    """What is said to it; less of the body than is announced where `part` is below 1."""

    body: bytes
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    part: float = 1.0


class HangUp(Exception):  # noqa: N818  (nothing went wrong: the server does it on purpose)
    """The connection ends without an answer, hard or softly."""

    def __init__(self, *, hard: bool = False) -> None:
        super().__init__()
        self.hard = hard


@contextmanager
def serving(answer: Callable[[Asked], Reply]) -> Iterator[str]:
    """Run a server while the block runs; gives its address."""

    class Handler(BaseHTTPRequestHandler):
        def log_message(self, format: str, *args: object) -> None:  # noqa: A002  (so it is called above)
            """Keep quiet."""

        def do_GET(self) -> None:
            self._serve(urlsplit(self.path).query)

        def do_POST(self) -> None:
            self._serve(self.rfile.read(int(self.headers["Content-Length"])).decode())

        def _serve(self, form: str) -> None:
            params = {name: values[0] for name, values in parse_qs(form).items()}
            try:
                reply = answer(Asked(urlsplit(self.path).path, params, dict(self.headers.items())))
                self.send_response(reply.status)
                for name, value in {"Content-Length": str(len(reply.body)), **reply.headers}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(reply.body[: int(len(reply.body) * reply.part)])
            except HangUp as how:
                if how.hard:
                    self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
                    self.connection.close()
                self.close_connection = True
            except (BrokenPipeError, ConnectionResetError):
                self.close_connection = True  # who asked was killed

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
