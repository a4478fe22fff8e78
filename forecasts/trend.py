"""Trend: futures that replay the series' own past, and a trend that may stop.

How it works: the history is split into a slow level and what swings around it. Each of a few
hundred futures replays the level's own increments (growth, pauses, the drops of a log
rotation) and the swings of a recent window, walked round from a random place; the windows
are of all lengths from the last eighth to the whole, so that a change of pace is as plausible
as none. A future may also stop growing: a trend of age S is still going after h with
probability 1 / (1 + h / S), the scale-free prior, so a line that has filled 70 % of the way
comes to 100 % with probability 0.7. Where the series has been here before (it was filled and
emptied), most futures replay what followed each time. Nothing is fitted to any data set.

When it works: anything that fills, leaks, wears or drains, with or without saw teeth.
When it does not: bursts, and values whose only pattern is daily (another method there).

Random numbers are the same for every row and every call: results are repeatable, and rows
do not influence one another.

Source: moving block bootstrap (Künsch, 1989); the stopping law is the posterior of a
scale-invariant prior on a duration seen to age S (Gott, 1993; "Lindy"); precedents as in
:mod:`forecasts._precedents`.
"""

from dataclasses import dataclass, field
from typing import Final

import numpy as np
from numpy.typing import NDArray

from aiops.contracts.errors import NotEnoughHistory
from aiops.contracts.plugin import Plugin, Stability
from aiops.domain.forecast import Forecast, Known
from aiops.domain.panel import Panel
from aiops.domain.series import FloatArray, IntArray
from aiops.domain.state import State
from forecasts._history import read_history, smooth_level
from forecasts._precedents import find_precedents, replay
from forecasts._walk import walk

_ROWS_AT_ONCE: Final = 64
"""Rows are measured a few at a time, so that they stay in the processor's cache."""

_JITTER: Final = 0.15
"""Spread of the logarithm of a replayed pace: no two teeth are alike."""

_CALM: Final = 0.25
"""What moved less than a quarter of the present rise was calm."""


@dataclass(frozen=True, slots=True)
class TrendSettings:
    """What may be set of the trend forecaster."""

    paths: int = field(default=256, metadata={"help": "Futures per series."})
    minimum_cells: int = field(
        default=24, metadata={"help": "Fewer samples are too short a history."}
    )
    shortest_window: float = field(
        default=0.125, metadata={"help": "Shortest replayed window, as a share of the history."}
    )


