"""Asking services of the network: politely, patiently, and each question once.

Requests go one at a time with a pause between them; what fails for the moment is asked again, later each time; every answer is
checked, and kept with its SHA-256, so that what broke off goes on where it was.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import http.client
import json
import re
import ssl
import time
import urllib.error
import urllib.request
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from email.message import Message
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Final, Literal
from urllib.parse import urlencode, urlsplit

from pydantic import Field, field_validator

from qyp_geo import __version__
from qyp_geo.declarations import Record
from qyp_geo.errors import QypGeoError
from qyp_geo.layers.online.opening import opener, printable
from qyp_geo.secrets import masked

_FOR_THE_MOMENT: Final = frozenset({408, 425, 429, 500, 502, 503, 504})
_TOOK_TOO_LONG: Final = frozenset({408, 504})
_FIRST_WAIT_S: Final = 5.0
_LONGEST_WAIT_S: Final = 600.0
_WHOLE_ANSWER: Final = 4  # times the time-out: a server that drips does not hold us for ever
_MOST_BYTES: Final = 256 * 1024 * 1024
_CHUNK: Final = 1 << 20
Check = Callable[[bytes], None]


class OnlineError(QypGeoError):
    """A service did not give what it was asked for."""


class TooMuchError(OnlineError):
    """The question was too large for the service; parts of it may be answered."""


class NotKeptError(OnlineError):
    """Work is offline, and the answer is not among those that were kept."""


class Settings(Record):
    """How services are asked, whichever they are."""

    contact: str = ""
    """Whom a service's keepers may write to; it is sent with every request."""
    user_agent: str = f"qyp-geo/{__version__}"
    timeout_s: float = Field(default=180.0, gt=0, le=3600)
    """Without a sign of the service for so long, the request has failed."""
    pause_s: float = Field(default=1.0, ge=0, le=600)
    """At least so long between two requests."""
    tries: int = Field(default=6, ge=1, le=20)
    keep_days: float = Field(default=7.0, ge=0)
    """What was asked so many days ago is asked again, but for offline work."""

    @field_validator("contact", "user_agent")
    @classmethod
    def _one_line(cls, text: str) -> str:
        if not re.fullmatch(r"[ -~]*", text):
            raise ValueError("it goes into a header of each request: ASCII letters, digits and signs only")
        return text

    @property
    def sender(self) -> str:
        """What is sent as ``User-Agent``."""
        return f"{self.user_agent} ({self.contact})" if self.contact else self.user_agent


@dataclass(frozen=True, slots=True)
class _Question:
    """One request; what is `hidden` of it is sent, but never kept nor shown."""

    method: Literal["GET", "POST"]
    url: str
    params: Mapping[str, str]
    hidden: frozenset[str]

    @property
    def service(self) -> str:
        return urlsplit(self.url).netloc

    def shown(self) -> dict[str, object]:
        """What may be kept of it."""
        params = {name: value for name, value in sorted(self.params.items()) if name not in self.hidden}
        return {"method": self.method, "url": self.url, "params": params}

    def key(self) -> str:
        return hashlib.sha256(json.dumps(self.shown(), ensure_ascii=False).encode()).hexdigest()

    def about(self, answer: bytes, retrieved: dt.datetime) -> dict[str, object]:
        """What is kept with an answer."""
        return {
            **self.shown(),
            "retrieved": retrieved.isoformat(timespec="seconds"),
            "sha256": hashlib.sha256(answer).hexdigest(),
        }

    def without_hidden(self, answer: bytes) -> bytes:
        for name in self.hidden:
            if value := self.params.get(name, ""):
                answer = answer.replace(value.encode(), b"***")
        return answer

    def request(self, sender: str) -> urllib.request.Request:
        sent = urlencode(self.params)
        headers = {"User-Agent": sender, "Accept-Encoding": "gzip"}
        if self.method == "POST":
            return urllib.request.Request(self.url, data=sent.encode(), headers=headers, method="POST")  # noqa: S310  (http and https only: see opening.py)
        url = f"{self.url}?{sent}" if sent else self.url
        return urllib.request.Request(url, headers=headers)  # noqa: S310


@dataclass(frozen=True, slots=True)
class _Failure:
    """Why a try came to nothing."""

    why: str
    again: bool = True
    too_much: bool = False
    wait_s: float = 0.0
    """How long the service asks us to wait."""


