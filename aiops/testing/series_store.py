"""Checks that a series store keeps its contract; run it over a store of your own."""

# ruff: noqa: S101  # a checker speaks by assertions

import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import timedelta
from typing import Final

import numpy as np
from numpy.typing import ArrayLike

from aiops.contracts.errors import StoreError
from aiops.contracts.store import SeriesStore
from aiops.domain.instant import from_ns
from aiops.domain.panel import Aggregation
from aiops.domain.series import Samples, SeriesInfo, SeriesKey
from aiops.domain.step import DAY, HOUR, MINUTE, SECOND
from aiops.testing.panels import MONDAY

_MINUTE = timedelta(minutes=1)
_NAN = float("nan")
_PATIENCE: Final = 60.0
"""Seconds within which a store that is back must be used again."""


def samples(*rows: tuple[int, int, float]) -> Samples:
    """Builds samples from ``(id, ns after Monday, value)``."""
    ids = np.array([row[0] for row in rows], np.int64)
    times = np.array([row[1] for row in rows], np.int64) + MONDAY
    return Samples(ids, times, np.array([row[2] for row in rows], np.float64))


def check_series_store(
    make_store: Callable[[], SeriesStore],
    *,
    persistent: bool = True,
    outage: Callable[[], AbstractContextManager[object]] | None = None,
) -> None:
    """Runs every check, each on series of its own.

    Args:
        make_store: Opens a store. Called again after ``close`` it must open the same data
            (unless ``persistent`` is false); each series id is used by one check only.
        persistent: Whether samples survive ``close``.
        outage: Cuts the store off from its server as long as the context lasts.

    Raises:
        AssertionError: A promise is broken; the message says which.
    """
    store = make_store()
    assert isinstance(store, SeriesStore), "does not have the methods of a SeriesStore"
    try:
        for base, check in enumerate(CHECKS):
            check(store, 100 * base)
        if outage is not None:
            _check_outage(store, 100 * len(CHECKS) + 50, outage)
    finally:
        store.close()
    if persistent:
        _check_reopening(make_store, 100 * len(CHECKS))


def _expect(found: ArrayLike, wanted: ArrayLike, promise: str) -> None:
    np.testing.assert_allclose(
        np.asarray(found, np.float64), np.asarray(wanted, np.float64), rtol=1e-9, err_msg=promise
    )


def _read(store: SeriesStore, number: int, n_cells: int, start: int = 0) -> list[float]:
    begin = MONDAY + start
    panel = store.panel(np.array([number]), begin, begin + n_cells * MINUTE, _MINUTE)
    found: list[float] = panel.values[0].tolist()
    return found


def _check_appending_twice(store: SeriesStore, base: int) -> None:
    batch = samples((base, 0, 1.0), (base, MINUTE, 2.0), (base + 1, 0, 3.0))
    for _ in range(3):
        store.append(batch)
    _expect(_read(store, base, 3), [1, 2, _NAN], "appending twice is as once")
    found = store.samples(np.array([base]), MONDAY, MONDAY + HOUR)
    _expect(found.values, [1, 2], "a sample appended twice is read once")
    count = store.panel(
        np.array([base]), MONDAY, MONDAY + HOUR, timedelta(hours=1), Aggregation.COUNT
    )
    _expect(count.values[0], [2], "a sample appended twice is counted once")


def _check_last_write_wins(store: SeriesStore, base: int) -> None:
    store.append(samples((base, SECOND, 1.0), (base, 2 * SECOND, 5.0)))
    store.append(samples((base, 2 * SECOND, 6.0)))
    _expect(_read(store, base, 1), [6], "of two values for one time the last appended is read")
    store.append(samples((base, SECOND, 9.0)))
    _expect(_read(store, base, 1), [6], "the newest sample of a cell is its last value")
    store.append(samples((base, 3 * SECOND, 1.0), (base, 3 * SECOND, 2.0)))
    _expect(_read(store, base, 1), [2], "within one batch the later row is appended later")


