"""The data-quality gate."""

from datetime import UTC, datetime, timedelta

import numpy as np

from aiops.collect.finding import QualityReason
from aiops.collect.gate import Gate
from aiops.collect.settings import CollectSettings, SourceSettings
from aiops.domain.metric import Metric, MetricKind
from aiops.domain.panel import Panel, Quality
from aiops.domain.series import Batch, SeriesKey

_NOW = datetime(2026, 1, 5, tzinfo=UTC)
_SERIES = (SeriesKey("a", "m"), SeriesKey("b", "m"))
_STEP = timedelta(seconds=10)


def _ns(at):
    return int(at.timestamp()) * 10**9


def _batch(at, values, series=_SERIES, rows=None):
    values = np.asarray(values, dtype=np.float64)
    rows = np.arange(len(values)) if rows is None else rows
    times = np.broadcast_to(np.asarray(at, dtype=np.int64), values.shape).copy()
    return Batch(series, np.asarray(rows, dtype=np.int32), times, values)


def _run(gate, columns, start=_NOW, metrics=None, step=_STEP):
    """Feeds one series, a sample per step; returns the findings by sample."""
    found = []
    for i, value in enumerate(columns):
        at = start + i * step
        gated = gate.check("s", _batch(_ns(at), [value], _SERIES[:1]), at, metrics)
        found += [(i, finding) for finding in gated.findings]
    return found


def _reasons(found):
    return [(i, finding.reason.value, finding.ended) for i, finding in found]


def _noisy(count, level=50.0, seed=0):
    return level + np.random.default_rng(seed).normal(size=count) * level * 0.002


def test_a_good_batch_passes_as_the_same_object():
    batch = _batch(_ns(_NOW), [1.0, 2.0])
    gated = Gate(CollectSettings()).check("s", batch, _NOW)
    assert gated.batch is batch
    assert not gated.dropped


def test_what_is_no_number_or_out_of_time_is_refused_and_the_rest_kept():
    gate = Gate(CollectSettings())
    future, old = _ns(_NOW + timedelta(minutes=11)), _ns(_NOW - timedelta(days=8))
    now = _ns(_NOW)
    batch = _batch([now, now, future, old, now], [1.0, np.nan, 3.0, 4.0, np.inf], rows=[0] * 5)
    gated = gate.check("s", batch, _NOW)
    assert gated.dropped == {"non_finite": 2, "future": 1, "too_old": 1}
    assert gated.batch.values.tolist() == [1.0]
    assert gate.totals() == {
        ("s", "a", "non_finite"): 2,
        ("s", "a", "future"): 1,
        ("s", "a", "too_old"): 1,
        ("s", "", "clock_skew"): 1,
    }


def test_series_beyond_the_quota_are_refused_and_get_no_place():
    gate = Gate(CollectSettings(series_per_source=2))
    series = tuple(SeriesKey(f"x{i}", "m") for i in range(5))
    first = gate.check("s", _batch(_ns(_NOW), np.ones(5), series), _NOW)
    assert first.dropped == {"quota": 3}
    assert first.batch.series == series[:2]
    more = tuple(SeriesKey(f"y{i}", "m") for i in range(5))
    gated = gate.check("s", _batch(_ns(_NOW + _STEP), np.ones(5), more), _NOW + _STEP)
    assert gated.dropped == {"quota": 5}
    assert gated.batch.series is first.batch.series
    assert not gate.check("t", _batch(_ns(_NOW), [1.0, 2.0]), _NOW).dropped  # another's quota


def test_a_source_may_have_a_quota_of_its_own():
    own = SourceSettings("s", "x", max_series=4)
    gate = Gate(CollectSettings((own,), series_per_source=2))
    series = tuple(SeriesKey(f"x{i}", "m") for i in range(5))
    batch = _batch(_ns(_NOW), np.ones(5), series)
    assert [gate.check(name, batch, _NOW).dropped["quota"] for name in ("s", "t")] == [1, 3]


