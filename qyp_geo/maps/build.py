"""A map's declaration and what it shows become one HTML file."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from qyp_geo.declarations import District, Map, Record, references
from qyp_geo.frames import LayerData, Result
from qyp_geo.maps.basemap import basemap_content, image_hosts
from qyp_geo.maps.coverage import coverage_content, members
from qyp_geo.maps.decisions import decisions_content
from qyp_geo.maps.frame import assemble, render_frame
from qyp_geo.maps.overlays import Shown, collect, overlay_content, table_content
from qyp_geo.maps.pack import Packer, pack_text
from qyp_geo.maps.publication import is_public, require_publishable, seen_of
from qyp_geo.maps.residents import residents_content
from qyp_geo.standards import kinds

_CHECKS: Final = ("check", "says", "source", "test", "unit", "expected", "measured", "holds", "note")


def build_page(
    record: Map, *, district: District, layers: Mapping[str, LayerData], results: Mapping[str, Result]
) -> str:
    """Build one page: a single file that makes no request.

    Parameters
    ----------
    record
        The map's declaration.
    district
        Gives the page its note, and the speed that turns metres into minutes.
    layers, results
        What the overlays may refer to, by reference (``layers/toilets``, ``analyses/coverage``), in the district CRS.

    Returns
    -------
    str
        The HTML. The same input gives the same text. Data, titles included, is in it only as gzip + base64; the page's
        script shows it as text and sets ``data-ready="1"`` on ``<html>`` when it is drawn.

    Raises
    ------
    DeclarationError
        With every overlay that cannot be shown, or that residents must not see (`publication.refusals`).
    MissingError
        If an asset of the page is missing.
    """
    packer = Packer()
    if record.audience == "residents":
        require_publishable(record, district, layers, results)
        content = residents_content(record, district=district, layers=layers, results=results, packer=packer)
    else:
        content = _planners_content(record, district, layers, results, packer)
    content = {**_common_content(record, district, layers, results), **content}
    blocks = {"qyp-text": pack_text(content), "qyp-numbers": packer.numbers()}
    return assemble(render_frame(), blocks, audience=record.audience, image_hosts=image_hosts(record))


def _common_content(
    record: Map, district: District, layers: Mapping[str, LayerData], results: Mapping[str, Result]
) -> dict[str, object]:
    """Return what a page of either audience says of itself."""
    for_residents = record.audience == "residents"
    rests_on = dict.fromkeys(_seen(record, results) if for_residents else _rests_on(record, district, results))
    sources = [layers[reference] for reference in rests_on if reference in layers]
    if for_residents:
        sources = [one for one in sources if is_public(one.record)]
    dates = [day for one in sources for day in (one.record.provenance.as_of, one.record.provenance.retrieved) if day]
    known = kinds()
    own = [one.record.kind for one in sources if one.record.kind in known]
    return {
        "audience": record.audience,
        "title": record.title,
        "languages": record.language,
        "reviewNumber": record.review_number,
        "exemption": record.exemption.model_dump(mode="json") if record.exemption else None,
        "publisher": record.publisher,
        "basemap": basemap_content(record),
        "date": max(dates).isoformat() if dates else "",
        "district": {
            "name": district.name,
            "title": district.title,
            "note": district.note,
            "walkKmh": district.walk_kmh,
        },
        "kinds": {key: [known[key].name_zh, known[key].name_en] for key in (*known, *own)},
        "sources": [_source(one) for one in sources],
    }


def _planners_content(
    record: Map,
    district: District,
    layers: Mapping[str, LayerData],
    results: Mapping[str, Result],
    packer: Packer,
) -> dict[str, object]:
    shown = collect(record, layers=layers, results=results)
    return {
        "overlays": [overlay_content(one, packer) for one in shown],
        **_analyses_content(shown, results, packer),
        "decisions": decisions_content([*(one.of for one in record.overlay), *record.tables], results),
        "notes": list(dict.fromkeys(_notes(record, district, layers, results))),
    }


def _analyses_content(shown: list[Shown], results: Mapping[str, Result], packer: Packer) -> dict[str, object]:
    """Return the figures behind the overlays that are analyses."""
    content: dict[str, object] = {}
    units = next((one.frame.index for one in shown if one.role == "coverage"), None)
    for one in shown:
        result = results.get(one.overlay.of)
        if result is None:
            continue
        if one.role == "coverage" and units is not None:
            content["coverage"] = coverage_content(result, units, packer)
        elif one.role == "gaps" and units is not None:
            content["members"] = members(result, rows=one.frame.index, units=units, packer=packer)
        elif one.role == "zones" and "checks" in result.parts:
            content["checks"] = table_content(result.parts["checks"], _CHECKS)
    return content


def _rests_on(record: Record, district: District, results: Mapping[str, Result]) -> Iterator[str]:
    """Yield every layer and analysis that a planners' page rests on, directly or through analyses, and the boundary."""
    for _, reference in references(type(record), record.model_dump()):
        yield reference
        if reference in results:
            yield from _rests_on(results[reference].record, district, results)
    yield district.boundary


def _seen(record: Record, results: Mapping[str, Result]) -> Iterator[str]:
    """Yield every layer and analysis that a residents' page shows something of: what it does not show it does not name."""
    for _, reference in seen_of(record):
        yield reference
        if reference in results:
            yield from _seen(results[reference].record, results)


def _source(layer: LayerData) -> dict[str, object]:
    provenance = layer.record.provenance
    return {
        "title": layer.record.title,
        "publisher": provenance.publisher,
        "licence": provenance.licence,
        "retrieved": provenance.retrieved.isoformat(),
        "asOf": provenance.as_of.isoformat() if provenance.as_of else "",
        "completeness": provenance.completeness or "",
        "note": provenance.note,
        "rows": len(layer.frame),
    }


def _notes(
    record: Map, district: District, layers: Mapping[str, LayerData], results: Mapping[str, Result]
) -> Iterator[str]:
    for reference in _rests_on(record, district, results):
        found = layers.get(reference) or results.get(reference)
        yield from found.notes if found else ()
