"""Ages and flags: slopes and medians of lifelines' Cox model, on lives of two humps."""

import numpy as np
import pandas as pd
import pytest

from tests.unit.forecast.test_ages import alive
from tests.unit.forecast.test_cox import two_humps


@pytest.mark.filterwarnings("ignore")  # lifelines' own, on newer pandas
def test_slopes_and_medians_agree_with_lifelines():
    lifelines = pytest.importorskip("lifelines", reason="not run: no lifelines")
    from aiops.forecast.life.ages import fit_ages
    from aiops.forecast.life.cox import fit_cox

    lives = two_humps(600)
    table = pd.DataFrame(
        {"age": lives.time, "failed": (~lives.censored).astype(int), "flag": lives.values[:, 0]}
    )
    fitted = lifelines.CoxPHFitter().fit(table, "age", "failed")
    model = fit_cox(lives, fit_ages(lives))
    assert np.allclose(model.slopes / model.spread, fitted.params_["flag"], rtol=0.03)
    theirs = fitted.predict_median(pd.DataFrame({"flag": [0.0, 1.0]})).to_numpy()
    ours = [life.p50 for life in model.predict(alive([0.0, 0.0], [0.0, 1.0]))]
    assert np.allclose(ours, theirs, rtol=0.03)
