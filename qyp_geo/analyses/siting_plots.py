"""The plots on which something could be built: which are left out, and why; and who walks how far to the others."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

from qyp_geo.analyses.access import Facilities, Numbers, find_facilities
from qyp_geo.analyses.coverage import Coverage
from qyp_geo.analyses.inputs import Inputs
from qyp_geo.analyses.judging import MET, NO_DATA, NOT_APPLICABLE, UNMET, which_count
from qyp_geo.analyses.reach import walks_to_each
from qyp_geo.analyses.sensitivity import LIMITS_M
from qyp_geo.analyses.siting_reach import Reach
from qyp_geo.analyses.standing import Standing
from qyp_geo.frames import LayerData
from qyp_geo.standards import Requirement, Rule
from qyp_geo.standards.profiles import stated_rules

if TYPE_CHECKING:
    from qyp_geo.analyses.siting import Siting

OWN: Final = "自定口径"
TOLD: Final = ("land_use", "ownership", "bldg_m2", "origin", "zoning", "cost")
"""What is told of a plot, as far as its layer declares it."""
_NUMBERS: Final = ("bldg_m2", "cost")
_SHARED_M2: Final = 1.0
"""A plot that shares less ground than this with a red line touches it only."""


@dataclass(frozen=True, slots=True)
class Norms:
    """What the clauses say of the size of a kind of facility, as far as any does.

    Attributes
    ----------
    area
        The rule of its floor area; None where no clause gives one.
    households
        The rule of the households that it is for; likewise.
    """

    area: Rule | None
    households: Rule | None

    @property
    def least_m2(self) -> float | None:
        """The least floor area."""
        return None if self.area is None else self.area.bldg_min_m2

    @property
    def advised_m2(self) -> float | None:
        """The larger floor area that the words of the same clause advise, if they do."""
        words = None if self.area is None else re.search(r"可明确不宜小于(\d+)", self.area.strength)
        return None if words is None else float(words[1])

    def of_area(self, bldg_m2: float, least_m2: float | None) -> str:
        """Return the verdict on a floor area."""
        if least_m2 is None:
            return NOT_APPLICABLE
        return NO_DATA if np.isnan(bldg_m2) else MET if bldg_m2 >= least_m2 else UNMET

    def of_households(self, households: float) -> str:
        """Return the verdict on a number of households."""
        if self.households is None:
            return NOT_APPLICABLE
        (figure,) = self.households.figures
        if np.isnan(households):
            return NO_DATA
        least, most = figure.minimum or 0.0, figure.maximum or np.inf
        return MET if least <= households <= most else UNMET


def norms_of(kind: str, standards: Path) -> Norms:
    """Return the norms of a kind of facility, the district's own before those of the package."""
    rules = {rule.metric: rule for _, rule in stated_rules(standards) if rule.kind == kind and rule.figures}
    return Norms(area=rules.get("bldg"), households=rules.get("households"))


@dataclass(frozen=True, slots=True)
class Sites:
    """The existing facilities and the plots that can be used, and who walks to them.

    Attributes
    ----------
    table
        One row per site, numbered from 0, existing ones first: ``id``, ``name``, ``existing``, what is told of a plot (`TOLD`),
        and the geometry.
    reach
        The walks of up to the longest limit that is looked at.
    left_out
        The plots that cannot be used, likewise, with ``why``.
    n_doubtful
        Existing facilities of the kind whose access is not known; they serve nobody here.
    """

    table: gpd.GeoDataFrame
    reach: Reach
    left_out: gpd.GeoDataFrame
    n_doubtful: int

    @property
    def existing(self) -> npt.NDArray[np.bool_]:
        """Which sites stand already, shape (sites,)."""
        return self.table["existing"].to_numpy(dtype=bool)


def find_sites(
    record: Siting, question: Coverage, requirement: Requirement, given: Inputs, *, standing: Standing, norms: Norms
) -> Sites:
    """Find the sites to choose from, and those that stand.

    A plot has no entrance yet: like a facility given as a point it is reached at a point within it, straight from its street.

    Parameters
    ----------
    record, given
        The question, and the layers that it names.
    question, requirement
        The coverage analysis that it rests on, and what that asks of this kind.
    standing
        Its demand on its network.
    norms
        Of this kind.
    """
    plots = given.layers[record.candidates].frame
    refs = [ref for ref in question.facilities if given.layers[ref].record.kind in requirement.served_by]
    layers = {**given.layers, record.candidates: _as_facilities(given.layers[record.candidates], requirement.kind)}
    facilities = find_facilities([*refs, record.candidates], layers, standing=standing, max_off_m=question.max_off_m)
    is_plot = (facilities.table["layer"] == record.candidates).to_numpy()
    why = _reasons(record, given, facilities.table[is_plot].set_index("id")["doubt"], norms)

    counts, in_doubt, _ = which_count(requirement, facilities.table)
    stands = counts[~is_plot[counts]]
    numbers = np.concatenate([stands, np.flatnonzero(is_plot)[(why == "").to_numpy()]])
    ids = facilities.table.loc[stands].groupby("layer", sort=False)["id"]
    told = [_told(given.layers[str(ref)].frame.loc[of_layer]) for ref, of_layer in ids]
    return Sites(
        table=gpd.GeoDataFrame(
            pd.concat([*told, _told(plots[why == ""])], ignore_index=True).assign(
                existing=np.arange(len(numbers)) < len(stands)
            ),
            crs=plots.crs,
        ),
        reach=_reach(standing, facilities, numbers, within_m=max(*LIMITS_M, requirement.limit_m)),
        left_out=_told(plots[why != ""]).assign(why=why[why != ""].to_numpy()),
        n_doubtful=int((~is_plot[in_doubt]).sum()),
    )


