"""Services, networks and folders that mean ill, or are run badly: each question ends in a result or in one told error."""

from __future__ import annotations

import gzip
import hashlib
import json
import socket
import threading
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
import shapely

from qyp_geo.errors import DeclarationError, QypGeoError
from qyp_geo.fetching import read_settings
from qyp_geo.layers.amap import parse_answers, places_of
from qyp_geo.layers.naming import _SUFFIXES
from qyp_geo.layers.online import http, nominatim, overpass
from qyp_geo.layers.online.http import Client, NotKeptError, OnlineError, Settings, TooMuchError
from qyp_geo.layers.osm import read_extract
from tests.faults.damage import damaged
from tests.online.replaying import Osm, replaying
from tests.online.serving import Asked, Reply, serving

KEY = "0123456789abcdef0123456789abcdef"
DAMAGED = 150
SQUARE = [[[115.9, 28.6], [115.91, 28.6], [115.91, 28.61], [115.9, 28.61], [115.9, 28.6]]]
PLACE = {
    "osm_type": "relation",
    "osm_id": 7,
    "category": "boundary",
    "name": "青云谱区",
    "display_name": "青云谱区, 南昌",
    "geojson": {"type": "Polygon", "coordinates": SQUARE},
}
EXTRACT = (
    '<?xml version="1.0" encoding="UTF-8"?>\n<osm version="0.6"><meta osm_base="2026-01-15T08:00:00Z"/>\n'
    + "".join(f'<node id="{n}" lat="28.6{n}" lon="115.9{n}"/>\n' for n in range(1, 5))
    + '<way id="9"><nd ref="1"/><nd ref="2"/><nd ref="3"/><nd ref="4"/><tag k="highway" v="residential"/></way>\n'
    '<relation id="5"><member type="way" ref="9" role="outer"/><tag k="type" v="multipolygon"/></relation>\n</osm>\n'
).encode()


@pytest.fixture(autouse=True)
def _near(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1,localhost")
    monkeypatch.setenv("QYP_AMAP_KEY", KEY)


def client(
    cache: Path, *, offline: bool = False, told: Callable[[str], None] = lambda _: None, **more: float
) -> Client:
    settings = Settings.model_validate({"pause_s": 0, "timeout_s": 5, "tries": 2, **more})
    return Client(settings, cache, offline=offline, sleep=lambda _: None, told=told)


def ask(address: str, cache: Path, *, tries: int = 2, timeout_s: float = 5) -> bytes:
    return client(cache, tries=tries, timeout_s=timeout_s).get(
        f"{address}/x", {"q": "1", "key": KEY}, hidden=frozenset({"key"})
    )


def always(reply: Reply) -> Callable[[Asked], Reply]:
    return lambda _: reply


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize("form", [False, True])
def test_a_key_goes_to_no_other_host(tmp_path: Path, status: int, form: bool) -> None:
    stolen: list[Asked] = []

    def thief(asked: Asked) -> Reply:
        stolen.append(asked)
        return Reply(b"{}")

    with serving(thief) as elsewhere:
        to = f"{elsewhere.replace('127.0.0.1', 'localhost')}/login?key={KEY}"
        one = client(tmp_path)
        asking = one.post if form else one.get
        with serving(always(Reply(b"", status, {"Location": to}))) as address, pytest.raises(OnlineError) as told:
            asking(f"{address}/x", {"key": KEY}, hidden=frozenset({"key"}))
        assert one.asked == 1
    assert stolen == []
    assert "it sends on to another address (http://localhost), which is not followed" in str(told.value)
    assert KEY not in str(told.value)


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_the_same_host_is_followed(tmp_path: Path, status: int) -> None:
    def answer(asked: Asked) -> Reply:
        return Reply(b"here") if asked.path == "/y" else Reply(b"", status, {"Location": "/y"})

    with serving(answer) as address:
        assert ask(address, tmp_path) == b"here"


@pytest.mark.parametrize(
    "location",
    ["file:///etc/passwd", "ftp://127.0.0.1/x", "http://[bad/", "//", "http://a\x01b/", "/x", "http://" + "a" * 70],
)
def test_a_redirection_to_nowhere_is_told(tmp_path: Path, location: str) -> None:
    with serving(always(Reply(b"", 302, {"Location": location}))) as address, pytest.raises(OnlineError) as told:
        ask(address, tmp_path)
    assert "root:" not in str(told.value)


@pytest.mark.parametrize(
    "later",
    [
        "9" * 5000,
        "-5",
        "soon",
        "Fri, 31 Dec 9999 23:59:59 -0000",
        "Mon, 99 Jan 2020",
        "Tue, 1 Jan 2030 0:0:0 +9999",
        "Inf",
    ],
)
def test_any_moment_to_come_again_is_understood_or_left(tmp_path: Path, later: str) -> None:
    with (
        serving(always(Reply(b"", 503, {"Retry-After": later}))) as address,
        pytest.raises(OnlineError, match=r"asks to be left alone|was asked 2 times"),
    ):
        ask(address, tmp_path)


def test_what_a_service_says_is_shown_in_one_line_of_plain_signs(tmp_path: Path) -> None:
    page = gzip.compress(b"\x1b[2J<p>parse\r\nerror</p> \x00" + KEY.encode())
    refusing = always(Reply(page, 400, {"Content-Encoding": "gzip"}))
    with serving(refusing) as address, pytest.raises(OnlineError, match=r"<p>parse error</p> \*\*\*$") as told:
        ask(address, tmp_path)
    assert str(told.value).isprintable()


def test_an_answer_that_drips_is_left(tmp_path: Path) -> None:
    """Each byte comes in time, and the whole never would."""

    def drip(listening: socket.socket) -> None:
        with closing(listening.accept()[0]) as connection:
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n")
            try:
                while True:
                    connection.sendall(b" ")
                    time.sleep(0.02)
            except OSError:
                return

    with socket.create_server(("127.0.0.1", 0)) as listening:
        thread = threading.Thread(target=drip, args=(listening,))
        thread.start()
        with pytest.raises(OnlineError, match="no answer within"):
            ask(f"http://127.0.0.1:{listening.getsockname()[1]}", tmp_path, timeout_s=0.2, tries=1)
        thread.join()


@pytest.mark.parametrize("wrong", ["5", "100000"])
def test_a_wrong_length_is_seen(tmp_path: Path, wrong: str) -> None:
    body = json.dumps([PLACE]).encode()
    with serving(always(Reply(body, headers={"Content-Length": wrong}))) as address, pytest.raises(OnlineError) as told:
        nominatim.find_place(client(tmp_path), address, "青云谱区")
    assert "cut short" in str(told.value) or "not whole JSON" in str(told.value)


def test_a_bomb_is_left_before_it_is_unpacked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http, "_MOST_BYTES", 1 << 20)
    bomb = gzip.compress(bytes(64 << 20))
    with (
        serving(always(Reply(bomb, headers={"Content-Encoding": "gzip"}))) as address,
        pytest.raises(OnlineError, match="larger than 1 MB"),
    ):
        ask(address, tmp_path)


