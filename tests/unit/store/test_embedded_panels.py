"""Panels of the embedded store, over closed days, open days and days without samples."""

from datetime import timedelta

import numpy as np
import pytest

from aiops.domain.series import Samples
from aiops.domain.step import DAY, HOUR, MINUTE
from aiops.store.embedded import reading
from aiops.store.open import open_store
from aiops.store.settings import StoreSettings
from aiops.testing.panels import MONDAY

CELLS = 24 * 60
MINUTES = timedelta(minutes=1)


def day_of_samples(ids, day, rng):
    """Every series every minute at an offset of its own; a tenth is lost."""
    cell, series = np.divmod(np.arange(CELLS * len(ids)), len(ids))
    times = MONDAY + day * DAY + cell * MINUTE + series * 7 % 50 * 1_000_000_000
    kept = rng.random(len(cell)) > 0.1
    return Samples(ids[series][kept], times[kept], rng.normal(size=len(cell))[kept])


def cell_by_cell(many, ids, start, end, step):
    """What a panel holds, told one sample at a time."""
    wanted = {number: row for row, number in enumerate(ids.tolist())}
    found = np.full((len(ids), (end - start) // step), np.nan)
    for samples in many:
        for number, at, value in zip(samples.ids, samples.times, samples.values, strict=True):
            if int(number) in wanted and start <= at < end:
                found[wanted[int(number)], (at - start) // step] = value
    return found


@pytest.fixture
def filled(tmp_path, monkeypatch):
    """Days 0 and 1 closed, day 2 without samples, day 3 open and read in many slices."""
    monkeypatch.setattr(reading, "_SLICE", 1000)
    rng = np.random.default_rng(3)
    ids = np.arange(10, 30)
    store = open_store(StoreSettings(), tmp_path)
    many = [day_of_samples(ids, day, rng) for day in (0, 1, 3)]
    for samples in many:
        store.append(samples)
    store.rollup(MONDAY, MONDAY + 2 * DAY + 3 * HOUR)
    status = store.status()
    assert (status["days_closed"], status["days_open"]) == (2, 1)
    yield store, many
    store.close()


@pytest.mark.parametrize(
    ("begin", "end"),
    [(-DAY, 5 * DAY), (9 * HOUR, 9 * HOUR + MINUTE), (DAY - HOUR, DAY + HOUR), (2 * DAY, 3 * DAY)],
)
@pytest.mark.parametrize(
    "ids", [np.arange(10, 30), np.array([29, 11, 20]), np.array([5, 12]), np.array([13])]
)
def test_every_cell_holds_the_last_sample_of_its_time(filled, ids, begin, end):
    store, many = filled
    panel = store.panel(ids, MONDAY + begin, MONDAY + end, MINUTES)
    expected = cell_by_cell(many, ids, MONDAY + begin, MONDAY + end, MINUTE)
    np.testing.assert_array_equal(panel.values, expected)
    np.testing.assert_array_equal(panel.quality, np.isnan(expected))


def test_hours_and_far_apart_series_hold_the_last_sample_too(filled):
    store, many = filled
    ids = np.array([400, 12, 27])
    panel = store.panel(ids, MONDAY, MONDAY + 4 * DAY, timedelta(hours=1))
    expected = cell_by_cell(many, ids, MONDAY, MONDAY + 4 * DAY, HOUR)
    np.testing.assert_array_equal(panel.values, expected)


def test_an_open_day_that_came_series_by_series_is_read_alike(tmp_path):
    ids, rng = np.arange(8), np.random.default_rng(4)
    samples = day_of_samples(ids, 0, rng)
    order = np.lexsort((samples.times, samples.ids))
    store = open_store(StoreSettings(), tmp_path)
    store.append(Samples(samples.ids[order], samples.times[order], samples.values[order]))
    assert store.status()["days_disordered"] == 0
    panel = store.panel(ids, MONDAY, MONDAY + DAY, MINUTES)
    expected = cell_by_cell([samples], ids, MONDAY, MONDAY + DAY, MINUTE)
    np.testing.assert_array_equal(panel.values, expected)
    store.close()


def test_a_step_that_does_not_divide_a_day_is_read_alike(filled):
    store, many = filled
    step = 7 * MINUTE
    start = -(-MONDAY // step) * step
    ids = np.array([14, 10])
    panel = store.panel(ids, start, start + 300 * step, timedelta(minutes=7))
    expected = cell_by_cell(many, ids, start, start + 300 * step, step)
    np.testing.assert_array_equal(panel.values, expected)


def test_few_of_many_series_hold_the_last_sample_though_the_engine_joins_in_any_order(tmp_path):
    ids, rng = np.arange(600), np.random.default_rng(5)
    samples = day_of_samples(ids, 0, rng)
    few = ids[3::6]
    chosen = np.isin(samples.ids, few)
    mine = Samples(samples.ids[chosen], samples.times[chosen], samples.values[chosen])
    expected = cell_by_cell([mine], few, MONDAY, MONDAY + DAY, HOUR)
    store = open_store(StoreSettings(), tmp_path)
    store.append(samples)
    hour = timedelta(hours=1)
    is_open = store.panel(few, MONDAY, MONDAY + DAY, hour)
    store.rollup(MONDAY, MONDAY + 2 * DAY)
    is_closed = store.panel(few, MONDAY, MONDAY + DAY, hour)
    store.close()
    np.testing.assert_array_equal(is_open.values, expected)
    np.testing.assert_array_equal(is_closed.values, expected)
