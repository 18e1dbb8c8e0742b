"""`qyp fetch` as a planner types it, against a server on this computer that answers as OpenStreetMap does."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from qyp_geo.cli.entry import answer
from qyp_geo.layers.online.amap_service import FetchedPlaces
from qyp_geo.project import open_project
from tests.online.replaying import Osm, Replay, replaying
from tests.small import small_district

PLACE = "东门街道"


@pytest.fixture
def server(shared_data: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Replay]:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with replaying(Osm.of(shared_data / "guixi_jiangxi.osm")) as replay:
        yield replay


def ask(capsys: pytest.CaptureFixture[str], *arguments: object) -> tuple[int, dict[str, Any]]:
    code = answer(["fetch", *map(str, arguments), "--json", "--lang", "en"])
    out, err = capsys.readouterr()
    assert err == ""
    return code, json.loads(out)


def test_a_new_folder_is_fetched_can_be_opened_and_is_fetched_again_without_the_network(
    server: Replay, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "dongmen"
    folder.mkdir()
    (folder / "fetch.toml").write_text(server.settings, encoding="utf-8")
    code, said = ask(capsys, folder, "--place", PLACE)
    assert (code, said["files"]) == (0, ["layers/data/extract.osm.gz"])
    assert said["requests"] == said["parts"] + 1
    assert open_project(folder).district.title == PLACE
    assert (folder / ".schemas" / "layer.json").is_file()
    n_asked = len(server.agents)
    code, said = ask(capsys, folder, "--offline")
    assert (code, said["requests"], len(server.agents)) == (0, 0, n_asked)


def test_what_is_not_kept_is_told_offline(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = small_district(tmp_path / "small")
    code, said = ask(capsys, folder, "--offline")
    assert code == 1
    assert said["messages"][0]["what"]
    assert not (folder / "layers/data/extract.osm.gz").exists()


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("--amap", "public_toilet"), "--district 360104"),
        (("--district", "360104"), "--amap KIND"),
        (("--amap", "public_toilet", "--district", "360104", "--place", "x"), "have no meaning with --amap"),
        (("--amap", "public_toilett", "--district", "360104"), "public_toilett"),
        (("--amap", "public_toilet", "--district", "360104"), "QYP_AMAP_KEY"),
    ],
)
def test_what_amap_needs_is_told(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    arguments: tuple[str, ...],
    told: str,
) -> None:
    monkeypatch.delenv("QYP_AMAP_KEY", raising=False)
    code, said = ask(capsys, small_district(tmp_path / "small"), *arguments)
    assert code == 1
    assert any(told in message["text"] for message in said["messages"])


def test_amap_is_asked_for_kinds_in_districts(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: dict[str, Any] = {}

    def fetch_amap(folder: Path, kinds: list[str], **how: Any) -> FetchedPlaces:
        asked.update(how, folder=folder, kinds=kinds)
        return FetchedPlaces(("layers/park_amap.toml",), 3, dt.date(2026, 1, 15), ("park: 12",))

    monkeypatch.setattr("qyp_geo.layers.online.amap_service.fetch_amap", fetch_amap)
    folder = small_district(tmp_path / "small")
    (folder / "fetch.toml").write_text("pause_s = 9\n", encoding="utf-8")
    code, said = ask(capsys, folder, "--amap", "park,public_toilet", "--district", "360104,360111", "--offline")
    assert (code, said["files"], said["notes"]) == (0, ["layers/park_amap.toml"], ["park: 12"])
    assert (asked["kinds"], asked["districts"]) == (["park", "public_toilet"], ["360104", "360111"])
    assert (asked["offline"], asked["settings"].pause_s, asked["folder"]) == (True, 9, folder)