class Client:
    """Asks services, and keeps their answers.

    Parameters
    ----------
    settings
        How they are asked.
    cache
        The folder in which answers are kept; made when there is one.
    offline
        Whether only answers that were kept are given.
    sleep
        Waits so many seconds.
    told
        Is told why we wait.

    Attributes
    ----------
    asked
        How many requests went out.
    oldest
        When the oldest of the answers that were given was retrieved; None before the first.
    """

    def __init__(
        self,
        settings: Settings,
        cache: Path,
        *,
        offline: bool = False,
        sleep: Callable[[float], None] = time.sleep,
        told: Callable[[str], None] = lambda _: None,
    ) -> None:
        self.settings = settings
        self.asked = 0
        self.oldest: dt.datetime | None = None
        self._cache, self._offline, self._sleep, self._told = cache, offline, sleep, told
        self._last = -float("inf")

    def get(
        self,
        url: str,
        params: Mapping[str, str],
        *,
        hidden: frozenset[str] = frozenset(),
        check: Check = lambda _: None,
    ) -> bytes:
        """Ask with GET.

        Parameters
        ----------
        url
            ``http`` or ``https``, without a query.
        params
            The query.
        hidden
            Names of parameters, such as a key, that are sent but never kept or shown; an answer that holds their value is
            given with ``***`` instead.
        check
            Raises `ValueError` with the reason for an answer that is no good, which is then asked for again; an `OnlineError`
            ends the asking.

        Returns
        -------
        bytes
            The answer, uncompressed.

        Raises
        ------
        TooMuchError
            If the service had no time for it, each time.
        NotKeptError
            If it had to be asked, and work is offline.
        OnlineError
            If it failed each time, or for good.
        """
        return self._answer(_Question("GET", url, dict(params), hidden), check)

    def post(
        self,
        url: str,
        params: Mapping[str, str],
        *,
        hidden: frozenset[str] = frozenset(),
        check: Check = lambda _: None,
    ) -> bytes:
        """Ask with POST, the parameters as a form; else as `get`."""
        return self._answer(_Question("POST", url, dict(params), hidden), check)

    def keeps_post(self, url: str, params: Mapping[str, str]) -> bool:
        """Whether an answer to this question was kept, however old; it may turn out to be damaged."""
        return self._path(_Question("POST", url, dict(params), frozenset())).is_file()

    def _answer(self, question: _Question, check: Check) -> bytes:
        kept = self._kept(question, check)
        if kept is not None:
            return kept
        if self._offline:
            raise NotKeptError(
                f"an answer of {question.service} is not among those that were kept: fetch once without --offline"
            )
        failure = _Failure("")
        for tried in range(self.settings.tries):
            if tried:
                wait_s = max(failure.wait_s, min(_FIRST_WAIT_S * 2 ** (tried - 1), _LONGEST_WAIT_S))
                self._told(f"{question.service}: {failure.why}; asked again in {wait_s:.0f} s")
                self._sleep(wait_s)
            outcome = self._try(question, check)
            if isinstance(outcome, bytes):
                self._keep(question, outcome)
                return outcome
            failure = outcome
            if not failure.again or failure.wait_s > _LONGEST_WAIT_S:
                break
        if failure.wait_s > _LONGEST_WAIT_S:
            raise OnlineError(
                f"{question.service} asks to be left alone for {failure.wait_s / 60:.0f} minutes ({failure.why}): "
                "fetch again then; what was fetched so far is kept"
            )
        if not failure.again:
            raise OnlineError(f"{question.service}: {failure.why}")
        kind = TooMuchError if failure.too_much else OnlineError
        raise kind(
            f"{question.service} was asked {self.settings.tries} times, the last time: {failure.why}. Fetch again later; "
            "what was fetched so far is kept"
        )

    def _try(self, question: _Question, check: Check) -> bytes | _Failure:
        outcome = self._send(question)
        if isinstance(outcome, _Failure):
            return outcome
        answer = question.without_hidden(outcome)
        try:
            check(answer)
        except ValueError as error:
            return _Failure(masked(str(error)))
        return answer

    def _send(self, question: _Question) -> bytes | _Failure:
        since = time.monotonic() - self._last
        if since < self.settings.pause_s:
            self._sleep(self.settings.pause_s - since)
        self.asked += 1
        try:
            with opener().open(question.request(self.settings.sender), timeout=self.settings.timeout_s) as response:
                return _whole(response, until=time.monotonic() + _WHOLE_ANSWER * self.settings.timeout_s)
        except urllib.error.HTTPError as error:
            with error:
                said = printable(question.without_hidden(_begin(error)))
            status = f"status {error.code} {printable(question.without_hidden(str(error.reason).encode()))}"
            again = error.code in _FOR_THE_MOMENT
            why = status if again else f"{status}: {said}"
            return _Failure(masked(why), again, error.code in _TOOK_TOO_LONG, _retry_after(error.headers))
        except TimeoutError:
            return _Failure(f"no answer within {self.settings.timeout_s:g} s", too_much=True)
        except urllib.error.URLError as error:
            if isinstance(error.reason, TimeoutError):
                return _Failure(f"no answer within {self.settings.timeout_s:g} s", too_much=True)
            # A wrong certificate, an answer from elsewhere, a proxy of a sort that we do not speak (socks5) stay as they are.
            for_good = isinstance(error.reason, ssl.SSLCertVerificationError | str)
            return _Failure(masked(f"cannot be reached: {error.reason}"), again=not for_good)
        except (OSError, http.client.HTTPException, zlib.error, ValueError, OverflowError) as error:
            for_good = isinstance(error, ValueError | OverflowError)  # of the address, or a proxy's in the environment
            return _Failure(masked(f"broke off: {type(error).__name__} {error}"), again=not for_good)
        finally:
            self._last = time.monotonic()

    def _kept(self, question: _Question, check: Check) -> bytes | None:
        """The kept answer, if it is there, whole and, where it could be asked again, young enough."""
        path = self._path(question)
        try:
            if path.is_symlink() or not path.is_file():  # a link may lead to what has no end
                return None
            head, _, answer = path.read_bytes().partition(b"\n")
            about = json.loads(head)
            retrieved = dt.datetime.fromisoformat(about["retrieved"])
            age = dt.datetime.now(tz=dt.UTC) - retrieved
            whole = about == question.about(answer, retrieved)  # else it answers something else, or was changed
            if whole:
                check(answer)
        except (OSError, ValueError, KeyError, TypeError, RecursionError, OverflowError, OnlineError):
            whole, age, retrieved, answer = False, dt.timedelta(), dt.datetime.now(tz=dt.UTC), b""
        if not whole:
            self._told(f"the kept answer {path.name} is damaged, and not used")
            return None
        # One of a day to come was kept when the clock was wrong: how old it is nobody knows.
        if not self._offline and abs(age) > dt.timedelta(days=self.settings.keep_days):
            return None
        self._note_age(retrieved)
        return answer

    def _keep(self, question: _Question, answer: bytes) -> None:
        retrieved = dt.datetime.now(tz=dt.UTC)
        about = json.dumps(question.about(answer, retrieved), ensure_ascii=False)
        path = self._path(question)
        half = path.with_suffix(".new")
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            half.unlink(missing_ok=True)
            with half.open("xb") as file:  # never through a link that stood there
                file.write(about.encode() + b"\n" + answer)
            half.replace(path)
        except OSError as error:
            raise QypGeoError(
                f"{path.parent} cannot be written to: {error.strerror}. Give the folder write permission, "
                "and make room on the disk"
            ) from error
        self._note_age(retrieved)

    def _note_age(self, retrieved: dt.datetime) -> None:
        self.oldest = retrieved if self.oldest is None else min(self.oldest, retrieved)

    def _path(self, question: _Question) -> Path:
        return self._cache / f"{question.key()}.answer"


