"""Runs every source in time; one that hangs delays no other.

A tick looks at due times and starts what is due on an idle thread, or on a new one, so that a
source waiting for its deadline takes nobody's turn. A collector that says
``in_process`` keeps its deadline by itself; any other lives in a worker process that is
killed. Whatever happens, a source has at most one collection under way.
"""

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from functools import partial
from time import perf_counter
from typing import Final, cast

import structlog

from aiops import plugins
from aiops.collect.inventory import AssetOverride, complete_inventory
from aiops.collect.schedule import Schedule
from aiops.collect.settings import SourceSettings
from aiops.collect.threads import DaemonPool
from aiops.collect.worker import WorkerCollector
from aiops.contracts.collector import Collection, Collector, Cursor, Inventory
from aiops.contracts.errors import AiopsError, Unreachable
from aiops.contracts.plugin import AnyPlugin

IN_PROCESS: Final = "in_process"
_MAX_DEADLINE: Final = timedelta(seconds=30)
_HUNG_AFTER: Final = 1.0
_log = structlog.get_logger("collect")

DeliverTo = Callable[[str, Collection, Inventory], None]
"""Makes a collection durable; returns only then. Never called twice at once for one source."""


@dataclass(frozen=True, slots=True)
class SourceStatus:
    """What is shown of one source.

    Attributes:
        error, error_kind: Of the last collection; empty when it went well.
        samples: Of the last collection that went well.
        dropped: Reason to count, since the start.
        running_since: Set while a collection is under way.
        hung: Whether that collection has passed its deadline.
        silent_since: Set while the source is silent: nothing for several intervals.
    """

    name: str
    type: str
    started_at: datetime
    last_success: datetime | None = None
    last_attempt: datetime | None = None
    error: str = ""
    error_kind: str = ""
    error_since: datetime | None = None
    seconds: float = 0.0
    samples: int = 0
    series: int = 0
    runs: int = 0
    failures: int = 0
    skipped: int = 0
    dropped: Mapping[str, int] | None = None
    running_since: datetime | None = None
    hung: bool = False
    silent_since: datetime | None = None


class ChangeKind(StrEnum):
    """What is told once when it changes."""

    SILENT = "source_silent"
    BACK = "source_back"


@dataclass(frozen=True, slots=True)
class SourceChange:
    """A source fell silent or came back: one signal of its own, however many series it has."""

    at: datetime
    source: str
    kind: ChangeKind
    detail: str


@dataclass(slots=True)
class _Source:
    settings: SourceSettings
    schedule: Schedule
    status: SourceStatus
    cursor: Cursor
    collector: Collector | None = None
    started: float | None = None
    discovered: Inventory | None = None
    completed: Inventory | None = None

    @property
    def deadline(self) -> timedelta:
        return self.settings.deadline or min(self.settings.interval, _MAX_DEADLINE)


def create_collector(source: SourceSettings) -> Collector:
    """Builds the collector of a source; one that may block gets a worker process.

    Raises:
        PluginError: There is no such collector, or it lacks a library.
    """
    plugin: AnyPlugin = plugins.load("collectors", source.type)
    settings = source.settings
    if isinstance(settings, Mapping):
        settings = plugin.settings(**settings)
    if IN_PROCESS in plugin.tags:
        return cast(Collector, plugins.create("collectors", source.type, settings))
    return WorkerCollector(source.type, settings)


