"""How QGIS draws a layer: its symbols, labels and Chinese headings as QML, which travels in the GeoPackage."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final, Literal
from xml.etree import ElementTree as ET

import geopandas as gpd
import pandas as pd

from qyp_geo.papers.colours import CLASS_COLOURS, FACILITY_COLOURS, SHARES, WORD_COLOURS
from qyp_geo.tables import heading

Shape = Literal["point", "line", "polygon"]

_GEOMETRY: Final = {"point": "0", "line": "1", "polygon": "2"}
_SYMBOL: Final = {"point": "marker", "line": "line", "polygon": "fill"}
_DOCTYPE: Final = "<!DOCTYPE qgis PUBLIC 'http://mrcc.com/qgis.dtd' 'SYSTEM'>\n"
_MOST_CLASSES: Final = 8

_OTHERWISE: Final = "#37474f"
_COLOUR_OF: Final[Mapping[str, str]] = {
    **FACILITY_COLOURS,
    "boundary": "#3b4754",
    "units": "#6b7683",
    "water": "#7fb2cf",
    "barriers": "#5b4636",
    "streets": "#b5ada0",
    "estates": "#c89f72",
    "candidates": "#4db6ac",
    "gaps": "#a3006b",
    "gaps:links": "#00843d",
    "zones": "#7b3294",
}
_LOOKS: Final = {**WORD_COLOURS, "设施缺失": "#a3006b", "规模不足": "#7b3294", "路径不通": "#b35806"}
_TITLES: Final = {"existing": "现状", "chosen": "入选", "candidate": "未选", "left_out": "未纳入"}
_ROADS: Final[Mapping[str, tuple[str, float, str]]] = {
    "主干路": ("'motorway','trunk','primary','motorway_link','trunk_link','primary_link'", 1.0, "#9d9385"),
    "次干路": ("'secondary','tertiary','secondary_link','tertiary_link'", 0.7, "#b5ada0"),
}
_BY_WORD: Final = ("verdict", "warning", "change", "type", "role")
"""Columns by whose words rows are set apart, the first that there is."""
_FAINT: Final = frozenset({"units", "zones", "boundary", "gaps", "school_districts", "landmarks", "mask"})
"""Areas that must not hide what lies beneath them."""
_LABELLED: Final = frozenset({"units", "zones", "landmarks", "zones:table"})


@dataclass(frozen=True, slots=True)
class _Rule:
    """Which rows look how; an empty condition holds for all."""

    label: str
    condition: str
    colour: str
    width_mm: float = 0.3


def style_of(frame: gpd.GeoDataFrame, *, kind: str, shape: Shape) -> str:
    """Return the QML of a layer.

    Parameters
    ----------
    frame
        Its rows: their words are its classes, their columns have Chinese headings.
    kind
        That of the layer; ``analysis`` or ``analysis:part`` of a result.
    shape
        Of what dimension it is.
    """
    root = ET.Element("qgis", version="3.22.0", styleCategories="Symbology|Labeling|Fields|Forms")
    rules = list(_rules(frame, kind))
    renderer = ET.SubElement(root, "renderer-v2", type="RuleRenderer", symbollevels="0", enableorderby="0")
    top = ET.SubElement(renderer, "rules", key="{rules}")
    symbols = ET.SubElement(renderer, "symbols")
    for n, rule in enumerate(rules):
        said = {"key": f"{{rule-{n}}}", "symbol": str(n), "label": rule.label}
        ET.SubElement(top, "rule", said | ({"filter": rule.condition} if rule.condition else {}))
        _add_symbol(symbols, str(n), rule, shape, faint=kind in _FAINT)
    if kind in _LABELLED and "name" in frame:
        _add_labels(root)
    aliases = ET.SubElement(root, "aliases")
    for n, name in enumerate(str(column) for column in frame.columns if column != frame.geometry.name):
        ET.SubElement(aliases, "alias", field=name, index=str(n), name=heading(name))
    ET.SubElement(root, "layerGeometryType").text = _GEOMETRY[shape]
    return _DOCTYPE + ET.tostring(root, encoding="unicode")


def _rules(frame: gpd.GeoDataFrame, kind: str) -> Iterator[_Rule]:
    colour = _COLOUR_OF.get(kind, _OTHERWISE)
    if kind == "streets":
        named = ",".join(classes for classes, _, _ in _ROADS.values())
        yield _Rule("支路、小路", f"coalesce(\"street_class\", '') NOT IN ({named})", "#d5cfc5", 0.35)
        for label, (classes, width_mm, road) in reversed(list(_ROADS.items())):
            yield _Rule(label, f'"street_class" IN ({classes})', road, width_mm)
    elif kind == "landuse":
        yield _Rule("居住用地", '"residential"', "#fff2b3", 0.1)
        yield _Rule("其他建设用地", '"construction" AND NOT "residential"', "#e3dcd5", 0.1)
        yield _Rule("非建设用地", "ELSE", "#dcebd3", 0.1)
    elif "share_reached" in frame:
        below = ""
        for label, least, share in SHARES:
            yield _Rule(label, f'"share_reached" >= {least}{below}', share, 0.1)
            below = f' AND "share_reached" < {least}'
        yield _Rule("无数据", '"share_reached" IS NULL', "#ffffff", 0.1)
    elif words := _words_of(frame):
        column, found = words
        for n, word in enumerate(found):
            quoted = word.replace("'", "''")
            look = _LOOKS.get(word, CLASS_COLOURS[n % len(CLASS_COLOURS)])
            yield _Rule(_TITLES.get(word, word), f"\"{column}\" = '{quoted}'", look)
        yield _Rule("其他", "ELSE", "#e4e7eb")
    else:
        yield _Rule("", "", colour, 0.6 if kind == "boundary" else 0.3)


def _words_of(frame: gpd.GeoDataFrame) -> tuple[str, list[str]] | None:
    """Return the column that sets rows apart and its words; None where there is none, or too many."""
    for column in _BY_WORD:
        if column in frame and not pd.api.types.is_numeric_dtype(frame[column]):
            found = sorted({str(word) for word in frame[column].dropna() if word != ""})
            if 0 < len(found) <= _MOST_CLASSES:
                return column, found
    return None


def _add_symbol(parent: ET.Element, name: str, rule: _Rule, shape: Shape, *, faint: bool) -> None:
    symbol = ET.SubElement(parent, "symbol", type=_SYMBOL[shape], name=name, alpha="1", clip_to_extent="1")
    colour = _rgba(rule.colour)
    if shape == "line":
        layer_class, options = "SimpleLine", {"line_color": colour, "line_width": f"{rule.width_mm + 0.1:g}"}
    elif shape == "point":
        outline = {"outline_color": _rgba("#ffffff"), "outline_width": "0.2", "outline_style": "solid"}
        layer_class, options = "SimpleMarker", {"name": "circle", "color": colour, "size": "2.4", **outline}
    else:
        fill = _rgba(rule.colour, 26 if faint else 220)
        edge = colour if faint else _rgba("#52606d")
        options = {
            "color": fill,
            "style": "solid",
            "outline_color": edge,
            "outline_style": "dash" if faint else "solid",
        }
        layer_class, options = "SimpleFill", {**options, "outline_width": f"{rule.width_mm:g}"}
    layer = ET.SubElement(symbol, "layer", {"class": layer_class, "enabled": "1", "pass": "0", "locked": "0"})
    held = ET.SubElement(layer, "Option", type="Map")
    for option, value in options.items():
        ET.SubElement(held, "Option", type="QString", name=option, value=value)


def _rgba(colour: str, alpha: int = 255) -> str:
    red, green, blue = (int(colour[at : at + 2], 16) for at in (1, 3, 5))
    return f"{red},{green},{blue},{alpha}"


def _add_labels(root: ET.Element) -> None:
    labeling = ET.SubElement(root, "labeling", type="simple")
    settings = ET.SubElement(labeling, "settings", calloutType="simple")
    style = ET.SubElement(
        settings,
        "text-style",
        fieldName="name",
        isExpression="0",
        fontSize="9",
        textColor="31,41,51,255",
        fontSizeUnit="Point",
    )
    buffered = {"bufferDraw": "1", "bufferSize": "0.8", "bufferColor": "255,255,255,220", "bufferSizeUnits": "MM"}
    ET.SubElement(style, "text-buffer", buffered)
