"""The inner loop of :mod:`detectors.novelty`: one series after another, cell by cell.

Written for numba: plain loops over arrays whose axis 0 is the series. Distances are in
units of the running range, so that series of any scale share one set of numbers.
"""

from typing import Any, Final

import numpy as np
from numba import njit

from aiops.domain.abstention import Abstention

PAIRS: Final = 256
WINDOWS: Final = 128
SHORT_BLOCKS: Final = 4
SHORT_CELLS: Final = 12
LONG_WINDOWS: Final = 32
LONG_BLOCKS: Final = 12
LONG_CELLS: Final = 6
CHANNELS: Final = 4
BINS: Final = 26
PHASES: Final = 48
"""Half hours of a day."""
NUMBERS: Final = 11
WARM_UP: Final = 64
"""Cells before the first score; the tails are wide until a few hundred have been seen."""

_SAME: Final = 0.02
"""Two patterns nearer than this part of the range are one prototype."""
_LARGEST: Final = 1e37
"""Values are kept in single precision; what does not fit is bad data."""
_FAST: Final = 1.0 / 12.0
_SEASON: Final = 1.0 / 24.0
_LEVEL: Final = 1.0 / 48.0
_SLOW: Final = 1.0 / 600.0

_MISSING: Final = int(Abstention.MISSING)
_BAD: Final = int(Abstention.BAD_DATA)
_WARMING: Final = int(Abstention.WARMING_UP)


def _nearest(memory: Any, used: Any, known: int, pattern: Any, width: int, now: int) -> float:
    """Returns the distance to the nearest prototype and marks that one as used."""
    best = np.inf
    place = 0
    for i in range(known):
        total = 0.0
        for j in range(width):
            apart = memory[i, j] - pattern[j]
            total += apart * apart
        if total < best:
            best = total
            place = i
    if known > 0:
        used[place] = now
    return float(np.sqrt(best / width))


def _remember(memory: Any, used: Any, known: int, pattern: Any, width: int, now: int) -> int:
    """Stores a pattern in a free place or over the one unused for longest."""
    place = known
    if known == len(used):
        place = 0
        for i in range(known):
            if used[i] < used[place]:
                place = i
    else:
        known += 1
    for j in range(width):
        memory[place, j] = pattern[j]
    used[place] = now
    return known


def _tail(counts: Any, largest: Any, value: float) -> float:
    """Returns −log10 of the rank of a value among its past, and counts it.

    Bins are half octaves from 2^-11; a value beyond the largest gains on by its logarithm.
    """
    place = 0
    if value > 2.0**-11:
        place = min(BINS - 1, int(2.0 * (np.log2(value) + 11.0)))
    above = 0.0
    total = 0.0
    for i in range(BINS):
        total += counts[i]
        if i > place:
            above += counts[i]
    above += 0.5 * counts[place]
    answer = np.log10((total + 1.0) / (above + 0.5)) if total > 0 else 0.0
    if value > largest[0] and largest[0] > 0:
        answer = np.log10(2.0 * (total + 1.0)) + np.log10(value / largest[0])
    largest[0] = max(largest[0], value)
    counts[place] += 1.0
    return float(max(answer - 0.3, 0.0))


