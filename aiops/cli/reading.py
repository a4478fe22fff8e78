"""What commands read from, whether a daemon runs or not."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from aiops.config import Settings
    from aiops.contracts.store import HistoryReader
    from aiops.ledger.sql import SqlLedger


@dataclass(frozen=True, slots=True)
class Installation:
    """The ledger and the series of one data directory."""

    ledger: "SqlLedger"
    series: "HistoryReader"


@contextmanager
def open_reading(settings: "Settings") -> Iterator[Installation]:
    """Opens the data directory; where a daemon holds it, series are read through the daemon.

    Raises:
        AiopsError: The directory is taken by something that does not answer, or cannot be read.
    """
    from aiops.contracts.errors import AiopsError
    from aiops.daemon.clock import SystemClock
    from aiops.daemon.files import DataDirectory
    from aiops.ledger.open import open_ledger
    from aiops.store.beside import SOCKET, BesideReader
    from aiops.store.open import open_store

    directory = Path(settings.store.directory)
    with ExitStack() as stack:
        try:
            stack.callback(DataDirectory(directory).close)
            taken = False
        except AiopsError:
            taken = (directory / SOCKET).exists()
            if not taken:
                raise
        url = settings.store.ledger_url or f"sqlite:///{directory / 'ledger.db'}"
        ledger = open_ledger(url, SystemClock().now())
        stack.callback(ledger.close)
        series: HistoryReader
        if taken:
            series = BesideReader(directory)
        else:
            series = open_store(settings.store, directory, ledger.catalogue.info)
        stack.callback(series.close)
        yield Installation(ledger, series)
