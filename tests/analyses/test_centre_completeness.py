"""The 1+5+X of two centres beside the village's main street (y = 0)::

       y
      10     N1 (100)                                        N2 (1200)
       0  ----+----------+--------+-----...----+-------+------+--------+---
     -10     K (300)   S1 (380)              S2 (901)  M (1100)      D (1300)

    walks within 300 m    K kindergarten    S1 store    S2 store    M market    D day care, declared a part of N1
      N1                  10+200+10 = 220   300         821         1020        inside
      N2                  920               840         319         120         120, but it is N1's

There is no layer of health stations, and the only culture station is planned.
"""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from qyp_geo import analyses
from qyp_geo.analyses.centre_completeness import ALL_FIVE, INSIDE, NEAR, UNDEFINED, CentreCompleteness
from qyp_geo.analyses.judging import MET, NO_DATA, UNMET
from qyp_geo.declarations import Provenance
from qyp_geo.errors import DeclarationError
from qyp_geo.frames import LayerData, Result
from qyp_geo.records import make_record
from qyp_geo.tables import headings, write_table
from tests.analyses.reading import cells
from tests.analyses.village import (
    box,
    coverage_record,
    frame,
    inputs,
    layer,
    point,
    village_layers,
    walled_layers,
    walled_record,
)

Places = dict[str, Any]


def of(kind: str, places: Places, **columns: list[Any]) -> LayerData:
    return layer(frame(kind, places, **columns), kind)


def street_layers() -> dict[str, LayerData]:
    return {
        "layers/centres": of("neighbourhood_centre", {"N1": point(100, 10), "N2": point(1200, 10)}),
        "layers/gardens": of("kindergarten", {"K": point(300, -10)}),
        "layers/care": of("elderly_daycare", {"D": point(1300, -10)}, part_of=["N1"]),
        "layers/stores": of("convenience_store", {"S1": point(380, -10), "S2": point(901, -10)}),
        "layers/markets": of("wet_market", {"M": point(1100, -10)}),
        "layers/halls": of("culture_station", {"C": point(110, -10)}, status=["planned"]),
    }


def completeness(layers: dict[str, LayerData] | None = None, *, walled: bool = False, **more: Any) -> Result:
    own = street_layers() if layers is None else layers
    every = (walled_layers() if walled else village_layers()) | own
    question = walled_record() if walled else coverage_record()
    asked = {
        "kind": "centre_completeness",
        "title": "完整度",
        "coverage": "analyses/coverage",
        "centres": "layers/centres",
        "services": [ref for ref in own if ref != "layers/centres"],
        "within_m": 300,
    }
    record, problems = make_record(CentreCompleteness, asked | more, "analyses/x.toml")
    assert record is not None, problems
    covered = Result(record=question, table=pd.DataFrame())  # it is asked for its declaration alone
    return analyses.run(record, inputs(every, coverage=covered))


def service(result: Result, centre: str, which: str, list_: str = "chapter1") -> pd.Series:
    rows = result.parts["services"]
    return rows[(rows["centre"] == centre) & (rows["service"] == which) & (rows["list"] == list_)].iloc[0]


def of_list(result: Result, list_: str) -> pd.DataFrame:
    return result.table[result.table["list"] == list_].set_index("centre")


def test_each_of_the_five_is_looked_for_inside_and_within_a_walk() -> None:
    result = completeness()
    figures = ["verdict", "how", "facility", "nearest_walk_m"]
    assert service(result, "N1", "education")[figures].tolist() == [MET, NEAR, "K", 220.0]
    assert service(result, "N1", "elderly")[figures[:3]].tolist() == [MET, INSIDE, "D"]
    assert service(result, "N1", "health")[["verdict", "note"]].tolist() == [NO_DATA, "没有社区卫生服务站图层"]
    assert service(result, "N1", "culture_sport")[figures[:3]].tolist() == [UNMET, "", ""]  # planned
    table = of_list(result, "chapter1")
    counts = ["n_required", "n_reached", "n_no_data", "verdict", "missing_title", "without_data"]
    assert cells(table, "N1", counts) == [5, 3, 1, UNMET, "综合性文体服务中心", "基层医疗卫生服务点"]
    assert cells(table, "N2", counts[1:4]) == [0, 1, UNMET]
    assert cells(table, "N1", ["township", "community", "zones"]) == ["w", "w1", "西区"]


def test_a_walk_of_exactly_the_limit_counts_and_a_metre_less_of_limit_does_not() -> None:
    assert service(completeness(), "N1", "commerce")[["verdict", "nearest_walk_m"]].tolist() == [MET, 300.0]
    assert service(completeness(within_m=299), "N1", "commerce")["verdict"] == UNMET


