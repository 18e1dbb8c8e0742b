"""Where demand stands on the network: one access for an open building, one per gate for a building in a gated estate.

Both distances that a planner asks for come of it: from the door, and from the 小区出入口, without the metres inside.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

from qyp_geo.analyses.estates import Estates
from qyp_geo.analyses.gates import Numbers, exists
from qyp_geo.frames import GATE_REACH_M, LayerData
from qyp_geo.network import Positions, WalkNetwork

LONG_LEG_M: Final = 50.0
"""Off-network legs longer than this are listed."""
DOOR, GATE = "door", "gate"


@dataclass(frozen=True, slots=True)
class Standing:
    """Demand units on the network.

    Attributes
    ----------
    net
        The public network.
    points
        The demand points, by id.
    at
        Their accesses from the door, by id.
    estate
        The gated estate of each, by its number in ``estates``; -1 where it stands open.
    at_gates
        The gates' accesses, by the number of their estate.
    estates
        The gated estates; None where none are declared.
    walls
        What no straight leg crosses; None where nothing is declared.
    two_sided
        Whether the network has 干路.
    max_off_m
        The farthest that a door or a gate may be from its street.
    """

    net: WalkNetwork
    points: gpd.GeoSeries
    at: Positions
    estate: Numbers
    at_gates: Positions
    estates: Estates | None
    walls: gpd.GeoSeries | None
    two_sided: bool
    max_off_m: float

    @property
    def start(self) -> npt.NDArray[np.object_]:
        """Where the walk that is judged begins, per unit: ``gate`` or ``door``."""
        return np.where(self.estate >= 0, GATE, DOOR).astype(object)

    @property
    def estate_names(self) -> npt.NDArray[np.object_]:
        """The name of the gated estate of each unit; empty where it stands open."""
        names = [] if self.estates is None else list(self.estates.table["name"])
        return np.array([*names, ""], dtype=object)[self.estate]

    @property
    def off_m(self) -> pd.Series:
        """The leg to the street, per unit: from the door, or from the nearest gate; of the too far to the nearest street."""
        door_m = _least(self.at)
        gate_m = _least(self.at_gates).reindex(self.estate).to_numpy()
        return pd.Series(np.where(self.estate >= 0, gate_m, door_m.to_numpy()), index=self.points.index).round(3)


def stand(
    points: gpd.GeoSeries,
    net: WalkNetwork,
    *,
    max_off_m: float,
    estates: Estates | None = None,
    walls: gpd.GeoSeries | None = None,
    two_sided: bool = False,
) -> Standing:
    """Put demand on the network.

    Parameters
    ----------
    points
        Demand points, by id.
    net
        The public network: no streets inside gated estates.
    max_off_m
        The farthest that a door or a gate may be from its street.
    estates
        The gated estates.
    walls
        What no straight leg crosses (`walls_of`).
    two_sided
        Whether the network has 干路.
    """
    if estates is None:
        nowhere = np.full(len(points), -1)
        no_gates = gpd.GeoDataFrame({"estate": np.empty(0, int)}, geometry=[], crs=points.crs)
        at = net.snap(points, max_off_m=max_off_m, barriers=walls)
        return Standing(net, points, at, nowhere, net.snap(no_gates, of="estate"), None, walls, two_sided, max_off_m)
    shapes = points.to_numpy()
    estate = estates.holding(shapes)
    gates = estates.gates.geometry.to_numpy()
    inner = estates.walks(shapes, gates, of_points=estate, of_shapes=estates.gates["estate"].to_numpy())
    is_open = np.flatnonzero(estate < 0)
    unit = np.concatenate([is_open, inner["point"]])
    starts = gpd.GeoDataFrame(
        {"unit": points.index.take(unit), "walked_m": np.concatenate([np.zeros(len(is_open)), inner["walked_m"]])},
        geometry=np.concatenate([shapes[is_open], gates[inner["shape"]]]),
        crs=points.crs,
    ).iloc[np.argsort(unit, kind="stable")]
    return Standing(
        net=net,
        points=points,
        at=net.snap(starts.reset_index(drop=True), max_off_m=max_off_m, of="unit", walked_m="walked_m", barriers=walls),
        estate=estate,
        at_gates=net.snap(estates.gates, max_off_m=max_off_m, of="estate", barriers=walls),
        estates=estates,
        walls=walls,
        two_sided=two_sided,
        max_off_m=max_off_m,
    )


def walls_of(
    barriers: LayerData | None, gates: Sequence[LayerData], estates: Estates | None, *, crs: Any
) -> gpd.GeoSeries | None:
    """Return what no straight leg crosses: barriers, opened at every gate, and the walls of gated estates.

    Parameters
    ----------
    barriers
        The barriers' layer; of a polygon its outline counts.
    gates
        The gates' layers: an existing gate is an opening of what it lies within 1 m of.
    estates
        The gated estates.
    crs
        The district's reference system.
    """
    if barriers is None and estates is None:
        return None
    walls = []
    no_shapes = np.empty(0, dtype=object)
    if barriers is not None:
        shapes = barriers.frame.geometry.to_numpy()
        areal = shapely.get_dimensions(shapes) == 2
        lines = np.where(areal, shapely.boundary(shapes), shapes)
        openings = np.concatenate(
            [layer.frame[exists(layer.frame)].buffer(GATE_REACH_M).to_numpy() for layer in gates] or [no_shapes]
        )
        for wall, opening in _grouped(*shapely.STRtree(openings).query(lines, predicate="intersects")):
            lines[wall] = shapely.difference(lines[wall], shapely.union_all(openings[opening]))
        walls.append(lines[~shapely.is_empty(lines)])
    if estates is not None:
        walls.append(estates.table.boundary.to_numpy())
    return gpd.GeoSeries(np.concatenate(walls), crs=crs)


def legs_table(standing: Standing, people: npt.NDArray[np.float64]) -> pd.DataFrame:
    """Return the units whose way to the street is in doubt.

    Returns
    -------
    DataFrame
        One row per unit and doubt: ``unit``, ``people``, ``off_m``, ``doubt`` (words for readers).
    """
    off_m, at = standing.off_m, standing.at
    ids = standing.points.index
    too_far, cut_off = ids.isin(at.too_far.index), ids.isin(at.cut_off.index)
    doubts = {
        f"距可步行道路超过 {standing.max_off_m:g} 米,按不可达计,仍在分母中": too_far,
        "与道路之间被屏障隔断,按不可达计,仍在分母中": cut_off,
        f"到道路的直线超过 {LONG_LEG_M:g} 米": (off_m > LONG_LEG_M).to_numpy() & ~too_far & ~cut_off,
        "所在道路与主路网不连通,仍在分母中": (standing.net.component_of(at) > 0).to_numpy(),
    }
    rows = [
        pd.DataFrame({"unit": ids[which], "people": people[which], "off_m": off_m[which].to_numpy(), "doubt": doubt})
        for doubt, which in doubts.items()
    ]
    return pd.concat(rows, ignore_index=True)


def _least(at: Positions) -> pd.Series:
    """Return the shortest leg of each owner; of those too far or cut off the metres to the nearest street."""
    legs_m = pd.Series(at.off_m).groupby(at.owner).min().reindex(range(len(at)))
    return legs_m.set_axis(at.labels).fillna(pd.Series(at.too_far)).fillna(pd.Series(at.cut_off))


def _grouped(first: Numbers, second: Numbers) -> Iterator[tuple[int, Numbers]]:
    """Yield each number of the first array with all that stand beside it in the second."""
    for number, group in pd.Series(second).groupby(first):
        yield int(str(number)), group.to_numpy()
