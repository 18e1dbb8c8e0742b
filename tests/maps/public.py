"""The made-up district as it may be shown to residents: every layer public, and all that their page rests on."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from qyp_geo.declarations import Analysis, Map, Overlay, Ref
from qyp_geo.frames import LayerData, Result
from tests.maps.district import EAST, NORTH, Parts, Texts, frame_of
from tests.maps.measured import SIDE, make_measured

SHOWN: Final = (
    *("analyses/coverage", "layers/streets", "layers/water", "layers/zones"),
    *("layers/estates", "layers/toilets", "layers/schools", "layers/centres"),
)


class Asked(Analysis):
    """A coverage analysis that names its layers, as real ones do."""

    demand: Ref
    network: Ref
    facilities: list[Ref]
    areas: list[Ref]


def make_public(*, texts: Texts = str) -> Parts:
    """Return the district of `make_measured` with a map for residents."""
    _, district, layers, results = make_measured(texts=texts)
    layers = {ref: public(layer, texts) for ref, layer in layers.items()}
    results["analyses/coverage"] = _asked(results["analyses/coverage"], texts)
    overlays = [
        Overlay(
            of=of,
            label=texts(of.split("/")[1]),
            popup={"open_hours": texts("开放时间")} if of == "layers/toilets" else {},
        )
        for of in SHOWN
    ]
    record = Map(title=texts("我家的十五分钟生活圈"), audience="residents", overlay=overlays, publisher=texts("示意"))
    return record, district, layers, results


def public(layer: LayerData, texts: Texts = str) -> LayerData:
    """Return a layer that may be published."""
    provenance = layer.record.provenance.model_copy(
        update={"secrecy": "公开", "may_redistribute": True, "licence": texts("CC0-1.0")}
    )
    return replace(layer, record=layer.record.model_copy(update={"provenance": provenance}))


def add_mask(parts: Parts, *bounds: float) -> Parts:
    """Return the district with a mask: a box of metres from its south-west corner."""
    record, district, layers, results = parts
    west, south, east, north = bounds
    box = shapely.box(EAST + west, NORTH + south, EAST + east, NORTH + north)
    like = layers["layers/water"]
    mask = LayerData(like.record.model_copy(update={"kind": "mask"}), frame_of("mask", ["M1"], {"name": "x"}, [box]))
    return record, district, {**layers, "layers/mask": mask}, results


def with_overlay(parts: Parts, overlay: Overlay) -> Parts:
    """Return the district with one more overlay."""
    record, *others = parts
    return record.model_copy(update={"overlay": [*record.overlay, overlay]}), *others  # type: ignore[return-value]


def with_map(parts: Parts, **update: Any) -> Parts:
    """Return the district with a map declared otherwise."""
    record, *others = parts
    return record.model_copy(update=update), *others  # type: ignore[return-value]


def _asked(coverage: Result, texts: Texts) -> Result:
    record = Asked(
        kind="coverage",
        title=coverage.record.title,
        demand="layers/residents",
        network="layers/streets",
        facilities=["layers/toilets", "layers/schools"],
        areas=["layers/zones"],
    )
    requirements = coverage.parts["requirements"].assign(reference=False, has_layer=[True, True, False])
    counted = pd.DataFrame(
        {
            "requirement": ["t5.toilet", "t10.school"],
            "facility_layer": ["layers/toilets", "layers/schools"],
            "facility": ["public_toilet-0", "S1"],
            "access_known": [True, True],
        }
    )
    edges = gpd.GeoDataFrame(coverage.parts["edges"])
    line = np.where(
        edges["v"] - edges["u"] == 1,
        "W" + (SIDE + 1 + edges["u"] // 1000).astype(str),
        "W" + (edges["u"] % 1000).astype(str),
    )
    edges["line"] = np.where(edges.geometry.isna(), "", line)
    headline = coverage.table.drop_duplicates(["level", "area"])[["level", "area"]]
    headline = headline.assign(set="", n_items_with_data=2, mean_reached=1.23)
    parts = {**coverage.parts, "requirements": requirements, "counted": counted, "edges": edges, "headline": headline}
    return replace(coverage, record=record, parts=parts)