def test_places_of_series_that_are_gone_go_to_new_ones():
    gate = Gate(CollectSettings(series_per_source=2))
    gate.check("s", _batch(_ns(_NOW), [1.0, 2.0]), _NOW)
    later = _NOW + timedelta(hours=25)
    new = (SeriesKey("new", "m"), *_SERIES[:1])
    assert not gate.check("s", _batch(_ns(later), [1.0, 2.0], new), later).dropped
    third = (SeriesKey("third", "m"),)
    assert gate.check("s", _batch(_ns(later), [1.0], third), later).dropped == {"quota": 1}


def test_the_same_sample_again_is_a_duplicate_and_another_value_a_conflict():
    gate = Gate(CollectSettings())
    gate.check("s", _batch(_ns(_NOW), [1.0, 2.0]), _NOW)
    gated = gate.check("s", _batch(_ns(_NOW), [1.0, 3.0]), _NOW)
    assert gated.dropped == {"duplicate": 1}
    assert gated.batch.values.tolist() == [3.0]
    assert gated.counted["b", "conflict"] == 1
    again = gate.check("s", _batch(_ns(_NOW), [3.0], rows=[1]), _NOW)
    assert again.dropped == {"duplicate": 1}  # the value acknowledged last had won


def test_late_samples_pass_and_are_counted():
    gate = Gate(CollectSettings())
    gate.check("s", _batch(_ns(_NOW), [1.0, 2.0]), _NOW)
    earlier = _ns(_NOW - timedelta(minutes=5))
    gated = gate.check("s", _batch([earlier, _ns(_NOW + _STEP)], [9.0, 2.0]), _NOW + _STEP)
    assert len(gated.batch) == 2
    assert gated.counted == {("a", "late"): 1}


def test_one_shuffled_batch_is_seen_in_the_order_of_its_times():
    gate = Gate(CollectSettings())
    times = [_ns(_NOW - i * _STEP) for i in (0, 3, 1, 2, 1)]
    gated = gate.check("s", _batch(times, [0.0, 3.0, 1.0, 2.0, 1.0], rows=[0] * 5), _NOW)
    assert gated.dropped == {"duplicate": 1}
    assert "late" not in {reason for _, reason in gated.counted}


def test_a_gap_is_told_when_the_series_comes_back():
    gate = Gate(CollectSettings())
    _run(gate, _noisy(20))
    found = _run(gate, [50.0], start=_NOW + timedelta(minutes=10))
    assert _reasons(found) == [(0, "gap", False)]
    assert "410 s" in found[0][1].detail


def test_a_value_that_used_to_move_and_stands_still_is_flat_until_it_moves():
    values = [*_noisy(100), *[50.0] * 40, 51.0]
    found = _run(Gate(CollectSettings()), values)
    assert _reasons(found) == [(120, "flat", False), (140, "flat", True)]


def test_what_stands_still_every_night_is_told_the_first_night_only():
    night = [*_noisy(60), *[50.0] * 60]
    found = _run(Gate(CollectSettings()), [*night * 5, 51.0])
    assert _reasons(found) == [(80, "flat", False), (120, "flat", True)]


def test_a_constant_a_counter_and_a_full_volume_are_not_flat():
    assert not _run(Gate(CollectSettings()), [5.0] * 200)
    counter = {"m": Metric("m", "By", MetricKind.COUNTER)}
    assert not _run(Gate(CollectSettings()), [*np.arange(100.0), *[99.0] * 100], metrics=counter)
    ratio = {"m": Metric("m", "1", floor=0.0, ceiling=1.0)}
    assert not _run(Gate(CollectSettings()), [*np.linspace(0, 1, 100), *[1.0] * 99], metrics=ratio)


def test_a_stuck_sensor_is_bad_data_and_a_still_volume_is_not():
    values = [*_noisy(100), *[50.0] * 40]
    for unit, bad in (("Cel", True), ("1", False)):
        gate = Gate(CollectSettings())
        _run(gate, values, metrics={"m": Metric("m", unit)})
        assert bool(gate.marks) is bad


