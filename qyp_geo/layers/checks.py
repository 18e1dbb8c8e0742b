"""What can be said of the layers only once all of them are read."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from qyp_geo.declarations import District
from qyp_geo.errors import Problem
from qyp_geo.frames import GATE_REACH_M, LayerData
from qyp_geo.layers.doubts.datums import doubt_datums
from qyp_geo.layers.doubts.measures import doubt_measures
from qyp_geo.layers.doubts.people import doubt_people
from qyp_geo.layers.doubts.places import doubt_places
from qyp_geo.layers.doubts.streets import doubt_streets
from qyp_geo.layers.kinds import STRUCTURES
from qyp_geo.layers.report import name_rows, show_values


def check_layers(layers: Mapping[str, LayerData], district: District) -> list[Problem]:
    """Check layers against one another.

    Parameters
    ----------
    layers
        The layers as read, by reference.
    district
        Names the boundary and the margin.

    Returns
    -------
    list of Problem
        Warnings: what is wrong but plausible (see `doubts`); street networks in several pieces; estates without a gate; gates
        and parts of what no layer holds. A street layer of which nothing is walked is an error, and so is a gates layer that
        holds no gates.
    """
    boundary, margin_m = district.boundary, district.margin_m
    found = [
        *doubt_datums(layers, boundary),
        *doubt_places(layers, boundary=boundary, margin_m=margin_m),
        *doubt_measures(layers),
        *doubt_people(layers, boundary=boundary),
        *doubt_streets(layers, boundary=boundary, margin_m=margin_m),
    ]
    for reference, layer in layers.items():
        gates = layers.get(layer.record.gates or "")
        if gates is not None and gates.record.kind != "gates":
            remedy = "Name a layer of kind gates"
            found.append(Problem(f"{reference}.toml", "gates", "names no gates", gates.record.kind, remedy))
        elif gates is not None and layer.record.kind == "estates":
            found += _without_gates(reference, layer.frame, gates.frame)
    for reference, layer in layers.items():
        gated = [one.frame.index for one in layers.values() if one.record.gates == reference]
        if layer.record.kind == "gates" and gated:
            found += _absent(reference, layer.frame, "of", gated, "gate of a place")
            found += _ambiguous(
                reference, layer.frame, {ref: one for ref, one in layers.items() if one.record.gates == reference}
            )
        elif "part_of" in layer.frame and layer.record.kind not in STRUCTURES:
            wholes = [
                one.frame.index for one in layers.values() if one.record.kind not in STRUCTURES.keys() - {"estates"}
            ]
            found += _absent(reference, layer.frame, "part_of", wholes, "part of a facility or estate")
    return found


def _without_gates(reference: str, estates: gpd.GeoDataFrame, gates: gpd.GeoDataFrame) -> Iterator[Problem]:
    """Tell of estates that no gate names, and on whose edge none stands."""
    unnamed = gates[gates["of"] == ""].geometry.to_numpy()
    edges = shapely.boundary(estates.geometry.to_numpy())
    on_edge = np.unique(shapely.STRtree(unnamed).query(edges, predicate="dwithin", distance=GATE_REACH_M)[0])
    without = estates[~estates.index.isin(gates["of"]) & ~np.isin(np.arange(len(estates)), on_edge)]
    if len(without):
        yield Problem(
            f"{reference}.toml",
            "gates",
            f"{len(without)} of {len(estates)} estates have no gate (无出入口数据)",
            show_values(without["name"].where(without["name"] != "", without.index.to_series())),
            f"Put a gate within {GATE_REACH_M:g} m of the edge, or name the estate in the gate's column of",
            severity="warning",
        )


def _ambiguous(reference: str, gates: gpd.GeoDataFrame, owners: Mapping[str, LayerData]) -> Iterator[Problem]:
    """Tell of gates whose owner's id stands in several of the layers that they serve."""
    ids = pd.Series([id_ for one in owners.values() for id_ in one.frame.index])
    doubtful = gates["of"][gates["of"].isin(ids[ids.duplicated()])]
    if len(doubtful):
        yield Problem(
            f"{reference}.toml",
            "columns.of",
            f"{len(doubtful)} gates name an id that stands in several of {', '.join(owners)}",
            show_values(doubtful),
            "Give each layer a gates layer of its own, or ids that no other layer has",
        )


def _absent(
    reference: str, frame: gpd.GeoDataFrame, column: str, ids: Iterable[pd.Index[str]], what: str
) -> Iterator[Problem]:
    """Tell of things that name, in a column, what no layer holds."""
    named = frame.loc[frame[column] != "", column]
    absent = named[~named.isin({label for index in ids for label in index})]
    if len(absent):
        yield Problem(
            f"{reference}.toml",
            name_rows("id", [str(label) for label in absent.index]),
            f"{what} that no layer holds",
            show_values(absent),
            f"Correct the column {column}; the id is that of the other layer",
            severity="warning",
        )
