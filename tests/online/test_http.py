from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from qyp_geo.layers.online import http
from qyp_geo.layers.online.http import Client, NotKeptError, OnlineError, Settings, TooMuchError
from tests.online.replaying import Osm, Replay, replaying

KEY = "0123456789abcdef"


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Replay]:
    """A Nominatim that knows one place."""
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with replaying(Osm(administrative=[{"osm_id": 7, "display_name": "东门街道"}])) as replay:
        yield replay


class Asking:
    """A client whose waits are written down instead of waited for."""

    def __init__(self, server: Replay, cache: Path, *, offline: bool = False, **settings: object) -> None:
        self.waits: list[float] = []
        self.told: list[str] = []
        given = Settings.model_validate({"pause_s": 0, "timeout_s": 10, **settings})
        self.client = Client(given, cache, offline=offline, sleep=self.waits.append, told=self.told.append)
        self.url = f"{server.address}/search"

    def ask(self, q: str = "东门", **more: str) -> object:
        return json.loads(self.client.get(self.url, {"q": q, **more}, hidden=frozenset({"key"}), check=json.loads))


def kept(cache: Path) -> list[Path]:
    return sorted(cache.iterdir())


def test_an_answer_is_kept_with_its_sha_256_and_not_asked_for_again(server: Replay, tmp_path: Path) -> None:
    asking = Asking(server, tmp_path)
    first = asking.ask()
    assert first == [{"osm_id": 7, "display_name": "东门街道"}]
    assert asking.ask() == first
    assert Asking(server, tmp_path, offline=True).ask() == first
    assert len(server.questions) == asking.client.asked == 1
    assert [path.suffix for path in kept(tmp_path)] == [".answer"]
    assert asking.client.oldest is not None
    assert dt.datetime.now(tz=dt.UTC) - asking.client.oldest < dt.timedelta(minutes=1)


@pytest.mark.parametrize(
    ("fault", "why", "wait_s"),
    [
        ("429", "status 429 Too Many Requests", 7.0),
        ("504", "status 504 Gateway Timeout", 5.0),
        ("reset", "Connection reset", 5.0),
        ("truncated", "cut short", 5.0),
        ("half of a zip", "cut short", 5.0),
        ("login page", "Expecting value", 5.0),
        ("noise", "Expecting value", 5.0),
        ("nothing", "Expecting value", 5.0),
    ],
)
def test_what_fails_for_the_moment_is_asked_again(
    server: Replay, tmp_path: Path, fault: str, why: str, wait_s: float
) -> None:
    server.faults = [fault]
    asking = Asking(server, tmp_path)
    assert asking.ask() == [{"osm_id": 7, "display_name": "东门街道"}]
    assert asking.waits == [wait_s]
    assert len(server.questions) == 2
    assert len(asking.told) == 1
    assert why in asking.told[0]
    assert len(kept(tmp_path)) == 1


def test_waits_double_and_then_an_error_says_what_happened(server: Replay, tmp_path: Path) -> None:
    server.faults = ["504", "reset", "noise", "truncated"]
    asking = Asking(server, tmp_path, tries=4)
    with pytest.raises(OnlineError, match=r"127\.0\.0\.1:\d+ was asked 4 times, the last time: .*cut short.*is kept"):
        asking.ask()
    assert asking.waits == [5.0, 10.0, 20.0]
    assert kept(tmp_path) == []


def test_a_moment_to_come_again_is_waited_for(server: Replay, tmp_path: Path) -> None:
    server.faults = ["in half a minute"]
    asking = Asking(server, tmp_path)
    asking.ask()
    assert len(asking.waits) == 1
    assert 20 < asking.waits[0] <= 31


def test_hours_are_not_waited_for(server: Replay, tmp_path: Path) -> None:
    server.faults = ["429 for hours"]
    asking = Asking(server, tmp_path)
    with pytest.raises(OnlineError, match="to be left alone for 120 minutes"):
        asking.ask()
    assert asking.waits == []


def test_a_mistake_is_not_repeated(server: Replay, tmp_path: Path) -> None:
    server.faults = ["400"]
    asking = Asking(server, tmp_path)
    with pytest.raises(OnlineError, match="status 400 Bad Request: <p>parse error: ';' expected</p>"):
        asking.ask()
    assert len(server.questions) == 1


def test_no_answer_in_time_is_too_much(server: Replay, tmp_path: Path) -> None:
    server.faults = ["silence", "silence"]
    asking = Asking(server, tmp_path, tries=2, timeout_s=0.2)
    with pytest.raises(TooMuchError, match=r"no answer within 0\.2 s"):
        asking.ask()


