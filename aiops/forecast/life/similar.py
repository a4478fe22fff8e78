"""Similarity to the few units that failed, for when there are too few to learn trees from.

The sensors that move one way through every life and end near the same value make a health
index: 0 new, 1 failed. A living unit is laid beside each failed one where their indices meet;
what then remained, stretched by how much faster or slower the living unit came so far, is one
answer; its own index drawn on to 1 is another; the mean life less the age is a third. Each
answer weighs by how well it foretold the failed units from one another.

Source: trajectory similarity (Wang et al., 2008); bands as the spread of past errors, widened
by Student's law for few of them.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Self

import numpy as np

from aiops.domain.lives import Lives
from aiops.domain.series import FloatArray

_POINTS: Final = 101
_CUTS: Final = (0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9)
_SHIFT: Final = 0.1
"""Errors are compared as ratios of what remains plus this share of a life: near the end a
ratio of two small numbers says nothing."""

_Z90: Final = 1.2815515655446004


@dataclass(frozen=True, slots=True)
class Similar:
    """Health curves of the failed units.

    Attributes:
        begin, end: ``(n_sensors,)`` values when new and at the failure.
        weight: ``(n_sensors,)`` share of each sensor in the index.
        curves: ``(n_failed, _POINTS)`` index by share of life, never falling.
        span: ``(n_failed,)`` length of life.
        trust: ``(4,)`` weight of each way of answering.
        spread: Deviation of log(what remains + a tenth of a life) from what was told.
    """

    begin: FloatArray
    end: FloatArray
    weight: FloatArray
    curves: FloatArray
    span: FloatArray
    trust: FloatArray
    spread: float

    def index(self, values: FloatArray) -> FloatArray:
        """Returns the health index of each row: 0 new, 1 failed."""
        way = self.end - self.begin
        moved = (values - self.begin) / np.where(np.abs(way) > 0, way, 1.0)
        return np.asarray(np.clip(moved, -1.0, 2.0) @ self.weight)

    def predict(self, values: FloatArray, time: FloatArray) -> tuple[float, float, float]:
        """Returns p10, p50, p90 of one unit from its normalised rows."""
        ways = _ways(smooth(self.index(values)), time, self.curves, self.span)
        shift = _SHIFT * float(np.median(self.span))
        middle = self.trust @ np.log(ways + shift)
        low, half, high = np.exp(middle + _Z90 * self.spread * np.array([-1, 0, 1])) - shift
        return max(float(low), 0.0), max(float(half), 0.0), float(high)

    def arrays(self) -> dict[str, Any]:
        """Returns its arrays by name, to be stored."""
        return {f"similar_{name}": np.asarray(getattr(self, name)) for name in self.__slots__}

    @classmethod
    def of_arrays(cls, arrays: Mapping[str, Any]) -> Self:
        """Builds it from stored arrays."""
        parts = {name: arrays[f"similar_{name}"] for name in cls.__slots__}
        return cls(**{**parts, "spread": float(parts["spread"])})


def fit_similar(lives: Lives, values: FloatArray, aged: bool = True) -> Similar:
    """Fits to the failed units.

    Args:
        aged: Whether the mean life less the age may be an answer.
    """
    begin, end, weight = _health(lives, values)
    draft = Similar(begin, end, weight, np.empty((0, 0)), np.empty(0), np.empty(0), 0.0)
    curves, spans, levels, times = [], [], [], []
    for rows, censored in zip(lives.rows(), lives.censored, strict=True):
        time = lives.time[rows]
        if censored or len(time) < 4:
            continue
        level = smooth(draft.index(values[rows]))
        share = (time - time[0]) / max(time[-1] - time[0], 1e-12)
        risen = np.maximum.accumulate(level) / max(float(level.max()), 1e-9)
        curves.append(np.interp(np.linspace(0, 1, _POINTS), share, risen))
        spans.append(float(time[-1] - time[0]))
        levels.append(level)
        times.append(time)
    curve, span = np.array(curves), np.array(spans)
    trust, spread = _rehearse(curve, span, levels, times, aged)
    return Similar(begin, end, weight, curve, span, trust, spread)


def smooth(level: FloatArray) -> FloatArray:
    """Returns the mean of the last few rows up to each row, a tenth of the history at most."""
    window = int(np.clip(len(level) // 10, 3, 25))
    sums = np.concatenate([[0.0], np.cumsum(level)])
    row = np.arange(len(level))
    low = np.maximum(row + 1 - window, 0)
    return np.asarray((sums[row + 1] - sums[low]) / (row + 1 - low))


def _health(lives: Lives, values: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
    first, last, order = [], [], []
    for rows, censored in zip(lives.rows(), lives.censored, strict=True):
        own = values[rows]
        if censored or len(own) < 4:
            continue
        edge = max(3, len(own) // 20)
        first.append(np.median(own[:edge], axis=0))
        last.append(np.median(own[-edge:], axis=0))
        rank = np.argsort(np.argsort(own, axis=0), axis=0).astype(np.float64)
        place = np.arange(len(own)) - (len(own) - 1) / 2
        spread = np.sqrt(((rank - rank.mean(axis=0)) ** 2).sum(axis=0) * (place**2).sum())
        order.append((rank * place[:, None]).sum(axis=0) / np.maximum(spread, 1e-9))
    begin, end = np.median(first, axis=0), np.median(last, axis=0)
    way = np.abs(end - begin)
    scatter = np.abs(np.array(last) - end).mean(axis=0)
    same = np.abs(np.mean(np.sign(order), axis=0)) == 1
    # How many times its own uncertainty at the end a sensor travels on the way there.
    score = np.abs(np.mean(order, axis=0)) * same * way / (scatter + 0.05 * way + 1e-12)
    if score.max() <= 0:
        score = np.abs(np.mean(order, axis=0)) + 1e-9
    score = np.where(score >= 0.6 * score.max(), score, 0.0) ** 2
    return begin, end, score / score.sum()


def _ways(level: FloatArray, time: FloatArray, curves: FloatArray, span: FloatArray) -> FloatArray:
    """Returns the answers of each way, all above 0."""
    age = float(time[-1] - time[0])
    now = float(np.clip(np.median(level[-3:]), 0.0, 1.0))
    share = np.linspace(0, 1, curves.shape[1])
    met = np.array([float(np.interp(now, np.unique(c), share[np.unique(c, return_index=True)[1]]))
                    for c in curves])  # fmt: skip
    same = np.median((1 - met) * span)
    pace = np.clip(age / np.maximum(met * span, 0.02 * span), 0.4, 2.5)
    stretched = np.median((1 - met) * span * np.sqrt(pace))
    half = max(4, len(level) // 2)
    t = time[-half:] - time[-1]
    slope = np.polyfit(t, level[-half:], 1)[0] if len(level) >= 4 and np.ptp(t) > 0 else 0.0
    longest = float(span.max())
    drawn = (1 - now) / slope if slope > 0 else longest
    mean = max(float(np.median(span)) - age, 0.05 * float(np.median(span)))
    floor = 0.005 * float(np.median(span))
    return np.asarray(np.clip([same, stretched, drawn, mean], floor, 2 * longest))


def _rehearse(
    curves: FloatArray,
    span: FloatArray,
    levels: list[FloatArray],
    times: list[FloatArray],
    aged: bool,
) -> tuple[FloatArray, float]:
    """Foretells each failed unit from the others, cut at several ages."""
    if len(span) < 2:
        return np.array([0.35, 0.35, 0.15, 0.15]), 0.8
    told, truth = [], []
    shift = _SHIFT * float(np.median(span))
    for unit in range(len(span)):
        others = np.delete(np.arange(len(span)), unit)
        for cut in _CUTS:
            n = max(4, int(cut * len(levels[unit])))
            time = times[unit][:n]
            told.append(np.log(shift + _ways(levels[unit][:n], time, curves[others], span[others])))
            truth.append(np.log(shift + times[unit][-1] - time[-1]))
    error = np.array(truth)[:, None] - np.array(told)
    size = np.abs(error).mean(axis=0) + 0.02
    trust = size**-2 * np.array([1.0, 1.0, 1.0, float(aged)])
    trust /= trust.sum()
    mixed = error @ trust
    # Student's 90 % point over the normal one for so few units.
    widen = {1: 2.4, 2: 1.47, 3: 1.28, 4: 1.2, 5: 1.15}.get(len(span) - 1, 1.1)
    return trust, float(np.clip(np.sqrt(np.mean(mixed**2)) * widen, 0.1, 1.5))
