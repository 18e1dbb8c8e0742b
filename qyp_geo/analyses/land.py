"""The land that statutory figures are of, and how many public toilets stand on it and along its streets.

- **Density** 座/km²: toilets that stand on a class of land, per km² of that class. The classes are those of the clause; which
  codes make them up is our own reading of the code lists (自定口径), since the clause speaks of GB 50137 only.
- **Spacing** 沿路相邻公厕的网络距离: a toilet stands along every street that passes within 50 m† of it; lines of one name and
  type are one street. Which of its toilets are neighbours is told by the least spanning tree of their walks from one
  another: along one line these are the successive ones, and a street that branches or has two carriageways needs no
  order. A street longer than (its toilets + 1) × the limit has too few, wherever they stand.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely
from scipy.sparse.csgraph import minimum_spanning_tree
from shapely.geometry.base import BaseGeometry

from qyp_geo.analyses.areas import LEVEL_OF, LEVEL_TITLE
from qyp_geo.analyses.judging import MET, NO_DATA, NOT_APPLICABLE, UNMET
from qyp_geo.declarations import District
from qyp_geo.frames import LayerData
from qyp_geo.network import Positions, WalkNetwork
from qyp_geo.standards import ToiletDensityRule, ToiletSpacingRule

NO_LANDUSE: Final = "不可计算:没有用地图层"
NO_TOILETS: Final = "没有公厕图层"
ALL_LAND: Final = "建设用地"
HOMES: Final = "居住"
STREET_REACH_M: Final = 50.0
"""A toilet stands along a street that passes within this of it."""

_LAND_CODES: Final[Mapping[str, Mapping[str, tuple[str, ...]]]] = MappingProxyType(
    {
        "ydyh2023": {
            "绿地与广场": ("14",),
            "公共管理与公共服务": ("08",),
            "商业服务业": ("09",),
            "道路交通": ("1206", "1207", "1208"),
            "工业": ("1001",),
            "仓储": ("11",),
            "公用设施": ("13",),
        },
        "gbt21010_2017": {
            "绿地与广场": ("0810",),
            "公共管理与公共服务": ("08",),
            "商业服务业": ("05",),
            "道路交通": ("1002", "1004", "1005"),
            "工业": ("0601",),
            "仓储": ("0604",),
            "公用设施": ("0809",),
        },
        "gb50137_2011": {
            "绿地与广场": ("G",),
            "公共管理与公共服务": ("A",),
            "商业服务业": ("B",),
            "道路交通": ("S",),
            "工业": ("M",),
            "仓储": ("W",),
            "公用设施": ("U",),
        },
    }
)
"""How the codes of each class of the density table begin; a code is of the class whose beginning fits it longest.

