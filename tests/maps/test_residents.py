"""What a residents' page carries: classes of homes, groups of people, facilities that exist, nothing from under the mask."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import pytest
import shapely

from qyp_geo.analyses import Inputs, run
from qyp_geo.crs import to_display
from qyp_geo.declarations import Exemption, Overlay
from qyp_geo.errors import QypGeoError
from qyp_geo.frames import Result
from qyp_geo.layers import read_layers
from qyp_geo.maps import release
from qyp_geo.maps.overlays import in_page_order
from qyp_geo.maps.places import initials
from qyp_geo.project import open_project
from tests.maps.conftest import build
from tests.maps.district import CRS, EAST, NORTH, Parts
from tests.maps.public import add_mask, make_public, with_map, with_overlay
from tests.maps.reading import column, numbers, text, without_data

CHECKOUT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def parts() -> Parts:
    return make_public()


@pytest.fixture(scope="module")
def html(parts: Parts) -> str:
    return build(parts)


@pytest.fixture(scope="module")
def content(html: str) -> dict[str, Any]:
    return text(html)


def overlay(content: dict[str, Any], role: str) -> dict[str, Any]:
    found: dict[str, Any] = next(one for one in content["overlays"] if one["role"] == role)
    return found


def positions(html: str) -> Iterator[npt.NDArray[np.float64]]:
    """Every position that the page carries, in the district CRS; (0, 0) stands for none."""
    data = numbers(html)

    def walk(value: Any) -> Iterator[tuple[list[int], list[int], int]]:
        if isinstance(value, dict):
            for x, y in (("x", "y"), ("nodeX", "nodeY")):
                if x in value:
                    yield value[x], value[y], value["decimals"]
            for one in value.values():
                yield from walk(one)
        elif isinstance(value, list):
            for one in value:
                yield from walk(one)

    for x, y, decimals in walk(text(html)):
        degrees = np.column_stack([column(data, x), column(data, y)]) / 10.0**decimals
        degrees = degrees[(degrees != 0).all(axis=1)]
        places = gpd.GeoSeries(shapely.points(degrees), crs="EPSG:4326").to_crs(CRS)
        yield shapely.get_coordinates(places.to_numpy())


def test_homes_are_classes_in_the_order_of_the_page(parts: Parts, html: str, content: dict[str, Any]) -> None:
    coverage = parts[3]["analyses/coverage"]
    by_unit = coverage.parts["by_unit"].set_index(["requirement", "unit"])
    ids = in_page_order(gpd.GeoDataFrame(coverage.parts["units"])).index
    data, homes = numbers(html), content["homes"]
    assert content["needs"]["id"] == ["t5.toilet", "t10.school", "t15.centre"]
    assert content["needData"] == [True, True, False]
    for need, packed in zip(content["needs"]["id"], homes["need"], strict=True):
        expected = [0 if by_unit.loc[(need, unit), "covered"] else 2 if need == "t15.centre" else 1 for unit in ids]
        assert column(data, packed).tolist() == expected
    shares = coverage.parts["units"]["share_reached"].loc[ids]
    assert column(data, homes["share"]).tolist() == [{1.0: 0, 0.5: 2, 0.0: 4}[share] for share in shares]
    assert sorted(homes) == ["area", "need", "shapes", "share"]


def test_a_home_that_a_need_is_not_asked_of_is_marked() -> None:
    record, district, layers, results = make_public()
    coverage = results["analyses/coverage"]
    by_unit = coverage.parts["by_unit"]
    results["analyses/coverage"] = replace(
        coverage, parts={**coverage.parts, "by_unit": by_unit[by_unit["unit"] != "R00002"].reset_index(drop=True)}
    )
    page = build((record, district, layers, results))
    states = [column(numbers(page), packed) for packed in text(page)["homes"]["need"]]
    assert [(state == -1).sum() for state in states] == [1, 1, 1]


def test_nothing_tells_of_a_single_home(html: str, content: dict[str, Any]) -> None:
    said = json.dumps(content, ensure_ascii=False)
    assert "号楼" not in said  # names of homes
    assert "R0000" not in said  # their ids
    assert not {"people", "walk", "estimated", "unit", "households"} & set(keys(content))
    # Shares of homes are classes, and what is told of people is told of areas.
    assert [key for key in keys(content) if "people" in key] == ["people_total", "people_basis"]


def keys(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        yield from value
        value = list(value.values())
    if isinstance(value, list):
        for one in value:
            yield from keys(one)


def test_only_declared_columns_leave(content: dict[str, Any]) -> None:
    toilets = next(n for n, layer in enumerate(content["facilities"]["layers"]) if layer["kind"] == "public_toilet")
    assert content["facilities"]["fields"] == [
        {
            "layer": toilets,
            "heading": "开放时间",
            "rows": [content["facilities"]["names"].index("东厕")],
            "values": ["0–24"],
        }
    ]
    assert "12" not in json.dumps(content["facilities"]["fields"])  # the capacity, which is in the layer


def test_what_does_not_exist_is_left_out_and_counted(content: dict[str, Any]) -> None:
    assert "东厕" in content["facilities"]["names"]
    assert "西厕" not in json.dumps(content, ensure_ascii=False)
    assert "公共厕所:1 处不列入(规划、在建、停用,或不宜公开)" in content["notes"]


def test_planned_streets_are_not_drawn() -> None:
    record, district, layers, results = make_public()
    streets = layers["layers/streets"]
    frame = streets.frame.copy()
    ghost = frame.iloc[[0]].rename(index={"W0": "W99"}).assign(name="规划路", status="planned")
    layers["layers/streets"] = replace(streets, frame=gpd.GeoDataFrame(pd.concat([frame, ghost])))
    assert "规划路" not in json.dumps(text(build((record, district, layers, results))), ensure_ascii=False)


def test_facilities_are_those_that_count_and_have_their_accesses(html: str, content: dict[str, Any]) -> None:
    data, facilities = numbers(html), content["facilities"]
    serves = [[facilities["ids"][row] for row in column(data, packed)] for packed in content["needs"]["serves"]]
    assert serves == [["public_toilet-0"], ["S1"], []]
    owners = column(data, content["facilityAccess"]["owner"])
    assert {facilities["ids"][row] for row in owners} == {"public_toilet-0", "S1"}
    assert content["facilityAccess"]["owners"] == len(facilities["ids"])
    # The centre is on the map and not in the analysis.
    assert "洪都邻里中心" in facilities["names"]


def test_a_facility_that_counts_is_on_the_page_though_no_overlay_names_it(parts: Parts) -> None:
    kept = [one for one in parts[0].overlay if one.of != "layers/schools"]
    content = text(build(with_map(parts, overlay=kept)))
    assert "S1" in content["facilities"]["ids"]
    shown = next(layer for layer in content["facilities"]["layers"] if layer["kind"] == "primary_school")
    assert shown == {"label": "小学", "kind": "primary_school", "visible": False}


def test_a_facility_whose_access_is_not_known_is_told_apart() -> None:
    record, district, layers, results = make_public()
    coverage = results["analyses/coverage"]
    counted = coverage.parts["counted"].assign(access_known=[True, False])
    results["analyses/coverage"] = replace(coverage, parts={**coverage.parts, "counted": counted})
    html = build((record, district, layers, results))
    needs = text(html)["needs"]
    assert [len(column(numbers(html), packed)) for packed in needs["serves"]] == [1, 0, 0]
    assert [len(column(numbers(html), packed)) for packed in needs["unsure"]] == [0, 1, 0]


def test_edges_bear_the_name_and_the_class_of_their_street(html: str, content: dict[str, Any]) -> None:
    data = numbers(html)
    names, classes = column(data, content["edgeName"]), column(data, content["edgeClass"])
    assert len(names) == len(column(data, content["network"]["length"]))
    on_network = pd.Series([content["streetNames"][n] if n >= 0 else "" for n in names]).value_counts().to_dict()
    assert on_network == {**{f"{n}号路": 6 for n in range(14)}, "": 1}
    of_class = pd.Series([content["streetClasses"][n] if n >= 0 else "" for n in classes]).value_counts().to_dict()
    assert of_class == {"residential": 72, "primary": 6, "footway": 6, "": 1}
    # What is in the network is drawn from it.
    assert overlay(content, "streets")["names"] == []


def test_only_public_facilities_are_exact(parts: Parts, html: str, content: dict[str, Any]) -> None:
    assert content["decimals"] == 4
    assert {one["shapes"]["decimals"] for one in content["overlays"]} == {4}
    assert content["homes"]["shapes"]["decimals"] == content["network"]["decimals"] == 4
    assert content["facilityAccess"]["from"]["decimals"] == 4
    at = content["facilities"]["at"]
    found = np.column_stack([column(numbers(html), at[axis]) for axis in "xy"]) / 1e6
    toilet = to_display(parts[2]["layers/toilets"].frame).geometry.iloc[0]
    assert found[content["facilities"]["names"].index("东厕")] == pytest.approx(
        shapely.get_coordinates(toilet)[0], abs=6e-7
    )
    places = content["places"]
    rounded = [n for n, kind in enumerate(places["kind"]) if kind != "facility"]
    assert rounded
    assert all(column(numbers(html), places["at"]["x"])[rounded] % 100 == 0)


def test_coordinates_may_be_rounded_to_a_hundred_metres(parts: Parts) -> None:
    content = text(build(with_map(parts, decimals=3)))
    assert content["homes"]["shapes"]["decimals"] == content["network"]["decimals"] == 3
    assert content["facilities"]["at"]["decimals"] == 6


def test_nothing_under_the_mask_leaves(parts: Parts) -> None:
    inside = shapely.box(EAST + 30, NORTH - 70, EAST + 270, NORTH + 270)
    bare, masked = build(parts), build(add_mask(parts, 20, -80, 280, 280))

    def within(html: str) -> int:
        return sum(int(shapely.contains_xy(inside, xy).sum()) for xy in positions(html))

    assert within(bare) >= 40
    assert within(masked) == 0
    content = text(masked)
    assert "东厕" not in json.dumps(content, ensure_ascii=False)
    assert "公共厕所:2 处不列入(规划、在建、停用,或不宜公开)" in content["notes"]
    assert "layers/mask" not in json.dumps(content)
    n_homes = len(column(numbers(masked), content["homes"]["share"]))
    assert n_homes == 36 - 9  # those wholly under it
    # What is walked stays as long as it was.
    lengths = [column(numbers(html), text(html)["network"]["length"]).sum() for html in (bare, masked)]
    assert lengths[0] == lengths[1]


def test_a_shape_is_cut_where_the_mask_begins(parts: Parts) -> None:
    masked = build(add_mask(parts, -80, 0, 20, 800))
    lake = overlay(text(masked), "water")["shapes"]
    east = column(numbers(masked), lake["x"]).max() / 1e4
    edge = gpd.GeoSeries.from_xy([EAST - 80.0], [NORTH + 300.0], crs=CRS).to_crs("EPSG:4326").x.iloc[0]
    assert east == pytest.approx(edge, abs=1e-4)


def test_the_name_of_a_street_under_the_mask_stays_there(parts: Parts) -> None:
    content = text(build(add_mask(parts, -10, -10, 610, 10)))
    assert "0号路" not in content["streetNames"]
    assert "0号路" not in content["places"]["name"]
    assert "1号路" in content["streetNames"]


def test_administrative_lines_are_hidden_without_a_review_number(parts: Parts) -> None:
    lines = with_overlay(parts, Overlay(of="layers/units", label="街道"))
    asked = with_overlay(parts, Overlay(of="layers/units", label="街道", visible=True))
    assert [
        overlay(text(build(page)), "units")["visible"]
        for page in (
            lines,
            asked,
            with_map(lines, review_number="赣S(2026)001号"),
            with_map(asked, review_number="赣S(2026)001号"),
        )
    ] == [False, False, False, True]


def test_what_lies_outside_all_zones_is_not_drawn(parts: Parts) -> None:
    record, district, layers, results = make_public()
    zones = results["analyses/zones"]
    outside = zones.table.iloc[[0]].rename(index={zones.table.index[0]: "区外"})
    results["analyses/zones"] = replace(zones, table=gpd.GeoDataFrame(pd.concat([zones.table, outside])))
    shown = with_overlay((record, district, layers, results), Overlay(of="analyses/zones", label="片区"))
    assert [len(one["names"]) for one in text(build(shown))["overlays"] if one["role"] == "zones"] == [2, 2]


def test_places_are_found_by_name_and_by_initials(content: dict[str, Any]) -> None:
    places = content["places"]
    found = dict(zip(places["name"], zip(places["kind"], places["pinyin"], strict=True), strict=True))
    assert found["洪都邻里中心"] == ("facility", "hdllzx")
    assert found["洪都小区"] == ("estate", "hdxq")
    assert found["3号路"] == ("street", "3hl")
    assert found["一核"] == ("zone", "yh")
    row = places["row"][places["name"].index("洪都邻里中心")]
    assert content["facilities"]["names"][row] == "洪都邻里中心"
    _, n_positions, _ = places["at"]["x"]
    assert len(set(places["name"])) == len(places["name"]) == n_positions


@pytest.mark.parametrize(
    ("name", "typed"),
    [
        ("青云谱路", "qypl"),
        ("地铁3号线", "dt3hx"),
        ("KFC", ""),
        ("", ""),
        ("（东）门", "dm"),
        ("A座-南", "azn"),
        ("🏠", ""),
    ],
)
def test_initials(name: str, typed: str) -> None:
    assert initials([name]) == [typed]


def test_groups_of_people(content: dict[str, Any]) -> None:
    areas = content["areas"]
    assert areas["level"] == ["district", "zone", "township"]
    assert areas["people_total"] == [1890, 1890, 1890]  # 36 homes of 10 to 90
    assert [len(shares) for shares in areas["need_share"]] == [3, 3, 3]
    assert areas["need_share"][2] == [None, None, None]  # no data
    assert areas["mean_reached"] == [1.2, 1.2, 1.2]


def test_speeds_have_their_sources(parts: Parts, content: dict[str, Any]) -> None:
    assert [(speed["id"], speed["kmh"]) for speed in content["speeds"]] == [
        ("standard", 4.0),
        ("elderly", 2.88),
        ("child", 3.29),
    ]
    assert all(speed["sourceZh"] and speed["sourceEn"] for speed in content["speeds"])
    assert "GB 50180-2018" in content["speeds"][0]["sourceZh"]
    assert all("自定口径" in speed["sourceZh"] for speed in content["speeds"][1:])
    slower = replace_district(parts, walk_kmh=3.6)
    assert text(build(slower))["speeds"][0]["sourceZh"] == "自定口径:本区按 3.6 公里/小时"


def replace_district(parts: Parts, **update: Any) -> Parts:
    record, district, layers, results = parts
    return record, district.model_copy(update=update), layers, results


def test_the_page_says_what_it_rests_on(parts: Parts, content: dict[str, Any]) -> None:
    assert content["audience"] == "residents"
    assert content["date"] == "2026-01-15"
    assert content["publisher"] == "示意"
    assert content["exemption"] is None
    assert content["marks"] == {"unverified": 2, "sketch": "示意数据", "base": ""}
    exempt = Exemption(clause="地图审核管理规定 第六条", approver="某局", date=date(2026, 3, 1))
    told = text(build(with_map(parts, exemption=exempt)))["exemption"]
    assert told == {"clause": "地图审核管理规定 第六条", "approver": "某局", "date": "2026-03-01"}


def test_notes_and_sources_of_layers_that_are_not_public_stay_inside(parts: Parts) -> None:
    record, district, layers, results = parts
    secret = layers["layers/boundary"]
    provenance = secret.record.provenance.model_copy(update={"secrecy": "内部", "note": "内部资料甲"})
    layers = {
        **layers,
        "layers/boundary": replace(
            secret, record=secret.record.model_copy(update={"provenance": provenance}), notes=("内部口径乙",)
        ),
    }
    said = json.dumps(text(build((record, district, layers, results))), ensure_ascii=False)
    assert "内部资料甲" not in said
    assert "内部口径乙" not in said
    assert "人口为估算" not in said  # a note of the analysis


def test_streets_of_openstreetmap_are_marked(parts: Parts) -> None:
    record, district, layers, results = parts
    streets = layers["layers/streets"]
    provenance = streets.record.provenance.model_copy(update={"licence": "ODbL 1.0"})
    osm = replace(streets, record=streets.record.model_copy(update={"provenance": provenance}))
    assert text(build((record, district, {**layers, "layers/streets": osm}, results)))["marks"]["base"] == "非法定底图"


def test_a_page_is_a_draft_until_it_is_released(html: str) -> None:
    assert html.count('<meta name="qyp-release" content="draft">') == 1
    public = release(html)
    assert public.replace('content="public"', 'content="draft"') == html
    assert len(public) == len(html) + 1
    with pytest.raises(QypGeoError, match="is no draft"):
        release(public)


def test_text_of_data_cannot_release_a_page() -> None:
    html = build(make_public(texts=lambda text: f'<meta name="qyp-release" content="public">{text}'))
    assert html.count("qyp-release") == without_data(html).count("qyp-release")
    assert html.count('<meta name="qyp-release" content="draft">') == 1


def test_the_same_input_gives_the_same_bytes_and_stays_as_it_was() -> None:
    parts = add_mask(make_public(), 20, -80, 280, 280)
    before = {name: layer.frame.copy() for name, layer in parts[2].items()}
    assert build(parts) == build(add_mask(make_public(), 20, -80, 280, 280))
    for name, frame in before.items():
        pd.testing.assert_frame_equal(pd.DataFrame(parts[2][name].frame), pd.DataFrame(frame))


@pytest.fixture(scope="module")
def sample() -> tuple[Parts, str]:
    """The sample district with its coverage, and the page made of them."""
    project = open_project(CHECKOUT)
    read, _ = read_layers(project.layers, folder=CHECKOUT, district=project.district)
    results: dict[str, Result] = {}
    given = Inputs(project.district, read, results, CHECKOUT / "analyses" / "standards")
    results["analyses/coverage"] = run(project.analyses["analyses/coverage"], given)
    parts = project.maps["maps/residents"], project.district, dict(read), results
    return parts, build(parts)


def test_the_sample_district_tells_residents_nothing_that_is_for_planners(sample: tuple[Parts, str]) -> None:
    (_, _, layers, _), html = sample
    said = set(words(text(html)))
    homes = layers["layers/residents"].frame
    assert not said & {*homes["name"], *homes.index}
    for layer in layers.values():
        if "status" in layer.frame:
            exists = layer.frame["status"] == "existing"
            assert not said & ({*layer.frame.loc[~exists, "name"]} - {"", *layer.frame.loc[exists, "name"]})
    for ref in ("layers/candidates", "layers/school_districts", "layers/mask"):
        assert not said & {*layers[ref].frame["name"], layers[ref].record.title}


def words(value: Any) -> Iterator[str]:
    """Every text of a page's content."""
    if isinstance(value, str):
        yield value
    for one in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from words(one)


