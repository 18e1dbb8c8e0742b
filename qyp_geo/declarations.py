"""The records of a district folder, and what they refer to.

One file is one record: a layer, an analysis or a map (`layers/district.toml` is the district itself). Records are frozen and
refuse unknown keys. `qyp_geo.records` makes them of files.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import date
from pathlib import Path
from typing import Annotated, Any, Literal, get_args, get_origin

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    ValidationInfo,
    field_validator,
)
from pydantic_core import PydanticCustomError

SHIFTED_DATUMS = ("gcj02", "bd09")
LOCAL_DATUM = "local"
DATUMS = ("wgs84", "cgcs2000", *SHIFTED_DATUMS, LOCAL_DATUM)
RASTERS = (".tif", ".tiff")


def _check_ref(value: str) -> str:
    if not re.fullmatch(r"(layers|analyses)/[^/\\.\s]+", value):
        raise ValueError("a reference is layers/NAME or analyses/NAME, without suffix")
    return value


def _check_crs(value: str) -> str:
    if not re.fullmatch(r"EPSG:\d{4,6}", value):
        raise ValueError('a coordinate reference system is written "EPSG:4548"')
    return value


def _check_table(value: str) -> str:
    if not re.fullmatch(r"[^\W\d]\w{0,62}\.[^\W\d]\w{0,62}", value):
        raise ValueError('a table is written "schema.table", in letters, digits and _')
    return value


def _check_datum(value: str) -> str:
    if value and value not in DATUMS and not re.fullmatch(r"EPSG:\d{4,6}", value):
        raise ValueError(f'allowed: {", ".join(DATUMS)} or an EPSG code such as "EPSG:4548"')
    return value


DEVICE_NAMES = re.compile(r"(?i:con|prn|aux|nul|com[\d¹²³]|lpt[\d¹²³])(\..*)?")
"""Names that Windows keeps for devices, whatever suffix they bear."""
_LEFT_THERE = re.compile(r"~\$.*|\._.*|\.DS_Store|(?i:thumbs\.db|desktop\.ini)")
_MAX_NAME_BYTES = 240


def left_there(path: Path) -> bool:
    """Whether a file is none of the user's: Excel leaves such while a workbook is open, macOS and Windows while a folder is."""
    return _LEFT_THERE.fullmatch(path.name) is not None


def _check_path(value: str) -> str:
    names = re.split(r"[\\/]", value)
    if (
        Path(value).is_absolute()
        or re.match(r"[A-Za-z]:|[\\/]", value)
        or any(name.strip(" .") == "" for name in names if ".." in name)
    ):
        raise ValueError("a data path stays inside the district folder: give it relative to layers/, without ..")
    if re.search(r"[\t\n\f\r\x08]", value):
        raise ValueError(r"in double quotes \ begins a sign of TOML, such as \t: write a data path with /")
    if any(
        DEVICE_NAMES.fullmatch(name) or _LEFT_THERE.fullmatch(name) or re.search(r'[\x00-\x1f<>:"|?*]', name)
        for name in names
    ):
        raise ValueError(
            "a data path holds no name that a system keeps for itself: rename the file in letters, digits and _"
        )
    if any(len(name.encode("utf-8", "surrogatepass")) > _MAX_NAME_BYTES for name in names) or len(names) > 16:
        raise ValueError("a data path is short: rename the file, or put it straight into layers/data/")
    return "/".join(name for name in names if name not in {"", "."})  # however a system writes it, one path is one text


Ref = Annotated[str, AfterValidator(_check_ref)]
Crs = Annotated[str, AfterValidator(_check_crs)]
Datum = Annotated[str, AfterValidator(_check_datum)]
TableName = Annotated[str, AfterValidator(_check_table)]
DataPath = Annotated[str, AfterValidator(_check_path)]
Date = Annotated[date, Field(strict=False)]  # also as text, "2026-01-15"
Geometry = Literal["point", "line", "polygon", "mixed"]
Status = Literal["existing", "planned", "under_construction", "built_unused", "closed"]
CodeSystem = Literal["ydyh2023", "ydyh2020", "gbt21010_2017", "sd3", "gb50137_2011"]


