"""The data-quality gate: what is let in, what is odd, what no model may learn from.

A batch is looked at as columns; the memory is explicit, so that the whole is a pure function.
"""

import threading
from collections import Counter, deque
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Final

import numpy as np
from numpy.typing import NDArray

from aiops.collect.finding import Finding, Gated, QualityReason
from aiops.collect.oddity import LASTING, Oddity, find_flat, find_jumps, lasting
from aiops.collect.quality import QualityMarks, merge_marks
from aiops.collect.settings import CollectSettings
from aiops.collect.tally import Tally
from aiops.collect.watch import Flags, Watch
from aiops.domain.metric import Metric
from aiops.domain.series import Batch, FloatArray, IntArray

# A sample is missing when the distance is nearer to three intervals than to two.
_GAP_INTERVALS: Final = 2.5
_LEARNED: Final = 5
_SMOOTHING: Final = 0.1
# Source: the service's own promise: clock offsets above 30 s are told.
_SKEW_SECONDS: Final = 30.0
_STEADY_SECONDS: Final = 5.0
_STEADY_BATCHES: Final = 5
_SECOND: Final = 1e9
_GONE: Final = timedelta(hours=24)
_KEPT_FINDINGS: Final = 500
_KEPT_MARKS: Final = timedelta(days=90)


class Gate:
    """The gate of one daemon, with a memory per source."""

    def __init__(self, settings: CollectSettings) -> None:
        self._settings = settings
        self._lock = threading.Lock()
        self._watch_by_source: dict[str, Watch] = {}
        self._marks_by_source: dict[str, QualityMarks] = {}
        self._marks = QualityMarks()
        self._totals: Counter[tuple[str, str, str]] = Counter()
        self._counted_at: dict[tuple[str, str, str], datetime] = {}
        self._recent: deque[Finding] = deque(maxlen=_KEPT_FINDINGS)

    def check(
        self, source: str, batch: Batch, now: datetime, metrics: Mapping[str, Metric] | None = None
    ) -> Gated:
        """Looks at one batch of one source.

        Args:
            metrics: Declared metrics by name, as far as they are known.
        """
        with self._lock:
            watch, marks, gated = check_batch(
                self._watch_by_source.get(source, Watch()),
                self._marks_by_source.get(source, QualityMarks()),
                source,
                batch,
                now,
                self._settings,
                metrics or {},
            )
            self._watch_by_source[source] = watch
            if marks is not self._marks_by_source.get(source):
                self._marks_by_source[source] = marks
                self._marks = merge_marks(self._marks_by_source.values())
            for (asset, reason), count in gated.counted.items():
                self._totals[source, asset, reason] += count
                self._counted_at[source, asset, reason] = now
            self._recent.extend(gated.findings)
        return gated

    @property
    def marks(self) -> QualityMarks:
        """Bad intervals of all sources."""
        return self._marks

    def totals(self) -> Mapping[tuple[str, str, str], int]:
        """Returns (source, asset, reason) to count, since the start."""
        with self._lock:
            return dict(self._totals)

    def recent(self) -> tuple[Finding, ...]:
        """Returns the newest findings, oldest first."""
        with self._lock:
            return tuple(self._recent)

    def current(
        self, now: datetime, within: timedelta = timedelta(hours=1)
    ) -> Mapping[tuple[str, str], frozenset[str]]:
        """Returns (source, asset) to what is odd there now, or was a short while ago.

        The asset is empty for what concerns the source as a whole.
        """
        found: dict[tuple[str, str], set[str]] = {}
        with self._lock:
            for (source, asset, reason), at in self._counted_at.items():
                if now - at <= within and reason not in LASTING:
                    found.setdefault((source, asset), set()).add(reason)
            for source, watch in self._watch_by_source.items():
                for asset, reason in lasting(watch):
                    found.setdefault((source, asset), set()).add(reason.value)
        return {place: frozenset(reasons) for place, reasons in found.items()}

    def offset(self, source: str) -> float:
        """Returns by how many seconds a source's newest sample was ahead of our clock."""
        with self._lock:
            watch = self._watch_by_source.get(source)
            return watch.offset if watch else 0.0


