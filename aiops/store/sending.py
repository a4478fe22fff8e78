"""Brings what waits in a spool to a remote store, and lets it go once the store shows it."""

import math
import random
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from aiops.contracts.errors import StoreError, Unreachable
from aiops.domain.series import FloatArray, Samples
from aiops.domain.step import DAY
from aiops.store.batches import is_replaced, join, key, nothing, take
from aiops.store.remote.remote_store import RemoteStore
from aiops.store.spool import Row, Spool

CHUNK: Final = 50_000
"""Samples of one request."""
_TRIES: Final = 5
_GATHER: Final = 2.0
_JUDGED: Final = 8
"""Refused one after the other with none taken, a store is seen to refuse everything."""
_FIRST_WAIT, _LONGEST_WAIT = 0.5, 10.0
_SILENCE: Final = 10.0
"""Seconds without a word after which a store is asked how it is."""
_NEVER: Final = np.iinfo(np.int64).min


@dataclass(slots=True)
class State:
    """How the way to the store is.

    Attributes:
        down_at: When it stopped to answer, by the monotonic clock.
        down_since: The same, seconds since 1970.
        heard_at: When it last answered, by the monotonic clock.
    """

    error: str = ""
    down_at: float | None = None
    down_since: float = 0.0
    heard_at: float = -math.inf
    wait: float = _FIRST_WAIT
    next_try: float = 0.0
    sent: dict[int, float] = field(default_factory=dict)
    tries: dict[int, int] = field(default_factory=dict)
    samples_sent: int = 0
    samples_confirmed: int = 0
    samples_again: int = 0