def test_what_is_part_of_another_centre_is_that_one_s_alone() -> None:
    assert service(completeness(), "N2", "elderly")["verdict"] == UNMET
    layers = street_layers() | {"layers/care": of("elderly_daycare", {"D": point(1300, -10)}, part_of=[""])}
    found = service(completeness(layers), "N2", "elderly")
    assert found[["verdict", "how", "nearest_walk_m"]].tolist() == [MET, NEAR, 120.0]


def test_the_two_lists_are_reported_apart_and_differ_where_their_words_do() -> None:
    result = completeness()
    assert service(result, "N2", "commerce", "chapter1")["title"] == "社区便利店"
    assert service(result, "N2", "commerce", "chapter1")["verdict"] == UNMET
    assert service(result, "N2", "commerce", "chapter8")[["title", "verdict", "facility"]].tolist() == [
        "商业",
        MET,
        "M",
    ]
    sources = ["纲要 L25(第一章第一节六)", "纲要 L223(第八章第二节四)"]
    assert result.table["source"].unique().tolist() == sources
    only = completeness(lists=["chapter8"])
    assert only.table["list"].unique().tolist() == ["chapter8"]
    assert sources[0] not in "".join(only.notes)


def test_with_no_walk_at_all_only_what_is_inside_counts() -> None:
    layers = street_layers() | {
        "layers/centres": of("neighbourhood_centre", {"N1": box(90, 0, 120, 30), "N2": point(1200, 10)}),
        "layers/gardens": of("kindergarten", {"K": point(100, 20)}),
    }
    result = completeness(layers, within_m=0)
    assert service(result, "N1", "education")[["verdict", "how"]].tolist() == [MET, INSIDE]
    assert service(result, "N1", "elderly")["how"] == INSIDE
    assert service(result, "N1", "commerce")["verdict"] == UNMET


def test_a_part_is_named_by_id_or_by_a_name_that_one_centre_has() -> None:
    centres = {"N1": point(100, 10), "N2": point(1200, 10)}
    for names, owned in ((["甲中心", "乙中心"], True), (["甲中心", "甲中心"], False)):
        layers = street_layers() | {
            "layers/centres": of("neighbourhood_centre", centres, name=names),
            "layers/care": of("elderly_daycare", {"D": point(700, -10)}, part_of=["甲中心"]),
        }
        assert (service(completeness(layers), "N1", "elderly")["verdict"] == MET) is owned


def test_a_walled_garden_without_gates_leaves_it_open() -> None:
    layers = street_layers() | {"layers/gardens": of("kindergarten", {"K2": box(60, 100, 90, 130)})}
    found = service(completeness(layers), "N1", "education")
    assert found[["verdict", "note"]].tolist() == [NO_DATA, "近旁设施的出入口不详"]
    assert service(completeness(layers), "N2", "education")["verdict"] == UNMET  # more than 300 m away, straight
    assert service(completeness(layers, within_m=89), "N1", "education")["verdict"] == UNMET


def test_a_lack_that_rests_on_poi_is_a_suspicion() -> None:
    layers = street_layers()
    stores = layers["layers/stores"]
    origin = Provenance(publisher="t", retrieved=date(2026, 1, 15), licence="CC0", completeness="POI")
    layers["layers/stores"] = LayerData(stores.record.model_copy(update={"provenance": origin}), stores.frame)
    assert service(completeness(layers), "N2", "commerce")["note"] == "依据 POI,疑似缺口,待现场核实"
    assert service(completeness(layers), "N1", "commerce")["note"] == ""


def test_the_one_is_the_user_s_and_without_it_nobody_judges() -> None:
    without = completeness()
    assert set(without.table["one"]) == {UNDEFINED}
    assert any("使用者也没有声明" in note for note in without.notes)
    layers = street_layers() | {"layers/stations": of("community_station", {"Z": point(1210, -10)})}
    result = completeness(layers, one={"title": "综合服务", "kinds": ["community_station"], "source": "本区声明"})
    assert of_list(result, "chapter1")["one"].tolist() == [UNMET, MET]
    assert result.parts["totals"].iloc[-1][["title", "centres_met"]].tolist() == ["综合服务", 1]
    assert any("由使用者声明为综合服务(本区声明)" in note for note in result.notes)
    assert of_list(result, "chapter1")["others"].tolist() == ["", "菜市场 1"]  # neither of the five nor the "1"


def test_totals_count_centres_and_the_map_has_both_lists() -> None:
    layers = street_layers() | {
        "layers/health": of("health_station", {"H": point(110, -10)}),
        "layers/halls": of("culture_station", {"C": point(110, -10)}),
    }
    result = completeness(layers)
    totals = result.parts["totals"].set_index(["list", "title"])
    counts = ["centres", "centres_met", "centres_unmet", "centres_no_data"]
    assert cells(totals, ("chapter1", ALL_FIVE), counts) == [2, 1, 1, 0]
    assert cells(totals, ("chapter1", "社区便利店"), counts) == [2, 1, 1, 0]
    assert cells(totals, ("chapter8", "商业"), counts) == [2, 2, 0, 0]
    shown = result.parts["centres"]
    assert shown[["n_reached_chapter1", "n_reached_chapter8"]].to_numpy().tolist() == [[5, 5], [0, 1]]
    assert shown.geometry.geom_type.tolist() == ["Point", "Point"]


