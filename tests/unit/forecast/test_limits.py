"""A full volume is full, however the live window rounds it."""

import numpy as np

from aiops.domain.abstention import Abstention
from aiops.domain.panel import Panel
from aiops.forecast.limits import is_met
from aiops.forecast.screen import screen
from aiops.testing.panels import grid_times


def test_a_value_rounded_to_float32_from_its_anchor_still_meets_the_limit():
    anchors = np.linspace(0.0, 0.9, 1001)
    read = anchors + (1.0 - anchors).astype(np.float32).astype(np.float64)
    assert (read < 1.0).any(), "rounding does fall short for some anchors"
    assert is_met(read, np.ones(1001), np.ones(1001, bool)).all()


def test_a_series_that_ends_just_below_its_limit_by_rounding_is_over():
    from datetime import timedelta

    values = np.r_[np.linspace(0.1, 0.95, 63), 0.99999998][None, :]
    panel = Panel.of(values, grid_times(64), timedelta(minutes=1))
    found = screen(panel, np.array([1.0]), np.array([True]), 30)
    assert found.reason[0] == Abstention.ALREADY_OVER
