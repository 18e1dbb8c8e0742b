"""A city's own coordinates: by parameters that stay where the user keeps them."""

from __future__ import annotations

import json
import math
from pathlib import Path

import geopandas as gpd
import numpy as np
import pyogrio
import pyproj
import pytest
import shapely

from qyp_geo.crs import crs_of_datum, to_analysis
from qyp_geo.declarations import Layer
from qyp_geo.errors import CrsError, DeclarationError
from qyp_geo.local_datum import local_datum
from qyp_geo.project import open_project
from qyp_geo.run import run
from qyp_geo.starting import new_district
from tests.layers.folder import Folder, at, feature, geojson, record, square

KEPT = "51234.5678"
"""A figure of the parameters that must stand nowhere."""
PLANE = f"""
[plane]
to = "EPSG:4548"
east_m = {KEPT}
north_m = -3000.25
rotation_arcsec = 3600.0
scale_ppm = 20.0
"""
SEVEN = """
[space]
written = "+proj=tmerc +lat_0=0 +lon_0=117 +k=1 +x_0=500000 +y_0=0 +ellps=krass +units=m"
x_m = 10.0
y_m = -20.0
z_m = 30.0
rx_arcsec = 1.0
ry_arcsec = -2.0
rz_arcsec = 3.0
scale_ppm = 4.0
rotates = "{rotates}"
"""


