"""The clock as a port: only ``aiops.daemon`` has a real one."""

from datetime import datetime
from typing import Protocol


class Clock(Protocol):
    """Tells the time and sleeps."""

    def now(self) -> datetime:
        """Returns the aware UTC time."""
        ...

    def monotonic(self) -> float:
        """Returns seconds that never go back."""
        ...

    def sleep(self, seconds: float) -> None:
        """Waits."""
        ...
