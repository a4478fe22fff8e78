"""Futures that replay what followed, every time before, a moment like this one.

What fills and is emptied again has been here before: at this height, moving like this. Each time
is a precedent, one for each tooth. A future walks on from one of them, at the pace of the present
tooth; where the record ends it goes on from another.

Source: method of analogues (Lorenz, 1969); nearest-neighbour bootstrap of a series (Lall and
Sharma, 1996).
"""

from dataclasses import dataclass
from itertools import pairwise
from typing import Final

import numpy as np
from numba import njit

from aiops.domain.series import FloatArray, IntArray

_SWING: Final = 0.5
"""A move by half of the range ends a tooth; smaller ones are noise or growth."""

_CLIMBS: Final = 0.125
"""Highs and lows that both shift by more of the range have a trend."""

_REACHED: Final = 0.01
"""A height missed by less of the range is noise."""

_STILL: Final = 0.05
"""A move by less of the range is none."""

_FASTEST: Final = 3.0
"""No tooth is replayed faster or slower than by this factor."""

_BELIEVED: Final = 0.1
"""Share of the range after which half of a pace that was seen is believed."""


@dataclass(frozen=True, slots=True)
class Precedents:
    """Moments in a row's past that were like its end.

    Attributes:
        at: ``(n,)`` their positions, oldest first.
        pace: ``(n,)`` how much faster than theirs the present move is.
        begun: Position at which the present move began; 0 where there are no teeth.
        fades: Cells after which a future is where its precedent was.
    """

    at: IntArray
    pace: FloatArray
    begun: int
    fades: int


_NONE: Final = Precedents(np.empty(0, np.int64), np.empty(0), 0, 1)


def find_precedents(values: FloatArray) -> Precedents:
    """Returns the moments like the end of ``values`` (no holes), one for each earlier tooth.

    >>> tooth = np.linspace(0.0, 1.0, 50)
    >>> found = find_precedents(np.r_[tooth, tooth, tooth[:30]])
    >>> found.at.tolist(), found.begun
    ([29, 79], 100)
    """
    span = float(values.max() - values.min())
    turns = _find_turns(values, _SWING * span) if span > 0 else np.empty(0, np.int64)
    if len(turns) < 2:
        return _NONE
    newest = float(values[-1])
    begun, rising = int(turns[-1]), values[turns[-1]] < values[turns[-2]]
    leg = values[begun:]
    end = begun + int(leg.argmax() if rising else leg.argmin())
    if abs(newest - values[end]) > _STILL * span:
        begun = end
    upwards = int(values[turns[0]] < values[turns[1]])
    highs, lows = turns[upwards::2], turns[1 - upwards :: 2]
    shifts = [float(values[each[-1]] - values[each[0]]) for each in (highs, lows)]
    if shifts[0] * shifts[1] > 0 and min(map(abs, shifts)) > _CLIMBS * span:
        return _NONE  # Each tooth is higher than the last: a trend, which no precedent tells.
    cycle = int(np.median(np.diff(highs, prepend=0)))
    lag = max(1, min(cycle // 4, (len(values) - begun) // 2))
    late = np.zeros(len(values))
    late[lag:] = values[lag:] - values[:-lag]
    way = np.where(np.abs(late) > _STILL * span, np.sign(late), 0.0)
    off = np.where(way == way[-1], np.abs(values - newest), np.inf)
    slack = _REACHED * span
    near = []
    for first, stop in pairwise([lag, *highs[highs > lag].tolist()]):
        low = first + int(values[first : stop + 1].argmin())
        begin = low if way[-1] > 0 else first
        end = low if way[-1] < 0 else stop
        leg = values[begin : end + 1]
        if leg.min() - slack <= newest <= leg.max() + slack:
            near.append(begin + int(off[begin : end + 1].argmin()))
    at = np.array([place for place in near if off[place] < _STILL * span], np.int64)
    pace = _paces(values, begun, at) if way[-1] else np.ones(len(at))
    pace **= _belief(abs(newest - values[begun]) / span)
    return Precedents(at, pace, begun, max(1, cycle // 16))


def _belief(moved: float) -> float:
    return moved / (moved + _BELIEVED)


def _paces(values: FloatArray, begun: int, at: IntArray) -> FloatArray:
    """Returns how many times longer the same move took each time before.

    The first fifth of the move is left out: what dwells before it moves says nothing of a pace.
    """
    newest, width = values[-1], len(values)
    mark = values[begun] + 0.2 * (newest - values[begun])
    short = values < mark if newest > values[begun] else values > mark
    since = width - 1 - np.flatnonzero(short)
    now = max(1, int(since.min(initial=width - begun)))
    paces = []
    for place in at.tolist():
        before = np.flatnonzero(short[: place + 1])
        took = place - int(before[-1]) if len(before) else now
        paces.append(np.clip(max(took, 1) / now, 1 / _FASTEST, _FASTEST))
    return np.array(paces)


def replay(
    values: FloatArray, found: Precedents, draws: FloatArray, jitter: FloatArray, horizon: int
) -> FloatArray:
    """Returns ``(n_paths, horizon)`` futures.

    Args:
        draws: ``(n_paths,)`` in ``[0, 1)``: which precedent a future begins with.
        jitter: ``(n_paths,)`` factor on its pace.
    """
    first = np.minimum((draws * len(found.at)).astype(np.int64), len(found.at) - 1)
    futures = np.empty((len(draws), horizon))
    _walk(values, found.at, found.pace, found.begun, found.fades, first, jitter, futures)
    return futures


def _turn(values: FloatArray, swing: float, turns: IntArray) -> int:
    """Writes where each leg begins, highs and lows in turn, and returns how many there are."""
    count = high = low = 0
    rising = falling = True
    for place in range(len(values)):
        value = values[place]
        if value > values[high]:
            high = place
        if value < values[low]:
            low = place
        if rising and values[high] - value >= swing:
            turns[count] = high
            count += 1
            rising, falling, low = False, True, place
        elif falling and value - values[low] >= swing:
            turns[count] = low
            count += 1
            rising, falling, high = True, False, place
    return count


def _follow(
    values: FloatArray,
    at: IntArray,
    pace: FloatArray,
    begun: int,
    fades: int,
    first: IntArray,
    jitter: FloatArray,
    futures: FloatArray,
) -> None:
    """Walks each future from its precedent; from the record's end on, from the next one.

    Of the cells that one step passes, the farthest from where the move began counts: a limit
    that was met for a moment must be met by whoever runs past it.
    """
    last = len(values) - 1
    from_there = values[begun]
    for path in range(len(first)):
        which = first[path]
        place = float(at[which])
        off, since = values[last] - values[at[which]], 0
        for ahead in range(futures.shape[1]):
            step = pace[which] * jitter[path]
            before = int(place)
            place += step
            since += 1
            if place >= last:
                off, since = futures[path, max(ahead - 1, 0)], 0
                which = (which + 1) % len(at)
                before = at[which]
                off -= values[before]
                place = before + min(place - last, step)
            value = values[int(place)]
            for cell in range(before + 1, int(place)):
                if abs(values[cell] - from_there) > abs(value - from_there):
                    value = values[cell]
            futures[path, ahead] = value + off * max(0.0, 1.0 - since / fades)


_run_turns = njit(cache=True, nogil=True)(_turn)
_walk = njit(cache=True, nogil=True)(_follow)


def _find_turns(values: FloatArray, swing: float) -> IntArray:
    turns = np.empty(len(values), np.int64)
    return turns[: _run_turns(values, swing, turns)]
