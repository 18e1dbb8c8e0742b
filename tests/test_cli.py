from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.small import EAST, NORTH, at, geojson, layer, small_district


def qyp(*arguments: str | Path, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    """Run the command as a user does, in a process of its own."""
    checkout = Path(__file__).parents[1]
    environment = os.environ | {"PYTHONPATH": str(checkout), "PYTHONUTF8": "1", "COLUMNS": "160", "QYP_LANG": "en"}
    return subprocess.run(
        [sys.executable, "-m", "qyp_geo", *map(str, arguments)],
        capture_output=True,
        text=True,
        encoding="utf-8",
        cwd=cwd,
        env=environment,
        check=False,
    )


def test_run_elsewhere_names_qyp_new_and_writes_nothing(tmp_path: Path) -> None:
    answer = qyp("run", cwd=tmp_path)
    assert answer.returncode == 1
    assert "qyp new" in answer.stderr
    assert "Traceback" not in answer.stderr
    assert list(tmp_path.iterdir()) == []


def test_run_ends_with_coverage_gaps_and_where_the_files_are(tmp_path: Path) -> None:
    folder = small_district(tmp_path / "small")
    answer = qyp("run", folder)
    assert answer.returncode == 0, answer.stderr
    for expected in ("小区", "公厕", "83.3%", "G001", "planners.html"):  # 150 of 180 people
        assert expected in answer.stdout
    assert (folder / "build/maps/planners.html").stat().st_size > 100_000


def test_check_tells_a_sound_folder(tmp_path: Path) -> None:
    answer = qyp("check", small_district(tmp_path / "small"))
    assert answer.returncode == 0, answer.stderr
    assert "no errors" in answer.stdout


def plant(folder: Path, file: str, old: str, new: str) -> None:
    path = folder / file
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


@pytest.fixture
def folder_with_twenty_mistakes(tmp_path: Path) -> Path:
    folder = small_district(tmp_path / "small")
    plant(folder, "layers/district.toml", "margin_m = 500", "margin = 500")  # 1
    plant(folder, "layers/streets.toml", 'title = "路"', 'title = "路"\ntitel = "街"')  # 2
    plant(folder, "layers/residents.toml", "[provenance]", '[provenance]\npubliser = "x"')  # 3
    plant(folder, "analyses/coverage.toml", "layers/toilets", "layers/tiolets")  # 4
    plant(folder, "analyses/coverage.toml", "gb50180-2018", "gb50180-2081")  # 5
    plant(folder, "analyses/coverage.toml", "public_toilet = 300", "public_toilett = 300")  # 6
    plant(folder, "analyses/gaps.toml", 'kind = "gaps"', 'kind = "gap"')  # 7
    plant(folder, "maps/planners.toml", '"planners"', '"planers"')  # 8
    plant(folder, "maps/planners.toml", '"analyses/coverage"', '"analyses/covrage"')  # 9
    (folder / "maps/second.toml").write_text("title =", encoding="utf-8")  # 10
    toilets = (folder / "layers/toilets.toml").read_text(encoding="utf-8")
    variants = {
        "kinds": ("public_toilet", "publik_toilet"),  # 11
        "gone": ("data/toilets.csv", "data/gone.csv"),  # 12
        "leaves": ("data/toilets.csv", "../../toilets.csv"),  # 13
        "datum": ('datum = "EPSG:4548"', 'datum = "gcj-02"'),  # 14
    }
    for name, (old, new) in variants.items():
        (folder / f"layers/{name}.toml").write_text(toilets.replace(old, new), encoding="utf-8")
    with (folder / "layers/data/toilets.csv").open("a", encoding="utf-8") as file:
        file.write(f"T3,西厕,here,{NORTH}\n")  # 15, row 4
        file.write(f"T1,东厕,{EAST + 10},{NORTH}\n")  # 16, row 5: the id of row 2
        file.write(f"T4,,{EAST + 20},{NORTH}\n")  # 17, row 6: no name
        file.write(f"T5,远厕,{EAST + 90000},{NORTH}\n")  # 18, row 7: 90 km away
    with (folder / "layers/data/residents.csv").open("a", encoding="utf-8") as file:
        file.write(f"D,{EAST},{NORTH},many\n")  # 19
        file.write(f"E,{NORTH},{EAST},10\n")  # 20: north and east swapped
    return folder


def test_check_names_twenty_planted_mistakes_at_once(folder_with_twenty_mistakes: Path) -> None:
    answer = qyp("check", folder_with_twenty_mistakes)
    assert answer.returncode == 1
    assert "Traceback" not in answer.stderr
    for place, about in [
        ("layers/district.toml: margin", "Did you mean margin_m?"),
        ("layers/streets.toml: titel", "Did you mean title?"),
        ("layers/residents.toml: provenance.publiser", "Did you mean publisher?"),
        ("analyses/coverage.toml: facilities[0]", "Did you mean layers/toilets?"),
        ("analyses/coverage.toml: standard", "Did you mean gb50180-2018?"),
        ("analyses/coverage.toml: limits_m", "Did you mean public_toilet?"),
        ("analyses/gaps.toml: kind", "Did you mean gaps?"),
        ("maps/planners.toml: audience", "planers"),
        ("maps/planners.toml: overlay[2].of", "Did you mean analyses/coverage?"),
        ("maps/second.toml", "is not valid TOML"),
        ("layers/kinds.toml: kind", "Did you mean public_toilet?"),
        ("layers/gone.toml: source.path", "does not exist"),
        ("layers/leaves.toml: source.path", "stays inside the district folder"),
        ("layers/datum.toml: source.datum", "gcj02"),
        ("layers/data/toilets.csv: row 4", "here"),
        ("layers/data/toilets.csv: rows 2, 5", "T1"),
        ("layers/data/toilets.csv: row 6", "name"),
        ("layers/data/toilets.csv: row 7", "km"),
        ("layers/data/residents.csv: row 5", "many"),
        ("layers/data/residents.csv: row 6", "swapped"),
    ]:
        assert any(place in line and about in line for line in answer.stderr.splitlines()), (
            place,
            about,
            answer.stderr,
        )


def test_two_zones_of_one_name_and_one_without_people_are_tabled(tmp_path: Path) -> None:
    folder = small_district(tmp_path / "small")
    squares = [(0, 0, "东区"), (600, 600, "东区"), (0, 700, "空区")]
    rings = [[at(x, y), at(x + 350, y), at(x + 350, y + 250), at(x, y + 250), at(x, y)] for x, y, _ in squares]
    zones = [
        ("Polygon", [ring], {"id": f"z{n}", "name": name})
        for n, (ring, (*_, name)) in enumerate(zip(rings, squares, strict=True))
    ]
    (folder / "layers/data/zones.geojson").write_text(geojson(*zones), encoding="utf-8")
    source = 'path = "data/zones.geojson"\ndatum = "EPSG:4548"'
    declared = layer("分区", "zones", "polygon", source, "[columns]", 'id = "id"\nname = "name"')
    (folder / "layers/zones.toml").write_text(declared, encoding="utf-8")
    plant(folder, "analyses/coverage.toml", "[limits_m]", 'areas = ["layers/zones"]\n[limits_m]')
    answer = qyp("run", folder)
    assert answer.returncode == 0, answer.stderr
    heading = next(line for line in answer.stdout.splitlines() if "空区" in line)
    assert heading.count("东区") == 2
