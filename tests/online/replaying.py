"""A server on this machine that answers as Overpass and Nominatim do, from a real OSM file, and misbehaves when told to.

It reads the box and the tests on tags out of a question and answers it truly, so that a wrong question gets a wrong answer.
"""

from __future__ import annotations

import gzip
import json
import re
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.utils import formatdate
from functools import cached_property
from pathlib import Path
from typing import Any, Final
from xml.sax.saxutils import quoteattr

import numpy as np
import osmium
import shapely
from shapely.geometry.base import BaseGeometry

from qyp_geo.layers.osm import read_extract
from tests.online.serving import Asked, HangUp, Reply, serving

MOMENT = "2026-01-15T08:00:00Z"
Thing = tuple[str, int]


@dataclass
class Osm:
    """All objects of a file, by kind and number."""

    tags: dict[Thing, dict[str, str]] = field(default_factory=dict)
    places: dict[int, tuple[float, float]] = field(default_factory=dict)
    nodes_of: dict[int, list[int]] = field(default_factory=dict)
    members_of: dict[int, list[tuple[str, int, str]]] = field(default_factory=dict)
    administrative: list[dict[str, Any]] = field(default_factory=list)
    """Every administrative relation that the file holds whole, as Nominatim describes it."""

    @classmethod
    def of(cls, path: Path) -> Osm:
        osm = cls()
        thing: Any
        for thing in osmium.FileProcessor(path):
            kind = "node" if thing.is_node() else "way" if thing.is_way() else "relation"
            osm.tags[kind, thing.id] = {tag.k: tag.v for tag in thing.tags}
            if kind == "node":
                osm.places[thing.id] = (thing.location.lon, thing.location.lat)
            elif kind == "way":
                osm.nodes_of[thing.id] = [node.ref for node in thing.nodes]
            else:
                words = {"n": "node", "w": "way", "r": "relation"}
                osm.members_of[thing.id] = [(words[one.type], one.ref, one.role) for one in thing.members]
        objects = read_extract(path).objects.to_crs("EPSG:4326")
        for label, tags, shape in zip(objects.index, objects["tags"], objects.geometry, strict=True):
            if label.startswith("r") and tags.get("boundary") == "administrative" and shape is not None:
                osm.administrative.append(_described(int(label[1:]), tags, shape))
        return osm

    @cached_property
    def shapes(self) -> dict[Thing, BaseGeometry]:
        """Where nodes and ways lie."""
        found: dict[Thing, BaseGeometry] = {("node", number): shapely.Point(at) for number, at in self.places.items()}
        for number, nodes in self.nodes_of.items():
            places = [self.places[node] for node in nodes if node in self.places]
            if len(places) > 1:
                found["way", number] = shapely.LineString(places)
        return found

    def lying_in(self, box: BaseGeometry) -> set[Thing]:
        """As Overpass sees it: what lies there by its own line, a relation by that of a member."""
        inside = shapely.intersects(box, np.array(list(self.shapes.values()), dtype=object))
        there = {thing for thing, lies in zip(self.shapes, inside, strict=True) if lies}
        relations = {
            ("relation", number)
            for number, members in self.members_of.items()
            if any((kind, one) in there for kind, one, _ in members)
        }
        return there | relations

    def answer(self, question: str) -> bytes:
        """The XML that answers a question of the kind that is asked here."""
        south, west, north, east = map(float, _found(r"\[bbox:([^\]]+)\]", question).split(","))
        box = shapely.box(west, south, east, north)
        near = self.lying_in(box)
        chosen: set[Thing] = set()
        for sort, tests in re.findall(
            r"^(nw|rel|node|way)((?:\[(?:[^\]'\"]|'(?:[^'\\]|\\.)*')*\])+);$", question, re.MULTILINE
        ):
            kinds = {"nw": {"node", "way"}, "rel": {"relation"}, "node": {"node"}, "way": {"way"}}[sort]
            chosen.update(thing for thing in near if thing[0] in kinds and _meets(self.tags[thing], tests))
        if "(._;>;);" in question:
            chosen.update(self._below(chosen))
        return self._xml(chosen)

    def answer_in_json(self, question: str) -> bytes:
        """The JSON that answers a question as OSMnx asks it: one polygon, all that has a tag, and what that is made of."""
        chosen: set[Thing] = set()
        for kind, tests, line in re.findall(
            r"\((node|way|relation)((?:\[[^\]]+\])+)\(poly:'([^']+)'\);\(\._;>;\);\);", question
        ):
            numbers = list(map(float, line.split()))
            near = self.lying_in(shapely.Polygon(list(zip(numbers[1::2], numbers[::2], strict=True))))
            chosen.update(thing for thing in near if thing[0] == kind and _meets(self.tags[thing], tests))
        chosen.update(self._below(chosen))
        elements: list[dict[str, Any]] = []
        for kind, number in sorted(chosen):
            element: dict[str, Any] = {"type": kind, "id": number, "tags": self.tags[kind, number]}
            if kind == "node":
                element["lon"], element["lat"] = self.places[number]
            elif kind == "way":
                element["nodes"] = self.nodes_of[number]
            else:
                members = self.members_of[number]
                element["members"] = [{"type": sort, "ref": one, "role": role} for sort, one, role in members]
            elements.append(element)
        return _json({"version": 0.6, "osm3s": {"timestamp_osm_base": MOMENT}, "elements": elements})

    def _below(self, chosen: Iterable[Thing]) -> Iterator[Thing]:
        for kind, number in list(chosen):
            below: list[Thing] = []
            if kind == "way":
                below = [("node", node) for node in self.nodes_of[number]]
            elif kind == "relation":
                below = [(sort, one) for sort, one, _ in self.members_of[number] if sort != "relation"]
            there = [one for one in below if one in self.tags]
            yield from there
            yield from self._below(there)

    def _xml(self, chosen: Iterable[Thing]) -> bytes:
        lines = [
            '<?xml version="1.0" encoding="UTF-8"?>',
            '<osm version="0.6" generator="Overpass API 0.7.62.8 e802775f">',
            "<note>The data included in this document is from www.openstreetmap.org.</note>",
            f'<meta osm_base="{MOMENT}"/>',
        ]
        for kind, number in sorted(chosen):
            place = self.places.get(number, (0.0, 0.0))
            at = f' lat="{place[1]:.7f}" lon="{place[0]:.7f}"' if kind == "node" else ""
            lines.append(f'  <{kind} id="{number}"{at}>')
            if kind == "way":
                lines += [f'    <nd ref="{node}"/>' for node in self.nodes_of[number]]
            if kind == "relation":
                lines += [
                    f'    <member type="{sort}" ref="{one}" role={quoteattr(role)}/>'
                    for sort, one, role in self.members_of[number]
                ]
            lines += [f"    <tag k={quoteattr(k)} v={quoteattr(v)}/>" for k, v in self.tags[kind, number].items()]
            lines.append(f"  </{kind}>")
        return "\n".join([*lines, "</osm>", ""]).encode()


