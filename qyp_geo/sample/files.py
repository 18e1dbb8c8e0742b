"""Write the layers as a planner's mailbox holds them: one format, datum and encoding here, another there."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from openpyxl import Workbook

from qyp_geo.datum import wgs84_to_bd09, wgs84_to_gcj02

GEOGRAPHIC: Final = "EPSG:4490"
_ON_THE_DAY: Final = datetime(2026, 1, 15)  # a workbook's time has no zone
_NAME: Final = {"id": "编号", "name": "名称"}
_STATE: Final = {"status": "状态", "open_year": "开办年份"}
_PLACE: Final = {**_NAME, "lon": "经度", "lat": "纬度"}
_LOT: Final = {**_NAME, "capacity": "泊位", "ev_berths": "充电泊位", "parking_type": "类型", "status": "状态"}
_SEATS: Final = {
    "seats": "学位", "seats_primary": "小学学位", "seats_junior": "初中学位", "affordable": "普惠", "part_of": "所属邻里中心",
}  # fmt: skip


def write_files(frames: Mapping[str, gpd.GeoDataFrame], folder: Path) -> None:
    """Write every data file of the sample district.

    Parameters
    ----------
    frames
        The frames of `make_district`.
    folder
        `layers/data`; files of the same name are replaced.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for name in (
        "boundary",
        "water",
        "zones",
        "landmarks",
        "gates",
        "metro_stations",
        "transport_hubs",
        "scenic_areas",
        "watch_areas",
        "parks",
        "pocket_parks",
        "estates",
        "estate_gates",
        "barriers",
        "crossings",
        "mask",
    ):
        _geojson(frames[name], folder / f"{name}.geojson")
    _geopackage(frames, folder)
    _parquet(frames["residents"], folder / "residents.parquet")
    _shapefile(frames["public_parking"], folder / "parking.shp")
    _csv(frames["public_toilet"], folder / "toilets.csv")
    _workbook(
        folder / "neighbourhood_centres.xlsx",
        {"邻里中心": frames["neighbourhood_centre"]},
        wgs84_to_bd09,
        {"bldg_m2": "建筑面积", **_STATE},
    )
    care = {
        "社区卫生服务中心": frames["health_centre"],
        "社区卫生服务站": frames["health_station"],
        "养老": frames["elderly_daycare"],
        "社区服务站": frames["community_station"],
        "医院": frames["hospital"],
    }
    held = {"capacity": "床位", "bldg_m2": "建筑面积", "part_of": "所属邻里中心"}
    _workbook(folder / "health_and_care.xlsx", care, wgs84_to_gcj02, held)
    daily = {
        "文化活动中心": frames["culture_centre"],
        "综合性文体服务中心": frames["culture_station"],
        "室外健身": frames["fitness"],
        "农贸市场": frames["wet_market"],
        "便利店": frames["convenience_store"],
        "公交站": frames["bus_stop"],
    }
    _workbook(folder / "daily_life.xlsx", daily, wgs84_to_gcj02, {"capacity": "规模", "part_of": "所属邻里中心"})


def _geojson(frame: gpd.GeoDataFrame, path: Path) -> None:
    shown = frame.to_crs("EPSG:4326")
    shown.geometry = shapely.set_precision(shown.geometry.to_numpy(), 1e-7)
    _replace(path)
    shown.to_file(path, driver="GeoJSON", COORDINATE_PRECISION=7)


