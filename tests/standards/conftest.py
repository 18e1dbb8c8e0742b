"""The tables that the packaged profiles were taken from."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from tests.conftest import require


@pytest.fixture(scope="session")
def shared_standards() -> Path:
    """Folder of the source tables that lies beside a checkout."""
    folder = Path(__file__).parents[3] / "shared" / "standards"
    require(folder.is_dir(), "the source tables are read from ../shared/standards beside the checkout, not there")
    return folder


def read_table(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8-sig", newline="") as lines:
        return list(csv.DictReader(lines))


@pytest.fixture(scope="session")
def source_rows(shared_standards: Path) -> list[dict[str, str]]:
    return read_table(shared_standards / "standards_profiles.csv")


@pytest.fixture(scope="session")
def crosswalk(shared_standards: Path) -> list[dict[str, str]]:
    return read_table(shared_standards / "facility_crosswalk.csv")