def _described(number: int, tags: dict[str, str], shape: BaseGeometry) -> dict[str, Any]:
    return {
        "osm_type": "relation",
        "osm_id": number,
        "category": "boundary",
        "type": "administrative",
        "name": tags["name"],
        "display_name": f"{tags['name']}, 中国",
        "namedetails": {key: value for key, value in tags.items() if key.startswith("name")},
        "geojson": shapely.geometry.mapping(shape),
    }


def _found(pattern: str, text: str) -> str:
    found = re.search(pattern, text)
    assert found is not None, text
    return found[1]


def _meets(tags: dict[str, str], tests: str) -> bool:
    """Whether an object meets ``['key']['key'~'expression']``."""
    for key, bare, sign, value in re.findall(r"\[(?:'((?:[^'\\]|\\.)*)'|(\w+))(?:(~|=)'((?:[^'\\]|\\.)*)')?\]", tests):
        given = tags.get(re.sub(r"\\(.)", r"\1", key or bare))
        wanted = re.sub(r"\\(.)", r"\1", value)
        if given is None or (sign == "~" and not re.search(wanted, given)) or (sign == "=" and given != wanted):
            return False
    return True


@dataclass
class Replay:
    """What the server does; tests change it while it runs.

    Attributes
    ----------
    faults
        What befalls the next requests, one each; then all are answered.
    too_dense
        Whether a box, by its width in degrees, is too much.
    delay_s
        How long each answer takes.
    questions, agents
        What was asked, and who asked.
    """

    osm: Osm
    address: str = ""
    faults: list[str] = field(default_factory=list)
    too_dense: Callable[[float], bool] = lambda _: False
    delay_s: float = 0.0
    questions: list[dict[str, str]] = field(default_factory=list)
    agents: list[str] = field(default_factory=list)
    at_once: int = 0
    most_at_once: int = 0

    @property
    def settings(self) -> str:
        """The `fetch.toml` that asks here."""
        return (
            f'overpass = "{self.address}/api/interpreter"\nnominatim = "{self.address}"\ncontact = "planner@example.org"\n'
            "pause_s = 0\npart_deg = 0.02\ntimeout_s = 10\n"
        )

    def parts_asked(self) -> list[str]:
        return [_found(r"\[bbox:([^\]]+)\]", asked["data"]) for asked in self.questions if "data" in asked]


