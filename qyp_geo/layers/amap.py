"""Answers of AMap's place search (高德 搜索POI, v3 and v5), as they were saved.

They are in GCJ-02, come page by page, and hold the entrances of car parks beside the car parks. A layer takes from them what
its kind is by type code and name, as it takes from an OpenStreetMap extract what its kind is by tags.
"""

from __future__ import annotations

import json
import re
import zipfile
import zlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import Any, Final

import geopandas as gpd
import pandas as pd
import shapely

from qyp_geo import standards
from qyp_geo.declarations import Layer, left_there
from qyp_geo.layers.osm import having
from qyp_geo.layers.report import Report
from qyp_geo.standards.kinds import Kind

ENTRANCES: Final = frozenset({"150907", "150908", "150909"})
"""Type codes of the entrances of car parks, which would be counted beside the car parks."""
FULL_PAGE: Final = 25
"""The most places that AMap puts on a page."""
MOST_PLACES: Final = 200
"""About so many places AMap gives for one question, however many there are."""
_COLUMNS: Final = {"id": "id", "name": "name"}  # which every answer has
_LOCATION: Final = re.compile(r"\s*(-?\d{1,3}(?:\.\d+)?)\s*,\s*(-?\d{1,3}(?:\.\d+)?)\s*", re.ASCII)
_MOST_BYTES: Final = 64 * 1024 * 1024  # of JSON, which takes twenty times as much when it is read
_MOST_COLUMNS: Final = 100  # AMap has some forty
_SORTS_SHOWN: Final = 5
_WAIT: Final = "Wait a while, and ask again"
_TOMORROW: Final = "Ask again tomorrow, when AMap counts anew, or raise the quota of the key at AMap's console"
_KEY: Final = 'Make a key of the sort "Web服务" at AMap\'s console, and put it into QYP_AMAP_KEY'
_PAY: Final = "Renew what was booked at AMap's console"
_RIGHTS: Final = "Have the key allowed to search places (搜索服务) at AMap's console"
_TROUBLES: Final = {
    "10001": ("the key is wrong or has expired", _KEY),
    "10002": ("the key has no right to this service, or the service does not exist", _RIGHTS),
    "10003": ("the key has used up its questions of today", _TOMORROW),
    "10004": ("the key asked too often within a minute", _WAIT),
    "10005": ("the key may not be used from this computer's address", "Add the address to the key at AMap's console"),
    "10006": ("the key is bound to a web site", _KEY),
    "10007": ("the key asks for a digital signature", "Switch the signature of the key off at AMap's console"),
    "10008": ("the key is bound to an app", _KEY),
    "10009": ("the key is of another sort", _KEY),
    "10010": ("this computer's address has used up its questions", _TOMORROW),
    "10012": ("the key has no right to this service", _RIGHTS),
    "10013": ("the key was deleted", _KEY),
    "10014": ("the key asked too often within a second", _WAIT),
    "10015": ("AMap had no time for the question", _WAIT),
    "10016": ("AMap is busy", _WAIT),
    "10017": ("AMap's service is not to be had", _WAIT),
    "10019": ("too many questions within a second", _WAIT),
    "10020": ("too many questions of this key within a second", _WAIT),
    "10021": ("too many questions of this account within a second", _WAIT),
    "10026": ("the account was locked for breaking AMap's rules", "Ask AMap to unlock it"),
    "10041": ("the key has no right to this service", _RIGHTS),
    "10044": ("the account has used up its questions of today, with all of its keys", _TOMORROW),
    "20000": ("a parameter of the question is wrong", "Check the code of the district and the kinds"),
    "20001": ("a parameter of the question is missing", "Check the code of the district and the kinds"),
    "20003": ("AMap does not know what went wrong", _WAIT),
    "20012": ("the question holds words that AMap does not answer", "Ask for other kinds"),
    "30000": ("AMap's engine failed", _WAIT),
    "40000": ("the questions that were booked are used up", _PAY),
    "40002": ("what was booked has ended", _PAY),
}
"""What AMap's codes of trouble mean, and what to do."""
_OTHER_TROUBLE: Final = ("the question was refused", "Look the code up in AMap's list of error codes (错误码说明)")
Place = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Trouble:
    """Why AMap gave no places.

    Parameters
    ----------
    code, info
        AMap's number and word for it.
    what, remedy
        The same in plain words, and what to do.
    """

    code: str
    info: str
    what: str
    remedy: str

    @property
    def passing(self) -> bool:
        """Whether it may be gone when the question is asked again."""
        return self.remedy == _WAIT

    def __str__(self) -> str:
        return f"AMap says {self.code} {self.info}: {self.what}. {self.remedy}"


