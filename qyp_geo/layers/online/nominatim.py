"""Find the outline of an administrative area by its name, or by its relation, at a Nominatim service."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import shapely
from shapely.geometry.base import BaseGeometry

from qyp_geo.errors import MissingError
from qyp_geo.layers.online.http import Client

_RELATION: Final = re.compile(r"[rR](\d+)")
_MOST: Final = 20


@dataclass(frozen=True, slots=True)
class Place:
    """An administrative area of OpenStreetMap; its outline is in degrees (WGS 84)."""

    name: str
    label: str
    described: str
    outline: BaseGeometry


def find_place(client: Client, url: str, place: str) -> Place:
    """Find the one administrative area that is meant.

    Parameters
    ----------
    client
        Asks.
    url
        Where the service is, without ``/search``.
    place
        What it is called, such as ``青云谱区, 南昌``, or its relation, as ``r123``.

    Raises
    ------
    MissingError
        If there is none, or several: the message names them.
    OnlineError
        If the service does not answer.
    """
    asked = {"format": "jsonv2", "polygon_geojson": "1", "namedetails": "1", "accept-language": "zh"}
    relation = _RELATION.fullmatch(place)
    if relation is not None:
        answer = client.get(f"{url}/lookup", {**asked, "osm_ids": f"R{relation[1]}"}, check=check_places)
    else:
        answer = client.get(f"{url}/search", {**asked, "q": place, "limit": str(_MOST)}, check=check_places)
    given = [one for one in json.loads(answer) if _is_administrative(one)]
    if relation is None:
        # What bears the very name goes before what only lies there.
        given = [one for one in given if place in _names(one)] or given
    found = {one.label: one for one in map(_place, given)}
    if len(found) == 1:
        return next(iter(found.values()))
    if not found:
        raise MissingError(
            f"no administrative area is called {place} in OpenStreetMap: add its city to the name, such as "
            '"青云谱区, 南昌", or give the boundary as a file'
        )
    listed = "; ".join(f"{one.label} {one.described}" for one in found.values())
    raise MissingError(f"{len(found)} areas may be meant by {place}: give one by its number: {listed}")


def check_places(answer: bytes) -> None:
    """Check that an answer is a list of places whose outlines can be read.

    Raises
    ------
    ValueError
        If it is not, with the reason.
    """
    try:
        found = json.loads(answer)
    except (ValueError, RecursionError) as error:
        raise ValueError("the answer is not whole JSON") from error
    if not isinstance(found, list) or not all(isinstance(one, dict) for one in found):
        raise ValueError("the answer is no list of places")
    for one in found:
        if _is_administrative(one):
            _place(one)


def _is_administrative(one: Mapping[str, Any]) -> bool:
    return (
        one.get("osm_type") == "relation"
        and one.get("category") == "boundary"
        and isinstance(one.get("geojson"), dict)
        and one["geojson"].get("type") in {"Polygon", "MultiPolygon"}
    )


def _names(one: Mapping[str, Any]) -> set[str]:
    details = one.get("namedetails")
    return {str(one.get("name", "")), *(map(str, details.values()) if isinstance(details, dict) else ())}


def _place(one: Mapping[str, Any]) -> Place:
    described = str(one.get("display_name", ""))
    try:
        outline = shapely.from_geojson(json.dumps(one["geojson"]))
        label = f"r{int(one['osm_id'])}"
        outline = shapely.make_valid(outline, method="structure", keep_collapsed=False)
    except (shapely.errors.GEOSException, KeyError, TypeError, ValueError, OverflowError, RecursionError) as error:
        raise ValueError("the outline of a place cannot be read") from error
    west, south, east, north = outline.bounds  # of an empty one they are no numbers
    if not (-180 <= west < east <= 180 and -90 <= south < north <= 90):
        raise ValueError("the outline of a place cannot be read")
    return Place(str(one.get("name") or described.partition(",")[0]), label, described, outline)
