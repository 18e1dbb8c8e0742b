"""What a standard's value says in figures: "800-1000", ">=70", "<=300,宜150-250" and the like.

The grammar is small on purpose. A value is one or more pieces, separated by ``;``, ``,``, `` / `` or a bracket; a piece
is a label, a comparison, a number or a range, a unit and some words, of which only the number must be there; an area
may stand before it (``>=5000m2→500``: parks from 5,000 m², within 500). Whatever does not fit is not guessed at: the
whole value is then not computable, and says why.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache

# As people type them on a Chinese keyboard.
_TYPED = str.maketrans(
    {"≥": ">=", "≤": "<=", "＞": ">", "＜": "<", "；": ";", "，": ",", "（": "(", "）": ")", "～": "-", "–": "-"}
)
# A comma between digits is no separator: "1,000" must not read as 1 and 0.
_SEPARATOR = re.compile(r"\s*(?:[;(]|,(?!\d))\s*|\s+/\s+")
_NUMBER = r"\d+(?:\.\d+)?"
_WORDS = r"[\u4e00-\u9fff]*"
_PIECE = re.compile(
    rf"(?P<label>{_WORDS})(?P<sign>[<>]=?)?(?P<low>{_NUMBER})(?:-(?P<high>{_NUMBER}))?"
    rf"(?:(?P<unit>m2|hm2|min|m|%|万人|车位/户)\s*(?P<words>{_WORDS}))?"
)
_AREA = re.compile(
    rf"(?P<place>{_WORDS})(?:>=(?P<from>{_NUMBER})|(?P<low>{_NUMBER})-(?P<high>{_NUMBER}))m2→(?P<rest>.+)"
)


@dataclass(frozen=True, slots=True)
class Figure:
    """One figure of a rule.

    Parameters
    ----------
    minimum, maximum
        The bounds, in `unit`; None where there is none.
    unit
        The unit as the source writes it (``m``, ``hm2``, ``座/km2``).
    condition
        When or of what it holds (``新区``, ``宽``, ``宜``); empty where always.
    strict
        Whether the bounds themselves are outside (``<400``).
    min_area_m2, max_area_m2
        The size of the facilities that the figure is about, inclusive.
    """

    minimum: float | None
    maximum: float | None
    unit: str
    condition: str = ""
    strict: bool = False
    min_area_m2: float | None = None
    max_area_m2: float | None = None


@cache
def parse_value(value: str, *, unit: str, ceiling: bool, parts: tuple[str, ...] = ()) -> tuple[tuple[Figure, ...], str]:
    """The figures of a value, and why there are none.

    Parameters
    ----------
    value
        The source's text.
    unit
        The source's unit; ``"hm2 / m"`` gives one to each figure.
    ceiling
        Whether a bare number is the most that is allowed (a distance) or the least (an area, a share).
    parts
        What each figure is of, where only the rule's name says so (``用地``, ``建筑``).

    Returns
    -------
    tuple
        The figures and an empty text, or no figures and the reason.
    """
    if not value:
        return (), "来源没有数值"
    pieces = [piece for piece in _SEPARATOR.split(value.translate(_TYPED).replace(")", "")) if piece]
    units = ["" if one == "-" else one for one in unit.split(" / ")]
    if len(units) != len(pieces):
        units = ["" if unit == "-" else unit] * len(pieces)
    if parts and len(parts) != len(pieces):
        return (), f"有 {len(pieces)} 个数值,却有 {len(parts)} 个名称"
    labels = parts or ("",) * len(pieces)

    figures = []
    for piece, piece_unit, label in zip(pieces, units, labels, strict=True):
        figure = _parse_piece(piece, unit=piece_unit, ceiling=ceiling, label=label)
        if figure is None:
            return (), f"“{piece}”读不出可比较的数值"
        figures.append(figure)
    return tuple(figures), ""


def _parse_piece(piece: str, *, unit: str, ceiling: bool, label: str) -> Figure | None:
    """The figure of one piece, None where it does not fit the grammar."""
    min_area_m2 = max_area_m2 = None
    if area := _AREA.fullmatch(piece):
        label = area["place"]
        min_area_m2 = float(area["from"] or area["low"])
        max_area_m2 = float(area["high"]) if area["high"] else None
        piece = area["rest"]
    found = _PIECE.fullmatch(piece)
    if found is None or (found["sign"] and found["high"]):
        return None
    times = 10_000 if found["unit"] == "万人" else 1
    low = float(found["low"]) * times
    high = float(found["high"]) * times if found["high"] else None
    if high is not None and low > high:
        return None
    is_ceiling = found["sign"].startswith("<") if found["sign"] else ceiling
    return Figure(
        minimum=None if high is None and is_ceiling else low,
        maximum=high if high is not None else (low if is_ceiling else None),
        unit="人" if found["unit"] == "万人" else found["unit"] or unit,
        condition=label or found["label"] or found["words"] or "",
        strict=found["sign"] in {"<", ">"},
        min_area_m2=min_area_m2,
        max_area_m2=max_area_m2,
    )
