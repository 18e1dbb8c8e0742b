from __future__ import annotations

from pathlib import Path

import geopandas as gpd
import pandas as pd
import pytest
from shapely import Point

from qyp_geo.tables import headings, percent, to_tens, write_table


def lines(path: Path) -> list[str]:
    raw = path.read_bytes()
    assert raw.startswith(b"\xef\xbb\xbf"), "Excel reads UTF-8 by its byte order mark"
    return raw.decode("utf-8-sig").splitlines()


def test_a_csv_has_chinese_headings_and_text_that_stays_text(tmp_path: Path) -> None:
    table = gpd.GeoDataFrame(
        {"name": ["=1+1", "洪都", "＠x"], "median_excess_m": [-1.5, 2.0, 3.0]},
        index=pd.Index(["-a", "b", "+c"], name="id"),
        geometry=[Point(391869.5, 3169038.3)] * 3,
        crs="EPSG:4548",
    )
    write_table(table, tmp_path / "t")
    assert lines(tmp_path / "t.csv") == [
        "编号,名称,超出限值中位数(m),经度,纬度",
        "'-a,'=1+1,-1.5,115.8942,28.6325",
        "b,洪都,2.0,115.8942,28.6325",
        "'+c,'＠x,3.0,115.8942,28.6325",
    ]
    assert gpd.read_parquet(tmp_path / "t.parquet").loc["-a", "name"] == "=1+1", "Parquet keeps the text as it is"


def test_figures_are_rounded_as_figures_of_a_plan_are(tmp_path: Path) -> None:
    table = pd.DataFrame(
        {
            "level": ["district"],
            "kind": ["public_toilet"],
            "people_covered": [1234.0],
            "people_share": [0.12345],
            "effect": ["fail"],
            "holds": [True],
            "n_public_toilet": [3],
        }
    )
    write_table(table, tmp_path / "deep" / "coverage")
    assert lines(tmp_path / "deep/coverage.csv") == [
        "层级,类别,覆盖人口(步行口径),单项覆盖率(步行口径),性质,相符,公厕数",
        "全区,公厕,1230,12.3%,不合规,是,3",
    ]
    assert pd.read_parquet(tmp_path / "deep/coverage.parquet")["people_share"].tolist() == [0.12345]


def test_communities_in_tens_still_sum_to_the_district(tmp_path: Path) -> None:
    people = [4.0, 4.0, 4.0, 13.0]
    table = pd.DataFrame(
        {
            "level": ["district", *["community"] * 4, "zone", "zone"],
            "requirement": "f5.kg",
            "people_total": [sum(people), *people, 14.0, 4.0],
        }
    )
    write_table(table, tmp_path / "coverage")
    written = [float(line.split(",")[2]) for line in lines(tmp_path / "coverage.csv")[1:]]
    assert written == [30.0, 10.0, 10.0, 0.0, 10.0, 10.0, 0.0]


def test_the_people_of_single_homes_are_not_rounded(tmp_path: Path) -> None:
    write_table(pd.DataFrame({"people": [13.0]}), tmp_path / "coverage_units")
    assert lines(tmp_path / "coverage_units.csv") == ["人口", "13.0"]


@pytest.mark.parametrize("name", ["people_covered", "radius_share", "walk_from_gate_m", "type", "verdict"])
def test_headings_are_chinese(name: str) -> None:
    assert not headings()[name].isascii()


@pytest.mark.parametrize(
    ("share", "written"),
    [(0.0625, "6.3%"), (0.55249, "55.2%"), (0.9999, "99.9%"), (0.0001, "0.1%"), (1.0, "100.0%"), (0.0, "0.0%")],
)
def test_shares_are_written_to_a_tenth_of_a_per_cent(share: float, written: str) -> None:
    assert percent(share) == written


@pytest.mark.parametrize(("people", "written"), [(4.9, 0), (5, 10), (15, 20), (25, 30), (370_072, 370_070)])
def test_people_are_written_to_tens(people: float, written: float) -> None:
    assert to_tens(people) == written
