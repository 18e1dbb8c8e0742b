"""Regions too large for one machine: tiles with a halo, each answered for itself, the same to the bit as all at once."""

from __future__ import annotations

from qyp_geo.tiles.batches import read_batches
from qyp_geo.tiles.cache import Cache
from qyp_geo.tiles.running import run_tiles
from qyp_geo.tiles.stored import Stored, is_stored, store
from qyp_geo.tiles.tile import Job, Question, Tile, answer_tile, tiles_of
from qyp_geo.tiles.workers import HERE, Workers, open_workers

__all__ = [
    "HERE",
    "Cache",
    "Job",
    "Question",
    "Stored",
    "Tile",
    "Workers",
    "answer_tile",
    "is_stored",
    "open_workers",
    "read_batches",
    "run_tiles",
    "store",
    "tiles_of",
]