@pytest.mark.parametrize("proxy", ["socks5://127.0.0.1:1", "nonsense:", "http://user:geheim@127.0.0.1:1"])
def test_a_proxy_that_cannot_be_used_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, proxy: str) -> None:
    monkeypatch.delenv("NO_PROXY")
    monkeypatch.setenv("http_proxy", proxy)
    with pytest.raises(OnlineError) as told:
        ask("http://192.0.2.1", tmp_path)
    assert "geheim" not in str(told.value)


def test_an_encrypted_service_that_speaks_in_clear_is_told(tmp_path: Path) -> None:
    with serving(always(Reply(b""))) as address, pytest.raises(OnlineError, match=r"cannot be reached: .*SSL"):
        ask(address.replace("http:", "https:"), tmp_path)


@pytest.mark.parametrize(
    "address", ["https://[bad/x", "https://例子.cn/路径", "https://a:99999/", "https://a:x/", "https://:80/x"]
)
def test_addresses_that_are_none(tmp_path: Path, address: str) -> None:
    (tmp_path / "fetch.toml").write_text(f'overpass = "{address}"\n', encoding="utf-8")
    with pytest.raises(DeclarationError, match="an address is written https"):
        read_settings(tmp_path)


def test_the_cache_gives_only_what_was_answered_to_this_very_question(tmp_path: Path) -> None:
    told: list[str] = []
    with serving(lambda asked: Reply(asked.params["q"].encode())) as address:
        one = client(tmp_path, told=told.append)
        one.get(f"{address}/x", {"q": "1"})
        (first,) = tmp_path.iterdir()
        one.get(f"{address}/x", {"q": "2"})
        (second,) = set(tmp_path.iterdir()) - {first}
        second.write_bytes(first.read_bytes())
        assert one.get(f"{address}/x", {"q": "2"}) == b"2"
        assert told == [f"the kept answer {second.name} is damaged, and not used"]
        # Nor one that is nested without end, nor one that a link leads to.
        first.write_bytes(b"[" * 100_000 + b"\n")
        assert one.get(f"{address}/x", {"q": "1"}) == b"1"
        first.unlink()
        first.symlink_to("/dev/zero")
        assert one.get(f"{address}/x", {"q": "1"}) == b"1"
        assert not first.is_symlink()


def test_a_link_in_the_cache_is_not_written_through(tmp_path: Path) -> None:
    mine = tmp_path / "mine"
    mine.write_text("mine")
    cache = tmp_path / "cache"
    with serving(always(Reply(b"theirs"))) as address:
        ask(address, cache)
        (path,) = cache.iterdir()
        path.unlink()
        path.with_suffix(".new").symlink_to(mine)
        assert ask(address, cache) == b"theirs"
    assert mine.read_text() == "mine"
    assert path.read_bytes().endswith(b"\ntheirs")


