"""How the share of people served depends on the limit: every kind at 300, 500, 800 and 1,000 m."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
import pandas as pd

from qyp_geo.analyses.areas import Areas
from qyp_geo.analyses.judging import NO_DATA, Floats, Judgement
from qyp_geo.standards import Requirement, kinds

LIMITS_M: Final = (300, 500, 800, 1000)


def sensitivity_table(
    areas: Areas, requirements: Sequence[Requirement], judged: Judgement, people: Floats
) -> pd.DataFrame:
    """Return the people within each distance, per area and kind of facility.

    Parameters
    ----------
    areas
        The areas and the demand units in each.
    requirements, judged
        What was asked, and what was found. Requirements of a kind that count the same facilities make one row.
    people
        Of each demand unit.

    Returns
    -------
    DataFrame
        ``level``, ``area``, ``area_name``, ``kind``, ``title``, ``people_total``, and ``people_share_300`` … of those whose
        judged walk is no longer; NaN where the kind has no layer or nobody lives.
    """
    rows = []
    people_total = areas.holds @ people
    seen = set()
    for n, requirement in enumerate(requirements):
        size = "" if requirement.min_area_m2 is None else f"(≥{requirement.min_area_m2:g}㎡)"
        if (same := (requirement.kind, judged.usable[n].tobytes())) in seen:
            continue
        seen.add(same)
        has_data = areas.holds @ (people * (judged.verdict[:, n] != NO_DATA)) > 0
        shares = {}
        for limit_m in LIMITS_M:
            within = areas.holds @ (people * (judged.judged_m[:, n] <= limit_m))
            share = within / np.where(people_total > 0, people_total, np.nan)
            shares[f"people_share_{limit_m}"] = np.where(has_data, share, np.nan)
        title = kinds()[requirement.kind].name_zh + size
        rows.append(areas.table.assign(kind=requirement.kind, title=title, people_total=people_total, **shares))
    return pd.concat(rows, ignore_index=True)
