"""The published checker of detectors: every promise of the contract, on awkward fleets."""

import io
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import numpy as np

from aiops.contracts.detector import Detector, DetectorScope
from aiops.domain.anomaly import Scores
from aiops.domain.calendar import build_calendar
from aiops.domain.panel import Panel
from aiops.domain.series import FloatArray
from aiops.domain.state import State

_STEP = timedelta(minutes=5)
_STEP_NS = 300 * 10**9
_CUTS = ((1, 1, 2, 3, 5, 8, 13), (97,), (64, 1))
"""Sizes of calls, repeated until the panel is used up."""


def awkward_fleet(cells: int = 700, seed: int = 0) -> FloatArray:
    """Returns ``(n_series, cells)`` of what real sources send, good and bad.

    Noise, a season, a constant, a 0/1 state, runs of NaN, nothing but NaN, infinities,
    integers beyond 2^53, a counter with resets, a change of unit, one single point, absurdly
    large and absurdly small values.
    """
    rng = np.random.default_rng(seed)
    t = np.arange(cells)
    noise = rng.normal(size=cells)
    holes = np.where((t // 50) % 3 == 1, np.nan, noise)
    endless = noise.copy()
    endless[[100, 101, 300]] = [np.inf, -np.inf, np.inf]
    unit = np.where(t < cells // 2, 1.0, 1024.0) * (5 + 0.1 * noise)
    single = np.full(cells, np.nan)
    single[cells // 2] = 1.0
    absurd = noise.copy()
    absurd[[90, 400, 401]] = [1e308, -1e308, 1e200]
    return np.array(
        [
            noise,
            np.sin(2 * np.pi * t / 288) + 0.1 * noise,
            np.full(cells, 7.5),
            (rng.random(cells) < 0.02).cumsum() % 2 * 1.0,
            holes,
            np.full(cells, np.nan),
            endless,
            2.0**60 + 1e6 * np.round(10 * noise),
            (t % 250) * 1e6,
            unit,
            single,
            absurd,
            1e-300 * noise,
            np.where(t < 300, 0.0, noise),
        ]
    )


def check_detector(make: Callable[[], Detector]) -> None:
    """Checks everything a detector promises.

    Args:
        make: Builds the detector, the same each time.

    Raises:
        AssertionError: It breaks a promise; the message says which.
    """
    panel = _panel(awkward_fleet())
    detector = make()
    units = len(panel.series) if detector.scope is DetectorScope.SERIES else 2
    if detector.scope is not DetectorScope.SERIES:
        panel = _grouped(panel, units)
    whole_state, whole = _run(detector, panel, (len(panel.times),), units)
    _check_scores(whole, panel, units)
    for cut in _CUTS:
        state, parts = _run(make(), panel, cut, units)
        _same_scores(whole, parts, f"cells cut into calls of {cut}")
        _same_state(whole_state, state, f"cells cut into calls of {cut}")
    half = len(panel.times) // 2
    _, first = _run(detector, panel.columns(0, half), (half,), units)
    _same(whole.score[:, :half], first.score, "scores of a prefix are the prefix of the scores")
    _check_restart(detector, panel, whole, half, units)
    _check_purity(detector, panel, units)
    if detector.scope is DetectorScope.SERIES:
        _check_units(detector, panel, whole)


def _panel(values: FloatArray) -> Panel:
    times = np.arange(values.shape[1], dtype=np.int64) * _STEP_NS
    return Panel.of(values, times, _STEP, calendar=build_calendar(times, ["UTC"] * len(values)))


def _grouped(panel: Panel, units: int) -> Panel:
    from dataclasses import replace

    return replace(panel, groups=np.arange(len(panel.series), dtype=np.int64) % units)


def _run(
    detector: Detector, panel: Panel, cut: tuple[int, ...], units: int
) -> tuple[State, Scores]:
    state, at, i, parts = detector.start(units), 0, 0, []
    while at < len(panel.times):
        end = min(len(panel.times), at + cut[i % len(cut)])
        state, scores = detector.update(state, panel.columns(at, end))
        parts.append(scores)
        at, i = end, i + 1
    expected = [part.expected for part in parts if part.expected is not None]
    return state, Scores(
        np.concatenate([part.score for part in parts], axis=1),
        np.concatenate([part.contribution for part in parts], axis=1),
        np.concatenate([part.reason for part in parts], axis=1),
        np.concatenate(expected, axis=1) if expected else None,
    )


def _check_scores(scores: Scores, panel: Panel, units: int) -> None:
    shape = (units, len(panel.times))
    _require(
        bool(scores.score.shape == shape), f"score has shape {scores.score.shape}, not {shape}"
    )
    _require(
        bool(scores.reason.shape == shape), f"reason has shape {scores.reason.shape}, not {shape}"
    )
    _require(
        bool(scores.contribution.shape == panel.values.shape), "contribution has a value per cell"
    )
    answered = np.isfinite(scores.score)
    _require(bool(not np.isinf(scores.score).any()), "no score is infinite")
    _require(bool((scores.score[answered] >= 0).all()), "no score is below 0")
    _require(bool((scores.reason[~answered] != 0).all()), "NaN only with a reason")
    _require(bool((scores.reason[answered] == 0).all()), "no reason where there is an answer")
    _require(bool(answered.any()), "it answers somewhere")


def _check_restart(detector: Detector, panel: Panel, whole: Scores, half: int, units: int) -> None:
    state, _ = detector.update(detector.start(units), panel.columns(0, half))
    file = io.BytesIO()
    arrays: dict[str, Any] = dict(state.arrays)
    np.savez(file, **arrays)
    file.seek(0)
    with np.load(file, allow_pickle=False) as saved:
        again = State(state.version, {name: saved[name] for name in saved.files})
    _, rest = detector.update(again, panel.columns(half, len(panel.times)))
    _same(whole.score[:, half:], rest.score, "a restart through npz changes no bit")


def _check_purity(detector: Detector, panel: Panel, units: int) -> None:
    state, _ = detector.update(detector.start(units), panel.columns(0, 300))
    before = {name: array.copy() for name, array in state.arrays.items()}
    values, quality = panel.values.copy(), panel.quality.copy()
    first = detector.update(state, panel.columns(300, 400))
    second = detector.update(state, panel.columns(300, 400))
    _same_state(State(state.version, before), state, "update leaves its state alone")
    _same(values, panel.values, "update leaves its panel alone")
    _require(bool((quality == panel.quality).all()), "update leaves its panel alone")
    _same_scores(first[1], second[1], "the same call twice")
    for name, array in state.arrays.items():
        _require(bool(len(array) == units), f"axis 0 of {name} is the unit")
        _require(bool(array.dtype != object), f"{name} is a plain array")


def _check_units(detector: Detector, panel: Panel, whole: Scores) -> None:
    n = len(panel.series)
    order = np.random.default_rng(1).permutation(n).astype(np.int64)
    _, mixed = detector.update(detector.start(n), panel.take(order))
    _same(whole.score[order], mixed.score, "rows in another order get the same scores")
    half, few = len(panel.times) // 2, n // 3
    left, right = np.arange(few, dtype=np.int64), np.arange(few, n, dtype=np.int64)
    early = panel.columns(0, half)
    one, _ = detector.update(detector.start(few), early.take(left))
    other, _ = detector.update(detector.start(n - few), early.take(right))
    late = panel.columns(half, len(panel.times))
    _, joined = detector.update(State.join([one, other]), late)
    _same(whole.score[:, half:], joined.score, "joined states go on as one")
    _, taken = detector.update(State.join([one, other]).take(order), late.take(order))
    _same(whole.score[order, half:], taken.score, "taken states go on in their new order")


def _same_scores(left: Scores, right: Scores, what: str) -> None:
    _same(left.score, right.score, f"score: {what}")
    _same(left.contribution, right.contribution, f"contribution: {what}")
    _require(bool((left.reason == right.reason).all()), f"reason: {what}")
    if left.expected is not None and right.expected is not None:
        _same(left.expected, right.expected, f"expected: {what}")


def _same_state(left: State, right: State, what: str) -> None:
    _require(bool(left.arrays.keys() == right.arrays.keys()), f"state: {what}")
    for name, array in left.arrays.items():
        _require(bool(array.dtype == right.arrays[name].dtype), f"type of {name}: {what}")
        _require(bool(array.tobytes() == right.arrays[name].tobytes()), f"{name}: {what}")


def _same(left: FloatArray, right: FloatArray, what: str) -> None:
    _require(bool(np.array_equal(left, right, equal_nan=True)), what)


def _require(holds: bool, promise: str) -> None:
    if not holds:
        raise AssertionError(f"broken promise: {promise}")