def test_a_centre_within_an_estate_is_left_by_its_gate_and_reaches_the_estate_s_own() -> None:
    layers = {
        "layers/centres": of("neighbourhood_centre", {"N": point(600, -140)}),
        "layers/toilets": walled_layers()["layers/toilets"],
    }
    result = completeness(layers, walled=True, within_m=110)  # T1 is 110 m from gate n, T3 in the estate
    assert result.table["others"].tolist() == ["公厕 2"] * 2
    assert completeness(layers, walled=True, within_m=109).table["others"].tolist() == ["公厕 1"] * 2


def test_planned_centres_and_those_beyond_the_border_are_counted_and_not_judged() -> None:
    centres = of(
        "neighbourhood_centre",
        {"N1": point(100, 10), "N2": point(200, 10), "N3": point(5000, 10)},
        status=["existing", "planned", "existing"],
    )
    result = completeness(street_layers() | {"layers/centres": centres})
    assert result.table["centre"].unique().tolist() == ["N1"]
    assert "neighbourhood_centre:2 处非现状或在区外,不评" in result.notes


def test_a_district_without_centres_is_told_so(tmp_path: Path) -> None:
    centres = of("neighbourhood_centre", {"N": point(100, 10)}, status=["planned"])
    result = completeness(street_layers() | {"layers/centres": centres})
    assert result.table.empty
    assert [problem.what for problem in result.problems] == ["no existing centre in the district"]
    for name, part in result.parts.items():
        write_table(part, tmp_path / name)
    assert (tmp_path / "totals.csv").read_text(encoding="utf-8-sig").count("\n") == 1  # the headings alone


def test_it_is_what_plain_loops_find() -> None:
    rng = np.random.default_rng(5)
    kinds = {"kindergarten": 6, "elderly_daycare": 5, "convenience_store": 9, "health_station": 4, "culture_station": 6}
    spots = {kind: rng.integers(0, 1400, count).astype(float) for kind, count in kinds.items()}
    centre_x = rng.integers(0, 1400, 12).astype(float)
    layers = {"layers/centres": of("neighbourhood_centre", {f"N{n}": point(x, 10) for n, x in enumerate(centre_x)})}
    for kind, xs in spots.items():
        places = {f"{kind[0]}{n}": point(x, -10) for n, x in enumerate(xs)}
        layers[f"layers/{kind}"] = of(kind, places, part_of=["N3" if n == 1 else "" for n in range(len(xs))])
    found = of_list(completeness(layers, within_m=150), "chapter1")
    for n, x in enumerate(centre_x):
        reached = 0
        for xs in spots.values():
            walks = [abs(x - other) + 20 <= 150 and (m != 1 or n == 3) for m, other in enumerate(xs)]
            reached += any(walks) or n == 3
        assert found.loc[f"N{n}", "n_reached"] == reached
        assert found.loc[f"N{n}", "verdict"] == (MET if reached == 5 else UNMET)
    assert 0 < found["n_reached"].mean() < 5


def test_a_declaration_s_mistakes_are_told_all_at_once() -> None:
    records = {name: one.record for name, one in (village_layers() | street_layers()).items()}
    record = CentreCompleteness(
        kind="centre_completeness",
        title="完整度",
        coverage="analyses/coverage",
        centres="layers/stores",
        services=["layers/zones", "layers/gardens", "layers/gardens"],
        lists=["chapter1", "chapter1"],
        within_m=300,
        one={"title": "一", "kinds": ["kindergarden"], "source": "?"},  # type: ignore[arg-type]
    )
    found = analyses.check(record, shown_as="a.toml", layers=records, standards=Path("none"))
    assert [(problem.where, problem.given) for problem in found] == [
        ("centres", "convenience_store"),
        ("services", "zones"),
        ("services", "layers/gardens"),
        ("lists", "chapter1"),
        ("one.kinds", "kindergarden"),
    ]
    assert found[-1].remedy == "Did you mean kindergarten?"


def test_it_must_rest_on_a_coverage_analysis() -> None:
    result = completeness()
    record = result.record
    with pytest.raises(DeclarationError, match="names no coverage analysis"):
        analyses.run(record, inputs(village_layers() | street_layers(), coverage=result))


def test_every_column_has_a_heading() -> None:
    result = completeness()
    shown = [name for table in (result.table, *result.parts.values()) for name in table.columns if name != "geometry"]
    assert [name for name in shown if name not in headings()] == []
