"""The inner loop of :mod:`detectors.novelty`: one series after another, cell by cell.

Written for numba: plain loops over arrays whose axis 0 is the series. Distances are in
units of the running range, so that series of any scale share one set of numbers.

Prototypes are whole numbers of a unit of their series, a power of two that doubles when the
range outgrows it: half of the bytes of floats, and a scan that the compiler vectorises.
"""

from typing import Any, Final

import numpy as np
from numba import njit

from aiops.domain.abstention import Abstention

PAIRS: Final = 320
SUB: Final = 6
"""Cells of the short means that windows at three time scales are made of."""
RING: Final = 16
WINDOWS: Final = 240
BLOCKS: Final = 4
EACH: Final = 2
"""Short means in a block of the windows."""
WIDE_WINDOWS: Final = 96
WIDE_EACH: Final = 4
LONG_WINDOWS: Final = 44
LONG_BLOCKS: Final = 12
CHANNELS: Final = 7
BINS: Final = 26
SLOTS: Final = 48
"""Half hours of a day."""
PHASES: Final = 2 * SLOTS
"""Of a working day and of a day off."""
NUMBERS: Final = 13
"""Previous value, least and greatest; mean square of steps and the mean of its logarithm; sum
of the current short mean; mood; tails of the three windows' last look at 7, 8 and 11; distance
from the season; level; unit."""
WARM_UP: Final = 64
"""Cells before the first score; the tails are wide until a few hundred have been seen."""

_SAME: Final = 0.01
"""Two patterns nearer than this part of the range are one prototype."""
_LARGEST: Final = 1e37
"""Values are kept in single precision; what does not fit is bad data."""
_MOST: Final = 6000.0
"""Units from the anchor: twelve squares of twice as many still fit into 32 bits."""
_REACH: Final = 4.0
"""Widths by which the range grows at once, at most."""
_MARK: Final = 4
"""Cells between two marks of the nearest pair: finding its place costs as much as the scan."""
_FAST: Final = 1.0 / 12.0
_SEASON: Final = 1.0 / 24.0
_LEVEL: Final = 1.0 / 48.0
_SLOW: Final = 1.0 / 600.0
_MOOD: Final = 1.0 / 12.0
_FULL: Final = 65535
_USUAL: Final = 0.3
"""−log10 of a half: what exceeds half of the past adds nothing."""

_MISSING: Final = int(Abstention.MISSING)
_BAD: Final = int(Abstention.BAD_DATA)
_WARMING: Final = int(Abstention.WARMING_UP)


def _nearest(memory: Any, known: int, pattern: Any, width: int, total: Any) -> Any:
    """Returns the squared distance to the nearest prototype, in units.

    Args:
        memory: ``(width, room)`` of which ``known`` are in use.
        total: Room for the distance to each.
    """
    for i in range(known):
        total[i] = 0
    for j in range(width):
        line = memory[j]
        here = pattern[j]
        for i in range(known):
            apart = np.int32(np.int32(line[i]) - here)
            total[i] += np.int32(apart * apart)
    best = np.int32(2147483647)
    for i in range(known):
        best = min(best, total[i])
    return best


def _mark(used: Any, known: int, best: int, total: Any) -> None:
    """Marks the prototype at the least distance as used."""
    for i in range(known):
        if total[i] == best:
            used[i] = 1
            return


def _remember(memory: Any, used: Any, place: Any, pattern: Any, width: int) -> None:
    """Stores a pattern in a free place or over one that was not used since the last look.

    Source: second-chance replacement (Corbato, "A paging experiment with the Multics
    system", 1968), which forgets the least recently used at one bit each.
    """
    room = len(used)
    at = place[0]
    if at < room:
        place[0] = at + 1
    else:
        at = place[1]
        while used[at]:
            used[at] = 0
            at = (at + 1) % room
        place[1] = (at + 1) % room
    for j in range(width):
        memory[j, at] = pattern[j]
    used[at] = 0


def _shrink(memory: Any, known: int, width: int, halvings: int) -> None:
    """Writes prototypes in a unit that is ``2 ** halvings`` times as large."""
    half = 1 << (halvings - 1)
    for j in range(width):
        for i in range(known):
            memory[j, i] = (np.int64(memory[j, i]) + half) >> halvings


def _tail(counts: Any, total: Any, largest: Any, channel: int, value: float) -> float:
    """Returns −log10 of the rank of a value among its past, and counts it.

    Bins are half octaves from 2^-11; a value beyond the largest gains on by its logarithm.
    Counts that no longer fit are all halved.
    """
    row = counts[channel]
    place = 0
    if value > 2.0**-11:
        place = min(BINS - 1, int(2.0 * (np.log2(value) + 11.0)))
    seen = total[channel]
    most = largest[channel]
    answer = 0.0
    if value > most > 0:
        answer = np.log10(2.0 * (seen + 1.0)) + np.log10(value / most) - _USUAL
    elif seen > 0:
        below = 0.5 * row[place]
        for i in range(place):
            below += row[i]
        # Half of all values are nothing special: no logarithm for them.
        if 2.0 * below > seen:
            answer = np.log10((seen + 1.0) / (seen - below + 0.5)) - _USUAL
    largest[channel] = max(most, value)
    if row[place] == _FULL:
        seen = 0.0
        for i in range(BINS):
            row[i] //= 2
            seen += row[i]
    row[place] += 1
    total[channel] = seen + 1.0
    return float(max(answer, 0.0))