def check_batch(
    watch: Watch,
    marks: QualityMarks,
    source: str,
    batch: Batch,
    now: datetime,
    settings: CollectSettings,
    metrics: Mapping[str, Metric],
) -> tuple[Watch, QualityMarks, Gated]:
    """Returns the memory and marks after the batch, and what of it passed."""
    if not len(batch):
        return watch, marks, Gated(batch, {}, {})
    budget = settings.budget_of(source)
    full = len(watch.keys) >= budget and batch.series is not watch.series
    if full:
        # Places of series that are gone, such as those of ended pods, are given to new ones.
        watch = watch.pruned(_now_ns(now) - _ns(_GONE))
    watch = watch.grown(batch.series, budget, metrics)
    slots = watch.slots[batch.rows]
    tally = Tally(source, now, watch, batch)
    keep = _refuse(tally, slots, now, settings)
    if not keep.all():
        batch, slots = _only(batch, keep), slots[keep]
        if tally.dropped[QualityReason.QUOTA]:
            # The keys that were refused get no id, so that no source can fill the catalogue.
            batch = replace(batch, series=watch.keys, rows=slots.astype(np.int32))
        tally.batch = batch
    watch, keep = _follow(watch, tally, slots)
    if not keep.all():
        batch = _only(batch, keep)
    watch, marks = _judge(watch, marks, tally, slots)
    return watch, marks, Gated(batch, dict(tally.dropped), tally.counted, tuple(tally.findings))


def _only(batch: Batch, keep: Flags) -> Batch:
    return replace(batch, rows=batch.rows[keep], times=batch.times[keep], values=batch.values[keep])


def _ns(span: timedelta) -> int:
    return span // timedelta(microseconds=1) * 1000


def _now_ns(now: datetime) -> int:
    return _ns(now - datetime(1970, 1, 1, tzinfo=UTC))


def _refuse(tally: Tally, slots: IntArray, now: datetime, settings: CollectSettings) -> Flags:
    batch, at = tally.batch, _now_ns(now)
    finite = np.isfinite(batch.values)
    if finite.any():
        tally.newest = int(batch.times[finite].max())
    keep: Flags = np.ones(len(batch), dtype=np.bool_)
    for reason, mask in (
        (QualityReason.NON_FINITE, ~finite),
        (QualityReason.FUTURE, batch.times > at + _ns(settings.accept_future)),
        (QualityReason.TOO_OLD, batch.times < at - _ns(settings.accept_late)),
        (QualityReason.QUOTA, slots < 0),
    ):
        if mask.any():
            tally.count(mask & keep, reason, refused=True)
            keep &= ~mask
    return keep


def _follow(watch: Watch, tally: Tally, slots: IntArray) -> tuple[Watch, Flags]:
    """Finds duplicates, late samples and gaps; returns the memory and what is kept."""
    batch = tally.batch
    order, repeated = _in_order(slots, batch.times)
    slots, times, values = slots[order], batch.times[order], batch.values[order]
    before_time, before_value = watch.time[slots], watch.value[slots]
    if repeated.any():
        inside = np.flatnonzero(repeated)
        later = times[inside - 1] >= before_time[inside]
        before_value[inside[later]] = values[inside - 1][later]
        before_time[inside] = np.maximum(before_time[inside], times[inside - 1])
    known = before_time > 0
    distance = times - before_time
    same = known & (distance == 0)
    duplicate = same & (values == before_value)
    late = known & (distance < 0)
    fresh = ~same & ~late
    interval = watch.interval[slots]
    learned = (interval > 0) & (watch.seen[slots] >= _LEARNED)
    gap = known & fresh & learned & (distance > _GAP_INTERVALS * interval)
    back = np.empty_like(order)
    back[order] = np.arange(len(order))
    for mask, reason, refused in (
        (duplicate, QualityReason.DUPLICATE, True),
        (same & ~duplicate, QualityReason.CONFLICT, False),
        (late, QualityReason.LATE, False),
    ):
        if mask.any():
            tally.count(mask[back], reason, refused=refused)
    if gap.any():
        missing = distance[gap].max() / _SECOND
        tally.tell(
            Oddity(np.unique(slots[gap]), QualityReason.GAP, f"had no sample for {missing:.0f} s")
        )
    watch = _remember(watch.copied(), slots, times, values, before_value, known & fresh, fresh)
    used = known & fresh
    grown = np.minimum(distance[used], _GAP_INTERVALS * np.maximum(interval[used], 1.0))
    first = interval[used] == 0
    watch.interval[slots[used]] = np.where(
        first, distance[used], interval[used] + _SMOOTHING * (grown - interval[used])
    )
    # A conflict: the value acknowledged last wins.
    won = same & ~duplicate
    watch.value[slots[won]] = values[won]
    return watch, ~duplicate[back]


