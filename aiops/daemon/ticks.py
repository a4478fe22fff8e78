"""APScheduler as a clock only: a handful of jobs, none of which decides what is due.

Its defaults drop missed runs and let hung jobs starve others, so every job coalesces, runs
once at a time and is never too late; what is to be done is asked of the window ledger.
"""

import threading
from collections.abc import Callable
from dataclasses import dataclass

import structlog
from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.schedulers.background import BackgroundScheduler

from aiops.daemon.telemetry import Telemetry

_log = structlog.get_logger("ticks")


@dataclass(frozen=True, slots=True)
class Tick:
    """One recurring call."""

    name: str
    seconds: float
    call: Callable[[], None]


class Ticks:
    """Calls each tick on its own thread; an error is counted and told once per change.

    Attributes:
        ticks: What is called.
    """

    def __init__(self, ticks: list[Tick], telemetry: Telemetry) -> None:
        self.ticks = ticks
        self._telemetry = telemetry
        self._last_error: dict[str, str] = {}
        self._lock = threading.Lock()
        self._scheduler = BackgroundScheduler(
            executors={"default": ThreadPoolExecutor(len(ticks))},
            job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": None},
            timezone="UTC",
        )

    def start(self) -> None:
        """Starts all ticks."""
        for tick in self.ticks:
            self._scheduler.add_job(
                self.run, "interval", args=[tick], seconds=tick.seconds, id=tick.name
            )
        self._scheduler.start()

    def stop(self) -> None:
        """Starts no further tick and waits for those that run."""
        if self._scheduler.running:
            self._scheduler.shutdown(wait=True)

    @property
    def stopped(self) -> bool:
        """Whether no tick will start any more."""
        return not self._scheduler.running

    def run(self, tick: Tick) -> None:
        """Runs one tick under supervision."""
        try:
            with self._telemetry.stage_seconds.labels(tick.name).time():
                tick.call()
        except Exception as error:  # noqa: BLE001 - a supervised loop: nothing may end it
            self._telemetry.stage_errors.labels(tick.name).inc()
            text = f"{type(error).__name__}: {error}"
            if self._change(tick.name, text):
                _log.exception("tick failed", tick=tick.name, error=text)
        else:
            if self._change(tick.name, ""):
                _log.info("tick works again", tick=tick.name)

    def errors(self) -> dict[str, str]:
        """Returns the ticks that failed last time, with their error."""
        with self._lock:
            return {name: text for name, text in self._last_error.items() if text}

    def _change(self, name: str, text: str) -> bool:
        with self._lock:
            before = self._last_error.get(name, "")
            self._last_error[name] = text
            return before != text