def test_a_metric_declared_after_its_first_sample_is_known_from_then_on():
    gate = Gate(CollectSettings())
    _run(gate, [0.0])
    counter = {"m": Metric("m", "By", MetricKind.COUNTER)}
    values = [*np.arange(1, 100.0), *[99.0] * 100]
    assert not _run(gate, values, start=_NOW + _STEP, metrics=counter)


def test_a_jump_by_a_unit_is_told_marked_bad_and_ended():
    gate = Gate(CollectSettings())
    values = [*_noisy(60), *_noisy(20, 50_000.0, 1), *_noisy(10, 50.0, 2)]
    found = _run(gate, values)
    assert _reasons(found) == [(62, "unit_jump", False), (80, "unit_jump", True)]
    assert "factor of 1000" in found[0][1].detail
    times = np.array([_ns(_NOW + i * _STEP) for i in range(90)])
    panel = Panel.of(np.array([values]), times, _STEP)
    marked = gate.marks.apply(panel, _SERIES[:1])
    assert np.flatnonzero(marked.quality[0] == Quality.BAD).tolist() == list(range(60, 80))
    assert gate.marks.apply(panel, _SERIES[1:]) is panel


def test_a_jump_that_does_not_stay_and_one_in_a_restless_series_are_no_change_of_unit():
    spike = [*_noisy(60), 50_000.0, *_noisy(20, seed=1)]
    assert not _run(Gate(CollectSettings()), spike)
    restless = np.random.default_rng(3).lognormal(size=60)
    assert not _run(Gate(CollectSettings()), [*restless, *restless * 1000])


def test_a_new_level_counts_after_a_day():
    gate = Gate(CollectSettings())
    hour = timedelta(hours=1)
    found = _run(gate, [*_noisy(60), *_noisy(40, 5000.0, 1)], step=hour)
    assert _reasons(found) == [(62, "unit_jump", False), (85, "unit_jump", True)]


def test_a_clock_that_is_ahead_or_steadily_behind_is_told_once():
    for skew in (45, -3600):
        gate = Gate(CollectSettings())
        found = []
        for i in range(20):
            at = _NOW + i * _STEP
            gated = gate.check("s", _batch(_ns(at + timedelta(seconds=skew)), [1.0, i]), at)
            found += gated.findings
        assert [finding.reason for finding in found] == [QualityReason.CLOCK_SKEW]
        assert gate.offset("s") == skew
        right = _NOW + timedelta(hours=2)
        (back,) = gate.check("s", _batch(_ns(right), [1.0], rows=[0]), right).findings[-1:]
        assert (back.reason, back.ended) == (QualityReason.CLOCK_SKEW, True)


def test_time_going_backwards_is_told_once():
    gate = Gate(CollectSettings())
    _run(gate, _noisy(10))
    found = _run(gate, _noisy(5), start=_NOW + timedelta(seconds=20))
    assert _reasons(found) == [(0, "time_backwards", False)]


def test_a_marked_cell_that_is_missing_stays_missing():
    gate = Gate(CollectSettings())
    _run(gate, [*_noisy(60), *_noisy(20, 50_000.0, 1)])
    times = np.array([_ns(_NOW + i * _STEP) for i in range(80)])
    values = np.full((1, 80), np.nan)
    assert not (gate.marks.apply(Panel.of(values, times, _STEP), _SERIES[:1]).quality == 3).any()


def test_what_is_odd_now_is_shown_while_it_lasts_and_the_rest_for_an_hour():
    gate = Gate(CollectSettings())
    values = [*_noisy(60), *_noisy(20, 50_000.0, 1)]
    _run(gate, [*values, np.nan])
    now = _NOW + 81 * _STEP
    assert gate.current(now) == {("s", "a"): {"unit_jump", "non_finite"}}
    assert gate.current(now + timedelta(hours=2)) == {("s", "a"): {"unit_jump"}}
    _run(gate, [50.0, 50.1], start=now)
    assert gate.current(now + timedelta(hours=2)) == {}
