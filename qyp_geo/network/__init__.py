"""The walking network: build from lines, snap points to edges, walks and nearest."""

from qyp_geo.network.build import BuildReport
from qyp_geo.network.network import WalkNetwork
from qyp_geo.network.snap import Positions

__all__ = ["BuildReport", "Positions", "WalkNetwork"]
