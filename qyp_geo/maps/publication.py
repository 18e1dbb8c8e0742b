"""What may leave the office: what a residents' page is refused, told by the declarations alone and again when it is built."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from qyp_geo.declarations import Analysis, District, Layer, Map, Overlay, Record, references
from qyp_geo.errors import DeclarationError, Problem
from qyp_geo.frames import LayerData, Result

_PUBLIC: Final = "公开"
_NEVER: Final[Mapping[str, str]] = {
    "residents": "tells people building by building; show a coverage analysis, of which homes are drawn as classes",
    "candidates": "holds plots that nothing is decided of",
    "school_districts": "holds 施教区, which are not for residents' pages",
    "landuse": "holds land use plot by plot",
    "mask": "is what must not be seen; every mask layer of the folder is cut out without being named",
}
"""Kinds of layers that are never shown, and why."""
_ADMINISTRATIVE: Final = frozenset({"boundary", "units"})
_SHOWN_ANALYSES: Final = ("coverage", "zones")
_UNSEEN: Final = frozenset({"landuse"})
"""Kinds of layers that a coverage analysis may rest on though they are not public: nothing of them reaches the page."""
_PEOPLE: Final = re.compile(
    r"people|population|households?|residents|inhabitants|children|aged_|pupils|students|人口|人数|居民|户数|住户|学生|儿童|老人|\d岁|人/"
)
"""Words of columns that count people."""
_OSM: Final = re.compile(r"openstreetmap|(?<![a-z])osm(?![a-z])|(?<![a-z])odbl", re.IGNORECASE)
_OTHERS: Final = re.compile(r"高德|(?<![a-z])amap(?![a-z])|autonavi|百度|baidu|腾讯|tencent", re.IGNORECASE)
_ALLOWED: Final = f'Allowed on it: layers with secrecy = "{_PUBLIC}" and may_redistribute = true in [provenance]'


def is_osm(layer: Layer) -> bool:
    """Whether a layer is OpenStreetMap's, by what its provenance says or its file is called."""
    return bool(_OSM.search(_provenance(layer))) or ".osm" in layer.source.path.lower()


def is_public(layer: Layer) -> bool:
    """Whether a layer is declared 公开 and may be passed on."""
    return layer.provenance.secrecy == _PUBLIC and layer.provenance.may_redistribute


def seen_of(record: Record) -> Iterator[tuple[str, str]]:
    """Yield, as `references` does, those of its references that a residents' page shows something of: of zones the outlines."""
    of_zones = getattr(record, "kind", "") == "zones"
    yield from (one for one in references(type(record), record.model_dump()) if not of_zones or one[0] == "zones")


def require_publishable(
    record: Map, district: District, layers: Mapping[str, LayerData], results: Mapping[str, Result]
) -> None:
    """Raise `DeclarationError` with all that a residents' page is refused (`refusals`)."""
    problems = list(
        refusals(
            record,
            shown_as=f"map {record.title}",
            district=district,
            layers={reference: layer.record for reference, layer in layers.items()},
            analyses={reference: result.record for reference, result in results.items()},
        )
    )
    if problems:
        raise DeclarationError("A page cannot be for residents", problems)


def refusals(
    record: Map,
    *,
    shown_as: str,
    district: District,
    layers: Mapping[str, Layer],
    analyses: Mapping[str, Analysis],
) -> Iterator[Problem]:
    """Yield what a map declares for residents that must not be published; nothing for other maps.

    Parameters
    ----------
    record
        The map.
    shown_as
        Its file, as the user knows it.
    district
        Of its folder.
    layers, analyses
        The declarations by reference; a reference to none of them is left to the caller.
    """
    if record.audience != "residents":
        return
    coverages = [one.of for one in record.overlay if one.of in analyses and analyses[one.of].kind == "coverage"]
    if not coverages and all(one.of in layers or one.of in analyses for one in record.overlay):
        remedy = "Add an overlay of an analysis of kind coverage: what is within reach is read from it"
        yield Problem(shown_as, "overlay", "shows no coverage analysis, which a residents' page rests on", "", remedy)
    for n, reference in enumerate(record.tables):
        what = "is asked for as a table, and tables of analyses are for planners"
        yield Problem(shown_as, f"tables[{n}]", what, reference, "Remove it")
    for n, overlay in enumerate(record.overlay):
        at = f"overlay[{n}]"
        for key in ("part", "where", "colour_by", "choice"):
            if getattr(overlay, key):
                what = "chooses from the tables of an analysis, which are for planners"
                yield Problem(shown_as, f"{at}.{key}", what, str(getattr(overlay, key)), "Remove it")
        if overlay.of in layers:
            yield from _layer_refusals(overlay.of, layers[overlay.of], shown_as=shown_as, where=f"{at}.of", drawn=True)
            yield from _named_refusals(layers[overlay.of], layers, shown_as, f"{at}.of")
            if layers[overlay.of].kind in _ADMINISTRATIVE and record.exemption and not record.review_number:
                what = "draws administrative lines, which a map without a review number must not"
                yield Problem(shown_as, f"{at}.of", what, overlay.of, "Give review_number, or remove the overlay")
        elif overlay.of in analyses:
            yield from _analysis_refusals(overlay, at, shown_as, district, layers, analyses)
        else:
            continue
        yield from _popup_refusals(overlay, at, shown_as, layers)


