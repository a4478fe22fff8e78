"""A series store behind a network, as the spool in front of it needs it."""

from collections.abc import Mapping
from datetime import datetime
from typing import Protocol, runtime_checkable

from aiops.contracts.store import SeriesStore
from aiops.domain.series import IntArray, Samples


@runtime_checkable
class RemoteStore(SeriesStore, Protocol):
    """A store behind a network, as the spool needs it."""

    @property
    def settles(self) -> float:
        """Seconds after which what it shows is on its disk."""
        ...

    def stored(self, ids: IntArray, start: int, end: int) -> Samples:
        """Returns what the server itself shows of ``[start, end)``."""
        ...

    def ping(self) -> None:
        """Sees whether it answers as it should.

        Raises:
            StoreError: It does not; the message says how.
        """
        ...

    def about(self) -> Mapping[str, object]:
        """Returns what is known of it without asking: ``engine``, ``url`` and so on."""
        ...

    def keep_from(self, oldest: datetime) -> None:
        """Takes note that nothing older than this day is asked for: retention hides it."""
        ...