def _as_facilities(layer: LayerData, kind: str) -> LayerData:
    """Return plots as facilities of a kind, each a point within the plot."""
    points = layer.frame.drop(columns="status", errors="ignore").assign(kind=kind)  # the status of a plot is its plan's
    return replace(
        layer,
        record=layer.record.model_copy(update={"kind": kind, "walled": False, "gates": None}),
        frame=points.set_geometry(points.representative_point()),
    )


def _reach(standing: Standing, facilities: Facilities, numbers: Numbers, *, within_m: float) -> Reach:
    """Return the walks to some facilities, these numbered in the order given, ascending."""
    walks = walks_to_each(standing, facilities, numbers, within_m=within_m)
    unit = np.repeat(np.arange(len(standing.points)), np.diff(walks.indptr))
    return Reach(unit, walks.target.astype(np.intp), walks.walk_m, len(standing.points), len(numbers))


def _told(frame: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Return what is told of sites; empty, or NaN for numbers, where the layer does not say."""
    columns = {
        name: frame[name] if name in frame else pd.Series(np.nan if name in _NUMBERS else "", index=frame.index)
        for name in TOLD
    }
    return gpd.GeoDataFrame(
        {"id": frame.index, "name": frame["name"], **columns}, geometry=frame.geometry, crs=frame.crs
    ).reset_index(drop=True)


def _reasons(record: Siting, given: Inputs, access: pd.Series[str], norms: Norms) -> pd.Series[str]:
    """Return why each plot is left out, by its id; empty where it is not."""
    plots = given.layers[record.candidates].frame
    reasons = pd.Series("", index=plots.index, dtype=object)
    for which, reason in _grounds(record, given, plots, access, norms):
        told = reasons[which]
        reasons[which] = told.where(told == "", told + ";") + reason
    return reasons


def _grounds(
    record: Siting, given: Inputs, plots: gpd.GeoDataFrame, access: pd.Series[str], norms: Norms
) -> Iterator[tuple[npt.NDArray[np.bool_], str | pd.Series[str]]]:
    """Yield each ground for leaving plots out: which plots, and the reason in words."""
    for plot, reason in record.forbid.items():
        yield (plots.index == plot), reason
    for one in record.unsuitable:
        said = plots[one.column].astype(str)
        which = said.isin(one.says)
        yield which.to_numpy(), said[which].map(lambda word, reason=one.reason: f"{reason}({word})")
    for line in record.red_lines:
        yield _on(plots, given.layers[line.layer].frame), line.reason
    district = given.layers[given.district.boundary].frame.union_all()
    yield ~shapely.intersects(district, plots.representative_point().to_numpy()), "在区界外"
    least_m2 = record.least_m2(norms)
    if least_m2 is not None and "bldg_m2" in plots:
        small = plots["bldg_m2"] < least_m2
        clause = OWN if record.min_bldg_m2 is not None or norms.area is None else norms.area.label()
        told = plots["bldg_m2"].map(lambda bldg_m2: f"建筑面积 {bldg_m2:g} ㎡,不足 {least_m2:g} ㎡({clause})")
        yield small.to_numpy(), told[small]
    if record.budget is not None:
        yield plots["cost"].isna().to_numpy(), "没有造价,不能计入预算"
    yield (access != "").to_numpy(), access[access != ""]


def _on(plots: gpd.GeoDataFrame, lines: gpd.GeoDataFrame) -> npt.NDArray[np.bool_]:
    """Return which plots lie on the ground of some polygons, a point within or on their border."""
    ground = lines.union_all()
    on = shapely.intersects(ground, plots.geometry.to_numpy())
    areal = shapely.get_dimensions(plots.geometry.to_numpy()) == 2
    shared_m2 = shapely.area(shapely.intersection(ground, plots.geometry.to_numpy()))
    found: npt.NDArray[np.bool_] = on & (~areal | (shared_m2 > _SHARED_M2))
    return found