居住用地 is not among them: it is what the layer says is residential, here as in the shares of parks. Railways and
highways are in no class, as in GB 50137. The lists not here differ in single codes.
"""
_CODES_OF_OTHERS: Final[Mapping[str, tuple[str, Mapping[str, tuple[str, ...]]]]] = MappingProxyType(
    {"ydyh2020": ("ydyh2023", {}), "sd3": ("gbt21010_2017", {"仓储": ("0508",)})}
)

_SPACING_COLUMNS: Final = (
    "street",
    "road_type",
    "length_m",
    "toilets",
    "spacing_max_m",
    "spacing_mean_m",
    "limit_m",
    "verdict",
    "effect",
    "rule",
    "source",
)


@dataclass(frozen=True, slots=True)
class Ground:
    """The district and its administrative units as ground to be measured.

    Attributes
    ----------
    table
        One row per area, the district first: ``level`` (``district``, ``township``, ``community``), ``area`` (id),
        ``area_name``, and the polygon as far as it lies in the district.
    """

    table: gpd.GeoDataFrame

    def at(self, *levels: str) -> Ground:
        """Return the areas of some levels alone."""
        return Ground(self.table[self.table["level"].isin(levels)].reset_index(drop=True))

    def of_m2(self, shape: BaseGeometry) -> npt.NDArray[np.float64]:
        """Return how many m² of a shape lie in each area."""
        return np.asarray(shapely.area(shapely.intersection(self.table.geometry.to_numpy(), shape)))

    def counts(self, points: gpd.GeoSeries) -> npt.NDArray[np.intp]:
        """Return how many points lie in each area; one on the border of two counts in both."""
        area, _ = shapely.STRtree(points.to_numpy()).query(self.table.geometry.to_numpy(), predicate="intersects")
        return np.bincount(area, minlength=len(self.table))


def find_ground(units: LayerData, boundary: LayerData, district: District) -> Ground:
    """Return the district, its townships and its communities, each level in official order.

    Parameters
    ----------
    units, boundary
        The layers of these kinds.
    district
        Names the first row.
    """
    whole = boundary.frame.union_all()
    frame = units.frame.assign(level=units.frame["level"].map(LEVEL_OF))
    if "order" in frame:
        frame = frame.sort_values("order", key=pd.to_numeric, kind="stable")
    frame = pd.concat([frame[frame["level"] == level] for level in LEVEL_TITLE])
    table = gpd.GeoDataFrame(
        {
            "level": ["district", *frame["level"]],
            "area": [district.name, *frame.index.astype(str)],
            "area_name": [district.title, *frame["name"].astype(str)],
        },
        geometry=[whole, *shapely.intersection(frame.geometry.to_numpy(), whole)],
        crs=boundary.frame.crs,
    )
    return Ground(table)


def land_shape(landuse: LayerData, column: str) -> BaseGeometry:
    """Return the land of which a boolean column holds; where plots overlap it counts once."""
    return landuse.frame[landuse.frame[column].astype(bool)].union_all()


def land_classes(codes: Sequence[str], code_system: str) -> list[str]:
    """Return the class of the density table that each land-use code is of; empty where it is of none."""
    system, differing = _CODES_OF_OTHERS.get(code_system, (code_system, {}))
    begins = {begin: name for name, every in {**_LAND_CODES[system], **differing}.items() for begin in every}

    def class_of(code: str) -> str:
        fitting = [begin for begin in begins if code.startswith(begin)]
        return begins[max(fitting, key=len)] if fitting else ""

    return [class_of(str(code)) for code in codes]


def toilet_density(
    ground: Ground, toilets: gpd.GeoSeries | None, landuse: LayerData | None, rules: Sequence[ToiletDensityRule]
) -> pd.DataFrame:
    """Return how many public toilets stand on each class of land.

    Parameters
    ----------
    ground
        The areas. The table is made for cities: the district and its townships are judged, single communities are not.
    toilets
        Points; None where no layer has toilets.
    landuse
        None where there is no such layer.
    rules
        What is asked of each class, and of all construction land where the class is empty.

    Returns
    -------
    DataFrame
        One row per area and rule, and one per area for all 建设用地: ``land``, ``land_km2``, ``toilets`` that stand on it,
        ``per_km2``, ``least_per_km2`` and ``most_per_km2`` of the clause, ``short`` (whole toilets lacking),
        ``verdict``, ``effect``, ``note``, ``rule``, ``source``. More than the clause's upper figure is no shortfall. All
        建设用地 has no verdict unless a rule speaks of it.
    """
    areas = ground.at("district", "township")
    blocks = [_density(areas, toilets, landuse, rule) for rule in rules]
    if all(rule.land_class for rule in rules):
        blocks.append(_density(areas, toilets, landuse, None))
    order = np.arange(len(areas.table) * len(blocks)).reshape(len(blocks), -1).T.ravel()
    return pd.concat(blocks, ignore_index=True).iloc[order].reset_index(drop=True)


def _density(
    areas: Ground, toilets: gpd.GeoSeries | None, landuse: LayerData | None, rule: ToiletDensityRule | None
) -> pd.DataFrame:
    """Return the rows of one class of land, or of all construction land, one per area."""
    asked = rule.land_class if rule else ""
    shape, why_not = _land_asked(asked, landuse)
    land_km2 = areas.of_m2(shape) / 1e6 if shape is not None else np.full(len(areas.table), np.nan)
    on_it = (
        areas.counts(gpd.GeoSeries(toilets[toilets.intersects(shape)])).astype(float)
        if shape is not None and toilets is not None
        else np.full(len(areas.table), np.nan)
    )
    least = rule.minimum_per_km2 if rule and rule.minimum_per_km2 is not None else np.nan
    lacking = np.ceil(np.round(land_km2 * least - on_it, 9))
    no_verdict = np.isnan(least) | (land_km2 == 0)
    verdict = np.select([no_verdict, np.isnan(lacking), lacking > 0], [NOT_APPLICABLE, NO_DATA, UNMET], MET)
    return pd.DataFrame(areas.table[["level", "area", "area_name"]]).assign(
        land=asked or ALL_LAND,
        land_km2=land_km2,
        toilets=on_it,
        per_km2=on_it / np.where(land_km2 > 0, land_km2, np.nan),
        least_per_km2=least,
        most_per_km2=rule.maximum_per_km2 if rule and rule.maximum_per_km2 is not None else np.nan,
        short=np.maximum(lacking, 0.0),
        verdict=verdict,
        effect=np.where(verdict == UNMET, rule.effect if rule else "", ""),
        note=why_not or (NO_TOILETS if toilets is None else ""),
        rule=rule.id if rule else "",
        source=rule.label() if rule else "",
    )


def _land_asked(words: str, landuse: LayerData | None) -> tuple[BaseGeometry | None, str]:
    """Return the land that a rule's words (``工业、仓储、公用设施用地``) mean, or why that cannot be said."""
    if landuse is None:
        return None, NO_LANDUSE
    if not words:
        return land_shape(landuse, "construction"), ""
    classes = words.removesuffix("用地").split("、")
    known = {HOMES, *_LAND_CODES["ydyh2023"]}
    if unknown := [name for name in classes if name not in known]:
        return None, f"不可计算:“{'、'.join(unknown)}”没有对应的用地代码"
    of_plot = land_classes(list(landuse.frame["code"]), str(landuse.record.code_system))
    homes = landuse.frame["residential"].to_numpy(dtype=bool) & (HOMES in classes)
    return landuse.frame[homes | np.isin(of_plot, classes)].union_all(), ""


