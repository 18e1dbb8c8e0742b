"""Random villages: the fast code against plain loops."""

from __future__ import annotations

import networkx as nx
import numpy as np
import pytest

from qyp_geo import analyses
from qyp_geo.analyses.areas import OUTSIDE
from qyp_geo.analyses.gaps import Gaps
from qyp_geo.frames import LayerData, Result
from tests.analyses.village import box, coverage_record, frame, inputs, layer, point, residents, village_layers

CONNECT_M = 120.0


def random_village(seed: int) -> tuple[dict[str, LayerData], Result]:
    rng = np.random.default_rng(seed)
    homes = {f"h{n}": point(rng.uniform(0, 1400), rng.uniform(-520, 620)) for n in range(60)}
    zones = {}
    for n in range(4):
        x, y = rng.uniform(-50, 900), rng.uniform(-500, 300)
        zones[f"z{n}"] = box(x, y, x + rng.uniform(100, 600), y + rng.uniform(100, 600))
    more = {
        "layers/residents": residents(homes, list(rng.integers(0, 300, 60).astype(float))),
        "layers/zones": layer(frame("zones", zones), "zones"),
    }
    layers = village_layers() | more
    return layers, analyses.run(coverage_record(), inputs(layers))


@pytest.mark.parametrize("seed", range(3))
def test_shares_are_those_of_a_loop_over_units_and_areas(seed: int) -> None:
    layers, result = random_village(seed)
    homes, zones = layers["layers/residents"].frame, layers["layers/zones"].frame
    people = homes["people"]
    by_unit = result.parts["by_unit"]
    verdicts = dict(zip(zip(by_unit["unit"], by_unit["requirement"], strict=True), by_unit["verdict"], strict=True))
    reached = dict(zip(verdicts, by_unit["covered"], strict=True))
    of_zone = result.table[result.table["level"] == "zone"]
    assert len(of_zone) == 5 * len(result.parts["requirements"])
    for _, row in of_zone.iterrows():
        area, asked = row["area"], row["requirement"]
        if area == OUTSIDE:
            inside = [home for home in homes.index if not zones.intersects(homes.geometry[home]).any()]
        else:
            inside = [home for home in homes.index if zones.geometry[area].intersects(homes.geometry[home])]
        covered = [home for home in inside if reached[home, asked]]
        no_data = [home for home in inside if verdicts[home, asked] == "无数据"]
        assert row["people_total"] == sum(people[home] for home in inside)
        assert row["people_covered"] == sum(people[home] for home in covered)
        assert row["people_no_data"] == sum(people[home] for home in no_data)
        assert (row["units_total"], row["units_covered"]) == (len(inside), len(covered))


@pytest.mark.parametrize("seed", range(3))
def test_gaps_are_the_components_of_unserved_demand(seed: int) -> None:
    layers, covered = random_village(seed)
    record = Gaps(kind="gaps", title="缺口", coverage="analyses/coverage", connect_m=CONNECT_M)
    gaps = analyses.run(record, inputs(layers, coverage=covered))

    net = inputs(layers).network("layers/streets")
    at = net.snap(layers["layers/residents"].frame.geometry)
    near = nx.Graph(list(net.walks(at, at, within_m=CONNECT_M)[["origin", "target"]].itertuples(index=False)))
    near.add_nodes_from(layers["layers/residents"].frame.index)  # the too far walk to nobody
    people = layers["layers/residents"].frame["people"]
    by_unit = covered.parts["by_unit"]
    n_gaps = 0
    for requirement in by_unit["requirement"].unique():
        rows = by_unit[by_unit["requirement"] == requirement]
        lacks = rows["verdict"] == "未达标"
        expected = {frozenset(each) for each in nx.connected_components(near.subgraph(rows["unit"][lacks]))}
        listed = gaps.table.index[gaps.table["requirement"] == requirement]
        units = gaps.parts["units"]
        found = {frozenset(units["unit"][units["gap"] == gap]) for gap in listed}
        assert found == {each for each in expected if sum(people[unit] for unit in each) >= 1}
        n_gaps += len(found)
    assert n_gaps == len(gaps.table) > 20
