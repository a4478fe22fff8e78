"""STL and MSTL: what a decomposition of the last four weeks leaves over.

Hourly means of 28 days are decomposed each day: by day and week once there are two weeks, by day
before. The season of the last days, hour by hour of the local week, is what is usual; the level
follows the values slowly, and what is left is measured in its own scale.

Source: Cleveland et al., "STL: A Seasonal-Trend Decomposition Procedure Based on Loess", Journal
of Official Statistics 6, 1990; Bandara et al., "MSTL", arXiv 2107.13462; statsmodels' versions,
robust to outliers.
"""

from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Final

import numpy as np
from numba import njit
from numpy.typing import NDArray

from aiops.contracts.detector import DetectorScope
from aiops.contracts.plugin import NoSettings, Plugin
from aiops.domain.abstention import Abstention
from aiops.domain.anomaly import Scores
from aiops.domain.panel import Panel
from aiops.domain.series import FloatArray, IntArray
from aiops.domain.state import State
from detectors._streaming import HIGHEST, LARGEST, least_scale, limited, pace, surprise

VERSION: Final = "stl-1"
_DAY: Final = 24
_WEEK: Final = 168
_PAST: Final = 28 * _DAY
_LEAST: Final = 2 * _DAY
"""Hours before the first decomposition: two days, and up to one more by the series' id."""
_HOUR_NS: Final = 3600 * 10**9
_CELLS: Final = 288.0
_NUMBERS: Final = 7
"""Level, scale, cells since the first fit, least and greatest residual, sum and count of the
hour that is being filled."""
_NEVER: Final = -(2**62)


@dataclass(frozen=True, slots=True)
class Stl:
    """Scores a fleet; one unit is one series."""

    scope: DetectorScope = DetectorScope.SERIES
    version: str = VERSION

    def start(self, n_units: int) -> State:
        """Returns the state of series that have seen nothing."""
        return State(
            self.version,
            {
                "past": np.full((n_units, _PAST), np.nan),
                "part": np.zeros((n_units, _PAST), np.int16),
                "hour": np.full(n_units, _NEVER, np.int64),
                "begun": np.full(n_units, _NEVER, np.int64),
                "fitted": np.full(n_units, _NEVER, np.int64),
                "usual": np.zeros((n_units, _WEEK)),
                "numbers": np.zeros((n_units, _NUMBERS)),
            },
        )

    def update(self, state: State, panel: Panel) -> tuple[State, Scores]:
        """Scores the new cells and returns the state after them."""
        arrays = {name: array.copy() for name, array in state.arrays.items()}
        good = panel.usable & (np.abs(panel.values) < LARGEST)
        values = np.where(np.abs(panel.values) < 1.0 / LARGEST, 0.0, panel.values)
        score, expected = np.full(values.shape, np.nan), np.full(values.shape, np.nan)
        hours = panel.times // _HOUR_NS
        edges = np.flatnonzero(np.diff(hours) != 0) + 1
        for begin, end in pairwise([0, *edges.tolist(), len(hours)]):
            if begin == end:
                continue
            hour, cut = int(hours[begin]), slice(begin, end)
            part = _parts(panel, begin)
            self._close(arrays, hour, panel.series)
            fresh = arrays["hour"] < hour
            arrays["hour"][fresh] = hour
            arrays["begun"][arrays["begun"] == _NEVER] = hour
            arrays["part"][np.arange(len(values)), arrays["hour"] % _PAST] = part
            _LOOP(
                values[:, cut], good[:, cut], arrays["numbers"], arrays["usual"], part,
                arrays["fitted"] != _NEVER, score[:, cut], expected[:, cut],
            )  # fmt: skip
        reason = np.where(np.isnan(panel.values), Abstention.MISSING, Abstention.BAD_DATA)
        reason = np.where(good, Abstention.NONE, reason)
        reason = np.where(good & np.isnan(score), Abstention.WARMING_UP, reason).astype(np.uint8)
        return State(self.version, arrays), Scores(score, score, reason, expected)

    def _close(self, arrays: dict[str, NDArray[Any]], hour: int, series: IntArray) -> None:
        """Writes the means of hours that have ended, and decomposes once a day."""
        numbers = arrays["numbers"]
        for row in np.flatnonzero((arrays["hour"] < hour) & (arrays["hour"] != _NEVER)):
            last, past = int(arrays["hour"][row]), arrays["past"][row]
            full = numbers[row, 6] > 0
            past[last % _PAST] = numbers[row, 5] / numbers[row, 6] if full else np.nan
            numbers[row, 5:] = 0.0
            for missing in range(max(last + 1, hour - _PAST), hour):
                past[missing % _PAST] = np.nan
            begun = max(int(arrays["begun"][row]), hour - _PAST)
            # Series of one age take turns, so that no hour is crowded.
            if hour - begun < _LEAST + series[row] % _DAY or hour - arrays["fitted"][row] < _DAY:
                continue
            at = np.arange(begun, hour) % _PAST
            known = np.isfinite(past[at])
            if known.sum() < _LEAST:
                continue
            filled = np.interp(np.arange(len(at)), np.flatnonzero(known), past[at][known])
            arrays["usual"][row] = _season(filled, arrays["part"][row, at])
            arrays["fitted"][row] = hour


