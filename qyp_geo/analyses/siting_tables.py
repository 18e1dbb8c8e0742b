"""What the schemes amount to, as tables: each scheme, each site, who gains, who is left, and how it holds at other limits."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd

from qyp_geo.analyses.access import Numbers
from qyp_geo.analyses.areas import Areas
from qyp_geo.analyses.judging import MET, NOT_APPLICABLE, Bools, Floats
from qyp_geo.analyses.shares import MARKS
from qyp_geo.analyses.siting_plots import TOLD, Norms, Sites
from qyp_geo.analyses.siting_reach import Reach
from qyp_geo.analyses.siting_schemes import Scheme
from qyp_geo.locate.plan import Plan, relative_gap
from qyp_geo.standards import Requirement

PROVEN: Final = "模型内最优"
UNPROVEN: Final = "模型内最优未证明"
NEARLY: Final = "模型内次优"
NO_PLOT: Final = "没有候选地块可达"
NOT_CHOSEN: Final = "有候选地块可达,本方案未选"
NO_WAY: Final = "距可步行道路过远或被隔断"
_SCHEME: Final = (
    *(
        "scheme",
        "name",
        "sites",
        "n_sites",
        "differs",
        "people_differ",
        "limit_m",
        "people_gained",
        "people_before",
        "people_after",
    ),
    *("people_total", "people_share", "people_unserved", "people_unreachable", "people_uncertain", "people_no_data"),
    *("people_basis", "objective", "bound", "gap_share", "best_share", "status", "n_area_ok", "n_households_ok"),
    *("cost", "source"),
)
_HOLDING: Final = (
    *("scheme", "name", "limit_m", "people_gained", "people_before", "people_after", "people_total", "people_share"),
    *("best_share", "best_sites"),
)

Names = npt.NDArray[np.object_]


@dataclass(frozen=True, slots=True)
class Case:
    """All that the tables rest on; arrays have the shape (demand units,).

    Attributes
    ----------
    requirement, has_data
        What is to be met, and whether any layer tells of existing facilities of this kind.
    units
        The demand units of the coverage result.
    people, weight
        Of each; what each weighs in the model.
    households
        Likewise; None where they are not known.
    now_m
        The walk to the nearest existing facility; NaN where there is none within the search.
    uncertain, no_data
        边界不确定, and 无数据, by the coverage result.
    areas, sites, norms
        Where they live, where facilities stand or could, and what the clauses say of their size.
    """

    requirement: Requirement
    has_data: bool
    units: gpd.GeoDataFrame
    people: Floats
    weight: Floats
    households: Floats | None
    now_m: Floats
    uncertain: Bools
    no_data: Bools
    areas: Areas
    sites: Sites
    norms: Norms

    @property
    def near(self) -> Reach:
        """The walks within the limit."""
        return self.sites.reach.within(self.requirement.limit_m, strict=self.requirement.strict)

    @property
    def served_now(self) -> Bools:
        """Who is served by what stands."""
        return self.near.served(self.sites.existing)

    def opened(self, sites: Numbers) -> Bools:
        """Return which sites are open if some are added to the existing ones, shape (sites,)."""
        opened: Bools = self.sites.existing.copy()
        opened[sites] = True
        return opened

    def count(self, which: Bools) -> float:
        """Return the people of some units."""
        return float(self.people[which].sum())

    def named(self, sites: Numbers) -> str:
        """Return the names of some sites."""
        return "、".join(self.sites.table["name"].to_numpy()[sites])


def _or_present(schemes: Sequence[Scheme]) -> Sequence[Scheme]:
    """Return the schemes; where there is none, one that adds nothing, so that what stands is told."""
    return schemes or [Scheme("", "", np.empty(0, dtype=int), 0.0, 0.0, proven=False)]


def scheme_table(case: Case, schemes: Sequence[Scheme]) -> pd.DataFrame:
    """Return one row per scheme, the best first.

    ``best_share`` is the objective over the best scheme's bound, ``differs`` the number of sites that the best scheme has not,
    and ``people_differ`` the people whom only one of the two serves. ``people_unreachable`` live beyond the limit of every
    existing facility and of every plot that can be used.
    """
    near, before, total = case.near, case.served_now, float(case.people.sum())
    unreachable = ~near.served(np.ones(near.n_sites, dtype=bool))
    cost = case.sites.table["cost"].to_numpy(dtype=float)
    rows = []
    for scheme in schemes:
        opened, chosen = case.opened(scheme.sites), scheme.sites
        served = near.served(opened)
        gained = served & ~before
        site, _ = near.nearest(opened)
        households = _verdicts_on_households(case, _sum_households(case, site))
        rows.append(
            {
                "scheme": scheme.id,
                "name": scheme.name,
                "sites": case.named(chosen),
                "n_sites": len(chosen),
                "differs": len(np.setdiff1d(chosen, schemes[0].sites)),
                "people_differ": case.count(served != near.served(case.opened(schemes[0].sites))),
                "limit_m": case.requirement.limit_m,
                "people_gained": case.count(gained),
                "people_before": case.count(before),
                "people_after": case.count(served),
                "people_total": total,
                "people_share": case.count(served) / total,
                "people_unserved": case.count(~served),
                "people_unreachable": case.count(unreachable),
                "people_uncertain": case.count(gained & case.uncertain),
                "people_no_data": case.count(gained & case.no_data),
                "people_basis": _basis(case, np.ones((1, len(case.people))))[0],
                "objective": scheme.objective,
                "bound": scheme.bound,
                "gap_share": relative_gap(scheme.objective, scheme.bound),
                "best_share": _share_of(scheme.objective, scheme.bound),
                "status": _word(scheme),
                "n_area_ok": int((_verdicts_on_area(case, case.norms.least_m2)[chosen] == MET).sum()),
                "n_households_ok": int((households[chosen] == MET).sum()),
                "cost": cost[chosen].sum(),
                "source": case.requirement.label(),
            }
        )
    return pd.DataFrame(rows, columns=list(_SCHEME))


def _word(scheme: Scheme) -> str:
    if not scheme.proven:
        return UNPROVEN
    return PROVEN if relative_gap(scheme.objective, scheme.bound) == 0 else NEARLY


def _share_of(objective: float, bound: float) -> float:
    """Return an objective over a bound: 1 where nothing but rounding is between them, NaN where nobody can be gained."""
    if bound <= 0:
        return np.nan
    return 1.0 if relative_gap(objective, bound) == 0 else objective / bound


def sites_table(case: Case, schemes: Sequence[Scheme]) -> gpd.GeoDataFrame:
    """Return per scheme every existing site, chosen plot and other plot, and once the plots that are left out.

    Of a chosen site: ``people_added`` are newly covered and nearest to it (they sum to the gain), ``people_served``
    all whose nearest it is. ``people_margin`` is by how much the scheme's people would differ without it or, for another plot,
    with it; ``people_alone`` what a plot would add if it were the only one.
    """
    near, table, existing = case.near, case.sites.table, case.sites.existing
    alone = np.where(existing, np.nan, near.margin(existing, case.people))
    newly = case.people * ~case.served_now
    parts = []
    for scheme in _or_present(schemes):
        opened = case.opened(scheme.sites)
        site, _ = near.nearest(opened)
        added = np.where(opened & ~existing, _sums(site, newly, near.n_sites), np.nan)
        margin = near.margin(opened, case.people)
        role = np.select([existing, opened], ["existing", "chosen"], "candidate").astype(object)
        households = np.where(opened, _sum_households(case, site), np.nan)
        parts.append(
            table[["id", "name", *TOLD, "geometry"]].assign(
                scheme=scheme.id,
                role=role,
                why=[_why(*one) for one in zip(role, added, margin, strict=True)],
                people_added=added,
                people_margin=margin,
                people_alone=alone,
                people_served=np.where(opened, _sums(site, case.people, near.n_sites), np.nan),
                households=households,
                households_ok=np.where(opened, _verdicts_on_households(case, households), NOT_APPLICABLE),
                served_communities=_communities(case, site, near.n_sites),
            )
        )
    left_out = case.sites.left_out.assign(
        scheme="", role="left_out", households_ok=NOT_APPLICABLE, served_communities=""
    )
    for column in ("people_added", "people_margin", "people_alone", "people_served", "households"):
        left_out[column] = np.nan
    every = gpd.GeoDataFrame(pd.concat([*parts, left_out[parts[0].columns]], ignore_index=True), crs=table.crs)
    norms = case.norms
    every = every.assign(
        area_ok=[norms.of_area(bldg_m2, norms.least_m2) for bldg_m2 in every["bldg_m2"]],
        area_advised=[norms.of_area(bldg_m2, norms.advised_m2) for bldg_m2 in every["bldg_m2"]],
        area_source="" if norms.area is None else norms.area.label(),
        households_source="" if norms.households is None else norms.households.label(),
    )
    first = ["scheme", "role", "id", "name", "why"]
    return gpd.GeoDataFrame(every[[*first, *(column for column in every if column not in first)]], crs=table.crs)


def _why(role: str, added: float, margin: float) -> str:
    """Return why a site is where it is, in words; people to tens."""
    match role:
        case "existing":
            return "现状保留"
        case "chosen":
            return f"新增 {_tens(added)} 人,其中 {_tens(margin)} 人只有此处可达"
        case _:
            return f"未选:本方案之外再加此处,新增 {_tens(margin)} 人"


def _tens(people: float) -> str:
    return f"{np.floor(people / 10 + 0.5) * 10:,.0f}"


def _sums(site: Numbers, of_unit: Floats, n_sites: int) -> Floats:
    """Return, by site, the sum over the units whose nearest it is."""
    has_one = site >= 0
    return np.bincount(site[has_one], weights=of_unit[has_one], minlength=n_sites).astype(
        float
    )  # whole numbers without any


def _sum_households(case: Case, site: Numbers) -> Floats:
    """Return the households whose nearest each site is; NaN where households are not known."""
    n_sites = len(case.sites.table)
    return np.full(n_sites, np.nan) if case.households is None else _sums(site, case.households, n_sites)


def _verdicts_on_households(case: Case, households: Floats) -> Names:
    return np.array([case.norms.of_households(number) for number in households], dtype=object)


def _verdicts_on_area(case: Case, least_m2: float | None) -> Names:
    return np.array([case.norms.of_area(bldg_m2, least_m2) for bldg_m2 in case.sites.table["bldg_m2"]], dtype=object)


def _communities(case: Case, site: Numbers, n_sites: int) -> list[str]:
    """Return, by site, the communities of the units whose nearest it is."""
    served = pd.Series(case.units["community"].to_numpy()[site >= 0]).groupby(site[site >= 0]).unique()
    return ["、".join(filter(None, served.get(n, []))) for n in range(n_sites)]


def gained_table(case: Case, schemes: Sequence[Scheme]) -> gpd.GeoDataFrame:
    """Return one row per scheme and demand unit that it newly covers, with the nearest new site and the walk to it."""
    near, before = case.near, case.served_now
    names = case.sites.table["name"].to_numpy(dtype=object)
    parts = []
    for scheme in schemes:
        site, walk_m = near.nearest(case.opened(scheme.sites))
        which = np.flatnonzero((site >= 0) & ~before)
        parts.append(
            _shown(case, which).assign(
                scheme=scheme.id,
                site=case.sites.table["id"].to_numpy(dtype=object)[site[which]],
                site_name=names[site[which]],
                site_walk_m=walk_m[which],
                uncertain=case.uncertain[which],
            )
        )
    nobody = _shown(case, np.empty(0, dtype=int))
    return gpd.GeoDataFrame(pd.concat(parts, ignore_index=True) if parts else nobody, crs=case.units.crs)


def unserved_table(case: Case, schemes: Sequence[Scheme]) -> gpd.GeoDataFrame:
    """Return one row per demand unit that some scheme leaves uncovered (without a scheme: that is uncovered), and why."""
    near = case.near
    left = [~near.served(case.opened(scheme.sites)) for scheme in schemes] or [~case.served_now]
    which = np.flatnonzero(np.any(left, axis=0))
    reachable = near.served(np.ones(near.n_sites, dtype=bool))[which]
    no_way = (case.units["too_far"] | case.units["cut_off"]).to_numpy(dtype=bool)[which]
    left_by = list(zip((scheme.name for scheme in schemes), left, strict=False))
    return _shown(case, which).assign(
        schemes=["、".join(name for name, is_left in left_by if is_left[n]) for n in which],
        why=np.select([reachable, no_way], [NOT_CHOSEN, NO_WAY], NO_PLOT).astype(object),
        nearest_walk_m=case.now_m[which],
        uncertain=case.uncertain[which],
    )


def _shown(case: Case, which: Numbers) -> gpd.GeoDataFrame:
    """Return what is told of some demand units."""
    units = case.units.iloc[which]
    told = units[["name", "people", "estate", "township", "community", "zones", "geometry"]]
    return gpd.GeoDataFrame(told.assign(unit=units.index).reset_index(drop=True), crs=units.crs)


def shares_by_area(case: Case, schemes: Sequence[Scheme]) -> pd.DataFrame:
    """Return one row per scheme and area: the people covered before and after, and those gained.

    Without a scheme there are rows of none, which tell of the present.
    """
    near, holds = case.near, case.areas.holds
    total, before = holds @ case.people, holds @ (case.people * case.served_now)
    parts = []
    for scheme in _or_present(schemes):
        after = holds @ (case.people * near.served(case.opened(scheme.sites)))
        parts.append(
            case.areas.table.assign(
                scheme=scheme.id,
                people_gained=after - before,
                people_before=before,
                people_after=after,
                people_total=total,
                people_share=after / np.where(total > 0, total, np.nan),
                people_basis=_basis(case, holds),
            )
        )
    return pd.concat(parts, ignore_index=True)


def _basis(case: Case, holds: Any) -> list[str]:
    """Return, by area, how its people were counted where that is no count: 估算, 均摊."""
    marked = {
        mark: holds @ (case.people * case.units[column].to_numpy(dtype=bool)) > 0 for mark, column in MARKS.items()
    }
    return ["、".join(mark for mark in marked if marked[mark][n]) for n in range(holds.shape[0])]


def holding_table(case: Case, schemes: Sequence[Scheme], best_at: Mapping[float, Plan | None]) -> pd.DataFrame:
    """Return one row per scheme and limit: what the same sites amount to there, and what the best there would.

    ``best_share`` is the scheme's objective at that limit over the bound of the best choice of as many sites for it; NaN where
    no plot serves anybody who is not served.
    """
    rows = []
    total = float(case.people.sum())
    for scheme in schemes:
        for limit_m, best in best_at.items():
            near = case.sites.reach.within(limit_m)
            before, after = near.served(case.sites.existing), near.served(case.opened(scheme.sites))
            rows.append(
                {
                    "scheme": scheme.id,
                    "name": scheme.name,
                    "limit_m": limit_m,
                    "people_gained": case.count(after & ~before),
                    "people_before": case.count(before),
                    "people_after": case.count(after),
                    "people_total": total,
                    "people_share": case.count(after) / total,
                    "best_share": np.nan
                    if best is None
                    else _share_of(float(case.weight[after & ~before].sum()), best.bound),
                    "best_sites": "" if best is None else case.named(best.chosen.to_numpy(dtype=int)),
                }
            )
    return pd.DataFrame(rows, columns=list(_HOLDING))


def curve_table(case: Case, curve: Sequence[Plan]) -> pd.DataFrame:
    """Return one row per number of new sites: the best choice, what it gains, and its bound."""
    near, before, total = case.near, case.served_now, float(case.people.sum())
    sites = [plan.chosen.to_numpy(dtype=int) for plan in curve]
    after = [case.count(near.served(case.opened(chosen))) for chosen in sites]
    gained = [people - case.count(before) for people in after]
    return pd.DataFrame(
        {
            "n_new": [len(chosen) for chosen in sites],
            "sites": [case.named(chosen) for chosen in sites],
            "people_gained": gained,
            "people_more": np.diff([0.0, *gained]),
            "people_after": after,
            "people_total": total,
            "people_share": [people / total for people in after],
            "objective": [plan.objective for plan in curve],
            "bound": [plan.bound for plan in curve],
            "gap_share": [plan.gap for plan in curve],
            "status": [PROVEN if plan.status == "optimal" else UNPROVEN for plan in curve],
        }
    )
