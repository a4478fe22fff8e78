"""Slow obvious twins of what the forecast stage computes for whole fleets at once."""

from datetime import timedelta

import numpy as np
import pytest
from scipy.stats import kendalltau

from aiops.domain.panel import Panel
from aiops.forecast.margins import NAMES, describe_margins
from aiops.forecast.passage import first_passage
from aiops.forecast.scan import BLOCKS, _kendall
from aiops.forecast.screen import screen
from forecasts._history import read_history, smooth_level


@pytest.fixture
def draw():
    return np.random.default_rng(5)


def test_first_passage_is_the_first_step_beyond_the_limit(draw):
    paths = np.cumsum(draw.normal(0, 1, (6, 40, 15)), axis=2).astype(np.float32)
    limits = draw.uniform(-2, 2, 6)
    up = np.array([True, False] * 3)
    horizon = np.array([15, 15, 7, 7, 1, 3])
    passage = first_passage(paths, limits, up, horizon)
    for row in range(6):
        steps = []
        for path in paths[row]:
            for step in range(horizon[row]):
                limit = np.float32(limits[row])
                if (path[step] >= limit) if up[row] else (path[step] <= limit):
                    steps.append(step + 1)
                    break
        assert passage.probability[row] == len(steps) / 40
        if steps:
            assert passage.likely[row] == np.median(steps)


def test_the_score_of_the_trend_test_is_that_of_kendall(draw):
    means = draw.normal(0, 1, (5, BLOCKS)) + np.linspace(0, 2, BLOCKS) * np.arange(5)[:, None]
    for row in range(5):
        score = _kendall(means[row])
        tau = kendalltau(np.arange(BLOCKS), means[row]).statistic
        total = tau * BLOCKS * (BLOCKS - 1) / 2
        variance = BLOCKS * (BLOCKS - 1) * (2 * BLOCKS + 5) / 18
        assert score == pytest.approx((total - np.sign(total)) / np.sqrt(variance))


def test_the_level_is_the_straight_line_through_the_window(draw):
    values = np.cumsum(draw.normal(0, 1, (3, 50)), axis=1)
    start, half = np.array([0, 10, 20]), np.array([4, 6, 8])
    level = smooth_level(values, start, half)
    for row in range(3):
        for cell in range(int(start[row]), 50):
            low, high = max(cell - half[row], start[row]), min(cell + half[row] + 1, 50)
            x = np.arange(low, high)
            line = np.polyfit(x, values[row, low:high], 1)
            assert level[row, cell] == pytest.approx(np.polyval(line, cell), abs=1e-6)


def test_the_shares_of_the_margins_count_moment_by_moment(draw):
    values, start = draw.normal(0, 1, (3, 80)), np.array([0, 11, 30])
    limits, horizon, day = np.array([1.5, 2.5, 0.9]), 6, 12
    told = describe_margins(values - values[:, -1:], start, limits - values[:, -1], horizon, day)
    for row in range(3):
        rose = reached = moments = at_hour = same = 0
        for now in range(int(start[row]), 80 - horizon):
            top = values[row, now + 1 : now + horizon + 1].max()
            rise = top - values[row, now] >= limits[row] - values[row, -1]
            moments += 1
            rose += rise
            reached += top >= limits[row]
            if (79 - now) % day == 0:
                same += 1
                at_hour += rise
        seen = dict(zip(NAMES, told[row], strict=True))
        assert seen["rise_share"] == pytest.approx((rose + 0.5) / (moments + 1))
        assert seen["level_share"] == pytest.approx((reached + 0.5) / (moments + 1))
        assert (seen["rise_share_hour"], seen["hour_moments"]) == pytest.approx(
            ((at_hour + 0.5) / (same + 1), same)
        )


def test_margins_do_not_feel_unit_or_neighbours(draw):
    values = np.cumsum(draw.normal(0, 1, (5, 200)), axis=1)
    values -= values[:, -1:]
    start, margin = np.array([0, 0, 50, 120, 170]), draw.uniform(0.5, 9, 5)
    told = describe_margins(values, start, margin, 12, 24)
    scaled = describe_margins(values * 1e6, start, margin * 1e6, 12, 24)
    assert np.allclose(told, scaled, rtol=1e-3, atol=1e-3, equal_nan=True)
    for row in range(5):
        alone = describe_margins(values[[row]], start[[row]], margin[[row]], 12, 24)
        assert np.allclose(alone[0], told[row], rtol=1e-5, equal_nan=True)


def test_a_row_is_screened_alike_alone_and_in_a_fleet(draw):
    values = np.cumsum(draw.normal(0.01, 0.1, (20, 200)), axis=1)
    values[draw.random((20, 200)) < 0.1] = np.nan
    values[3, :120] = np.nan
    panel = Panel.of(values, np.arange(200) * 60 * 10**9, timedelta(minutes=1))
    limits, up = draw.uniform(-3, 6, 20), draw.random(20) < 0.5
    fleet = screen(panel, limits, up, 100)
    for row in range(20):
        alone = screen(panel.take(np.array([row])), limits[[row]], up[[row]], 100)
        assert alone.reason[0] == fleet.reason[row]
        assert alone.near[0] == fleet.near[row]
        assert alone.growth[0] == pytest.approx(fleet.growth[row])


def test_holes_are_bridged_by_straight_lines():
    values = np.array([[np.nan, 1.0, np.nan, 3.0, 4.0, np.nan, 6.0, 7.0]])
    history = read_history(Panel.of(values, np.arange(8) * 10**9, timedelta(seconds=1)), 3)
    assert history.values[0].tolist() == [1, 1, 2, 3, 4, 5, 6, 7]
    assert history.start.tolist() == [1]
    assert history.age.tolist() == [7]
