"""A second problem inside an episode: things that had calmed down alert again, all at once.

Before and after every moment alerts are counted over windows of a few lengths, a flapping signal
once per short while. Under one decaying problem the later count is not the larger one. A first
wave must have come and gone, and the new wave must hit again what the first one hit: a wave over
fresh entities is the same problem spreading.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from aiops.domain.series import FloatArray, IntArray

LENGTHS: Final = (2, 4, 8)
"""Windows are the gap divided by these: shorter ones see the rhythm of scrapes, not of problems."""
FLAP: Final = 64
"""A signal repeated within the gap divided by this counts once."""
RISE: Final = 5.0
"""Standard deviations of a difference of counts. Alerts come in bunches whose counts vary two to
three times as much as independent ones; 5 stands for 3 of those."""
WAVE: Final = 4
"""Entities alerting within one window that make a wave."""
AGAIN: Final = 0.5
"""Share of the smaller wave that must be hit by both."""


def find_onsets(times: FloatArray, entities: IntArray, signals: IntArray, gap: float) -> list[int]:
    """Returns the positions at which a new problem starts, ascending, without the first.

    Args:
        times: ``(n,)`` ascending, of one episode.
        entities, signals: ``(n,)`` indices of who alerted and of what.
        gap: Longest silence inside one problem.
    """
    if gap <= 0 or len(times) < 2 * WAVE or times[-1] - times[0] <= gap / LENGTHS[-1]:
        return []
    weight = _first_of_flapping(times, entities, signals, gap / FLAP)
    rises = [_rise(times, weight, gap / part) for part in LENGTHS]
    onsets: list[int] = []
    for k, part in enumerate(LENGTHS):
        length = gap / part
        for i in _crests(times, rises[k], gap / 4):
            at = _settle(times, rises[k - 1], i, length) if k else i
            at = _edge(times, at, length)
            if any(abs(times[at] - times[other]) < gap / 4 for other in onsets):
                continue
            since = max((other for other in onsets if other < at), default=0)
            if _is_again(times, entities, at, since, length):
                onsets.append(at)
    return sorted(onsets)


def _first_of_flapping(
    times: FloatArray, entities: IntArray, signals: IntArray, while_: float
) -> NDArray[np.bool_]:
    """Returns True for alerts whose signal was not counted within the short while before."""
    counted: dict[tuple[int, int], float] = {}
    first = np.zeros(len(times), dtype=np.bool_)
    rows = zip(times.tolist(), entities.tolist(), signals.tolist(), strict=True)
    for i, (t, entity, signal) in enumerate(rows):
        key = (entity, signal)
        if t - counted.get(key, float("-inf")) > while_:
            counted[key] = t
            first[i] = True
    return first


def _rise(times: FloatArray, weight: NDArray[np.bool_], length: float) -> FloatArray:
    """Returns how much more alerts in [t, t + length) than in [t - length, t), standardised.

    Nothing is said of the first window of the episode.
    """
    total = np.concatenate([[0.0], np.cumsum(weight)])
    here = np.searchsorted(times, times, side="left")
    before = total[here] - total[np.searchsorted(times, times - length, side="left")]
    after = total[np.searchsorted(times, times + length, side="left")] - total[here]
    rise: FloatArray = (after - before) / np.sqrt(after + before + 1.0)
    rise[times - times[0] < length] = 0.0
    return rise


def _crests(times: FloatArray, rise: FloatArray, apart: float) -> list[int]:
    """Returns where the rise is high enough and highest within ``apart``, in time order.

    Only what lies within ``apart`` decides, so that the far future cannot.
    """
    kept: list[int] = []
    for i in np.flatnonzero(rise >= RISE).tolist():
        if kept and times[i] - times[kept[-1]] < apart:
            if rise[i] > rise[kept[-1]]:
                kept[-1] = i
        else:
            kept.append(i)
    if not kept:
        return []
    low: list[int] = np.searchsorted(times, times[kept] - apart).tolist()
    high: list[int] = np.searchsorted(times, times[kept] + apart, side="right").tolist()
    return [i for i, a, b in zip(kept, low, high, strict=True) if rise[i] >= float(rise[a:b].max())]


def _settle(times: FloatArray, rise: FloatArray, i: int, length: float) -> int:
    """Returns where the next longer window sees the rise: the start of a wave, not its crest."""
    low = int(np.searchsorted(times, times[i] - length))
    high = int(np.searchsorted(times, times[i] + length, side="right"))
    best = low + int(np.argmax(rise[low:high]))
    return best if rise[best] > 0 else i


def _edge(times: FloatArray, i: int, length: float) -> int:
    """Returns where one rate gives way to another most likely, a quarter window around.

    Source: the likelihood ratio of a change point of a Poisson process, Akman and Raftery, 1986.
    """
    start, end = times[i] - length, times[i] + length
    low, high = np.searchsorted(times, [start, end])
    near = np.arange(low, high)
    near = near[np.abs(times[near] - times[i]) <= length / 4]
    before, after = near - low, high - near
    spent = np.maximum(times[near] - start, length / FLAP)
    left = np.maximum(end - times[near], length / FLAP)
    likelihood = before * np.log(np.maximum(before, 0.5) / spent) + after * np.log(after / left)
    return int(near[int(np.argmax(likelihood))])


def _is_again(times: FloatArray, entities: IntArray, i: int, since: int, length: float) -> bool:
    """Whether an earlier wave had come, gone, and is hit again."""
    end = int(np.searchsorted(times, times[i] + length))
    calm = int(np.searchsorted(times, times[i] - length))
    wave = set(entities[i:end].tolist())
    hit = set(entities[since:calm].tolist())
    crest = int(np.searchsorted(times, times[since] + length))
    first = set(entities[since:crest].tolist())
    lately = set(entities[max(calm, since) : i].tolist())
    if min(len(wave), len(first)) < WAVE or len(lately) > len(wave):
        return False
    return len(wave & hit) >= AGAIN * min(len(wave), len(hit))
