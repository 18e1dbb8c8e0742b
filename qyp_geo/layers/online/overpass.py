"""Ask an Overpass service for all that a district needs, part by part, and make one extract of its answers."""

from __future__ import annotations

import datetime as dt
import math
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import osmium
import shapely
from shapely.geometry.base import BaseGeometry

from qyp_geo import standards
from qyp_geo.layers.kinds import STRUCTURES
from qyp_geo.layers.online.http import Client, NotKeptError, OnlineError, TooMuchError

Selector = Mapping[str, frozenset[str]]
"""Which objects are wanted: with every key, each with one of its values (``*`` is any)."""
ANY: Final = frozenset({"*"})
_DEEPEST: Final = 4  # times that a part is cut in four: then it is the service that fails, not the part that is dense
_SERVICE_S: Final = 170  # the service is to give up before we do; fixed, as it is part of the question that is kept
_MOST_PARTS: Final = 2_500  # of 0.05 degrees some 250 km by 250 km: a whole prefecture is less
_NAMED: Final = 6
_TOO_MUCH: Final = re.compile(r"timed out|out of memory", re.IGNORECASE)
_REMARK: Final = re.compile(rb"<remark[^>]*>(.*?)</remark>", re.DOTALL)
_PAGE: Final = re.compile(rb"Error</strong>: *(.*?)</p>", re.DOTALL)  # of a service that is too busy to begin
_MOMENT: Final = re.compile(rb'<meta osm_base="([^"]+)"')


@dataclass(frozen=True, slots=True)
class Part:
    """A box of the area, in degrees."""

    west: float
    south: float
    east: float
    north: float

    @property
    def box(self) -> str:
        """As Overpass writes it: south, west, north, east."""
        return ",".join(f"{edge:.7f}" for edge in (self.south, self.west, self.north, self.east))

    @property
    def shape(self) -> BaseGeometry:
        """The box as a polygon."""
        return shapely.box(self.west, self.south, self.east, self.north)

    def quarters(self) -> list[Part]:
        """The four boxes that it is made of."""
        lon, lat = (self.west + self.east) / 2, (self.south + self.north) / 2
        return [
            Part(self.west, self.south, lon, lat),
            Part(lon, self.south, self.east, lat),
            Part(self.west, lat, lon, self.north),
            Part(lon, lat, self.east, self.north),
        ]


def parts_of(area: BaseGeometry, part_deg: float) -> list[Part]:
    """The boxes of a grid over the Earth that an area (in degrees) touches, from the south-west.

    The grid does not move with the area, so that parts stay the same where a boundary is mended.

    Raises
    ------
    OnlineError
        If there are more than a public service may be asked for.
    """
    west, south, east, north = (math.floor(edge / part_deg) for edge in area.bounds)
    if (count := (east - west + 1) * (north - south + 1)) > _MOST_PARTS:
        raise OnlineError(
            f"the area is no district: it would take {count:,} parts, and no more than {_MOST_PARTS:,} are asked for. Give the "
            "district itself, or a larger part_deg in fetch.toml"
        )
    shapely.prepare(area)
    grid = (
        Part(*(round(step * part_deg, 7) for step in (column, row, column + 1, row + 1)))
        for row in range(south, north + 1)
        for column in range(west, east + 1)
    )
    return [part for part in grid if area.intersects(part.shape)]


def wanted_objects(declared: Iterable[Mapping[str, Sequence[str]]] = ()) -> list[Selector]:
    """What a district is made of: every kind of layer and facility, and what its layers declare (``source.tags``)."""
    single: dict[str, set[str]] = {}
    several: list[Selector] = []
    for selector in (*_of_structures(), *_of_facilities(), *(_frozen(tags) for tags in declared)):
        if len(selector) > 1:
            several.append(selector)
        else:
            for key, values in selector.items():
                single.setdefault(key, set()).update(values)
    whole = {key for key, values in single.items() if "*" in values}
    merged = [{key: ANY if key in whole else frozenset(values)} for key, values in sorted(single.items())]
    rest = [selector for selector in several if whole.isdisjoint(selector)]
    return [*merged, *(selector for place, selector in enumerate(rest) if selector not in rest[:place])]


def _of_structures() -> Iterator[Selector]:
    for structure in STRUCTURES.values():
        yield from map(_frozen, structure.tags)


def _of_facilities() -> Iterator[Selector]:
    """By the first test of each way in which a kind is shown: it is on a tag that must be there."""
    for kind in standards.kinds().values():
        for first, *_ in kind.osm:
            yield {first.key: frozenset(first.value.split(",")) if first.sign == "=" else ANY}


def _frozen(tags: Mapping[str, Sequence[str]]) -> Selector:
    return {key: frozenset(values) for key, values in tags.items()}


def query(part: Part, selectors: Sequence[Selector]) -> str:
    """The question for one part, in Overpass QL.

    Of relations only those with an area are asked for: a river or a bus line would bring all its ways along, from its source
    to the sea.
    """
    tests = ["".join(_test(key, values) for key, values in sorted(selector.items())) for selector in selectors]
    lines = [f"nw{test};\nrel{test}[type~'^(multipolygon|boundary)$'];" for test in tests]
    return f"[out:xml][timeout:{_SERVICE_S}][bbox:{part.box}];\n(\n" + "\n".join(lines) + "\n);\n(._;>;);\nout body;\n"


