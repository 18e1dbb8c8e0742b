"""Which gates belong to which polygons."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

from qyp_geo.frames import GATE_REACH_M, LayerData

Numbers = npt.NDArray[np.integer[Any]]


def exists(frame: gpd.GeoDataFrame) -> pd.Series:
    """Return which features exist: all of them where a layer says nothing of ``status``."""
    return frame["status"] == "existing" if "status" in frame else pd.Series(data=True, index=frame.index)


def gates_of(ref: str, layers: Mapping[str, LayerData], polygons: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Return the existing gates of polygons of a layer.

    Parameters
    ----------
    ref, layers
        The polygons' layer, and all layers, among them the gates layer that it names.
    polygons
        The polygons, with their ``id`` in the layer.

    Returns
    -------
    GeoDataFrame
        ``polygon`` (index label of ``polygons``) and the gate's point; a gate of two polygons stands twice.
    """
    gates_ref = layers[ref].record.gates
    if gates_ref is None:
        return gpd.GeoDataFrame({"polygon": np.empty(0, int)}, geometry=[], crs=polygons.crs)
    gates = layers[gates_ref].frame
    gates = gates[exists(gates)]
    number = pd.Series(polygons.index, index=polygons["id"])
    named = gates[gates["of"].isin(number.index)]
    unnamed = gates[gates["of"] == ""].geometry.to_numpy()
    polygon, gate = shapely.STRtree(unnamed).query(
        polygons.boundary.to_numpy(), predicate="dwithin", distance=GATE_REACH_M
    )
    return gpd.GeoDataFrame(
        {"polygon": [*number[named["of"]], *polygons.index[polygon]]},
        geometry=[*named.geometry, *unnamed[gate]],
        crs=gates.crs,
    )
