"""Decodes the annotated CSV of Flux: many series at once, into arrays.

    #datatype,string,long,dateTime:RFC3339,double,string
    #group,false,false,false,false,true
    #default,_result,,,,
    ,result,table,_time,_value,aiops_series
    ,,0,2026-01-05T00:00:00Z,12.5,7

Rows are read by a loop over bytes; rows it does not understand (quotes, numbers with very
many digits) go through the csv module.
Source: InfluxDB documentation, "Annotated CSV"; RFC 3339 for times.
"""

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import numpy as np
from numba import njit

from aiops.contracts.errors import Unreachable
from aiops.domain.instant import to_ns
from aiops.domain.series import FloatArray, IntArray
from aiops.store.remote.naming import SERIES
from aiops.store.remote.numbers import as_bytes

_MS: Final = 1_000_000
_COMMA, _ZERO, _NINE, _POINT, _MINUS, _Z = (ord(each) for each in ",09.-Z")
_RETURN, _LINE = ord("\r"), ord("\n")
_POWERS: Final = 10.0 ** np.arange(23)
_EXACT: Final = 1 << 53
_WANTED: Final = ("_time", "_value", SERIES)


@dataclass(frozen=True, slots=True)
class Rows:
    """Rows of an answer, in its order.

    Attributes:
        times: ``(n,)`` ms.
    """

    series: IntArray
    times: IntArray
    values: FloatArray


def decode(body: bytes, source: str) -> Rows:
    """Returns every row of every table.

    Raises:
        Unreachable: It is no annotated CSV, it carries an error, or it is cut off.
    """
    parts = list(_blocks(body, source))
    if not parts:
        none = np.empty(0, np.int64)
        return Rows(none, none, np.empty(0))
    return Rows(
        np.concatenate([part.series for part in parts]),
        np.concatenate([part.times for part in parts]),
        np.concatenate([part.values for part in parts]),
    )


def _blocks(body: bytes, source: str) -> Iterator[Rows]:
    at = 0
    while at < len(body):
        if body.startswith((b"\r\n", b"\n"), at):
            at = body.index(b"\n", at) + 1
            continue
        header, at = _header(body, at, source)
        end = body.find(b"\r\n\r\n", at)
        end = len(body) if end < 0 else end + 2
        if not body.endswith(b"\n", at, end):
            raise Unreachable(f"{source}: the answer is cut off", "truncated")
        if "error" in header:
            said = " ".join(body[at:end][:300].decode("utf-8", "replace").split())
            raise Unreachable(f"{source}: the query failed: {said}", "query")
        missing = [name for name in _WANTED if name not in header]
        if missing:
            raise Unreachable(f"{source}: no column {missing[0]} in the answer", "not_csv")
        columns = [header.index(name) for name in _WANTED]
        yield _rows(body, at, end, columns, source)
        at = end


def _header(body: bytes, at: int, source: str) -> tuple[list[str], int]:
    while True:
        stop = body.find(b"\n", at)
        line = body[at : stop if stop >= 0 else len(body)].strip()
        if stop < 0 or not line.startswith((b"#", b",", b"error")):
            shown = " ".join(body[at : at + 100].decode("utf-8", "replace").split())
            raise Unreachable(f"{source}: answers no annotated CSV but {shown!r}", "not_csv")
        at = stop + 1
        if not line.startswith(b"#"):
            return line.decode().split(","), at


def _rows(body: bytes, at: int, end: int, columns: list[int], source: str) -> Rows:
    size = body.count(b"\n", at, end)
    series, times, values = np.empty(size, np.int64), np.empty(size, np.int64), np.empty(size)
    text = as_bytes(body)
    count = 0
    while at < end:
        at, count, understood = _parse_rows(text, at, end, *columns, series, times, values, count)
        if not understood:
            stop = body.index(b"\n", at) + 1
            _parse_row(body[at:stop], columns, (series, times, values), count, source)
            at, count = stop, count + 1
    return Rows(series[:count], times[:count], values[:count])