def _run(  # noqa: C901, PLR0912, PLR0915 - one compiled loop over channels
    values: Any, usable: Any, missing: Any,
    seen: Any, anchor: Any, numbers: Any,
    pairs: Any, pair_used: Any, pair_known: Any,
    ring: Any, filled: Any, windows: Any, window_used: Any, window_known: Any,
    long_ring: Any, long_filled: Any, longs: Any, long_used: Any, long_known: Any,
    counts: Any, largest: Any, profile: Any, visits: Any,
    phase: Any, share: float,
    score: Any, alone: Any, reason: Any, expected: Any,
) -> None:  # fmt: skip
    n, cells = values.shape
    pattern = np.empty(LONG_BLOCKS, np.float32)
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
            # The clock of what was used last ticks every 32 cells, to fit into two bytes.
            tick = min(now >> 5, 65535)
            previous, low, high = held[0], held[1], held[2]
            if now == 0:
                previous = low = high = x
            beyond = max(x - high, low - x, 0.0)
            span = high - low
            scale = span if span > 0 else max(beyond, 1e-300)
            # The largest step the range takes at once is its own width: one absurd value
            # does not blind the series for ever.
            reach = min(beyond, span) if span > 0 else beyond
            extreme = beyond / scale
            if x > high:
                high += reach
            elif x < low:
                low -= reach
            pattern[0] = previous
            pattern[1] = x
            known = pair_known[row]
            near = _nearest(pairs[row], pair_used[row], known, pattern, 2, tick)
            pair = 0.0 if known == 0 else near * np.sqrt(2.0) / scale
            if known == 0 or near * np.sqrt(2.0) > _SAME * (high - low):
                pair_known[row] = _remember(pairs[row], pair_used[row], known, pattern, 2, tick)
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
            if filled[row] % SHORT_CELLS == 0:
                at = filled[row] // SHORT_CELLS
                ring[row, at % SHORT_BLOCKS] = held[5] / SHORT_CELLS
                held[5] = 0.0
                held[7] = 0.0
                if at >= SHORT_BLOCKS:
                    for j in range(SHORT_BLOCKS):
                        pattern[j] = ring[row, (at + 1 + j) % SHORT_BLOCKS]
                    known = window_known[row]
                    near = _nearest(
                        windows[row], window_used[row], known, pattern, SHORT_BLOCKS, tick
                    )
                    if known > 0:
                        held[7] = _tail(counts[row, 0], largest[row, 0:1], near / scale)
                    if known == 0 or near > _SAME * (high - low):
                        window_known[row] = _remember(
                            windows[row], window_used[row], known, pattern, SHORT_BLOCKS, tick
                        )
            held[6] += x
            long_filled[row] += 1
            if long_filled[row] % LONG_CELLS == 0:
                at = long_filled[row] // LONG_CELLS
                long_ring[row, at % LONG_BLOCKS] = held[6] / LONG_CELLS
                held[6] = 0.0
                held[8] = 0.0
                if at >= LONG_BLOCKS:
                    for j in range(LONG_BLOCKS):
                        pattern[j] = long_ring[row, (at + 1 + j) % LONG_BLOCKS]
                    known = long_known[row]
                    near = _nearest(longs[row], long_used[row], known, pattern, LONG_BLOCKS, tick)
                    if known > 0:
                        held[8] = _tail(counts[row, 1], largest[row, 1:2], near / scale)
                    if known == 0 or near > _SAME * (high - low):
                        long_known[row] = _remember(
                            longs[row], long_used[row], known, pattern, LONG_BLOCKS, tick
                        )
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
                            counts[row, 3], largest[row, 3:4], abs(held[9]) / scale
                        )
                    profile[row, part] += max(1.0 / (known_days + 1.0), share) * rest
                else:
                    profile[row, part] = x
                visits[row, part] = min(known_days + 1, 65535)
            held[10] += max(_LEVEL, 1.0 / (now + 1.0)) * min(max(x - held[10], -scale), scale)
            extreme_tail = _tail(counts[row, 2], largest[row, 2:3], extreme)
            strange = (
                2.0 * np.log1p(20.0 * pair)
                + 2.0 * held[7]
                + held[8]
                + out_of_season
                + 0.5 * spread
                + 0.5 * extreme_tail
                + 3.0 * np.log1p(20.0 * extreme)
            )
            expected[row, t] = anchor[row] + typical
            held[0], held[1], held[2] = x, low, high
            seen[row] = now + 1
            if now < WARM_UP:
                score[row, t] = np.nan
                alone[row, t] = np.nan
                reason[row, t] = _WARMING
            else:
                score[row, t] = strange
                # Half of the weight of windows and none of the season: what is sharp in time
                # tells apart the metrics of one asset.
                alone[row, t] = strange - held[7] - 0.5 * held[8] - out_of_season
                reason[row, t] = 0


_nearest = njit(cache=True, fastmath=False)(_nearest)
_remember = njit(cache=True)(_remember)
_tail = njit(cache=True)(_tail)
run = njit(cache=True, nogil=True)(_run)