@pytest.fixture
def keep(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the user keeps the parameters."""
    path = tmp_path / "safe" / "nanchang-secret.toml"
    path.parent.mkdir()
    monkeypatch.setenv("QYP_LOCAL_DATUM", str(path))
    return path


def parks(datum: str = "local", path: str = "p.geojson") -> Layer:
    return record("park", "polygon", path, datum, columns={"id": "bh", "name": "ym"})


def local_of(x: float, y: float) -> tuple[float, float]:
    """What `PLANE` carries to a place in EPSG:4548: the four parameters undone by hand."""
    angle, scale = math.radians(1.0), 1.0 + 20e-6
    east, north = (x - float(KEPT)) / scale, (y + 3000.25) / scale
    return east * math.cos(angle) + north * math.sin(angle), -east * math.sin(angle) + north * math.cos(angle)


def park() -> str:
    ring = [list(local_of(x, y)) for x, y in square(100, 100, 200)[0]]
    return geojson(feature("Polygon", [ring], bh="P1", ym="甲"))


def there(x: float, y: float) -> tuple[float, float]:
    frame = to_analysis(gpd.GeoDataFrame(geometry=[shapely.Point(x, y)]), datum="local", crs="EPSG:4548")
    return frame.geometry.x[0], frame.geometry.y[0]


def test_four_parameters_by_hand(keep: Path) -> None:
    keep.write_text(PLANE.replace(KEPT, "100.0").replace("-3000.25", "200.0").replace("3600.0", "324000.0"), "utf-8")
    # A quarter turn to the left and 20 mm more on the kilometre: east becomes north.
    east, north = there(3_168_000.0, -391_000.0)
    assert (east, north) == pytest.approx((391_000 * 1.00002 + 100, 3_168_000 * 1.00002 + 200), abs=1e-4)


def test_a_layer_in_the_local_system_lies_where_it_should(folder: Folder, keep: Path) -> None:
    keep.write_text(PLANE, "utf-8")
    folder.write("p.geojson", park())
    layer = folder.read_one(parks())
    west, south, *_ = layer.frame.total_bounds
    assert (west, south) == pytest.approx(tuple(at(100, 100)), abs=1e-3)
    assert "park:坐标由地方独立坐标系按保管单位提供的参数转换(参数不公开,未经已知点核对)" in layer.notes


def test_known_points_confirm_the_parameters_or_refuse_them(folder: Folder, keep: Path) -> None:
    folder.write("p.geojson", park())
    x, y = at(100, 100)
    east, north = local_of(x, y)
    keep.write_text(f"{PLANE}known = [[{east}, {north}, {x}, {y}]]\n", "utf-8")
    assert any("(参数不公开)" in note for note in folder.read_one(parks()).notes)
    keep.write_text(f"{PLANE}known = [[{east}, {north}, {x + 2}, {y}]]\n", "utf-8")
    [told] = folder.told(parks())
    assert (
        "source.datum: cannot be used (given: local). the parameters that QYP_LOCAL_DATUM names miss one of their"
        in told
    )
    assert "known points by 2.0 m: check the sign of the rotation" in told


@pytest.mark.parametrize(("rotates", "sign"), [("position_vector", 1.0), ("coordinate_frame", -1.0)])
def test_seven_parameters_against_the_formula(keep: Path, rotates: str, sign: float) -> None:
    keep.write_text(SEVEN.format(rotates=rotates), "utf-8")
    krassovsky = pyproj.CRS("+proj=tmerc +lat_0=0 +lon_0=117 +k=1 +x_0=500000 +y_0=0 +ellps=krass +units=m")
    lon, lat = pyproj.Proj(krassovsky)(391_000.0, 3_168_000.0, inverse=True)
    x, y, z = geocentric(lon, lat, 6_378_245.0, 1 / 298.3)
    rx, ry, rz = (sign * math.radians(angle / 3600) for angle in (1.0, -2.0, 3.0))
    turned = np.array([[1, -rz, ry], [rz, 1, -rx], [-ry, rx, 1]]) @ [x, y, z]
    moved = np.array([10.0, -20.0, 30.0]) + (1 + 4e-6) * turned
    expected = pyproj.Proj("EPSG:4548")(*geodetic(*moved))
    assert there(391_000.0, 3_168_000.0) == pytest.approx(expected, abs=1e-3)
    assert abs(there(391_000.0, 3_168_000.0)[0] - 391_000) > 5  # parameters count, where PROJ would pass them over


def geocentric(lon: float, lat: float, axis_m: float, flattening: float) -> tuple[float, float, float]:
    e2 = flattening * (2 - flattening)
    lam, phi = math.radians(lon), math.radians(lat)
    n = axis_m / math.sqrt(1 - e2 * math.sin(phi) ** 2)
    return n * math.cos(phi) * math.cos(lam), n * math.cos(phi) * math.sin(lam), n * (1 - e2) * math.sin(phi)


def geodetic(x: float, y: float, z: float) -> tuple[float, float]:
    """Longitude and latitude on the ellipsoid of WGS 84, by iteration."""
    e2 = (1 / 298.257223563) * (2 - 1 / 298.257223563)
    p = math.hypot(x, y)
    phi = math.atan2(z, p * (1 - e2))
    for _ in range(20):
        n = 6_378_137.0 / math.sqrt(1 - e2 * math.sin(phi) ** 2)
        phi = math.atan2(z + e2 * n * math.sin(phi), p)
    return math.degrees(math.atan2(y, x)), math.degrees(phi)


OWN_MERIDIAN = "+proj=tmerc +lat_0=0 +lon_0=115.9 +k=1 +x_0=500000 +y_0=-3000000 +ellps=GRS80 +units=m +type=crs"


@pytest.mark.parametrize("text", [OWN_MERIDIAN, pyproj.CRS(OWN_MERIDIAN).to_wkt(), f"\ufeff{OWN_MERIDIAN}\n"])
def test_a_meridian_of_its_own_as_proj_or_wkt(keep: Path, text: str) -> None:
    keep.write_text(text, "utf-8")
    expected = pyproj.Proj("EPSG:4548")(*pyproj.Proj(OWN_MERIDIAN)(499_000.0, 168_000.0, inverse=True))
    assert there(499_000.0, 168_000.0) == pytest.approx(expected, abs=1e-3)


def test_three_parameters_in_a_proj_string_count(keep: Path) -> None:
    keep.write_text("+proj=tmerc +lon_0=117 +x_0=500000 +ellps=krass +towgs84=15,-120,-50 +units=m", "utf-8")
    lon, lat = pyproj.Proj("+proj=tmerc +lon_0=117 +x_0=500000 +ellps=krass")(391_000.0, 3_168_000.0, inverse=True)
    x, y, z = geocentric(lon, lat, 6_378_245.0, 1 / 298.3)
    expected = pyproj.Proj("EPSG:4548")(*geodetic(x + 15, y - 120, z - 50))
    assert there(391_000.0, 3_168_000.0) == pytest.approx(expected, abs=1e-3)


def test_without_parameters_it_is_refused_with_what_to_do(folder: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("QYP_LOCAL_DATUM", raising=False)
    folder.write("p.geojson", park())
    [told] = folder.told(parks())
    assert "layers/one.toml: source.datum: cannot be used (given: local)" in told
    assert "set QYP_LOCAL_DATUM to the path of a file" in told
    assert "have the data converted to CGCS2000" in told


@pytest.mark.parametrize(
    ("text", "told_of"),
    [
        (None, "cannot be read"),
        ("", "must hold one table of parameters"),
        (f"secret {KEPT}", "holds no parameters"),
        (f"[plane]\nto = 'EPSG:4548'\neast_m = {KEPT}\n", "plane.north_m, plane.rotation_arcsec, plane.scale_ppm"),
        (PLANE + f"extra = {KEPT}\n", "plane.extra"),
        (PLANE.replace(KEPT, f"'{KEPT}'"), "plane.east_m"),
        (
            PLANE.replace("4548", "2384"),
            "plane.to of the file that QYP_LOCAL_DATUM names is not a projected CRS of CGCS2000",
        ),
        (
            PLANE.replace("4548", "4490"),
            "plane.to of the file that QYP_LOCAL_DATUM names is not a projected CRS of CGCS2000",
        ),
        (PLANE.replace("4548", "9999"), "holds no CRS that PROJ knows"),
        (PLANE + SEVEN.format(rotates="position_vector"), "must hold one table of parameters"),
        (SEVEN.format(rotates="either"), "space.rotates"),
        (
            SEVEN.format(rotates="position_vector").replace("+ellps=krass", "+ellps=krass +towgs84=1,2,3"),
            "parameters of its own",
        ),
        (f"+proj=tmerc +lon_0=117 +x_0={KEPT} +ellps=krass", "does not say how its datum is carried over"),
        (f"+proj=nothing +x_0={KEPT}", "holds no CRS that PROJ knows"),
        (f"+proj=geocent +x_0={KEPT} +ellps=GRS80 +type=crs", "neither projected nor geographic"),
        (f'PROJCRS["x", {KEPT}]', "holds no CRS that PROJ knows"),
        ("x" * 200_000, "too large"),
        (b"\xff\xfe\xff" + KEPT.encode(), "is not UTF-8 text"),
    ],
)
def test_a_file_that_cannot_be_used_is_told_without_a_word_of_it(
    folder: Folder, keep: Path, text: str | bytes | None, told_of: str
) -> None:
    if text is not None:
        keep.write_bytes(text if isinstance(text, bytes) else text.encode())
    folder.write("p.geojson", park())
    [told] = folder.told(parks())
    assert told_of in told
    assert KEPT not in told
    assert str(keep.parent) not in told
    with pytest.raises(CrsError) as raised:
        crs_of_datum("local")
    assert raised.value.__cause__ is None
    assert raised.value.__suppress_context__ or raised.value.__context__ is None


def test_a_file_that_says_to_be_in_a_public_system_contradicts_local(folder: Folder, keep: Path) -> None:
    keep.write_text(PLANE, "utf-8")
    frame = gpd.GeoDataFrame(
        {"bh": ["P1"], "ym": ["甲"]}, geometry=[shapely.Polygon(square(0, 0, 9)[0])], crs="EPSG:4548"
    )
    pyogrio.write_dataframe(frame, folder.data("p.gpkg"))
    [told] = folder.told(parks(path="p.gpkg"))
    assert "source.datum: contradicts the file, whose coordinates are in EPSG:4548" in told


def test_a_file_in_which_a_local_system_is_called_beijing_54_is_taken(folder: Folder, keep: Path) -> None:
    """What the drawing office draws in a local system often bears the name of the datum it was made from."""
    keep.write_text(PLANE, "utf-8")
    ring = shapely.Polygon([local_of(x, y) for x, y in square(100, 100, 200)[0]])
    frame = gpd.GeoDataFrame({"bh": ["P1"], "ym": ["甲"]}, geometry=[ring], crs="EPSG:2437")
    pyogrio.write_dataframe(frame, folder.data("p.gpkg"))
    found = folder.read_one(parks(path="p.gpkg")).frame
    assert tuple(found.total_bounds[:2]) == pytest.approx(tuple(at(100, 100)), abs=1e-3)


def test_what_is_shown_of_the_parameters_is_nothing(keep: Path) -> None:
    keep.write_text(PLANE, "utf-8")
    assert KEPT not in repr(local_datum())


def district_with_a_local_park(folder: Path) -> None:
    new_district(folder)
    for path in [*(folder / "analyses").glob("*.toml"), *(folder / "maps").glob("*.toml")]:
        path.unlink()
    ring = shapely.box(391_000, 3_168_000, 391_100, 3_168_100)
    content = [list(local_of(x, y)) for x, y in shapely.get_coordinates(ring)]
    (folder / "layers" / "data" / "local.geojson").write_text(
        geojson(feature("Polygon", [content], bh="P1", ym="甲")), "utf-8"
    )
    (folder / "layers" / "local.toml").write_text(
        'title = "地方坐标公园"\nkind = "park"\ngeometry = "polygon"\n'
        'source = { path = "data/local.geojson", datum = "local" }\ncolumns = { id = "bh", name = "ym" }\n'
        'provenance = { publisher = "tests", retrieved = 2026-01-15, licence = "CC0" }\n',
        "utf-8",
    )


def test_a_run_leaves_no_trace_of_the_parameters(tmp_path: Path, keep: Path) -> None:
    keep.write_text(PLANE, "utf-8")
    folder = tmp_path / "district"
    district_with_a_local_park(folder)
    run(folder, command="qyp run", progress=lambda _: None)
    said = json.loads((folder / "build" / "run.json").read_text("utf-8"))
    assert any("地方独立坐标系" in note for note in said["notes"]["layers/local"])
    held = b"".join(path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file())
    for trace in (KEPT, keep.name, str(keep.parent), "3000.25"):
        assert trace.encode() not in held


def test_parameters_inside_the_district_folder_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "district"
    district_with_a_local_park(folder)
    inside = folder / "layers" / "data" / "parameters.txt"
    inside.write_text(PLANE, "utf-8")
    monkeypatch.setenv("QYP_LOCAL_DATUM", str(inside))
    with pytest.raises(DeclarationError, match="rests on parameters that lie in the district folder"):
        open_project(folder)
