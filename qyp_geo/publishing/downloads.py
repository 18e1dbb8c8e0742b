"""The public facilities of a page as files for other maps: GeoJSON and one GeoPackage, WGS 84, as the page shows them."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

import geopandas as gpd
import shapely

from qyp_geo import maps
from qyp_geo.build import file_name
from qyp_geo.crs import to_display
from qyp_geo.declarations import Map
from qyp_geo.maps.masking import mask_of, without_masked
from qyp_geo.papers import Drawn, write_package
from qyp_geo.papers.resting import data_date
from qyp_geo.record import Run
from qyp_geo.standards import kinds

_FOLDER: Final = "downloads"
_STEP_DEG: Final = 1e-6
"""To which public facilities are drawn on a page."""


def write_downloads(run: Run, pages: Mapping[str, Map], target: Path) -> dict[str, list[str]]:
    """Write the facilities of residents' pages.

    Parameters
    ----------
    run
        Holds the layers.
    pages
        The residents' pages, by reference.
    target
        The published folder.

    Returns
    -------
    dict
        The files written, relative to `target`, with the layers that each holds.
    """
    frames = dict(sorted(_facilities(run, pages).items()))
    if not frames:
        return {}
    folder = target / _FOLDER
    folder.mkdir()
    for ref, frame in frames.items():
        path = folder / f"{_name(ref)}.geojson"
        path.write_text(_geojson(run, ref, frame), encoding="utf-8", newline="\n")
    records = {ref: run.project.layers[ref] for ref in frames}
    package = folder / f"{file_name(run.project.district.name)}.gpkg"
    drawn = (Drawn(_name(ref), records[ref].title, records[ref].kind, frame) for ref, frame in frames.items())
    write_package(drawn, package, day=data_date(records.values()).isoformat())
    written = {f"{_FOLDER}/{_name(ref)}.geojson": [ref] for ref in frames}
    return {**written, f"{_FOLDER}/{package.name}": list(frames)}


def _facilities(run: Run, pages: Mapping[str, Map]) -> dict[str, gpd.GeoDataFrame]:
    """Return what each page shows of its facility layers: what exists, outside the mask, in its declared columns."""
    mask = mask_of(run.layers)
    frames = {}
    for ref, columns in _shown(run, pages):
        layer = run.layers[ref]
        if layer.record.kind not in kinds() or not maps.is_public(layer.record):
            continue
        frame = layer.frame[layer.frame["status"] == "existing"] if "status" in layer.frame else layer.frame
        frame = without_masked(gpd.GeoDataFrame(frame), mask).sort_index()
        kept = ["name", "kind", *(name for name in columns if name in frame and name not in {"name", "kind"})]
        frame = to_display(gpd.GeoDataFrame(frame[[*kept, frame.geometry.name]]))
        frames[ref] = frame.set_geometry(shapely.set_precision(frame.geometry.to_numpy(), _STEP_DEG), crs=frame.crs)
    return {ref: frame for ref, frame in frames.items() if len(frame)}


def _shown(run: Run, pages: Mapping[str, Map]) -> Iterator[tuple[str, list[str]]]:
    """Yield the layers of the pages and of the coverage analyses on them, with the columns that a page declares."""
    declared: dict[str, list[str]] = {}
    for page in pages.values():
        for overlay in page.overlay:
            rests_on = run.results[overlay.of].record.model_dump() if overlay.of in run.results else {}
            for ref in [overlay.of, *rests_on.get("facilities", [])]:
                if ref in run.layers:
                    declared.setdefault(ref, []).extend(overlay.popup if ref == overlay.of else [])
    for ref, columns in declared.items():
        yield ref, list(dict.fromkeys(columns))


def _name(ref: str) -> str:
    return ref.partition("/")[2]


def _geojson(run: Run, ref: str, frame: gpd.GeoDataFrame) -> str:
    record = run.layers[ref].record
    about = {
        "name": record.title,
        "publisher": record.provenance.publisher,
        "licence": record.provenance.licence,
        "date": (record.provenance.as_of or record.provenance.retrieved).isoformat(),
        "note": run.project.district.note,
    }
    content = json.loads(frame.rename_axis("id").reset_index().to_json(drop_id=True, na="null"))
    content.pop("crs", None)  # RFC 7946: WGS 84 and nothing else
    return json.dumps({"type": content["type"], **about, "features": content["features"]}, ensure_ascii=False) + "\n"
