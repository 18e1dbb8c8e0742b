"""What the figures of a paper rest on: which layers, of what time, and what was assumed."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Final

import pandas as pd

from qyp_geo.declarations import Layer, references
from qyp_geo.record import Run
from qyp_geo.standards import kinds

UNVERIFIED: Final = "未核"
_STRUCTURES: Final = {
    "barriers": "屏障",
    "boundary": "区界",
    "candidates": "候选地块",
    "crossings": "过街设施",
    "estates": "小区",
    "gates": "出入口",
    "landmarks": "点名地物",
    "landuse": "用地",
    "mask": "遮蔽范围",
    "residents": "居民",
    "school_districts": "施教区",
    "streets": "道路",
    "units": "街道与社区",
    "water": "水系",
    "zones": "分区",
}
"""What the kinds of layers that are no facilities are called."""


def kind_title(kind: str) -> str:
    """Return what a kind of layer is called."""
    return kinds()[kind].name_zh if kind in kinds() else _STRUCTURES.get(kind, kind)


def as_of(layer: Layer) -> date:
    """Return the time that a layer shows: what its provenance says, else when it was taken."""
    return layer.provenance.as_of or layer.provenance.retrieved


def data_date(layers: Iterable[Layer]) -> date:
    """Return the latest time that any of the layers shows: a paper is as new as its data."""
    return max(map(as_of, layers))


def layers_beneath(run: Run, reference: str) -> list[str]:
    """Return the layers that a layer or an analysis rests on, at whatever remove, in the order in which they are named."""
    project = run.project
    declared = {**project.layers, **project.analyses}
    found: dict[str, None] = {}
    waiting, seen = [reference], {reference}
    while waiting:
        here = waiting.pop(0)
        if here in project.layers:
            found[here] = None
        record = declared[here]
        named = [ref for _, ref in references(type(record), record.model_dump()) if ref not in seen]
        seen.update(named)
        waiting += named
    return list(found)


def times_of(layers: Iterable[Layer]) -> str:
    """Return the times that layers show, each once, with the layers of that time: ``2026-01-01(公厕、道路)``."""
    titles: dict[date, list[str]] = {}
    for layer in layers:
        titles.setdefault(as_of(layer), []).append(layer.title)
    if len(titles) == 1:
        return next(iter(titles)).isoformat()
    return ";".join(f"{day.isoformat()}({'、'.join(named)})" for day, named in sorted(titles.items()))


def unverified_sources(run: Run) -> list[str]:
    """Return the sources of figures that no one has held against the official text, each once."""
    tables = (table for result in run.results.values() for table in (result.table, *result.parts.values()))
    sources = (source for table in tables if "source" in table for source in table["source"].dropna().unique())
    return sorted({str(source) for source in sources if UNVERIFIED in str(source)})


def layers_table(run: Run) -> pd.DataFrame:
    """Return one row per declared layer: whose it is, of what time, and what may be done with it."""
    users: dict[str, list[str]] = {}
    for reference, record in run.project.analyses.items():
        for beneath in layers_beneath(run, reference):
            users.setdefault(beneath, []).append(record.title)
    rows = []
    for reference, layer in run.project.layers.items():
        provenance, source, people = layer.provenance, layer.source, layer.population
        read = run.layers.get(reference)
        rows.append(
            {
                "图层": layer.title,
                "类别": kind_title(layer.kind),
                "条数": len(read.frame) if read is not None else None,
                "发布单位": provenance.publisher,
                "现状时点": provenance.as_of.isoformat() if provenance.as_of else None,
                "获取日期": provenance.retrieved.isoformat(),
                "完整性": provenance.completeness,
                "人口口径": f"{people.base},{people.year} 年,{people.source}" if people else None,
                "位置精度(m)": provenance.accuracy_m,
                "坐标基准": "地方独立坐标系" if source.datum == "local" else source.datum,
                "许可": provenance.licence,
                "密级": provenance.secrecy or "未声明",
                "可再分发": "是" if provenance.may_redistribute else "否",
                "文件": source.shown,
                "说明": provenance.note,
                "用于": "、".join(users.get(reference, [])),
            }
        )
    return pd.DataFrame(rows)


def notes_table(run: Run) -> pd.DataFrame:
    """Return one row per assumption, by who makes it first, and one per warning of the run."""
    titles = {reference: layer.title for reference, layer in run.project.layers.items()}
    titles |= {reference: analysis.title for reference, analysis in run.project.analyses.items()}
    first: dict[str, str] = {}
    for reference, notes in run.notes.items():
        for note in notes:
            first.setdefault(note, titles[reference])
    rows = [{"性质": "口径与假设", "出自": title, "内容": note} for note, title in first.items()]
    rows += [{"性质": "运行提示", "出自": problem.file, "内容": str(problem)} for problem in run.warnings]
    return pd.DataFrame(rows, columns=["性质", "出自", "内容"])
