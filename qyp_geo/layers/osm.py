"""OpenStreetMap extracts (XML and PBF, by pyosmium) and street graphs saved by OSMnx.

An extract is parsed once, and every layer of a folder takes from it what it asks for.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any, Final

import geopandas as gpd
import numpy as np
import osmium
import pandas as pd
import shapely
from shapely.geometry.base import BaseGeometry

from qyp_geo import standards
from qyp_geo.crs import choose_crs, to_analysis
from qyp_geo.errors import QypGeoError
from qyp_geo.layers.limits import refusal_of

EXTRACTS: Final = (".osm", ".osm.bz2", ".osm.gz", ".osm.pbf", ".pbf")
GRAPHS: Final = (".graphml",)
Tags = Mapping[str, str]
_NOT_BUILT: Final = {"construction": "under_construction", "proposed": "planned"}
_SIDEWALKS: Final = ("sidewalk", "sidewalk:both", "sidewalk:left", "sidewalk:right")


def is_osm(path: Path) -> bool:
    """Whether a file is read here."""
    return path.name.lower().endswith((*EXTRACTS, *GRAPHS))


class Extract:
    """The tagged objects of one file, in the district's CRS.

    Attributes
    ----------
    objects
        Index `id` (``n12``, ``w12``, ``r12``), columns `tags` (dict), `form` and `geometry`. A node is a ``point``; a way is a
        ``line``, or ``cut`` where the file lacks some of its nodes; a relation is a ``relation``, without geometry. A closed
        way or a relation that the file holds whole stands here a second time, as ``area``.
    extent
        West, south, east, north in degrees: as the file states it, else that of its streets and buildings.
    """

    def __init__(self, objects: gpd.GeoDataFrame, extent: tuple[float, float, float, float]) -> None:
        self.objects = objects
        self.extent = extent

    @cached_property
    def kinds(self) -> Mapping[str, list[int]]:
        """The objects of each facility kind that occurs, by position."""
        tests = [test for kind in standards.kinds().values() for way in kind.osm for test in way]
        keys = {test.key for test in tests if test.sign in {"=", "~"}} - {"name"}  # a name alone makes no facility
        areas = self.objects.area.where(self.objects["form"] == "area")
        found: dict[str, list[int]] = {}
        for position, (tags, area) in enumerate(zip(self.objects["tags"], areas, strict=True)):
            if not keys.isdisjoint(tags):
                for kind in standards.kinds_of(tags, None if pd.isna(area) else float(area)):
                    found.setdefault(kind, []).append(position)
        return found

    def streets(self) -> gpd.GeoDataFrame:
        """Every `highway`, squares by their outline."""
        ways = tagged(self.objects, lambda tags: "highway" in tags)
        lines = ways[ways["form"].isin(["line", "cut"])]
        squares = ways[(ways["form"] == "area") & ways.index.str.startswith("r")]
        outlines = squares.set_geometry(squares.boundary)
        return gpd.GeoDataFrame(pd.concat([lines, outlines]), crs=self.objects.crs) if len(outlines) else lines

    def things(
        self, wanted: Callable[[Tags], bool] | str, *, as_drawn: bool = False
    ) -> tuple[gpd.GeoDataFrame, list[str]]:
        """Return what is wanted, and the ids of what the file does not hold whole.

        Points and areas come as they are; what is drawn as an open line (bus platforms often are) comes as its middle point.

        Parameters
        ----------
        wanted
            A test on the tags, or a facility kind.
        as_drawn
            Open lines come as they are, as far as the file holds them.
        """
        found = (
            self.objects.iloc[self.kinds.get(wanted, [])] if isinstance(wanted, str) else tagged(self.objects, wanted)
        )
        placed = found[found["form"].isin(["point", "area"])]
        # A closed way stands here as a line too, and is judged by its area.
        whole = self.objects.index[self.objects["form"] == "area"]
        others = found[(found["form"] != "point") & ~found.index.isin(whole)]
        if as_drawn:
            # The relation of a river gathers ways that stand here themselves.
            others = tagged(others, lambda tags: tags.get("type") != "waterway")
            drawn = others["form"].isin(["line", "cut"]) & ~shapely.is_missing(others.geometry.to_numpy())
        else:
            drawn = (others["form"] == "line") & ~shapely.is_closed(others.geometry.to_numpy())
        lines = others[drawn]
        lost = others.index.difference(lines.index, sort=False)
        if len(lines):
            kept = lines if as_drawn else lines.set_geometry(lines.interpolate(0.5, normalized=True))
            placed = pd.concat([placed, kept])
        return placed, [str(label) for label in lost]


def tagged(objects: gpd.GeoDataFrame, wanted: Callable[[Tags], bool]) -> gpd.GeoDataFrame:
    """The objects whose tags are wanted."""
    found: gpd.GeoDataFrame = objects.loc[np.fromiter(map(wanted, objects["tags"]), dtype=bool, count=len(objects))]
    return found


def having(tags: Mapping[str, Sequence[str]]) -> Callable[[Tags], bool]:
    """A test for objects that have every key, each with one of its values (``*`` is any value)."""
    return lambda given: all(key in given and ("*" in values or given[key] in values) for key, values in tags.items())


def read_extract(path: Path, *, crs: str | None = None) -> Extract:
    """Read an extract or a graph.

    Parameters
    ----------
    path
        One of `EXTRACTS` or `GRAPHS`, in WGS 84 as all such files are.
    crs
        The district's CRS; without one, that which suits the centre of the extract.

    Raises
    ------
    QypGeoError
        If the file cannot be read.
    """
    refused = refusal_of(path)
    if refused is not None:
        raise QypGeoError(f"{path.name} cannot be read as OpenStreetMap data: {refused}")
    try:
        if path.name.lower().endswith(GRAPHS):
            rows, extent = list(_edges(path)), None
        else:
            rows, extent = list(_objects(path)), _stated_extent(path)
    except Exception as error:  # what reads it raises anything on a damaged file
        raise QypGeoError(f"{path.name} cannot be read as OpenStreetMap data: {error}") from error
    ids, tags, forms, shapes = zip(*rows, strict=True) if rows else ((), (), (), ())
    objects = gpd.GeoDataFrame(
        {"tags": pd.Series(tags, dtype=object), "form": pd.Series(forms, dtype=object)}, geometry=list(shapes)
    ).set_axis(pd.Index(ids, dtype=object, name="id"))
    if extent is None:
        built = tagged(objects, lambda these: "highway" in these or "building" in these)
        west, south, east, north = (float(edge) for edge in built.total_bounds)
        extent = (west, south, east, north)
    if crs is None:
        if not np.isfinite(extent).all():
            raise QypGeoError(f"{path.name} holds neither streets nor buildings")
        crs = choose_crs((extent[0] + extent[2]) / 2, (extent[1] + extent[3]) / 2)
    return Extract(to_analysis(objects, datum="wgs84", crs=crs), extent)


Row = tuple[str, dict[str, str], str, BaseGeometry | None]


def _objects(path: Path) -> Iterator[Row]:
    """Every tagged object of an extract."""
    shape = osmium.geom.WKBFactory()
    every = osmium.FileProcessor(_file(path)).with_locations().with_areas().with_filter(osmium.filter.EmptyTagFilter())
    thing: Any  # what it is, it says itself
    for thing in every:
        tags = {tag.k: tag.v for tag in thing.tags}
        if thing.is_node():
            place = thing.location
            yield f"n{thing.id}", tags, "point", shapely.Point(place.lon, place.lat) if place.valid() else None
        elif thing.is_way():
            yield f"w{thing.id}", tags, *_line(thing, shape)
        elif thing.is_area():
            if thing.num_rings()[
                0
            ]:  # it has none where the file lacks a part of it, or where its outline cannot be closed
                label = f"{'w' if thing.from_way() else 'r'}{thing.orig_id()}"
                yield label, tags, "area", _plain(shapely.from_wkb(shape.create_multipolygon(thing)))
        else:
            yield f"r{thing.id}", tags, "relation", None


def _file(path: Path) -> osmium.io.File:
    """A file whose format is that of its suffix, be it in capitals."""
    suffix = max((end for end in EXTRACTS if path.name.lower().endswith(end)), key=len)
    return osmium.io.File(str(path), suffix.removeprefix("."))


def _line(way: Any, shape: Any) -> tuple[str, BaseGeometry | None]:
    """The line of a way; where the extract lacks some of its nodes it is ``cut`` into the pieces between them."""
    try:
        return "line", shapely.from_wkb(shape.create_linestring(way))
    except (osmium.InvalidLocationError, RuntimeError):
        pieces: list[list[tuple[float, float]]] = [[]]
        for node in way.nodes:
            if node.location.valid():
                pieces[-1].append((node.location.lon, node.location.lat))
            else:
                pieces.append([])
        lines = [shapely.LineString(piece) for piece in pieces if len(set(piece)) > 1]
        return "cut", _plain(shapely.MultiLineString(lines)) if lines else None


def _plain(shape: BaseGeometry) -> BaseGeometry:
    """A collection of one is that one."""
    parts = shapely.get_parts(shape)
    return parts[0] if len(parts) == 1 else shape


def _stated_extent(path: Path) -> tuple[float, float, float, float] | None:
    box = osmium.FileProcessor(_file(path)).header.box()
    if not box.valid():
        return None
    return box.bottom_left.lon, box.bottom_left.lat, box.top_right.lon, box.top_right.lat


def _edges(path: Path) -> Iterator[Row]:
    """The edges of a graph saved by OSMnx, each street once."""
    import osmnx  # noqa: PLC0415  (slow to load, and needed for graphs alone)

    graph = osmnx.convert.to_undirected(osmnx.load_graphml(path))
    if graph.graph["crs"].lower() != "epsg:4326":
        raise ValueError(f"the graph is in {graph.graph['crs']}; save it before it is projected")
    edges: Any = osmnx.graph_to_gdfs(graph, nodes=False)
    for (u, v, key), edge in edges.iterrows():
        # An edge made of several ways carries a list of their values.
        tags = {
            str(name): ";".join(dict.fromkeys(map(str, value))) if isinstance(value, list) else str(value)
            for name, value in edge.drop("geometry").items()
            if isinstance(value, list) or not pd.isna(value)
        }
        yield f"{u}-{v}-{key}", tags, "line", edge.geometry


def street_tags(tags: Tags) -> dict[str, str]:
    """Canonical street columns of an object's tags."""
    street_class = tags.get("highway", "")
    status = _NOT_BUILT.get(street_class, "existing")
    if status != "existing":
        street_class = tags.get(street_class, "road")
    return {
        "street_class": street_class,
        "status": status,
        "sidewalk": next((tags[key] for key in _SIDEWALKS if tags.get(key, "no") != "no"), tags.get("sidewalk", "")),
        "open_year": tags.get("start_date", ""),
        "width_m": tags.get("width", "").removesuffix("m").strip(),
        **{key: tags.get(key, "") for key in ("name", "access", "foot", "tunnel", "bridge", "layer", "oneway")},
    }
