"""The kinds of facility that the project knows, and how to recognise them in OSM."""

from __future__ import annotations

import difflib
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from operator import itemgetter
from types import MappingProxyType

from qyp_geo.errors import MissingError, did_you_mean
from qyp_geo.standards.packaged import read_rows

# Where people write what a thing is called; a test on `name` looks at all of them.
_NAME_KEYS = ("name", "name:zh", "alt_name", "official_name")
_OWN = re.compile(r"own_(\w{1,30})")
_TEST = re.compile(r"(?P<key>[a-z0-9_:]+?)(?P<sign>!=|!~|>=|<=|=|~|>|<)(?P<value>.+)")


@dataclass(frozen=True, slots=True)
class TagTest:
    """One condition on an OSM object, such as ``amenity=toilets`` or ``name~小学|附小``.

    Parameters
    ----------
    key
        A tag's key; ``name`` stands for every name tag, ``area_m2`` for the object's area.
    sign
        ``=`` and ``!=`` (one of the values, none of them), ``~`` and ``!~`` (a regular expression found, not found),
        ``>=``, ``>``, ``<=``, ``<`` (``area_m2`` only). An absent tag meets ``!=`` and ``!~``, an unknown area nothing.
    value
        Values with commas between them, an expression, or a number.
    """

    key: str
    sign: str
    value: str

    def holds(self, tags: Mapping[str, str], area_m2: float | None) -> bool:
        """Whether an object with these tags and this area (m², None where unknown) meets the condition."""
        if self.key == "area_m2":
            return area_m2 is not None and self._fits(area_m2)
        keys = _NAME_KEYS if self.key == "name" else (self.key,)
        texts = [tags[key] for key in keys if key in tags]
        if self.sign.endswith("~"):
            found = any(re.search(self.value, text) for text in texts)
        else:
            # OSM writes several values of one tag with semicolons between them.
            given = {one.strip() for text in texts for one in text.split(";")}
            found = not given.isdisjoint(self.value.split(","))
        return found != self.sign.startswith("!")

    def _fits(self, area_m2: float) -> bool:
        bound = float(self.value)
        if self.sign.startswith(">"):
            return area_m2 >= bound if self.sign == ">=" else area_m2 > bound
        return area_m2 <= bound if self.sign == "<=" else area_m2 < bound


OsmFilter = tuple[tuple[TagTest, ...], ...]


