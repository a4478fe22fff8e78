"""The default detector: prototypes in units of the series, working days and days off."""

from datetime import UTC, datetime, timedelta

import numpy as np

from aiops.detect.settings import DetectSettings
from aiops.detect.stage import DetectStage
from aiops.domain.calendar import build_calendar
from aiops.domain.instant import to_ns
from aiops.domain.panel import Panel
from detectors import novelty

DETECTOR = novelty.PLUGIN.create(novelty.PLUGIN.settings())
HOUR = 3600 * 10**9
MONDAY = to_ns(datetime(2026, 1, 5, tzinfo=UTC))


def panel_of(values, step=HOUR, calendar=False):
    values = np.atleast_2d(values)
    times = MONDAY + np.arange(values.shape[1], dtype=np.int64) * step
    seasons = build_calendar(times, ["UTC"] * len(values)) if calendar else None
    return Panel.of(values, times, timedelta(microseconds=step // 1000), calendar=seasons)


def scores(values, **more):
    panel = panel_of(values, **more)
    return DETECTOR.update(DETECTOR.start(len(panel.series)), panel)[1]


def test_the_scale_of_a_series_changes_no_score():
    walk = np.cumsum(np.random.default_rng(0).normal(size=1500))
    few = scores(walk)
    for scale in (2.0**-40, 2.0**30):
        np.testing.assert_array_equal(scores(scale * walk).score, few.score)


def test_a_range_that_grows_a_millionfold_keeps_what_was_seen_apart():
    rng = np.random.default_rng(1)
    small, large = rng.normal(size=500), 1e6 * rng.normal(size=1000)
    grown = scores(np.concatenate([small, large]))
    assert grown.score[0, 500:520].max() > 10
    assert np.median(grown.score[0, 1000:]) < 3


def test_a_working_day_that_looks_like_a_day_off_is_out_of_season():
    hours = np.arange(24 * 7 * 4)
    busy = (hours % 24 >= 8) & (hours % 24 < 18) & (hours // 24 % 7 < 5)
    values = 10.0 * busy + np.random.default_rng(2).normal(size=len(hours))
    strike = 24 * 21 + 12
    values[strike - 4 : strike + 6] -= 10
    found = scores(values, calendar=True)
    assert found.expected[0, strike] > 8
    weekend = 24 * 26 + 12
    assert abs(found.expected[0, weekend]) < 2
    panel = panel_of(values, calendar=True)
    state, _ = DETECTOR.update(DETECTOR.start(1), panel.columns(0, strike))
    parts = DETECTOR.parts(state, panel.columns(strike, strike + 1))
    assert parts["the wrong time of day"][0, 0] > 0.5


def test_the_parts_of_every_cell_add_up_to_its_score():
    values = np.random.default_rng(3).normal(size=(3, 400))
    panel = panel_of(values, calendar=True)
    parts = DETECTOR.parts(DETECTOR.start(3), panel)
    total = sum(parts.values())
    answered = scores(values, calendar=True).score
    np.testing.assert_allclose(total[:, 64:], answered[:, 64:], atol=1e-9)


def test_what_comes_back_after_three_days_is_told_again_and_sooner_not():
    values = np.random.default_rng(4).normal(size=(2, 900))
    values[:, 600] += 60
    values[0, 660] += 50
    values[1, 690] += 50
    stage = DetectStage.of(DetectSettings())
    _, found = stage.score(stage.start(2), panel_of(values))
    assert (found.alert[:, 600] > 5).all()
    assert found.alert[0, 660] == 0
    assert found.alert[1, 690] > 0
