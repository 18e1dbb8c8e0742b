"""The mask: what lies in it is cut out before anything is packed, whichever layer it is of."""

from __future__ import annotations

from collections.abc import Mapping

import geopandas as gpd
import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from qyp_geo.frames import LayerData

KIND = "mask"


def mask_of(layers: Mapping[str, LayerData]) -> BaseGeometry | None:
    """Return all that the mask layers of a folder cover, in the district CRS; None where there is nothing."""
    masks = [layer.frame.geometry.to_numpy() for layer in layers.values() if layer.record.kind == KIND]
    covered = shapely.union_all(np.concatenate(masks)) if masks else None
    return None if covered is None or covered.is_empty else covered


def without_masked(frame: gpd.GeoDataFrame, mask: BaseGeometry | None) -> gpd.GeoDataFrame:
    """Return what of each row lies outside the mask, of the same dimension as the row; rows wholly inside are left out."""
    if mask is None or frame.empty:
        return frame
    shapes = frame.geometry.to_numpy().copy()
    shapely.prepare(mask)
    touched = np.flatnonzero(shapely.intersects(mask, shapes))
    shapes[touched] = [_outside(shape, mask) for shape in shapes[touched]]
    cut = frame.set_geometry(gpd.GeoSeries(shapes, index=frame.index, crs=frame.crs))
    return cut[~shapely.is_empty(shapes)]


def _outside(shape: BaseGeometry, mask: BaseGeometry) -> BaseGeometry:
    """Return the part of a shape outside the mask; a polygon that only touches it is left as it is."""
    rest = shapely.difference(shape, mask)
    dimension = shapely.get_dimensions(shape)
    parts = [part for part in shapely.get_parts(rest) if shapely.get_dimensions(part) == dimension]
    return parts[0] if len(parts) == 1 else shapely.union_all(parts) if parts else shapely.Point()
