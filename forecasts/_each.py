"""Methods of libraries that know one series at a time, spread over the rows of a panel."""

import warnings
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from aiops.contracts.errors import NotEnoughHistory
from aiops.domain.abstention import Abstention
from aiops.domain.forecast import Forecast, Known
from aiops.domain.panel import Panel
from aiops.domain.series import FloatArray
from aiops.domain.state import State
from forecasts._history import read_history

FitOne = Callable[[FloatArray, int, FloatArray, Panel, int], FloatArray]
"""``fit(values, horizon, levels, panel, row)`` returns ``(horizon, n_levels)`` quantiles."""


@dataclass(frozen=True, slots=True)
class EachRow:
    """A forecaster made of a method for one series.

    A row on which the library fails, or answers with something that is no number, abstains.
    """

    name: str
    version: str
    cost: float
    fit: FitOne
    minimum: int = 24

    def update(self, model: State | None, panel: Panel) -> State:
        """Learns nothing beforehand: each forecast fits anew."""
        del model
        return State(self.version, {"unit": np.arange(len(panel.series))})

    def forecast(
        self, model: State, panel: Panel, horizon: int, levels: FloatArray, known: Known
    ) -> Forecast:
        """Returns quantiles, row by row.

        Raises:
            NotEnoughHistory: No row has enough good cells.
        """
        del model
        history = read_history(panel, self.minimum)
        rows = np.flatnonzero(history.reason == 0)
        if not len(rows):
            raise NotEnoughHistory(
                f"none of {len(panel.series)} series has {self.minimum} good cells that change"
            )
        quantiles = np.full((len(panel.series), horizon, len(levels)), np.nan)
        reason = history.reason.copy()
        for row in rows.tolist():
            values = history.values[row, history.start[row] :]
            told = self._ask(values, horizon, levels, panel, row)
            if told is None:
                reason[row] = Abstention.QUARANTINED
                continue
            quantiles[row] = _within(np.sort(told, axis=1), known, row)
        end = int(panel.times[-1]) + panel.step_ns
        return Forecast(
            panel.series, end, panel.step, levels, quantiles, reason, self.name, self.version
        )

    def _ask(
        self, values: FloatArray, horizon: int, levels: FloatArray, panel: Panel, row: int
    ) -> FloatArray | None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            try:
                told = self.fit(values, horizon, levels, panel, row)
            except (ValueError, ArithmeticError, IndexError, np.linalg.LinAlgError):
                return None
        return told if np.isfinite(told).all() else None


def normal_quantiles(mean: FloatArray, deviation: FloatArray, levels: FloatArray) -> FloatArray:
    """Returns ``(horizon, n_levels)`` quantiles of normal laws."""
    from statistics import NormalDist

    score = np.array([NormalDist().inv_cdf(float(level)) for level in levels])
    return np.asarray(mean[:, None] + deviation[:, None] * score)


def _within(quantiles: FloatArray, known: Known, row: int) -> FloatArray:
    if known.added is not None:
        quantiles = quantiles + known.added[row]
    if known.floor is not None:
        quantiles = np.maximum(quantiles, known.floor[row])
    if known.ceiling is not None:
        quantiles = np.minimum(quantiles, known.ceiling[row])
    return np.asarray(quantiles)
