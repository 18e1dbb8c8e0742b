"""Parking lots and their berths, and how many of them those who need one have.

配建 berths serve their own estate or place and nobody else. What an estate needs beyond its own is looked for at public lots
within reach, whose berths are shared in proportion to what is still needed there: each berth is counted once.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely
from scipy import sparse

from qyp_geo.analyses.floating import share_out
from qyp_geo.analyses.gates import exists
from qyp_geo.frames import LayerData

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]
Places = npt.NDArray[np.intp]

ATTACHED, OFF_STREET, ON_STREET, UNTYPED = "配建", "路外", "路内", "类型不详"
TYPES: Final = (ATTACHED, OFF_STREET, ON_STREET, UNTYPED)
_TYPE_OF: Final[Mapping[str, str]] = MappingProxyType(
    {
        **dict.fromkeys(("配建", "配建停车", "配建停车场", "小区", "专用"), ATTACHED),
        **dict.fromkeys(("路外", "路外公共", "路外公共停车场", "公共停车场", "停车楼"), OFF_STREET),
        **dict.fromkeys(("surface", "multi-storey", "underground", "rooftop"), OFF_STREET),
        **dict.fromkeys(("路内", "路内停车", "路边", "占道", "道路停车"), ON_STREET),
        **dict.fromkeys(("lane", "street_side", "on_kerb", "half_on_kerb", "shoulder", "layby"), ON_STREET),
    }
)
IDLE: Final = "built_unused"


@dataclass(frozen=True, slots=True)
class Supplied:
    """What those who need berths have.

    Attributes
    ----------
    own
        配建 berths that are theirs, shape (units,).
    public
        Public berths that are theirs, shape (units,).
    short
        Berths that they lack, shape (units,).
    unknown
        Berths of which it cannot be told, since those of a lot that is theirs, or within reach, are not known; shape (units,).

    The four add up to what is needed.
    """

    own: Floats
    public: Floats
    short: Floats
    unknown: Floats


def lots_of(refs: Sequence[str], layers: Mapping[str, LayerData]) -> gpd.GeoDataFrame:
    """Return the lots that exist, or are built and stand idle, in the order of the layers.

    Returns
    -------
    GeoDataFrame
        Numbered from 0: ``layer``, ``id``, ``name``, ``kind``, ``status``, ``part_of``, ``parking_type`` (one of `TYPES`),
        ``berths`` and ``ev_berths`` (NaN where not known), ``counts`` (whether it is in use).
    """
    rows = []
    for ref in refs:
        frame = layers[ref].frame
        in_use = exists(frame).to_numpy(dtype=bool)
        built = in_use | (_texts(frame, "status") == IDLE)
        usual = ATTACHED if layers[ref].record.kind == "resident_parking" else UNTYPED
        rows.append(
            pd.DataFrame(
                {
                    "layer": ref,
                    "id": frame.index.to_numpy(),
                    "name": frame["name"].to_numpy(),
                    "kind": layers[ref].record.kind,
                    "status": np.where(in_use, "existing", IDLE),
                    "part_of": _texts(frame, "part_of"),
                    "parking_type": [_TYPE_OF.get(word, usual) for word in _texts(frame, "parking_type")],
                    "berths": _numbers(frame, "capacity"),
                    "ev_berths": _numbers(frame, "ev_berths"),
                    "counts": in_use,
                    "geometry": frame.geometry.to_numpy(),
                }
            )[built]
        )
    return gpd.GeoDataFrame(pd.concat(rows, ignore_index=True), crs=layers[refs[0]].frame.crs)


def owners_of(lots: gpd.GeoDataFrame, places: gpd.GeoDataFrame) -> Places:
    """Return the place that each 配建 lot belongs to, by its number; -1 where it has none, and for the other lots.

    A lot belongs to the place that its ``part_of`` names by id, or by a name that is the only one such; without a name to the
    first that holds its point (of a polygon the centroid).
    """
    names = places["name"][~places["name"].duplicated(keep=False)]
    number = {str(name): int(places.index.get_loc(id_)) for id_, name in names.items()}  # type: ignore[arg-type]
    number |= {str(id_): place for place, id_ in enumerate(places.index)}
    named = lots["part_of"].map(lambda name: number.get(str(name), -1)).to_numpy(dtype=np.intp)
    lot, place = _within(lots.geometry.centroid.to_numpy(), places)
    holder = np.full(len(lots), -1, dtype=np.intp)
    holder[lot[::-1]] = place[::-1]  # the first is written last
    owner = np.where((lots["part_of"] != "").to_numpy(), named, holder)
    return np.where((lots["parking_type"] == ATTACHED).to_numpy(), owner, -1)


def holders_of(points: gpd.GeoSeries, places: gpd.GeoDataFrame) -> Places:
    """Return the first place that holds each point, by its number; -1 where none does."""
    point, place = _within(points.to_numpy(), places)
    holder = np.full(len(points), -1, dtype=np.intp)
    holder[point[::-1]] = place[::-1]
    return holder


def own_berths(lots: gpd.GeoDataFrame, owner: Places, n_places: int) -> Floats:
    """Return the 配建 berths in use of each place; NaN where a lot is among them whose berths are not known."""
    mine = (owner >= 0) & lots["counts"].to_numpy(dtype=bool)
    berths = lots["berths"].to_numpy(dtype=float)[mine]
    return np.bincount(owner[mine], weights=berths, minlength=n_places).astype(float)


def public_berths(lots: gpd.GeoDataFrame) -> Floats:
    """Return the berths of each lot that anybody may use: 0 of the others and the idle, NaN where not known."""
    public = lots["counts"] & (lots["parking_type"] != ATTACHED)
    return np.asarray(lots["berths"].where(public, 0.0).to_numpy(dtype=float))


def supply(need: Floats, estate: Places, own_berths: Floats, near: sparse.csr_array, berths: Floats) -> Supplied:
    """Give berths to those who need them: of their own estate first, then public ones.

    With the need of an estate ``N`` and its own berths ``B``, a unit of need ``n`` has ``n * min(1, B / N)`` of them. What is
    left of its need, ``r``, is brought to each public lot within reach; a lot of ``b`` berths gives ``r * b / sum(r)``, and
    nobody gets more than is needed. Who has lots of unknown berths competes with all the need that known ones leave.

    Parameters
    ----------
    need
        Berths needed, shape (units,).
    estate
        The estate of each unit, -1 where it is in none, shape (units,).
    own_berths
        The 配建 berths of each estate, NaN where not known, shape (estates,).
    near
        Which public lots each unit reaches, shape (units, lots).
    berths
        Of the public lots, NaN where not known, shape (lots,).
    """
    needed = np.bincount(estate[estate >= 0], weights=need[estate >= 0], minlength=len(own_berths))
    known_own = np.nan_to_num(own_berths)
    met = np.minimum(np.divide(known_own, needed, out=np.zeros(len(needed)), where=needed > 0), 1.0)
    own = need * np.append(met, 0.0)[estate]  # -1 is the last
    left = need - own
    public = left * np.minimum(share_out(near, demand=left, supply=np.nan_to_num(berths)).per_head, 1.0)
    short = np.maximum(left - public, 0.0)
    blind = np.append(np.isnan(own_berths), False)[estate] | (near @ np.isnan(berths).astype(float) > 0)
    return Supplied(own, public, np.where(blind, 0.0, short), np.where(blind, short, 0.0))


def _within(points: npt.NDArray[np.object_], places: gpd.GeoDataFrame) -> tuple[Places, Places]:
    """Return every pair of a point and a place that holds it, by point and place."""
    place, point = shapely.STRtree(points).query(places.geometry.to_numpy(), predicate="intersects")
    order = np.lexsort((place, point))
    return point[order], place[order]


def _texts(frame: gpd.GeoDataFrame, column: str) -> npt.NDArray[np.object_]:
    if column not in frame:
        return np.full(len(frame), "", dtype=object)
    return frame[column].fillna("").astype(str).to_numpy(dtype=object)


def _numbers(frame: gpd.GeoDataFrame, column: str) -> Floats:
    if column not in frame:
        return np.full(len(frame), np.nan)
    return np.asarray(frame[column].to_numpy(dtype=float))
