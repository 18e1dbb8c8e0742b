"""AMap's place search (高德 搜索POI 2.0): by district and type code or name, with the user's own key.

AMap gives no more than about 200 places for one question, however many there are. Where a district has so many, they are asked
for in boxes over the folder's own boundary and margin, each quartered until its answer is below that.
"""

from __future__ import annotations

import datetime as dt
import json
import re
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from qyp_geo import standards
from qyp_geo.build import replaced_whole, require_own
from qyp_geo.crs import to_display
from qyp_geo.datum import wgs84_to_gcj02
from qyp_geo.declarations import District, Layer
from qyp_geo.errors import DataError, DeclarationError, MissingError, Problem, QypGeoError
from qyp_geo.layers.amap import ENTRANCES, FULL_PAGE, MOST_PLACES, chooser, parse_answers, places_of, trouble_of
from qyp_geo.layers.online.http import Client, OnlineError, Settings
from qyp_geo.layers.reading import read_layers
from qyp_geo.locking import locked
from qyp_geo.records import R, make_record, read_toml
from qyp_geo.secrets import secret
from qyp_geo.standards.kinds import Kind

SERVICE: Final = "https://restapi.amap.com/v5/place"
_CACHE: Final = Path(".cache", "fetch")
_STAGED: Final = "amap"
_MOST_PAGES: Final = 100  # AMap numbers no more
_LEAST_BOX_DEG: Final = 0.002  # some 200 m: so many things of a kind in one place are no facilities
_BOX_BEYOND_DEG: Final = 0.0005  # the shift of GCJ-02 varies by less over a district
_KEY_FOR: Final = (
    'AMap answers those only who have a key of the sort "Web服务". Make one at AMap\'s console (高德开放平台), '
    "and set QYP_AMAP_KEY to it; it is written nowhere"
)
_RETRIEVED: Final = re.compile(r"(?m)^(\s*retrieved\s*=\s*[\"']?)\d{4}-\d{2}-\d{2}")
Question = Mapping[str, str]
Box = tuple[float, float, float, float]
"""West, south, east and north, in degrees of GCJ-02."""
Answer = dict[str, Any]


@dataclass(frozen=True, slots=True)
class FetchedPlaces:
    """What was fetched.

    Attributes
    ----------
    files
        The declarations and their data, relative to the district folder.
    asked
        How many requests that took.
    retrieved
        When the oldest of the answers was fetched.
    told
        What was made and what to know of it, one line each.
    """

    files: tuple[str, ...]
    asked: int
    retrieved: dt.date
    told: tuple[str, ...]


def fetch_amap(
    folder: Path,
    kinds: Sequence[str],
    *,
    districts: Sequence[str],
    settings: Settings,
    offline: bool = False,
    progress: Callable[[str], None] = lambda _: None,
    service: str = SERVICE,
    sleep: Callable[[float], None] = time.sleep,
) -> FetchedPlaces:
    """Fetch facilities of some kinds into ``layers/KIND_amap.toml`` and ``layers/data/KIND.amap.json``.

    All of them are written when all have been fetched, or none. Of a declaration that is there already only the day of
    retrieval changes. What broke off, for a quota too, goes on where it was when it is called again.

    Parameters
    ----------
    folder
        The district folder.
    kinds
        Kinds of facilities.
    districts
        The six-digit codes of administrative districts; more than one where the margin lies in others. Of a kind that one of
        them has more of than AMap gives for one question, what lies around the folder's boundary is asked for instead.
    settings
        How services are asked.
    offline
        Whether only answers that were kept are used; then no key is needed.
    progress
        Is told what is under way.
    service
        The address of the place search, without ``/text``.
    sleep
        Waits so many seconds.

    Raises
    ------
    DeclarationError
        If kinds or districts cannot be asked for, or a declaration of such a name is of something else.
    MissingError
        If it is no district folder, or there is no key.
    OnlineError
        If AMap gave no answer, or refused to, and why.
    QypGeoError
        If the folder cannot be written to, or another command is at work in it.
    """
    if not (folder / "layers" / "district.toml").is_file():
        raise MissingError(f"{folder} is not a district folder: it has no layers/district.toml")
    problems = [*_not_to_be_asked(kinds, districts), *_in_the_way(folder, kinds)]
    if problems:
        raise DeclarationError("AMap was not asked", problems)
    key = "" if offline else _key()
    with locked(folder, "qyp fetch --amap"):
        for own in (_CACHE.parent, _CACHE):
            require_own(folder / own)
        client = Client(settings, folder / _CACHE, offline=offline, sleep=sleep, told=progress)
        asking = _Asking(client, service, key, lambda: _box_of(folder), progress)
        answers = {kind: asking.all_of(standards.kinds()[kind], districts) for kind in dict.fromkeys(kinds)}
        retrieved = client.oldest.date() if client.oldest is not None else dt.datetime.now(tz=dt.UTC).date()
        files = _write(folder, answers, districts, retrieved)
    told = [line for kind in answers for line in _told(standards.kinds()[kind], answers[kind])]
    return FetchedPlaces(tuple(files), client.asked, retrieved, tuple(told))


