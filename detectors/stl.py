"""STL and MSTL: what a decomposition of the last four weeks leaves over.

Hourly means of 28 days are decomposed each day: by day and week once there are two weeks, by day
before. The season of the last days, hour by hour of the local week, is what is usual; the level
follows the values slowly, and what is left is measured in its own scale.

Source: Cleveland et al., "STL: A Seasonal-Trend Decomposition Procedure Based on Loess", Journal
of Official Statistics 6, 1990; Bandara et al., "MSTL", arXiv 2107.13462; statsmodels' versions,
robust to outliers.
"""

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from aiops.contracts.plugin import NoSettings, Plugin
from aiops.domain.series import FloatArray
from detectors._hourly import DAY, WEEK, Hourly
from detectors._streaming import HIGHEST, compile_loop, least_scale, limited, pace, surprise

VERSION: Final = "stl-2"
_CELLS: Final = 288.0
_MILLISECONDS: Final = 25.0


def _season(past: FloatArray, part: NDArray[np.int16]) -> FloatArray:
    """Returns the seasonal value of each hour of the week, the newest of each.

    Args:
        past: ``(n,)`` hourly means.
        part: ``(n,)`` hour of the local week of each.
    """
    from statsmodels.tsa.seasonal import MSTL, STL

    known = np.flatnonzero(np.isfinite(past))
    hours = np.interp(np.arange(len(past)), known, past[known])
    unit = float(np.ptp(hours)) or 1.0
    scaled = (hours - hours.mean()) / unit
    if len(hours) > 2 * WEEK:
        # Trend and low pass at every twelfth hour, straight between: 25 times cheaper, and apart
        # from the exact season by no more than the noise.
        options = {"robust": True, "outer_iter": 4, "trend_jump": 12, "low_pass_jump": 12}
        fitted = MSTL(scaled, periods=(DAY, WEEK), stl_kwargs=options).fit()
        season = np.asarray(fitted.seasonal).sum(axis=1)
    else:
        season = np.asarray(STL(scaled, period=DAY, robust=True).fit().seasonal)
    usual = np.full(WEEK, np.nan)
    by_day = np.zeros(DAY)
    by_day[part % DAY] = season
    usual[:] = by_day[np.arange(WEEK) % DAY]
    if len(hours) > 2 * WEEK:
        usual[part] = season
    return (usual * unit)[None, :]


def _run(
    values: Any, good: Any, numbers: Any, usual: Any, part: Any, fitted: Any,
    score: Any, expected: Any,
) -> None:  # fmt: skip
    """Numbers: level, scale, cells since the first fit, least and greatest residual."""
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
            season, now = usual[row, 0, part[row]], mine[2]
            if now == 0:
                mine[0] = value - season
            rest = value - season - mine[0]
            least = least_scale(mine[3:5], rest, now)
            expected[row, t] = mine[0] + season
            if now >= DAY:
                score[row, t] = min(surprise(rest, max(mine[1], least)), HIGHEST)
            held = limited(rest, mine[1], now)
            mine[0] += pace(now, _CELLS) * held
            mine[1] += pace(now, 4.0 * _CELLS) * (1.25 * abs(held) - mine[1])
            mine[2] = now + 1.0


_LOOP: Final = compile_loop(_run)


def _create(settings: NoSettings) -> Hourly:
    del settings
    import statsmodels.tsa.seasonal  # noqa: F401 - that it is missing is told here

    return Hourly(VERSION, _season, _LOOP, 1, _MILLISECONDS)


PLUGIN: Final = Plugin(
    summary="STL/MSTL residual: what day and week of the last four weeks leave over (statsmodels).",
    settings=NoSettings,
    create=_create,
)
