"""Which windows are due."""

from datetime import timedelta

from aiops.detect.windows import due_windows
from aiops.domain.series import SeriesInfo, SeriesKey
from aiops.domain.step import HOUR, MINUTE

INFOS = (SeriesInfo(1, SeriesKey("a", "m"), MINUTE),)
START = 1000 * HOUR


def due(now, last=None, *, first=START, catch_up=timedelta(hours=24), cadence=12 * MINUTE):
    return due_windows(
        now, {MINUTE: INFOS}, {MINUTE: last}, {MINUTE: first}, {MINUTE: cadence},
        timedelta(minutes=1), catch_up,
    )  # fmt: skip


def test_nothing_is_due_before_a_cell_and_its_lateness_have_passed():
    assert due(START + 2 * MINUTE - 1) == []
    (only,) = due(START + 2 * MINUTE)
    assert (only.start, only.end, only.decided_at) == (START, START + MINUTE, START + 2 * MINUTE)


def test_a_missed_stretch_is_cut_where_forecasts_would_have_been_made():
    windows = due(START + HOUR + MINUTE, START + 5 * MINUTE)
    assert [(w.end - START) // MINUTE for w in windows] == [12, 24, 36, 48, 60]
    assert all(w.forecast for w in windows)
    assert [w.start for w in windows[1:]] == [w.end for w in windows[:-1]]


def test_a_forecast_is_made_on_the_cadence_only():
    assert [w.forecast for w in due(START + 14 * MINUTE, START + 11 * MINUTE)] == [True, False]


def test_what_is_older_than_the_catch_up_bound_is_skipped_and_says_so():
    windows = due(START + 48 * HOUR, START, catch_up=timedelta(hours=1))
    assert windows[0].skipped
    assert windows[0].start == START + 47 * HOUR - MINUTE
    assert not any(w.skipped for w in windows[1:])


def test_a_clock_that_steps_back_makes_nothing_due_twice():
    assert due(START + 30 * MINUTE, START + HOUR) == []
