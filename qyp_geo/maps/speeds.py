"""How fast people walk, and who says so: what a residents' page turns metres into minutes with."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

_STANDARD_KMH: Final = 4.0


@dataclass(frozen=True, slots=True)
class Speed:
    """A walking speed.

    Attributes
    ----------
    id
        ``standard``, ``elderly`` or ``child``.
    kmh
        Kilometres per hour.
    zh, en
        What it is called.
    sourceZh, sourceEn
        Where the figure is from. The names are those of the page's script, which reads the fields as they are.
    """

    id: str
    kmh: float
    zh: str
    en: str
    sourceZh: str  # noqa: N815
    sourceEn: str  # noqa: N815


_ELDERLY: Final = Speed(
    "elderly",
    2.88,  # 0.8 m/s
    "老年人",
    "Elderly",
    "自定口径:0.8 米/秒,英格兰 65 岁及以上女性的平均步速(Asher 等 2012,Age and Ageing 41:690–694;男性 0.9 米/秒)",
    "our own choice: 0.8 m/s, women of 65 and over in England, mean (Asher et al. 2012, Age and Ageing 41:690–694; men 0.9)",
)
_WITH_CHILD: Final = Speed(
    "child",
    3.29,  # 3.0 ft/s
    "带小孩",
    "With a child",
    "自定口径:3.0 英尺/秒,美国 MUTCD 2009 §4E.06 验算较慢行人过街时所用的步速",
    "our own choice: 3.0 ft/s, with which MUTCD 2009 §4E.06 checks that slower pedestrians can cross",
)


def speeds(walk_kmh: float) -> list[Speed]:
    """Return the speeds that a reader chooses from; the first is the district's own, on which nothing else depends."""
    if walk_kmh == _STANDARD_KMH:
        source_zh = "GB 50180-2018:十五分钟步行 1000 米,即 4 公里/小时"
        source_en = "GB 50180-2018: 1,000 m in fifteen minutes, which is 4 km/h"
    else:
        source_zh, source_en = (
            f"自定口径:本区按 {walk_kmh:g} 公里/小时",
            f"our own choice: {walk_kmh:g} km/h in this district",
        )
    return [Speed("standard", walk_kmh, "标准", "Standard", source_zh, source_en), _ELDERLY, _WITH_CHILD]
