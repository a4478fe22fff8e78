"""A remote store with a spool in front: samples are safe here until they are safe there.

``append`` returns when the batch is in the spool; a thread of its own sends it. A batch leaves
the spool only after the store itself has shown it, some seconds later, so that what a server
loses in a crash, or takes and never keeps, is sent again. Newest batches go first: live data
goes before the backlog. Only a batch that may replace earlier samples waits for those.
"""

import time
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Final

import numpy as np
from numpy.typing import NDArray

from aiops.contracts.errors import StoreError
from aiops.domain.instant import to_ns
from aiops.domain.panel import Aggregation, Panel
from aiops.domain.series import FloatArray, IntArray, Samples
from aiops.domain.step import DAY
from aiops.store.batches import check_finite, join, lay_over, nothing, take
from aiops.store.grid import MS, Columns, Grid, longest_gap
from aiops.store.remote.cells import build_panel
from aiops.store.remote.naming import Describe, NamedStore
from aiops.store.remote.remote_store import RemoteStore
from aiops.store.remote.results import Publishing, Result
from aiops.store.sending import Sender
from aiops.store.spool import Spool

_NEVER: Final = np.iinfo(np.int64).min


class SpooledStore:
    """Any remote store behind a spool; keeps the contract of series stores."""

    def __init__(self, store: RemoteStore, spool: Spool) -> None:
        self.store, self.spool = store, spool
        self._sender = Sender(store, spool)
        self._lock, self._awake = self._sender.lock, self._sender.awake
        self._closed = False
        self._last: IntArray = np.full(0, _NEVER, np.int64)
        self._bound = max((row.last for row in spool.rows.values()), default=_NEVER)
        self._sender.start()

    def name_series(self, describe: Describe) -> None:
        """Takes what describes series."""
        if isinstance(self.store, NamedStore):
            self.store.name_series(describe)

    def append(self, samples: Samples) -> None:
        """Makes the samples durable on this host; they are sent from there."""
        if not len(samples):
            return
        check_finite(samples)
        with self._lock:
            late = self._is_late(samples)
            for mine, is_late in ((~late, False), (late, True)):
                if mine.any():
                    part = samples if mine.all() else take(samples, mine)
                    self.spool.put(part, late=is_late)
            np.maximum.at(self._last, samples.ids, samples.times)
            self._awake.notify_all()

    def _is_late(self, samples: Samples) -> NDArray[np.bool_]:
        """Which samples may replace one of an earlier batch that still waits."""
        more = int(samples.ids.max()) + 1 - len(self._last)
        if more > 0:
            grown = np.full(max(more, len(self._last)), self._bound, np.int64)
            self._last = np.concatenate([self._last, grown])
        return np.asarray(samples.times <= self._last[samples.ids])

    # reading: what waits lies over what the store has

    def panel(
        self,
        ids: IntArray,
        start: int,
        end: int,
        step: timedelta,
        aggregation: Aggregation = Aggregation.LAST,
        counters: NDArray[np.bool_] | None = None,
    ) -> Panel:
        """Returns the grid of cells; see the contract."""
        ids = np.asarray(ids, np.int64)
        grid = Grid.of(start, end, step)
        counts = np.zeros(len(ids), bool) if counters is None else np.asarray(counters, bool)
        reach = longest_gap(grid.step) if counts.any() else 0
        over = self._overlay(grid.start - reach, grid.end)
        self._must_answer()
        found = self.store.panel(ids, start, end, step, aggregation, counters)
        over = take(over, np.isin(over.ids, ids))
        if not len(over) or not found.values.size:
            return found
        # only cells that waiting samples can change are computed again
        first = max((int(over.times.min()) - grid.start) // grid.step, 0)
        last = min((int(over.times.max()) + reach - grid.start) // grid.step + 1, grid.cells)
        touched = np.isin(ids, over.ids)

        def read(some: IntArray, begin: int, stop: int) -> Columns:
            both = lay_over(self.store.samples(some, begin, stop), over, some, begin, stop)
            return Columns(np.searchsorted(some, both.ids), both.times // MS, both.values)

        merged = build_panel(
            read,
            ids[touched],
            grid.start + first * grid.step,
            grid.start + last * grid.step,
            step,
            aggregation,
            counts[touched],
        )
        values = found.values.copy()
        values[touched, first:last] = merged.values
        return grid.panel(ids, values, aggregation)

    def samples(self, ids: IntArray, start: int, end: int) -> Samples:
        """Returns the samples of store and spool, ordered by id and time."""
        ids = np.unique(np.asarray(ids, np.int64))
        over = self._overlay(start, end)
        self._must_answer()
        return lay_over(self.store.samples(ids, start, end), over, ids, start, end)

    def latest(self, ids: IntArray) -> tuple[IntArray, FloatArray]:
        """Returns time and value of each newest sample."""
        ids = np.asarray(ids, np.int64)
        over = lay_over(nothing(), self._overlay(_NEVER, 1 << 62), np.unique(ids), _NEVER, 1 << 62)
        self._must_answer()
        times, values = self.store.latest(ids)
        times, values = times.copy(), values.copy()
        if len(over):
            place = np.searchsorted(over.ids, ids, side="right") - 1
            has = (place >= 0) & (over.ids[place] == ids)
            newer = has & ((over.times[place] >= times) | np.isnan(values))
            times[newer], values[newer] = over.times[place[newer]], over.values[place[newer]]
        return times, values

    def earliest(self, ids: IntArray) -> IntArray:
        """Returns the time of each oldest sample."""
        ids = np.asarray(ids, np.int64)
        over = lay_over(nothing(), self._overlay(_NEVER, 1 << 62), np.unique(ids), _NEVER, 1 << 62)
        self._must_answer()
        times = self.store.earliest(ids).copy()
        if len(over):
            place = np.minimum(np.searchsorted(over.ids, ids), len(over.ids) - 1)
            older = (over.ids[place] == ids) & ((times == 0) | (over.times[place] < times))
            times[older] = over.times[place[older]]
        return times

    def publish(self, results: Iterable[Result]) -> None:
        """Hands results on, past the spool: they are in the ledger, and can be written again."""
        self._must_answer()
        if isinstance(self.store, Publishing):
            self.store.publish(results)

    def retain(self, before: datetime) -> int:
        """Drops whole days before the given time, there and here."""
        if not self.drain(30.0):
            raise StoreError(
                f"retention waits: {self._sender.state.error or 'samples are being sent'}"
            )
        self._sender.horizon = max(self._sender.horizon, to_ns(before) // DAY * DAY)
        return self.store.retain(before)

    def rollup(self, start: int, end: int) -> int:
        """Brings roll-ups up to date, if the store has any; one that is down has none to do."""
        return self.store.rollup(start, end) if self._sender.state.down_at is None else 0

    def status(self) -> Mapping[str, object]:
        """Returns figures of store and spool, from what is known: nobody waits for a store."""
        with self._lock:
            state, losses = self._sender.state, self.spool.losses
            down = None if state.down_at is None else time.monotonic() - state.down_at
            since = datetime.fromtimestamp(state.down_since, UTC)
            return {
                **self.store.about(),
                "reachable": down is None,
                "down_since": None if down is None else since.isoformat(timespec="seconds"),
                "down_seconds": None if down is None else round(down, 1),
                "error": state.error,
                "spool_samples": self.spool.waiting,
                "spool_bytes": self.spool.bytes,
                "spool_dropped": losses.dropped,
                "spool_lost_by_reason": losses.by_reason(),
                "spool_set_aside": losses.aside,
                "spool_damage": self.spool.damaged,
                "samples_sent": state.samples_sent,
                "samples_confirmed": state.samples_confirmed,
                "samples_sent_again": state.samples_again,
            }

    def drain(self, seconds: float) -> bool:
        """Waits until everything has been sent once; False when that takes longer."""
        until = time.monotonic() + seconds
        with self._lock:
            while self._sender.unsent():
                left = until - time.monotonic()
                if left <= 0 or self._closed:
                    return False
                self._awake.notify_all()
                self._awake.wait(min(left, 0.05))
        return True

    def settle(self, seconds: float) -> bool:
        """Waits until the store has shown everything, so that the spool is empty."""
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            if not self.spool.rows:
                return True
            time.sleep(0.05)
        return not self.spool.rows

    def close(self) -> None:
        """Ends the sending; what waits is sent after the next start."""
        with self._lock:
            if self._closed:
                return
            self._closed = True
            self._awake.notify_all()
        self._sender.close()
        self.spool.close()
        self.store.close()

    def _must_answer(self) -> None:
        state = self._sender.state
        if state.down_at is not None and time.monotonic() < state.next_try:
            seconds = time.monotonic() - state.down_at
            raise StoreError(
                f"the series store is down since {seconds:.0f} s ago, new samples wait on disk: "
                f"{state.error}"
            )

    def _overlay(self, start: int, end: int) -> Samples:
        with self._lock:
            start = max(start, self._sender.horizon)
            rows = [r.seq for r in self.spool.rows.values() if r.first < end and r.last >= start]
            parts = [each for each in self.spool.read(sorted(rows)) if each is not None]
        found = join(parts)
        return take(found, (found.times >= start) & (found.times < end))
