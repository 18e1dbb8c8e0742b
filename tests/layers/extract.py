"""A small OSM extract, written by hand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from xml.sax.saxutils import quoteattr

WEST, SOUTH = 115.890, 28.630
STEP_LON, STEP_LAT = 0.0001022, 0.00009026
"""About ten metres at that place."""


@dataclass
class OsmFile:
    """Nodes on a grid of ten metres; a way is a list of grid places."""

    bounds: tuple[float, float, float, float] | None = (115.885, 28.625, 115.900, 28.640)
    _nodes: dict[tuple[int, int], int] = field(default_factory=dict)
    _lines: list[str] = field(default_factory=list)
    _more: list[str] = field(default_factory=list)

    def node(self, place: tuple[int, int], tags: Mapping[str, str] | None = None) -> int:
        if place not in self._nodes:
            self._nodes[place] = len(self._nodes) + 1
            lon, lat = WEST + place[0] * STEP_LON, SOUTH + place[1] * STEP_LAT
            inside = "".join(self._tags(tags or {}))
            self._lines.append(
                f'<node id="{self._nodes[place]}" version="1" lon="{lon:.7f}" lat="{lat:.7f}">{inside}</node>'
            )
        return self._nodes[place]

    def way(self, number: int, places: Sequence[tuple[int, int]], *, missing: Sequence[int] = (), **tags: str) -> None:
        """Add a way; `missing` are positions whose nodes the extract lacks."""
        refs = [99_000 + n if n in missing else self.node(place) for n, place in enumerate(places)]
        inside = "".join([*(f'<nd ref="{ref}"/>' for ref in refs), *self._tags(tags)])
        self._more.append(f'<way id="{number}" version="1">{inside}</way>')

    def block(self, number: int, west: int, south: int, east: int, north: int, **tags: str) -> None:
        ring = [(west, south), (east, south), (east, north), (west, north), (west, south)]
        self.way(number, ring, missing=(), **tags)

    def relation(self, number: int, outer: Sequence[int], **tags: str) -> None:
        members = [f'<member type="way" ref="{ref}" role="outer"/>' for ref in outer]
        self._more.append(f'<relation id="{number}" version="1">{"".join([*members, *self._tags(tags)])}</relation>')

    def xml(self) -> str:
        box = ""
        if self.bounds:
            west, south, east, north = self.bounds
            box = f'<bounds minlon="{west}" minlat="{south}" maxlon="{east}" maxlat="{north}"/>'
        return f'<osm version="0.6">{box}{"".join(self._lines)}{"".join(self._more)}</osm>'

    @staticmethod
    def _tags(tags: Mapping[str, str]) -> list[str]:
        return [f"<tag k={quoteattr(key.replace('__', ':'))} v={quoteattr(value)}/>" for key, value in tags.items()]


def small_town() -> OsmFile:
    """Two streets that cross, dwellings, and a facility of every form."""
    town = OsmFile()
    town.way(1, [(0, 0), (20, 0), (40, 0)], highway="residential", name="广州路")
    town.way(2, [(20, 0), (20, 30)], highway="construction", construction="primary")
    town.way(3, [(20, -30), (20, 0)], highway="footway")
    town.block(4, 25, 5, 30, 10, building="apartments", **{"building:levels": "6"})
    town.block(5, 25, 12, 30, 17, building="yes")
    town.block(6, 25, 20, 30, 25, building="yes", amenity="restaurant")
    town.block(7, 0, 5, 10, 15, leisure="park", name="洪科公园")
    town.block(8, 0, 20, 5, 25, amenity="parking", capacity="120")
    town.node((3, 2), {"amenity": "toilets", "name": "<b>厕</b>"})
    town.node((12, 3), {"amenity": "parking", "capacity": "约五十"})
    town.way(9, [(31, 1), (33, 1)], public_transport="platform")
    return town
