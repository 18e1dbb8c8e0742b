"""What an analysis may look at."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from qyp_geo.declarations import District
from qyp_geo.frames import LayerData, Result
from qyp_geo.network import WalkNetwork


@dataclass(frozen=True, slots=True)
class Inputs:
    """The district, the layers as read, the results so far, and the folder of the district's own standards.

    Attributes
    ----------
    district
        The district's declaration.
    layers, results
        By reference (``layers/toilets``, ``analyses/coverage``).
    standards
        The folder ``analyses/standards/``; it need not exist.
    """

    district: District
    layers: Mapping[str, LayerData]
    results: Mapping[str, Result]
    standards: Path
    _networks: dict[str, WalkNetwork] = field(default_factory=dict, init=False, repr=False, compare=False)

    def network(self, ref: str) -> WalkNetwork:
        """Return the network of the walkable streets of a layer; it is built once.

        Raises
        ------
        NetworkError
            If no street of the layer is walkable.
        """
        if ref not in self._networks:
            streets = self.layers[ref]
            walk = streets.record.walk
            self._networks[ref] = WalkNetwork.from_lines(
                streets.frame[streets.frame["walkable"].astype(bool)],
                node_crossings=walk is not None and walk.node_crossings,
            )
        return self._networks[ref]
