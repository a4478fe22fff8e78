"""The one real clock."""

import time
from datetime import UTC, datetime


class SystemClock:
    """Reads the host's clocks."""

    def now(self) -> datetime:
        """Returns the aware UTC time."""
        return datetime.now(UTC)

    def monotonic(self) -> float:
        """Returns seconds that never go back."""
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        """Waits."""
        time.sleep(seconds)