def trouble_of(answer: Mapping[str, object]) -> Trouble | None:
    """Return what an answer says went wrong; None where it holds places, if only none."""
    if str(answer.get("status")) == "1":
        return None
    code, info = _text(answer.get("infocode", "?"))[:20], _text(answer.get("info", ""))[:80]
    return Trouble(code, info, *_TROUBLES.get(code, _OTHER_TROUBLE))


def parse_answers(content: bytes, *, encoding: str | None = None) -> list[dict[str, Any]]:
    """Return the answers in a file: one, a list of them, or one a line.

    Raises
    ------
    ValueError
        If it is not that, with the reason.
    """
    try:
        text = content.decode(encoding or "utf-8-sig")
    except LookupError as error:
        raise ValueError(str(error)) from error
    try:
        found = _json(text)
    except ValueError:
        lines = [line for line in text.splitlines() if line.strip()]
        if len(lines) < 2 or not all(line.lstrip().startswith("{") for line in lines):
            raise
        found = [_json(line) for line in lines]
    answers = found if isinstance(found, list) else [found]
    for number, answer in enumerate(answers, start=1):
        if not isinstance(answer, dict) or not ("status" in answer or isinstance(answer.get("pois"), list)):
            raise ValueError(f"answer {number} is none of AMap's: it has neither status nor pois")
        if not isinstance(answer.get("pois", []), list) or not all(
            isinstance(one, dict) for one in answer.get("pois", [])
        ):
            raise ValueError(f"answer {number} holds no list of places under pois")
    return answers


def places_of(answer: Mapping[str, Any]) -> list[Place]:
    """Return the places of an answer, all of it as text: v5 puts some of it one level deeper, such as ``business.tel``."""
    return [dict(_told(place)) for place in answer.get("pois", [])]


def read_amap(path: Path, layer: Layer, report: Report) -> gpd.GeoDataFrame | None:
    """Read saved answers: a JSON file, or a folder or zip archive of such files.

    Parameters
    ----------
    path
        The file or folder.
    layer
        Its kind says which places are taken, unless `source.tags` does (``typecode``, and any other column).
    report
        Is told what is wrong or left out.

    Returns
    -------
    GeoDataFrame or None
        AMap's columns as text, points in degrees (GCJ-02) without CRS, indexed by AMap's id; None where the answers cannot be
        used. What is no place of the kind, has no location, or came twice is left out and told.
    """
    report.row_word, report.typed = "place", False
    try:
        answers = [
            answer for content in _files(path) for answer in parse_answers(content, encoding=layer.source.encoding)
        ]
    except (ValueError, OSError, EOFError, RuntimeError, zlib.error, zipfile.BadZipFile) as error:
        report.whole(
            "holds no answers of AMap that can be read",
            given=str(error)[:200],
            remedy="Save the answers of the place search as they come, as JSON in UTF-8",
        )
        return None
    for trouble in dict.fromkeys(filter(None, map(_trouble_of_saved, answers))):
        report.whole("holds an answer without places", given=str(trouble), remedy="Ask again, and save that answer")
    _tell_missing_pages(answers, report)
    _tell_cap(answers, report)
    places = _each_once([place for answer in answers for place in places_of(answer)], report)
    if report.failed:
        return None
    chosen = _of_kind(places, layer, report)
    located = _located(chosen, report)
    if not located:
        report.whole("holds nothing of this kind", given=layer.kind, severity="warning")
    first = next(iter(chosen.values()), {})
    columns = dict.fromkeys([*_COLUMNS, *list(first)[:_MOST_COLUMNS], *_occurring(layer.columns.values(), chosen)])
    table = pd.DataFrame(
        {column: [chosen[label].get(column, "") for label in located] for column in columns},
        index=list(located),
        dtype=object,
    )
    return gpd.GeoDataFrame(table, geometry=shapely.points(list(located.values())) if located else [])


