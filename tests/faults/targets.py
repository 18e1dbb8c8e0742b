"""A small district folder for every format that is read, and the file in it that is damaged."""

from __future__ import annotations

import bz2
import gzip
import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Final

import geopandas as gpd
import networkx as nx
import numpy as np
import openpyxl
import osmium
import pyogrio
import rasterio
import shapely

from tests.layers.extract import small_town
from tests.small import EAST, NORTH, at, layer, small_district

_COLUMNS: Final = ("[columns]", 'id = "id"', 'name = "name"')
_POINTS: Final = (("T1", "南厕", 0, 0), ("T2", "北厕", 1000, 1000), ("T3", "中厕", 500, 500))


def build_target(folder: Path, name: str) -> Path:
    """Make the folder for a format, and return the file that is damaged."""
    small_district(folder)
    for one in ("residents", "toilets"):
        (folder / f"layers/{one}.toml").unlink()
        (folder / f"layers/data/{one}.csv").unlink()
    for path in [*(folder / "analyses").iterdir(), *(folder / "maps").iterdir()]:
        path.unlink()
    (folder / "layers/streets.toml").unlink()
    return TARGETS[name](folder)


def _declare(
    folder: Path, source: str, *, kind: str = "public_toilet", geometry: str = "point", columns: bool = True
) -> None:
    text = layer("公厕", kind, geometry, source, *(_COLUMNS if columns else ()))
    (folder / "layers/thing.toml").write_text(text, encoding="utf-8")


def _csv(encoding: str) -> Callable[[Path], Path]:
    def make(folder: Path) -> Path:
        rows = "".join(f"{i},{n},{at(x, y)[0]},{at(x, y)[1]}\n" for i, n, x, y in _POINTS)
        file = folder / "layers/data/thing.csv"
        file.write_bytes(("id,name,x,y\n" + rows).encode(encoding))
        _declare(folder, f'path = "data/thing.csv"\ndatum = "EPSG:4548"\nencoding = "{encoding}"\nlon = "x"\nlat = "y"')
        return file

    return make


def _xlsx(folder: Path) -> Path:
    book = openpyxl.Workbook()
    sheet = book.worksheets[0]
    sheet.append(["公厕一览"])
    sheet.merge_cells("A1:D1")
    sheet.append(["id", "name", "x", "y"])
    for i, n, x, y in _POINTS:
        sheet.append([i, n, *at(x, y)])
    file = folder / "layers/data/thing.xlsx"
    book.save(file)
    _declare(folder, 'path = "data/thing.xlsx"\ndatum = "EPSG:4548"\nlon = "x"\nlat = "y"')
    return file


def _frame(geometry: str = "point") -> gpd.GeoDataFrame:
    points = shapely.points([at(x, y) for _, _, x, y in _POINTS])
    shapes = points if geometry == "point" else shapely.buffer(points, 40)
    names = {"id": [i for i, *_ in _POINTS], "name": [n for _, n, *_ in _POINTS]}
    return gpd.GeoDataFrame(names, geometry=shapes, crs="EPSG:4548")


def _vector(suffix: str, *, damaged: str = "", geometry: str = "point", encoding: str = "") -> Callable[[Path], Path]:
    def make(folder: Path) -> Path:
        file = folder / f"layers/data/thing{suffix}"
        frame = _frame(geometry)
        if suffix == ".parquet":
            frame.to_parquet(file)
        elif suffix in {".kml", ".geojson"}:
            frame.to_crs(4326).to_file(file, driver={".kml": "KML", ".geojson": "GeoJSON"}[suffix])
        elif encoding:
            pyogrio.write_dataframe(frame, file, encoding=encoding)
        else:
            pyogrio.write_dataframe(frame, file)
        datum = "wgs84" if suffix in {".kml", ".geojson"} else "EPSG:4548"
        # The driver of KML calls its columns Name and Description.
        _declare(folder, f'path = "data/{file.name}"\ndatum = "{datum}"', geometry=geometry, columns=suffix != ".kml")
        return file.with_suffix(damaged) if damaged else file

    return make


