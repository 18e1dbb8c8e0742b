"""The command `qyp`: what a planner types, and what is printed back."""

from __future__ import annotations

from qyp_geo.cli.entry import main

__all__ = ["main"]
