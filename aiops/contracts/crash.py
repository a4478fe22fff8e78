"""Named places where a test may kill the process."""

import os
import signal

_ARMED: dict[str, int] = {}


def arm(points: str) -> None:
    """Arms crash points, for example ``"outbox.after_send:3,ledger.before_commit"``.

    The number is the visit at which the process dies (1 when left out). Only the
    command line calls this, and only with ``--test-hooks``.
    """
    for item in filter(None, points.split(",")):
        name, _, visit = item.partition(":")
        _ARMED[name.strip()] = int(visit or 1)


def crashpoint(name: str) -> None:
    """Kills the process with SIGKILL when the named point is armed and due; else does nothing."""
    if not _ARMED or name not in _ARMED:
        return
    _ARMED[name] -= 1
    if _ARMED[name] <= 0:
        os.write(2, f"crashpoint {name}\n".encode())
        os.kill(os.getpid(), signal.SIGKILL)