def with_columns(layer: Layer) -> Layer:
    """Return the declaration with the columns that need not be declared, since AMap always calls them so."""
    return layer.model_copy(update={"columns": {**_COLUMNS, **layer.columns}})


def chooser(kind: Kind) -> Callable[[Place], bool]:
    """A test for the places that are of a kind of facility, by type code and, where that does not tell, by name.

    A code that ends in 00 stands for those below it as well, unless the kind names some of these itself.
    """
    finer = [code[:4] for code in kind.amap if not code.endswith("00")]

    def named(code: str) -> bool:
        return code in kind.amap or (f"{code[:4]}00" in kind.amap and code[:4] not in finer)

    def wanted(place: Place) -> bool:
        codes = [code for code in place.get("typecode", "").split("|") if code not in kind.amap_excluded]
        by_code = not kind.amap or any(named(code) for code in codes)
        return bool(codes) and by_code and re.search(kind.poi_name, place.get("name", "")) is not None

    return wanted


def _json(text: str) -> Any:
    try:
        return json.loads(text)
    except RecursionError as error:
        raise ValueError("it is nested too deeply") from error


def _told(place: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for key, value in place.items():
        if isinstance(value, dict):
            yield from ((_text(f"{key}.{inner}"), _text(told)) for inner, told in value.items())
        else:
            yield _text(key), _text(value)


def _text(value: object) -> str:
    """What AMap says, as text; an empty list is its way to say nothing."""
    if isinstance(value, list):
        return "|".join(_text(one) for one in value if isinstance(one, str | int | float))
    if not isinstance(value, str | int | float):
        return ""
    return str(value).strip().encode("utf-8", errors="replace").decode("utf-8")  # half a sign of two is none


def _files(path: Path) -> Iterator[bytes]:
    """The files of a folder or an archive, page 2 before page 10, or the one file; none of more than can be read."""
    if path.is_dir():
        pages = sorted(
            (page for page in path.glob("*.json") if not left_there(page)), key=lambda file: _by_number(file.name)
        )
        _check_size(sum(file.stat().st_size for file in pages))
        yield from (file.read_bytes() for file in pages)
    elif path.suffix.lower() == ".zip":
        with zipfile.ZipFile(path) as archive:
            pages_in = (name for name in archive.namelist() if name.lower().endswith(".json"))
            names = sorted((name for name in pages_in if not left_there(Path(name))), key=_by_number)
            _check_size(sum(archive.getinfo(name).file_size for name in names))
            yield from (archive.read(name) for name in names)
    else:
        _check_size(path.stat().st_size)
        yield path.read_bytes()


def _check_size(size_bytes: int) -> None:
    if size_bytes > _MOST_BYTES:
        raise ValueError(f"it is larger than {_MOST_BYTES >> 20} MB: save the answers of fewer kinds or districts")


def _occurring(columns: Iterable[str], places: Mapping[str, Place]) -> list[str]:
    return [column for column in columns if any(column in place for place in places.values())]


def _by_number(name: str) -> list[tuple[int, str]]:
    return [(int(digits or 0), text) for text, digits in re.findall(r"(\D*)(\d{0,9})", name)]


def _trouble_of_saved(answer: Mapping[str, Any]) -> Trouble | None:
    """What an answer says went wrong; one that was saved without its head is what it holds."""
    return None if "status" not in answer else trouble_of(answer)


def _tell_missing_pages(answers: Sequence[Mapping[str, Any]], report: Report) -> None:
    """Tell of pages that were not saved: v3 says how many places there are in all, v5 how many there are on the page."""
    for count, pages in groupby(answers, key=lambda answer: str(answer.get("count", ""))):
        held = sum(len(answer.get("pois", [])) for answer in pages)
        if count.isascii() and count.isdigit() and held < int(count[:9]):
            report.whole(
                f"AMap says it found {int(count[:9])} places, and {held} of them are here",
                remedy="Save the other pages too; where AMap gives no more, ask for smaller areas",
                severity="warning",
            )
    if answers and len(answers[-1].get("pois", [])) >= FULL_PAGE:
        report.whole(
            f"the last page is full ({FULL_PAGE} places), so that others may be missing",
            remedy="Ask for the pages after it until one is not full",
            severity="warning",
        )


def _tell_cap(answers: Sequence[Mapping[str, Any]], report: Report) -> None:
    """Tell of questions to which AMap gave as much as it ever does; only what was fetched says which question it answers."""
    asked = [answer for answer in answers if isinstance(answer.get("question"), dict)]
    for question, pages in groupby(asked, key=itemgetter("question")):
        held = len({place.get("id") for answer in pages for place in places_of(answer)})
        if held >= MOST_PLACES:
            report.whole(
                f"AMap gave {held} places for one question, and gives no more than about {MOST_PLACES}: others may be missing",
                given=" ".join(map(_text, question.values())),
                remedy="Do not take what is missing here for absent; add the register of the department",
                severity="warning",
            )


def _each_once(places: Sequence[Place], report: Report) -> dict[str, Place]:
    """The places by their id; what came on two pages counts once."""
    found: dict[str, Place] = {}
    moved: list[str] = []
    for number, place in enumerate(places, start=1):
        label = place.get("id", "")
        if not label:
            report.rows([f"{number}"], "no id", given=[place.get("name", "")], remedy="Save the answer as it comes")
        elif label in found and found[label].get("location") != place.get("location"):
            moved.append(label)
        found.setdefault(label, place)
    report.rows(moved, "lies in two places, taken where it was first", severity="warning")
    if again := len(places) - len(found):
        report.note(f"高德结果中重复的 {again} 条(同一 id)只计一次")
    return found


def _of_kind(places: Mapping[str, Place], layer: Layer, report: Report) -> dict[str, Place]:
    """What a layer takes: what it declares, else what its kind is; entrances never. What is left out is told by its sort."""
    kind = standards.kinds().get(layer.kind)
    wanted = having(layer.source.tags) if layer.source.tags else chooser(kind) if kind else lambda _: True
    entrances = [label for label, place in places.items() if ENTRANCES.issuperset(place.get("typecode", "").split("|"))]
    if entrances:
        report.note(f"去掉停车场出入口 {len(entrances)} 条(高德类别 150907—150909)")
    rest = {label: place for label, place in places.items() if label not in set(entrances)}
    chosen = {label: place for label, place in rest.items() if wanted(place)}
    if others := Counter(_sort_of(place) for label, place in rest.items() if label not in chosen):
        shown = ", ".join(f"{sort} {count}" for sort, count in others.most_common(_SORTS_SHOWN))
        more = f" and {len(others) - _SORTS_SHOWN} more sorts" if len(others) > _SORTS_SHOWN else ""
        report.whole(
            f"{others.total()} of {len(rest)} places are not of kind {layer.kind} by type code and name, left out",
            given=shown + more,
            remedy='To take them all the same, write tags = { typecode = ["…"] } in [source]',
            severity="warning",
        )
    return chosen


def _sort_of(place: Place) -> str:
    return f"{place.get('typecode', '')} {place.get('type', '').rpartition(';')[2]}".strip() or "without type code"


def _located(places: Mapping[str, Place], report: Report) -> dict[str, tuple[float, float]]:
    """Longitude and latitude of the places that have them."""
    written = {label: place.get("location", "") for label, place in places.items()}
    found = {label: _LOCATION.fullmatch(text) for label, text in written.items()}
    report.rows([label for label, text in written.items() if not text], "no location, left out", severity="warning")
    wrong = [label for label, match in found.items() if match is None and written[label]]
    report.rows(
        wrong,
        "not a location",
        column="location",
        given=[written[label] for label in wrong],
        remedy="Save the answer as it comes: longitude, comma, latitude",
    )
    return {label: (float(match[1]), float(match[2])) for label, match in found.items() if match is not None}
