"""Processes of this machine; one that dies or runs too long is replaced, the others go on.

Source: the pool is Pebble's; the pool of the standard library stays broken after one kill.
"""

import multiprocessing
import os
import signal
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import CancelledError
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from typing import Any, Final

from aiops.contracts.executor import Ending, ResultT, ShardError, ShardT
from aiops.contracts.plugin import Plugin

TRIES: Final = 2


@dataclass(frozen=True, slots=True)
class LocalSettings:
    """What may be set of the local processes."""

    workers: int = field(default=0, metadata={"help": "Processes; 0: one for each core."})


class LocalExecutor:
    """Runs shards in processes that are started when the first shards come."""

    def __init__(self, settings: LocalSettings) -> None:
        self._workers = settings.workers or len(os.sched_getaffinity(0))
        self._pool: Any = None  # the library is typed in part

    def map(
        self, function: Callable[[ShardT], ResultT], shards: Sequence[ShardT], deadline: timedelta
    ) -> Iterator[ResultT | ShardError]:
        """Yields the result of each shard, or the error that ended it, in order."""
        until = time.monotonic() + deadline.total_seconds()
        pool = self._start()
        futures = [pool.submit(function, None, shard) for shard in shards]
        try:
            for place, shard in enumerate(shards):
                yield _wait(futures[place], until, partial(pool.submit, function, None, shard))
        finally:  # also when the caller stops asking
            for future in futures:
                future.cancel()

    def close(self) -> None:
        """Ends the processes, whatever they are doing."""
        pool, self._pool = self._pool, None
        if pool is not None:
            pool.stop()
            pool.join()

    def _start(self) -> Any:
        from pebble import ProcessPool

        if self._pool is None:
            self._pool = ProcessPool(
                self._workers,
                initializer=_ignore_interrupts,
                context=multiprocessing.get_context("spawn"),
            )
        return self._pool


def _wait(future: Any, until: float, again: Callable[[], Any]) -> Any:
    from pebble import ProcessExpired

    for attempt in range(TRIES):
        try:
            return future.result(max(0.0, until - time.monotonic()))
        except (TimeoutError, CancelledError):
            future.cancel()
            return ShardError("not done by the deadline; its process was ended", Ending.LATE)
        except ProcessExpired as error:
            if attempt + 1 == TRIES:
                return ShardError(f"its process died {TRIES} times ({error})", Ending.DIED)
            future = again()
        except Exception as error:  # noqa: BLE001 - whatever it is, it is the shard's answer
            return ShardError.of(error)
    raise AssertionError("a shard is tried at least once")


def _ignore_interrupts() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # an interrupt is the parent's to handle


PLUGIN: Final = Plugin(
    "Processes of this machine, replaced when one dies or hangs", LocalSettings, LocalExecutor
)