def test_nobody_listens(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with replaying(Osm()) as gone:
        asking = Asking(gone, tmp_path, tries=1)
    with pytest.raises(OnlineError, match=r"cannot be reached: .*refused"):
        asking.ask()


def test_a_pause_lies_between_requests(server: Replay, tmp_path: Path) -> None:
    asking = Asking(server, tmp_path, pause_s=60)
    asking.ask("东门")
    asking.ask("街道")
    assert len(asking.waits) == 1
    assert 50 < asking.waits[0] <= 60


def test_who_asks_is_said(server: Replay, tmp_path: Path) -> None:
    Asking(server, tmp_path, user_agent="test/1", contact="a@example.org").ask()
    assert server.agents == ["test/1 (a@example.org)"]


def test_a_contact_is_no_way_into_the_headers() -> None:
    with pytest.raises(ValueError, match="ASCII"):
        Settings(contact="a@example.org\r\nX-Evil: 1")


@pytest.mark.parametrize("damage", [b"", b"[]", b'{"retrieved": 7}\n[]', b"\xff\xfe\n[]"])
def test_a_kept_answer_that_is_damaged_is_asked_for_again(server: Replay, tmp_path: Path, damage: bytes) -> None:
    asking = Asking(server, tmp_path)
    whole = asking.ask()
    (path,) = kept(tmp_path)
    path.write_bytes(damage)
    assert asking.ask() == whole
    assert asking.told == [f"the kept answer {path.name} is damaged, and not used"]
    assert len(server.questions) == 2


def test_one_flipped_bit_is_seen(server: Replay, tmp_path: Path) -> None:
    Asking(server, tmp_path).ask()
    (path,) = kept(tmp_path)
    content = path.read_bytes()
    path.write_bytes(content.replace(b'"osm_id": 7', b'"osm_id": 6'))
    with pytest.raises(NotKeptError, match="not among those that were kept"):
        Asking(server, tmp_path, offline=True).ask()


def test_what_is_old_is_asked_for_again_but_serves_offline(server: Replay, tmp_path: Path) -> None:
    Asking(server, tmp_path).ask()
    (path,) = kept(tmp_path)
    head, _, body = path.read_bytes().partition(b"\n")
    about = {**json.loads(head), "retrieved": "2020-01-01T00:00:00+00:00"}
    path.write_bytes(json.dumps(about).encode() + b"\n" + body)
    offline = Asking(server, tmp_path, offline=True)
    offline.ask()
    assert offline.client.oldest == dt.datetime(2020, 1, 1, tzinfo=dt.UTC)
    assert len(server.questions) == 1
    Asking(server, tmp_path).ask()
    assert len(server.questions) == 2


def test_a_key_is_sent_and_stands_nowhere(server: Replay, tmp_path: Path) -> None:
    server.osm.administrative.append({"osm_id": 8, "display_name": f"echo {KEY}"})
    asking = Asking(server, tmp_path)
    asking.ask(key=KEY)
    assert server.questions[0]["key"] == KEY
    assert asking.ask("echo", key=KEY) == [{"osm_id": 8, "display_name": "echo ***"}]
    asking.ask(key="another key asks the same question")
    assert len(server.questions) == 2
    server.faults = ["400"]
    with pytest.raises(OnlineError) as failed:
        asking.ask("again", key=KEY)
    everything = b"".join(path.name.encode() + path.read_bytes() for path in kept(tmp_path))
    assert KEY.encode() not in everything
    assert KEY not in str(failed.value)


def test_a_folder_that_cannot_be_written_to_is_named(server: Replay, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(Exception, match="cannot be written to"):
        Asking(server, tmp_path / "file" / "cache").ask()


def test_only_http_is_followed(server: Replay, tmp_path: Path) -> None:
    asking = Asking(server, tmp_path, tries=1)
    asking.url = (tmp_path / "secret").as_uri()
    with pytest.raises(OnlineError, match="unknown url type: file"):
        asking.ask()


def test_a_bomb_is_not_unpacked(server: Replay, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http, "_MOST_BYTES", 1 << 20)
    server.osm.administrative.append({"display_name": "东" + "0" * (2 << 20)})
    with pytest.raises(OnlineError, match="larger than 1 MB, and was not read"):
        Asking(server, tmp_path).ask("东")
    assert kept(tmp_path) == []