class Sender:
    """A thread that sends, waits, asks back and forgets.

    Attributes:
        horizon: Older samples need not be shown: retention has taken them.
    """

    def __init__(self, store: RemoteStore, spool: Spool) -> None:
        self.store, self.spool = store, spool
        self.state = State()
        self.lock = threading.RLock()
        self.awake = threading.Condition(self.lock)
        self.horizon = _NEVER
        self._closed = False
        self._refusals = 0
        self._thread = threading.Thread(target=self._work, name="spool", daemon=True)

    def start(self) -> None:
        """Begins to send."""
        self._thread.start()

    def close(self) -> None:
        """Ends after the request that is under way."""
        with self.lock:
            self._closed = True
            self.awake.notify_all()
        self._thread.join(5)

    def _work(self) -> None:
        while True:
            with self.lock:
                if self._closed:
                    return
                wait = self._seconds_to_wait()
                if wait > 0:
                    self.awake.wait(min(wait, 0.5))
                    continue
            try:
                self._send_once()
                self._confirm_once()
                self._ask_once()
            except StoreError as error:
                self._fail(error)
            except Exception as error:  # noqa: BLE001 - a supervised loop: nothing may end it
                self._fail(StoreError(f"{type(error).__name__}: {error}"))

    def _seconds_to_wait(self) -> float:
        now = time.monotonic()
        if self.state.down_at is not None and now < self.state.next_try:
            return self.state.next_try - now
        if self.unsent():
            return 0.0
        return min(self._next_confirmation(), self.state.heard_at + _SILENCE) - now

    def _next_confirmation(self) -> float:
        """When to ask back: a while after it settled, so that many batches are one question."""
        sent = sorted(self.state.sent.items(), key=lambda each: each[1])
        at = sent[0][1] + _GATHER * self.store.settles if sent else time.monotonic() + 3600
        size = 0
        for seq, moment in sent:
            size += self.spool.rows[seq].n if seq in self.spool.rows else 0
            if size >= CHUNK:
                return min(at, moment + self.store.settles)
        return at

    def unsent(self) -> bool:
        """Whether something has not been sent yet."""
        return len(self.spool.rows) > len(self.state.sent)

    def choose(self) -> list[Row]:
        """Returns the rows of the next request: newest first, late ones after all earlier."""
        with self.lock:
            unsent = [row for seq, row in self.spool.rows.items() if seq not in self.state.sent]
        unsent.sort(key=lambda row: row.seq)
        if unsent and unsent[0].late:
            return [unsent[0]]
        chosen: list[Row] = []
        size = 0
        for row in reversed(unsent):
            if row.late:
                continue
            if chosen and size + row.n > CHUNK:
                break
            chosen.append(row)
            size += row.n
        return chosen[::-1]

    def _send_once(self) -> None:
        rows = self.choose()
        if not rows:
            return
        batches = self.spool.read([row.seq for row in rows])
        damaged = [row for row, batch in zip(rows, batches, strict=True) if batch is None]
        if damaged:
            self.spool.drop_damaged(damaged)
        pairs = [(r, b) for r, b in zip(rows, batches, strict=True) if b is not None]
        refused = self._send(join([batch for _, batch in pairs])) if pairs else []
        if refused:
            self._set_aside(pairs, refused)
        with self.lock:
            now = time.monotonic()
            for row in rows:
                if row.seq in self.spool.rows:
                    self.state.sent[row.seq] = now
            self.state.samples_sent += sum(len(batch) for _, batch in pairs)
            self._recover()

    def _send(self, samples: Samples) -> list[tuple[Samples, str]]:
        """Sends a batch; returns what is refused for good, narrowed down to single samples.

        A store that takes nothing of it is not the judge of samples: it is set up wrongly, and
        everything waits, unless it keeps refusing what is left after it has taken others.
        """
        refused: list[tuple[Samples, str]] = []
        parts = [samples]
        taken = False
        while parts:
            part = parts.pop()
            try:
                self.store.append(part)
                taken = True
            except StoreError as error:
                if isinstance(error.__cause__, Unreachable):
                    raise
                if len(part) > 1:
                    first = np.arange(len(part)) < len(part) // 2
                    parts += [take(part, ~first), take(part, first)]
                    continue
                refused.append((part, str(error)))
                if not taken and len(refused) >= _JUDGED and not self._may_judge():
                    raise StoreError(f"refuses everything: {error}") from error
        if refused and not taken and not self._may_judge():
            raise StoreError(f"refuses everything: {refused[0][1]}")
        self._refusals = 0
        return refused

    def _may_judge(self) -> bool:
        self._refusals += 1
        return self.state.samples_sent > 0 and self._refusals > _TRIES

    def _set_aside(
        self, pairs: Sequence[tuple[Row, Samples]], refused: Sequence[tuple[Samples, str]]
    ) -> None:
        reasons = {
            (int(one.ids[0]), int(one.times[0]), float(one.values[0])): why for one, why in refused
        }
        for row, batch in pairs:
            keys = zip(batch.ids.tolist(), batch.times.tolist(), batch.values.tolist(), strict=True)
            why = [reasons.get(key, "") for key in keys]
            bad = np.array([bool(each) for each in why], bool)
            if bad.any():
                reason = next(each for each in why if each)
                self.spool.part(row.seq, take(batch, ~bad), take(batch, bad), reason)

    def _confirm_once(self) -> None:
        if self._next_confirmation() > time.monotonic():
            return
        due = time.monotonic() - self.store.settles
        with self.lock:
            ready = [seq for seq, at in self.state.sent.items() if at <= due]
            gone = [seq for seq in ready if seq not in self.spool.rows]
            for seq in gone:
                del self.state.sent[seq]
            rows = sorted(
                (self.spool.rows[s] for s in ready if s in self.spool.rows), key=lambda r: r.seq
            )
        group: list[Row] = []
        size = 0
        for row in rows:
            group.append(row)
            size += row.n
            if size >= CHUNK:
                break
        if group:
            self._confirm(group)

    def _ask_once(self) -> None:
        """Asks a store that was not heard of for a while how it is."""
        if time.monotonic() - self.state.heard_at >= _SILENCE:
            self.store.ping()
            with self.lock:
                self._recover()

    def _confirm(self, rows: Sequence[Row]) -> None:
        batches = [b or nothing() for b in self.spool.read([row.seq for row in rows])]
        asked = join(batches)
        shown = self._shown(asked)
        done, again = [], []
        at = 0
        for row, batch in zip(rows, batches, strict=True):
            has = self._has(row, batch, shown[at : at + len(batch)])
            at += len(batch)
            if has.all():
                done.append(row)
                continue
            tries = self.state.tries[row.seq] = self.state.tries.get(row.seq, 0) + 1
            if tries < _TRIES:
                again.append(row)
            else:
                why = "taken by the store, and never shown"
                self.spool.part(row.seq, take(batch, has), take(batch, ~has), why)
                done.append(row)
        self.spool.remove([row.seq for row in done])
        with self.lock:
            for row in (*done, *again):
                self.state.sent.pop(row.seq, None)
            for row in done:
                self.state.tries.pop(row.seq, None)
            self.state.samples_confirmed += sum(row.n for row in done)
            self.state.samples_again += sum(row.n for row in again)
            self._recover()

    def _shown(self, asked: Samples) -> FloatArray:
        """Returns the value the store shows for each sample, NaN where it shows none."""
        shown = np.full(len(asked), np.nan)
        days = asked.times // DAY
        for day in np.unique(days).tolist():
            mine = np.flatnonzero(days == day)
            times = asked.times[mine]
            found = self.store.stored(asked.ids[mine], int(times.min()), int(times.max()) + 1)
            if not len(found):
                continue
            held = key(found, day)
            wanted = key(take(asked, mine), day)
            place = np.minimum(np.searchsorted(held, wanted), len(held) - 1)
            hit = held[place] == wanted
            shown[mine[hit]] = found.values[place[hit]]
        return shown

    def _has(self, row: Row, batch: Samples, shown: FloatArray) -> NDArray[np.bool_]:
        """Which samples the store has; a late one must have its own value, unless a later came."""
        has = np.isfinite(shown)
        exact = row.late and not any(
            other.late
            and other.seq > row.seq
            and other.first <= row.last
            and other.last >= row.first
            for other in self.spool.rows.values()
        )
        if exact:
            has &= np.isclose(shown, batch.values, 1e-6, 1e-9) | is_replaced(batch)
        return np.asarray(has | (batch.times < self.horizon))

    def _fail(self, error: StoreError) -> None:
        with self.lock:
            state, now = self.state, time.monotonic()
            if state.down_at is None:
                state.down_at, state.wait = now, _FIRST_WAIT
                state.down_since = self.spool.clock()
            state.error = str(error)
            cause: Any = error.__cause__
            asked = getattr(cause, "retry_after", None) or 0.0
            state.next_try = now + max(state.wait * random.uniform(0.5, 1.0), min(asked, 60.0))
            state.wait = min(state.wait * 2, _LONGEST_WAIT)

    def _recover(self) -> None:
        self.state.error, self.state.down_at = "", None
        self.state.heard_at = time.monotonic()
        self.awake.notify_all()