def _check_half_open(store: SeriesStore, base: int) -> None:
    store.append(samples(*((base, k * MINUTE, float(k)) for k in range(5))))
    _expect(_read(store, base, 2, MINUTE), [1, 2], "panels are half-open")
    found = store.samples(np.array([base]), MONDAY + MINUTE, MONDAY + 3 * MINUTE)
    _expect(found.times - MONDAY, [MINUTE, 2 * MINUTE], "samples are half-open")
    late = samples((base, MINUTE - 1_000_000, 7.0))
    store.append(late)
    _expect(_read(store, base, 1), [7], "the last millisecond of a cell belongs to it")
    _expect(_read(store, base, 1, MINUTE), [1], "and not to the next one")


def _check_fleets(store: SeriesStore, base: int) -> None:
    rows = [(base + i, k * MINUTE, i + k / 10) for k in range(4) for i in range(50)]
    store.append(samples(*rows))
    ids = np.r_[np.arange(base + 49, base - 1, -1), base + 77]
    panel = store.panel(ids, MONDAY, MONDAY + 4 * MINUTE, _MINUTE)
    wanted = np.arange(49, -1, -1)[:, None] + np.arange(4)[None, :] / 10
    _expect(panel.series.tolist(), ids.tolist(), "rows are in the order asked for")
    _expect(panel.values[:50].tolist(), wanted.tolist(), "a fleet is one call")
    assert np.isnan(panel.values[50]).all(), "an unknown series is missing"
    assert (panel.quality[50] == 1).all(), "a cell without a sample has quality MISSING"
    few = store.panel(np.array([base + 40, base + 3]), MONDAY, MONDAY + MINUTE, _MINUTE)
    _expect(few.values[:, 0], [40, 3], "a part of the fleet in any order")


def _check_late_samples(store: SeriesStore, base: int) -> None:
    for day in (2, 1, 0):
        store.append(samples((base, day * DAY, float(day)), (base, day * DAY + MINUTE, 1.0)))
    store.append(samples((base, DAY + 30 * SECOND, 8.0), (base, DAY - 1_000_000, 9.0)))
    _expect(_read(store, base, 2, DAY), [8, 1], "late samples are read where they belong")
    _expect(_read(store, base, 1, DAY - MINUTE), [9], "also before midnight")
    store.rollup(MONDAY, MONDAY + 9 * DAY)
    store.append(samples((base, DAY + MINUTE, 4.0), (base, DAY + 2 * MINUTE, 5.0)))
    _expect(_read(store, base, 3, DAY), [8, 4, 5], "late samples after a day was rolled up")
    store.rollup(MONDAY, MONDAY + 9 * DAY)
    _expect(_read(store, base, 3, DAY), [8, 4, 5], "and after it was rolled up again")
    times, values = store.latest(np.array([base, base + 1]))
    _expect(times - [MONDAY, 0], [2 * DAY + MINUTE, 0], "latest is the newest time, 0 for none")
    _expect(values, [1, _NAN], "latest is the newest value, NaN for none")
    store.append(samples((base, -3 * DAY, 9.0), (base, -2 * DAY, 9.0)))
    first = store.earliest(np.array([base + 1, base]))
    _expect(first - [0, MONDAY], [0, -3 * DAY], "earliest is the oldest time, 0 for none")


def _check_aggregations(store: SeriesStore, base: int) -> None:
    rows = [(base, k * 10 * MINUTE, float(k * k)) for k in range(24)]
    store.append(samples(*rows))
    groups = np.array([row[2] for row in rows]).reshape(4, 6)
    wanted = {
        Aggregation.LAST: groups[:, -1],
        Aggregation.MEAN: groups.mean(axis=1),
        Aggregation.MIN: groups.min(axis=1),
        Aggregation.MAX: groups.max(axis=1),
        Aggregation.COUNT: [6, 6, 6, 6],
    }
    for rolled in (False, True):
        for aggregation, values in wanted.items():
            panel = store.panel(
                np.array([base]), MONDAY, MONDAY + 5 * HOUR, timedelta(hours=1), aggregation
            )
            assert panel.aggregation is aggregation, "the panel names its aggregation"
            promise = f"{aggregation} of whole hours, {'rolled up' if rolled else 'raw'}"
            _expect(panel.values[0], [*values, _NAN], promise)
        store.rollup(MONDAY, MONDAY + 3 * HOUR)
    store.append(samples((base, MINUTE, 1000.0)))
    panel = store.panel(
        np.array([base]), MONDAY, MONDAY + HOUR, timedelta(hours=1), Aggregation.MAX
    )
    _expect(panel.values[0], [1000], "a roll-up is not read once a late sample made it stale")


