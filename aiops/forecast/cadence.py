"""How often limits are looked for."""

from datetime import timedelta

from aiops.domain.instant import duration_ns
from aiops.domain.step import HOUR


def cadence_ns(step_ns: int, every: timedelta) -> int:
    """Returns the time between two forecasts of a step class, a whole number of cells.

    Twelve cells unless the configuration says otherwise: often enough that a trend seen in a
    history of a hundred cells or more has not run far, at most an hour, at least one cell.

    >>> minute = 60 * 10**9
    >>> [cadence_ns(step, timedelta(0)) // minute for step in (minute, 5 * minute, 240 * minute)]
    [12, 60, 240]
    """
    wanted = duration_ns(every) or min(12 * step_ns, HOUR)
    return max(1, wanted // step_ns) * step_ns


def is_due(last_end: int | None, end: int, cadence: int) -> bool:
    """Returns whether a cadence boundary lies in ``(last_end, end]``."""
    return last_end is None or end // cadence > last_end // cadence
