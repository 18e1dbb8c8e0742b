"""What is there in another state of the district: which things count, and what opens, closes or is added.

A scenario changes layers, never analyses: every kind of question is asked of the changed layers as of any others.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, Literal

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

from qyp_geo.declarations import Analysis, Change, Layer, Ref, Scenario
from qyp_geo.errors import DeclarationError, Problem, did_you_mean
from qyp_geo.frames import LayerData
from qyp_geo.standards import kinds

OPENED: Final = "投用"
CLOSED: Final = "停用"
NOT_COUNTED: Final = "不计入"
ADDED: Final = "新增"
WALKED: Final = "可步行"
AGAINST_TAGS: Final = "可步行(按声明,与标注不符)"
NOT_WALKED: Final = "不可步行"
NO_FOOTWAY: Final = "通车,不供步行"
_STATES: Final = {
    "existing": "现状",
    "planned": "规划",
    "under_construction": "在建",
    "built_unused": "建成未用",
    "closed": "停用",
}
_CHANGED: Final = frozenset({"streets", "gates", "estates", "barriers", "crossings"})
"""Kinds of layers, beside the facilities, in which a scenario may change something."""
_NAMED: Final = 5
_TOUCH_M: Final = 0.001

Bools = npt.NDArray[np.bool_]


class UnderScenario(Analysis):
    """Another analysis, asked in another state of the district."""

    kind: Literal["scenario"]
    of: Ref
    scenario: Scenario


@dataclass(frozen=True, slots=True)
class Altered:
    """The layers of a district as they are in a scenario.

    Attributes
    ----------
    layers
        By reference; those in which nothing changes are the very same.
    changes
        One row per thing that changes: ``layer`` (reference) and its ``title``, ``id``, ``name``, ``change`` (投用, 停用,
        不计入, 新增; of streets 可步行, 可步行(按声明,与标注不符), 不可步行, 通车,不供步行), ``status`` (before) and
        ``open_year``; geometry in the CRS of the district.
    notes
        What the scenario assumes, and what it leaves out for want of a year.
    problems
        Warnings: streets that join no other.
    """

    layers: Mapping[str, LayerData]
    changes: gpd.GeoDataFrame
    notes: tuple[str, ...]
    problems: tuple[Problem, ...]


def check_scenario(scenario: Scenario, *, shown_as: str, layers: Mapping[str, Layer]) -> Iterator[Problem]:
    """Yield what is wrong with a scenario that its record alone cannot know."""
    for n, change in enumerate(scenario.change):
        where = f"scenario.change[{n}]"
        if not (change.open or change.close or change.add_from):
            yield Problem(shown_as, where, "changes nothing", remedy="Name what to open or to close, or give add_from")
        if change.add and change.add_from is None:
            yield Problem(shown_as, f"{where}.add_from", "is missing", remedy="Name the layer that holds what is added")
        if change.layer not in layers:
            continue
        kind, source = layers[change.layer].kind, layers.get(change.add_from or "")
        if kind not in _CHANGED and kind not in kinds():
            remedy = f"Allowed: a kind of facility, {', '.join(sorted(_CHANGED))}"
            yield Problem(shown_as, f"{where}.layer", "is of a kind in which nothing is changed", kind, remedy)
        elif source is not None and not _may_become(source.kind, kind):
            remedy = "Add from a layer of facilities or of candidates" if kind in kinds() else f"Add from kind {kind}"
            yield Problem(
                shown_as, f"{where}.add_from", f"holds nothing that could be of kind {kind}", source.kind, remedy
            )


def _may_become(kind: str, other: str) -> bool:
    return kind == other or (other in kinds() and (kind in kinds() or kind == "candidates"))


def alter(scenario: Scenario, layers: Mapping[str, LayerData], *, crs: Any, declared_by: str) -> Altered:
    """Change layers as a scenario declares it.

    Parameters
    ----------
    scenario
        What is there.
    layers
        All layers, by reference.
    crs
        The district's reference system.
    declared_by
        The title of the analysis that declares the scenario, for messages.

    Raises
    ------
    DeclarationError
        With every name that no layer holds, that is both opened and closed, or that would stand twice.
    """
    problems: list[Problem] = []
    by_hand = [
        _Named(change, f"scenario.change[{n}]", declared_by, problems) for n, change in enumerate(scenario.change)
    ]
    altered: dict[str, LayerData] = {}
    changes: list[gpd.GeoDataFrame] = []
    notes = [_in_words(scenario)] if scenario.status != ["existing"] or scenario.year is not None else []
    for ref, layer in layers.items():
        of_layer = [one for one in by_hand if one.change.layer == ref]
        frame, found, undated = _alter(layer, scenario, of_layer, layers)
        if undated:
            notes.append(f"情景:{layer.record.title}:{len(undated)} 处没有开放年份,不计入({_shown(undated)})")
        if found is not None:
            altered[ref] = replace(layer, frame=frame, problems=())
            changes.append(found.assign(layer=ref, title=layer.record.title))
            notes += [
                f"情景:{layer.record.title}:{word} {len(group)} 处({_shown(group['name'])})"
                for word, group in found.groupby("change", sort=False)
            ]
    if problems:
        in_order = sorted(problems, key=lambda problem: problem.where)
        raise DeclarationError(f"{declared_by} cannot be answered", in_order)
    columns = ["layer", "title", "id", "name", "change", "status", "open_year", "geometry"]
    table = gpd.GeoDataFrame({name: [] for name in columns}, geometry="geometry", crs=crs)
    if changes:
        table = gpd.GeoDataFrame(pd.concat(changes, ignore_index=True)[columns], crs=crs)
    elif scenario != Scenario():
        notes.append("情景:与现状没有差别")
    told = [problem for ref, layer in altered.items() for problem in _apart(ref, layer, table)]
    return Altered({**layers, **altered}, table, tuple(notes), tuple(told))


@dataclass(frozen=True, slots=True)
class _Named:
    """What a change names, and where it stands, for messages."""

    change: Change
    where: str
    declared_by: str
    problems: list[Problem]

    def which(self, key: str, frame: gpd.GeoDataFrame, words: Iterable[str]) -> Bools:
        """Return what some words of a key name in a frame; a word that names nothing is a problem."""
        found = np.zeros(len(frame), dtype=bool)
        for word in words:
            this = (frame.index == word) if word in frame.index else (frame["name"] == word).to_numpy()
            found |= this
            if not this.any():
                of = self.change.add_from if key == "add" else self.change.layer
                self.tell(key, f"names nothing in {of}", word, _remedy(word, frame))
        return found

    def tell(self, key: str, what: str, given: str, remedy: str) -> None:
        self.problems.append(Problem(self.declared_by, f"{self.where}.{key}", what, given, remedy))


def _remedy(word: str, frame: gpd.GeoDataFrame) -> str:
    """Return the nearest name, or all of them where they are few."""
    remedy = did_you_mean(word, {name for name in (*frame.index, *frame["name"]) if name})
    return remedy if remedy.startswith("Did") or len(frame) <= _NAMED else "Give its id or its name as in the file"


def _alter(
    layer: LayerData, scenario: Scenario, by_hand: Sequence[_Named], layers: Mapping[str, LayerData]
) -> tuple[gpd.GeoDataFrame, gpd.GeoDataFrame | None, list[str]]:
    """Return a layer's frame as it is then, what changes in it, and the names of what has no year but would need one."""
    frame = layer.frame
    opened, closed = np.zeros(len(frame), dtype=bool), np.zeros(len(frame), dtype=bool)
    for one in by_hand:
        opens, closes = (one.which(key, frame, getattr(one.change, key)) for key in ("open", "close"))
        for label in frame.index[(opens & (closed | closes)) | (closes & opened)]:
            one.tell("close", f"is opened and closed in {one.change.layer}", str(label), "Keep one of the two")
        opened, closed = opened | opens, closed | closes
    if "status" in frame and layer.record.kind in {*_CHANGED, *kinds()}:
        then, words, undated = _in_state(frame, scenario, opened, closed)
    else:  # Such a layer tells no state: all of it is there, and what closes is gone.
        then, words, undated = frame[~closed], np.where(closed, CLOSED, "").astype(object), []
    found = [_changes(frame, words)] if (words != "").any() else []
    if added := [_added(one, layer, layers[source]) for one in by_hand if (source := one.change.add_from) is not None]:
        news = gpd.GeoDataFrame(pd.concat(added), crs=frame.crs)
        for label in news.index[news.index.duplicated() | news.index.isin(frame.index)]:
            by_hand[-1].tell("add", "bears an id that the layer has already", str(label), "Give it an id of its own")
        then = gpd.GeoDataFrame(pd.concat([then, news]), crs=frame.crs)
        found.append(_changes(news, np.full(len(news), ADDED)).assign(status=""))
    changes = gpd.GeoDataFrame(pd.concat(found, ignore_index=True), crs=frame.crs) if found else None
    return then, changes, undated


