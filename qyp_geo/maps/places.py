"""What a reader may search for on a residents' page: names, where they are, and the initials that people type."""

from __future__ import annotations

import re
from typing import Any, Final

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from qyp_geo.crs import to_display
from qyp_geo.maps.pack import Packer

_NOT_TYPED: Final = re.compile(r"[^a-z0-9]+")
_HAN: Final = re.compile(r"[\u3400-\u9fff]")


def place_frame(kind: str, names: pd.Series, points: gpd.GeoSeries, rows: Any) -> gpd.GeoDataFrame:
    """Return places of one kind: those of the rows that have a name.

    Parameters
    ----------
    kind
        ``community``, ``township``, ``zone``, ``street``, ``estate`` or ``facility``.
    names, points
        Name and point of each, in the district CRS.
    rows
        The row that each has in the page, -1 for none.
    """
    frame = gpd.GeoDataFrame(
        {"kind": kind, "name": names.fillna("").astype(str).to_numpy(), "row": rows},
        geometry=points.to_numpy(),
        crs=points.crs,
    )
    return gpd.GeoDataFrame(frame[frame["name"] != ""])


def streets_by_name(edges: gpd.GeoDataFrame, names: pd.Series) -> gpd.GeoDataFrame:
    """Return one place per name of a street: the middle of its longest edge."""
    drawn = edges.assign(name=names.to_numpy())[edges.geometry.notna().to_numpy() & (names != "").to_numpy()]
    drawn = drawn.assign(length=drawn.geometry.length).sort_values("length", ascending=False, kind="stable")
    first = drawn.drop_duplicates("name").sort_values("name", kind="stable")
    return place_frame("street", first["name"], first.geometry.interpolate(0.5, normalized=True), -1)


def places_content(places: list[gpd.GeoDataFrame], packer: Packer, *, decimals: int) -> dict[str, object]:
    """Return places as the page reads them: ``name``, ``kind``, ``pinyin``, ``row`` and ``at``.

    Positions are rounded to ``decimals`` of a degree, but for those of facilities.
    """
    every = pd.concat(places, ignore_index=True)
    degrees = shapely.get_coordinates(to_display(gpd.GeoDataFrame(every)).geometry.to_numpy())
    exact = (every["kind"] == "facility").to_numpy()[:, None]
    return {
        "name": every["name"].tolist(),
        "kind": every["kind"].tolist(),
        "pinyin": initials(every["name"].tolist()),
        "row": every["row"].astype(int).tolist(),
        "at": packer.points(
            gpd.GeoSeries(shapely.points(np.where(exact, degrees, degrees.round(decimals)))), decimals=6
        ),
    }


def initials(names: list[str]) -> list[str]:
    """Return the pinyin initials of names, lower case, with the Latin letters and figures in them; empty without Chinese."""
    from pypinyin import Style, lazy_pinyin  # noqa: PLC0415  reads a dictionary of its own

    return [
        _NOT_TYPED.sub("", "".join(lazy_pinyin(name, style=Style.FIRST_LETTER)).lower()) if _HAN.search(name) else ""
        for name in names
    ]