def test_an_answer_from_the_future_is_asked_for_again(tmp_path: Path) -> None:
    with serving(always(Reply(b"new"))) as address:
        ask(address, tmp_path)
        (path,) = tmp_path.iterdir()
        about = json.loads(path.read_bytes().partition(b"\n")[0])
        about |= {"retrieved": "2990-01-01T00:00:00+00:00", "sha256": hashlib.sha256(b"old").hexdigest()}
        path.write_bytes(json.dumps(about).encode() + b"\nold")
        offline = client(tmp_path, offline=True)
        assert offline.get(f"{address}/x", {"q": "1"}) == b"old"
        assert ask(address, tmp_path) == b"new"


@pytest.mark.parametrize(
    "change",
    [
        {"osm_id": float("inf")},
        {"osm_id": float("nan")},
        {"osm_id": None},
        {"geojson": {"type": "Polygon", "coordinates": []}},
        {"geojson": {"type": "Polygon", "coordinates": [[[float("nan"), 1], [2, 3], [4, 5], [float("nan"), 1]]]}},
        {"geojson": {"type": "Polygon", "coordinates": [[[x * 10, y] for x, y in SQUARE[0]]]}},
        {"geojson": {"type": "Polygon", "coordinates": "[[["}},
    ],
)
def test_a_place_without_an_outline_is_told(tmp_path: Path, change: dict[str, object]) -> None:
    with (
        serving(always(Reply(json.dumps([PLACE | change]).encode()))) as address,
        pytest.raises(OnlineError, match="the outline of a place cannot be read"),
    ):
        nominatim.find_place(client(tmp_path), address, "青云谱区")


@pytest.mark.parametrize("change", [{"osm_type": "node"}, {"geojson": {"type": "Point", "coordinates": [1, 2]}}])
def test_a_place_that_is_a_point_is_no_area(tmp_path: Path, change: dict[str, object]) -> None:
    with (
        serving(always(Reply(json.dumps([PLACE | change]).encode()))) as address,
        pytest.raises(QypGeoError, match="no administrative area is called 青云谱区"),
    ):
        nominatim.find_place(client(tmp_path), address, "青云谱区")


def test_a_country_is_not_asked_for() -> None:
    with pytest.raises(OnlineError, match="the area is no district: it would take"):
        overpass.parts_of(shapely.box(73, 18, 135, 53), 0.05)


def test_a_remark_is_seen_however_it_is_written() -> None:
    with pytest.raises(TooMuchError):
        overpass.check_answer(EXTRACT.replace(b"</osm>", b'<remark a="b">Query timed out</remark></osm>'))


def test_a_name_of_many_endings_is_compared_at_once() -> None:
    began = time.process_time()
    assert _SUFFIXES.sub("", "社区居委会" * 60 + "甲") == "社区居委会" * 60 + "甲"
    assert _SUFFIXES.sub("", "徐坊社区居委会") == "徐坊"
    assert time.process_time() - began < 10  # it was for ever


def has_result(read: Callable[[], object]) -> bool:
    """Whether it ended in a result; an error of another sort than those that are told goes through."""
    try:
        read()
    except (ValueError, QypGeoError):
        return False
    return True


def test_damaged_answers_end_in_a_result_or_in_one_reason(tmp_path: Path) -> None:
    places = json.dumps([PLACE], ensure_ascii=False).encode()
    amap = json.dumps({"status": "1", "pois": [{"id": "B1", "location": "115.9,28.6", "typecode": "200300"}]}).encode()
    target = tmp_path / "x.osm.gz"

    def read_osm(answer: bytes) -> None:
        overpass.check_answer(answer)
        overpass.write_extract({overpass.Part(115.9, 28.6, 115.95, 28.65): answer}, target, suffix=".osm.gz")
        read_extract(target).streets()

    readers: dict[str, tuple[bytes, Callable[[bytes], object]]] = {
        "places.json": (places, nominatim.check_places),
        "amap.json": (amap, lambda saved: [places_of(answer) for answer in parse_answers(saved)]),
        "x.osm": (EXTRACT, read_osm),
    }
    for name, (content, read) in readers.items():
        results = 0
        for seed in range(DAMAGED):
            _, broken = damaged(content, name, seed)
            results += has_result(lambda read=read, broken=broken: read(broken))  # type: ignore[misc]
        assert 0 < results < DAMAGED, name


def test_the_server_of_the_tests_sees_two_at_once(tmp_path: Path) -> None:
    with replaying(Osm()) as server:
        server.delay_s = 0.3
        asking = [
            threading.Thread(target=lambda n=n: client(tmp_path / n).get(f"{server.address}/search", {"q": n}))
            for n in "ab"
        ]
        for thread in asking:
            thread.start()
        for thread in asking:
            thread.join()
    assert server.most_at_once == 2


def test_offline_a_wrong_cache_is_no_answer(tmp_path: Path) -> None:
    with pytest.raises(NotKeptError):
        client(tmp_path, offline=True).get("http://192.0.2.1/x", {})
