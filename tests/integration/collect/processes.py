"""Real servers of a test: a port of their own, ready or told why not, ended with their children."""

import os
import signal
import socket
import subprocess
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from typing import Any

from tests.waiting import wait_for


def answers(port: int) -> bool:
    with suppress(OSError):
        socket.create_connection(("127.0.0.1", port), 1).close()
        return True
    return False


@contextmanager
def running(
    command: Sequence[str],
    ready: Callable[[], bool],
    within: float = 120.0,
    environment: Mapping[str, str] | None = None,
    **more: Any,
) -> Iterator[subprocess.Popen[bytes]]:
    """Starts a server and yields it when it is ready."""
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    process = subprocess.Popen(
        command,
        start_new_session=True,
        env={**os.environ, **(environment or {})},
        **{**quiet, **more},
    )
    try:

        def lives_and_is_ready() -> bool:
            assert process.poll() is None, f"{command[0]} ended at once ({process.returncode})"
            return ready()

        wait_for(lives_and_is_ready, within, every=0.05)
        yield process
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGTERM)
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait(10)
