"""Layers: a declared file becomes a canonical frame."""

from __future__ import annotations

from qyp_geo.layers.checks import check_layers
from qyp_geo.layers.kinds import known_kinds
from qyp_geo.layers.reading import read_layers
from qyp_geo.layers.sources import is_there
from qyp_geo.layers.tiled import open_tiled

__all__ = ["check_layers", "is_there", "known_kinds", "open_tiled", "read_layers"]
