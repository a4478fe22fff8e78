"""What an event looks like, told from its first cells and what the series did before."""

from math import isnan, sqrt
from typing import Final

from aiops.domain.anomaly import Shape

FACTS: Final = 16
"""Numbers kept of an open event: score, strength, value and expected at its strongest cell,
cells; then of its first cells: sum of signs, last value, how many had the value before them, how
many were at least half as far off as the strongest; sums of the distance, of its square and of
its product with the cell's number; least and greatest value, and least and greatest expected one,
of the cells before the event."""
LOOK: Final = 30
"""Cells from which the shape of an event is told."""
_ALIKE: Final = 0.7
"""Part of the cells that repeat the value before them from which a value is frozen."""
_FEW: Final = 3
"""Cells that a spike has at most."""
_LEANS: Final = 0.6
"""Part of the cells on one side from which an event has one."""
_SEASONAL: Final = 0.3
"""Part of the range of values that what is expected moves in, where there is a season."""
_CREEPS: Final = 0.85
"""Correlation of distance and time from which a value creeps away instead of having jumped."""


def shape_of(facts: list[float]) -> Shape:
    """Returns the shape of an event by its :data:`FACTS`."""
    _, _, value, _, cells, lean, _, same, far, total, squares, products, *before = facts
    low, high, least_usual, most_usual = before
    seen = min(cells, LOOK)
    if isnan(value):
        return Shape.MISSING
    if same > _ALIKE * seen:
        return Shape.FLAT
    if far <= _FEW:
        return Shape.SPIKE
    if abs(lean) <= _LEANS * seen:
        return Shape.VARIANCE
    if _creeps(seen, total, squares, products):
        return Shape.DRIFT
    if low <= value <= high and most_usual - least_usual > _SEASONAL * (high - low):
        return Shape.SEASON
    return Shape.SHIFT


def _creeps(cells: float, total: float, squares: float, products: float) -> bool:
    """Whether the distance grows with time; ``products`` are with 0, 1 … cells - 1."""
    mean = (cells - 1) / 2
    in_time = sqrt(max((cells * cells - 1) / 12, 0.0))
    spread = sqrt(max(squares / cells - (total / cells) ** 2, 0.0))
    if spread <= 0 or in_time <= 0:
        return False
    together = (products / cells - mean * total / cells) / (spread * in_time)
    return together * (1 if total >= 0 else -1) > _CREEPS