def toilet_spacing(
    streets: LayerData,
    toilets: gpd.GeoSeries,
    rules: Sequence[ToiletSpacingRule],
    *,
    within: BaseGeometry,
) -> tuple[pd.DataFrame, list[str]]:
    """Return how far apart public toilets stand along each named street that has a type.

    Parameters
    ----------
    streets
        With ``name``, ``walkable`` and ``road_type`` (商业性, 生活性, 交通性) of each line. Walks are along their centre lines:
        how far apart toilets stand on a street does not depend on where it is crossed.
    toilets
        Points, by id.
    rules
        The limit of each type; one that names no type is for every typed street.
    within
        The district: what lies outside is not measured.

    Returns
    -------
    tuple
        One row per street and rule, the longest first: ``street``, ``road_type``, ``length_m``, ``toilets``,
        ``spacing_max_m`` and ``spacing_mean_m`` (NaN for fewer than two toilets, infinite where no walk joins them),
        ``limit_m``, ``verdict``, ``effect``, ``rule``, ``source``; and what the figures rest on.
    """
    walkable = streets.frame[streets.frame["walkable"].astype(bool)]
    lines = walkable.assign(geometry=walkable.intersection(within))
    typed = lines[(lines["road_type"] != "") & ~lines.is_empty] if "road_type" in lines else lines.iloc[:0]
    nameless = typed["name"].fillna("") == ""
    if typed.empty:
        return pd.DataFrame(columns=_SPACING_COLUMNS), ["公厕间距:没有声明道路性质(商业性、生活性、交通性),不可计算"]
    notes = [f"公厕间距:距道路 {STREET_REACH_M:g} 米以内的公厕算在该路上(自定口径),间距为沿路网相邻公厕的步行距离"]
    if nameless.any():
        km = typed[nameless].length.sum() / 1000
        notes.append(f"公厕间距:{int(nameless.sum())} 段有道路性质而无名称的道路(共 {km:.1f} 公里)未评")
    toilets = gpd.GeoSeries(toilets[toilets.intersects(within)])
    walk = streets.record.walk
    net = WalkNetwork.from_lines(walkable, node_crossings=walk is not None and walk.node_crossings)
    at = net.snap(toilets)
    rows = [
        _street_row(str(name), str(type_), gpd.GeoSeries(group.geometry), toilets, at, net, rule)
        for (name, type_), group in typed[~nameless].groupby(["name", "road_type"], sort=False)
        for rule in rules
        if rule.road_type in {"", type_} and rule.maximum_m is not None
    ]
    table = pd.DataFrame(rows, columns=_SPACING_COLUMNS)
    return table.sort_values("length_m", ascending=False, kind="stable", ignore_index=True), notes


def _street_row(
    name: str,
    road_type: str,
    lines: gpd.GeoSeries,
    toilets: gpd.GeoSeries,
    at: Positions,
    net: WalkNetwork,
    rule: ToiletSpacingRule,
) -> dict[str, Any]:
    """Return one street's row by one rule."""
    length_m = float(lines.length.sum())
    along = np.flatnonzero(shapely.dwithin(toilets.to_numpy(), lines.union_all(), STREET_REACH_M))
    spacings_m = neighbour_spacings(at.take(along), net)
    spacing_max_m = spacings_m.max() if len(spacings_m) else np.nan
    limit_m = rule.maximum_m or np.inf
    unmet = rule.too_far(spacing_max_m) or rule.too_far(length_m / (len(along) + 1))
    return {
        "street": name,
        "road_type": road_type,
        "length_m": length_m,
        "toilets": len(along),
        "spacing_max_m": spacing_max_m,
        "spacing_mean_m": spacings_m.mean() if len(spacings_m) else np.nan,
        "limit_m": limit_m,
        "verdict": UNMET if unmet else MET if len(spacings_m) else NOT_APPLICABLE,
        "effect": rule.effect if unmet else "",
        "rule": rule.id,
        "source": rule.label(),
    }


def neighbour_spacings(at: Positions, net: WalkNetwork) -> npt.NDArray[np.float64]:
    """Return the walks between neighbours in metres: the edges of the least spanning tree of all walks, shape (n - 1,).

    Where no walk joins two groups, the spacing between them is infinite.
    """
    n = len(at)
    if n < 2:
        return np.empty(0)
    walks = net.walks_csr(at, at, within_m=np.inf)
    origin = np.repeat(np.arange(n), np.diff(walks.indptr))
    one_way = origin < walks.target
    between_m = np.zeros((n, n))
    # A metre more on every walk leaves the tree as it is, and two toilets at one place are then no missing link.
    between_m[origin[one_way], walks.target[one_way]] = walks.walk_m[one_way] + 1.0
    found_m = minimum_spanning_tree(between_m).data - 1.0
    return np.append(found_m, np.full(n - 1 - len(found_m), np.inf))
