"""Map files: GeoJSON, GeoPackage, shapefile, GeoParquet, File Geodatabase, KML, DXF, MapInfo, and archives of these."""

from __future__ import annotations

import warnings
from pathlib import Path

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

from qyp_geo.declarations import Source
from qyp_geo.layers.report import Report
from qyp_geo.layers.vectors.datums import agrees
from qyp_geo.layers.vectors.formats import FOLDERS, SUFFIXES, Read, read_any

__all__ = ["FOLDERS", "SUFFIXES", "read_piece", "read_vector", "with_places"]


def read_vector(path: Path, source: Source, *, report: Report) -> gpd.GeoDataFrame | None:
    """Read a map file as it is written, whatever CRS it carries, unless that contradicts the declared datum.

    Returns
    -------
    GeoDataFrame or None
        The file's columns and geometry without CRS, indexed by feature number from 1; None where the file cannot be used.
    """
    try:
        with warnings.catch_warnings(record=True) as heard:
            warnings.simplefilter("always")
            found = read_any(path, source, report)
    except Exception as error:  # drivers and what wraps them raise anything on a damaged file
        report.whole("cannot be read", given=str(error), remedy="Open it in QGIS and save it as GeoPackage")
        return None
    for warning in heard:
        report.whole(f"was read with a warning: {warning.message}", severity="warning")
    return None if found is None else _as_written(found, 1, source, report)


def read_piece(piece: gpd.GeoDataFrame, source: Source, *, report: Report) -> gpd.GeoDataFrame | None:
    """Take some rows of a map file as `read_vector` takes all of them; the index is their feature number."""
    return _as_written(Read(piece, piece.crs), int(piece.index[0]) if len(piece) else 1, source, report)


def _as_written(found: Read, first: int, source: Source, report: Report) -> gpd.GeoDataFrame | None:
    """Return columns and geometry without CRS, indexed by feature number from `first`; None where they cannot be used."""
    if not agrees(found.crs, source.datum, found.frame, report):
        return None
    if found.frame.empty:
        report.whole("holds no features", remedy="Fill it, or remove its declaration")
        return None
    shapes = found.frame.geometry.to_numpy()
    columns = pd.DataFrame(found.frame).drop(columns=found.frame.geometry.name)
    frame = gpd.GeoDataFrame(columns, geometry=shapes).set_axis(range(first, first + len(columns)))
    return with_places(frame, report)


def with_places(frame: gpd.GeoDataFrame, report: Report) -> gpd.GeoDataFrame:
    """Return the rows whose coordinates are numbers throughout; rows without geometry stay, and both are told."""
    frame = frame.loc[_finite(frame, report)]
    report.rows(frame.index[frame.geometry.isna()], "no geometry", remedy="Draw it, or remove it")
    report.rows(frame.index[frame.geometry.is_empty], "empty geometry", remedy="Draw it, or remove it")
    return frame


def _finite(frame: gpd.GeoDataFrame, report: Report) -> npt.NDArray[np.bool_]:
    xy, feature = shapely.get_coordinates(frame.geometry.to_numpy(), return_index=True)
    finite = np.ones(len(frame), dtype=bool)
    finite[feature[~np.isfinite(xy).all(axis=1)]] = False
    report.rows(frame.index[~finite], "coordinates that are no numbers", remedy="Draw it again, or remove it")
    return finite
