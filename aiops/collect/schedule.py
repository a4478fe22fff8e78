"""When a source is due: on the monotonic clock, in the middle of a wall-clock interval."""

import zlib
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final, Self

MAX_BACKOFF_INTERVALS: Final = 16
# A cured source is read again within a minute, however short its interval is.
MAX_BACKOFF_SECONDS: Final = 45.0
_FIRST_SECONDS: Final = 2.0


@dataclass(frozen=True, slots=True)
class Schedule:
    """Next run of one source.

    Runs fall between a quarter and three quarters of each interval since the epoch, at a phase
    that follows from the source's name: they are spread over time, and since cells of panels are
    aligned to the same grid, the small delays of a busy host do not put two samples in one cell
    and none in the next.

    Attributes:
        due: Monotonic seconds.
    """

    interval: float
    phase: float
    due: float
    failures: int = 0

    @classmethod
    def start(cls, name: str, interval: float, monotonic: float) -> Self:
        """Returns the first run: at once, but for a small jitter."""
        share = zlib.crc32(name.encode()) / 2**32
        phase = (0.25 + 0.5 * share) * interval
        return cls(interval, phase, monotonic + share * min(_FIRST_SECONDS, interval / 2))

    def after(
        self, now: datetime, monotonic: float, *, failed: bool, asked: float | None = None
    ) -> Self:
        """Returns the run after one that began now; each further failure doubles the wait.

        Args:
            asked: Seconds the source asked us to wait; granted up to the longest back-off.
        """
        failures = self.failures + 1 if failed else 0
        due = self._next(now, monotonic, failures)
        if asked is not None:
            due = max(due, monotonic + min(asked, MAX_BACKOFF_INTERVALS * self.interval))
        return replace(self, due=due, failures=failures)

    def skipped(self, now: datetime, monotonic: float) -> Self:
        """Returns the next run when one was left out because the last still runs."""
        return replace(self, due=self._next(now, monotonic, 0))

    def _next(self, now: datetime, monotonic: float, failures: int) -> float:
        to_phase = (self.phase - now.timestamp()) % self.interval
        # After a wall-clock step the first wait may differ by half an interval, not by more.
        wait = to_phase if to_phase >= self.interval / 2 else to_phase + self.interval
        return monotonic + wait + (self._backoff(failures) - 1) * self.interval

    def _backoff(self, failures: int) -> int:
        if failures <= 1:
            return 1
        bound = max(1, min(MAX_BACKOFF_INTERVALS, int(MAX_BACKOFF_SECONDS / self.interval)))
        return int(min(2 ** min(failures - 1, 10), bound))
