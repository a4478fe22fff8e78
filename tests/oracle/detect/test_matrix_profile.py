"""The left matrix profile in plain arrays against stumpy's incremental one."""

from datetime import timedelta

import numpy as np
import pytest

from aiops.domain.panel import Panel
from detectors import matrix_profile

stumpy = pytest.importorskip("stumpy", exc_type=ImportError)


def test_distances_are_those_of_stumpi():
    rng = np.random.default_rng(8)
    values = np.cumsum(rng.normal(size=400)) + 3 * np.sin(np.arange(400) / 9)
    start = 4 * matrix_profile.WINDOW
    stream = stumpy.stumpi(values[:start], m=matrix_profile.WINDOW, egress=False, normalize=True)
    for value in values[start:]:
        stream.update(value)
    detector = matrix_profile.PLUGIN.create(matrix_profile.PLUGIN.settings())
    panel = Panel.of(values, np.arange(400) * 10**9, timedelta(seconds=1))
    _, scores = detector.update(detector.start(1), panel)
    ours = scores.score[0, start:] / 12.0 * np.sqrt(2.0 * matrix_profile.WINDOW)
    theirs = stream.left_P_[start - matrix_profile.WINDOW + 1 :]
    np.testing.assert_allclose(ours, theirs, rtol=1e-6, atol=1e-6)
