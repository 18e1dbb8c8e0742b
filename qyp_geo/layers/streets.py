"""Which streets are walked, and why the others are not."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import geopandas as gpd
import numpy as np
import pandas as pd

from qyp_geo.declarations import Walk
from qyp_geo.errors import did_you_mean
from qyp_geo.layers.report import Report
from qyp_geo.layers.rows import packaged_rows
from qyp_geo.layers.tables import parse_number

_NAMED: Final = 3
_ALLOWED: Final = frozenset({"yes", "designated", "permissive", "official"})
_WITH_SIDEWALK: Final = frozenset({"yes", "both", "left", "right"})
_WORDS: Final = {
    **dict.fromkeys(["true", "1", "是", "有", "可", "可步行"], "yes"),
    **dict.fromkeys(["false", "0", "否", "无", "不可", "不可步行"], "no"),
}
_YES_OR_NO: Final = ("foot", "sidewalk", "tunnel", "bridge", "walkable", "oneway", "two_sided")
_DECIDED: Final = ("walkable", "two_sided")
_ONE_WAY: Final = frozenset({"yes", "-1"})
_ROAD_TYPES: Final = ("商业性", "生活性", "交通性")
_TAGS: Final = ("street_class", "access", "foot", "sidewalk", "tunnel", "bridge", "layer", "status", "walkable")


@dataclass(frozen=True, slots=True)
class StreetClass:
    """A row of ``walkable.csv``.

    Parameters
    ----------
    walkable
        ``yes``, ``no``, or ``tagged``: only where a sidewalk or the right to walk is tagged.
    carriageway
        Whether vehicles drive on it, so that its tunnels are not walked unless tagged.
    elevated
        Whether a bridge of it on layer 1 or above counts as an elevated road, not walked unless tagged.
    width_m
        From kerb to kerb, where a two-sided street states no width: figures of our own.
    reason
        What it is, in the reader's words.
    """

    walkable: str
    carriageway: bool
    elevated: bool
    width_m: float
    reason: str


def street_classes() -> Mapping[str, StreetClass]:
    """Every class that is known, by its OSM `highway` value."""
    return {
        row["street_class"]: StreetClass(
            row["walkable"],
            row["carriageway"] == "yes",
            row["elevated"] == "yes",
            float(row["width_m"]),
            row["reason"],
        )
        for row in packaged_rows("walkable.csv")
    }


def walked(frame: gpd.GeoDataFrame, walk: Walk, report: Report) -> gpd.GeoDataFrame:
    """Decide for each street whether it is walked; those that are not stay, to be drawn.

    Parameters
    ----------
    frame
        Canonical streets whose `walkable` and `two_sided` are still the text of the file, empty where it says nothing.
    walk
        The layer's rules.
    report
        Is told of classes that are missing or unknown; its notes get what is left out of walking, with kilometres, and which
        streets are two-sided.

    Returns
    -------
    GeoDataFrame
        The same streets, `walkable` and `two_sided` true or false; `walkable_if_open` likewise, whatever the status is;
        `width_m` where a street is two-sided.
    """
    classes = street_classes()
    if walk.default_class is not None and walk.default_class not in classes:
        report.declared(
            "walk.default_class",
            "is not a known street class",
            given=walk.default_class,
            remedy=did_you_mean(walk.default_class, classes),
        )
    for word in walk.two_sided:
        if word not in classes:
            report.declared(
                "walk.two_sided",
                "is not a known street class",
                given=word,
                remedy=did_you_mean(word, classes),
            )
    said = {tag: frame[tag].map(lambda word: _WORDS.get(word.lower(), word)) for tag in _YES_OR_NO}
    frame = frame.assign(street_class=frame["street_class"].replace("", walk.default_class or ""), **said)
    report.rows(
        frame.index[frame["street_class"] == ""],
        "no street class",
        remedy='Declare columns.street_class, or walk.default_class = "residential"',
    )
    for column in _DECIDED:
        for word in dict.fromkeys(frame[column]):
            if word not in {"", "yes", "no"}:
                report.rows(
                    frame.index[frame[column] == word],
                    f"{column} is neither yes nor no",
                    given=[word],
                    remedy="Allowed: yes, no, 是, 否",
                )
    for word in dict.fromkeys(frame["road_type"]):
        if word not in {"", *_ROAD_TYPES}:
            report.rows(
                frame.index[frame["road_type"] == word],
                "not a known road type",
                given=[word],
                remedy=did_you_mean(word, _ROAD_TYPES),
            )
    reasons = _reasons(frame, classes, walk)
    _tell(frame, reasons, classes, report)
    if_open = _reasons(frame.assign(status="existing"), classes, walk)
    frame = frame.assign(
        walkable=[reason == "" for reason in reasons], walkable_if_open=[reason == "" for reason in if_open]
    )
    return _with_sides(frame, walk, classes, report)


def _reasons(frame: gpd.GeoDataFrame, classes: Mapping[str, StreetClass], walk: Walk) -> list[str]:
    """Return why each street is not walked; empty where it is."""
    tags = frame[list(_TAGS)]
    verdict = {
        tuple(street): _why_not(dict(zip(_TAGS, street, strict=True)), classes, walk)
        for street in tags.drop_duplicates().itertuples(index=False)
    }
    return [verdict[tuple(street)] for street in tags.itertuples(index=False)]


def _with_sides(
    frame: gpd.GeoDataFrame, walk: Walk, classes: Mapping[str, StreetClass], report: Report
) -> gpd.GeoDataFrame:
    """Decide for each street whether its two sides are walked apart, and how wide it is there."""
    names = frame["street_class"].map(lambda word: word.split(";"))
    by_class = names.map(lambda words: not set(words).isdisjoint(walk.two_sided)).astype(bool)
    # Each line of a dual carriageway has one side that is walked.
    one_line = ~frame["oneway"].isin(_ONE_WAY)
    two_sided = (by_class & one_line & (frame["two_sided"] == "")) | (frame["two_sided"] == "yes")
    usual_m = names.map(lambda words: max((classes[word].width_m for word in words if word in classes), default=np.nan))
    assumed = two_sided & ~(frame["width_m"] > 0)
    walked_km = (frame.length / 1000).where(frame["walkable"], 0.0)
    if (two_sided & frame["walkable"]).any():
        guessed = assumed & frame["walkable"]
        widths = sorted(
            {f"{kind} {m:g} m" for kind, m in zip(frame["street_class"][guessed], usual_m[guessed], strict=True)}
        )
        report.note(
            f"双侧道路(只在过街处穿越)可步行 {walked_km[two_sided].sum():.2f} km"
            f",其中 {walked_km[assumed].sum():.2f} km 未标宽度"
            + (f",按等级取值(自定口径:{'、'.join(widths)})" if widths else "")
        )
    ordinary = by_class & ~one_line & ~two_sided & frame["walkable"]
    if ordinary.any():
        report.note(f"单向绘制(oneway,多为双线干路)的干路 {walked_km[ordinary].sum():.2f} km 按普通街道计,不分两侧")
    return frame.assign(two_sided=two_sided, width_m=frame["width_m"].mask(assumed, usual_m))


def _why_not(street: Mapping[str, str], classes: Mapping[str, StreetClass], walk: Walk) -> str:
    """Why a street is not walked; empty where it is. What is declared or tagged for walkers comes before its class."""
    said = {key: set(value.split(";")) for key, value in street.items()}
    by_rank = (
        (street["status"] != "existing", "规划、在建或停用"),
        (street["walkable"] == "no", "声明为不可步行"),
        (street["walkable"] == "yes", ""),
        (said["foot"] & {"no", "use_sidepath"}, "标注禁止步行(foot)"),
        (said["foot"] & _ALLOWED, ""),
        ("no" in said["access"], "标注禁止通行(access=no)"),
        (walk.private == "drop" and "private" in said["access"] | said["foot"], "私有道路(按声明不计)"),
    )
    for holds, reason in by_rank:
        if holds:
            return reason
    # An edge merged of several streets is walked only if each of them is.
    reasons = (_why_not_class(name, classes.get(name), said) for name in street["street_class"].split(";"))
    return next(filter(None, reasons), "")


def _why_not_class(name: str, kind: StreetClass | None, said: Mapping[str, set[str]]) -> str:
    if kind is None:
        return f"类别未知({name or '空'})"
    if kind.walkable == "no" or said["sidewalk"] & _WITH_SIDEWALK:
        return kind.reason if kind.walkable == "no" else ""
    below = kind.carriageway and not said["tunnel"] <= {"", "no", "building_passage"}
    above = any(parse_number(number) >= 1 for number in said["layer"]) and not said["bridge"] <= {"", "no"}
    if kind.walkable == "tagged":
        why = kind.reason
    elif below:
        why = "车行隧道"
    elif above and kind.elevated:
        why = f"高架道路或立交({kind.reason})"
    else:
        return ""
    return f"{why},未标注人行道"


def _tell(frame: gpd.GeoDataFrame, reasons: list[str], classes: Mapping[str, StreetClass], report: Report) -> None:
    km = frame.length / 1000
    told = pd.DataFrame({"reason": reasons, "name": frame["name"], "km": km})
    walked_km = told.loc[told["reason"] == "", "km"]
    report.note(f"街道 {len(frame)} 条 {km.sum():.1f} km,其中可步行 {len(walked_km)} 条 {walked_km.sum():.1f} km")
    by_reason = {reason: told[told["reason"] == reason] for reason in dict.fromkeys(reasons) if reason}
    for reason, streets in sorted(by_reason.items(), key=lambda found: -found[1]["km"].sum()):
        names = [name for name in dict.fromkeys(streets["name"]) if name]
        which = f"({'、'.join(names[:_NAMED])}{' 等' if len(names) > _NAMED else ''})" if names else ""
        report.note(f"不计入步行:{reason},{len(streets)} 条 {streets['km'].sum():.2f} km{which}")
    known = frame["street_class"].map(lambda word: set(word.split(";")) <= {"", *classes})
    for word in dict.fromkeys(frame["street_class"][~known]):
        these = frame["street_class"] == word
        report.rows(
            frame.index[these],
            f"street class is not known, so it is not walked ({km[these].sum():.2f} km)",
            given=[word],
            remedy=did_you_mean(word, classes),
            severity="warning",
        )