def _parse_row(
    line: bytes,
    columns: list[int],
    into: tuple[IntArray, IntArray, FloatArray],
    at: int,
    source: str,
) -> None:
    fields = next(csv.reader([line.decode("utf-8", "replace")]), [])
    series, times, values = into
    try:
        time, value, number = (fields[column] for column in columns)
        series[at] = int(number)
        times[at] = to_ns(datetime.fromisoformat(time)) // _MS
        values[at] = float(value) if value else np.nan
    except (ValueError, IndexError) as error:
        shown = line[:100].decode("utf-8", "replace").strip()
        raise Unreachable(f"{source}: a row is broken: {shown!r}", "not_csv") from error


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator,unused-ignore]  # numba has no types
def _days(year: int, month: int, day: int) -> int:
    """Returns days since 1970. Source: H. Hinnant, "Low-level date algorithms"."""
    if month <= 2:
        year -= 1
    era = year // 400
    of_era = year - era * 400
    of_year = (153 * (month + (-3 if month > 2 else 9)) + 2) // 5 + day - 1
    return era * 146097 + of_era * 365 + of_era // 4 - of_era // 100 + of_year - 719468


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator,unused-ignore]  # numba has no types
def _digits(text: Any, at: int, count: int) -> int:
    number = 0
    for i in range(at, at + count):
        c = text[i]
        if c < _ZERO or c > _NINE:
            return -1
        number = number * 10 + (c - _ZERO)
    return number


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator,unused-ignore]  # numba has no types
def _parse_time(text: Any, at: int, stop: int) -> int:
    """Returns ms since 1970 of ``2026-01-05T00:00:00.123Z`` or of a number of ms; else -2**62."""
    bad = -(1 << 62)
    if 0 < stop - at < 16:  # a whole number of ms
        whole = _digits(text, at, stop - at)
        return whole if whole >= 0 else bad
    if stop - at < 20 or text[stop - 1] != _Z:
        return bad
    year, month, day = _digits(text, at, 4), _digits(text, at + 5, 2), _digits(text, at + 8, 2)
    hour, minute = _digits(text, at + 11, 2), _digits(text, at + 14, 2)
    second = _digits(text, at + 17, 2)
    if year < 0 or month < 1 or day < 1 or hour < 0 or minute < 0 or second < 0:
        return bad
    ms, scale = 0, 100
    if stop - at > 20:
        if text[at + 19] != _POINT:
            return bad
        for i in range(at + 20, stop - 1):
            c = text[i]
            if c < _ZERO or c > _NINE:
                return bad
            ms += (c - _ZERO) * scale
            scale //= 10
    seconds = _days(year, month, day) * 86400 + hour * 3600 + minute * 60 + second
    return int(seconds * 1000 + ms)


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator,unused-ignore]  # numba has no types
def _parse_rows(  # noqa: C901, PLR0912, PLR0915  # one loop over bytes; split it would be slow
    text: Any,
    at: int,
    end: int,
    time_column: int,
    value_column: int,
    series_column: int,
    series: Any,
    times: Any,
    values: Any,
    count: int,
) -> tuple[int, int, bool]:
    """Reads rows until the end or one it does not understand.

    Source: exact decimals as in :func:`aiops.store.remote.numbers.parse_numbers`.
    """
    while at < end:
        begin = at
        column = 0
        found = 0
        while True:
            field = at
            while at < end and text[at] != _COMMA and text[at] != _RETURN and text[at] != _LINE:
                at += 1
            if at >= end:
                return begin, count, False
            if column == time_column:
                time = _parse_time(text, field, at)
                if time == -(1 << 62):
                    return begin, count, False
                times[count] = time
                found += 1
            elif column == series_column:
                if at - field < 1 or at - field > 18:
                    return begin, count, False
                number = _digits(text, field, at - field)
                if number < 0:
                    return begin, count, False
                series[count] = number
                found += 1
            elif column == value_column:
                i = field
                negative = i < at and text[i] == _MINUS
                if negative:
                    i += 1
                mantissa, digits, scale, seen = 0, 0, 0, False
                if i >= at:
                    return begin, count, False
                while i < at:
                    c = text[i]
                    if _ZERO <= c <= _NINE:
                        mantissa = mantissa * 10 + (c - _ZERO)
                        if mantissa:
                            digits += 1
                        if seen:
                            scale += 1
                        if digits > 18:
                            return begin, count, False
                    elif c == _POINT and not seen:
                        seen = True
                    else:
                        return begin, count, False
                    i += 1
                if mantissa > _EXACT or scale > 22:
                    return begin, count, False
                value = float(mantissa) / _POWERS[scale]
                values[count] = -value if negative else value
                found += 1
            column += 1
            if text[at] == _COMMA:
                at += 1
                continue
            while at < end and (text[at] == _RETURN or text[at] == _LINE):
                at += 1
            break
        if found != 3:
            return begin, count, False
        count += 1
    return at, count, True
