"""Our reading of boosted trees beside the library that grew them."""

import lightgbm as lgb
import numpy as np
import pytest

from aiops.forecast.trees import read_trees

QUIET = {"verbose": -1, "num_threads": 1, "deterministic": True, "min_data_in_leaf": 5}


def _rows(seed, holes=0.2, zeros=0.2):
    """Rows with holes, zeros, infinities and values that are thresholds themselves."""
    rng = np.random.default_rng(seed)
    rows = np.round(rng.normal(size=(800, 6)), 1)
    rows[rng.random(rows.shape) < zeros] = 0.0
    rows[rng.random(rows.shape) < holes] = np.nan
    rows[rng.random(rows.shape) < 0.01] = np.inf
    return rows


def _grown(rows, seed, **settings):
    rng = np.random.default_rng(seed)
    told = np.nan_to_num(rows[:, 0], posinf=3.0) + np.isnan(rows[:, 1]) + rng.normal(size=len(rows))
    if settings.get("objective") == "binary":
        told = (told > 0.5).astype(float)
    return lgb.train({**QUIET, **settings}, lgb.Dataset(rows, told), 30)


@pytest.mark.parametrize("objective", ["regression", "binary"])
@pytest.mark.parametrize(
    "missing", [{}, {"zero_as_missing": True}, {"use_missing": False}], ids=str
)
@pytest.mark.parametrize("holes", [0.0, 0.2])
def test_the_sums_are_those_of_the_library(objective, missing, holes):
    grown = _grown(_rows(1, holes), 1, objective=objective, **missing)
    asked = _rows(2)
    ours = read_trees(grown.model_to_string()).ask(asked)
    assert np.array_equal(ours, grown.predict(asked, raw_score=True))


def test_single_precision_rows_are_compared_in_double_as_the_library_does():
    grown = _grown(_rows(3), 3, objective="binary")
    asked = _rows(4).astype(np.float32)
    ours = read_trees(grown.model_to_string()).ask(asked)
    assert np.array_equal(ours, grown.predict(asked, raw_score=True))


def test_trees_that_learnt_nothing_are_one_leaf_and_still_answer():
    rows = np.zeros((40, 6))
    grown = lgb.train({**QUIET, "objective": "regression"}, lgb.Dataset(rows, np.full(40, 2.5)), 3)
    ours = read_trees(grown.model_to_string()).ask(rows)
    assert np.array_equal(ours, grown.predict(rows))
    assert ours[0] == pytest.approx(2.5)


def test_rows_of_another_width_are_refused_with_both_widths():
    grown = _grown(_rows(5), 5, objective="regression")
    with pytest.raises(ValueError, match=r"rows of 6 columns were learnt from, these are \(3, 4\)"):
        read_trees(grown.model_to_string()).ask(np.zeros((3, 4)))


def test_trees_over_categories_are_refused_and_not_misread():
    rng = np.random.default_rng(6)
    rows = np.column_stack([rng.integers(0, 5, 400), rng.normal(size=400)]).astype(float)
    data = lgb.Dataset(rows, (rows[:, 0] % 2), categorical_feature=[0])
    grown = lgb.train({**QUIET, "objective": "regression"}, data, 3)
    with pytest.raises(ValueError, match="categories"):
        read_trees(grown.model_to_string())
