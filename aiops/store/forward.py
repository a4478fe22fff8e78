"""An edge agent's way to its centre: what was collected waits on disk until the centre has it.

Newest batches go first, so that live data never stands behind the backlog of an outage. A batch
leaves the disk when the centre has said that it is durable there; sent twice, it counts once.
What lies ahead of the centre's clock waits until it is due there.
"""

import contextlib
import random
import ssl
import threading
import time
import uuid
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import numpy as np
import orjson
import structlog

from aiops.contracts.collector import Inventory
from aiops.contracts.errors import ConfigError, Refused, StoreError, Unreachable
from aiops.contracts.relay import AGENT_HEADER, AHEAD, CLOCK, MEDIA_TYPE, PATH, Relayed, encode
from aiops.domain.instant import duration_ns
from aiops.domain.series import Batch, IntArray, Samples, SeriesInfo
from aiops.store.batches import join
from aiops.store.forward_settings import ForwardSettings
from aiops.store.remote.http import Credentials, Endpoint
from aiops.store.spool import Row, Spool

_CHUNK: Final = 50_000
"""Samples of one request: about a megabyte."""
_FIRST_WAIT, _LONGEST_WAIT = 0.5, 30.0
_FAR_OFF: Final = 2.0
"""Seconds a clock may be off before it is told: a sample a cell too late is not seen in time."""
_log = structlog.get_logger("forward")

Infos = Callable[[IntArray], list[SeriesInfo]]


@dataclass(slots=True)
class _State:
    error: str = ""
    down_since: float | None = None
    wait: float = _FIRST_WAIT
    sent: int = 0
    refused: dict[str, int] = field(default_factory=dict)
    offset: float | None = None
    trip: float = np.inf
    asked_at: float = -np.inf


