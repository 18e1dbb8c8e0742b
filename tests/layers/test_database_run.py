"""A whole run whose facilities are a table of a database and whose people are a raster."""

# ruff: noqa: S608  the test writes its own table

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import rasterio

from qyp_geo.built import open_build
from qyp_geo.publishing import publish
from qyp_geo.run import run
from tests.layers.postgres import PASSWORD, PLANNER, Server, server
from tests.public import public_district, silent
from tests.small import EAST, NORTH, layer

TABLE = (
    "CREATE TABLE public.toilets (id text PRIMARY KEY, name text, geom geometry(Point, 4548))",
    f"INSERT INTO toilets VALUES ('T1', '南厕', ST_SetSRID(ST_MakePoint({EAST}, {NORTH}), 4548)),"
    f" ('T2', '北厕', ST_SetSRID(ST_MakePoint({EAST} + 1000, {NORTH} + 1000), 4548))",
    f"GRANT SELECT ON public.toilets TO {PLANNER}",
)
ESTIMATE = '[population]\nbase = "估算"\nyear = 2020\nsource = "GHS-POP R2023A"'


@pytest.fixture(scope="module")
def database() -> Iterator[Server]:
    with server() as one:
        one.execute(*TABLE)
        yield one


@pytest.fixture
def folder(database: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = public_district(tmp_path / "small")
    public = 'licence = "CC0"\nsecrecy = "公开"\nmay_redistribute = true'
    sources = {
        "toilets": layer(
            "公厕", "public_toilet", "point", 'table = "public.toilets"', '[columns]\nid = "id"\nname = "name"'
        ),
        "residents": layer("居民", "residents", "point", 'path = "data/people.tif"', ESTIMATE),
    }
    for name, text in sources.items():
        (folder / f"layers/{name}.toml").write_text(text.replace('licence = "CC0"', public), encoding="utf-8")
        (folder / f"layers/data/{name}.csv").unlink()
    place = rasterio.Affine(100, 0, EAST - 1000, 0, -100, NORTH + 2000)
    grid = {"width": 30, "height": 30, "count": 1, "dtype": "float32"}
    with rasterio.open(
        folder / "layers/data/people.tif", "w", driver="GTiff", crs="EPSG:4548", transform=place, **grid
    ) as raster:
        raster.write(np.full((1, 30, 30), 10.0, dtype="float32"))
    monkeypatch.setenv("QYP_POSTGIS_DSN", database.dsn())
    return folder


def test_a_run_says_what_it_rests_on_and_keeps_the_secret(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    held = run(folder, command="qyp run", progress=silent)
    said = json.loads((folder / "build/run.json").read_text(encoding="utf-8"))
    assert said["tables"] == {"layers/toilets": held.layers["layers/toilets"].digest}
    people = held.layers["layers/residents"].frame
    assert people.loc[people["inside"].astype(bool), "people"].sum() == pytest.approx(1.1**2 * 1000)
    method = "居民:GHS-POP 把普查人口按卫星影像测得的建筑体量分到各格,是模型估算,不是逐户统计"
    assert method in held.results["analyses/coverage"].notes

    # Opened and published without the database.
    monkeypatch.delenv("QYP_POSTGIS_DSN")
    back = open_build(folder)
    assert back.layers["layers/toilets"].digest == held.layers["layers/toilets"].digest
    publish(folder, draft=True)
    manifest = json.loads((folder / "draft/manifest.json").read_text(encoding="utf-8"))
    inputs = manifest["declarations"]["layers/toilets"]["inputs"]
    assert inputs["PostGIS public.toilets"] == held.layers["layers/toilets"].digest

    secrets = [PASSWORD, "geheim", "127.0.0.1"]
    for path in (path for path in folder.rglob("*") if path.is_file()):
        content = path.read_bytes()
        assert not any(secret.encode() in content for secret in secrets), path


def test_two_runs_of_the_same_database_are_the_same(folder: Path) -> None:
    first = run(folder, command="qyp run", progress=silent)
    layers = {path.name: path.read_bytes() for path in (folder / "build/layers").iterdir()}
    again = run(folder, command="qyp run", progress=silent)
    assert {path.name: path.read_bytes() for path in (folder / "build/layers").iterdir()} == layers
    assert first.layers["layers/toilets"].digest == again.layers["layers/toilets"].digest
