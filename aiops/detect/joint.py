"""One asset's metrics judged together, for every asset of a fleet at once.

Two things are fused: the strangest quarter of the metrics, each by its own past, and how far
all of them have left the ways they moved together (:mod:`aiops.detect.reference`). Each is
ranked in the asset's own past twice, cell by cell and as a mean over about an hour of minutes;
an alert is as strong as the sum of these four log-tails. They depend on one another, so what
the sum is worth was found on clean assets (bench/assets.py) instead of being read as a product.
"""

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numba import njit
from numpy.typing import NDArray

from aiops.detect import calibrate, decide, linger, reference
from aiops.detect.decide import Event
from aiops.domain.panel import Panel
from aiops.domain.series import FloatArray, IntArray
from aiops.domain.state import State

VERSION: Final = "joint-5"
PART: Final = 0.25
"""Part of the metrics that speak for the asset: a fault seldom shows in all of them."""
HALF_LIFE: Final = 15
"""Cells until half of an asset's evidence is forgotten; many metrics renew it."""
ENOUGH: Final = 750
"""Cells of a training recording from which its scores alone are the past later ones are
judged by: a fault that lasts does not become the norm."""
LEAST: Final = 0.5
"""Least scale of the tail: a mean over metrics moves less than one of them."""
SLOW: Final = 1.0 / 12.0
"""Share of a new cell in the slow means: what is a little strange for long is strange."""
_KNEE: Final = 12.2
_KNEE_RATE: Final = 5.0
_BELOW: Final = 0.283
_ABOVE: Final = 0.19
"""Two lines through −log10(new records per cell) of the sum on the clean assets."""
_TAILS: Final = ("tail", "tail_apart", "tail_slow", "tail_slow_apart")
_PARTS: Final = ("reference", *_TAILS, "linger", "score", "decide")
_OWN: Final = ("slow", "guilt", "weighed", "was_open")
_VERSIONS: Final = {"reference": reference.VERSION}


@dataclass(frozen=True, slots=True)
class JointEvent:
    """An event of an asset; ``event.row`` is the asset's unit.

    Attributes:
        guilt: ``(width,)`` mean guilt of the metric at each place since the event opened.
    """

    event: Event
    guilt: FloatArray


@dataclass(frozen=True, slots=True)
class JointScores:
    """``(n_units, n_times)`` of assets and ``(n_series, n_times)`` of metrics, guilty ones higher.

    Attributes:
        events: Opened, going on, or ended in these cells.
    """

    score: FloatArray
    alert: FloatArray
    is_anomaly: NDArray[np.uint8]
    score_by_metric: FloatArray
    events: tuple[JointEvent, ...]


def start(n_units: int, width: int) -> State:
    """Returns the state of assets with ``width`` places that have shown nothing."""
    parts = {
        "reference": reference.start(n_units, width),
        **{name: calibrate.start(n_units) for name in _TAILS},
        "linger": linger.start(n_units),
        "score": calibrate.start(n_units),
        "decide": decide.start(n_units),
    }
    own: dict[str, NDArray[Any]] = {
        "slow": np.zeros((n_units, 2)),
        "guilt": np.zeros((n_units, width)),
        "weighed": np.zeros(n_units, np.int64),
        "was_open": np.zeros(n_units, np.uint8),
    }
    return _join(parts, own)


def update(
    state: State, panel: Panel, contribution: FloatArray, places: IntArray, budget: FloatArray
) -> tuple[State, JointScores]:
    """Scores the new cells of every asset.

    Args:
        contribution: ``(n_series, n_times)`` how strange each metric is by itself.
        places: ``(n_units, width)`` row of the metric at each place, -1 where there is none.
        budget: ``(n_units,)`` false alarms allowed per asset and week.
    """
    parts = {name: part(state, name) for name in _PARTS}
    frozen, cells = parts["reference"].arrays["frozen"], parts["reference"].arrays["cells"]
    learns = not (len(frozen) and bool((frozen & (cells >= ENOUGH)).all()))
    values = np.where(panel.usable, panel.values, np.nan)
    parts["reference"], energy, deviations = reference.update(parts["reference"], values, places)
    apart = np.log1p(np.nan_to_num(energy))
    strange = np.empty(energy.shape)
    _strangest(contribution, places, strange)
    own = {name: state.arrays[name].copy() for name in _OWN}
    slow = np.empty((2, *apart.shape))
    _follow(strange, apart, own["slow"], slow)
    summed = np.zeros(apart.shape)
    for name, each in zip(_TAILS, (strange, apart, *slow), strict=True):
        parts[name], tail = calibrate.update(parts[name], each, LEAST, learns)
        summed += tail
    strength = strengths(summed)
    parts["linger"], lasting = linger.update(parts["linger"], strange, HALF_LIFE)
    parts["score"], score = calibrate.update(parts["score"], lasting + apart, LEAST, learns)
    parts["decide"], decision = decide.update(
        parts["decide"], strength, score, strange + apart, np.zeros(apart.shape), panel.times,
        decide.thresholds(budget, panel.step_ns),
        decide.block_cells(max(panel.step_ns, 1)),
    )  # fmt: skip
    guilt = np.where(np.isnan(contribution), np.nan, contribution + deviations)
    ended = np.empty((sum(event.end is not None for event in decision.events), places.shape[1]))
    _weigh(guilt, places, decision.is_anomaly, own["guilt"], own["weighed"], own["was_open"], ended)
    events = [
        JointEvent(event, ended[i] if event.end is not None else own["guilt"][event.row].copy())
        for i, event in enumerate(decision.events)
    ]
    return _join(parts, own), JointScores(
        score, decision.alert, decision.is_anomaly, guilt, tuple(events)
    )