def _packed(suffix: str, inside: str) -> Callable[[Path], Path]:
    """A map file in a zip archive, with all that belongs to it."""

    def make(folder: Path) -> Path:
        file, place = folder / f"layers/data/thing{suffix}", folder.parent / f"{folder.name}-packed"
        place.mkdir()
        geographic = inside == ".kml"
        frame = _frame("polygon").to_crs(4326) if geographic else _frame("polygon")
        pyogrio.write_dataframe(
            frame, place / f"doc{inside}", driver={".kml": "LIBKML", ".gdb": "OpenFileGDB"}.get(inside)
        )
        with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
            for path in sorted(one for one in place.rglob("*") if one.is_file()):
                archive.write(path, path.relative_to(place))
        datum = "wgs84" if geographic else "EPSG:4548"
        _declare(folder, f'path = "data/{file.name}"\ndatum = "{datum}"', geometry="polygon", columns=not geographic)
        return file

    return make


def _drawing(folder: Path) -> Path:
    file = folder / "layers/data/thing.dxf"
    pyogrio.write_dataframe(_frame("polygon")[["geometry"]], file, driver="DXF")
    _declare(folder, 'path = "data/thing.dxf"\ndatum = "EPSG:4548"', geometry="polygon", columns=False)
    return file


def _mapinfo(suffix: str, damaged: str = "") -> Callable[[Path], Path]:
    def make(folder: Path) -> Path:
        file = folder / f"layers/data/thing{suffix}"
        options = {"FORMAT": "MIF"} if suffix == ".mif" else {}
        pyogrio.write_dataframe(_frame(), file, driver="MapInfo File", dataset_options=options)
        _declare(folder, f'path = "data/{file.name}"\ndatum = "EPSG:4548"')
        return file.with_suffix(damaged) if damaged else file

    return make


def _wkt(folder: Path) -> Path:
    file = folder / "layers/data/thing.csv"
    rows = "".join(f"{i},{n},POINT ({at(x, y)[0]} {at(x, y)[1]})\n" for i, n, x, y in _POINTS)
    file.write_text("id,name,shape\n" + rows, encoding="utf-8")
    _declare(folder, 'path = "data/thing.csv"\ndatum = "EPSG:4548"\nencoding = "utf-8"\nwkt = "shape"')
    return file


def _amap(folder: Path) -> Path:
    pois = [
        {
            "id": f"B{number}",
            "name": name,
            "location": f"115.{89 + number}1,28.63",
            "typecode": "200300",
            "type": "公厕",
        }
        for number, (_, name, *_) in enumerate(_POINTS)
    ]
    answer = {"status": "1", "count": "3", "info": "OK", "infocode": "10000", "pois": pois}
    file = folder / "layers/data/thing.json"
    file.write_text(json.dumps(answer, ensure_ascii=False), encoding="utf-8")
    _declare(folder, 'path = "data/thing.json"\nformat = "amap"', columns=False)
    return file


def _osm(suffix: str) -> Callable[[Path], Path]:
    def make(folder: Path) -> Path:
        file, text = folder / f"layers/data/thing{suffix}", small_town().xml().encode()
        if suffix == ".osm.pbf":
            plain = folder / "layers/data/plain.osm"
            plain.write_bytes(text)
            with osmium.SimpleWriter(str(file)) as writer:
                for thing in osmium.FileProcessor(str(plain)):
                    writer.add(thing)
            plain.unlink()
        else:
            pack: dict[str, Callable[[bytes], bytes]] = {".osm.gz": gzip.compress, ".osm.bz2": bz2.compress}
            file.write_bytes(pack[suffix](text) if suffix in pack else text)
        _declare(folder, f'path = "data/{file.name}"\ndatum = "wgs84"', columns=False)
        streets = layer("路", "streets", "line", f'path = "data/{file.name}"\ndatum = "wgs84"')
        (folder / "layers/streets.toml").write_text(streets, encoding="utf-8")
        return file

    return make


def _graphml(folder: Path) -> Path:
    graph = nx.MultiDiGraph(crs="epsg:4326", simplified="True")
    for number, lon, lat in ((1, 115.890, 28.630), (2, 115.894, 28.630), (3, 115.894, 28.633)):
        graph.add_node(number, x=str(lon), y=str(lat), street_count="1")
    for u, v in ((1, 2), (2, 3), (2, 1)):
        graph.add_edge(u, v, key=0, osmid=str(u), highway="residential", length="400.0", oneway="False")
    file = folder / "layers/data/thing.graphml"
    nx.write_graphml(graph, file)
    _declare(folder, f'path = "data/{file.name}"\ndatum = "wgs84"', kind="streets", geometry="line", columns=False)
    return file


