"""What a command opens for itself: data directories no daemon has, and their ledger."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from aiops.config import Settings


@contextmanager
def held(directories: set[str]) -> Iterator[None]:
    """Keeps daemons away from the directories.

    Raises:
        AiopsError: One has them.
    """
    from contextlib import ExitStack

    from aiops.daemon.files import DataDirectory

    with ExitStack() as stack:
        for directory in sorted({Path(each).resolve() for each in directories}):
            stack.callback(DataDirectory(directory).close)
        yield


@contextmanager
def opened_ledger(settings: "Settings") -> Iterator[Any]:
    """Opens the ledger that the settings name."""
    from aiops.daemon.clock import SystemClock
    from aiops.ledger.open import open_ledger

    directory = Path(settings.store.directory)
    url = settings.store.ledger_url or f"sqlite:///{directory / 'ledger.db'}"
    ledger = open_ledger(url, SystemClock().now())
    try:
        yield ledger
    finally:
        ledger.close()