class Forward:
    """Keeps what is to be sent on disk, and a thread that sends it.

    Args:
        infos: What the catalogue knows of ids.

    Raises:
        ConfigError: The address or a certificate is wrong.
    """

    def __init__(self, settings: ForwardSettings, directory: Path, infos: Infos) -> None:
        self._infos = infos
        self._endpoint = Endpoint(
            settings.url,
            Credentials("Bearer", settings.token),
            settings.timeout.total_seconds(),
            max_bytes=1 << 20,
            key="forward.url",
            tls=_tls(settings),
        )
        self._spool = Spool(
            directory / "forward.db", settings.max_bytes, duration_ns(settings.max_age)
        )
        self._state = _State()
        self._agent = _agent_id(directory / "forward.id")
        self._inventories: dict[str, Inventory] = {}
        self._unsaid = True
        self._closed = False
        self._awake = threading.Condition()
        self._thread = threading.Thread(target=self._work, name="forward", daemon=True)

    def start(self) -> None:
        """Begins to send."""
        self._thread.start()

    def take(self, samples: Samples) -> None:
        """Makes samples durable here; they are sent from here.

        Raises:
            StoreError: They are not durable: the disk is full, or fails.
        """
        if not len(samples):
            return
        self._spool.put(samples, late=False)
        with self._awake:
            self._awake.notify_all()

    def tell(self, source: str, inventory: Inventory) -> None:
        """Takes note of what a source knows; the centre is told when that has changed."""
        with self._awake:
            if self._inventories.get(source) is not inventory:
                self._inventories[source] = inventory
                self._unsaid = True

    def status(self) -> Mapping[str, object]:
        """Returns how the link is."""
        with self._awake:
            state = self._state
            down = state.down_since
            return {
                "url": self._endpoint.url,
                "reachable": down is None,
                "down_seconds": None if down is None else round(time.monotonic() - down, 1),
                "error": state.error,
                "waiting": self._spool.waiting,
                "bytes": self._spool.bytes,
                "dropped": self._spool.losses.dropped,
                "sent": state.sent,
                "refused": dict(state.refused),
                "clock_offset_seconds": state.offset,
            }

    def close(self) -> None:
        """Ends the sending; what waits is sent after the next start."""
        with self._awake:
            self._closed = True
            self._awake.notify_all()
        if self._thread.is_alive():
            self._thread.join(5)
        self._endpoint.close()
        self._spool.close()

    def _work(self) -> None:
        while True:
            with self._awake:
                if self._closed:
                    return
                rows = self._newest()
                if not rows:
                    self._awake.wait(0.5)
                    continue
            try:
                self._send(rows)
            except (Unreachable, Refused, StoreError) as error:
                self._fail(error)

    def _newest(self) -> list[Row]:
        """Returns what is sent next: the newest that is due, by the centre's clock."""
        state = self._state
        due = time.time_ns() + int((state.offset or 0.0) * 1e9) + duration_ns(AHEAD)
        waiting = sorted(self._spool.rows.items(), reverse=True)
        rows: list[Row] = []
        count = 0
        for _, row in waiting:
            if row.last > due:
                continue
            if rows and count + row.n > _CHUNK:
                break
            rows.append(row)
            count += row.n
        # One of those ahead shows whether the clock has been set right meanwhile.
        if not rows and waiting and time.monotonic() - state.asked_at >= _LONGEST_WAIT:
            rows = [waiting[0][1]]
        return rows

    def _send(self, rows: list[Row]) -> None:
        parts = self._spool.read([row.seq for row in rows])
        whole = [part for part in parts if part is not None]
        early = 0
        if whole:
            # Oldest first within a body, so that the centre's gate sees time go forward.
            early = self._post(join(whole[::-1]))
        if not early:
            taken = [row.seq for row, part in zip(rows, parts, strict=True) if part is not None]
            self._spool.remove(taken)
        gone = [r for r, part in zip(rows, parts, strict=True) if part is None]
        self._spool.drop_damaged([row for row in gone if row.seq in self._spool.rows])

    def _post(self, samples: Samples) -> int:
        """Sends samples; returns how many the centre does not take yet."""
        numbers, rows = np.unique(samples.ids, return_inverse=True)
        keys = tuple(info.key for info in self._infos(numbers))
        batch = Batch(keys, rows.astype(np.int32), samples.times, samples.values)
        with self._awake:
            inventory = _together(self._inventories.values()) if self._unsaid else None
            self._unsaid = False
        try:
            told = self._exchange(Relayed(batch, inventory))
        except BaseException:
            with self._awake:
                self._unsaid = self._unsaid or inventory is not None
            raise
        with self._awake:
            state = self._state
            if state.down_since is not None:
                _log.info("centre reached again", url=self._endpoint.url)
            state.error, state.down_since, state.wait = "", None, _FIRST_WAIT
            early = told.pop(CLOCK, 0)
            if early:
                state.error = f"the clock is {-(state.offset or 0.0):.0f} s ahead; samples wait"
                return early
            state.sent += len(batch)
            for reason, n in told.items():
                state.refused[reason] = state.refused.get(reason, 0) + n
            return 0

    def _exchange(self, relayed: Relayed) -> dict[str, int]:
        began, clock = time.time_ns(), time.monotonic_ns()
        headers = {"Content-Type": MEDIA_TYPE, AGENT_HEADER: self._agent}
        self._state.asked_at = time.monotonic()
        try:
            answer = self._endpoint.request("POST", PATH, encode(relayed), headers, compress=True)
        except Unreachable as error:
            if error.kind == "http" and "HTTP 409" in str(error):
                with self._awake:  # the centre has started anew
                    self._unsaid = True
            raise
        trip = (time.monotonic_ns() - clock) / 1e9
        try:
            told = orjson.loads(answer.body)
            self._note_clock((int(told["received_at"]) - began) / 1e9 - trip / 2, trip)
            return {str(reason): int(n) for reason, n in told["dropped"].items()}
        except (ValueError, TypeError, KeyError) as error:
            raise Unreachable(
                f"{self._endpoint.url}{PATH}: not the answer of an aiops centre", "protocol"
            ) from error

    def _note_clock(self, offset: float, trip: float) -> None:
        """Keeps the offset of the quickest exchange of late: its error is half the trip at most.

        One that differs by more than both may err says that a clock was set.

        Source: RFC 5905 (NTP), section 10: the sample of least delay is the best.
        """
        state = self._state
        was_set = abs(offset - (state.offset or 0.0)) > trip + state.trip
        if trip <= state.trip or was_set:
            if abs(offset) > _FAR_OFF and abs(state.offset or 0.0) <= _FAR_OFF:
                _log.warning("clock is off", seconds=round(offset, 1), ahead=offset < 0)
            state.offset, state.trip = round(offset, 4), trip
        state.trip *= 1.1

    def _fail(self, error: Exception) -> None:
        with self._awake:
            state = self._state
            if state.down_since is None:
                state.down_since = time.monotonic()
                _log.warning("centre not reached, samples wait on disk", error=str(error))
            state.error = str(error)
            asked = getattr(error, "retry_after", None) or 0.0
            pause = max(state.wait * random.uniform(0.5, 1.0), min(asked, 60.0))
            state.wait = min(state.wait * 2, _LONGEST_WAIT)
            if not self._closed:
                self._awake.wait_for(lambda: self._closed, pause)


def open_forward(settings: ForwardSettings, directory: Path, infos: Infos) -> Forward | None:
    """Returns the way to the centre, already sending; None where there is no centre."""
    if not settings.url:
        return None
    forward = Forward(settings, directory, infos)
    forward.start()
    return forward


def _agent_id(path: Path) -> str:
    """Returns what tells this agent from others, a copy of its disk in another machine too."""
    try:
        told = path.read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError):
        told = uuid.uuid4().hex
        with contextlib.suppress(OSError):  # of a disk that cannot be written the spool tells
            path.write_text(told, encoding="ascii")
    return f"{told}-{uuid.getnode():012x}"


def _together(found: Collection[Inventory]) -> Inventory:
    """Returns what all sources told, as one."""
    return Inventory(
        tuple(asset for each in found for asset in each.assets),
        tuple({m.name: m for each in found for m in each.metrics}.values()),
        tuple(limit for each in found for limit in each.limits),
        tuple(edge for each in found for edge in each.edges),
        tuple(identity for each in found for identity in each.identities),
    )


def _tls(settings: ForwardSettings) -> ssl.SSLContext | None:
    if not settings.url.startswith("https:"):
        return None
    try:
        context = ssl.create_default_context(cafile=settings.ca_file or None)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        if settings.certificate:
            context.load_cert_chain(settings.certificate, settings.key or None)
    except (OSError, ssl.SSLError) as error:
        raise ConfigError([f"forward: a certificate cannot be used: {error}"]) from error
    return context