def _test(key: str, values: frozenset[str]) -> str:
    if "*" in values:
        return f"[{_quoted(key)}]"
    # Several values of one tag stand with semicolons between them.
    either = "|".join(re.escape(value) for value in sorted(values))
    return f"[{_quoted(key)}~{_quoted(f'(^|; *)({either})( *;|$)')}]"


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace("'", "\\'").replace("\n", "\\n")
    return f"'{escaped}'"


def check_answer(answer: bytes) -> None:
    """Check that an answer is whole.

    Raises
    ------
    TooMuchError
        If the service had no time or no memory for all of the part.
    ValueError
        If it is cut short, no answer of Overpass, or says that something else went wrong.
    """
    remark = _REMARK.search(answer)
    if remark is not None:
        said = _said(remark[1])
        if _TOO_MUCH.search(said):
            raise TooMuchError(f"the part is too much for the service: {said}")
        raise ValueError(f"the answer is not whole: {said}")
    if _MOMENT.search(answer[:2000]) is None:
        page = _PAGE.search(answer)
        raise ValueError(_said(page[1]) if page is not None else "the answer is none of Overpass")
    try:
        osmium.MergeInputReader().add_buffer(answer, "osm")
    except (RuntimeError, osmium.InvalidLocationError) as error:
        raise ValueError(f"the answer is not whole: {error}") from error


def _said(text: bytes) -> str:
    return " ".join(text.decode("utf-8", errors="replace").split())


def fetch_parts(
    client: Client,
    url: str,
    area: BaseGeometry,
    selectors: Sequence[Selector],
    *,
    part_deg: float,
    progress: Callable[[str], None],
) -> dict[Part, bytes]:
    """Fetch what is wanted of an area; a part that is too much for the service is cut in four.

    Parameters
    ----------
    client
        Asks, and keeps each answer: a part that is there is not asked for again.
    url
        Where Overpass is asked.
    area
        In degrees.
    selectors
        What is wanted.
    part_deg
        The side of a part, in degrees.
    progress
        Is told which part is under way.

    Returns
    -------
    dict
        The whole answer for each part; together they cover the area.

    Raises
    ------
    NotKeptError
        If work is offline, naming the parts that are not there.
    OnlineError
        If a part could not be had.
    """
    task = _Fetching(client, url, tuple(selectors))
    parts = parts_of(area, part_deg)
    for number, part in enumerate(parts, start=1):
        progress(f"OpenStreetMap, part {number} of {len(parts)}")
        task.fetch(part, depth=0)
    if task.missing:
        named = "; ".join(part.box for part in task.missing[:_NAMED])
        more = f" and {len(task.missing) - _NAMED} more" if len(task.missing) > _NAMED else ""
        raise NotKeptError(
            f"of {len(parts)} parts of the district {len(task.missing)} were never fetched (south,west,north,east: "
            f"{named}{more}): fetch once without --offline"
        )
    return task.answers


class _Fetching:
    def __init__(self, client: Client, url: str, selectors: Sequence[Selector]) -> None:
        self.client, self.url, self.selectors = client, url, selectors
        self.answers: dict[Part, bytes] = {}
        self.missing: list[Part] = []

    def fetch(self, part: Part, *, depth: int) -> None:
        # What was cut once is not asked for whole again.
        cut_before = depth < _DEEPEST and not self._is_kept(part) and any(map(self._is_kept, part.quarters()))
        if not cut_before:
            try:
                self.answers[part] = self.client.post(self.url, self._question(part), check=check_answer)
            except NotKeptError:
                self.missing.append(part)
            except TooMuchError as error:
                if depth == _DEEPEST:
                    raise OnlineError(
                        f"the part {part.box} is too much for {self.url}, though it is small: {error}"
                    ) from error
                cut_before = True
        if cut_before:
            for quarter in part.quarters():
                self.fetch(quarter, depth=depth + 1)

    def _is_kept(self, part: Part) -> bool:
        return self.client.keeps_post(self.url, self._question(part))

    def _question(self, part: Part) -> dict[str, str]:
        return {"data": query(part, self.selectors)}


def moment_of(answer: bytes) -> str:
    """As of when a whole answer shows OpenStreetMap, as Overpass writes it: ``2026-01-15T08:00:00Z``."""
    found = _MOMENT.search(answer[:2000])
    return found[1].decode() if found is not None else ""


def day_of(answers: Iterable[bytes]) -> dt.date | None:
    """The day as of which several whole answers show OpenStreetMap, that of the oldest; None where one names no day."""
    try:
        return min(dt.date.fromisoformat(moment_of(answer)[:10]) for answer in answers)
    except ValueError:
        return None


def write_extract(answers: Mapping[Part, bytes], target: Path, *, suffix: str) -> None:
    """Make one extract of whole answers: each object once, as the newest answer has it, in the order of their ids.

    Parameters
    ----------
    answers
        The answers by part.
    target
        The file; replaced if it is there.
    suffix
        Which format it gets, such as ``.osm.gz``.
    """
    merging = osmium.MergeInputReader()
    for answer in sorted(answers.values(), key=moment_of, reverse=True):
        merging.add_buffer(answer, "osm")
    header = osmium.io.Header()
    header.set("generator", "Overpass API; data (c) OpenStreetMap contributors, ODbL 1.0")
    west, south, east, north = shapely.union_all([part.shape for part in answers]).bounds
    header.add_box(osmium.osm.Box(west, south, east, north))
    with osmium.SimpleWriter(
        osmium.io.File(str(target), suffix.removeprefix(".")), header=header, overwrite=True
    ) as writer:
        merging.apply(writer)