def questions_of(kind: Kind) -> list[Question]:
    """Return what AMap is asked for a kind: each type code, or each name where codes do not tell; none if neither is known."""
    if not kind.poi_name:
        return [{"types": code} for code in kind.amap]
    words = [word.replace(".*", "") for word in kind.poi_name.split("|")]
    types = {"types": "|".join(kind.amap)} if kind.amap else {}
    return [{"keywords": word, **types} for word in words]


class _Asking:
    """Asks the place search, page by page."""

    def __init__(
        self, client: Client, service: str, key: str, box: Callable[[], Box], progress: Callable[[str], None]
    ) -> None:
        self._client, self._service, self._key, self._box, self._progress = client, service, key, box, progress

    def all_of(self, kind: Kind, districts: Sequence[str]) -> list[Answer]:
        """Every page of every question for a kind, each with the question it answers."""
        answers: list[Answer] = []
        for question in questions_of(kind):
            by_district = [list(self._pages(kind, "text", {"region": district, **question})) for district in districts]
            if any(_is_capped(pages) for pages in by_district):
                answers += self._in_box(kind, question, self._box())
            else:
                answers += [page for pages in by_district for page in pages]
        return answers

    def _in_box(self, kind: Kind, question: Question, box: Box) -> list[Answer]:
        """What answers a question within a box, in as many parts as it takes."""
        west, south, east, north = box
        corners = f"{west:.6f},{north:.6f}|{east:.6f},{south:.6f}"
        pages = list(self._pages(kind, "polygon", {"polygon": corners, **question}))
        if not _is_capped(pages) or max(east - west, north - south) < _LEAST_BOX_DEG:
            return pages
        x, y = (west + east) / 2, (south + north) / 2
        quarters = ((west, south, x, y), (x, south, east, y), (west, y, x, north), (x, y, east, north))
        return [page for quarter in quarters for page in self._in_box(kind, question, quarter)]

    def _pages(self, kind: Kind, way: str, question: Question) -> Iterator[Answer]:
        """The pages of a question, to the first that brings nothing new: some are not full though others follow."""
        seen: set[str] = set()
        for number in range(1, _MOST_PAGES + 1):
            self._progress(f"AMap, {kind.name_zh} {' '.join(question.values())}, page {number}")
            limit = {"city_limit": "true"} if "region" in question else {}
            paging = {"page_size": f"{FULL_PAGE}", "page_num": f"{number}"}
            answer = self._ask(way, {**question, **limit, **paging})
            found = {place.get("id", "") for place in places_of(answer)}
            yield {"question": dict(question), **answer}
            if found <= seen:
                return
            seen |= found

    def _ask(self, way: str, params: Question) -> Answer:
        with_key = {**params, "key": self._key}
        content = self._client.get(f"{self._service}/{way}", with_key, hidden=frozenset({"key"}), check=_check)
        return parse_answers(content)[0]


