"""Boosted: one set of trees for all series of a panel, on lags, differences and time of day.

How it works: every past cell of every series is a lesson: what the value was so many cells later,
in units of the series' own spread, told from the lags before it. One model answers every step
(the step is a feature), so a fleet of like series teaches each of its members. The newest lessons
are held back; errors on them become the bands and error paths.

When it works: fleets of like series with a daily shape. When it does not: a single short series
(too few lessons), trends that leave the range seen so far: trees do not extrapolate, so lessons
are told relative to the last value.

Source: LightGBM (Ke et al., 2017), as a global model (Januschowski et al., 2020); bands as in
split conformal prediction (Vovk et al., 2005).
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np

from aiops.contracts.errors import NotEnoughHistory
from aiops.contracts.plugin import Plugin
from aiops.domain.forecast import Forecast, Known
from aiops.domain.panel import Panel
from aiops.domain.series import FloatArray, IntArray
from aiops.domain.state import State
from forecasts._bands import make_bands
from forecasts._history import read_history
from forecasts._origins import fill_errors, future_of, past_origins
from forecasts._season import season_lengths
from forecasts._within import within

_LAGS: Final = (0, 1, 2, 3, 4, 6, 8, 12)
_MEANS: Final = (4, 12, 48)
_FIRST: Final = 16
"""The first lesson has seen so many cells: all lags."""

_HELD_BACK: Final = 12
"""Origins whose future is not learnt from but makes the bands."""

_TREES: Final[dict[str, Any]] = {
    "objective": "l1",
    "learning_rate": 0.08,
    "num_leaves": 31,
    "min_data_in_leaf": 20,
    "lambda_l2": 1.0,
    "max_bin": 127,
    "verbose": -1,
    "num_threads": 1,
    "deterministic": True,
    "force_row_wise": True,
}


@dataclass(frozen=True, slots=True)
class BoostedSettings:
    """What may be set of the boosted trees."""

    lessons: int = field(default=60_000, metadata={"help": "Most lessons to learn from."})
    rounds: int = field(default=120, metadata={"help": "Trees."})
    minimum_cells: int = field(
        default=48, metadata={"help": "Fewer samples are too short a history."}
    )


@dataclass(frozen=True, slots=True)
class _Rows:
    """Complete histories in units of their own spread.

    Attributes:
        seasons: Their lengths in cells, those that fit.
        held: Origins that are not learnt from, the newest first.
    """

    values: FloatArray
    start: IntArray
    seasons: tuple[int, ...]
    horizon: int
    held: Sequence[int]

    def describe(self, origin: int, steps: IntArray) -> FloatArray:
        """Returns ``(n, n_steps, n_features)`` of what is known before the cell ``origin``."""
        n = len(self.values)
        past = self.values[:, :origin]
        last = past[:, -1:]
        lags = [past[:, -1 - lag : origin - lag] - last for lag in _LAGS[1:]]
        means = [past[:, -k:].mean(axis=1, keepdims=True) - last for k in _MEANS]
        known = np.concatenate([last, *lags, *means], axis=1)
        columns = [np.broadcast_to(known[:, None], (n, len(steps), known.shape[1]))]
        columns.append(np.broadcast_to(steps[None, :, None].astype(float), (n, len(steps), 1)))
        for season in self.seasons:
            # The newest whole seasons that lie before the origin, at the step's own phase.
            back = -(-steps // season) * season
            for more in (0, season):
                at = origin - 1 + steps - back - more
                told = np.where(at >= 0, past[:, np.maximum(at, 0)], np.nan)
                columns.append((told - last)[:, :, None])
            phase = np.broadcast_to(((origin + steps) % season)[None, :, None], (n, len(steps), 1))
            columns.append(phase.astype(float))
        return np.concatenate(columns, axis=2)


class Boosted:
    """Forecasts a fleet by one set of trees; see the module's text."""

    version = "boosted/1"
    cost = 30.0

    def __init__(self, settings: BoostedSettings) -> None:
        import lightgbm as lgb

        self._settings = settings
        self._lgb = lgb

    def update(self, model: State | None, panel: Panel) -> State:
        """Learns nothing beforehand: each forecast learns from the panel's own past."""
        del model
        return State(self.version, {"unit": np.arange(len(panel.series))})

    def forecast(
        self, model: State, panel: Panel, horizon: int, levels: FloatArray, known: Known
    ) -> Forecast:
        """Returns quantiles and error paths around what the trees tell.

        Raises:
            NotEnoughHistory: No row has enough good cells.
        """
        del model
        history = read_history(panel, self._settings.minimum_cells)
        rows = np.flatnonzero(history.reason == 0)
        if not len(rows):
            raise NotEnoughHistory(
                f"none of {len(panel.series)} series has {self._settings.minimum_cells} good "
                "cells that change; wait for more samples"
            )
        # Sums of trees depend on the order of lessons; answers must not on that of the rows.
        rows = rows[np.lexsort(history.values[rows].T[::-1])]
        values = history.values[rows]
        middle = np.median(values, axis=1, keepdims=True)
        spread = np.maximum(values.std(axis=1, keepdims=True), 1e-12)
        width = values.shape[1]
        seasons = () if panel.ordinal else tuple(season_lengths(panel.step, width))
        held = [o for o in past_origins(width, horizon, _HELD_BACK, seasons) if o >= width // 2]
        if not held or held[-1] <= 2 * _FIRST:
            raise NotEnoughHistory(
                f"{width} cells are too few to learn {horizon} steps ahead; wait for more samples"
            )
        scaled = _Rows((values - middle) / spread, history.start[rows], seasons, horizon, held)
        centre, errors = self._learn(scaled)
        centre, errors = middle + centre * spread, errors * spread[:, :, None]
        bands, widening = make_bands(errors)
        future = centre[:, None, :] + errors * widening[:, None, None]
        n = len(panel.series)
        quantiles = np.full((n, horizon, len(levels)), np.nan)
        quantiles[rows] = within(centre[:, :, None] + bands.at(levels), known, rows)
        paths = np.full((n, future.shape[1], horizon), np.nan, dtype=np.float32)
        paths[rows] = within(future, known, rows)
        end = int(panel.times[-1]) + panel.step_ns
        return Forecast(
            panel.series, end, panel.step, levels, quantiles, history.reason, "boosted",
            self.version, paths,
        )  # fmt: skip

    def _learn(self, rows: _Rows) -> tuple[FloatArray, FloatArray]:
        """Returns the centre ``(n, horizon)`` and errors ``(n, n_origins, horizon)``."""
        n, width = rows.values.shape
        every = np.arange(1, rows.horizon + 1)
        oldest = rows.held[-1]
        # Lessons are thinned to few steps of each origin before they are thinned in time.
        origins = np.arange(_FIRST, oldest)
        origins = origins[:: max(1, -(-n * len(origins) // self._settings.lessons))]
        few = int(np.clip(self._settings.lessons // (n * len(origins)), 1, rows.horizon))
        draws = np.random.default_rng(0)
        lessons, came = [], []
        for origin in origins.tolist():
            steps = np.sort(draws.choice(every, few, replace=False))
            steps = steps[origin - 1 + steps < oldest]
            fresh = rows.start <= origin - _FIRST // 2
            told = rows.describe(origin, steps)[fresh]
            truth = rows.values[:, origin - 1 + steps] - rows.values[:, origin - 1 : origin]
            lessons.append(told.reshape(-1, told.shape[2]))
            came.append(truth[fresh].reshape(-1))
        data = self._lgb.Dataset(np.concatenate(lessons), np.concatenate(came))
        trees = self._lgb.train(dict(_TREES), data, self._settings.rounds)

        def ask(origin: int) -> FloatArray:
            told = rows.describe(origin, every)
            said = np.asarray(trees.predict(told.reshape(-1, told.shape[2])))
            return np.asarray(rows.values[:, origin - 1 : origin] + said.reshape(n, -1))

        errors = [future_of(rows.values, o, rows.horizon) - ask(o) for o in rows.held]
        return ask(width), fill_errors(np.stack(errors, axis=1))


PLUGIN: Final = Plugin(
    "One set of trees for all series of a panel, on lags and time of day (LightGBM)",
    BoostedSettings,
    Boosted,
    tags=("fleet", "paths"),
)
