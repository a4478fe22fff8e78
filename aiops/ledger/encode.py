"""Domain values to JSON and back, exactly; the one place that knows how.

Times become UTC ISO text of fixed width (so that text order is time order), durations whole
microseconds, NaN null, infinities the words ``inf`` and ``-inf``.
"""

import hashlib
import math
import types
from collections.abc import Callable, Mapping
from dataclasses import fields, is_dataclass
from datetime import UTC, datetime, timedelta
from enum import Enum
from functools import cache
from typing import Any, TypeVar, Union, get_args, get_origin, get_type_hints

import orjson

T = TypeVar("T")

_MICROSECOND = timedelta(microseconds=1)


def time_text(at: datetime) -> str:
    """Returns an aware time as UTC text whose order is the order of time.

    Raises:
        ValueError: The time has no zone.

    >>> time_text(datetime(2026, 1, 5, tzinfo=UTC))
    '2026-01-05T00:00:00.000000+00:00'
    """
    if at.tzinfo is None:
        raise ValueError(f"the time {at} has no zone; give it one (datetime.UTC)")
    return at.astimezone(UTC).isoformat(timespec="microseconds")


def read_time(text: str) -> datetime:
    """Returns the time that :func:`time_text` wrote."""
    return datetime.fromisoformat(text).astimezone(UTC)


def dump(value: object) -> str:
    """Returns a domain value as canonical JSON text (sorted keys)."""
    return canonical(plain(value))


def load(kind: type[T], text: str) -> T:
    """Returns the value of the given dataclass that :func:`dump` wrote.

    Fields that the text does not have get their defaults, so that rows of an earlier version
    stay readable; keys it does not know are passed over.
    """
    found: T = _reader_of(kind)(orjson.loads(text))
    return found


def canonical(value: Any) -> str:
    """Returns plain JSON values as text with sorted keys: equal values give equal text."""
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS | orjson.OPT_NON_STR_KEYS).decode()


def fingerprint(value: object) -> str:
    """Returns a SHA-256 over the canonical JSON of a value, as hex."""
    return hashlib.sha256(dump(value).encode()).hexdigest()


def plain(value: Any) -> Any:
    """Returns a value as plain JSON values."""
    kind: Any = type(value)
    return _writer(kind)(value)


@cache
def _writer(kind: Any) -> Callable[[Any], Any]:  # noqa: C901  # one flat list of types reads best
    """Builds, once per type, the function that makes a value of it plain."""
    if kind is types.NoneType or kind is bool:
        return lambda value: value
    if issubclass(kind, Enum):
        return lambda value: value.value
    if issubclass(kind, str | int):
        return str if issubclass(kind, str) else int
    if issubclass(kind, float):
        return _plain_float
    if issubclass(kind, datetime):
        return time_text
    if issubclass(kind, timedelta):
        return lambda value: value // _MICROSECOND
    if issubclass(kind, Mapping):
        return lambda value: {str(key): plain(item) for key, item in value.items()}
    if issubclass(kind, frozenset | set):
        return lambda value: sorted(plain(item) for item in value)
    if issubclass(kind, tuple | list):
        return lambda value: [plain(item) for item in value]
    if is_dataclass(kind):
        names = [each.name for each in fields(kind)]
        return lambda value: {name: plain(getattr(value, name)) for name in names}
    if hasattr(kind, "tolist"):  # numpy scalars and arrays inside frozen evidence
        return lambda value: plain(value.tolist())
    raise TypeError(f"{kind.__name__} has no place in the ledger; use plain values")


def _plain_float(value: float) -> float | str | None:
    if math.isfinite(value):
        return float(value)
    return None if math.isnan(value) else ("inf" if value > 0 else "-inf")


def _reader_of(kind: Any) -> Callable[[Any], Any]:
    return _reader(kind)


@cache
def _reader(hint: Any) -> Callable[[Any], Any]:
    """Builds, once per type, the function that reads its plain form."""
    origin = get_origin(hint)
    if hint is Any or hint is object:
        return lambda value: value
    if origin in (Union, types.UnionType):
        inner = _reader(next(arg for arg in get_args(hint) if arg is not type(None)))
        return lambda value: None if value is None else inner(value)
    if origin is tuple:
        return _tuple_reader(get_args(hint))
    if origin is frozenset:
        item = _reader(get_args(hint)[0])
        return lambda value: frozenset(map(item, value))
    if origin is not None and issubclass(origin, Mapping):
        item = _reader(get_args(hint)[1])
        return lambda value: {key: item(each) for key, each in value.items()}
    if hint is float:
        return lambda value: math.nan if value is None else float(value)
    if hint is datetime:
        return read_time
    if hint is timedelta:
        return lambda value: timedelta(microseconds=value)
    if is_dataclass(hint):
        return _dataclass_reader(hint)
    return hint  # type: ignore[no-any-return]  # str, int, bool and enums read themselves


def _tuple_reader(args: tuple[Any, ...]) -> Callable[[Any], Any]:
    if len(args) == 2 and args[1] is Ellipsis:
        item = _reader(args[0])
        return lambda value: tuple(map(item, value))
    items = [_reader(arg) for arg in args]
    return lambda value: tuple(read(each) for read, each in zip(items, value, strict=True))


def _dataclass_reader(kind: Any) -> Callable[[Any], Any]:
    hints = get_type_hints(kind)
    readers = [(each.name, _reader(hints[each.name])) for each in fields(kind)]

    def read(value: Any) -> Any:
        return kind(**{name: item(value[name]) for name, item in readers if name in value})

    return read