def _is_capped(pages: Sequence[Answer]) -> bool:
    """Whether the answer to a question is as large as AMap ever makes it."""
    return len({place.get("id") for page in pages for place in places_of(page)}) >= MOST_PLACES


def _box_of(folder: Path) -> Box:
    """The box around the folder's boundary and margin."""
    district = _declared(District, folder, "layers/district.toml")
    layer = _declared(Layer, folder, f"{district.boundary}.toml")
    read, problems = read_layers({district.boundary: layer}, folder=folder, district=district)
    if district.boundary not in read:
        raise DataError(f"The boundary of {folder} cannot be used", problems)
    frame = read[district.boundary].frame
    around = to_display(frame.set_geometry(frame.buffer(district.margin_m))).total_bounds
    lon, lat = wgs84_to_gcj02(around[[0, 2]], around[[1, 3]])
    beyond = _BOX_BEYOND_DEG
    return (float(lon[0]) - beyond, float(lat[0]) - beyond, float(lon[1]) + beyond, float(lat[1]) + beyond)


def _declared(cls: type[R], folder: Path, shown: str) -> R:
    content, problems = read_toml(folder / shown, shown)
    record, found = make_record(cls, content, shown) if content is not None else (None, [])
    if record is None or problems or found:
        raise DeclarationError(f"{folder} has no boundary that AMap could be asked by", [*problems, *found])
    return record


def _check(content: bytes) -> None:
    """Refuse what is no answer, or one of trouble: it is asked again where the trouble may pass, and never kept."""
    answers = parse_answers(content)
    if len(answers) != 1:
        raise ValueError("the answer is none of AMap's")
    trouble = trouble_of(answers[0])
    if trouble is not None and trouble.passing:
        raise ValueError(str(trouble))
    if trouble is not None:
        raise OnlineError(f"{trouble}. What was fetched so far is kept, and not asked again")
    if "pois" not in answers[0]:
        raise ValueError("the answer holds no list of places")


def _key() -> str:
    key = secret("QYP_AMAP_KEY", needed_for=_KEY_FOR).strip()
    if re.fullmatch(r"[0-9A-Za-z]{16,64}", key) is None:
        raise QypGeoError(f"QYP_AMAP_KEY holds no key of AMap's, which is 32 letters and digits: {_KEY_FOR}")
    return key


def _not_to_be_asked(kinds: Sequence[str], districts: Sequence[str]) -> Iterator[Problem]:
    known = standards.kinds()
    for kind in dict.fromkeys(kinds):
        if kind not in known:
            yield Problem("--amap", "", "is not a known kind of facility", kind, standards.nearest_kind(kind))
        elif not questions_of(known[kind]):
            askable = ", ".join(one for one in known if questions_of(known[one]))
            yield Problem("--amap", "", "AMap has neither a code nor a name for this kind", kind, f"It has: {askable}")
    if not kinds:
        yield Problem("--amap", "", "names no kind of facility", remedy="Write --amap public_toilet,pharmacy")
    for district in districts:
        if re.fullmatch(r"[1-9]\d{5}", district, re.ASCII) is None:
            remedy = "Give its six-digit code (adcode): 360104 is 青云谱区"
            yield Problem("--district", "", "is not the code of a district", district, remedy)
    if not districts:
        remedy = "Give its six-digit code (adcode): 360104 is 青云谱区"
        yield Problem("--district", "", "is missing", remedy=remedy)


def _in_the_way(folder: Path, kinds: Sequence[str]) -> Iterator[Problem]:
    """Tell of declarations of our names that somebody wrote for something else."""
    for kind in dict.fromkeys(kinds):
        declaration, data = _paths(kind)
        if not (folder / declaration).exists():
            continue
        content, _ = read_toml(folder / declaration, declaration)
        layer, _ = make_record(Layer, content or {}, declaration)
        if layer is None or layer.source.format != "amap" or f"layers/{layer.source.path}" != data:
            remedy = "It is left as it is: give it another name, and fetch again"
            yield Problem(declaration, "source", f"is there already and does not read {data}", remedy=remedy)