def _raster(**profile: object) -> Callable[[Path], Path]:
    """Cells of 100 m, far beyond the district on every side, 10 people in each."""

    def make(folder: Path) -> Path:
        file, cells = folder / "layers/data/thing.tif", np.full((64, 64), 10, dtype="float32")
        corner = rasterio.Affine(100, 0, EAST - 2_700, 0, -100, NORTH + 3_700)
        options = {"driver": "GTiff", "count": 1, "height": 64, "width": 64, "dtype": "float32", "nodata": -200}
        with rasterio.open(file, "w", crs="EPSG:4548", transform=corner, **options, **profile) as raster:
            raster.write(cells, 1)
        _declare(
            folder,
            'path = "data/thing.tif"\n[population]\nbase = "估算"\nyear = 2020\nsource = "GHS-POP"',
            kind="residents",
            columns=False,
        )
        return file

    return make


def _declaration(path: str) -> Callable[[Path], Path]:
    def make(folder: Path) -> Path:
        small_district(folder)
        return folder / path

    return make


def _verified(folder: Path) -> Path:
    small_district(folder)
    file = folder / "analyses/standards/verified.csv"
    file.parent.mkdir()
    file.write_text("rule,edition,clause,page,checked_by,date\n,,,,,\n", encoding="utf-8")
    return file


def _profile(folder: Path) -> Path:
    small_district(folder)
    file = folder / "analyses/standards/own.toml"
    file.parent.mkdir()
    text = 'title = "本区"\nextends = "gb55013-2021"\n[[rule]]\nid = "t.55013"\nvalue = "500"\n'
    file.write_text(text, encoding="utf-8")
    coverage = folder / "analyses/coverage.toml"
    coverage.write_text(coverage.read_text(encoding="utf-8").replace('"gb50180-2018"', '"own"'), encoding="utf-8")
    return file


TARGETS: Final[dict[str, Callable[[Path], Path]]] = {
    "CSV, UTF-8": _csv("utf-8"),
    "CSV, GB 18030": _csv("gb18030"),
    "XLSX": _xlsx,
    "GeoJSON": _vector(".geojson"),
    "GeoJSON, polygons": _vector(".geojson", geometry="polygon"),
    "GeoPackage": _vector(".gpkg"),
    "shapefile .shp": _vector(".shp", geometry="polygon"),
    "shapefile .dbf": _vector(".shp", damaged=".dbf"),
    "shapefile .shx": _vector(".shp", damaged=".shx"),
    "shapefile .prj": _vector(".shp", damaged=".prj"),
    "shapefile .cpg": _vector(".shp", damaged=".cpg"),
    "GeoParquet": _vector(".parquet", geometry="polygon"),
    "KML": _vector(".kml"),
    "KMZ": _packed(".kmz", ".kml"),
    "zipped shapefile": _packed(".zip", ".shp"),
    "zipped File Geodatabase": _packed(".gdb.zip", ".gdb"),
    "DXF": _drawing,
    "MapInfo TAB": _mapinfo(".tab"),
    "MapInfo MAP": _mapinfo(".tab", ".map"),
    "MapInfo DAT": _mapinfo(".tab", ".dat"),
    "MapInfo MIF": _mapinfo(".mif"),
    "CSV with WKT": _wkt,
    "AMap JSON": _amap,
    "OSM XML": _osm(".osm"),
    "OSM XML, gzip": _osm(".osm.gz"),
    "OSM XML, bzip2": _osm(".osm.bz2"),
    "OSM PBF": _osm(".osm.pbf"),
    "GraphML": _graphml,
    "GeoTIFF": _raster(),
    "GeoTIFF, tiled and packed": _raster(tiled=True, blockxsize=16, blockysize=16, compress="deflate", predictor=3),
    "district.toml": _declaration("layers/district.toml"),
    "layer .toml": _declaration("layers/toilets.toml"),
    "analysis .toml": _declaration("analyses/coverage.toml"),
    "map .toml": _declaration("maps/planners.toml"),
    "verified.csv": _verified,
    "standard .toml": _profile,
}