class Record(BaseModel):
    """A declaration: frozen, and nothing in it that is not known."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", allow_inf_nan=False, strict=True, use_attribute_docstrings=True
    )


class Change(Record):
    """What a scenario changes in one layer.

    A thing is named by its id, or by its name: then all that bear it are meant, such as the pieces of a street.
    """

    layer: Ref
    open: list[str] = Field(default_factory=list)
    """What is there, whatever its status and year; a street is then walked, whatever its tags."""
    close: list[str] = Field(default_factory=list)
    """What is not there; a street is then not walked."""
    add_from: Ref | None = None
    """Another layer, of which things are there as things of this layer: candidate plots, a footbridge that was drawn."""
    add: list[str] = Field(default_factory=list)
    """Which of these; all of them where none is named."""


class Scenario(Record):
    """Another state of the district than the present one; an empty one is the present."""

    status: list[Status] = Field(default_factory=lambda: ["existing"], min_length=1)  # type: ignore[arg-type]
    """The states that count as being there."""
    year: int | None = Field(default=None, ge=1900, le=2200)
    """Of these, what opens in this year or before; what says no year counts only if it exists already."""
    change: list[Change] = Field(default_factory=list)


class District(Record):
    """`layers/district.toml`: the frame in which everything else is measured."""

    name: str = Field(min_length=1)
    title: str = Field(min_length=1)
    crs: Crs
    boundary: Ref
    margin_m: float = Field(default=1000.0, ge=0, le=50_000)
    """Streets and facilities this far beyond the boundary are kept, so that residents may walk out of it."""
    walk_kmh: float = Field(default=4.0, gt=0, le=10)
    """Turns metres into minutes on pages; 4 km/h is what GB 50180-2018 implies (1,000 m in 15 minutes)."""
    note: str = ""
    """Printed in every summary and page, such as 示意数据."""
    scenario: Scenario | None = None
    """In which state the whole folder is looked at, but for analyses that declare another."""


class ByName(Record):
    """Where things lie that are given by the name of a community, an estate or a place only."""

    column: str = Field(min_length=1)
    """The column that names the place."""
    among: list[Ref] = Field(min_length=1)
    """The layers whose names (and aliases) are meant, the most exact first."""
    aliases: dict[str, str] = Field(default_factory=dict)
    """Another name = the name in these layers, such as 徐坊 = 徐家坊."""


class Source(Record):
    """Where a layer comes from (a file, or a table of a PostGIS database), and which datum its coordinates are in."""

    table: TableName | None = None
    """A table of the database whose address stands in the environment (`QYP_POSTGIS_DSN`), which also says its CRS."""
    path: DataPath = Field(default="", validate_default=True)
    """A file beside the declarations; empty for a table."""
    format: Literal["amap"] | None = None
    """What a JSON file holds that is no GeoJSON: answers of AMap's place search, which are in GCJ-02."""
    by_name: ByName | None = None
    datum: Datum = Field(default="", validate_default=True)
    """Empty only where the source itself says it: a table, a raster, AMap's answers, places by name."""
    wkt: str | None = None
    """The column of a table that holds geometry as WKT, instead of `lon` and `lat`."""
    encoding: str | None = None
    lon: str | None = None
    lat: str | None = None
    layer: str | None = None
    """The layer of a GeoPackage or a drawing, the map file in an archive, the sheet of a workbook or the geometry column of a
    table, where there are several."""
    tags: dict[str, list[str]] | None = None
    """Which OSM objects are taken, instead of those of its kind: with every key, each with one of its values (or `*`)."""

    @field_validator("path")
    @classmethod
    def _one_source(cls, path: str, info: ValidationInfo) -> str:
        if bool(path) == bool(info.data.get("table")):
            if path:
                raise ValueError("a layer is read from a file or from a table: give path or table, not both")
            raise PydanticCustomError("missing", "is missing")
        return path

    @field_validator("datum")
    @classmethod
    def _datum_said(cls, datum: str, info: ValidationInfo) -> str:
        if info.data.get("format") == "amap":
            if datum not in {"", "gcj02"}:
                raise ValueError("AMap answers in gcj02: leave the datum out")
            return "gcj02"
        of_raster = str(info.data.get("path", "")).lower().endswith(RASTERS)
        if not datum and not of_raster and not any(info.data.get(key) for key in ("table", "format", "by_name")):
            raise PydanticCustomError("missing", "is missing")
        return datum

    @property
    def shown(self) -> str:
        """What is read, as the user knows it: the file below the district folder, or the table."""
        return f"layers/{self.path}" if self.path else f"PostGIS {self.table}"


class Provenance(Record):
    """Who says so, when, and what may be done with it."""

    publisher: str = Field(min_length=1)
    retrieved: Date
    licence: str = Field(min_length=1)
    as_of: Date | None = None
    completeness: Literal["全量台账", "普查", "POI"] | None = None
    accuracy_m: float | None = Field(default=None, gt=0)
    """How far a place may be from where it is drawn."""
    secrecy: Literal["公开", "内部", "涉密"] | None = None
    """What is not declared 公开 is not published; what is 涉密 is not even opened."""
    may_redistribute: bool = False
    note: str = ""


class Walk(Record):
    """How the streets of a `streets` layer are walked."""

    private: Literal["keep", "drop"] = "keep"
    """Streets tagged `access=private`: gated estates are the rule in Chinese cities, so they are kept by default."""
    node_crossings: bool = False
    """Join lines that cross without a shared vertex."""
    default_class: str | None = None
    """The street class of lines that carry none."""
    two_sided: list[str] = Field(default_factory=lambda: ["trunk", "primary", "secondary"])
    """Classes that are crossed only at crossings, or at junctions where no layer says where those are."""


