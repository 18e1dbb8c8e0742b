"""Which school the children of each home go to: by 施教区, or to a school within reach.

The one rule of both: children go to the schools open to them in proportion to their seats. Each child is counted once, and so
is each seat; where several schools share a 施教区, all of them are as full as the others.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import sparse

from qyp_geo.analyses.areas import pairs_within
from qyp_geo.analyses.gates import exists
from qyp_geo.analyses.supplies import Group
from qyp_geo.errors import Problem, did_you_mean
from qyp_geo.frames import LayerData

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

TO_COME: Final = ("planned", "under_construction")
NOW, IN_SCENARIO = "现状", "本情景"
BY_CATCHMENT, BY_REACH, BY_BOTH = "施教区", "空间估算", "施教区,新校空间估算"
_BETWEEN: Final = "、"
"""Between the stages, or the schools, of one 施教区."""


@dataclass(frozen=True, slots=True)
class Stage:
    """A stage of schooling.

    Attributes
    ----------
    title
        What it is called, also in a 施教区 layer.
    kind
        The kind of facility whose service radius it has.
    seats
        The column of the seats, by the kinds of school that have this stage.
    """

    title: str
    kind: str
    seats: Mapping[str, str]


STAGES: Final[Mapping[str, Stage]] = MappingProxyType(
    {
        "kindergarten": Stage("幼儿园", "kindergarten", {"kindergarten": "capacity"}),
        "primary": Stage("小学", "primary_school", {"primary_school": "capacity", "nine_year_school": "seats_primary"}),
        "junior": Stage("初中", "junior_school", {"junior_school": "capacity", "nine_year_school": "seats_junior"}),
    }
)


@dataclass(frozen=True, slots=True)
class Attendance:
    """Who goes where, in children.

    Attributes
    ----------
    attends
        Shape (homes, schools).
    without
        Children to whom no school with a seat is open, shape (homes,).
    unknown
        Children of whom it cannot be told, shape (homes,).
    """

    attends: sparse.csr_array
    without: Floats
    unknown: Floats


@dataclass(frozen=True, slots=True)
class View:
    """One stage at one time: who goes where, to how many seats.

    Attributes
    ----------
    group
        The children; its id is the stage.
    horizon
        现状 (or 本情景), or until which year schools to come count.
    method
        Whether children go by 施教区, or to what they reach.
    source
        Of the 施教区, or of the reach.
    children
        Shape (homes,).
    seats
        Shape (schools,): 0 where a school does not count, NaN where it counts and its seats are not known.
    counts
        The schools that have the stage and are open at the time, shape (schools,).
    serves
        Those that are open to any home, shape (schools,).
    going
        Who goes where.
    uncertain
        Homes whose figure may change with what lies beyond the data (边界不确定), shape (homes,).
    """

    group: Group
    horizon: str
    method: str
    source: str
    children: Floats
    seats: Floats
    counts: Bools
    serves: Bools
    going: Attendance
    uncertain: Bools

    @property
    def comes(self) -> Floats:
        """The children who come to each school."""
        return np.asarray(self.going.attends.sum(axis=0), dtype=float)

    @property
    def comes_of(self) -> Floats:
        """The children of each home who come to a school."""
        return np.asarray(self.going.attends.sum(axis=1), dtype=float)

    @property
    def seats_of(self) -> Floats:
        """The seats that the children of each home have: a school's are theirs in proportion to those who come."""
        return np.asarray(self.going.attends @ ratio(np.nan_to_num(self.seats), self.comes))

    @property
    def lacking_of(self) -> Floats:
        """The seats that the children of each home lack; what one school has too many makes up for no other."""
        lacking = np.maximum(self.comes - np.nan_to_num(self.seats), 0.0)
        return np.asarray(self.going.attends @ ratio(lacking, self.comes))


@dataclass(frozen=True, slots=True)
class Catchments:
    """The 施教区 of one stage.

    Attributes
    ----------
    table
        Their rows of the layer.
    lies_in
        Which 施教区 each home lies in, shape (homes, 施教区).
    open_to
        Which schools are open to each home, shape (homes, schools).
    unknown
        Homes that lie in no 施教区, or in one whose school is not known, shape (homes,).
    several
        How many homes lie in more than one.
    """

    table: gpd.GeoDataFrame
    lies_in: sparse.csr_array
    open_to: sparse.csr_array
    unknown: Bools
    several: int


def schools_by(refs: Sequence[str], layers: Mapping[str, LayerData], *, open_by: int) -> gpd.GeoDataFrame:
    """Return the schools that exist, and those to come that open by the end of a year, in the order of the layers.

    Returns
    -------
    GeoDataFrame
        Numbered from 0: ``layer``, ``id``, ``name``, ``kind``, ``status``, ``open_year``, ``now`` (whether it exists), the
        seats of each stage (NaN where not known, and of a stage that it has not) and ``has_<stage>``.
    """
    rows = []
    for ref in refs:
        frame = layers[ref].frame
        frame = frame[opens(frame, open_by)]
        found = pd.DataFrame(
            {
                "layer": ref,
                "id": frame.index.to_numpy(),
                "name": frame["name"].to_numpy(),
                "kind": layers[ref].record.kind,
                "status": frame["status"].to_numpy() if "status" in frame else "existing",
                "open_year": _numbers(frame, "open_year"),
                "now": exists(frame).to_numpy(dtype=bool),
                "geometry": frame.geometry.to_numpy(),
            }
        )
        for stage, what in STAGES.items():
            column = what.seats.get(layers[ref].record.kind)
            found[f"has_{stage}"] = column is not None
            found[stage] = np.nan if column is None else _numbers(frame, column)
        rows.append(found)
    return gpd.GeoDataFrame(pd.concat(rows, ignore_index=True), crs=layers[refs[0]].frame.crs)