@contextmanager
def replaying(osm: Osm) -> Iterator[Replay]:
    """Run the server while the block runs."""
    replay = Replay(osm)
    with serving(_Answering(replay)) as replay.address:
        yield replay


def _remark(text: str) -> bytes:
    return f'<osm version="0.6"><meta osm_base="{MOMENT}"/><remark> {text} </remark></osm>'.encode()


_SAID: Final = {
    "429": Reply(b"rate_limited", 429, {"Retry-After": "7"}),
    "429 for hours": Reply(b"rate_limited", 429, {"Retry-After": "7200"}),
    "400": Reply(b"<p>parse error: ';' expected</p>", 400),
    "504": Reply(b"<html>The server is probably too busy</html>", 504),
    "login page": Reply(b"<html><body>Welcome to the guest network</body></html>"),
    "noise": Reply(bytes(range(256)) * 20),
    "busy": Reply(_remark("runtime error: open64: 0 Success /osm3s Dispatcher_Client::rate_limited")),
    "nothing": Reply(b""),
}


class _Answering:
    """Says what the server is told to say, and counts how many requests are under way at once.

    One is under way until its answer begins to go out. It must not count any longer: who has read the answer may ask the next
    before the thread that sent it has come to its end.
    """

    def __init__(self, told: Replay) -> None:
        self._told, self._counting = told, threading.Lock()

    def __call__(self, asked: Asked) -> Reply:
        told = self._told
        with self._counting:
            told.at_once += 1
            told.most_at_once = max(told.most_at_once, told.at_once)
            told.questions.append(asked.params)
            told.agents.append(asked.headers["User-Agent"])
            fault = told.faults.pop(0) if told.faults else ""
        try:
            time.sleep(told.delay_s)
            return self._faulty(fault, asked) if fault else self._true(asked)
        finally:
            with self._counting:
                told.at_once -= 1

    def _true(self, asked: Asked) -> Reply:
        answer = self._answer(asked)
        if "gzip" not in asked.headers.get("Accept-Encoding", ""):
            return Reply(answer)
        return Reply(gzip.compress(answer, mtime=0), headers={"Content-Encoding": "gzip"})

    def _answer(self, asked: Asked) -> bytes:
        areas = self._told.osm.administrative
        if asked.path == "/lookup":
            return _json([one for one in areas if f"R{one['osm_id']}" == asked.params["osm_ids"]])
        if asked.path == "/search":
            words = asked.params["q"].split(",")[0]
            return _json([one for one in areas if words in one["display_name"]])
        assert asked.path == "/api/interpreter", asked.path
        question = asked.params["data"]
        if "[out:json]" in question:
            return self._told.osm.answer_in_json(question)
        _, west, _, east = map(float, _found(r"\[bbox:([^\]]+)\]", question).split(","))
        if self._told.too_dense(east - west):
            return _remark('runtime error: Query timed out in "query" at line 3 after 170 seconds.')
        return self._told.osm.answer(question)

    def _faulty(self, fault: str, asked: Asked) -> Reply:
        if fault in _SAID:
            return _SAID[fault]
        match fault:
            case "reset":
                raise HangUp(hard=True)
            case "silence":
                time.sleep(1.5)
                raise HangUp
            case "in half a minute":
                return Reply(b"later", 503, {"Retry-After": formatdate(time.time() + 30, usegmt=True)})
            case "truncated":
                return Reply(self._answer(asked), part=0.5)
            case "cut inside":
                return Reply(self._answer(asked)[:-40])
            case "half of a zip":
                whole = gzip.compress(self._answer(asked))
                return Reply(whole[: len(whole) // 2], headers={"Content-Encoding": "gzip"})
        raise AssertionError(fault)


def _json(content: object) -> bytes:
    return json.dumps(content, ensure_ascii=False).encode()
