"""A clock that a test turns by hand."""

from datetime import UTC, datetime, timedelta


class FakeClock:
    """Stands still until it is moved; ``sleep`` moves it.

    >>> clock = FakeClock()
    >>> clock.sleep(60)
    >>> clock.now().isoformat()
    '2026-01-05T00:01:00+00:00'
    """

    def __init__(self, start: datetime = datetime(2026, 1, 5, tzinfo=UTC)) -> None:
        self._now = start
        self._monotonic = 0.0

    def now(self) -> datetime:
        """Returns the time it was set to."""
        return self._now

    def monotonic(self) -> float:
        """Returns the seconds it was moved forward."""
        return self._monotonic

    def sleep(self, seconds: float) -> None:
        """Moves both clocks forward."""
        self._now += timedelta(seconds=seconds)
        self._monotonic += max(seconds, 0.0)

    def step(self, by: timedelta) -> None:
        """Moves the wall clock only, as an administrator or NTP does."""
        self._now += by
