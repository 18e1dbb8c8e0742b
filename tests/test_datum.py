from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from qyp_geo.datum import bd09_to_wgs84, gcj02_to_wgs84, wgs84_to_bd09, wgs84_to_gcj02

# Offsets at 青云谱, in degrees, as published beside the recovered formulas (see docs/methods.md).
HERE = (np.array([115.8942]), np.array([28.6325]))
in_china = st.tuples(st.floats(73.5, 135.0), st.floats(3.5, 53.5))


def test_shift_at_qingyunpu_is_the_published_one() -> None:
    lon, lat = wgs84_to_gcj02(*HERE)
    assert lon - HERE[0] == pytest.approx(0.004840, abs=5e-7)
    assert lat - HERE[1] == pytest.approx(-0.003394, abs=5e-7)
    lon, lat = wgs84_to_bd09(*HERE)
    assert lon - HERE[0] == pytest.approx(0.011292, abs=5e-7)
    assert lat - HERE[1] == pytest.approx(0.002762, abs=5e-7)


@given(in_china)
def test_gcj02_is_undone_to_1e_9_degree(position: tuple[float, float]) -> None:
    lon, lat = np.array([position[0]]), np.array([position[1]])
    back_lon, back_lat = gcj02_to_wgs84(*wgs84_to_gcj02(lon, lat))
    assert max(abs(back_lon - lon)[0], abs(back_lat - lat)[0]) <= 1e-9


@given(in_china)
def test_bd09_is_undone_to_1e_9_degree(position: tuple[float, float]) -> None:
    lon, lat = np.array([position[0]]), np.array([position[1]])
    back_lon, back_lat = bd09_to_wgs84(*wgs84_to_bd09(lon, lat))
    assert max(abs(back_lon - lon)[0], abs(back_lat - lat)[0]) <= 1e-9


def test_gcj02_leaves_the_rest_of_the_world_alone() -> None:
    helsinki = (np.array([24.94]), np.array([60.17]))
    np.testing.assert_array_equal(wgs84_to_gcj02(*helsinki), helsinki)
    np.testing.assert_array_equal(gcj02_to_wgs84(*helsinki), helsinki)


def test_a_position_that_is_no_number_does_not_stop_the_others() -> None:
    lon, _ = gcj02_to_wgs84(np.array([np.nan, 115.9]), np.array([28.6, 28.6]))
    assert np.isnan(lon[0])
    assert lon[1] == pytest.approx(115.89516, abs=1e-5)
