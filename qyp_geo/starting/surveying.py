"""What an OpenStreetMap extract holds of a district: its place, and how much of each kind of layer."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

import geopandas as gpd
import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from qyp_geo import standards
from qyp_geo.crs import to_analysis, to_display
from qyp_geo.declarations import Walk
from qyp_geo.errors import MissingError
from qyp_geo.layers.extracts import are_walled, usual
from qyp_geo.layers.kinds import STRUCTURES
from qyp_geo.layers.osm import Extract, having, street_tags

MARGIN_M: Final = 1000.0
CROSSINGS_PER_KM: Final = 2.0  # of two-sided street; fewer, and it is the mapping that is sparse, not the crossings
_NAMES: Final = ("name", "name:zh", "name:en", "official_name", "alt_name")
_AT_STREET_M: Final = 15.0


@dataclass(frozen=True, slots=True)
class Survey:
    """What an extract holds of a district.

    Attributes
    ----------
    counts
        How many objects of each kind of layer lie in the district or its margin; streets, dwellings in the district itself.
    crossings_are_known
        Whether enough of them are mapped for arterials to be crossed there alone.
    """

    counts: Mapping[str, int]
    crossings_are_known: bool

    @property
    def facilities(self) -> list[str]:
        """The kinds of facility that it holds."""
        return [kind for kind in standards.kinds() if self.counts[kind]]


def survey(extract: Extract, boundary: BaseGeometry) -> Survey:
    """Look at what an extract holds of a district.

    Parameters
    ----------
    extract
        The extract.
    boundary
        The district's outline, in degrees (WGS 84).
    """
    return Survey(counts=_count(extract, boundary), crossings_are_known=_crossings_are_known(extract))


def find_place(extract: Extract, place: str) -> tuple[str, BaseGeometry]:
    """Return the name and the outline, in degrees (WGS 84), of an administrative area.

    Parameters
    ----------
    extract
        The extract.
    place
        Its name, in any language that is mapped, or its relation as ``r123``.

    Raises
    ------
    MissingError
        If the extract does not hold one such area whole; the message names those that it does.
    """
    areas, cut = extract.things(having({"boundary": ["administrative"], "name": ["*"]}))
    areas = areas[areas["form"] == "area"]
    called = [place in {label, *(tags.get(key) for key in _NAMES)} for label, tags in areas["tags"].items()]
    named = areas.loc[areas.index[called]]
    if len(named) == 1:
        outline = to_display(named.iloc[[0]]).geometry.iloc[0]
        return str(named["tags"].iloc[0]["name"]), outline
    if len(named) > 1:
        raise MissingError(f"{len(named)} areas are called {place}; give one by its number: {_list_areas(named)}")
    tags_of = extract.objects["tags"]
    cut_names = dict.fromkeys(str(tags_of[label]["name"]) for label in cut)
    only_part = f"; only in part: {', '.join(cut_names)}" if cut_names else ""
    raise MissingError(
        f"the extract holds no whole administrative area called {place}. "
        f"Whole in it: {_list_areas(areas) or 'none'}{only_part}. Without --place, all of the extract is the district"
    )


def _count(extract: Extract, boundary: BaseGeometry) -> dict[str, int]:
    """How many objects of each kind of layer lie in the district or its margin; streets, dwellings in the district itself."""
    inside = to_analysis(
        gpd.GeoDataFrame(geometry=[boundary]), datum="wgs84", crs=str(extract.objects.crs)
    ).geometry.iloc[0]
    near = inside.buffer(MARGIN_M)
    shapely.prepare([inside, near])

    def within(things: gpd.GeoDataFrame, area: BaseGeometry) -> int:
        return int(shapely.intersects(area, things.geometry.to_numpy()).sum())

    def usually(kind: str) -> gpd.GeoDataFrame:
        return extract.things(usual(kind), as_drawn=STRUCTURES[kind].as_drawn)[0]

    dwellings, estates, masked = usually("residents"), usually("estates"), usually("mask")
    counts = {
        "streets": within(extract.streets(), inside),
        "residents": within(dwellings[dwellings["form"] == "area"], inside),
        "estates": within(estates[are_walled(estates, extract)], near),
        "mask": within(masked[masked["form"] == "area"], near),
    }
    for kind in ("water", "gates", "barriers", "crossings"):
        counts[kind] = within(usually(kind), near)
    for kind in standards.kinds():
        counts[kind] = within(extract.things(kind)[0], near)
    return counts


def _crossings_are_known(extract: Extract) -> bool:
    """Whether the extract holds two crossings or more for each kilometre of two-sided street."""
    streets = extract.streets()
    tags = [street_tags(these) for these in streets["tags"]]
    arterial = [
        these["street_class"] in Walk().two_sided and these["oneway"] in {"", "no"} and these["status"] == "existing"
        for these in tags
    ]
    lines = streets.geometry.to_numpy()[np.array(arterial, dtype=bool)]
    crossings = extract.things(usual("crossings"))[0].geometry.to_numpy()
    at_street = np.unique(shapely.STRtree(crossings).query(lines, predicate="dwithin", distance=_AT_STREET_M)[1])
    return len(at_street) >= CROSSINGS_PER_KM * float(shapely.length(lines).sum()) / 1000


def _list_areas(areas: gpd.GeoDataFrame) -> str:
    described: Iterable[str] = (
        f"{tags['name']} ({label}, admin_level {tags.get('admin_level', '?')}, {area / 1e6:,.1f} km²)"
        for label, tags, area in zip(areas.index, areas["tags"], areas.area, strict=True)
    )
    return ", ".join(described)
