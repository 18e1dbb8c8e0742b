"""Columns that only some kinds of layers have."""

from __future__ import annotations

from tests.layers.extract import OsmFile
from tests.layers.folder import Folder, feature, geojson, record, square


def test_catchments_of_schools_say_which_stage_and_school(folder: Folder) -> None:
    ring = square(100, 100, 500)
    folder.write("d.geojson", geojson(feature("Polygon", ring, name="一小施教区", xd="小学", xx="P01、P02")))
    columns = {"name": "name", "stage": "xd", "school": "xx"}
    layer = folder.read_one(record("school_districts", "polygon", "d.geojson", "EPSG:4548", columns=columns))
    assert layer.frame[["name", "stage", "school"]].to_numpy().tolist() == [["一小施教区", "小学", "P01、P02"]]
    told = folder.told(record("school_districts", "polygon", "d.geojson", "EPSG:4548", columns={"stage": "xd"}))
    assert any("columns.school: is missing: kind school_districts needs it" in text for text in told)


def test_a_nine_year_school_has_seats_of_each_stage(folder: Folder) -> None:
    folder.write("s.csv", "名称,小学学位,初中学位,lon,lat\n博文,1620,,115.90,28.64\n")
    columns = {"name": "名称", "seats_primary": "小学学位", "seats_junior": "初中学位"}
    source = {"lon": "lon", "lat": "lat"}
    layer = folder.read_one(record("nine_year_school", "point", "s.csv", source=source, columns=columns))
    assert layer.frame["seats_primary"].tolist() == [1620.0]
    assert layer.frame["seats_junior"].isna().all()


def test_openstreetmap_says_where_one_parks_and_charges(folder: Folder) -> None:
    town = OsmFile()
    town.block(1, 0, 0, 5, 5, amenity="parking", parking="street_side", capacity="40", capacity__charging="4")
    folder.write("town.osm", town.xml())
    frame = folder.read_one(record("public_parking", "mixed", "town.osm")).frame
    assert frame[["parking_type", "capacity", "ev_berths"]].to_numpy().tolist() == [["street_side", 40.0, 4.0]]
