"""What the findings of a report have in common: the run, the language, and the ground of its maps."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from math import hypot
from typing import Any, Final

import geopandas as gpd
import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from qyp_geo.frames import Result
from qyp_geo.papers.colours import SHARES
from qyp_geo.papers.figures import Floats, Imprint, Label, Look, Shown, drawn, folded, map_sheet
from qyp_geo.papers.model import Block, Picture
from qyp_geo.papers.words import Words
from qyp_geo.record import Run

_MOST_TOGETHER: Final = 6
_MAIN: Final = ("motorway", "trunk", "primary", "secondary")


@dataclass(frozen=True, slots=True)
class Finding:
    """What is told of one result.

    Attributes
    ----------
    blocks
        Of its section.
    summary
        For the first page.
    headlines
        Key figures for the first page, as (figure, what it is).
    """

    blocks: tuple[Block, ...]
    summary: tuple[str, ...] = ()
    headlines: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Telling:
    """A run being told in one language.

    Attributes
    ----------
    publisher, date
        制图单位, and the date of the newest data, as the maps carry them.
    """

    run: Run
    words: Words
    publisher: str
    date: str
    _ground: tuple[Shown, ...] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_ground", tuple(_ground(self.run, self.words)))

    @property
    def height_m(self) -> float:
        """The height of the district."""
        return float(self._extent()[3] - self._extent()[1])

    def map(
        self,
        reference: str,
        what: str,
        title: str,
        themes: Sequence[Shown],
        *,
        alt: str,
        labels: Sequence[Label] = (),
    ) -> Picture:
        """Return a map of the district, titled as the district and what it shows."""
        district = self.run.project.district
        whole = f"{district.title}{self.words('title_joint')}{title}"

        def make() -> Figure:
            return map_sheet(
                whole, ground=self._ground, themes=themes, extent=self._extent(), imprint=self._imprint(), labels=labels
            )

        return Picture(f"{reference.split('/')[1]}_{what}", whole, alt, drawn(make), is_map=True)

    def chart(self, reference: str, what: str, title: str, make: Callable[[], Figure], *, alt: str) -> Picture:
        """Return a chart."""
        return Picture(f"{reference.split('/')[1]}_{what}", title, alt, drawn(make))

    def _extent(self) -> Floats:
        extent: Floats = self.run.layers[self.run.project.district.boundary].frame.total_bounds
        return extent

    def _imprint(self) -> Imprint:
        words, district = self.words, self.run.project.district
        publishers = dict.fromkeys(layer.record.provenance.publisher for layer in self.run.layers.values())
        sources = words("list_joint").join(publishers)
        lines = [
            words("imprint", publisher=self.publisher, date=self.date, crs=district.crs),
            *folded(words("imprint_sources", sources=sources), 150)[:2],
            *folded(district.note, 150)[:1],
        ]
        return Imprint(
            tuple(lines), words("mark"), words("legend"), words("north"), words("metres"), words("kilometres")
        )


def share_classes(
    words: Words, shapes: pd.Series[Any], share: pd.Series[Any], *, width: float, edge: str = ""
) -> list[Shown]:
    """Return shapes as classes of the share of requirements within reach; what has no data is hollow.

    Small shapes, such as homes, are edged in their own colour (an empty `edge`), which makes them large enough to be seen.
    """
    shown = []
    above = np.inf
    for label, least, colour in SHARES:
        of = (share >= least) & (share < above)
        shown.append(
            Shown(shapes[of], Look(words("share_class", share=label), colour, edge or colour, width, size=3.5))
        )
        above = least
    nothing = share.isna()
    if nothing.any():
        look = Look(words.of_data("无数据"), "white", "#8a94a0", width, dash="dotted", size=3.5)
        shown.append(Shown(shapes[nothing], look))
    return shown


def points_of(frame: pd.DataFrame) -> gpd.GeoSeries:
    """Return a point within each shape."""
    return gpd.GeoSeries(frame["geometry"]).representative_point()


def merged(labels: Sequence[Label], *, within_m: float) -> list[Label]:
    """Return labels, those that would lie on an earlier one written with it, two on a line."""
    groups: list[list[Label]] = []
    for label in labels:
        near = (group for group in groups if hypot(group[0].x - label.x, group[0].y - label.y) <= within_m)
        group = next(near, None)
        if group is None:
            groups.append([label])
        else:
            group.append(label)
    return [replace(group[0], text=_two_on_a_line([one.text for one in group])) for group in groups]


def _two_on_a_line(texts: Sequence[str]) -> str:
    if len(texts) > _MOST_TOGETHER:
        texts = [*texts[: _MOST_TOGETHER - 1], f"+{len(texts) - _MOST_TOGETHER + 1}"]
    return "\n".join(" ".join(texts[n : n + 2]) for n in range(0, len(texts), 2))


def labels_of(frame: pd.DataFrame, column: str) -> list[Label]:
    """Return each row's name at a point within its shape."""
    points = points_of(frame)
    names = ["\n".join(folded(str(name), 16)) for name in frame[column]]
    return [Label(name, x, y) for name, x, y in zip(names, points.x, points.y, strict=True)]


def told_results(run: Run) -> dict[str, Result]:
    """Return the results that are told for themselves; what another is compared with is told by the comparison."""
    compared = {after for one in run.results.values() if isinstance(after := getattr(one.record, "after", None), str)}
    return {reference: result for reference, result in run.results.items() if reference not in compared}


def _ground(run: Run, words: Words) -> list[Shown]:
    """The district's own ground, below what a map tells: its area, parks, water and streets."""
    layers = run.layers
    boundary = layers[run.project.district.boundary].frame.geometry
    of_kind: dict[str, list[pd.Series[Any]]] = {}
    for layer in layers.values():
        frame = layer.frame
        if "status" in frame:
            frame = frame[frame["status"].isna() | (frame["status"] == "existing")]
        sort = "park" if layer.record.kind in {"park", "pocket_park"} else layer.record.kind
        if sort == "streets":
            main = frame["street_class"].isin(_MAIN)
            of_kind.setdefault("lanes", []).append(frame.geometry[~main])
            of_kind.setdefault("main", []).append(frame.geometry[main])
        else:
            of_kind.setdefault(sort, []).append(frame.geometry)
    looks = {
        "park": Look(words("ground_park"), "#d9e8d0", "#b9d1aa", 0.4, marker="s", size=2),
        "water": Look(words("ground_water"), "#b8dcec", "#7fb2cf", 0.5),
        "lanes": Look(words("ground_lane"), edge="#cfc9be", width=0.4),
        "main": Look(words("ground_main"), edge="#a59b8d", width=1.1),
    }
    shown = [Shown(boundary, Look(face="#fdfcf9"))]
    shown += [Shown(shapes, look) for sort, look in looks.items() for shapes in of_kind.get(sort, [])]
    edge = Look(words("ground_boundary"), edge="#3b4754", width=1.5, dash=(0, (7, 2.5, 1.2, 2.5)))
    return [*shown, Shown(boundary, edge)]
