"""What a residents' page carries: only what `publication` lets leave, cut by the mask, rounded, people in groups.

Beside what both pages carry (`build`), the content has

- ``decimals``, ``speeds`` (`speeds`), ``needs`` and ``needData``: the requirements of the coverage analysis, one value per need
  in each column. ``serves`` are the rows of the facilities that count, ``unsure`` of those whose access is not known;
  ``beyond`` tells whether any of them is known outside the district, where one may walk to.
- ``network``, ``streetNames``, ``edgeName``, ``streetClasses``, ``edgeClass``: the walking network, from which streets are
  drawn. ``edgeClass`` is -1 where there is nothing to draw, or the other side of the street is drawn already. The overlay
  ``streets`` has only those that are not in the network.
- ``facilities``: ``layers``, one per facility layer; ``layer`` (its row), ``kind``, ``names``, ``ids``, ``at`` (exact), one per
  facility; ``fields`` of declared popup columns; ``grounds`` of those that are polygons: ``row`` and ``shapes``. And
  ``facilityAccess``, whose owners are rows of facilities.
- ``homes``: shapes and classes. ``need``: 0 步行可达, 1 步行较远, 2 暂无数据, -1 not asked. ``share``: the class of the share
  of needs within reach, as ``SHARE_CLASSES`` of style.js has them, 5 without data. ``area``: the row of ``areas`` of the
  community.
- ``overlays``, ``places`` (`places`), ``areas`` (`groups`), ``marks``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from typing import Final

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely
from shapely.geometry.base import BaseGeometry

from qyp_geo.crs import to_display
from qyp_geo.declarations import District, Map
from qyp_geo.frames import LayerData, Result
from qyp_geo.maps.coverage import REQUIREMENT
from qyp_geo.maps.groups import FEWEST, figures_of_areas
from qyp_geo.maps.masking import mask_of, without_masked
from qyp_geo.maps.network import accesses_content, cut_out, network_content
from qyp_geo.maps.overlays import Shown, collect, in_page_order, plain, table_content
from qyp_geo.maps.pack import Packer
from qyp_geo.maps.places import place_frame, places_content, streets_by_name
from qyp_geo.maps.publication import is_osm
from qyp_geo.maps.speeds import speeds
from qyp_geo.maps.themes import share_classes

_WITHIN, _FARTHER, _UNKNOWN, _NOT_ASKED = 0, 1, 2, -1
_NO_SHARE: Final = 5
_ADMINISTRATIVE: Final = frozenset({"boundary", "units"})
_NO_OFFICIAL_BASE: Final = "非法定底图"
_PLACES: Final = {"zones": "zone", "estates": "estate"}
_LEVELS: Final = {"社区": "community", "村": "community"}
_OUTSIDE: Final = "区外"
_EXACT: Final = 6
"""Decimals of the positions of public facilities, which are public as they are."""


def residents_content(
    record: Map, *, district: District, layers: Mapping[str, LayerData], results: Mapping[str, Result], packer: Packer
) -> dict[str, object]:
    """Return what a residents' page carries beside what both pages do.

    Parameters
    ----------
    record
        The map's declaration; `publication.refusals` finds nothing in it.
    district
        Gives the standard speed.
    layers, results
        By reference, in the district CRS. Every layer of kind ``mask`` is cut out.
    packer
        Takes the numbers.
    """
    mask = mask_of(layers)
    shown = [_public(one, mask) for one in collect(record, layers=layers, results=results)]
    homes = next(one for one in shown if one.role == "coverage")
    coverage = results[homes.overlay.of]
    facility_layers = _facility_layers(coverage, shown)
    facilities = _facilities(facility_layers, layers, mask)
    areas, shares = figures_of_areas(coverage)
    network, network_names = _network_content(
        coverage, facilities, layers, mask, packer=packer, decimals=record.decimals
    )
    return {
        "decimals": record.decimals,
        "speeds": [asdict(speed) for speed in speeds(district.walk_kmh)],
        **_needs_content(coverage, facilities, layers[district.boundary], packer),
        **network,
        "facilities": _facilities_content(facility_layers, facilities, shown, layers, packer),
        "homes": _homes_content(homes.frame, coverage, areas, packer, decimals=record.decimals),
        "overlays": [
            _overlay_content(one, coverage, record, packer) for one in shown if one.role not in {"coverage", "facility"}
        ],
        "places": places_content(
            [*_area_places(shown, coverage, layers, mask), network_names, _facility_places(facilities)],
            packer,
            decimals=record.decimals,
        ),
        "areas": {
            "level": areas["level"].tolist(),
            "name": areas["area_name"].tolist(),
            "people_total": plain(areas["people_total"]),
            "people_basis": areas["people_basis"].tolist(),
            "need_share": [plain(shares[need]) for need in shares],
            "n_items_with_data": plain(areas["n_items_with_data"]),
            "mean_reached": plain(areas["mean_reached"]),
            "hidden": (areas["note"] != "").tolist(),
        },
        "notes": list(_notes(coverage, facility_layers, facilities, layers)),
        "marks": {
            "unverified": int((~coverage.parts["requirements"]["verified"].astype(bool)).sum()),
            "sketch": district.note,
            "base": _NO_OFFICIAL_BASE if is_osm(layers[_network_of(coverage)].record) else "",
        },
    }


def _network_of(coverage: Result) -> str:
    return str(coverage.record.model_dump()["network"])


def _notes(
    coverage: Result, refs: Sequence[str], facilities: gpd.GeoDataFrame, layers: Mapping[str, LayerData]
) -> Iterator[str]:
    """Yield what the figures rest on. The notes of layers and analyses are for planners: some count people, or name plans."""
    asked = coverage.record.model_dump()
    population = layers[asked["demand"]].record.population
    if population is not None:
        yield f"人口口径:{population.base}人口,{population.year} 年,{population.source}"
    if asked.get("estates"):
        yield "有出入口的小区,住宅从小区出入口算起;点选的位置从最近的道路算起"
    yield f"人数取整到十,不足 {FEWEST} 人的不公布,比例按取整后的人数计算"
    for ref in refs:
        if n_left_out := len(layers[ref].frame) - int((facilities["ref"] == ref).sum()):
            yield f"{layers[ref].record.title}:{n_left_out} 处不列入(规划、在建、停用,或不宜公开)"


def _public(shown: Shown, mask: BaseGeometry | None) -> Shown:
    """Return an overlay with what of it residents may see: what exists, outside the mask, and no outline of the district."""
    frame = shown.frame
    if "status" in frame:
        frame = frame[frame["status"] == "existing"]
    if shown.kind == "zones":
        frame = frame[frame.index != _OUTSIDE]
    return Shown(shown.overlay, shown.role, shown.kind, without_masked(gpd.GeoDataFrame(frame), mask))


def _facility_layers(coverage: Result, shown: Sequence[Shown]) -> list[str]:
    """Return the facility layers of the page: those of overlays, and those that the coverage analysis counts."""
    refs = [one.overlay.of for one in shown if one.role == "facility"]
    return list(dict.fromkeys([*refs, *coverage.record.model_dump()["facilities"]]))


def _facilities(refs: Sequence[str], layers: Mapping[str, LayerData], mask: BaseGeometry | None) -> gpd.GeoDataFrame:
    """Return the facilities that exist and may be seen, row by row of the page."""
    parts = []
    for ref in refs:
        frame = layers[ref].frame
        frame = frame[frame["status"] == "existing"] if "status" in frame else frame
        frame = in_page_order(without_masked(gpd.GeoDataFrame(frame), mask))
        names = frame["name"].fillna("").astype(str).to_numpy()
        part = {"ref": ref, "id": frame.index.astype(str), "name": names, "kind": frame["kind"].to_numpy()}
        parts.append(gpd.GeoDataFrame(part, geometry=frame.geometry.to_numpy(), crs=frame.crs))
    facilities = gpd.GeoDataFrame(pd.concat(parts, ignore_index=True))
    # A layer of which nothing exists yet has no number.
    return gpd.GeoDataFrame(facilities.assign(layer=pd.factorize(facilities["ref"])[0]))


def _facilities_content(
    refs: Sequence[str],
    facilities: gpd.GeoDataFrame,
    shown: Sequence[Shown],
    layers: Mapping[str, LayerData],
    packer: Packer,
) -> dict[str, object]:
    declared = {one.overlay.of: one.overlay for one in shown if one.role == "facility"}
    fields = []
    for n, ref in enumerate(refs):
        rows = facilities[facilities["ref"] == ref]
        for name, heading in (declared[ref].popup if ref in declared else {}).items():
            if name != "name":  # the heading of every panel already
                values = plain(layers[ref].frame.loc[rows["id"], name])
                fields.append({"layer": n, "heading": heading, "rows": rows.index.tolist(), "values": values})
    points = to_display(facilities.set_geometry(facilities.representative_point())).geometry
    grounds = facilities[shapely.get_dimensions(facilities.geometry.to_numpy()) == 2]
    return {
        "layers": [
            {
                "label": declared[ref].label if ref in declared else layers[ref].record.title,
                "kind": layers[ref].record.kind,
                "visible": ref in declared and declared[ref].visible,
            }
            for ref in refs
        ],
        "layer": facilities["layer"].tolist(),
        "kind": facilities["kind"].tolist(),
        "ids": facilities["id"].tolist(),
        "names": facilities["name"].tolist(),
        "fields": fields,
        "at": packer.points(points, decimals=_EXACT),
        "grounds": {
            "row": grounds.index.tolist(),
            "shapes": packer.shapes(to_display(grounds[["geometry"]]).geometry, decimals=_EXACT),
        },
    }


def _needs_content(
    coverage: Result, facilities: gpd.GeoDataFrame, boundary: LayerData, packer: Packer
) -> dict[str, object]:
    """Return the requirements, and the facilities that count for each."""
    requirements = coverage.parts["requirements"]
    counted = coverage.parts["counted"]
    row = _rows_of(facilities, counted["facility_layer"], counted["facility"])
    inside = boundary.frame.geometry.union_all()
    outside = ~facilities.geometry.intersects(inside).to_numpy()

    def rows(need: str, *, access_known: bool) -> npt.NDArray[np.intp]:
        chosen = (counted["requirement"] == need) & (counted["access_known"] == access_known) & (row >= 0)
        return np.sort(row[chosen.to_numpy()])

    asked = requirements["id"].tolist()
    serves = [rows(need, access_known=True) for need in asked]
    return {
        "needs": {
            **table_content(requirements, REQUIREMENT),
            "serves": [packer.column(one) for one in serves],
            "unsure": [packer.column(rows(need, access_known=False)) for need in asked],
            "beyond": [bool(outside[one].any()) for one in serves],
        },
        "needData": plain(requirements["has_layer"]),
    }


def _rows_of(facilities: gpd.GeoDataFrame, ref: pd.Series, id_: pd.Series) -> npt.NDArray[np.intp]:
    """Return the rows that facilities have in the page, -1 where they are not on it."""
    known = pd.MultiIndex.from_arrays([facilities["ref"], facilities["id"]])
    return known.get_indexer(pd.MultiIndex.from_arrays([ref, id_.astype(str)]))


def _network_content(
    coverage: Result,
    facilities: gpd.GeoDataFrame,
    layers: Mapping[str, LayerData],
    mask: BaseGeometry | None,
    *,
    packer: Packer,
    decimals: int,
) -> tuple[dict[str, object], gpd.GeoDataFrame]:
    """Return the network with the names and classes of its streets and where facilities stand on it, and the named streets."""
    edges = gpd.GeoDataFrame(coverage.parts["edges"])
    accesses = gpd.GeoDataFrame(coverage.parts["accesses"])
    accesses = gpd.GeoDataFrame(accesses[accesses["of"] == "facility"])
    if mask is not None:
        edges, accesses = cut_out(edges, accesses, mask)
    network = network_content(edges, packer, decimals=decimals)
    streets = layers[_network_of(coverage)].frame
    named = edges["line"].map(streets["name"]).fillna("").where(edges.geometry.notna(), "")
    classes = edges["line"].map(streets["street_class"]).fillna("")
    drawn = edges.geometry.notna().to_numpy() & (edges["side"] >= 0 if "side" in edges else True)

    def by_row(codes: npt.NDArray[np.intp]) -> npt.NDArray[np.intp]:
        return pd.Series(codes, index=edges.index).loc[network.row_of_edge.index].to_numpy()

    name_of, names = pd.factorize(named.where(named != ""))
    class_of, street_classes = pd.factorize(classes)
    return {
        "network": network.packed,
        "streetNames": names.tolist(),
        "edgeName": packer.column(by_row(name_of)),
        "streetClasses": street_classes.tolist(),
        "edgeClass": packer.column(by_row(np.where(drawn, class_of, -1))),
        "facilityAccess": accesses_content(
            accesses,
            owner=_rows_of(facilities, accesses["layer"], accesses["id"]),
            n_owners=len(facilities),
            row_of_edge=network.row_of_edge,
            packer=packer,
            decimals=decimals,
        ),
    }, streets_by_name(edges, named)


def _homes_content(
    homes: gpd.GeoDataFrame, coverage: Result, areas: pd.DataFrame, packer: Packer, *, decimals: int
) -> dict[str, object]:
    """Return the homes as classes: no id, no people, no metres."""
    by_unit, asked = coverage.parts["by_unit"], coverage.parts["requirements"]["id"]
    place = homes.index.get_indexer(pd.Index(by_unit["unit"]))
    need = pd.Index(asked).get_indexer(pd.Index(by_unit["requirement"]))
    state = np.select([by_unit["covered"], by_unit["verdict"] == "无数据"], [_WITHIN, _UNKNOWN], _FARTHER)
    states = np.full((len(asked), len(homes)), _NOT_ASKED, dtype=np.int64)
    states[need[place >= 0], place[place >= 0]] = state[place >= 0]

    of_share = share_classes(homes["share_reached"])
    communities = areas[areas["level"] == "community"]
    row = pd.Series(communities.index, index=communities["area_name"])
    row = row[~row.index.duplicated(keep=False)]
    return {
        "shapes": packer.shapes(to_display(homes[[homes.geometry.name]]).geometry, decimals=decimals),
        "need": [packer.column(one) for one in states],
        "share": packer.column(np.where(of_share < 0, _NO_SHARE, of_share)),
        "area": packer.column(homes["community"].map(row).fillna(-1).astype(int)),
    }


def _overlay_content(shown: Shown, coverage: Result, record: Map, packer: Packer) -> dict[str, object]:
    """Return what is drawn beside homes and facilities."""
    frame, visible = shown.frame, shown.overlay.visible
    if shown.role == "streets":  # those that are walked are drawn from the network
        frame = frame[~frame.index.isin(coverage.parts["edges"]["line"])]
    if shown.role in _ADMINISTRATIVE:
        visible = visible and "visible" in shown.overlay.model_fields_set and bool(record.review_number)
    geometry = to_display(frame[[frame.geometry.name]]).geometry
    content: dict[str, object] = {
        "role": shown.role,
        "kind": shown.kind,
        "label": shown.overlay.label,
        "visible": visible,
        "names": plain(frame["name"].fillna("").astype(str)) if "name" in frame else [""] * len(frame),
        "fields": [
            {"heading": heading, "values": plain(frame[name])}
            for name, heading in shown.overlay.popup.items()
            if name != "name"
        ],
        "shapes": packer.shapes(geometry, decimals=record.decimals),
        "at": packer.points(geometry.representative_point(), decimals=record.decimals),
    }
    if shown.role == "streets":
        content["facts"] = {"street_class": plain(frame["street_class"]), "walkable": plain(frame["walkable"])}
    return content


def _area_places(
    shown: Sequence[Shown], coverage: Result, layers: Mapping[str, LayerData], mask: BaseGeometry | None
) -> list[gpd.GeoDataFrame]:
    """Return communities, townships, zones and estates to search for."""
    refs = [one.overlay.of for one in shown if one.role in {"units", "zones", "estates"} and one.overlay.of in layers]
    refs += coverage.record.model_dump().get("areas", [])
    found = []
    for ref in dict.fromkeys(refs):
        frame = without_masked(gpd.GeoDataFrame(layers[ref].frame), mask)
        kind = _PLACES.get(layers[ref].record.kind) or frame["level"].map(_LEVELS).fillna("township")
        kind = pd.Series(kind, index=frame.index)
        for one in kind.unique():
            rows = gpd.GeoDataFrame(frame[kind == one])
            found.append(place_frame(one, rows["name"], rows.representative_point(), -1))
    return found


def _facility_places(facilities: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    return place_frame("facility", facilities["name"], facilities.representative_point(), facilities.index)
