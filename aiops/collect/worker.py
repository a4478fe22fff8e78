"""A collector in a process of its own, which is killed when it does not answer in time."""

import io
import logging
import multiprocessing
import os
import pickle
import signal
import threading
import time
from dataclasses import replace
from datetime import datetime, timedelta
from multiprocessing.connection import Connection
from multiprocessing.context import SpawnProcess
from typing import Any, cast

from aiops import plugins
from aiops.contracts.collector import Collection, Collector, Cursor, Inventory
from aiops.contracts.errors import AiopsError, Unreachable
from aiops.contracts.secret import Secret
from aiops.domain.series import SeriesKey

_START_SECONDS = 30.0
_PARENT_SECONDS = 2.0


class _Pickler(pickle.Pickler):
    """Lets secrets pass to our own worker over its private pipe, and nowhere else."""

    def reducer_override(self, value: Any) -> Any:
        if isinstance(value, Secret):
            return Secret, (value.reveal(),)
        return NotImplemented


def _pack(value: object) -> bytes:
    buffer = io.BytesIO()
    _Pickler(buffer, protocol=pickle.HIGHEST_PROTOCOL).dump(value)
    return buffer.getvalue()


class WorkerCollector:
    """Looks like the collector it hides; a process is started when one is needed.

    Made for collectors that may block in a library: a thread cannot be stopped, a process can.
    """

    def __init__(self, type_name: str, settings: object) -> None:
        self._type = type_name
        self._settings = settings
        self._process: SpawnProcess | None = None
        self._pipe: Connection | None = None
        self._series: tuple[SeriesKey, ...] = ()
        self._inventory = Inventory()

    def collect(self, cursor: Cursor, until: datetime, deadline: timedelta) -> Collection:
        """Asks the worker; kills it when it is not done by the deadline.

        Raises:
            Unreachable: ``timeout`` when it was killed, ``worker_died`` when it ended by
                itself, or whatever the collector raised.
        """
        pipe = self._start()
        try:
            pipe.send_bytes(_pack((dict(cursor), until, deadline)))
            if not pipe.poll(deadline.total_seconds()):
                self.close()
                raise Unreachable(
                    f"{self._type}: no answer within {deadline.total_seconds():g} s; "
                    "its worker process was ended",
                    "timeout",
                )
            answer = pickle.loads(pipe.recv_bytes())  # noqa: S301  # written by our own worker
        except (EOFError, OSError) as error:
            self.close()
            raise Unreachable(
                f"{self._type}: its worker process died and is started anew", "worker_died"
            ) from error
        return self._accept(answer)

    def discover(self) -> Inventory:
        """Returns what the worker knew after its last collection."""
        return self._inventory

    def close(self) -> None:
        """Ends the worker process, whatever it is doing."""
        process, pipe, self._process, self._pipe = self._process, self._pipe, None, None
        if pipe is not None:
            pipe.close()
        if process is not None:
            process.kill()
            process.join()
            process.close()

    @property
    def pid(self) -> int | None:
        """Process id of the worker, if there is one."""
        return self._process.pid if self._process is not None else None

    def _accept(self, answer: Any) -> Collection:
        kind, *rest = answer
        if kind == "error":
            message, word, asked = rest
            raise Unreachable(message, word, asked)
        collection, series, inventory = rest
        if series is not None:
            self._series = series
        if inventory is not None:
            self._inventory = inventory
        batch = replace(collection.batch, series=self._series)
        return replace(cast(Collection, collection), batch=batch)

    def _start(self) -> Connection:
        if self._pipe is not None:
            return self._pipe
        context = multiprocessing.get_context("spawn")
        ours, theirs = context.Pipe()
        process = context.Process(target=serve, args=(theirs,), name=f"collect-{self._type}")
        process.daemon = True
        process.start()
        theirs.close()
        self._process, self._pipe = process, ours
        try:
            ours.send_bytes(_pack((self._type, self._settings)))
            ready = ours.poll(_START_SECONDS) and ours.recv_bytes()
        except (EOFError, OSError):
            ready = b""
        if ready != b"ready":
            self.close()
            words = ready.decode() if ready else "no answer"
            raise Unreachable(f"{self._type}: its worker process did not start: {words}", "worker")
        return ours


def serve(pipe: Connection) -> None:
    """Runs in the worker process until the other end of the pipe is closed."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # an interrupt is the parent's to handle
    # What matters is in the answer; what a library logs besides comes with every collection, and
    # nobody has looked whether it names secrets.
    logging.getLogger().addHandler(logging.NullHandler())
    threading.Thread(target=_end_with, args=(os.getppid(),), daemon=True).start()
    try:
        type_name, settings = pickle.loads(pipe.recv_bytes())  # noqa: S301  # from our parent
        collector = cast(Collector, plugins.create("collectors", type_name, settings))
    except AiopsError as error:
        pipe.send_bytes(str(error).encode())
        return
    pipe.send_bytes(b"ready")
    series: tuple[SeriesKey, ...] | None = None
    inventory: Inventory | None = None
    while True:
        try:
            cursor, until, deadline = pickle.loads(pipe.recv_bytes())  # noqa: S301  # from our parent
        except (EOFError, OSError):
            collector.close()
            return
        answer: tuple[Any, ...]
        try:
            collection = collector.collect(cursor, until, deadline)
        except Unreachable as error:
            answer = ("error", str(error), error.kind, error.retry_after)
        except Exception as error:  # noqa: BLE001  # a supervised loop: the parent counts and tells
            answer = ("error", f"{type(error).__name__}: {error}", "collector_failed", None)
        else:
            found = collector.discover()
            new_series = None if collection.batch.series is series else collection.batch.series
            new_inventory = None if found is inventory else found
            series, inventory = collection.batch.series, found
            bare = replace(collection, batch=replace(collection.batch, series=()))
            answer = ("ok", bare, new_series, new_inventory)
        try:
            pipe.send_bytes(pickle.dumps(answer, protocol=pickle.HIGHEST_PROTOCOL))
        except OSError:
            collector.close()
            return


def _end_with(parent: int) -> None:
    """Ends this process when its parent is gone, even in the middle of a collection."""
    while os.getppid() == parent:
        time.sleep(_PARENT_SECONDS)
    os._exit(1)
