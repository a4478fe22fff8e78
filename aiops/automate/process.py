"""One program: argument list, clean environment, its own process group, bounded output.

Waits for something outside (note 35): the monotonic clock ends it, and decides nothing else.
"""

import os
import selectors
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Final

from aiops.automate.output import Ends
from aiops.domain.phrase import Phrase, verbatim

SEARCH_PATH: Final = (
    f"/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin:{Path(sys.executable).parent}"
)
_LOOK: Final = 0.1
"""Seconds between two looks at the kill switch; it must stop everything within one second."""
_LAST_READS: Final = 64
"""What is left in the pipe; bounded, because a program left behind may go on writing."""
_MERCY: Final = 0.4
"""Seconds between SIGTERM and SIGKILL."""


@dataclass(frozen=True, slots=True)
class Finished:
    """How a step's outside part ended.

    Attributes:
        ended_by: ``itself``, ``timeout`` or ``stop``.
    """

    ok: bool
    said: Phrase
    seconds: float
    ended_by: str = "itself"


def run_process(
    words: Sequence[str],
    environment: Mapping[str, str],
    directory: str,
    timeout: float,
    stopped: Callable[[], bool],
    output: Ends,
) -> Finished:
    """Runs a program to its end, its time or the kill switch; nothing of its group is left."""
    began = time.monotonic()
    own = {"PATH": SEARCH_PATH, "LANG": "C.UTF-8", "HOME": directory}
    try:
        process = subprocess.Popen(  # noqa: S603 -- an argument list, approved word by word
            list(words),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            cwd=directory,
            env={**own, **environment},
            start_new_session=True,
            bufsize=0,
        )
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        return Finished(False, verbatim(f"{words[0]}: {reason}"), time.monotonic() - began)
    try:
        ended_by = _watch(process, began + timeout, stopped, output)
    finally:
        _end_group(process)
    seconds = time.monotonic() - began
    if ended_by == "timeout":
        return Finished(False, Phrase("run_ended_after", {"seconds": timeout}), seconds, ended_by)
    if ended_by == "stop":
        return Finished(False, Phrase("run_ended_by_switch"), seconds, ended_by)
    code = process.returncode
    return Finished(code == 0, Phrase("run_exit_code", {"code": code}), seconds)


def _watch(
    process: "subprocess.Popen[bytes]", end: float, stopped: Callable[[], bool], output: Ends
) -> str:
    stream = process.stdout
    if stream is None:  # it was asked for above
        return "itself"
    with stream, selectors.DefaultSelector() as selector:
        os.set_blocking(stream.fileno(), False)
        selector.register(stream, selectors.EVENT_READ)
        ended_by = "itself"
        while process.poll() is None:
            ended_by = "stop" if stopped() else "timeout" if time.monotonic() >= end else "itself"
            if ended_by != "itself":
                break
            if not selector.get_map():  # it has closed its output and still runs
                time.sleep(_LOOK / 10)
            elif selector.select(_LOOK) and not _take(stream, output):
                selector.unregister(stream)
        for _ in range(_LAST_READS):
            if not _take(stream, output):
                break
    return ended_by


def _take(stream: IO[bytes], output: Ends) -> bool:
    """Takes what there is; False at the end of the stream and when there is nothing now."""
    try:
        data = os.read(stream.fileno(), 65_536)
    except BlockingIOError:
        return False
    output.add(data)
    return bool(data)


def _end_group(process: "subprocess.Popen[bytes]") -> None:
    """Ends what is left of the program's process group."""
    _signal(process.pid, signal.SIGTERM)
    with suppress(subprocess.TimeoutExpired):
        process.wait(_MERCY)
    _signal(process.pid, signal.SIGKILL)
    process.wait()


def _signal(group: int, number: int) -> None:
    try:
        os.killpg(group, number)
    except ProcessLookupError:
        return
    except PermissionError:  # macOS says so of a group of which only a zombie is left
        return
