"""What each method of the shelf is for, on series made for it."""

from dataclasses import replace
from datetime import timedelta
from typing import cast

import numpy as np
import pytest

from aiops import plugins
from aiops.contracts.detector import Detector
from aiops.contracts.errors import ConfigError
from aiops.detect.settings import DetectSettings
from aiops.detect.stage import DetectStage
from aiops.domain.abstention import Abstention
from aiops.domain.anomaly import Shape
from aiops.domain.calendar import build_calendar
from aiops.domain.panel import Panel

MINUTES_5 = 300 * 10**9
DAY = 288


def build(name: str, **settings) -> Detector:
    kind = plugins.load("detectors", name).settings
    return cast("Detector", plugins.create("detectors", name, kind(**settings)))


def scores_of(detector: Detector, values: np.ndarray):
    values = np.atleast_2d(values)
    times = np.arange(values.shape[1]) * MINUTES_5
    calendar = build_calendar(times, ["UTC"] * len(values))
    panel = Panel.of(values, times, timedelta(minutes=5), calendar=calendar)
    return detector.update(detector.start(len(values)), panel)[1]


def noise(cells: int = 3000) -> np.ndarray:
    return np.random.default_rng(3).normal(size=cells)


def test_a_rule_speaks_only_once_its_duration_has_passed():
    values = np.zeros(30)
    values[[3, 4, 10, 11, 12, 13]] = 5.0
    rule = build("rules", above=1.0, lasts=timedelta(minutes=15))
    (score,) = scores_of(rule, values).score
    assert np.flatnonzero(score > 0).tolist() == [12, 13]


def test_a_rule_starts_anew_after_a_break_but_not_after_a_gap():
    values = np.array([5.0, 5.0, 0.0, 5.0, np.nan, 5.0, 5.0])
    rule = build("rules", above=1.0, lasts=timedelta(minutes=15))
    scores = scores_of(rule, values)
    assert np.flatnonzero(scores.score[0] > 0).tolist() == [6]
    assert scores.reason[0, 4] == Abstention.MISSING


def test_a_rule_whose_bounds_exclude_each_other_is_refused():
    with pytest.raises(ConfigError, match="below"):
        build("rules", above=1.0, below=2.0)


@pytest.mark.parametrize("name", ["ewma", "cusum"])
def test_a_small_shift_that_lasts_outscores_all_noise_before_it(name):
    values = noise()
    values[2500:] += 1.5
    (score,) = scores_of(build(name), values).score
    assert score[2500:2600].max() > np.nanmax(score[500:2500])


def test_a_jump_in_a_wandering_series_is_an_innovation():
    values = np.cumsum(noise())
    values[2500:] += 8
    (score,) = scores_of(build("holt_winters"), values).score
    assert 500 + np.nanargmax(score[500:]) == 2500


def test_the_wrong_time_of_day_is_seen_within_the_range():
    values = 0.1 * noise() + np.sin(2 * np.pi * np.arange(3000) / DAY)
    values[2500:2503] -= 0.8
    (score,) = scores_of(build("seasonal_esd"), values).score
    assert 2500 <= 500 + np.nanargmax(score[500:]) < 2503


def test_a_spike_stands_out_of_a_series_that_always_rises():
    values = noise() + 0.01 * np.arange(3000)
    values[2500] -= 14
    (score,) = scores_of(build("spot"), values).score
    assert 500 + np.nanargmax(score[500:]) == 2500


def test_a_moving_mean_longer_than_its_ring_is_refused():
    with pytest.raises(ConfigError, match="depth"):
        build("spot", depth=10_000)


def test_a_frozen_value_is_told_once_no_run_was_as_long():
    values = np.round(noise(), 1)
    values[2500:2520] = values[2500]
    (score,) = scores_of(build("flat_line"), values).score
    assert 2500 < 64 + np.nanargmax(score[64:]) < 2520
    assert score[2515] > 10


def test_a_silent_source_is_scored_and_a_usual_gap_is_not():
    values = noise()
    values[::5] = np.nan
    values[2501:2530] = np.nan
    scores = scores_of(build("flat_line"), values)
    assert scores.score[0, 2520] > 8
    assert np.nanmax(scores.score[0, 500:2500]) < 0.1
    assert scores.reason[0, 2520] == 0


