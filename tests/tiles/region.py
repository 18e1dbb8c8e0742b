"""A region made of the small district: its layers as GeoParquet read by tile, beside the same layers read whole."""

from __future__ import annotations

from pathlib import Path

import geopandas as gpd
import numpy as np
import shapely

from tests.small import EAST, NORTH, layer, small_district


def region_district(folder: Path, *, n_homes: int = 60, tile_m: float = 250.0) -> Path:
    """Write the small district with a region analysis of homes that stand everywhere, on the borders of tiles too."""
    small_district(folder)
    data = folder / "layers/data"
    streets = gpd.read_file(data / "streets.geojson").set_crs("EPSG:4548", allow_override=True)
    rng = np.random.default_rng(3)
    xy = rng.uniform(0, 1000, (n_homes, 2))
    xy[::3] = np.rint(xy[::3] / tile_m) * tile_m
    at = shapely.points(xy + np.array([EAST, NORTH]))
    homes = gpd.GeoDataFrame({"id": [f"H{k}" for k in range(n_homes)], "people": 1.0 + np.arange(n_homes)}, geometry=at)
    toilets = gpd.GeoDataFrame(
        {"id": ["T1", "T2"], "name": ["南厕", "北厕"]},
        geometry=shapely.points([(EAST, NORTH), (EAST + 1000, NORTH + 1000)]),
    )
    for name, frame in {"roads": streets[["id", "class", "geometry"]], "homes": homes, "wcs": toilets}.items():
        frame.set_crs("EPSG:4548", allow_override=True).to_parquet(data / f"{name}.parquet")
    declared = {
        "roads": ("路网", "streets", "line", 'id = "id"\nstreet_class = "class"'),
        "homes": ("住户", "residents", "point", 'id = "id"\npeople = "people"'),
        "wcs": ("公厕", "public_toilet", "point", 'id = "id"\nname = "name"'),
    }
    for name, (title, kind, geometry, columns) in declared.items():
        source = f'path = "data/{name}.parquet"\ndatum = "EPSG:4548"'
        text = layer(title, kind, geometry, source, "[columns]", columns)
        (folder / f"layers/{name}.toml").write_text(
            text.replace("[source]", "by_tile = true\n[source]"), encoding="utf-8"
        )
    (folder / "analyses/region.toml").write_text(
        'kind = "region"\ntitle = "大区域步行可达"\ndemand = "layers/homes"\nnetwork = "layers/roads"\n'
        f'facilities = ["layers/wcs"]\nwithin_m = 500\ntile_m = {tile_m}\n',
        encoding="utf-8",
    )
    return folder