def _in_state(
    frame: gpd.GeoDataFrame, scenario: Scenario, opened: Bools, closed: Bools
) -> tuple[gpd.GeoDataFrame, npt.NDArray[np.object_], list[str]]:
    """Return a frame whose things have a status, as it is then; a word for what changes; and what has no year."""
    exists = (frame["status"] == "existing").to_numpy()
    counts = frame["status"].isin(scenario.status).to_numpy()
    undated = np.zeros(len(frame), dtype=bool)
    if scenario.year is not None:
        year = frame["open_year"].to_numpy(dtype=float) if "open_year" in frame else np.full(len(frame), np.nan)
        undated = counts & ~exists & np.isnan(year) & ~opened & ~closed
        counts = counts & ((year <= scenario.year) | (np.isnan(year) & exists))
    there = (counts | opened) & ~closed
    then = {"status": np.where(there, "existing", np.where(exists, "closed", frame["status"]))}
    if "walkable" in frame:
        walked, by_tags = (frame[name].to_numpy(dtype=bool) for name in ("walkable", "walkable_if_open"))
        then["walkable"] = walks = there & (np.where(exists, walked, by_tags) | opened)
        which = {
            WALKED: walks & ~walked & by_tags,
            AGAINST_TAGS: walks & ~walked & ~by_tags,
            NOT_WALKED: walked & ~walks,
            NO_FOOTWAY: there & ~exists & ~walks,
        }
    else:
        which = {OPENED: there & ~exists, CLOSED: exists & closed, NOT_COUNTED: exists & ~there & ~closed}
    words = np.select(list(which.values()), list(which), "").astype(object)
    return frame.assign(**then), words, _names(frame[undated])