def _fold(
    ring: Any, at: int, blocks: int, each: int, low: float, high: float, unit: float, pattern: Any
) -> None:
    """Writes the means of the newest blocks of ``each`` short means, oldest first."""
    for j in range(blocks):
        total = 0.0
        for k in range(each):
            total += ring[(at + 1 - (blocks - j) * each + k) % RING]
        pattern[j] = np.int32(np.rint(min(max(total / each, low), high) / unit))


def _run(  # noqa: C901, PLR0912, PLR0915 - one compiled loop over channels
    values: Any, usable: Any, missing: Any,
    seen: Any, anchor: Any, numbers: Any,
    pairs: Any, pair_used: Any, pair_place: Any,
    ring: Any, filled: Any, windows: Any, window_used: Any, window_place: Any,
    longs: Any, long_used: Any, long_place: Any,
    wides: Any, wide_used: Any, wide_place: Any,
    counts: Any, totals: Any, largest: Any, profile: Any, visits: Any,
    phase: Any, share: float,
    score: Any, alone: Any, reason: Any, expected: Any, parts: Any,
) -> None:  # fmt: skip
    n, cells = values.shape
    pattern = np.empty(LONG_BLOCKS, np.int32)
    total = np.empty(PAIRS, np.int32)
    for row in range(n):
        for t in range(cells):
            value = values[row, t]
            if not usable[row, t]:
                score[row, t] = np.nan
                alone[row, t] = np.nan
                expected[row, t] = np.nan
                reason[row, t] = _MISSING if missing[row, t] else _BAD
                continue
            if seen[row] == 0:
                anchor[row] = value
            x = value - anchor[row]
            if not abs(x) < _LARGEST:
                score[row, t] = np.nan
                alone[row, t] = np.nan
                expected[row, t] = np.nan
                reason[row, t] = _BAD
                continue
            held = numbers[row]
            now = seen[row]
            previous, low, high = held[0], held[1], held[2]
            if now == 0:
                previous = low = high = x
            beyond = max(x - high, low - x, 0.0)
            span = high - low
            scale = span if span > 0 else max(beyond, 1e-300)
            # One absurd value does not blind the series for ever.
            reach = min(beyond, _REACH * span) if span > 0 else beyond
            extreme = beyond / scale
            if x > high:
                high += reach
            elif x < low:
                low -= reach
            # What lies farther outside is far from everything, whatever the unit.
            least, most = low - (high - low), high + (high - low)
            unit = held[12]
            extent = max(abs(least), abs(most))
            if extent > _MOST * unit:
                if unit == 0.0:
                    unit = 2.0 ** np.ceil(np.log2(extent / _MOST))
                else:
                    halvings = 0
                    while extent > _MOST * unit:
                        unit *= 2.0
                        halvings += 1
                    halvings = min(halvings, 16)
                    _shrink(pairs[row], pair_place[row, 0], 2, halvings)
                    _shrink(windows[row], window_place[row, 0], BLOCKS, halvings)
                    _shrink(longs[row], long_place[row, 0], LONG_BLOCKS, halvings)
                    _shrink(wides[row], wide_place[row, 0], BLOCKS, halvings)
                held[12] = unit
            pair = 0.0
            here = min(max(x, least), most)
            if unit > 0.0:
                pattern[0] = np.int32(np.rint(min(max(previous, least), most) / unit))
                pattern[1] = np.int32(np.rint(here / unit))
            else:
                pattern[0] = 0
                pattern[1] = 0
            known = pair_place[row, 0]
            near = np.inf
            if known > 0:
                best = _nearest(pairs[row], known, pattern, 2, total)
                if now % _MARK == 0:
                    _mark(pair_used[row], known, best, total)
                near = np.sqrt(best) * unit
                pair = np.sqrt(near * near + (x - here) * (x - here)) / scale
            if near > _SAME * (high - low):
                _remember(pairs[row], pair_used[row], pair_place[row], pattern, 2)
            step = min(abs(x - previous), scale)
            held[3] += _FAST * (step * step - held[3])
            spread = 0.0
            if scale > 0:
                # In logarithms, so that one jump does not make everything after it look quiet.
                now_log = np.log(held[3] / scale / scale + 1e-4)
                if now >= 24:
                    spread = abs(now_log - held[4])
                held[4] += max(_SLOW, 1.0 / (now + 1.0)) * (now_log - held[4])
            held[5] += x
            filled[row] += 1
            if filled[row] % SUB == 0:
                at = filled[row] // SUB
                ring[row, at % RING] = held[5] / SUB
                held[5] = 0.0
                if unit == 0.0:
                    unit = 1.0
                same = _SAME * (high - low)
                if at >= BLOCKS * EACH:
                    _fold(ring[row], at, BLOCKS, EACH, least, most, unit, pattern)
                    known = window_place[row, 0]
                    near = np.inf
                    if known > 0:
                        best = _nearest(windows[row], known, pattern, BLOCKS, total)
                        _mark(window_used[row], known, best, total)
                        near = np.sqrt(best / BLOCKS) * unit
                        held[7] = _tail(counts[row], totals[row], largest[row], 0, near / scale)
                    if near > same:
                        _remember(
                            windows[row], window_used[row], window_place[row], pattern, BLOCKS
                        )
                if at >= LONG_BLOCKS:
                    _fold(ring[row], at, LONG_BLOCKS, 1, least, most, unit, pattern)
                    known = long_place[row, 0]
                    near = np.inf
                    if known > 0:
                        best = _nearest(longs[row], known, pattern, LONG_BLOCKS, total)
                        _mark(long_used[row], known, best, total)
                        near = np.sqrt(best / LONG_BLOCKS) * unit
                        held[8] = _tail(counts[row], totals[row], largest[row], 1, near / scale)
                    if near > same:
                        _remember(longs[row], long_used[row], long_place[row], pattern, LONG_BLOCKS)
                if at >= BLOCKS * WIDE_EACH:
                    _fold(ring[row], at, BLOCKS, WIDE_EACH, least, most, unit, pattern)
                    known = wide_place[row, 0]
                    near = np.inf
                    if known > 0:
                        best = _nearest(wides[row], known, pattern, BLOCKS, total)
                        _mark(wide_used[row], known, best, total)
                        near = np.sqrt(best / BLOCKS) * unit
                        held[11] = _tail(counts[row], totals[row], largest[row], 4, near / scale)
                    if near > same:
                        _remember(wides[row], wide_used[row], wide_place[row], pattern, BLOCKS)
            typical = held[10]
            out_of_season = 0.0
            if phase[row, t] >= 0:
                part = phase[row, t]
                known_days = visits[row, part]
                if known_days > 0:
                    typical = profile[row, part]
                    rest = min(max(x - typical, -scale), scale)
                    held[9] += _SEASON * (rest - held[9])
                    if scale > 0:
                        out_of_season = _tail(
                            counts[row], totals[row], largest[row], 3, abs(held[9]) / scale
                        )
                    profile[row, part] += max(1.0 / (known_days + 1.0), share) * rest
                else:
                    profile[row, part] = x
                visits[row, part] = min(known_days + 1, 255)
            held[10] += max(_LEVEL, 1.0 / (now + 1.0)) * min(max(x - held[10], -scale), scale)
            rare = _tail(counts[row], totals[row], largest[row], 2, extreme)
            sharp = 2.0 * np.log1p(20.0 * pair) + 0.5 * spread + held[7] + 0.5 * held[8]
            if extreme > 0:
                sharp += 0.5 * rare + 3.0 * np.log1p(20.0 * extreme)
            # Many cells that are each a little strange are strange together.
            held[6] += _MOOD * (sharp - held[6])
            again = _tail(counts[row], totals[row], largest[row], 5, pair)
            moody = 0.5 * _tail(counts[row], totals[row], largest[row], 6, held[6])
            strange = sharp + again + held[11] + 0.5 * out_of_season + moody
            if len(parts):
                parts[row, t, 0] = 2.0 * np.log1p(20.0 * pair) + again
                parts[row, t, 1] = held[7]
                parts[row, t, 2] = 0.5 * held[8]
                parts[row, t, 3] = held[11]
                parts[row, t, 4] = sharp - 2.0 * np.log1p(20.0 * pair) - held[7] - 0.5 * held[8]
                parts[row, t, 4] -= 0.5 * spread
                parts[row, t, 5] = 0.5 * spread
                parts[row, t, 6] = 0.5 * out_of_season
                parts[row, t, 7] = moody
            expected[row, t] = anchor[row] + typical
            held[0], held[1], held[2] = x, low, high
            seen[row] = now + 1
            if now < WARM_UP:
                score[row, t] = np.nan
                alone[row, t] = np.nan
                reason[row, t] = _WARMING
            else:
                score[row, t] = strange
                # What is sharp in time tells apart the metrics of one asset.
                alone[row, t] = sharp
                reason[row, t] = 0


_fold = njit(cache=True)(_fold)
_nearest = njit(cache=True)(_nearest)
_mark = njit(cache=True)(_mark)
_shrink = njit(cache=True)(_shrink)
_remember = njit(cache=True)(_remember)
_tail = njit(cache=True)(_tail)
run = njit(cache=True, nogil=True)(_run)