class Trend:
    """Forecasts by replaying the past from windows of all lengths; see the module's text."""

    version = "trend/2"
    cost = 1.0

    def __init__(self, settings: TrendSettings) -> None:
        self._settings = settings
        draws = np.random.default_rng(0)
        count = settings.paths
        # One stratified draw for each choice: less noise than independent draws.
        window, offset, stop, pace = (
            (draws.permutation(count) + draws.random(count)) / count for _ in range(4)
        )
        self._window = settings.shortest_window**window
        self._offset = offset
        self._stop = 1.0 / stop - 1.0
        self._pace = _normal_quantile(pace)

    def update(self, model: State | None, panel: Panel) -> State:
        """Learns nothing: all is read from the history at each forecast."""
        del model
        return State(self.version, {"unit": np.arange(len(panel.series))})

    def forecast(
        self, model: State, panel: Panel, horizon: int, levels: FloatArray, known: Known
    ) -> Forecast:
        """Returns quantiles and paths.

        Raises:
            NotEnoughHistory: No row has enough good cells.
        """
        del model
        history = read_history(panel, self._settings.minimum_cells)
        rows = np.flatnonzero(history.reason == 0)
        if len(rows) == 0:
            raise NotEnoughHistory(
                f"none of {len(panel.series)} series has {self._settings.minimum_cells} good "
                "cells that change; wait for more samples"
            )
        n = len(panel.series)
        quantiles = np.full((n, horizon, len(levels)), np.nan)
        paths = np.empty((n, self._settings.paths, horizon), dtype=np.float32)
        paths[history.reason != 0] = np.nan
        for begin in range(0, len(rows), _ROWS_AT_ONCE):
            some = rows[begin : begin + _ROWS_AT_ONCE]
            self._imagine(history.values[some], history.start[some], known, some, paths)
            if len(levels):
                told = np.quantile(paths[some], levels, axis=1).astype(np.float64)
                quantiles[some] = _within(np.moveaxis(told, 0, -1), known, some)
        end = int(panel.times[-1]) + panel.step_ns
        return Forecast(
            panel.series, end, panel.step, levels, quantiles, history.reason, "trend",
            self.version, paths,
        )  # fmt: skip

    def _imagine(
        self,
        values: FloatArray,
        start: IntArray,
        known: Known,
        rows: IntArray,
        paths: NDArray[np.float32],
    ) -> None:
        """Writes the futures of some rows; n of n + 1 heed a row's n precedents.

        There, what came before the present tooth speaks through the precedents alone.
        """
        begun = cut_calm(values, start, self._settings)
        added = np.zeros(len(rows)) if known.added is None else known.added[rows]
        floor = np.full(len(rows), -np.inf) if known.floor is None else known.floor[rows]
        ceiling = np.full(len(rows), np.inf) if known.ceiling is None else known.ceiling[rows]
        heeded = np.zeros(len(values), dtype=np.int64)
        for row, place in enumerate(rows.tolist()):
            past = values[row, start[row] :]
            found = find_precedents(past)
            if not len(found.at):
                continue
            count = round(self._settings.paths * len(found.at) / (len(found.at) + 1))
            speed = known.growth * np.exp(_JITTER * self._pace[:count])
            told = replay(past, found, self._offset[:count], speed, paths.shape[2])
            paths[place, :count] = np.clip(told + added[row], floor[row], ceiling[row])
            heeded[row] = count
            if len(past) - found.begun >= self._settings.minimum_cells:
                begun[row] = start[row] + found.begun
        age = values.shape[1] - begun
        level = smooth_level(values, begun, np.maximum(4, age // 8))
        window = np.maximum(np.round(self._window * (age[:, None] - 1)), 4).astype(np.int64)
        window = np.minimum(window, age[:, None] - 1)
        offset = np.floor(self._offset * window).astype(np.int64)
        pace = np.exp(self._pace * _pace_spread(level, begun)[:, None])
        stop = self._stop * trend_age(level, begun)[:, None]
        held = np.clip(np.floor(stop), 0, paths.shape[2]).astype(np.int64)
        walk(
            level, values - level, window, offset, pace, held, heeded, known.growth, added, floor,
            ceiling, rows, paths,
        )  # fmt: skip


def _within(quantiles: FloatArray, known: Known, rows: IntArray) -> FloatArray:
    """Holds what was rounded to the paths' precision between floor and ceiling."""
    floor = -np.inf if known.floor is None else known.floor[rows, None, None]
    ceiling = np.inf if known.ceiling is None else known.ceiling[rows, None, None]
    return np.asarray(np.clip(quantiles, floor, ceiling))


def cut_calm(values: FloatArray, start: IntArray, settings: TrendSettings) -> IntArray:
    """Returns where each history begins once a calm before the present trend is cut off.

    A calm that is longer than the trend and had hardly moved says nothing of the pace of what
    moves now. Where it had moved (the teeth of a saw, a rise that was undone) it is a precedent,
    and stays.
    """
    width = values.shape[1]
    level = smooth_level(values, start, np.maximum(4, (width - start) // 24))
    age = trend_age(level, start)
    begun = np.maximum(start, width - np.maximum(np.ceil(1.1 * age), settings.minimum_cells))
    begun = begun.astype(np.int64)
    cells = np.arange(width)
    before = (cells >= start[:, None]) & (cells < begun[:, None])
    high = np.where(before, level, -np.inf).max(axis=1)
    low = np.where(before, level, np.inf).min(axis=1)
    moved = np.where(before.any(axis=1), high - low, np.inf)
    whole = np.where(cells >= start[:, None], level, np.nan)
    way = np.nanmax(whole, axis=1) - np.nanmin(whole, axis=1)
    sudden = 2 * (width - begun) <= width - start
    return np.where(sudden & (moved < _CALM * way), begun, start)


def trend_age(level: FloatArray, start: IntArray) -> FloatArray:
    """Returns for how many cells the present trend has been going.

    That is the time since the level had done a tenth of its way from its far side to where it
    is now, extended by that tenth; the whole history for a straight line.
    """
    width = level.shape[1]
    now = level[:, -1:]
    real = np.arange(width) >= start[:, None]
    lowest = np.where(real, level, np.inf).min(axis=1, keepdims=True)
    highest = np.where(real, level, -np.inf).max(axis=1, keepdims=True)
    rising = now - lowest >= highest - now
    far = np.where(rising, lowest, highest)
    done = np.where(rising, level - far, far - level)
    early = real & (done <= 0.1 * np.abs(now - far))
    since = early[:, ::-1].argmax(axis=1)
    return np.asarray(np.clip(since / 0.9, 1.0, width - start))


def _pace_spread(level: FloatArray, start: IntArray) -> FloatArray:
    """Returns the standard deviation of the logarithm of the future pace over the past's.

    Measured on the history itself: how the pace differs between its eighths, bounded so that
    it is never certain and never absurd.
    """
    width = level.shape[1]
    age = width - start
    cut = start[:, None] + np.round(np.linspace(0, 1, 9) * (age[:, None] - 1)).astype(np.int64)
    pace = np.diff(np.take_along_axis(level, cut, axis=1), axis=1)
    mean = np.abs(pace.mean(axis=1))
    spread = pace.std(axis=1)
    ratio = np.divide(spread, mean, out=np.full(len(level), np.inf), where=mean > 0)
    return np.asarray(np.clip(ratio / 2, 0.12, 0.35))


def _normal_quantile(probability: FloatArray) -> NDArray[np.float64]:
    from statistics import NormalDist

    return np.array([NormalDist().inv_cdf(float(p)) for p in probability])


PLUGIN: Final = Plugin(
    "Replays the series' own growth, pauses and drops; a trend may stop at any time",
    TrendSettings,
    Trend,
    stability=Stability.BETA,
    tags=("fleet", "paths"),
)
