from __future__ import annotations

import http.client
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from qyp_geo.errors import MissingError, QypGeoError
from qyp_geo.serving import address, open_server, published_folder


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    published = tmp_path / "district/public"
    (published / "tables").mkdir(parents=True)
    (published / "index.html").write_text("<!DOCTYPE html><p>青云谱", encoding="utf-8")
    (published / "tables/coverage.csv").write_text("街道,人\n", encoding="utf-8-sig")
    (published / "SHA256SUMS").write_text("x\n")
    (tmp_path / "district/secret.csv").write_text("人\n")
    (published / "link.csv").symlink_to(tmp_path / "district/secret.csv")
    return tmp_path / "district"


@pytest.fixture
def port(folder: Path) -> Iterator[int]:
    server = open_server(published_folder(folder), port=0)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    yield server.server_address[1]
    server.shutdown()
    thread.join()
    server.server_close()


def ask(port: int, path: str, *, method: str = "GET", host: str = "") -> tuple[int, dict[str, str], bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    connection.request(method, path, headers={"Host": host or f"127.0.0.1:{port}"})
    answer = connection.getresponse()
    body = answer.read()
    connection.close()
    return answer.status, {name.lower(): value for name, value in answer.getheaders()}, body


def test_the_front_page_is_served_with_headers_that_keep_it_closed(port: int) -> None:
    status, headers, body = ask(port, "/")
    assert (status, body.decode()) == (200, "<!DOCTYPE html><p>青云谱")
    assert headers["content-type"] == "text/html; charset=utf-8"
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["x-frame-options"] == "DENY"
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["cache-control"] == "no-store"
    assert headers["permissions-policy"].startswith("geolocation=(self)"), "the page may ask where its reader is"
    assert headers["server"].strip() == "qyp"


@pytest.mark.parametrize(
    ("path", "kind"),
    [("/tables/coverage.csv", "text/csv; charset=utf-8"), ("/SHA256SUMS", "text/plain; charset=utf-8")],
)
def test_files_say_what_they_are(port: int, path: str, kind: str) -> None:
    status, headers, _ = ask(port, path)
    assert (status, headers["content-type"]) == (200, kind)


@pytest.mark.parametrize(
    "path",
    [
        "/tables/",
        "/../secret.csv",
        "/%2e%2e/secret.csv",
        "/..%2fsecret.csv",
        "/link.csv",
        "/none.html",
        "//etc/passwd",
        "/%00",
    ],
)
def test_there_is_no_list_of_files_and_nothing_from_outside(port: int, path: str) -> None:
    status, _, body = ask(port, path)
    assert status == 404
    assert "人".encode() not in body


def test_another_site_that_takes_this_address_is_told_nothing(port: int) -> None:
    status, _, body = ask(port, "/", host="evil.example")
    assert status == 403
    assert "青云谱".encode() not in body
    assert ask(port, "/", host=f"localhost:{port}")[0] == 200


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE"])
def test_files_are_only_read(port: int, method: str) -> None:
    assert ask(port, "/index.html", method=method)[0] == 501


def test_a_port_in_use_is_told(port: int, folder: Path) -> None:
    with pytest.raises(QypGeoError, match=f"port {port} .* Choose another"):
        open_server(folder, port=port)
    with pytest.raises(QypGeoError, match="port 70000"):
        open_server(folder, port=70_000)


def test_it_is_found_on_the_loopback_address_only(folder: Path) -> None:
    with open_server(folder, port=0) as server:
        assert server.server_address[0] == "127.0.0.1"
        assert address(server) == f"http://127.0.0.1:{server.server_address[1]}/"


def test_what_is_published_goes_before_a_draft(folder: Path) -> None:
    (folder / "draft").mkdir()
    (folder / "draft/index.html").write_text("draft")
    assert published_folder(folder) == folder / "public"
    assert published_folder(folder / "draft") == folder / "draft"
    (folder / "public/index.html").unlink()
    assert published_folder(folder) == folder / "draft"


def test_a_front_page_of_its_own_does_not_open_the_whole_district(folder: Path) -> None:
    (folder / "index.html").write_text("mine")
    assert published_folder(folder) == folder / "public"


def test_a_killed_publishing_leaves_the_last_good_one_to_be_served(folder: Path) -> None:
    (folder / "draft").mkdir()
    (folder / "draft/index.html").write_text("draft")
    (folder / "public").rename(folder / ".public.old")
    (folder / ".public.new").mkdir()
    assert published_folder(folder) == folder / "public"
    assert (folder / ".public.new").is_dir(), "another publishing may be writing there"


def test_a_folder_that_was_not_published_is_told(tmp_path: Path) -> None:
    with pytest.raises(MissingError, match="qyp publish"):
        published_folder(tmp_path)