def _check_counters(store: SeriesStore, base: int) -> None:
    store.append(
        samples(
            (base, -MINUTE + 30 * SECOND, 100.0),
            (base, 30 * SECOND, 160.0),
            (base, 100 * SECOND, 230.0),
            (base, 160 * SECOND, 12.0),
            (base, 160 * SECOND + 3 * HOUR, 500.0),
            (base + 1, 30 * SECOND, 7.0),
        )
    )
    ids, counters = np.array([base, base + 1]), np.array([True, False])
    panel = store.panel(ids, MONDAY, MONDAY + 3 * MINUTE, _MINUTE, counters=counters)
    _expect(panel.values[0], [1, 1, 0.2], "rates by real times; the sample before; a reset")
    _expect(panel.values[1], [7, _NAN, _NAN], "a gauge beside a counter stays a value")
    at = MONDAY + 3 * HOUR + 2 * MINUTE
    panel = store.panel(ids[:1], at, at + MINUTE, _MINUTE, counters=counters[:1])
    _expect(panel.values[0], [_NAN], "a silence longer than a step and an hour has no rate")


def _check_ranges(store: SeriesStore, base: int) -> None:
    store.append(samples((base, 0, 1.0)))
    store.append(samples())
    none = np.empty(0, np.int64)
    assert store.panel(none, MONDAY, MONDAY + HOUR, _MINUTE).values.shape == (0, 60)
    assert store.panel(np.array([base]), MONDAY, MONDAY, _MINUTE).values.shape == (1, 0)
    assert len(store.samples(none, MONDAY, MONDAY + HOUR)) == 0, "no series, no samples"
    assert len(store.samples(np.array([base]), MONDAY + HOUR, MONDAY)) == 0, "empty interval"
    far = store.samples(np.array([base]), 0, MONDAY + 40_000 * DAY)
    _expect(far.values, [1], "a huge interval is read")
    start = MONDAY - 4000 * DAY
    panel = store.panel(np.array([base]), start, MONDAY + 4000 * DAY, timedelta(days=1))
    _expect([np.nansum(panel.values)], [1], "a panel of many years")
    _expect(panel.values[0, 4000:4001], [1], "has the sample in its cell")
    for aggregation in (Aggregation.MEAN, Aggregation.COUNT):
        panel = store.panel(
            np.array([base]), start, MONDAY + 4000 * DAY, timedelta(days=1), aggregation
        )
        _expect(panel.values[0, 4000:4001], [1], f"{aggregation} of a panel of many years")
    times, values = store.latest(none)
    assert len(times) == len(values) == 0, "the latest of nobody"


def _check_retention(store: SeriesStore, base: int) -> None:
    start = -500 * DAY
    rows = [(base, start + k * 8 * HOUR, float(k)) for k in range(9)]
    store.append(samples(*rows, rows[1]))
    dropped = store.retain(from_ns(MONDAY + start + DAY + HOUR))
    _expect([dropped], [3], "retention drops whole days and says how many samples went")
    found = store.samples(np.array([base]), MONDAY + start, MONDAY)
    _expect(found.values, range(3, 9), "and keeps the rest of the day it is in")
    _expect([store.retain(from_ns(MONDAY + start + DAY))], [0], "again it drops nothing")