def _whole(response: http.client.HTTPResponse, *, until: float) -> bytes:
    """Read an answer to its end; one that stops before it is an `OSError`."""
    packed = response.headers.get("Content-Encoding", "").lower() == "gzip"
    unpacking = zlib.decompressobj(wbits=31)
    answer = bytearray()
    announced, came = response.length, 0
    # As it comes: `read` would wait for a full chunk of an answer that drips, however long that takes.
    while came != announced and (chunk := response.read1(_CHUNK)):
        came += len(chunk)
        answer += unpacking.decompress(chunk, _MOST_BYTES + 1 - len(answer)) if packed else chunk
        if len(answer) > _MOST_BYTES:
            raise OnlineError(f"the answer is larger than {_MOST_BYTES >> 20} MB, and was not read")
        if time.monotonic() > until:
            raise TimeoutError
    if (announced is not None and came < announced) or (packed and not unpacking.eof):
        raise OSError("the answer is cut short")
    return bytes(answer)


def _begin(error: urllib.error.HTTPError) -> bytes:
    """How the page that comes with a failure begins, as far as it comes."""
    try:
        page = error.fp.read1(_CHUNK) if isinstance(error.fp, http.client.HTTPResponse) else b""
        packed = error.headers.get("Content-Encoding", "").lower() == "gzip"
        return zlib.decompressobj(wbits=31).decompress(page, _CHUNK) if packed else page
    except (OSError, http.client.HTTPException, zlib.error):
        return b""


def _retry_after(headers: Message) -> float:
    """How many seconds the service asks to wait: it says so in seconds, or by a moment."""
    said = headers.get("Retry-After", "").strip()
    if said.isascii() and said.isdigit():
        return float(said[:9])
    try:
        moment = parsedate_to_datetime(said)
        if moment.tzinfo is None:  # "-0000" is the world's time too
            moment = moment.replace(tzinfo=dt.UTC)
        return max(0.0, (moment - dt.datetime.now(tz=dt.UTC)).total_seconds())
    except (ValueError, OverflowError, TypeError):
        return 0.0
