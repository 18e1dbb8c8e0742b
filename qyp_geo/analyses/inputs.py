"""What an analysis may look at."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import geopandas as gpd

from qyp_geo.analyses.estates import Estates, find_estates, public_streets
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
    _networks: dict[tuple[str, str | None, str | None], WalkNetwork] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )
    _estates: dict[tuple[str, str], Estates] = field(default_factory=dict, init=False, repr=False, compare=False)

    def network(self, ref: str, *, crossings: str | None = None, estates: str | None = None) -> WalkNetwork:
        """Return the public network of the walkable streets of a layer; each combination is built once.

        Parameters
        ----------
        ref
            The streets.
        crossings
            Where 干路 are crossed; without it, at every junction.
        estates
            The gated estates whose inner streets carry nobody through; without it all streets do.

        Raises
        ------
        NetworkError
            If no street of the layer is walkable.
        """
        key = (ref, crossings, estates)
        if key not in self._networks:
            streets = self._walkable(ref)
            if estates is not None:
                streets = public_streets(streets, self.estates(estates, streets=ref))
            two_sided = bool("two_sided" in streets and streets["two_sided"].any())
            self._networks[key] = WalkNetwork.from_lines(
                streets,
                node_crossings=self._node_crossings(ref),
                two_sided="two_sided" if two_sided else None,
                width_m="width_m" if two_sided else None,
                crossings=self.layers[crossings].frame if two_sided and crossings is not None else None,
            )
        return self._networks[key]

    def estates(self, ref: str, *, streets: str) -> Estates:
        """Return the gated estates of a layer with the streets inside them; found once."""
        if (ref, streets) not in self._estates:
            self._estates[ref, streets] = find_estates(
                ref, self.layers, self._walkable(streets), node_crossings=self._node_crossings(streets)
            )
        return self._estates[ref, streets]

    def _node_crossings(self, ref: str) -> bool:
        walk = self.layers[ref].record.walk
        return walk is not None and walk.node_crossings

    def _walkable(self, ref: str) -> gpd.GeoDataFrame:
        frame = self.layers[ref].frame
        return frame[frame["walkable"].astype(bool)]
