"""Step classes: the grids that panels may have."""

SECOND = 1_000_000_000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR

STEP_CLASSES: tuple[int, ...] = (
    *(n * SECOND for n in (1, 2, 5, 10, 15, 30)),
    *(n * MINUTE for n in (1, 2, 5, 10, 15, 30)),
    *(n * HOUR for n in (1, 2, 3, 4, 6, 8, 12, 24)),
)
"""Every class divides a day, so that windows are aligned to UTC midnight."""


def step_class(interval_ns: int) -> int:
    """Returns the finest class that is not finer than the interval (a day at most).

    >>> step_class(14 * SECOND) // SECOND, step_class(2 * DAY) // HOUR
    (15, 24)
    """
    return next((step for step in STEP_CLASSES if step >= interval_ns), DAY)


def window_end(now_ns: int, step_ns: int, lateness_ns: int) -> int:
    """Returns the end of the newest cell that is complete at ``now`` (half-open cells).

    >>> window_end(10 * MINUTE + 130 * SECOND, MINUTE, 120 * SECOND) // MINUTE
    10
    """
    return (now_ns - lateness_ns) // step_ns * step_ns