def _paths(kind: str) -> tuple[str, str]:
    return f"layers/{kind}_amap.toml", f"layers/data/{kind}.amap.json"


def _write(
    folder: Path, answers: Mapping[str, Sequence[Answer]], districts: Sequence[str], retrieved: dt.date
) -> list[str]:
    """Write the files of all kinds beside the folder's own first, then move them in, data before what declares it."""
    texts: dict[str, str] = {}
    for kind, pages in answers.items():
        texts[_paths(kind)[1]] = "[\n" + ",\n".join(json.dumps(page, ensure_ascii=False) for page in pages) + "\n]\n"
    for kind in answers:
        declaration = folder / _paths(kind)[0]
        if declaration.exists():
            kept = declaration.read_bytes().decode("utf-8-sig")
            texts[_paths(kind)[0]] = _RETRIEVED.sub(rf"\g<1>{retrieved.isoformat()}", kept)
        else:
            texts[_paths(kind)[0]] = _declaration(standards.kinds()[kind], districts, retrieved)
    with replaced_whole(folder / _CACHE, _STAGED) as staged:
        for name, text in texts.items():
            (staged / Path(name).name).write_bytes(text.encode("utf-8", errors="replace"))
    try:
        require_own(folder / "layers")
        require_own(folder / "layers" / "data")
        (folder / "layers" / "data").mkdir(exist_ok=True)
        for name in texts:
            (folder / _CACHE / _STAGED / Path(name).name).replace(folder / name)
    except OSError as error:
        raise QypGeoError(
            f"{folder / 'layers'} could not be written to: {error.strerror}. Give it write permission, close its files that "
            "are open elsewhere, and fetch again"
        ) from error
    return sorted(texts)


def _declaration(kind: Kind, districts: Sequence[str], retrieved: dt.date) -> str:
    asked = "、".join(" ".join(question.values()) for question in questions_of(kind))
    return (
        f'title = "{kind.name_zh}(高德)"\nkind = "{kind.kind}"\ngeometry = "point"\n\n'
        f'[source]\npath = "data/{kind.kind}.amap.json"\nformat = "amap"    # GCJ-02,读入时转换\n\n'
        '[columns]\naddress = "address"\n\n'
        f'[provenance]\npublisher = "高德地图"\nretrieved = {retrieved.isoformat()}\n'
        'licence = "高德开放平台服务协议"    # 不得再分发,不得用于公开页面\ncompleteness = "POI"\nsecrecy = "内部"\n'
        f'may_redistribute = false\nnote = "高德搜索POI:{"、".join(districts)};{asked}"\n'
    )


def _told(kind: Kind, pages: Sequence[Answer]) -> Iterator[str]:
    places = {place.get("id", ""): place for page in pages for place in places_of(page)}
    of_kind = sum(map(chooser(kind), places.values()))
    entrances = sum(ENTRANCES.issuperset(place.get("typecode", "").split("|")) for place in places.values())
    declaration, data = _paths(kind.kind)
    yield (
        f"{declaration}: {of_kind} places of kind {kind.kind} among the {len(places)} that AMap gave "
        f"({entrances} entrances of car parks among the others); {data}"
    )
    by_question: dict[str, set[str]] = {}
    for page in pages:
        ids = by_question.setdefault(" ".join(page["question"].values()), set())
        ids.update(place.get("id", "") for place in places_of(page))
    for question, ids in by_question.items():
        if len(ids) >= MOST_PLACES:
            yield (
                f"{kind.kind}: AMap gave {len(ids)} places for {question}, and gives no more than about {MOST_PLACES} for one "
                "question: others are likely missing"
            )