def _check_labels(store: SeriesStore, base: int) -> None:
    """A store that keeps names beside ids must take every character that is legal here."""
    odd = "a b,c=d\"e\\f/{}[]()|.*+?^$\n\t日本 '%&;\\"
    keys = (SeriesKey.of(odd, odd, {odd: odd, "asset": odd, "le": ""}), SeriesKey("plain", "m"))
    name_series = getattr(store, "name_series", None)
    if name_series is not None:
        name_series(
            lambda ids: [SeriesInfo(i, keys[i % 2], MINUTE, counter=False) for i in ids.tolist()]
        )
    store.append(samples((base, 0, 1.0), (base + 1, 0, 2.0)))
    store.append(samples((base, MINUTE, 3.0)))
    found = store.samples(np.array([base, base + 1]), MONDAY, MONDAY + HOUR)
    _expect(found.values, [1, 3, 2], "labels with every legal character cost no sample")


def _check_counts(store: SeriesStore, base: int) -> None:
    rng = np.random.default_rng(7)
    ids, minutes = rng.integers(0, 40, 3000) + base, rng.integers(0, 600, 3000)
    whole = Samples(ids, MONDAY + minutes * MINUTE, rng.integers(0, 1000, 3000) / 4)
    for at in range(0, 3000, 700):  # some samples come more than once, and in any order
        part = slice(at, at + 700)
        store.append(Samples(whole.ids[part], whole.times[part], whole.values[part]))
    wanted = dict(
        zip(zip(ids.tolist(), whole.times.tolist(), strict=True), whole.values, strict=True)
    )
    found = store.samples(np.arange(base, base + 40), MONDAY, MONDAY + 600 * MINUTE)
    assert len(found) == len(wanted), "as many samples are read back as were written"
    _expect(
        [wanted[key] for key in zip(found.ids.tolist(), found.times.tolist(), strict=True)],
        found.values,
        "each with the value written last",
    )
    counts = store.panel(
        np.arange(base, base + 40),
        MONDAY,
        MONDAY + 10 * HOUR,
        timedelta(hours=1),
        Aggregation.COUNT,
    )
    _expect(np.nansum(counts.values), len(wanted), "and as many are counted")


CHECKS = (
    _check_retention,
    _check_appending_twice,
    _check_last_write_wins,
    _check_half_open,
    _check_fleets,
    _check_late_samples,
    _check_aggregations,
    _check_counters,
    _check_ranges,
    _check_labels,
    _check_counts,
)


def _check_outage(
    store: SeriesStore, base: int, outage: Callable[[], AbstractContextManager[object]]
) -> None:
    store.append(samples((base, 0, 1.0)))
    batch = samples((base, MINUTE, 2.0))
    with outage():
        absorbed = _is_taken(store, batch)
    deadline = time.monotonic() + _PATIENCE
    while not absorbed:
        assert time.monotonic() < deadline, "a store that was away takes samples again"
        absorbed = _is_taken(store, batch)
    read: list[float] = []
    while read != [1, 2]:
        assert time.monotonic() < deadline, f"after an outage [1, 2] is read, not {read}"
        try:
            read = store.samples(np.array([base]), MONDAY, MONDAY + HOUR).values.tolist()
        except StoreError:
            time.sleep(0.1)


def _is_taken(store: SeriesStore, batch: Samples) -> bool:
    """A store that is away says so by its one error; one with a spool takes them all the same."""
    try:
        store.append(batch)
    except StoreError:
        time.sleep(0.1)
        return False
    return True


def _check_reopening(make_store: Callable[[], SeriesStore], base: int) -> None:
    store = make_store()
    store.append(samples((base, 0, 1.0), (base, DAY, 2.0)))
    store.close()
    store.close()
    store = make_store()
    try:
        store.append(samples((base, MINUTE, 3.0)))
        found = store.samples(np.array([base]), MONDAY, MONDAY + 2 * DAY)
        _expect(found.values, [1, 3, 2], "samples survive close and open")
        assert store.status(), "status says something"
    finally:
        store.close()