def opens(frame: gpd.GeoDataFrame, open_by: int) -> Bools:
    """Return which facilities exist, or are to come and say that they open by the end of a year."""
    existing = exists(frame).to_numpy(dtype=bool)
    if not {"status", "open_year"} <= set(frame):
        return existing
    in_time = frame["status"].isin(TO_COME) & (frame["open_year"] <= open_by)
    opening: Bools = existing | in_time.to_numpy(dtype=bool)
    return opening


def catchments_of(
    stage: Stage, ref: str, layers: Mapping[str, LayerData], schools: gpd.GeoDataFrame, points: gpd.GeoSeries
) -> tuple[Catchments | None, list[Problem]]:
    """Read the 施教区 of a stage; None where the layer has none of it.

    Parameters
    ----------
    stage
        Whose 施教区.
    ref, layers
        Their layer, and all layers.
    schools
        What `schools_by` returned; a 施教区 names them by id, or by a name that is the only one such.
    points
        The homes.
    """
    frame = layers[ref].frame
    frame = frame[[stage.title in words.split(_BETWEEN) for words in frame["stage"]]]
    if frame.empty:
        return None, []
    number = _numbered(schools)
    named = [
        (place, name.strip()) for place, names in enumerate(frame["school"]) for name in str(names).split(_BETWEEN)
    ]
    known = [(place, number[name]) for place, name in named if name in number]
    blind = np.zeros(len(frame), dtype=bool)
    blind[[place for place, name in named if name not in number]] = True

    at, school = np.array(known, dtype=np.intp).reshape(-1, 2).T
    opens_to = sparse.csr_array((np.ones(len(known)), (at, school)), shape=(len(frame), len(schools)))
    home, place = pairs_within(points, frame.geometry)
    lies_in = sparse.csr_array((np.ones(len(home)), (home, place)), shape=(len(points), len(frame)))
    in_how_many = np.bincount(home, minlength=len(points))
    unknown = (in_how_many == 0) | (lies_in @ blind.astype(float) > 0)
    catchments = Catchments(gpd.GeoDataFrame(frame), lies_in, lies_in @ opens_to, unknown, int((in_how_many > 1).sum()))
    return catchments, list(_unknown_schools(ref, stage, frame, named, number))


def attend(children: Floats, open_to: sparse.csr_array, seats: Floats, unknown: Bools) -> Attendance:
    """Send the children of each home to the schools open to them, in proportion to their seats.

    ``attends[u, s] = children[u] * seats[s] / sum(seats[t] for t open to u)``. Where the seats of one of these are not known,
    nothing is known of the home.

    Parameters
    ----------
    children
        Shape (homes,).
    open_to
        Which schools are open to each home: not 0, shape (homes, schools).
    seats
        Shape (schools,); NaN where not known.
    unknown
        Homes of which it cannot be told, shape (homes,).
    """
    is_open = open_to.astype(bool).astype(float)
    unknown = unknown | (is_open @ np.isnan(seats).astype(float) > 0)
    weights = is_open @ sparse.diags_array(np.nan_to_num(seats))
    total = np.asarray(weights.sum(axis=1), dtype=float)
    goes = ~unknown & (total > 0)
    per_seat = np.divide(children, total, out=np.zeros(len(children)), where=goes)
    return Attendance(
        attends=sparse.csr_array(sparse.diags_array(per_seat) @ weights),
        without=np.where(~unknown & ~goes, children, 0.0),
        unknown=np.where(unknown, children, 0.0),
    )


def _numbered(schools: gpd.GeoDataFrame) -> dict[str, int]:
    """Return the number of each school by its id, and by its name where no other has it."""
    names = schools["name"][~schools["name"].duplicated(keep=False)]
    by_name = {str(name): int(number) for number, name in zip(names.index, names, strict=True)}
    return by_name | {str(id_): number for number, id_ in enumerate(schools["id"])}


def _unknown_schools(
    ref: str, stage: Stage, frame: gpd.GeoDataFrame, named: Sequence[tuple[int, str]], known: Mapping[str, int]
) -> Iterator[Problem]:
    """Yield a warning for the 施教区 that name no school, and for each school that is not there."""
    blank = [str(frame.index[place]) for place, name in named if not name]
    if blank:
        what = f"{len(blank)} 施教区 of stage {stage.title} name no school; their children are 无数据"
        yield Problem(f"{ref}.toml", "school", what, ", ".join(blank), "Fill in the school's id", severity="warning")
    for name in dict.fromkeys(name for _, name in named if name and name not in known):
        what = f"a 施教区 of stage {stage.title} names a school that does not exist and does not open in time"
        yield Problem(f"{ref}.toml", "school", what, name, did_you_mean(name, known), severity="warning")


def _numbers(frame: gpd.GeoDataFrame, column: str) -> Floats:
    if column not in frame:
        return np.full(len(frame), np.nan)
    return np.asarray(frame[column].to_numpy(dtype=float))


def ratio(part: Floats, whole: Floats) -> Floats:
    """Return parts of wholes; 0 where there is no whole."""
    return np.divide(part, whole, out=np.zeros(len(part)), where=whole > 0)