def _parse_osm(text: str) -> OsmFilter:
    """``a=b + c!=d | e=f`` as alternatives, each a conjunction of tests."""

    def test(written: str) -> TagTest:
        found = _TEST.fullmatch(written.strip())
        if found is None:
            raise ValueError(f"not a test on a tag: {written!r}")
        return TagTest(found["key"], found["sign"], found["value"])

    return tuple(tuple(test(one) for one in way.split(" + ")) for way in text.split(" | ") if way)


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of facility.

    Parameters
    ----------
    kind, name_zh, name_en
        The key, and what people call it.
    crosswalk
        Its row in the table of codes that it was taken from; empty where rules alone need it.
    walled
        Whether it usually has a wall, so that it is entered at its gates only.
    served_by
        Every kind that does what this one is asked for, itself first.
    osm
        Alternatives of tests on an OSM object; empty where OSM has no tags for it. The first test of each is on a tag that
        must be there.
    unless
        Kinds that an object must not be already: what is left over is this kind.
    amap, amap_excluded
        AMap type codes, and neighbouring codes that are something else.
    poi_name
        A regular expression for the name, needed where the codes do not tell.
    ydyh_2023, gbt21010_2017, gb50137_2011
        Land-use codes, as text, in each of the three lists.
    note
        What to beware of.
    """

    kind: str
    name_zh: str
    name_en: str
    crosswalk: str
    walled: bool
    served_by: tuple[str, ...]
    osm: OsmFilter
    unless: tuple[str, ...]
    amap: tuple[str, ...]
    amap_excluded: tuple[str, ...]
    poi_name: str
    ydyh_2023: tuple[str, ...]
    gbt21010_2017: tuple[str, ...]
    gb50137_2011: tuple[str, ...]
    note: str


def _split(cell: str) -> tuple[str, ...]:
    return tuple(cell.split("|")) if cell else ()


def _kind_of_row(row: Mapping[str, str]) -> Kind:
    return Kind(
        kind=row["kind"],
        name_zh=row["name_zh"],
        name_en=row["name_en"],
        crosswalk=row["crosswalk"],
        walled=row["walled"] == "yes",
        served_by=(row["kind"], *_split(row["served_by"])),
        osm=_parse_osm(row["osm"]),
        unless=_split(row["unless"]),
        amap=_split(row["amap"]),
        amap_excluded=_split(row["amap_excluded"]),
        poi_name=row["poi_name"],
        ydyh_2023=_split(row["ydyh_2023"]),
        gbt21010_2017=_split(row["gbt21010_2017"]),
        gb50137_2011=_split(row["gb50137_2011"]),
        note=row["note"],
    )


class Kinds(Mapping[str, Kind]):
    """The kinds of a table, and whatever a planner calls ``own_NAME``: a kind of one's own, which no clause judges.

    Iteration goes over the table alone.
    """

    def __init__(self, table: Mapping[str, Kind]) -> None:
        self._table = table

    def __getitem__(self, kind: str) -> Kind:
        own = _OWN.fullmatch(kind)
        return (
            self._table[kind]
            if own is None
            else _kind_of_row(defaultdict(str, kind=kind, name_zh=own[1], name_en=own[1]))
        )

    def __iter__(self) -> Iterator[str]:
        return iter(self._table)

    def __len__(self) -> int:
        return len(self._table)


@cache
def kinds() -> Kinds:
    """Every kind of facility by its key, in the table's order; kinds of one's own (``own_图书驿站``) are found by theirs.

    Rows of ``kinds.csv`` with ``facility = no`` (communities, housing estates) are units and demand, not facilities,
    and are left out here.
    """
    return Kinds({row["kind"]: _kind_of_row(row) for row in read_rows("kinds.csv") if row["facility"] == "yes"})


def nearest_kind(given: str, allowed: Iterable[str] | None = None) -> str:
    """Say which kind may be meant by one that is none: by its key, or by its Chinese name.

    Parameters
    ----------
    given
        What was written, such as ``toilet`` or ``公共厕所``.
    allowed
        The keys among which it should be; by default every kind of facility.

    Returns
    -------
    str
        ``Did you mean public_toilet?``, or the list of what is allowed.
    """
    keys = set(kinds() if allowed is None else allowed)
    named = {kind.name_zh: key for key, kind in kinds().items() if key in keys}
    close = difflib.get_close_matches(given, named, n=1)
    return f"Did you mean {named[close[0]]}?" if close else did_you_mean(given, keys)


def kind_named(kind: str) -> Kind:
    """The kind of that key.

    Raises
    ------
    MissingError
        If there is no such kind; the message names the nearest.
    """
    known = kinds()
    if kind not in known:
        raise MissingError(f"no facility kind is called {kind!r}. {nearest_kind(kind)}")
    return known[kind]


def osm_filter(kind: str) -> OsmFilter:
    """The alternatives of tests by which OSM shows a kind, each a conjunction; empty where OSM has no tags for it.

    `kinds_of` applies them, together with ``Kind.unless``.

    Raises
    ------
    MissingError
        If there is no such kind.
    """
    return kind_named(kind).osm


def kinds_of(tags: Mapping[str, str], area_m2: float | None = None) -> list[str]:
    """Every facility kind that an OSM object is, in the table's order.

    Parameters
    ----------
    tags
        The object's tags.
    area_m2
        Its area in square metres; None for a point or a line. Kinds told apart by size (pitches, pocket parks) need it.

    Returns
    -------
    list of str
        Often none, sometimes several: a nine-year school is a primary and a junior secondary school.
    """
    ways = [way for key in tags for way in _ways_by_first_key().get(key, ())]
    found: list[str] = []
    for _, kind, way in sorted(ways, key=itemgetter(0)):
        settled = kind.kind in found or not set(kind.unless).isdisjoint(found)
        if not settled and all(test.holds(tags, area_m2) for test in way):
            found.append(kind.kind)
    return found


@cache
def _ways_by_first_key() -> Mapping[str, tuple[tuple[int, Kind, tuple[TagTest, ...]], ...]]:
    """Every way in which OSM shows a kind, with the kind's place in the table, by the key that it cannot do without.

    Most objects of an extract are streets and buildings: they are to meet few tests.
    """
    ways = [(place, kind, way) for place, kind in enumerate(kinds().values()) for way in kind.osm]
    keys = {way[0].key for _, _, way in ways}
    return MappingProxyType({key: tuple(one for one in ways if one[2][0].key == key) for key in keys})