class People(Record):
    """How residents are counted where the source gives footprints only."""

    m2_per_person: float = Field(gt=0)
    """Residential floor area per person."""
    default_levels: int = Field(default=1, ge=1)
    """Storeys of a building that states none."""
    occupancy: float | None = Field(default=None, gt=0, le=1)
    """Which share of the dwellings is lived in (入住率); all of them where it is not declared."""


class Population(Record):
    """Which people are counted, and the totals of 街道 or 社区 that they add up to."""

    base: Literal["常住", "户籍", "手机信令", "估算"]
    year: int = Field(ge=1900, le=2100)
    source: str = Field(min_length=1)
    totals: Ref | None = None
    """A `units` layer with a column `people`: its totals are spread over the residential floor area."""
    level: Literal["街道", "社区"] = "社区"
    """The level whose totals are taken; 镇 and 集聚区 stand beside 街道, 村 beside 社区."""


class Layer(Record):
    """`layers/NAME.toml`: what is there."""

    title: str = Field(min_length=1)
    kind: str
    geometry: Geometry
    source: Source
    columns: dict[str, str] = Field(default_factory=dict)
    """Our name = the column in the file."""
    provenance: Provenance
    walk: Walk | None = None
    people: People | None = None
    population: Population | None = None
    code_system: CodeSystem | None = None
    """The list that the codes of a `landuse` layer are of: one code means different things in two lists."""
    walled: bool | None = None
    """Whether a polygon facility is entered at gates only; by default what is usual for its kind."""
    gates: Ref | None = None
    """The layer of the gates of a facility's or an estate's polygons."""
    by_tile: bool = False
    """Too large to be read whole: only analyses of kind `region` refer to it, and read what lies in a tile."""
    touch_m: float = Field(default=10.0, gt=0)
    """An unwalled polygon is reached where a walkable street passes within this distance of its boundary."""


class Analysis(Record):
    """`analyses/NAME.toml`: what we ask. Each kind of question adds its own keys."""

    kind: str
    title: str = Field(min_length=1)
    scenario: Scenario | None = None
    """In which state of the district it is asked; by default that of the analyses it refers to, else of the folder."""


class Overlay(Record):
    """One layer of a map."""

    of: Ref
    label: str = Field(min_length=1)
    part: str = ""
    """Of an analysis: the part of its result that is shown, such as `sites` of a siting analysis."""
    where: dict[str, str] = Field(default_factory=dict)
    """Of a part: only rows with this word in this column, such as `scheme = "S1"`."""
    colour_by: str = ""
    """Of a part: the column whose values set its rows apart by colour."""
    choice: str = ""
    """Of the overlays that say the same word here one at a time is shown, as by a switch."""
    popup: dict[str, str] = Field(default_factory=dict)
    """Our column = the heading shown for it."""
    visible: bool = True


class Exemption(Record):
    """Why a page may be public without a 审图号."""

    clause: str = Field(min_length=1)
    """Which rule exempts it, such as 地图审核管理规定 第六条."""
    approver: str = Field(min_length=1)
    date: Date


class Map(Record):
    """`maps/NAME.toml`: one page that we show."""

    title: str = Field(min_length=1)
    audience: Literal["planners", "residents"]
    language: list[Literal["zh", "en"]] = Field(default_factory=lambda: ["zh", "en"], min_length=1)  # type: ignore[arg-type]
    review_number: str = ""
    """The 审图号; without it, or an exemption, a page stays a draft."""
    exemption: Exemption | None = None
    publisher: str = ""
    """Who made the map (制图单位)."""
    tiles: Literal["none", "tianditu", "amap"] = "none"
    """The tile service below the map, which readers then fetch: 天地图 (with a key from the environment) or 高德."""
    decimals: Literal[3, 4] = 4
    """To how many decimals of a degree a residents' page draws all but facilities: 4 are some 10 m, 3 some 100 m."""
    overlay: list[Overlay] = Field(min_length=1)
    tables: list[Ref] = Field(default_factory=list)
    """Analyses of which nothing is drawn: their tables stand beside the map."""


def references(cls: type[BaseModel], content: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield each reference that a file's content holds, as (key, reference).

    Parameters
    ----------
    cls
        The record that the file declares; it tells which values are references.
    content
        What the file says, be the record sound or not.
    """
    for name, field in cls.model_fields.items():
        if name in content:
            yield from _references(Annotated[field.annotation, None, *field.metadata], content[name], name)


def _references(annotation: Any, value: object, at: str) -> Iterator[tuple[str, str]]:
    inner = get_args(annotation)
    if get_origin(annotation) is Annotated and any(getattr(mark, "func", None) is _check_ref for mark in inner[1:]):
        if isinstance(value, str):
            yield at, value
    elif isinstance(annotation, type) and issubclass(annotation, BaseModel) and isinstance(value, Mapping):
        yield from ((f"{at}.{key}", reference) for key, reference in references(annotation, value))
    elif get_origin(annotation) is list and isinstance(value, list):
        for n, item in enumerate(value):
            yield from _references(inner[0], item, f"{at}[{n}]")
    elif get_origin(annotation) is not list:
        for part in inner:
            yield from _references(part, value, at)
