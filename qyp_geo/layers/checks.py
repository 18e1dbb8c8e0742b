"""What can be said of the layers only once all of them are read."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from qyp_geo.declarations import District, Walk
from qyp_geo.errors import NetworkError, Problem
from qyp_geo.frames import GATE_REACH_M, LayerData
from qyp_geo.layers.fit import doubt_datums
from qyp_geo.layers.kinds import STRUCTURES
from qyp_geo.layers.report import name_rows, show_values
from qyp_geo.network import WalkNetwork


def check_layers(layers: Mapping[str, LayerData], district: District) -> list[Problem]:
    """Check layers against one another.

    Parameters
    ----------
    layers
        The layers as read, by reference.
    district
        Names the boundary.

    Returns
    -------
    list of Problem
        Warnings: layers that the streets or the boundary fit far better under another datum than the declared one; street
        networks in several pieces, with the people who live on the smaller ones; estates without a gate; gates and parts of
        what no layer holds. A street layer of which nothing is walked is an error, and so is a gates layer that holds no gates.
    """
    found = list(doubt_datums(layers, district.boundary))
    residents = {reference: layer for reference, layer in layers.items() if layer.record.kind == "residents"}
    for reference, layer in layers.items():
        if layer.record.kind == "streets":
            found += _pieces(reference, layer, residents)
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


def _pieces(reference: str, streets: LayerData, residents: Mapping[str, LayerData]) -> Iterator[Problem]:
    """Tell of the components of a street network."""
    rules = streets.record.walk or Walk()
    walked = streets.frame[streets.frame["walkable"].astype(bool)]
    try:
        net = WalkNetwork.from_lines(walked, node_crossings=rules.node_crossings)
    except NetworkError as error:
        yield Problem(f"{reference}.toml", "", "holds no network that can be walked", remedy=str(error))
        return
    pieces = net.components
    if len(pieces) == 1:
        return
    total_m = float(pieces["length_m"].sum())
    largest = f"{float(pieces['length_m'].iloc[0]) / total_m:.1%} of {total_m / 1000:,.1f} km"
    yield Problem(
        f"{reference}.toml",
        "",
        f"the walking network is in {len(pieces)} pieces: the largest holds {largest}",
        remedy="Lines are joined where they share a vertex; set walk.node_crossings = true if they cross without one",
        severity="warning",
    )
    for other, layer in residents.items():
        inside = layer.frame[layer.frame["inside"].astype(bool)]
        doors = gpd.GeoDataFrame(geometry=inside.centroid, crs=inside.crs)
        if doors.empty:
            continue
        piece = net.component_of(net.snap(doors))
        cut_off = inside.loc[piece.index[piece > 0]]
        if len(cut_off):
            yield Problem(
                f"{other}.toml",
                "",
                f"{cut_off['people'].sum():,.0f} people in {len(cut_off)} places live on the smaller pieces of {reference}",
                remedy="They reach only what lies on their piece: mend the streets where they are not joined",
                severity="warning",
            )
