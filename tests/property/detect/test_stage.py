from datetime import timedelta

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from aiops.detect.settings import DetectSettings
from aiops.detect.stage import DetectStage
from aiops.domain.panel import Panel

STAGE = DetectStage.of(DetectSettings(budget=20.0))
NUMBERS = st.one_of(
    st.floats(allow_nan=True, allow_infinity=True),
    st.sampled_from([0.0, 1.0, 2.0**60, 1e300, -1e300, 5e-324]),
)


@settings(max_examples=60, deadline=None)
@given(st.lists(NUMBERS, min_size=1, max_size=40), st.integers(1, 200), st.integers(1, 50))
def test_any_numbers_are_scored_or_abstained_from_and_a_prefix_stays(pattern, length, cut):
    row = np.resize(np.array(pattern), length + 100)
    panel = Panel.of(row[None, :], np.arange(len(row)) * 10**9, timedelta(seconds=1))
    _, whole = STAGE.score(STAGE.start(1), panel)
    _, part = STAGE.score(STAGE.start(1), panel.columns(0, cut))
    np.testing.assert_array_equal(part.score, whole.score[:, :cut])
    answered = np.isfinite(whole.score)
    assert ((whole.reason == 0) == answered).all()
    assert (whole.score[answered] >= 0).all()
    assert np.isfinite(whole.alert).all()
