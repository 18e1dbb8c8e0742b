"""The walking network: build from lines, snap points to edges, walks, nearest, sums, service areas."""

from qyp_geo.network.build import BuildReport
from qyp_geo.network.kernels import compiling_told
from qyp_geo.network.network import WalkNetwork
from qyp_geo.network.search import WalksCSR
from qyp_geo.network.snap import Positions

__all__ = ["BuildReport", "Positions", "WalkNetwork", "WalksCSR", "compiling_told"]
