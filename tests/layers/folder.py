"""A district folder with a square boundary, into which a test puts the layers it is about."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from qyp_geo.declarations import District, Layer
from qyp_geo.errors import Problem
from qyp_geo.frames import LayerData
from qyp_geo.layers import check_layers, read_layers

EAST, NORTH, SIDE_M = 391000.0, 3168000.0, 4000.0
"""South-west corner of the square in EPSG:4548, about 115.885 E, 28.623 N."""
PROVENANCE: Mapping[str, Any] = {
    "publisher": "tests",
    "retrieved": date(2026, 1, 15),
    "licence": "CC0",
    "as_of": date(2026, 1, 1),
    "completeness": "全量台账",
}


def record(kind: str, geometry: str, path: str, datum: str = "wgs84", **more: Any) -> Layer:
    source = {"path": f"data/{path}", "datum": datum, **more.pop("source", {})}
    content = {"title": kind, "kind": kind, "geometry": geometry, "source": source, "provenance": PROVENANCE, **more}
    return Layer.model_validate(content)


def feature(kind: str, coordinates: Sequence[Any], **properties: Any) -> dict[str, Any]:
    return {"type": "Feature", "properties": properties, "geometry": {"type": kind, "coordinates": coordinates}}


def geojson(*features: Mapping[str, Any]) -> str:
    return json.dumps({"type": "FeatureCollection", "features": features})


def at(x: float, y: float) -> list[float]:
    """A place in metres east and north of the corner."""
    return [EAST + x, NORTH + y]


def square(x: float, y: float, side_m: float) -> list[list[list[float]]]:
    """The ring of a square by its south-west corner."""
    return [[at(x, y), at(x + side_m, y), at(x + side_m, y + side_m), at(x, y + side_m), at(x, y)]]


@dataclass
class Folder:
    path: Path
    crs: str = "EPSG:4548"
    margin_m: float = 1000.0

    def __post_init__(self) -> None:
        (self.path / "layers" / "data").mkdir(parents=True)
        self.write("boundary.geojson", geojson(feature("Polygon", square(0, 0, SIDE_M), name="区")))

    def data(self, name: str) -> Path:
        return self.path / "layers" / "data" / name

    def write(self, name: str, content: str | bytes) -> None:
        self.data(name).write_bytes(content if isinstance(content, bytes) else content.encode())

    def district(self) -> District:
        return District(name="x", title="x", crs=self.crs, boundary="layers/boundary", margin_m=self.margin_m)

    def read(self, **records: Layer) -> tuple[dict[str, LayerData], list[Problem]]:
        """Read layers with the boundary; they come back by their bare name."""
        every = {"boundary": record("boundary", "polygon", "boundary.geojson", "EPSG:4548"), **records}
        found, problems = read_layers(
            {f"layers/{name}": one for name, one in every.items()}, folder=self.path, district=self.district()
        )
        return {reference.removeprefix("layers/"): layer for reference, layer in found.items()}, problems

    def check(self, found: Mapping[str, LayerData]) -> list[Problem]:
        """Check layers, given by their bare name, against one another."""
        return check_layers({f"layers/{name}": layer for name, layer in found.items()}, self.district())

    def read_one(self, one: Layer) -> LayerData:
        """Read a layer that must be without errors."""
        found, problems = self.read(one=one)
        assert [str(problem) for problem in problems if problem.severity == "error"] == []
        return found["one"]

    def told(self, one: Layer) -> list[str]:
        """Every problem of a layer, as text."""
        return [str(problem) for problem in self.read(one=one)[1]]
