"""The tail is wider on the first day of a kind."""

from datetime import timedelta

import numpy as np

from aiops.detect import first_days
from aiops.domain.calendar import build_calendar
from aiops.domain.panel import Panel

HOUR = 3600 * 10**9
FRIDAY = 1_767_916_800 * 10**9  # 2026-01-09, 00:00 UTC


VOUCHED = np.log10(2400)


def told(values, cuts):
    times = FRIDAY + np.arange(values.shape[1], dtype=np.int64) * HOUR
    panel = Panel.of(
        values, times, timedelta(hours=1), calendar=build_calendar(times, ["UTC"] * len(values))
    )
    state, parts = first_days.start(len(values)), []
    for begin, end in zip([0, *cuts], [*cuts, values.shape[1]], strict=True):
        part = panel.columns(begin, end)
        state, strength = first_days.update(state, part, np.full(part.values.shape, 5.0))
        parts.append(strength)
    return np.concatenate(parts, axis=1)


def test_the_tail_is_wider_on_the_first_day_of_each_kind_and_not_on_the_second():
    strength = told(np.zeros((1, 4 * 24)), [])[0].reshape(4, 24)
    assert VOUCHED < strength[0].max() < 5  # Friday, a working day
    assert VOUCHED < strength[1].max() < 5  # Saturday, a day off
    assert (strength[2] == 5).all()
    assert (strength[3] == 5).all()


def test_only_cells_with_a_sample_make_a_day_known():
    values = np.zeros((1, 4 * 24))
    values[0, :24] = np.nan
    strength = told(values, [])[0].reshape(4, 24)
    assert strength[3].max() < 5  # the first Monday


def test_it_does_not_matter_how_cells_are_cut():
    values = np.zeros((2, 4 * 24))
    values[1, 10:30] = np.nan
    np.testing.assert_array_equal(told(values, []), told(values, [1, 7, 25, 26, 90]))


def test_without_a_calendar_there_are_no_kinds_of_days():
    panel = Panel.of(np.zeros((1, 5)), np.arange(5) * HOUR, timedelta(hours=1))
    _, strength = first_days.update(first_days.start(1), panel, np.full((1, 5), 5.0))
    assert (strength == 5).all()


def test_what_a_day_can_vouch_for_stays_as_it_is():
    times = FRIDAY + np.arange(24, dtype=np.int64) * HOUR
    panel = Panel.of(
        np.zeros((1, 24)), times, timedelta(hours=1), calendar=build_calendar(times, ["UTC"])
    )
    _, strength = first_days.update(first_days.start(1), panel, np.full((1, 24), 3.0))
    assert (strength == 3).all()
