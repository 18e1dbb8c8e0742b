"""What can be said of the layers only once all of them are read."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import geopandas as gpd

from qyp_geo.declarations import District, Walk
from qyp_geo.errors import NetworkError, Problem
from qyp_geo.frames import LayerData
from qyp_geo.layers.fit import doubt_datums
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
        networks in several pieces, with the people who live on the smaller ones. A street layer of which nothing is walked
        is an error.
    """
    found = list(doubt_datums(layers, district.boundary))
    residents = {reference: layer for reference, layer in layers.items() if layer.record.kind == "residents"}
    for reference, layer in layers.items():
        if layer.record.kind == "streets":
            found += _pieces(reference, layer, residents)
    return found


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
