"""What passes between layers, analyses and maps."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import geopandas as gpd
import pandas as pd

from qyp_geo.declarations import Analysis, Layer
from qyp_geo.errors import Problem

GATE_REACH_M: Final = 1.0
"""A gate that names no owner belongs to the polygons whose boundary it lies within this of."""


@dataclass(frozen=True, slots=True, eq=False)
class LayerData:
    """A layer as read: its declaration, its canonical frame, and what was found on the way; equal to itself only.

    Attributes
    ----------
    record
        The declaration.
    frame
        Canonical frame: index = unique string ``id``, geometry in the district CRS, declared columns, ``kind``.
    problems
        Warnings that a run repeats in its summary (errors never get this far).
    notes
        Assumptions that a figure resting on this layer must print.
    digest
        SHA-256 of the rows that a database gave; empty for a file, which has its own.
    """

    record: Layer
    frame: gpd.GeoDataFrame
    problems: tuple[Problem, ...] = ()
    notes: tuple[str, ...] = ()
    digest: str = ""


@dataclass(slots=True)
class Told:
    """What is found while a layer is read piece by piece: warnings, and assumptions that its figures must print."""

    problems: list[Problem] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class TiledLayer:
    """A layer that is never read whole.

    Attributes
    ----------
    record
        The declaration.
    fingerprint
        Computes a text that changes with whatever the rows depend on; reads the file.
    pieces
        Reads the layer piece by piece, as canonical frames (see `LayerData`), and tells in the end. Raises `DataError` then,
        with the problems of all rows, where some cannot be used.
    """

    record: Layer
    fingerprint: Callable[[], str]
    pieces: Callable[[Told], Iterator[gpd.GeoDataFrame]]


@dataclass(frozen=True, slots=True)
class Result:
    """What an analysis found.

    Attributes
    ----------
    record
        The declaration.
    table
        The answer, one row per thing that the question is about; written as ``analyses/NAME``.
    parts
        Further tables by name, written as ``analyses/NAME_PART``.
    notes
        Assumptions and 未核 marks that every figure of the answer carries.
    problems
        Warnings for the summary.
    files
        Finished tables that are never in memory whole, by their path under ``analyses/NAME/``.
    """

    record: Analysis
    table: pd.DataFrame | gpd.GeoDataFrame
    parts: Mapping[str, pd.DataFrame | gpd.GeoDataFrame] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    problems: tuple[Problem, ...] = ()
    files: Mapping[str, Path] = field(default_factory=dict)