def strengths(summed: FloatArray) -> FloatArray:
    """Returns how rare an alert this strong is: −log10 of how many a cell of a clean asset has.

    >>> strengths(np.array([12.2, 20.0])).round(2).tolist()
    [5.0, 6.48]
    """
    above = summed - _KNEE
    strength: FloatArray = _KNEE_RATE + np.where(above > 0, _ABOVE, _BELOW) * above
    return np.maximum(strength, 0.0)


def freeze(state: State) -> State:
    """Returns the state with what the assets did so far as their reference."""
    parts = {name: part(state, name) for name in _PARTS}
    parts["reference"] = reference.freeze(parts["reference"])
    return _join(parts, {name: state.arrays[name] for name in _OWN})


def part(state: State, name: str) -> State:
    """Returns the state of one of the parts."""
    prefix = f"{name}."
    arrays = {
        key.removeprefix(prefix): array
        for key, array in state.arrays.items()
        if key.startswith(prefix)
    }
    return State(_VERSIONS.get(name, VERSION), arrays)


def _join(parts: dict[str, State], own: dict[str, NDArray[Any]]) -> State:
    named = {
        f"{name}.{key}": array for name, each in parts.items() for key, array in each.arrays.items()
    }
    return State(VERSION, {**named, **own})


def _mean_of_strangest(raw: Any, places: Any, answer: Any) -> None:
    """Writes the mean of the strangest quarter of the metrics that answer, NaN if none does."""
    units, width = places.shape
    top = np.empty(width)
    for unit in range(units):
        for t in range(raw.shape[1]):
            count = 0
            for j in range(width):
                row = places[unit, j]
                if row < 0 or not np.isfinite(raw[row, t]):
                    continue
                at = count
                while at > 0 and top[at - 1] < raw[row, t]:
                    top[at] = top[at - 1]
                    at -= 1
                top[at] = raw[row, t]
                count += 1
            if not count:
                answer[unit, t] = np.nan
                continue
            taken = int(np.ceil(count * PART))
            total = 0.0
            for j in range(taken):
                total += top[j]
            answer[unit, t] = total / taken


def _slow_means(strange: Any, apart: Any, held: Any, slow: Any) -> None:
    """Writes running means of both; a cell without an answer moves none."""
    units, cells = strange.shape
    for unit in range(units):
        for t in range(cells):
            if np.isnan(strange[unit, t]):
                slow[0, unit, t] = np.nan
                slow[1, unit, t] = np.nan
                continue
            held[unit, 0] += SLOW * (strange[unit, t] - held[unit, 0])
            held[unit, 1] += SLOW * (apart[unit, t] - held[unit, 1])
            slow[0, unit, t] = held[unit, 0]
            slow[1, unit, t] = held[unit, 1]


def _mean_guilt(
    guilt: Any, places: Any, flag: Any, mean: Any, weighed: Any, was_open: Any, ended: Any
) -> None:
    """Averages the guilt of each metric over the event; writes that of ended ones in order."""
    units, width = places.shape
    count = 0
    for unit in range(units):
        for t in range(flag.shape[1]):
            if flag[unit, t]:
                if not was_open[unit]:
                    weighed[unit] = 0
                    mean[unit] = 0.0
                weighed[unit] += 1
                for j in range(width):
                    row = places[unit, j]
                    if row >= 0 and np.isfinite(guilt[row, t]):
                        mean[unit, j] += (guilt[row, t] - mean[unit, j]) / weighed[unit]
            elif was_open[unit]:
                ended[count] = mean[unit]
                count += 1
            was_open[unit] = flag[unit, t]


_strangest = njit(cache=True, nogil=True)(_mean_of_strangest)
_follow = njit(cache=True, nogil=True)(_slow_means)
_weigh = njit(cache=True, nogil=True)(_mean_guilt)
