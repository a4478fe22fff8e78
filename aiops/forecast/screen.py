"""The cheap first pass over a whole fleet: which rows may come near their limit at all."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from aiops.domain.abstention import Abstention
from aiops.domain.panel import Panel
from aiops.domain.series import FloatArray, IntArray
from aiops.forecast.limits import is_met
from aiops.forecast.scan import (
    COUNT,
    GROWTH,
    HIGH,
    LAST,
    LOW,
    START,
    STEEPEST,
    STRONGEST,
    SWING,
    VALUE,
    scan,
)

SIGNIFICANT: Final = 1.96
"""Two-sided 5 % point of the normal law: below it a rise may be chance (Mann, 1945)."""

_PACE_MARGIN: Final = 3.0
"""The fastest pace of the past, three times: what is still given to the path simulation."""


@dataclass(frozen=True, slots=True)
class Screen:
    """What the first pass says of each row.

    Attributes:
        reason: ``(n,)`` uint8 of :class:`Abstention`; 0 where an answer is due.
        near: ``(n,)`` whether the limit is within reach, so that paths are worth their cost.
        age: ``(n,)`` cells since the first sample.
        value: ``(n,)`` last good value.
        growth: ``(n,)`` pace of the last quarter of the history, unit per cell.
    """

    reason: NDArray[np.uint8]
    near: NDArray[np.bool_]
    age: IntArray
    value: FloatArray
    growth: FloatArray


def screen(
    panel: Panel, limits: FloatArray, up: NDArray[np.bool_], horizon: int, minimum: int = 24
) -> Screen:
    """Looks at every row once.

    Args:
        limits: ``(n,)`` NaN where there is none.
        up: ``(n,)`` whether the limit is met from below.
        horizon: Cells ahead.
        minimum: Fewer good cells are too short a history.
    """
    usable = panel.usable
    n, width = usable.shape
    sign = np.where(up, 1.0, -1.0)
    told = scan(panel.values, usable, limits, sign)
    count, last, value = told[COUNT], told[LAST], told[VALUE]
    start = told[START].astype(np.int64)
    seen = count > 0
    age = width - start
    ahead = np.minimum(horizon, age)
    margin = (limits - value) * sign
    reach = np.maximum(told[STEEPEST], 0.0) * _PACE_MARGIN * ahead + told[SWING]
    reason = np.zeros(n, dtype=np.uint8)
    reason[told[STRONGEST] < SIGNIFICANT] = Abstention.NO_TREND
    reason[is_met(value, limits, sign > 0)] = Abstention.ALREADY_OVER
    reason[(told[HIGH] <= told[LOW]) & (margin > 0)] = Abstention.CONSTANT
    reason[(count < 0.5 * age) | (width - 1 - last > age // 4)] = Abstention.GAPPY_HISTORY
    reason[count < minimum] = Abstention.SHORT_HISTORY
    reason[~seen] = Abstention.MISSING
    reason[~np.isfinite(limits)] = Abstention.NO_LIMIT
    near = (reason == Abstention.NONE) & (reach >= margin)
    return Screen(reason, near, age, value, told[GROWTH])
