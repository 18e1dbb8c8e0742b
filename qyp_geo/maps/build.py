"""A map's declaration and what it shows become one HTML file."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from qyp_geo.declarations import District, Map, Record, references
from qyp_geo.errors import QypGeoError
from qyp_geo.frames import LayerData, Result
from qyp_geo.maps.coverage import coverage_content, members
from qyp_geo.maps.frame import assemble, render_frame
from qyp_geo.maps.overlays import Shown, collect, overlay_content, table_content
from qyp_geo.maps.pack import Packer, pack_text
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
        With every overlay that cannot be shown.
    MissingError
        If an asset of the page is missing.
    QypGeoError
        If the page is for residents: exact people per building must not be published, and the rules for what may be are not
        part of this page.
    """
    if record.audience != "planners":
        raise QypGeoError(
            f'map {record.title}: audience = "{record.audience}" cannot be built: this page tells people building by building, '
            'which must not be published. Set audience = "planners" and keep the page inside the office'
        )
    shown = collect(record, layers=layers, results=results)
    packer = Packer()
    rests_on = list(dict.fromkeys(_rests_on(record, district, results)))
    content = {
        "title": record.title,
        "languages": record.language,
        "reviewNumber": record.review_number,
        "district": {
            "name": district.name,
            "title": district.title,
            "note": district.note,
            "walkKmh": district.walk_kmh,
        },
        "kinds": {kind.kind: [kind.name_zh, kind.name_en] for kind in kinds().values()},
        "overlays": [overlay_content(one, packer) for one in shown],
        **_analyses_content(shown, results, packer),
        "sources": [_source(layers[reference]) for reference in rests_on if reference in layers],
        "notes": list(dict.fromkeys(_notes(rests_on, layers, results))),
    }
    return assemble(render_frame(), {"qyp-text": pack_text(content), "qyp-numbers": packer.numbers()})


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
    """Yield every layer and analysis that a record refers to, directly or through analyses, and the boundary."""
    for _, reference in references(type(record), record.model_dump()):
        yield reference
        if reference in results:
            yield from _rests_on(results[reference].record, district, results)
    yield district.boundary


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


def _notes(rests_on: list[str], layers: Mapping[str, LayerData], results: Mapping[str, Result]) -> Iterator[str]:
    for reference in rests_on:
        found = layers.get(reference) or results.get(reference)
        yield from found.notes if found else ()
