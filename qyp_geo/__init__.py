"""Zoning and facility coverage in the fifteen-minute living circle (15分钟生活圈)."""