def test_a_silence_is_an_event_of_its_own_shape_with_the_last_value():
    values = np.stack([noise(), noise()])
    values[0, 2501:2530] = np.nan
    values[1, 2501:2530] = values[1, 2501]
    stage = DetectStage.of(DetectSettings(detector="flat_line"))
    panel = Panel.of(values, np.arange(3000) * MINUTES_5, timedelta(minutes=5))
    _, events = stage.update(stage.start(2), panel)
    silent, frozen = sorted(events, key=lambda event: event.row)
    assert (silent.shape, silent.value) == (Shape.MISSING, values[0, 2500])
    assert frozen.shape is Shape.FLAT


def test_a_value_that_never_changed_is_not_a_frozen_one():
    (score,) = scores_of(build("flat_line"), np.full(500, 7.0)).score
    assert np.nanmax(score) == 0


def test_a_new_spread_makes_a_change_point():
    values = noise()
    values[2500:] *= 4
    (score,) = scores_of(build("bocpd"), values).score
    assert score[2500:2530].max() > np.nanmax(score[500:2500])


@pytest.mark.parametrize("name", ["kmeans", "half_space_trees"])
def test_steps_unlike_those_of_the_last_hours_are_strange(name):
    rng = np.random.default_rng(4)
    values = np.cumsum(rng.normal(size=3000)) * 0.2
    values[2500:2512] += 3 * rng.normal(size=12)
    (score,) = scores_of(build(name), values).score
    assert score[2500:2515].max() > np.nanmax(score[1000:2500])


def test_a_cycle_that_runs_backwards_is_a_new_shape():
    part = np.arange(3000) % 48
    values = np.exp(-0.5 * ((part - 12) / 4.0) ** 2) + part / 48 + 0.02 * noise()
    values[2496:2544] = values[2496:2544][::-1]
    (score,) = scores_of(build("matrix_profile"), values).score
    assert 2496 <= 500 + np.nanargmax(score[500:]) < 2570


def test_the_wrong_hour_of_the_week_is_what_a_decomposition_leaves_over():
    t = np.arange(20 * DAY)
    noise_of_it = np.random.default_rng(5).normal(size=len(t))
    weekday = (t // DAY) % 7 < 5
    values = np.sin(2 * np.pi * t / DAY) * np.where(weekday, 3.0, 0.5) + 0.1 * noise_of_it
    at = 18 * DAY + 70
    values[at : at + 6] = 0.0
    (score,) = scores_of(build("stl"), values).score
    assert at <= 15 * DAY + np.nanargmax(score[15 * DAY :]) < at + 6
    assert np.isnan(score[: 2 * DAY]).all()


def test_a_decomposition_goes_on_over_a_silent_day():
    t = np.arange(8 * DAY)
    values = np.sin(2 * np.pi * t / DAY) + 0.05 * np.random.default_rng(5).normal(size=len(t))
    values[4 * DAY : 5 * DAY] = np.nan
    scores = scores_of(build("stl"), values)
    (score,) = scores.score
    assert np.nanmax(score[5 * DAY :]) < 12
    assert np.isfinite(score[5 * DAY :]).all()


def test_what_lies_far_outside_of_the_band_foretold_for_its_hour_is_strange():
    t = np.arange(9 * DAY)
    values = np.sin(2 * np.pi * t / DAY) + 0.002 * t
    values += 0.1 * np.random.default_rng(5).normal(size=len(t))
    at = 8 * DAY + 70
    values[at : at + 6] -= 1.0
    scores = scores_of(build("prophet"), values)
    (score,) = scores.score
    assert at <= 4 * DAY + np.nanargmax(score[4 * DAY :]) < at + 6
    assert np.isnan(score[: 2 * DAY]).all()
    assert scores.expected[0, at] == pytest.approx(
        np.sin(2 * np.pi * at / DAY) + 0.002 * at, abs=0.3
    )


def test_the_band_of_a_zone_moves_with_its_clock():
    t = np.arange(12 * DAY)
    values = np.where((t % DAY) // 12 == 3, 1.0, 0.0)
    values = np.where(t >= 9 * DAY, np.roll(values, 12), values)
    values += 0.05 * np.random.default_rng(5).normal(size=len(t))
    times = np.arange(len(t)) * MINUTES_5
    calendar = build_calendar(times, ["UTC"])
    put_back = np.where(t >= 9 * DAY, -3600, 0)[None, :]
    calendar = replace(
        calendar,
        day_phase=((calendar.day_phase + put_back) % 86400).astype(np.int32),
        week_phase=((calendar.week_phase + put_back) % 604800).astype(np.int32),
    )
    panel = Panel.of(values, times, timedelta(minutes=5), calendar=calendar)
    detector = build("prophet")
    expected = detector.update(detector.start(1), panel)[1].expected[0]
    day = expected[11 * DAY : 12 * DAY]
    assert 48 <= np.nanargmax(day) < 60
