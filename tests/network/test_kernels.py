"""The compiled searches: compiled once, kept where that is possible, and running where it is not."""

from __future__ import annotations

import dataclasses
import math
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
from shapely import LineString

import qyp_geo.network
from qyp_geo.network import WalkNetwork, kernels
from tests.network.brute import frame, points


def test_each_is_compiled_for_one_kind_of_input() -> None:
    """A second kind (integers as a limit, frozen arrays, an empty side) would cost seconds at some user's desk."""
    net = WalkNetwork.from_lines(frame([LineString([(0, 0), (100, 0)]), LineString([(100, 0), (100, 50)])]))
    one, several = net.snap(points((10, 0))), net.snap(points((5, 3), (100, 20), of=["a", "a"]), of="of")
    far = net.snap(points((0, 5000), (0, 6000)))
    along_m = several.along_m[::-1]
    along_m.flags.writeable = False
    several = dataclasses.replace(several, along_m=along_m, edge=several.edge[::-1].astype(np.int64))
    net.walks(one, one)
    net.nearest(one, one)
    compiled = [len(kernel.signatures) for kernel in (kernels.walks_within, kernels.nearest_of)]  # type: ignore[attr-defined]
    for a, b in ((one, several), (several, one), (far, one), (one, far)):
        for limit in (100, 100.0, math.inf):
            net.walks(a, b, within_m=limit)
            net.nearest(a, b, within_m=limit)
    now = [len(kernel.signatures) for kernel in (kernels.walks_within, kernels.nearest_of)]  # type: ignore[attr-defined]
    assert now == compiled


SCRIPT = """
import geopandas as gpd
import numpy as np
from shapely import LineString, Point
from qyp_geo.network import WalkNetwork, kernels
net = WalkNetwork.from_lines(gpd.GeoSeries([LineString([(0, 0), (100, 0)])], crs="EPSG:4548"))
home, shop = (gpd.GeoSeries([Point(x, 0)], crs="EPSG:4548") for x in (10, 70))
print(kernels.__file__, net.nearest(home, shop)["walk_m"].tolist())
"""


def test_without_any_writable_folder(tmp_path: Path) -> None:
    """Folders are made unusable by files in their place, which stops even the superuser."""
    copied = tmp_path / "qyp_geo"
    source = Path(qyp_geo.network.__file__).parent
    shutil.copytree(source, copied / "network", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(source.parent / "errors.py", copied)
    (copied / "__init__.py").touch()
    (copied / "network" / "__pycache__").touch()
    (tmp_path / "file").touch()
    nowhere = str(tmp_path / "file" / "folder")
    homes = ("HOME", "XDG_CACHE_HOME", "LOCALAPPDATA", "USERPROFILE", "NUMBA_CACHE_DIR")
    environment = os.environ | dict.fromkeys(homes, nowhere) | {"PYTHONPATH": str(tmp_path)}
    run = subprocess.run(
        [sys.executable, "-c", SCRIPT], cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
    )
    assert run.returncode == 0, run.stderr
    assert run.stdout.strip() == f"{copied / 'network' / 'kernels' / '__init__.py'} [60.0]"
    assert "no cache folder is writable" in run.stderr
    assert "Traceback" not in run.stderr


TOLD = """
import geopandas as gpd
from shapely import LineString, Point
from qyp_geo.network import WalkNetwork, compiling_told
net = WalkNetwork.from_lines(gpd.GeoSeries([LineString([(0, 0), (100, 0)])], crs="EPSG:4548"))
home, shop = (gpd.GeoSeries([Point(x, 0)], crs="EPSG:4548") for x in (10, 70))
told = []
with compiling_told(told.append):
    net.nearest(home, shop)
print(set(told))
"""


def test_who_waits_for_the_compiler_is_told(tmp_path: Path) -> None:
    """In the first process, that is; the second one takes what the first has kept."""
    environment = os.environ | {"NUMBA_CACHE_DIR": str(tmp_path)}
    said = [
        subprocess.run([sys.executable, "-c", TOLD], env=environment, capture_output=True, text=True, check=True).stdout
        for _ in range(2)
    ]
    assert "once on this machine" in said[0]
    assert said[1].strip() == "set()"
