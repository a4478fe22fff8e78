# ruff: noqa: S101, PT017  # a checker asserts: that is how a test tells what is broken
"""What every collector must keep, whoever wrote it."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import numpy as np

from aiops.contracts.collector import Collection, Collector, Cursor
from aiops.contracts.errors import Unreachable
from aiops.domain.metric import MetricKind
from aiops.domain.series import SeriesKey

_AHEAD = timedelta(minutes=10)
_OLDEST = timedelta(days=7)


def check_collector(
    make: Callable[[], Collector],
    *,
    now: datetime | None = None,
    dead: Callable[[], Collector] | None = None,
    deadline: timedelta = timedelta(seconds=60),
) -> None:
    """Runs a collector through its contract.

    Args:
        make: Builds an instance whose source answers (or which raises ``Unreachable`` when
            there is none here, which is accepted as long as it says so each time).
        now: Time of the first collection, for sources that are not of this moment.
        dead: Builds an instance whose source does not answer.
        deadline: What each collection is given; a source that waits for the other end to come
            back uses it up where there is none.

    Raises:
        AssertionError: The contract is broken; the message says which part.
    """
    at = now or datetime.now(UTC)
    make().close()  # created and never used
    first, second = make(), make()
    try:
        collection = _collect(first, {}, at, deadline)
        if collection is not None:
            _check_collection(first, collection, at)
            _check_stability(first, collection, at, deadline)
            other = _collect(second, {}, at, deadline)
            assert other is not None, "a second instance beside the first finds nothing"
            assert first.discover() == first.discover(), "discover changes without a collection"
    finally:
        for collector in (first, second, first):
            collector.close()  # twice is allowed
    if dead is not None:
        _check_dead(dead, at, deadline)


def _collect(
    collector: Collector, cursor: Cursor, at: datetime, deadline: timedelta
) -> Collection | None:
    try:
        return collector.collect(cursor, at, deadline)
    except Unreachable as error:
        assert str(error), "Unreachable without a message"
        assert error.kind, "Unreachable without a kind"
        return None


def _check_collection(collector: Collector, collection: Collection, at: datetime) -> None:
    batch = collection.batch
    assert len(batch), "a first collection without a sample"
    assert len(batch.rows) == len(batch.times) == len(batch.values), "columns differ in length"
    assert batch.rows.dtype == np.int32, f"rows are {batch.rows.dtype}, not int32"
    assert batch.times.dtype == np.int64, f"times are {batch.times.dtype}, not int64"
    assert batch.values.dtype == np.float64, f"values are {batch.values.dtype}, not float64"
    assert len(set(batch.series)) == len(batch.series), "a series key stands twice"
    assert batch.rows.min() >= 0, "a negative row"
    assert batch.rows.max() < len(batch.series), "a row beyond the series"
    assert np.isfinite(batch.values).all(), "a value is NaN or infinite"
    seconds = batch.times / 1e9
    assert seconds.max() <= (at + _AHEAD).timestamp(), "a sample from the future"
    assert seconds.min() >= (at - _OLDEST).timestamp(), "a sample older than is accepted"
    assert all(count > 0 for count in collection.dropped.values()), "a drop count that is not one"
    for key, value in collection.cursor.items():
        assert isinstance(key, str), "a cursor key is not text"
        assert isinstance(value, str), "a cursor value is not text"
    _check_inventory(collector, batch.series)


def _check_inventory(collector: Collector, series: tuple[SeriesKey, ...]) -> None:
    inventory = collector.discover()
    assets = {asset.key: asset for asset in inventory.assets}
    metrics = {metric.name: metric for metric in inventory.metrics}
    assert len(assets) == len(inventory.assets), "an asset is listed twice"
    assert len(metrics) == len(inventory.metrics), "a metric is listed twice"
    for key in series:
        assert key.asset in assets, f"{key.text}: its asset is not in the inventory"
        assert key.metric in metrics, f"{key.text}: its metric is not declared"
        assert key.labels == tuple(sorted(key.labels)), f"{key.text}: labels are not in order"
    for asset in inventory.assets:
        assert not asset.parent or asset.parent in assets, f"{asset.key}: unknown parent"
        assert asset.parent != asset.key, f"{asset.key} is its own parent"
    for limit in inventory.limits:
        assert limit.metric in metrics, f"a limit of the unknown metric {limit.metric}"
        assert not limit.asset or limit.asset in assets, f"a limit of the unknown {limit.asset}"
        assert np.isfinite(limit.fail), f"{limit.asset} {limit.metric}: a limit that is no number"
        counter = metrics[limit.metric].kind is MetricKind.COUNTER
        assert not counter or limit.fail > 0, f"{limit.metric}: a counter's limit is a rate"


def _check_stability(
    collector: Collector, first: Collection, at: datetime, deadline: timedelta
) -> None:
    """The same series again are the same tuple; the same inventory the same object."""
    before = first
    inventory = collector.discover()
    for _ in range(3):
        at += timedelta(seconds=15)
        collection = _collect(collector, before.cursor, at, deadline)
        if collection is None:
            return
        same = collection.batch.series == before.batch.series
        assert not same or collection.batch.series is before.batch.series, (
            "equal series came as another tuple object: their ids are looked up again each time"
        )
        found = collector.discover()
        assert found != inventory or found is inventory, (
            "an equal inventory came as another object: it is stored again each time"
        )
        before, inventory = collection, found


def _check_dead(make: Callable[[], Collector], at: datetime, deadline: timedelta) -> None:
    collector = make()
    try:
        collector.collect({}, at, deadline)
    except Unreachable as error:
        assert str(error), "Unreachable without a message"
        assert error.kind, "Unreachable without a kind"
    else:
        raise AssertionError("a source that does not answer must raise Unreachable")
    finally:
        collector.close()