def _added(one: _Named, layer: LayerData, other: LayerData) -> gpd.GeoDataFrame:
    """Return things of another layer as things of this one, under its columns."""
    frame = layer.frame
    source = other.frame[one.which("add", other.frame, one.change.add)] if one.change.add else other.frame
    unknown = {name: np.nan if pd.api.types.is_numeric_dtype(frame[name]) else "" for name in frame.columns}
    columns = {name: source.get(name, blank) for name, blank in unknown.items() if name != "geometry"}
    certain: dict[str, Any] = {"kind": layer.record.kind} | ({"status": "existing"} if "status" in frame else {})
    if "walkable" in frame:
        certain["walkable"] = source["walkable_if_open"]
    rows = pd.DataFrame(columns, index=source.index).assign(**certain)
    return gpd.GeoDataFrame(rows, geometry=source.geometry.to_numpy(), crs=frame.crs)[list(frame.columns)]


def _changes(frame: gpd.GeoDataFrame, words: npt.NDArray[np.object_]) -> gpd.GeoDataFrame:
    """Return the rows of a frame that change, with the word for it."""
    changed = frame[words != ""]
    return gpd.GeoDataFrame(
        {
            "id": changed.index.astype(str),
            "name": _names(changed),
            "change": words[words != ""],
            "status": changed["status"].map(_STATES).to_numpy() if "status" in frame else "",
            "open_year": changed["open_year"].to_numpy(dtype=float) if "open_year" in frame else np.nan,
        },
        geometry=changed.geometry.to_numpy(),
        crs=frame.crs,
    )


def _names(frame: gpd.GeoDataFrame) -> list[str]:
    """Return the name of each row, or its id where it has none."""
    return [str(name or label) for label, name in frame["name"].items()]


def _apart(ref: str, layer: LayerData, changes: gpd.GeoDataFrame) -> Iterator[Problem]:
    """Tell of streets that are walked then but share no vertex with another that is."""
    walk = layer.record.walk
    if layer.record.kind != "streets" or (walk is not None and walk.node_crossings):
        return
    new = changes.loc[(changes["layer"] == ref) & changes["change"].isin([WALKED, AGAINST_TAGS, ADDED]), "id"]
    walked = layer.frame[layer.frame["walkable"].astype(bool)]
    xy, line = shapely.get_coordinates(walked.geometry.to_numpy(), return_index=True)
    vertices = np.asarray(shapely.points(xy))
    is_new = walked.index.isin(new)
    mine = np.flatnonzero(is_new[line])
    one, other = shapely.STRtree(vertices).query(vertices[mine], predicate="dwithin", distance=_TOUCH_M)
    joined = np.unique(line[mine[one[line[mine[one]] != line[other]]]])
    apart = walked[is_new & ~np.isin(np.arange(len(walked)), joined)]
    if len(apart):
        yield Problem(
            f"{ref}.toml",
            f"{len(apart)} street(s) of the scenario",
            "share no vertex with any other street that is walked: nobody gets onto them",
            ", ".join(apart.index[:_NAMED].astype(str)),
            "Draw them to a vertex of the street that they meet, or set walk.node_crossings = true",
            severity="warning",
        )


def _in_words(scenario: Scenario) -> str:
    counted = "、".join(_STATES[state] for state in scenario.status)
    until = "" if scenario.year is None else f",{scenario.year} 年及以前开放的"
    return f"情景:计入{counted}{until}(按各图层的状态和开放年份,均视为投用)"


def _shown(names: Iterable[str]) -> str:
    different = list(dict.fromkeys(names))
    return "、".join(different[:_NAMED]) + ("等" if len(different) > _NAMED else "")
