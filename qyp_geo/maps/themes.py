"""Parts of results as themes: rows set apart by the values of one column."""

from __future__ import annotations

from itertools import pairwise
from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd

MOST_CLASSES: Final = 8
"""As many colours as readers with any of the common colour deficiencies tell apart."""
_STEPS: Final = 5
_SHARES: Final = (-1.0, -0.75, -0.5, -0.25, 0.0)  # the least share of each class, from all down; as in style.js
_ORDER: Final = ("达标", "未达标", "无数据", "不适用")


def theme_content(values: pd.Series, *, shares: bool = False) -> dict[str, object] | str:
    """Return the classes of a column as the page reads them, or why it has none.

    Parameters
    ----------
    values
        Words, truth values or numbers, one per row. Numbers make up to five classes of about as many rows each.
    shares
        Whether they are shares of requirements within reach, which have the classes that the page has for them.

    Returns
    -------
    dict or str
        ``labels`` of the classes (truth values as such), whether they are ``ordered`` (from less to more), and the class
        ``of`` each row, -1 where there is no value.
    """
    if shares:
        told = ["100%", "75–99%", "50–74%", "25–49%", "0–24%"]
        return {"labels": told, "shares": True, "of": share_classes(values).tolist()}
    if pd.api.types.is_numeric_dtype(values.dtype) and not pd.api.types.is_bool_dtype(values.dtype):
        return _steps(values.to_numpy(dtype=np.float64, na_value=np.nan))
    known = values.astype(object).where(values.notna(), None)
    found = {value for value in known if value is not None and value != ""}
    labels = sorted(found, key=lambda value: (_ORDER.index(value) if value in _ORDER else len(_ORDER), str(value)))
    if len(labels) > MOST_CLASSES:
        return f"has {len(labels)} different values, and a map tells no more than {MOST_CLASSES} apart"
    place = {label: n for n, label in enumerate(labels)}
    shown = [bool(label) if isinstance(label, bool | np.bool_) else str(label) for label in labels]
    return {"labels": shown, "ordered": False, "of": [place.get(value, -1) for value in known]}


def share_classes(shares: pd.Series) -> npt.NDArray[np.intp]:
    """Return the class of each share of requirements within reach, all first; -1 where there is none."""
    share = shares.to_numpy(dtype=np.float64, na_value=np.nan)
    return np.where(np.isnan(share), -1, np.searchsorted(_SHARES, -share, side="left"))


def _steps(values: np.ndarray[tuple[int], np.dtype[np.float64]]) -> dict[str, object]:
    known = values[np.isfinite(values)]
    if not known.size:
        return {"labels": [], "ordered": True, "of": [-1] * values.size}
    edges = np.unique(np.quantile(known, np.linspace(0, 1, _STEPS + 1)))
    inner = edges[1:-1]
    of = np.where(np.isfinite(values), np.searchsorted(inner, values, side="right"), -1)
    bounds = [edges[0], *inner, edges[-1]] if edges.size > 1 else [edges[0], edges[0]]
    labels = [f"{_short(low)} – {_short(high)}" for low, high in pairwise(bounds)]
    return {"labels": labels, "ordered": True, "of": of.tolist()}


def _short(value: float) -> str:
    """Return a bound to three figures, and whole numbers in full."""
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"
