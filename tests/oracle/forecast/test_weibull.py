"""Ages and flags: the median life of lifelines' Weibull model, on a fleet with a censored half."""

import numpy as np
import pandas as pd
import pytest

from tests.unit.forecast.test_ages import alive, fleet


@pytest.mark.filterwarnings("ignore")  # lifelines' own, on newer pandas
def test_medians_agree_with_lifelines():
    lifelines = pytest.importorskip("lifelines", reason="not run: no lifelines")
    from aiops.forecast.life.ages import fit_ages

    lives = fleet(600, seed=5)
    table = pd.DataFrame(
        {"age": lives.time, "failed": (~lives.censored).astype(int), "flag": lives.values[:, 0]}
    )
    fitted = lifelines.WeibullAFTFitter().fit(table, "age", "failed")
    theirs = fitted.predict_median(pd.DataFrame({"flag": [0.0, 1.0]})).to_numpy()
    ours = [life.p50 for life in fit_ages(lives).predict(alive([0.0, 0.0], [0.0, 1.0]))]
    assert np.allclose(ours, theirs, rtol=0.03)
