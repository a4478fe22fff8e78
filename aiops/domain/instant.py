"""Between aware UTC ``datetime`` and ``int`` nanoseconds."""

from datetime import UTC, datetime, timedelta

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def to_ns(at: datetime) -> int:
    """Returns nanoseconds since the epoch, exact to the microsecond.

    >>> to_ns(datetime(1970, 1, 1, 0, 0, 1, 5, tzinfo=UTC))
    1000005000
    """
    return (at - _EPOCH) // timedelta(microseconds=1) * 1000


def to_stored_ns(at: datetime) -> int:
    """Returns nanoseconds since the epoch, cut to the millisecond that stores keep.

    >>> to_stored_ns(datetime(1970, 1, 1, 0, 0, 1, 5999, tzinfo=UTC))
    1005000000
    """
    return (at - _EPOCH) // timedelta(milliseconds=1) * 1_000_000


def from_ns(at: int) -> datetime:
    """Returns the aware UTC time, cut to the microsecond.

    >>> from_ns(1_000_005_999).isoformat()
    '1970-01-01T00:00:01.000005+00:00'
    """
    return _EPOCH + timedelta(microseconds=int(at) // 1000)


def duration_ns(span: timedelta) -> int:
    """Returns a duration in nanoseconds."""
    return span // timedelta(microseconds=1) * 1000


def duration(ns: int) -> timedelta:
    """Returns nanoseconds as a duration."""
    return timedelta(microseconds=int(ns) // 1000)