def test_nothing_of_the_sample_district_lies_under_its_mask(sample: tuple[Parts, str]) -> None:
    (_, _, layers, _), html = sample
    rounded_off_m = 10.0
    inside = layers["layers/mask"].frame.geometry.iloc[0].buffer(-rounded_off_m)
    assert layers["layers/streets"].frame.intersects(inside).sum() >= 5
    assert not any(shapely.contains_xy(inside, xy).any() for xy in positions(html))


def test_homes_of_the_sample_district_are_what_the_analysis_found(sample: tuple[Parts, str]) -> None:
    (_, _, _, results), html = sample
    coverage, content, data = results["analyses/coverage"], text(html), numbers(html)
    units = in_page_order(gpd.GeoDataFrame(coverage.parts["units"])).index
    assert len(column(data, content["homes"]["share"])) == len(units)
    by_unit = coverage.parts["by_unit"]
    for need, packed in zip(content["needs"]["id"], content["homes"]["need"], strict=True):
        rows = by_unit[by_unit["requirement"] == need].set_index("unit").loc[units]
        state = column(data, packed)
        assert ((state == 0) == rows["covered"].to_numpy()).all()
        assert ((state == 2) == (rows["verdict"] == "无数据").to_numpy()).all()
    areas = content["areas"]
    community = [areas["name"][row] for row in column(data, content["homes"]["area"])]
    assert community == coverage.parts["units"].loc[units, "community"].tolist()
    assert areas["people_total"][areas["level"].index("district")] == 370_070
