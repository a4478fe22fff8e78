"""Isolation and local outliers as scikit-learn has them."""

import numpy as np
import pytest
from sklearn.ensemble import IsolationForest
from sklearn.neighbors import LocalOutlierFactor

from detectors._forest import depth
from detectors.local_outlier_factor import (
    LEAST,
    LENGTH,
    NEIGHBOURS,
    POINTS,
    _apart,
    _density,
    _nearest,
    _neighbourhoods,
)


def test_points_are_isolated_at_the_depths_of_scikit_learns_trees():
    rng = np.random.default_rng(1)
    points, asked = rng.normal(size=(64, 3)), rng.normal(size=(40, 3)) * 2.0
    trees = IsolationForest(n_estimators=2000, max_samples=64, bootstrap=False, random_state=0).fit(
        points
    )
    # its score is 2 to the minus (mean depth over the usual one)
    usual = 2.0 * (np.log(63.0) + np.euler_gamma) - 2.0 * 63.0 / 64.0
    theirs = -np.log2(-trees.score_samples(asked)) * usual
    chance = np.array([0x9E3779B97F4A7C15], np.uint64)
    ours = [
        np.mean([depth(points, point, np.arange(64), chance) for _ in range(2000)])
        for point in asked
    ]
    assert ours == pytest.approx(theirs, abs=0.3)


@pytest.mark.parametrize("shape", ["noise", "wave"])
def test_factors_are_those_of_scikit_learn(shape):
    rng = np.random.default_rng(2)
    past = rng.normal(size=POINTS + LENGTH - 1)
    if shape == "wave":
        past = np.sin(np.arange(len(past)) / 9.0) + 0.01 * past
    windows = np.lib.stride_tricks.sliding_window_view(past, LENGTH)
    asked = rng.normal(size=(50, LENGTH))
    theirs = LocalOutlierFactor(n_neighbors=NEIGHBOURS, novelty=True).fit(windows)
    reach, density = np.empty(POINTS), np.empty(POINTS)
    _neighbourhoods(past, POINTS, reach, density)
    found, ours = np.empty(NEIGHBOURS, np.int64), []
    for point in asked:
        apart = np.array([_apart(point, 0, past, i) for i in range(POINTS)])
        _nearest(apart, POINTS, found)
        own = _density(apart, found, reach, LEAST * np.ptp(past))
        ours.append(density[found].mean() / own)
    # The part of the range added to distances is what may differ.
    assert ours == pytest.approx(-theirs.score_samples(asked), rel=0.25)
    close = np.corrcoef(np.log(ours), np.log(-theirs.score_samples(asked)))[0, 1]
    assert close > 0.99