def _parts(panel: Panel, at: int) -> NDArray[np.int64]:
    """Returns the hour of the local week of each row at a cell."""
    if panel.calendar is None:
        hour = int(panel.times[at] // _HOUR_NS) % _WEEK
        return np.full(len(panel.series), hour, np.int64)
    phase = panel.calendar.week_phase[panel.calendar.zone, at] // 3600
    return np.asarray(phase, np.int64)


def _season(hours: FloatArray, part: NDArray[np.int16]) -> FloatArray:
    """Returns the seasonal value of each hour of the week, the newest of each.

    Args:
        hours: ``(n,)`` hourly means without a gap.
        part: ``(n,)`` hour of the local week of each.
    """
    from statsmodels.tsa.seasonal import MSTL, STL

    unit = float(np.ptp(hours)) or 1.0
    scaled = (hours - hours.mean()) / unit
    if len(hours) > 2 * _WEEK:
        # Trend and low pass at every twelfth hour, straight between: 25 times cheaper, and apart
        # from the exact season by no more than the noise.
        options = {"robust": True, "outer_iter": 4, "trend_jump": 12, "low_pass_jump": 12}
        fitted = MSTL(scaled, periods=(_DAY, _WEEK), stl_kwargs=options).fit()
        season = np.asarray(fitted.seasonal).sum(axis=1)
    else:
        season = np.asarray(STL(scaled, period=_DAY, robust=True).fit().seasonal)
    usual = np.full(_WEEK, np.nan)
    by_day = np.zeros(_DAY)
    by_day[part % _DAY] = season
    usual[:] = by_day[np.arange(_WEEK) % _DAY]
    if len(hours) > 2 * _WEEK:
        usual[part] = season
    return usual * unit


def _run(
    values: Any, good: Any, numbers: Any, usual: Any, part: Any, fitted: Any,
    score: Any, expected: Any,
) -> None:  # fmt: skip
    for row in range(values.shape[0]):
        mine = numbers[row]
        for t in range(values.shape[1]):
            if not good[row, t]:
                continue
            value = values[row, t]
            mine[5] += value
            mine[6] += 1.0
            if not fitted[row]:
                continue
            season, now = usual[row, part[row]], mine[2]
            if now == 0:
                mine[0] = value - season
            rest = value - season - mine[0]
            least = least_scale(mine[3:5], rest, now)
            expected[row, t] = mine[0] + season
            if now >= _DAY:
                score[row, t] = min(surprise(rest, max(mine[1], least)), HIGHEST)
            held = limited(rest, mine[1], now)
            mine[0] += pace(now, _CELLS) * held
            mine[1] += pace(now, 4.0 * _CELLS) * (1.25 * abs(held) - mine[1])
            mine[2] = now + 1.0


_LOOP: Final = njit(cache=True, nogil=True, error_model="numpy")(_run)


def _create(settings: NoSettings) -> Stl:
    del settings
    import statsmodels.tsa.seasonal  # noqa: F401 - that it is missing is told here

    return Stl()


PLUGIN: Final = Plugin(
    summary="STL/MSTL residual: what day and week of the last four weeks leave over (statsmodels).",
    settings=NoSettings,
    create=_create,
)
