"""What an analysis may look at."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import geopandas as gpd

from qyp_geo.analyses.estates import Estates, find_estates, public_streets
from qyp_geo.analyses.scenario import Altered, alter
from qyp_geo.declarations import District, Layer, Scenario
from qyp_geo.frames import LayerData, Result, TiledLayer
from qyp_geo.network import WalkNetwork
from qyp_geo.tiles import Cache


@dataclass(frozen=True, slots=True)
class ByTile:
    """What work by tiles needs.

    Attributes
    ----------
    layers
        The layers that are not read whole, by reference.
    cache
        Where sorted layers and finished tiles are kept for the next run.
    scheduler
        Who does the work, as `qyp_geo.tiles.open_workers` takes it.
    progress
        Is told what is done.
    """

    layers: Mapping[str, TiledLayer] = field(default_factory=dict)
    cache: Cache = field(default_factory=lambda: Cache(Path(".cache")))
    scheduler: str | None = None
    progress: Callable[[str], None] = lambda _: None


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
    by_tile
        Layers that are not in `layers` because they are not read whole, and how these are worked on.
    """

    district: District
    layers: Mapping[str, LayerData]
    results: Mapping[str, Result]
    standards: Path
    by_tile: ByTile = field(default_factory=ByTile)
    # What is made once is shared with the scenarios: it is known by the layers that it is made of.
    _networks: dict[tuple[LayerData | None, ...], WalkNetwork] = field(default_factory=dict, repr=False, compare=False)
    _estates: dict[tuple[LayerData | None, ...], Estates] = field(default_factory=dict, repr=False, compare=False)
    _altered: dict[str, Altered] = field(default_factory=dict, repr=False, compare=False)

    def altered(self, scenario: Scenario, *, declared_by: str) -> Altered:
        """Return the layers as they are in a scenario; altered once.

        Parameters
        ----------
        scenario
            What is there.
        declared_by
            The title of the analysis that declares it, for messages.

        Raises
        ------
        DeclarationError
            With every name of the scenario that no layer holds.
        """
        key = scenario.model_dump_json()
        if key not in self._altered:
            self._altered[key] = alter(scenario, self.layers, crs=self.district.crs, declared_by=declared_by)
        return self._altered[key]

    def record_of(self, ref: str) -> Layer:
        """Return the declaration of a layer, however it is read."""
        layer = self.by_tile.layers.get(ref) or self.layers[ref]
        return layer.record

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
        key = self._layers_of(ref, crossings, estates)
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
        key = self._layers_of(streets, None, ref)
        if key not in self._estates:
            self._estates[key] = find_estates(
                ref, self.layers, self._walkable(streets), node_crossings=self._node_crossings(streets)
            )
        return self._estates[key]

    def _layers_of(self, streets: str, crossings: str | None, estates: str | None) -> tuple[LayerData | None, ...]:
        """Return the layers that a network is made of, among them the gates of the estates."""
        gates = None if estates is None else self.layers[estates].record.gates
        return tuple(None if ref is None else self.layers[ref] for ref in (streets, crossings, estates, gates))

    def _node_crossings(self, ref: str) -> bool:
        walk = self.layers[ref].record.walk
        return walk is not None and walk.node_crossings

    def _walkable(self, ref: str) -> gpd.GeoDataFrame:
        frame = self.layers[ref].frame
        return frame[frame["walkable"].astype(bool)]
