import numpy as np
import pytest

from aiops.forecast.passage import Passage, first_passage, join_times, likely_passage


def test_a_limit_is_met_at_or_beyond_it_in_its_direction():
    climb = np.array([[[1, 2, 3], [2, 3, 4], [0, 0, 0], [3, 0, 0]]], dtype=np.float32)
    up = first_passage(climb, np.array([3.0]), np.array([True]), np.array([3]))
    assert up.probability[0] == 0.75
    assert up.likely[0] == 2
    down = first_passage(climb, np.array([0.0]), np.array([False]), np.array([3]))
    assert down.probability[0] == 0.5


def test_steps_beyond_the_horizon_do_not_count():
    climb = np.array([[[1, 2, 3]]], dtype=np.float32)
    passage = first_passage(climb, np.array([3.0]), np.array([True]), np.array([2]))
    assert passage.probability[0] == 0
    assert np.isnan(passage.early[0])


def test_a_time_is_told_even_where_no_future_meets_the_limit():
    draw = np.random.default_rng(0)
    paths = np.cumsum(draw.normal(0, 1, (2, 50, 20)), axis=2).astype(np.float32)
    passage = likely_passage(paths, np.array([1e6, -1e6]), np.array([True, False]))
    assert (passage.probability > 0).all()
    assert passage.probability == pytest.approx(0.5 / 51)
    assert (passage.early <= passage.likely).all()
    assert (passage.likely <= passage.late).all()


def test_times_are_drawn_towards_the_trend_only_where_the_limit_is_new():
    def said(probability, likely):
        two = np.array([likely, likely])
        return Passage(np.full(2, probability), two - 1, two, two + 1)

    joined = join_times(said(0.25, 10.0), said(0.75, 30.0), np.array([True, False]))
    assert joined.likely.tolist() == [25.0, 10.0]
    assert joined.probability.tolist() == [0.25, 0.25]


def test_a_row_without_futures_tells_neither_probability_nor_time():
    paths = np.full((2, 4, 3), np.nan, dtype=np.float32)
    paths[0] = np.arange(3)
    told = likely_passage(paths, np.ones(2), np.ones(2, dtype=bool))
    assert np.isfinite([told.probability[0], told.likely[0]]).all()
    assert np.isnan([told.probability[1], told.early[1], told.late[1]]).all()
