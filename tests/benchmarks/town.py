"""A made-up town of any number of homes, as a district folder: what pages are measured on."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import shapely

from tests.benchmarks.networks import SPACING_M, grid

_CORNER: Final = np.array([394_000.0, 3_167_000.0])
_CRS: Final = "EPSG:4548"
_HOMES_PER_FACILITY: Final = 250
_COMMUNITY_M: Final = 1500.0
KINDS: Final = {
    "public_toilet": "公共厕所",
    "kindergarten": "幼儿园",
    "primary_school": "小学",
    "health_station": "社区卫生服务站",
    "elderly_daycare": "养老服务站",
    "convenience_store": "便利店",
    "wet_market": "农贸市场",
    "bus_stop": "公交站",
}
_SHAPE: Final = np.array([(0, 0), (24, 0), (24, 12), (16, 12), (16, 16), (8, 16), (0, 12)], dtype=np.float64)
"""Seven corners, in metres."""
_LAYER: Final = """\
title = "{title}"
kind = "{kind}"
geometry = "{geometry}"

[source]
path = "data/{name}.parquet"
datum = "EPSG:4548"

[columns]
{columns}

[provenance]
publisher = "made up"
retrieved = 2026-01-15
as_of = 2026-01-01
completeness = "全量台账"
licence = "CC0-1.0"
secrecy = "公开"
may_redistribute = true
"""
_DISTRICT: Final = """\
name = "town"
title = "样城"
crs = "EPSG:4548"
boundary = "layers/boundary"
margin_m = 500
walk_kmh = 4.0
"""
_POPULATION: Final = """
[population]
base = "常住"
year = 2025
source = "made up"
"""
_COVERAGE: Final = """\
kind = "coverage"
title = "步行可达"
demand = "layers/residents"
network = "layers/streets"
facilities = [{facilities}]
standard = "gb50180-2018"
areas = ["layers/units"]
"""
_MAP: Final = """\
title = "样城十五分钟生活圈"
audience = "{audience}"
language = ["zh", "en"]
"""


def write_town(folder: Path, n_homes: int) -> gpd.GeoDataFrame:
    """Write a town of so many homes beside about as many crossroads, and return its homes as folium is given them.

    Parameters
    ----------
    folder
        Becomes a district folder with a page for planners and one for residents.
    n_homes
        Of seven corners each, at streets picked at random.

    Returns
    -------
    geopandas.GeoDataFrame
        ``name`` and ``class`` (one of five) in WGS 84.
    """
    rng = np.random.default_rng(n_homes)
    streets = grid(n_homes)
    lines: Any = shapely.transform(streets.geometry.to_numpy(), lambda xy: xy + _CORNER)
    n_facilities = max(n_homes // _HOMES_PER_FACILITY, 2)
    side_m = SPACING_M * round(n_homes**0.5)
    for name in ("layers/data", "analyses", "maps"):
        (folder / name).mkdir(parents=True)
    (folder / "layers" / "district.toml").write_text(_DISTRICT, encoding="utf-8")

    street_names = [f"{n // 20}号路" for n in range(len(lines))]
    _layer(folder, "streets", "line", {"name": street_names, "street_class": "residential"}, lines)
    homes = _homes(rng, lines, n_homes)
    people = {"name": [f"{n}号楼" for n in range(n_homes)], "people": rng.integers(20, 200, n_homes)}
    _layer(folder, "residents", "polygon", people, homes, _POPULATION)
    square = shapely.box(*(_CORNER - 100.0), *(_CORNER + side_m + 100.0))
    _layer(folder, "boundary", "polygon", {"name": ["样城"]}, np.array([square]))
    _units(folder, side_m)
    for kind, title in KINDS.items():
        names = [f"第{n}{title}" for n in range(n_facilities)]
        at = shapely.points(_CORNER + rng.random((n_facilities, 2)) * side_m)
        _layer(folder, kind, "point", {"name": names}, at)

    facilities = ", ".join(f'"layers/{kind}"' for kind in KINDS)
    coverage = _COVERAGE.format(facilities=facilities)
    (folder / "analyses" / "coverage.toml").write_text(coverage, encoding="utf-8")
    for audience in ("planners", "residents"):
        shown = ["analyses/coverage", *(f"layers/{kind}" for kind in KINDS), "layers/streets", "layers/boundary"]
        overlays = [f'\n[[overlay]]\nof = "{of}"\nlabel = "{of.split("/")[1]}"\n' for of in shown]
        text = _MAP.format(audience=audience) + "".join(overlays)
        (folder / "maps" / f"{audience}.toml").write_text(text, encoding="utf-8")
    frame = gpd.GeoDataFrame({"name": people["name"], "class": np.arange(n_homes) % 5}, geometry=homes, crs=_CRS)
    return frame.to_crs("EPSG:4326")


def _homes(rng: np.random.Generator, lines: Any, n_homes: int) -> npt.NDArray[np.object_]:
    """Homes of seven corners along streets, 8 m off the middle of the street on either side."""
    street = shapely.get_coordinates(lines).reshape(-1, 2, 2)[rng.integers(0, len(lines), n_homes)]
    along = street[:, 1] - street[:, 0]
    along /= np.linalg.norm(along, axis=1, keepdims=True)
    across = np.stack([-along[:, 1], along[:, 0]], axis=1) * rng.choice([-1.0, 1.0], n_homes)[:, None]
    start = street[:, 0] + (street[:, 1] - street[:, 0]) * rng.random((n_homes, 1)) * 0.7 + 8.0 * across
    corners = start[:, None] + _SHAPE[:, :1] * along[:, None] + _SHAPE[:, 1:] * across[:, None]
    return np.asarray(shapely.polygons(corners), dtype=object)


def _units(folder: Path, side_m: float) -> None:
    """Communities are squares, and a 街道 is a column of them."""
    n = max(round(side_m / _COMMUNITY_M), 1)
    edges = np.linspace(-100.0, side_m + 100.0, n + 1)
    towns = [shapely.box(edges[x], edges[0], edges[x + 1], edges[n]) for x in range(n)]
    places = [(x, y) for x in range(n) for y in range(n)]
    communities = [shapely.box(edges[x], edges[y], edges[x + 1], edges[y + 1]) for x, y in places]
    columns = {
        "code": [f"T{x}" for x in range(n)] + [f"C{x}-{y}" for x, y in places],
        "name": [f"{x}街道" for x in range(n)] + [f"{x}之{y}社区" for x, y in places],
        "level": ["街道"] * n + ["社区"] * len(places),
        "parent": [""] * n + [f"T{x}" for x, _ in places],
    }
    moved = shapely.transform(np.array(towns + communities), lambda xy: xy + _CORNER)
    _layer(folder, "units", "polygon", columns, np.asarray(moved))


def _layer(folder: Path, kind: str, geometry: str, columns: dict[str, Any], shapes: Any, more: str = "") -> None:
    """Write a layer's declaration and its data."""
    ids = [f"{kind}-{n}" for n in range(len(shapes))]
    frame = gpd.GeoDataFrame({"id": ids, **columns}, geometry=shapes, crs=_CRS)
    frame.to_parquet(folder / "layers" / "data" / f"{kind}.parquet")
    declared = "\n".join(f'{name} = "{name}"' for name in ["id", *columns])
    text = _LAYER.format(title=KINDS.get(kind, kind), kind=kind, geometry=geometry, name=kind, columns=declared)
    (folder / "layers" / f"{kind}.toml").write_text(text + more, encoding="utf-8")