def _geopackage(frames: Mapping[str, gpd.GeoDataFrame], folder: Path) -> None:
    """Write streets, units, schools and plots as GeoPackages in EPSG:4548."""
    streets = frames["streets"].rename(
        columns={
            "id": "编号", "name": "路名", "class": "等级", "status": "状态", "open_year": "年份", "access": "通行",
            "foot": "步行", "tunnel": "隧道", "bridge": "高架", "layer": "层", "width": "红线宽", "road_type": "道路性质",
        }
    )  # fmt: skip
    units = pd.concat([frames["townships"], frames["communities"]], ignore_index=True)
    units = units.rename(
        columns={"name": "名称", "level": "级别", "code": "代码", "parent": "上级代码", "order": "序号"}
    )
    plots = frames["candidates"].rename(
        columns=_NAME
        | {"land_use": "用地性质", "ownership": "权属", "bldg_m2": "建筑面积", "origin": "来源", "zoning": "控规"}
        | {"cost": "估算投资", "constraint": "限制"}
    )
    school_districts = frames["school_districts"].rename(columns=_NAME | {"stage": "学段", "school": "学校编号"})
    estate_parking = frames["estate_parking"].rename(columns=_LOT | {"part_of": "小区编号", "open_year": "启用年份"})
    landuse = frames["landuse"].rename(columns={"id": "图斑号", "code": "地类编码", "name": "地类名称"})
    schools = frames["schools"].rename(columns=_NAME | _STATE | _SEATS)
    stages = {
        str(kind): gpd.GeoDataFrame(
            of_kind.drop(columns="kind").dropna(axis="columns", how="all")
        )  # columns of its own
        for kind, of_kind in schools.groupby("kind", sort=False)
    }
    for name, layers in (
        ("streets", {"streets": streets}),
        ("units", {"units": units}),
        ("candidates", {"candidates": plots}),
        ("landuse", {"landuse": landuse}),
        ("schools", stages),
        ("school_districts", {"school_districts": school_districts}),
        ("estate_parking", {"estate_parking": estate_parking}),
    ):
        path = folder / f"{name}.gpkg"
        _replace(path)
        for layer, frame in layers.items():
            frame.to_file(path, driver="GPKG", layer=layer, SPATIAL_INDEX="NO")


def _parquet(frame: gpd.GeoDataFrame, path: Path) -> None:
    shown = frame.rename(
        columns={
            "id": "编号", "name": "楼栋", "levels": "层数", "people": "人口", "households": "户数", "aged_60": "60岁及以上",
            "children_3_5": "3至5岁", "children_6_11": "6至11岁", "children_12_14": "12至14岁",
        }
    ).to_crs(GEOGRAPHIC)  # fmt: skip
    shown.geometry = shapely.set_precision(shown.geometry.to_numpy(), 1e-8)
    shown.to_parquet(path, index=False, compression="zstd")


def _shapefile(frame: gpd.GeoDataFrame, path: Path) -> None:
    """Write a shapefile as desktop software in China does: GBK, short field names, CGCS2000."""
    for part in (".shp", ".shx", ".dbf", ".prj", ".cpg"):
        _replace(path.with_suffix(part))
    frame[[*_LOT, "geometry"]].rename(columns=_LOT).to_file(path, driver="ESRI Shapefile", encoding="GBK")


def _csv(frame: gpd.GeoDataFrame, path: Path) -> None:
    columns = {**_PLACE, "hours": "开放时间", "capacity": "蹲位", "bldg_m2": "建筑面积"}
    path.write_bytes(
        _shifted(frame, wgs84_to_gcj02, columns).to_csv(index=False, lineterminator="\r\n").encode("gb18030")
    )


def _workbook(
    path: Path, sheets: Mapping[str, gpd.GeoDataFrame], shift: Callable[..., Any], more: Mapping[str, str]
) -> None:
    book = Workbook()
    book.remove(book.active)
    for title, frame in sheets.items():
        sheet = book.create_sheet(title)
        table = _shifted(frame, shift, {**_PLACE, **more})
        sheet.append(list(table.columns))
        for row in table.itertuples(index=False):
            sheet.append(list(row))
    book.properties.created = book.properties.modified = _ON_THE_DAY
    book.save(path)


def _shifted(frame: gpd.GeoDataFrame, shift: Callable[..., Any], columns: Mapping[str, str]) -> pd.DataFrame:
    """Return those of the columns that there are, and positions as a web map of China gives them, to six decimals (0.1 m)."""
    place = frame.geometry.to_crs(GEOGRAPHIC)
    lon, lat = shift(place.x.to_numpy(), place.y.to_numpy())
    table = pd.DataFrame(frame.drop(columns="geometry")).assign(lon=np.round(lon, 6), lat=np.round(lat, 6))
    return table[[column for column in columns if column in table]].rename(columns=dict(columns))


def _replace(path: Path) -> None:
    path.unlink(missing_ok=True)
