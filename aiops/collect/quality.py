"""Intervals of series that no model may learn from."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from aiops.domain.panel import Panel, Quality
from aiops.domain.series import SeriesKey

FOREVER = 2**63 - 1


@dataclass(frozen=True, slots=True)
class BadInterval:
    """Samples of one series in ``[start, end)`` (ns) are bad; open ends at :data:`FOREVER`."""

    start: int
    end: int
    reason: str


@dataclass(frozen=True, slots=True)
class QualityMarks:
    """What the gate has found bad, by series."""

    by_series: Mapping[SeriesKey, tuple[BadInterval, ...]] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return bool(self.by_series)

    def between(
        self, keys: Sequence[SeriesKey], start: int, end: int
    ) -> list[tuple[int, BadInterval]]:
        """Returns (row of the key, bad interval) of those that touch ``[start, end)``."""
        if not self.by_series:
            return []
        return [
            (row, interval)
            for row, key in enumerate(keys)
            for interval in self.by_series.get(key, ())
            if interval.start < end and interval.end > start
        ]

    def apply(self, panel: Panel, keys: Sequence[SeriesKey]) -> Panel:
        """Returns the panel with its bad cells marked; the same object when there are none.

        Args:
            keys: Of the panel's rows, in order.
        """
        if not self.by_series or not len(panel.times):
            return panel
        step = panel.step_ns
        bad = self.between(keys, int(panel.times[0]), int(panel.times[-1]) + step)
        if not bad:
            return panel
        quality = panel.quality.copy()
        for row, interval in bad:
            touched = (panel.times + step > interval.start) & (panel.times < interval.end)
            there = touched & (quality[row] != Quality.MISSING)
            quality[row, there] = Quality.BAD
        return replace(panel, quality=quality)

    def opened(self, key: SeriesKey, start: int, reason: str) -> "QualityMarks":
        """Returns the marks with one more that has no end yet."""
        marks = (*self.by_series.get(key, ()), BadInterval(start, FOREVER, reason))
        return QualityMarks({**self.by_series, key: marks})

    def closed(self, key: SeriesKey, end: int, reason: str) -> "QualityMarks":
        """Returns the marks with the open one of that reason ended."""
        marks = tuple(
            replace(mark, end=end) if mark.end == FOREVER and mark.reason == reason else mark
            for mark in self.by_series.get(key, ())
        )
        return QualityMarks({**self.by_series, key: marks})

    def forgotten(self, before: int) -> "QualityMarks":
        """Returns the marks without those that ended before a time."""
        kept = {
            key: tuple(mark for mark in marks if mark.end > before)
            for key, marks in self.by_series.items()
        }
        return QualityMarks({key: marks for key, marks in kept.items() if marks})


def merge_marks(many: Iterable[QualityMarks]) -> QualityMarks:
    """Returns the marks of several sources as one."""
    merged: dict[SeriesKey, tuple[BadInterval, ...]] = {}
    for marks in many:
        for key, intervals in marks.by_series.items():
            merged[key] = (*merged.get(key, ()), *intervals)
    return QualityMarks(merged)
