"""Clouds answer for whole periods, and each question costs: which periods to ask for."""

from datetime import UTC, datetime, timedelta
from typing import Final, Protocol

from aiops.contracts.collector import Cursor

TO: Final = "to"
"""Key of the cursor: the end of the last period that was stored."""
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


class Periods(Protocol):
    """The settings of every source that is asked for periods."""

    @property
    def period(self) -> timedelta:
        """Length of a period."""
        ...

    @property
    def delay(self) -> timedelta:
        """How late a period is complete."""
        ...

    @property
    def history(self) -> timedelta:
        """How far back the first collection reads."""
        ...


def due(
    periods: Periods, cursor: Cursor, until: datetime, most: timedelta
) -> tuple[datetime, datetime]:
    """Returns the span to ask for: whole periods that are over, the oldest first.

    Start and end are equal when there is none, and then nothing need be asked.

    Args:
        most: What one answer may span.
    """
    period = periods.period
    end = _EPOCH + (until - periods.delay - _EPOCH) // period * period
    told = cursor.get(TO)
    oldest = end - max(periods.history // period * period, period)
    start = datetime.fromisoformat(told) if told else oldest
    return start, max(start, min(end, start + most // period * period))
