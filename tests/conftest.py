"""What every test may ask for."""

from __future__ import annotations

import os
from pathlib import Path

import pytest


def require(present: bool, reason: str) -> None:
    """Skip with `reason` where something is absent; fail instead where `QYP_REQUIRE_ALL=1`."""
    if present:
        return
    if os.environ.get("QYP_REQUIRE_ALL") == "1":
        pytest.fail(f"required here (QYP_REQUIRE_ALL=1): {reason}")
    pytest.skip(reason)


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Folder of real OSM and population data that lies beside a checkout."""
    folder = Path(__file__).parents[2] / "shared" / "data"
    require(folder.is_dir(), "real data is read from ../shared/data beside the checkout, which is not there")
    return folder


@pytest.fixture(scope="session")
def sample_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sample district as `qyp new` makes it, run once; tests only read it."""
    from qyp_geo.run import run  # noqa: PLC0415  most tests do without
    from qyp_geo.starting import new_district  # noqa: PLC0415

    folder = tmp_path_factory.mktemp("sample") / "qingyunpu"
    new_district(folder)
    run(folder, command="qyp run", progress=lambda _: None)
    return folder
