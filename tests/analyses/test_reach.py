"""Every walk to every toilet of random towns with estates, gates and walls, against plain loops."""

from __future__ import annotations

from math import inf

import numpy as np
import pytest

from qyp_geo.analyses.access import demand_points, find_facilities
from qyp_geo.analyses.coverage import stand_in
from qyp_geo.analyses.reach import walks_to_each
from tests.analyses.test_towns import brute_force, random_town, town_inputs, town_record

LIMIT_M = 400.0


@pytest.mark.parametrize("seed", range(3))
def test_every_walk_that_is_judged_is_that_of_the_plain_loops(seed: int) -> None:
    town = random_town(seed)
    door, gate = brute_force(town)
    given, record = town_inputs(town), town_record()
    standing = stand_in(record, given, demand_points(given.layers["layers/residents"].frame))
    facilities = find_facilities(["layers/toilets"], given.layers, standing=standing, max_off_m=record.max_off_m)
    counts = np.array([0, 2, 3, 5])
    found = walks_to_each(standing, facilities, counts, within_m=LIMIT_M)
    n_gated = 0
    for n, home in enumerate(town.homes):
        walks = slice(*found.indptr[n : n + 2])
        toilets = facilities.table["id"].to_numpy()[counts[found.target[walks]]]
        gated = standing.estate[n] >= 0
        expected = gate[home] if gated else door[home]
        near = {f"t{k}": expected[f"t{k}"] for k in counts if expected[f"t{k}"] <= LIMIT_M}
        assert list(toilets) == list(near), home
        assert found.walk_m[walks] == pytest.approx(list(near.values()), abs=0.002)
        n_gated += gated and min(expected.values(), default=inf) < inf
    assert found.indptr[-1] > 20
    assert n_gated >= 1
