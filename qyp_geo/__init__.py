"""Zoning and facility coverage in the fifteen-minute living circle (15分钟生活圈)."""

__version__ = "0.1.0"
