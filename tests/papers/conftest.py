"""The runs that papers are written of: a district small enough to check by eye, and the whole sample district."""

from __future__ import annotations

from pathlib import Path

import pytest

from qyp_geo.built import open_build
from qyp_geo.record import Run
from qyp_geo.run import run
from tests.small import small_district


@pytest.fixture(scope="session")
def small(tmp_path_factory: pytest.TempPathFactory) -> Run:
    folder = small_district(tmp_path_factory.mktemp("papers") / "small")
    return run(folder, command="qyp run", progress=lambda _: None)


@pytest.fixture(scope="session")
def sample(sample_folder: Path) -> Run:
    """The run of `sample_folder`, as papers open it: from what it wrote."""
    return open_build(sample_folder)
