"""The network that an analysis is given."""

from __future__ import annotations

from typing import Any

import pytest

from qyp_geo.errors import NetworkError
from tests.analyses.village import frame, inputs, layer, line

CROSS = {"x": line((0, 0), (100, 0)), "y": line((50, -50), (50, 50)), "motorway": line((0, 10), (100, 10))}


def network(walkable: list[bool], **walk: Any) -> Any:
    return inputs({"layers/streets": layer(frame("streets", CROSS, walkable=walkable), "streets", **walk)})


def test_only_walkable_streets_are_walked_and_the_network_is_built_once() -> None:
    given = network([True, True, False])
    net = given.network("layers/streets")
    assert (net.n_edges, len(net.components)) == (2, 2)
    assert given.network("layers/streets") is net


def test_crossings_are_joined_where_the_layer_says_so() -> None:
    net = network([True, True, False], walk={"node_crossings": True}).network("layers/streets")
    assert (net.n_edges, len(net.components)) == (4, 1)


def test_no_walkable_street_is_an_error() -> None:
    with pytest.raises(NetworkError):
        network([False, False, False]).network("layers/streets")
