"""Real servers of a test: a port of their own, ready or told why not, ended with their children."""

import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from typing import Any


def free_port(kind: int = socket.SOCK_STREAM) -> int:
    with socket.socket(socket.AF_INET, kind) as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def answers(port: int) -> bool:
    with suppress(OSError):
        socket.create_connection(("127.0.0.1", port), 1).close()
        return True
    return False


@contextmanager
def running(
    command: Sequence[str],
    ready: Callable[[], bool],
    within: float = 30.0,
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
        end = time.monotonic() + within
        while not ready():
            assert process.poll() is None, f"{command[0]} ended at once ({process.returncode})"
            assert time.monotonic() < end, f"{command[0]} is not ready within {within:g} s"
            time.sleep(0.05)
        yield process
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGTERM)
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait(10)
