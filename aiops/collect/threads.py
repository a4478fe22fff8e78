"""Threads for calls that may hang: the end of the process does not wait for them."""

import queue
import threading
from collections.abc import Callable
from time import monotonic


class DaemonPool:
    """Runs each call on an idle thread, or on a new one when none is idle.

    Unlike the executor of the standard library it has no bound of its own (the caller has at
    most one call per source under way) and its threads are daemons.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self._calls: queue.SimpleQueue[Callable[[], None] | None] = queue.SimpleQueue()
        self._idle = threading.Semaphore(0)
        self._threads: list[threading.Thread] = []

    def submit(self, call: Callable[[], None]) -> None:
        """Starts a call; it must not raise."""
        self._calls.put(call)
        if self._idle.acquire(blocking=False):
            return
        name = f"{self._name}-{len(self._threads)}"
        thread = threading.Thread(target=self._work, name=name, daemon=True)
        self._threads.append(thread)
        thread.start()

    def close(self, wait_seconds: float) -> None:
        """Lets idle threads end and waits a little for the others."""
        for _ in self._threads:
            self._calls.put(None)
        until = monotonic() + wait_seconds
        for thread in self._threads:
            thread.join(max(0.0, until - monotonic()))

    def _work(self) -> None:
        while (call := self._calls.get()) is not None:
            call()
            self._idle.release()
