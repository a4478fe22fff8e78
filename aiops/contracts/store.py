"""Time-series stores and the sources of panels."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from aiops.domain.panel import Aggregation, Panel
from aiops.domain.series import IntArray, Samples, SeriesInfo, SeriesKey


class Catalogue(Protocol):
    """Series keys to dense integer ids and back; kept in the ledger, cached in memory."""

    def ids(
        self, keys: Sequence[SeriesKey], step_ns: int, counter: Sequence[bool] | None = None
    ) -> IntArray:
        """Returns ``(len(keys),)`` ids, giving new ones to keys not seen before (durably).

        The same tuple object is answered from memory at once.
        """
        ...

    def info(self, ids: IntArray) -> list[SeriesInfo]:
        """Returns what is known of each id, in order."""
        ...

    def rename(self, new_by_old: Mapping[SeriesKey, SeriesKey]) -> None:
        """Gives series other keys, durably; their samples stay. One whose new key is taken stays.

        Tuples of keys that were answered before are looked up anew.
        """
        ...

    def all(self) -> list[SeriesInfo]:
        """Returns every series, by id."""
        ...


@runtime_checkable
class SeriesStore(Protocol):
    """Durable samples by ``(id, time)``.

    Promises: ``append`` returns only when the samples survive a crash of the process;
    appending the same sample twice is the same as once; of two values for one time the one
    appended last is read; intervals are half-open ``[start, end)``; a whole fleet is one call.
    """

    def append(self, samples: Samples) -> None:
        """Makes the samples durable.

        Raises:
            StoreError: Nothing of it may be counted as stored.
        """
        ...

    def panel(
        self,
        ids: IntArray,
        start: int,
        end: int,
        step: timedelta,
        aggregation: Aggregation = Aggregation.LAST,
        counters: NDArray[np.bool_] | None = None,
    ) -> Panel:
        """Returns the grid of cells from ``start`` to ``end`` (ns, aligned to the step).

        Args:
            counters: ``(n_series,)`` rows to be read as rate per second: the increase from
                the sample before, by their real times; a fall counts as a reset to zero.
        """
        ...

    def samples(self, ids: IntArray, start: int, end: int) -> Samples:
        """Returns the stored samples themselves, ordered by id and time, last value wins."""
        ...

    def latest(self, ids: IntArray) -> tuple[IntArray, NDArray[np.float64]]:
        """Returns time (ns, 0 where there is none) and value (NaN) of each newest sample."""
        ...

    def earliest(self, ids: IntArray) -> IntArray:
        """Returns the time (ns) of each series' oldest sample, 0 where there is none."""
        ...

    def retain(self, before: datetime) -> int:
        """Drops whole days before the given time and returns how many samples went."""
        ...

    def rollup(self, start: int, end: int) -> int:
        """Brings the hourly roll-up (n, mean, min, max) of an interval up to date.

        Returns:
            The number of roll-up rows written.
        """
        ...

    def status(self) -> Mapping[str, object]:
        """Returns figures for ``doctor``, ``/readyz`` and ``/metrics`` (bytes, days, damage)."""
        ...

    def close(self) -> None:
        """Flushes and releases; never raises."""
        ...


class HistoryReader(Protocol):
    """The reading half of a store: what commands beside a running daemon need."""

    def panel(
        self,
        ids: IntArray,
        start: int,
        end: int,
        step: timedelta,
        aggregation: Aggregation = Aggregation.LAST,
        counters: NDArray[np.bool_] | None = None,
    ) -> Panel:
        """Returns the grid, as the store does."""
        ...

    def samples(self, ids: IntArray, start: int, end: int) -> Samples:
        """Returns the samples, as the store does."""
        ...

    def close(self) -> None:
        """Flushes and releases; never raises."""
        ...


class PanelSource(Protocol):
    """Panels by series id, from the live window, over HTTP, or from the store."""

    def panel(
        self,
        ids: IntArray,
        start: int,
        end: int,
        step: timedelta,
        aggregation: Aggregation = Aggregation.LAST,
    ) -> Panel:
        """Returns the panel; counters as rates, whichever way it came."""
        ...
