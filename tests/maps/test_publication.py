"""What a residents' page is refused: each thing named, with its key, its reason and what to do."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest

from qyp_geo.declarations import Analysis, Exemption, Layer, Map, Overlay, Ref, Scenario, Source
from qyp_geo.errors import DeclarationError
from qyp_geo.maps import refusals
from qyp_geo.maps.publication import is_osm, is_public
from qyp_geo.project import open_project, survey
from tests.maps.conftest import build
from tests.maps.district import make_district
from tests.maps.public import Asked, make_public, with_overlay
from tests.small import small_district

CHECKOUT = Path(__file__).parents[2]


def told(
    record: Map, layers: dict[str, Layer], analyses: dict[str, Analysis] | None = None, **district: Any
) -> list[str]:
    """What is refused of a map, as text."""
    _, place, _, results = make_public()
    found = refusals(
        record,
        shown_as="maps/residents.toml",
        district=place.model_copy(update=district),
        layers=layers,
        analyses={ref: result.record for ref, result in results.items()} if analyses is None else analyses,
    )
    return [str(problem) for problem in found]


def declared() -> tuple[Map, dict[str, Layer]]:
    record, _, layers, _ = make_public()
    return record, {ref: layer.record for ref, layer in layers.items()}


def changed(layer: Layer, **provenance: Any) -> Layer:
    return layer.model_copy(update={"provenance": layer.provenance.model_copy(update=provenance)})


def more(record: Map, overlay: Overlay) -> Map:
    return record.model_copy(update={"overlay": [*record.overlay, overlay]})


def test_what_is_public_is_not_refused() -> None:
    record, layers = declared()
    assert told(record, layers) == []


def test_a_map_for_planners_is_refused_nothing() -> None:
    record, _, layers, results = make_district(side=2)
    found = told(
        record,
        {ref: layer.record for ref, layer in layers.items()},
        {ref: result.record for ref, result in results.items()},
    )
    assert found == []


@pytest.mark.parametrize(
    ("provenance", "message"),
    [
        ({"secrecy": "内部"}, 'is not public (given: layers/water: secrecy = "内部")'),
        ({"secrecy": None}, "is not public (given: layers/water: no secrecy declared)"),
        ({"may_redistribute": False}, "may not be passed on (given: layers/water: may_redistribute = false)"),
        (
            {"publisher": "高德开放平台"},
            "is a map company's data, which may not be published again (given: layers/water: 高德)",
        ),
        ({"note": "POI from AMap, 2025"}, "is a map company's data"),
        ({"licence": "AutoNavi"}, "is a map company's data"),
        ({"publisher": "百度地图"}, "is a map company's data"),
        ({"note": "baidu"}, "is a map company's data"),
        ({"publisher": "腾讯位置服务"}, "is a map company's data"),
        ({"note": "Tencent"}, "is a map company's data"),
    ],
)
def test_layers_that_may_not_leave(provenance: dict[str, Any], message: str) -> None:
    record, layers = declared()
    layers["layers/water"] = changed(layers["layers/water"], **provenance)
    found = told(record, layers)
    assert len(found) == 1
    assert found[0].startswith(f"maps/residents.toml: overlay[2].of: {message}")


def test_a_word_that_only_holds_the_name_of_a_company_is_no_company() -> None:
    record, layers = declared()
    layers["layers/water"] = changed(layers["layers/water"], publisher="Datamapper", note="roadamaps")
    assert told(record, layers) == []


@pytest.mark.parametrize("key", ["demand", "network", "facilities", "areas"])
def test_what_the_coverage_rests_on_must_be_public_too(key: str) -> None:
    record, layers = declared()
    ref = {
        "demand": "layers/residents",
        "network": "layers/streets",
        "facilities": "layers/toilets",
        "areas": "layers/zones",
    }[key]
    layers[ref] = changed(layers[ref], secrecy="内部")
    found = told(record.model_copy(update={"overlay": record.overlay[:1]}), layers)
    at = {"facilities": "facilities[0]", "areas": "areas[0]"}.get(key, key)
    assert found == [
        f"maps/residents.toml: overlay[0].of → analyses/coverage → {at}: is not public "
        f'(given: {ref}: secrecy = "内部"). Allowed on it: layers with secrecy = "公开" and may_redistribute = true in '
        "[provenance]"
    ]


def test_gates_of_what_the_coverage_rests_on_must_be_public_too() -> None:
    record, layers = declared()
    layers["layers/schools"] = layers["layers/schools"].model_copy(update={"gates": "layers/estate_gates"})
    layers["layers/estate_gates"] = changed(layers["layers/estate_gates"], may_redistribute=False)
    assert [one.split(": ")[1] for one in told(record, layers)] == [
        "overlay[0].of → analyses/coverage → facilities[1] → gates"
    ]


def test_land_use_need_not_be_public_for_shares_that_are_not_shown() -> None:
    class WithLand(Asked):
        landuse: Ref

    record, layers = declared()
    _, _, _, results = make_public()
    analysis = WithLand(**results["analyses/coverage"].record.model_dump(), landuse="layers/landuse")
    layers["layers/landuse"] = changed(layers["layers/landuse"], secrecy="内部")
    assert told(record, layers, {"analyses/coverage": analysis}) == []


@pytest.mark.parametrize(
    ("kind", "reason"),
    [
        ("residents", "tells people building by building"),
        ("candidates", "holds plots that nothing is decided of"),
        ("school_districts", "holds 施教区"),
        ("landuse", "holds land use plot by plot"),
        ("mask", "is what must not be seen"),
    ],
)
def test_kinds_that_are_never_shown(kind: str, reason: str) -> None:
    record, layers = declared()
    layers["layers/more"] = layers["layers/water"].model_copy(update={"kind": kind})
    found = told(more(record, Overlay(of="layers/more", label="x")), layers)
    assert len(found) == 1
    assert found[0].startswith(
        f"maps/residents.toml: overlay[{len(record.overlay)}].of: is of kind {kind}: it {reason}"
    )


@pytest.mark.parametrize("kind", ["gaps", "siting", "plan_targets", "schools_watch", "compare", "catchment", "equity"])
def test_analyses_that_are_for_planners(kind: str) -> None:
    record, layers = declared()
    _, _, _, results = make_public()
    analyses = {
        "analyses/coverage": results["analyses/coverage"].record,
        "analyses/other": Analysis(kind=kind, title="x"),
    }
    found = told(more(record, Overlay(of="analyses/other", label="x")), layers, analyses)
    assert found == [
        f"maps/residents.toml: overlay[8].of: is an analysis of kind {kind}, which is for planners (given: analyses/other). "
        "Allowed on a residents' page: coverage, zones"
    ]


@pytest.mark.parametrize("key", ["part", "colour_by", "choice"])
def test_parts_of_results_are_for_planners(key: str) -> None:
    record, layers = declared()
    found = told(more(record, Overlay.model_validate({"of": "analyses/zones", "label": "x", key: "units"})), layers)
    assert found == [
        f"maps/residents.toml: overlay[8].{key}: chooses from the tables of an analysis, which are for planners "
        "(given: units). Remove it"
    ]


def test_tables_beside_the_map_are_for_planners() -> None:
    record, layers = declared()
    assert told(record.model_copy(update={"tables": ["analyses/zones"]}), layers) == [
        "maps/residents.toml: tables[0]: is asked for as a table, and tables of analyses are for planners "
        "(given: analyses/zones). Remove it"
    ]


def test_another_state_than_the_present_is_refused() -> None:
    record, layers = declared()
    _, _, _, results = make_public()
    planned = results["analyses/coverage"].record.model_copy(update={"scenario": Scenario(status=["planned"])})
    what = "maps/residents.toml: overlay[0].of: is asked of a scenario: a residents' page shows what is there now"
    assert told(record, layers, {"analyses/coverage": planned})[0].startswith(what)
    assert told(record, layers, scenario=Scenario())[0].startswith(what)


@pytest.mark.parametrize(
    ("column", "heading", "in_file"),
    [
        ("people", "人口", ""),
        ("households", "x", ""),
        ("children_6_11", "x", ""),
        ("aged_60", "x", ""),
        ("served", "服务人口", ""),
        ("served", "x", "服务人数"),
    ],
)
def test_columns_that_count_people_are_refused(column: str, heading: str, in_file: str) -> None:
    record, layers = declared()
    layers["layers/estates"] = layers["layers/estates"].model_copy(
        update={"columns": {column: in_file} if in_file else {}}
    )
    found = told(more(record, Overlay(of="layers/estates", label="x", popup={column: heading})), layers)
    assert len(found) == 1
    assert found[0].startswith(
        f"maps/residents.toml: overlay[8].popup.{column}: counts people, who are told of in groups alone"
    )


def test_figures_of_analyses_are_in_their_tables_alone() -> None:
    record, layers = declared()
    found = told(
        more(record, Overlay(of="analyses/zones", label="x", popup={"name": "名称", "share_reached": "y"})), layers
    )
    assert [one.split(": ")[1] for one in found] == ["overlay[8].popup.share_reached"]
    coverage = record.overlay[0].model_copy(update={"popup": {"n_reached": "项数"}})
    found = told(record.model_copy(update={"overlay": [coverage, *record.overlay[1:]]}), layers)
    assert [one.split(": ")[1] for one in found] == ["overlay[0].popup.n_reached"]


@pytest.mark.parametrize("kind", ["boundary", "units"])
def test_administrative_lines_of_openstreetmap_are_refused(kind: str) -> None:
    record, layers = declared()
    layers[f"layers/{kind}"] = changed(layers[f"layers/{kind}"], licence="ODbL 1.0")
    found = told(more(record, Overlay(of=f"layers/{kind}", label="x")), layers)
    assert found == [
        f"maps/residents.toml: overlay[8].of: draws administrative lines from OpenStreetMap, which are not official "
        f"(given: layers/{kind}). Use the lines of the bureau of natural resources, or remove it"
    ]


def test_units_of_openstreetmap_are_refused_as_areas_of_figures() -> None:
    record, layers = declared()
    layers["layers/zones"] = changed(layers["layers/zones"], licence="ODbL 1.0")
    assert told(record, layers) == []  # zones are no administrative lines
    layers["layers/zones"] = layers["layers/zones"].model_copy(update={"kind": "units"})
    assert "draws administrative lines" in " ".join(told(record, layers))


def test_no_exemption_covers_administrative_lines() -> None:
    record, layers = declared()
    exempt = Exemption(clause="第六条", approver="某局", date=date(2026, 3, 1))
    lines = more(record, Overlay(of="layers/units", label="街道")).model_copy(update={"exemption": exempt})
    assert told(lines, layers) == [
        "maps/residents.toml: overlay[8].of: draws administrative lines, which a map without a review number must not "
        "(given: layers/units). Give review_number, or remove the overlay"
    ]
    assert told(lines.model_copy(update={"review_number": "赣S(2026)001号"}), layers) == []


def test_a_page_without_coverage_is_refused() -> None:
    record, layers = declared()
    found = told(record.model_copy(update={"overlay": record.overlay[1:]}), layers)
    assert len(found) == 1
    assert found[0].startswith(
        "maps/residents.toml: overlay: shows no coverage analysis, which a residents' page rests on"
    )


def test_all_is_told_at_once_when_a_page_is_built() -> None:
    parts = make_public()
    record, district, layers, results = parts
    layers["layers/toilets"] = make_district(side=2)[2]["layers/toilets"]
    shown = with_overlay((record, district, layers, results), Overlay(of="analyses/gaps", label="x"))
    with pytest.raises(DeclarationError, match="A page cannot be for residents") as caught:
        build(shown)
    keys = [problem.where for problem in caught.value.problems]
    assert keys == [
        *["overlay[0].of → analyses/coverage → facilities[0]"] * 2,
        *["overlay[5].of"] * 2,
        "overlay[8].of",
    ]


def test_a_layer_is_public_by_both_marks_and_openstreetmap_by_any() -> None:
    layer = make_public()[2]["layers/water"].record
    assert is_public(layer)
    assert not is_public(changed(layer, secrecy="内部"))
    assert not is_public(changed(layer, may_redistribute=False))
    assert not is_osm(layer)
    assert is_osm(changed(layer, publisher="OpenStreetMap contributors"))
    assert is_osm(changed(layer, note="taken from OSM"))
    assert is_osm(layer.model_copy(update={"source": Source(path="data/town.osm.pbf", datum="wgs84")}))
    assert not is_osm(changed(layer, note="cosmos"))


def test_check_tells_before_anything_is_computed(tmp_path: Path) -> None:
    folder = small_district(tmp_path / "small")
    (folder / "maps/residents.toml").write_text(
        'title = "居民"\naudience = "residents"\n[[overlay]]\nof = "layers/toilets"\nlabel = "公厕"\n'
        '[[overlay]]\nof = "analyses/coverage"\nlabel = "居民"\n',
        encoding="utf-8",
    )
    _, problems = survey(folder)
    where = {(problem.file, problem.where) for problem in problems}
    assert where == {
        ("maps/residents.toml", "overlay[0].of"),
        *(
            ("maps/residents.toml", f"overlay[1].of → analyses/coverage → {key}")
            for key in ("demand", "network", "facilities[0]")
        ),
    }
    assert len(problems) == 8  # neither public nor to be passed on
    for name in ("toilets", "residents", "streets"):
        file = folder / f"layers/{name}.toml"
        file.write_text(file.read_text("utf-8") + 'secrecy = "公开"\nmay_redistribute = true\n', encoding="utf-8")
    assert list(open_project(folder).maps) == ["maps/planners", "maps/residents"]


def test_the_sample_district_publishes_nothing_that_it_may_not() -> None:
    project = open_project(CHECKOUT)
    record = project.maps["maps/residents"]
    assert record.audience == "residents"
    assert not record.review_number
    assert not {"layers/candidates", "layers/school_districts", "layers/landuse", "layers/mask"} & {
        overlay.of for overlay in record.overlay
    }
    assert project.layers["layers/mask"].provenance.secrecy == "内部"


def test_a_map_says_who_exempted_it_and_how_coarse_it_is() -> None:
    record, _ = declared()
    assert (record.decimals, record.exemption) == (4, None)
    with pytest.raises(ValueError, match="decimals"):
        Map.model_validate({**record.model_dump(), "decimals": 5})
    with pytest.raises(ValueError, match="clause"):
        Exemption(clause="", approver="x", date=date(2026, 1, 1))