def _analysis_refusals(
    overlay: Overlay,
    at: str,
    shown_as: str,
    district: District,
    layers: Mapping[str, Layer],
    analyses: Mapping[str, Analysis],
) -> Iterator[Problem]:
    """Yield what is wrong with showing an analysis, and with what it rests on."""
    analysis = analyses[overlay.of]
    if analysis.kind not in _SHOWN_ANALYSES:
        what = f"is an analysis of kind {analysis.kind}, which is for planners"
        yield Problem(
            shown_as, f"{at}.of", what, overlay.of, f"Allowed on a residents' page: {', '.join(_SHOWN_ANALYSES)}"
        )
        return
    if analysis.scenario is not None or district.scenario is not None:
        what = "is asked of a scenario: a residents' page shows what is there now, nothing planned"
        yield Problem(shown_as, f"{at}.of", what, overlay.of, "Show an analysis without a scenario")
    for key, reference in seen_of(analysis):
        if reference not in layers:
            continue
        layer = layers[reference]
        if layer.kind not in _UNSEEN:
            drawn = layer.kind in _ADMINISTRATIVE  # who lies in which unit shows where it ends
            where = f"{at}.of → {overlay.of} → {key}"
            yield from _layer_refusals(reference, layer, shown_as=shown_as, where=where, drawn=drawn, rests_on=True)
            yield from _named_refusals(layer, layers, shown_as, where)
            if layer.gates is not None and layer.gates in layers:
                gates = layers[layer.gates]
                yield from _layer_refusals(
                    layer.gates, gates, shown_as=shown_as, where=f"{where} → gates", drawn=False, rests_on=True
                )


def _named_refusals(layer: Layer, layers: Mapping[str, Layer], shown_as: str, where: str) -> Iterator[Problem]:
    """Yield why the layers whose places a layer has, having them by name, may not be under what is on the page."""
    found: dict[str, None] = {}
    waiting = [layer]
    for one in waiting:
        among = one.source.by_name.among if one.source.by_name is not None else []
        new = [reference for reference in among if reference in layers and reference not in found]
        found.update(dict.fromkeys(new))
        waiting += [layers[reference] for reference in new]
    for reference in found:
        named = f"{where} → by_name"
        yield from _layer_refusals(
            reference, layers[reference], shown_as=shown_as, where=named, drawn=False, rests_on=True
        )


def _layer_refusals(
    reference: str, layer: Layer, *, shown_as: str, where: str, drawn: bool, rests_on: bool = False
) -> Iterator[Problem]:
    """Yield why a layer may not be on the page, or under what is."""
    if not rests_on and layer.kind in _NEVER:
        yield Problem(shown_as, where, f"is of kind {layer.kind}: it {_NEVER[layer.kind]}", reference, "Remove it")
        return
    provenance = layer.provenance
    if provenance.secrecy != _PUBLIC:
        secrecy = f'secrecy = "{provenance.secrecy}"' if provenance.secrecy else "no secrecy declared"
        yield Problem(shown_as, where, "is not public", f"{reference}: {secrecy}", _ALLOWED)
    if not provenance.may_redistribute:
        yield Problem(shown_as, where, "may not be passed on", f"{reference}: may_redistribute = false", _ALLOWED)
    if found := _OTHERS.search(_provenance(layer)):
        what = "is a map company's data, which may not be published again"
        yield Problem(shown_as, where, what, f"{reference}: {found[0]}", "Use the bureau's own register")
    if drawn and layer.kind in _ADMINISTRATIVE and is_osm(layer):
        what = "draws administrative lines from OpenStreetMap, which are not official"
        yield Problem(
            shown_as, where, what, reference, "Use the lines of the bureau of natural resources, or remove it"
        )


def _popup_refusals(overlay: Overlay, at: str, shown_as: str, layers: Mapping[str, Layer]) -> Iterator[Problem]:
    """Yield popup columns that tell of people, or of single homes."""
    layer = layers.get(overlay.of)
    for name, heading in overlay.popup.items():
        words = (name, heading, layer.columns.get(name, "") if layer else "")
        if layer is None and name not in {"name", "area_km2"}:
            what = "is a figure of an analysis: on a residents' page these are in its table of groups"
            yield Problem(shown_as, f"{at}.popup.{name}", what, "", "Remove it")
        elif found := _first(_PEOPLE, words):
            what = "counts people, who are told of in groups alone"
            yield Problem(shown_as, f"{at}.popup.{name}", what, found, "Remove it")


def _first(pattern: re.Pattern[str], words: Iterable[str]) -> str:
    return next((word for word in words if pattern.search(word)), "")


def _provenance(layer: Layer) -> str:
    provenance = layer.provenance
    return " ".join((provenance.publisher, provenance.licence, provenance.note, layer.source.format or ""))
