"""Decimal numbers out of text, many at once and exactly."""

from typing import Any, Final

import numpy as np
from numba import njit
from numpy.typing import NDArray

_POWERS: Final = 10.0 ** np.arange(23)
_EXACT: Final = 1 << 53
_DIGITS: Final = 18
_COMMA, _MINUS, _PLUS, _POINT, _ZERO, _NINE = (ord(each) for each in ",-+.09")
_SMALL_E, _LARGE_E, _END, _LINE, _N = (ord(each) for each in "eE]\nn")


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator,unused-ignore]  # numba has no types
def parse_numbers(  # noqa: C901, PLR0912, PLR0915  # one loop over bytes, split it would be slow
    text: Any, at: int, stop: int, into: Any, place: int
) -> tuple[int, int]:
    """Parses ``1,2.5,-3e4]`` from a position on.

    A decimal of at most 53 bits and a power of ten up to 22 are both exact in floating
    point, so that one multiplication or division rounds correctly; any other number ends the
    parse with place -1, and the caller takes a slower way.
    A line feed ends them as the bracket does.

    Source: W. Clinger, "How to read floating point numbers accurately", PLDI 1990.

    Returns:
        The position after the closing bracket, and the place after the last number.
    """
    while at < stop:
        negative = False
        c = text[at]
        if c in (_END, _LINE):
            return at + 1, place
        if c == _COMMA:
            at += 1
            continue
        if place >= len(into):
            return at, -1
        if c == _N:  # null
            into[place] = np.nan
            place += 1
            at += 4
            continue
        if c == _MINUS:
            negative = True
            at += 1
        mantissa, begin, point = np.int64(0), at, -1
        while at < stop:
            digit = np.int64(text[at]) - _ZERO
            if 0 <= digit <= 9:
                mantissa = mantissa * 10 + digit
            elif digit == _POINT - _ZERO and point < 0:
                point = at
            else:
                break
            at += 1
        digits = at - begin if point < 0 else at - begin - 1
        scale = 0 if point < 0 else point + 1 - at
        if digits == 0 or digits > _DIGITS:
            return at, -1
        if at < stop and (text[at] == _SMALL_E or text[at] == _LARGE_E):
            at += 1
            down = False
            if at < stop and (text[at] == _MINUS or text[at] == _PLUS):
                down = text[at] == _MINUS
                at += 1
            power = 0
            while at < stop and _ZERO <= text[at] <= _NINE:
                power = power * 10 + (text[at] - _ZERO)
                if power > 400:
                    return at, -1
                at += 1
            scale += -power if down else power
        if at >= stop or text[at] not in (_COMMA, _END, _LINE):
            return at, -1
        if mantissa > _EXACT or scale > 22 or scale < -22:
            return at, -1
        number = float(mantissa)
        if scale < 0:
            number = number / _POWERS[-scale]
        elif scale > 0:
            number = number * _POWERS[scale]
        into[place] = -number if negative else number
        place += 1
    return at, -1


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator,unused-ignore]  # numba has no types
def parse_whole(text: Any, at: int, stop: int, into: Any, place: int) -> tuple[int, int]:
    """Parses ``1,2,-3]``; as :func:`parse_numbers`, for whole numbers."""
    while at < stop:
        c = text[at]
        if c == _END:
            return at + 1, place
        if c == _COMMA:
            at += 1
            continue
        if place >= len(into):
            return at, -1
        negative = c == _MINUS
        if negative:
            at += 1
        number, digits = 0, 0
        while at < stop and _ZERO <= text[at] <= _NINE:
            number = number * 10 + (text[at] - _ZERO)
            digits += 1
            at += 1
        if digits == 0 or digits > _DIGITS or at >= stop:
            return at, -1
        if text[at] != _COMMA and text[at] != _END:
            return at, -1
        into[place] = -number if negative else number
        place += 1
    return at, -1


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator,unused-ignore]  # numba has no types
def parse_instants(text: Any, at: int, count: int, into: Any, place: int) -> bool:
    """Parses so many whole numbers of thirteen digits, ``1767571200000,…]``; False if not all are.

    Times in ms have thirteen digits from 2001 to 2286. Of fixed width they need no branches.
    """
    odd = np.int64(0)
    for i in range(count):
        begin = at + 14 * i
        high, low = np.int64(0), np.int64(0)
        for k in range(5):
            digit = np.int64(text[begin + k]) - _ZERO
            odd |= np.int64(digit < 0 or digit > 9)
            high = high * 10 + digit
        for k in range(5, 13):
            digit = np.int64(text[begin + k]) - _ZERO
            odd |= np.int64(digit < 0 or digit > 9)
            low = low * 10 + digit
        odd |= np.int64(text[begin + 13] != (_END if i == count - 1 else _COMMA))
        into[place + i] = high * 100_000_000 + low
    return bool(odd == 0)


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator,unused-ignore]  # numba has no types
def parse_samples(text: Any, series: Any, revisions: Any, times: Any, values: Any) -> int:
    """Reads lines of ``series,revision,time,value`` and returns how many lines it understood."""
    at, stop = 0, len(text)
    number = np.zeros(3, np.int64)
    for row in range(len(values)):
        for column in range(3):
            begin, whole = at, 0
            while at < stop and _ZERO <= text[at] <= _NINE:
                whole = whole * 10 + (text[at] - _ZERO)
                at += 1
            if at >= stop or text[at] != _COMMA or at - begin > 18:
                return row
            if at == begin and column != 1:
                return row
            number[column] = whole
            at += 1
        after, place = parse_numbers(text, at, stop, values, row)
        if place != row + 1:
            return row
        at = after
        series[row], revisions[row], times[row] = number[0], number[1], number[2]
    return len(values)


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator,unused-ignore]  # numba has no types
def parse_lines(
    text: Any, cuts: Any, ends: Any, between: Any, values: Any, times: Any, bounds: Any
) -> int:
    """Reads the two arrays of each line of an export.

    Args:
        cuts: ``(n,)`` where the numbers of each line's values begin.
        ends: ``(n,)`` where each line ends.
        between: Bytes that must stand between the values and the times.
        bounds: ``(n + 1,)`` filled with where the samples of each line begin.

    Returns:
        How many lines it understood.
    """
    place = bounds[0]
    for row in range(len(cuts)):
        at, found = parse_numbers(text, cuts[row], ends[row], values, place)
        if found < 0 or at + len(between) > ends[row]:
            return row
        for i in range(len(between)):
            if text[at + i] != between[i]:
                return row
        at += len(between)
        fixed = ends[row] - at == 14 * (found - place)
        if not fixed or not parse_instants(text, at, found - place, times, place):
            at, count = parse_whole(text, at, ends[row], times, place)
            if count != found or at != ends[row]:
                return row
        bounds[row + 1] = place = found
    return len(cuts)


def as_bytes(text: bytes) -> NDArray[np.uint8]:
    """Returns text as an array, without a copy."""
    return np.frombuffer(text, np.uint8)
