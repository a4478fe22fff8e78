"""How often a source's series come, learned from the times of their samples."""

from dataclasses import dataclass, field

import numpy as np

from aiops.domain.series import Batch, IntArray, SeriesKey


@dataclass(slots=True)
class Spacing:
    """Remembers the newest time of every series of one source.

    Attributes:
        interval_ns: Median distance of two samples of a series, 0 as long as none was seen.
    """

    interval_ns: int = 0
    _series: tuple[SeriesKey, ...] = ()
    _last: IntArray = field(default_factory=lambda: np.empty(0, np.int64))

    def note(self, batch: Batch) -> int:
        """Takes note of a batch and returns the interval as far as it is known."""
        if not len(batch):
            return self.interval_ns
        last = self._last_of(batch.series)
        rows, times = batch.rows, batch.times
        if bool(np.all(rows[1:] > rows[:-1])):  # each series once, as an agent repeats itself
            before = last[rows]
        else:
            order = np.lexsort((times, rows))
            rows, times = rows[order], times[order]
            before = last[rows]
            same = np.flatnonzero(rows[1:] == rows[:-1]) + 1
            before[same] = times[same - 1]
        apart = times - before
        seen = apart[(before > 0) & (apart > 0)]
        if len(seen):
            self.interval_ns = int(np.median(seen))
        np.maximum.at(last, rows, times)
        return self.interval_ns

    def _last_of(self, series: tuple[SeriesKey, ...]) -> IntArray:
        if series is not self._series:
            grown = len(series) >= len(self._series) and (
                not self._series or series[len(self._series) - 1] == self._series[-1]
            )
            last = np.zeros(len(series), np.int64)
            if grown:
                last[: len(self._last)] = self._last
            self._series, self._last = series, last
        return self._last
