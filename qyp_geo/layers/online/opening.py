"""Addresses are opened by http and https, and a redirection never leads what was asked to another host."""

from __future__ import annotations

import http.client
import urllib.error
import urllib.request
from typing import IO, Final
from urllib.parse import urlsplit

_SHOWN: Final = 200


class _SameHost(urllib.request.HTTPRedirectHandler):
    """Follows a redirection of the same host only: what else is asked, such as a key, is for nobody else.

    A form is not sent again: it would become a question without its parameters.
    """

    def redirect_request(
        self,
        req: urllib.request.Request,
        fp: IO[bytes],
        code: int,
        msg: str,
        headers: http.client.HTTPMessage,
        newurl: str,
    ) -> urllib.request.Request | None:
        before, after = urlsplit(req.full_url), urlsplit(newurl)
        same = before.hostname == after.hostname and (before.scheme, before.port) == (after.scheme, after.port)
        safer = (before.scheme, after.scheme) == ("http", "https") and (before.port, after.port) == (None, None)
        if req.data is not None or not (same or (safer and before.hostname == after.hostname)):
            # Its path and query are not shown: they may hold what was asked, with the key.
            to = printable(f"{after.scheme}://{after.hostname or ''}".encode())
            raise urllib.error.URLError(
                f"it sends on to another address ({to}), which is not followed. If the network wants you to log in first, do; "
                "if the service has moved, write its new address in fetch.toml"
            )
        return super().redirect_request(req, fp, code, msg, headers, newurl)

    def http_error_308(
        self, req: urllib.request.Request, fp: IO[bytes], code: int, msg: str, headers: http.client.HTTPMessage
    ) -> object:
        return self.http_error_302(req, fp, code, msg, headers)

    http_error_307 = http_error_308


def opener() -> urllib.request.OpenerDirector:
    """Opens what is http or https, and follows no redirection to anything else, such as a file of this machine."""
    opener = urllib.request.OpenerDirector()
    for handler in (
        urllib.request.ProxyHandler(),
        urllib.request.HTTPHandler(),
        urllib.request.HTTPSHandler(),
        _SameHost(),
        urllib.request.HTTPDefaultErrorHandler(),
        urllib.request.HTTPErrorProcessor(),
        urllib.request.UnknownHandler(),
    ):
        opener.add_handler(handler)
    return opener


def printable(text: bytes) -> str:
    """The beginning of what a service says, in one line, without signs that would move a terminal's cursor."""
    told = text.decode("utf-8", errors="replace")
    return " ".join("".join(sign if sign.isprintable() else " " for sign in told).split())[:_SHOWN]
