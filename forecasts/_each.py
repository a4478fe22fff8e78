"""Methods of libraries that know one series at a time, spread over the rows of a panel."""

import warnings
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from statistics import NormalDist
from typing import Final

import numpy as np

from aiops.contracts.errors import NotEnoughHistory
from aiops.domain.abstention import Abstention
from aiops.domain.forecast import Forecast, Known
from aiops.domain.panel import Panel
from aiops.domain.series import FloatArray
from aiops.domain.state import State
from forecasts._history import read_history
from forecasts._season import season_lengths
from forecasts._within import within

FUTURES: Final = 200
"""Paths of each row: a share of them is known to 0.035 at worst (binomial, one sigma)."""

SEED: Final = 0
"""Every row draws from the same generator, so that no row depends on its neighbours."""


@dataclass(frozen=True, slots=True)
class Past:
    """One row's history and what is asked of it.

    Attributes:
        values: ``(n_times,)`` without holes, from the first sample on.
        end: ns, start of the last cell.
        step: Width of a cell; 0 where columns are observations and not times.
        days_off: Weekends and holidays where the row stands, those ahead included.
    """

    values: FloatArray
    horizon: int
    levels: FloatArray
    end: int
    step: timedelta
    days_off: frozenset[date] = frozenset()

    def newest(self, cells: int, longest: int) -> tuple[FloatArray, int]:
        """Returns the newest cells, and the cells of a day if four days are there, else 0.

        Args:
            longest: A season with more cells than this counts as none.
        """
        recent = self.values[-cells:]
        lengths = season_lengths(self.step, len(recent) // 2)
        return recent, lengths[0] if lengths and lengths[0] <= longest else 0


@dataclass(frozen=True, slots=True)
class Future:
    """What a method says of one row.

    Attributes:
        quantiles: ``(horizon, n_levels)``.
        paths: ``(n_paths, horizon)`` equally likely futures.
    """

    quantiles: FloatArray
    paths: FloatArray


@dataclass(frozen=True, slots=True)
class EachRow:
    """A forecaster made of a method for one series.

    A row on which the library fails, or answers with something that is no number, abstains.

    Attributes:
        minimum: Fewer good cells than this are a short history.
        futures: Paths that ``fit`` gives.
    """

    name: str
    version: str
    cost: float
    fit: Callable[[Past], Future]
    minimum: int = 24
    futures: int = FUTURES

    def update(self, model: State | None, panel: Panel) -> State:
        """Learns nothing beforehand: each forecast fits anew."""
        del model
        return State(self.version, {"unit": np.arange(len(panel.series))})

    def forecast(
        self, model: State, panel: Panel, horizon: int, levels: FloatArray, known: Known
    ) -> Forecast:
        """Returns quantiles and paths, row by row.

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
        n = len(panel.series)
        quantiles = np.full((n, horizon, len(levels)), np.nan)
        paths = np.full((n, self.futures, horizon), np.nan, dtype=np.float32)
        reason = history.reason.copy()
        step = timedelta(0) if panel.ordinal else panel.step
        for row in rows.tolist():
            values = history.values[row, history.start[row] :]
            end, off = int(panel.times[-1]), _days_off(panel, row)
            told = self._ask(Past(values, horizon, levels, end, step, off))
            if told is None:
                reason[row] = Abstention.QUARANTINED
                continue
            quantiles[row] = within(np.sort(told.quantiles, axis=1), known, row)
            paths[row] = within(told.paths, known, row)
        end = int(panel.times[-1]) + panel.step_ns
        return Forecast(
            panel.series, end, panel.step, levels, quantiles, reason, self.name, self.version, paths
        )

    def _ask(self, past: Past) -> Future | None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            try:
                told = self.fit(past)
            except (ValueError, ArithmeticError, IndexError, np.linalg.LinAlgError):
                return None
        whole = np.isfinite(told.quantiles).all() and np.isfinite(told.paths).all()
        return told if whole else None


def _days_off(panel: Panel, row: int) -> frozenset[date]:
    calendar = panel.calendar
    if calendar is None or not calendar.dates:
        return frozenset()
    return calendar.dates[int(calendar.zone[row])]


def normal_quantiles(mean: FloatArray, deviation: FloatArray, levels: FloatArray) -> FloatArray:
    """Returns ``(horizon, n_levels)`` quantiles of normal laws."""
    score = np.array([NormalDist().inv_cdf(float(level)) for level in levels])
    return np.asarray(mean[:, None] + deviation[:, None] * score)
