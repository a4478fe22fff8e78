"""The simulated fleet."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from aiops.collect.gate import Gate
from aiops.collect.settings import CollectSettings
from aiops.domain.metric import Direction
from collectors.simulated import PLUGIN

_NOW = datetime(2026, 1, 5, tzinfo=UTC)
_DEADLINE = timedelta(seconds=5)


def _table(collections):
    series = collections[0].batch.series
    values = np.concatenate([c.batch.values for c in collections]).reshape(-1, len(series))
    times = np.concatenate([c.batch.times for c in collections]).reshape(values.shape)[:, 0]
    return series, times, values


def _whole_story(settings=None):
    collector = PLUGIN.create(settings or PLUGIN.settings())
    first = collector.collect({}, _NOW, _DEADLINE)
    later = collector.collect(first.cursor, _NOW + timedelta(minutes=29), _DEADLINE)
    return collector, *_table([first, later])


def test_everything_is_marked_as_a_demo():
    inventory = PLUGIN.create(PLUGIN.settings(assets=40)).discover()
    assert all(asset.key.startswith("demo-") for asset in inventory.assets)
    assert all(asset.name.endswith("(simulated)") for asset in inventory.assets)
    assert all(asset.service.startswith("demo-") for asset in inventory.assets)


def test_the_first_failure_comes_after_two_minutes_and_then_more():
    collector, series, times, values = _whole_story()
    row = {(key.asset, key.metric): i for i, key in enumerate(series)}
    failures = []
    for limit in collector.discover().limits:
        column = values[:, row[limit.asset, limit.metric]]
        bad = column >= limit.fail if limit.direction is Direction.UP else column <= limit.fail
        starts = np.flatnonzero(bad[1:] & ~bad[:-1]) + 1
        failures += [(times[i] / 1e9 - _NOW.timestamp(), limit.asset) for i in starts]
        assert not bad[-1] or not bad.all()
    soon = sorted(at for at, _ in failures if at > 0)
    assert soon[0] == pytest.approx(120, abs=60)
    assert len([at for at in soon if at < 600]) >= 5
    healthy = ("demo-file", "demo-vm", "demo-mail")
    assert not [asset for _, asset in failures if asset.startswith(healthy)]


def test_a_repaired_thing_is_below_its_limit_again():
    _, series, _, values = _whole_story()
    disk = next(i for i, key in enumerate(series) if key.asset.startswith("demo-db-01/"))
    full = values[:, disk] >= 1.0
    assert full.any()
    last_full = np.flatnonzero(full)[0]
    assert values[last_full:, disk].min() < 0.5


def test_an_equal_fleet_comes_from_equal_settings_and_another_from_another_seed():
    *_, values = _whole_story()
    *_, again = _whole_story()
    *_, other = _whole_story(PLUGIN.settings(seed=8))
    assert np.array_equal(values, again)
    assert not np.array_equal(values, other)


def test_however_the_calls_are_cut_the_samples_are_the_same():
    collector = PLUGIN.create(PLUGIN.settings(assets=7))
    first = collector.collect({}, _NOW, _DEADLINE)
    whole = collector.collect(first.cursor, _NOW + timedelta(seconds=100), _DEADLINE)
    parts, cursor = [], first.cursor
    for seconds in (1, 3, 4, 50, 99, 100):
        part = PLUGIN.create(PLUGIN.settings(assets=7)).collect(
            cursor, _NOW + timedelta(seconds=seconds), _DEADLINE
        )
        parts.append(part)
        cursor = part.cursor
    assert np.array_equal(np.concatenate([p.batch.values for p in parts]), whole.batch.values)
    assert np.array_equal(np.concatenate([p.batch.times for p in parts]), whole.batch.times)


def test_a_long_pause_is_filled_up_to_the_history_only():
    collector = PLUGIN.create(PLUGIN.settings(assets=1))
    first = collector.collect({}, _NOW, _DEADLINE)
    later = _NOW + timedelta(days=3)
    batch = collector.collect(first.cursor, later, _DEADLINE).batch
    assert batch.times.min() / 1e9 >= later.timestamp() - 1802
    assert batch.times.max() / 1e9 <= later.timestamp()


def test_the_fleet_is_good_data():
    collector = PLUGIN.create(PLUGIN.settings())
    metrics = {metric.name: metric for metric in collector.discover().metrics}
    gate, cursor = Gate(CollectSettings()), {}
    for i in range(600):
        now = _NOW + timedelta(seconds=2 * i)
        collection = collector.collect(cursor, now, _DEADLINE)
        gated = gate.check("demo", collection.batch, now, metrics)
        assert gated.batch is collection.batch
        cursor = collection.cursor
    assert not gate.recent()