class Collectors:
    """All sources of one daemon."""

    def __init__(
        self,
        sources: Sequence[SourceSettings],
        deliver: DeliverTo,
        now: datetime,
        monotonic: float,
        *,
        silent_after: int = 3,
        overrides: Sequence[AssetOverride] = (),
        cursors: Mapping[str, Cursor] | None = None,
        create: Callable[[SourceSettings], Collector] = create_collector,
    ) -> None:
        self._deliver = deliver
        self._silent_after = silent_after
        self._overrides = tuple(overrides)
        self._create = create
        self._lock = threading.Lock()
        self._closed = False
        self._ticked = False
        self._sources = {
            source.name: _Source(
                source,
                Schedule.start(source.name, source.interval.total_seconds(), monotonic),
                SourceStatus(source.name, source.type, now),
                (cursors or {}).get(source.name, {}),
            )
            for source in sources
            if source.enabled
        }
        self._pool = DaemonPool("collect")

    def tick(self, now: datetime, monotonic: float) -> tuple[SourceChange, ...]:
        """Starts what is due and returns at once.

        Returns:
            Sources that fell silent or came back since the last tick.
        """
        changes: list[SourceChange] = []
        with self._lock:
            if self._closed:
                return ()
            if not self._ticked:
                # A source is awaited from the first tick on, however long the start took.
                self._ticked = True
                for source in self._sources.values():
                    source.status = replace(source.status, started_at=now)
            for source in self._sources.values():
                self._watch(source, monotonic)
                change = self._silence(source, now)
                if change is not None:
                    changes.append(change)
            for name in self._due(monotonic):
                self._start(self._sources[name], now, monotonic)
        return tuple(changes)

    def due(self, monotonic: float) -> tuple[str, ...]:
        """Returns the names of the sources that are due."""
        with self._lock:
            return self._due(monotonic)

    def run_once(self, now: datetime) -> tuple[SourceStatus, ...]:
        """Collects every source once, one after another, for ``aiops once``."""
        for source in self._sources.values():
            self._run(source, now)
        return self.statuses()

    def statuses(self) -> tuple[SourceStatus, ...]:
        """Returns what is to be shown of every source."""
        with self._lock:
            return tuple(source.status for source in self._sources.values())

    def close(self, wait_seconds: float = 5.0) -> None:
        """Starts nothing more, waits a little for what runs, then ends the workers."""
        with self._lock:
            self._closed = True
        self._pool.close(wait_seconds)
        for source in self._sources.values():
            if source.collector is not None:
                source.collector.close()

    def _due(self, monotonic: float) -> tuple[str, ...]:
        return tuple(n for n, s in self._sources.items() if s.schedule.due <= monotonic)

    def _start(self, source: _Source, now: datetime, monotonic: float) -> None:
        if source.started is not None:
            source.status = replace(source.status, skipped=source.status.skipped + 1)
            source.schedule = source.schedule.skipped(now, monotonic)
            return
        source.started = monotonic
        source.status = replace(source.status, running_since=now)
        source.schedule = source.schedule.skipped(now, monotonic)
        self._pool.submit(partial(self._run, source, now, monotonic))

    def _watch(self, source: _Source, monotonic: float) -> None:
        if source.started is None or source.status.hung:
            return
        if monotonic - source.started > source.deadline.total_seconds() + _HUNG_AFTER:
            source.status = replace(source.status, hung=True)
            _log.warning("collection_hangs", source=source.settings.name)

    def _silence(self, source: _Source, now: datetime) -> SourceChange | None:
        status = source.status
        name = source.settings.name
        heard = status.last_success or status.started_at
        silent = now - heard > self._silent_after * source.settings.interval
        if silent and status.silent_since is None:
            source.status = replace(status, silent_since=now)
            detail = f"no data since {heard.isoformat()}: {status.error or 'no answer yet'}"
            return SourceChange(now, name, ChangeKind.SILENT, detail)
        if not silent and status.silent_since is not None:
            source.status = replace(status, silent_since=None)
            detail = f"data again after {now - status.silent_since}"
            return SourceChange(now, name, ChangeKind.BACK, detail)
        return None

    def _run(self, source: _Source, now: datetime, monotonic: float | None = None) -> None:
        began = perf_counter()
        collection: Collection | None = None
        error: tuple[str, str] = ("", "")
        asked: float | None = None
        try:
            collection = self._collect(source, now)
        except Unreachable as reason:
            error, asked = (str(reason), reason.kind), reason.retry_after
        except AiopsError as reason:
            error = (str(reason), type(reason).__name__)
        except Exception as reason:  # noqa: BLE001  # a supervised loop: counted, told once per change
            error = (f"{type(reason).__name__}: {reason}", "collector_failed")
        with self._lock:
            self._note(source, now, collection, error, perf_counter() - began)
            if monotonic is not None:
                if error[0]:
                    source.schedule = source.schedule.after(
                        now, monotonic, failed=True, asked=asked
                    )
                else:
                    source.schedule = replace(source.schedule, failures=0)
                source.started = None

    def _collect(self, source: _Source, now: datetime) -> Collection:
        if source.collector is None:
            source.collector = self._create(source.settings)
        collection = source.collector.collect(source.cursor, now, source.deadline)
        found = source.collector.discover()
        if found is not source.discovered or source.completed is None:
            source.completed = complete_inventory(found, source.settings, self._overrides)
            source.discovered = found
        self._deliver(source.settings.name, collection, source.completed)
        source.cursor = collection.cursor
        return collection

    def _note(
        self,
        source: _Source,
        now: datetime,
        collection: Collection | None,
        error: tuple[str, str],
        seconds: float,
    ) -> None:
        old = source.status
        status = replace(
            old,
            last_attempt=now,
            runs=old.runs + 1,
            seconds=seconds,
            running_since=None,
            hung=False,
            error=error[0],
            error_kind=error[1],
        )
        if collection is not None:
            dropped = dict(old.dropped or {})
            for reason, count in collection.dropped.items():
                dropped[reason] = dropped.get(reason, 0) + count
            status = replace(
                status,
                last_success=now,
                error_since=None,
                samples=len(collection.batch),
                series=len(collection.batch.series),
                dropped=dropped,
            )
        else:
            status = replace(status, failures=old.failures + 1, error_since=old.error_since or now)
        if error[1] != old.error_kind:
            name = source.settings.name
            if error[0]:
                _log.warning("source_failed", source=name, kind=error[1], error=error[0])
            elif old.error_kind:
                _log.info("source_recovered", source=name)
        source.status = status
