"""A time as documents tell it."""

from datetime import UTC, datetime
from typing import Any, Final

from aiops.domain.instant import to_ns

_MILLISECONDS_FROM: Final = 1e11  # in seconds it lies beyond the year 5000


def read_time(told: Any) -> int | None:
    """Returns ns of ISO text (without a zone: UTC) or an epoch number; None where it is neither.

    >>> read_time("1970-01-01T00:00:01"), read_time(1_700_000_000_000), read_time(True)
    (1000000000, 1700000000000000000, None)
    """
    try:
        if isinstance(told, str):
            at = datetime.fromisoformat(told)
            return to_ns(at if at.tzinfo else at.replace(tzinfo=UTC))
        if isinstance(told, int | float) and not isinstance(told, bool):
            return round(told * (1e3 if abs(told) < _MILLISECONDS_FROM else 1)) * 1_000_000
    except (ValueError, OverflowError):
        return None
    return None