def _is_ascending(slots: IntArray) -> bool:
    """Whether every series is there once, in order: what a source that repeats itself sends."""
    return bool(np.all(slots[1:] > slots[:-1]))


def _in_order(slots: IntArray, times: IntArray) -> tuple[IntArray, Flags]:
    """Returns the order by series and time, and where a series repeats in that order."""
    repeated: NDArray[np.bool_] = np.zeros(len(slots), dtype=np.bool_)
    if _is_ascending(slots):
        return np.arange(len(slots), dtype=np.int64), repeated
    order = np.lexsort((times, slots))
    ordered = slots[order]
    repeated[1:] = ordered[1:] == ordered[:-1]
    return np.asarray(order, dtype=np.int64), repeated


def _remember(
    watch: Watch,
    slots: IntArray,
    times: IntArray,
    values: FloatArray,
    before: FloatArray,
    known: Flags,
    fresh: Flags,
) -> Watch:
    """Writes the newest sample and the statistics of change into a memory of our own."""
    size = len(watch.keys)
    some, value = slots[known], values[known]
    changed = value != before[known]
    samples = np.bincount(some, minlength=size)
    changes = np.bincount(some[changed], minlength=size)
    moved = changes > 0
    ended = watch.run * moved
    watch.changes[:] += changes
    watch.changeable[:] += np.where(moved, samples + ended, 0)
    np.maximum(watch.longest, ended, out=watch.longest)
    watch.run[:] = np.where(moved, 0, watch.run + samples)
    watch.changed_at[some[changed]] = times[known][changed]
    old = watch.changeable > 1024  # forget slowly, so that habits may change
    watch.changes[old] /= 2
    watch.changeable[old] /= 2
    watch.seen[:] += np.bincount(slots[fresh], minlength=size)
    watch.previous[slots[fresh]] = before[fresh]
    watch.time[slots[fresh]] = times[fresh]
    watch.value[slots[fresh]] = values[fresh]
    return watch


def _judge(
    watch: Watch, marks: QualityMarks, tally: Tally, slots: IntArray
) -> tuple[Watch, QualityMarks]:
    # Places are dense, so that counting them beats sorting them.
    touched = slots if _is_ascending(slots) else np.flatnonzero(np.bincount(slots))
    for oddity in (*find_flat(watch, touched), *find_jumps(watch, touched)):
        tally.tell(oddity)
        if oddity.bad is None or oddity.times is None:
            continue
        for slot, at in zip(
            oddity.slots[oddity.bad].tolist(), oddity.times[oddity.bad].tolist(), strict=True
        ):
            change = marks.closed if oddity.ended else marks.opened
            marks = change(watch.keys[slot], at, oddity.reason.value)
    if marks:
        forgotten = marks.forgotten(_now_ns(tally.now) - _ns(_KEPT_MARKS))
        marks = forgotten if len(forgotten.by_series) < len(marks.by_series) else marks
    return _judge_clock(watch, tally), marks


def _judge_clock(watch: Watch, tally: Tally) -> Watch:
    """Compares the newest time of a source with ours and with the newest before."""
    if not tally.newest:
        return watch
    offset = (tally.newest - _now_ns(tally.now)) / _SECOND
    steady = watch.steady + 1 if abs(offset - watch.offset) < _STEADY_SECONDS else 0
    # Being behind is often just late; a clock is behind by the same amount every time.
    skewed = offset > _SKEW_SECONDS or (offset < -_SKEW_SECONDS and steady >= _STEADY_BATCHES)
    if skewed and not watch.skewed:
        words = f"its clock is {abs(offset):.0f} s {'ahead' if offset > 0 else 'behind'}"
        tally.tell_source(QualityReason.CLOCK_SKEW, words)
    right = abs(offset) <= _SKEW_SECONDS
    if right and watch.skewed:
        tally.tell_source(QualityReason.CLOCK_SKEW, "its clock is right again", ended=True)
    backwards = tally.newest < watch.newest - _SECOND
    if backwards and not watch.backwards:
        fell = (watch.newest - tally.newest) / _SECOND
        tally.tell_source(QualityReason.TIME_BACKWARDS, f"its time went back by {fell:.0f} s")
    return replace(
        watch,
        offset=offset,
        steady=steady,
        skewed=skewed or (watch.skewed and not right),
        backwards=backwards,
        newest=max(watch.newest, tally.newest),
    )
