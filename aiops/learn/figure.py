"""One figure with its uncertainty, the number of cases, and the list behind it."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist
from typing import Any, Final

ENOUGH: Final = 30
"""Fewer cases say nothing yet (the promise of the value report)."""

_Z: Final = NormalDist().inv_cdf(0.975)


@dataclass(frozen=True, slots=True)
class Figure:
    """A measured value.

    Attributes:
        value: None when it is not measurable yet.
        low, high: Its 95 % interval, or the bounds the note explains.
        cases: Keys of the incidents behind it.
        note: What it rests on, in one English sentence.
    """

    name: str
    unit: str
    value: float | None
    low: float | None
    high: float | None
    cases: tuple[str, ...]
    note: str = ""
    of: str = ""

    @property
    def measurable(self) -> bool:
        """Whether there are enough cases."""
        return self.value is not None

    def plain(self) -> dict[str, Any]:
        """Returns it as plain JSON values."""
        return {
            "name": self.name,
            "of": self.of,
            "unit": self.unit,
            "value": self.value,
            "low": self.low,
            "high": self.high,
            "n": len(self.cases),
            "measurable": self.measurable,
            "note": self.note or ("" if self.measurable else not_yet(len(self.cases))),
            "cases": list(self.cases),
        }


def not_yet(count: int) -> str:
    """Returns the words for too few cases."""
    return f"not measurable yet: {count} of {ENOUGH} cases"


def share(good: int, whole: int) -> tuple[float, float, float]:
    """Returns a share with its 95 % interval.

    Source: E. B. Wilson, Probable inference, the law of succession, and statistical
    inference, JASA 22 (1927): the score interval.

    >>> [round(x, 3) for x in share(27, 30)]
    [0.9, 0.744, 0.965]
    """
    if whole == 0:
        return math.nan, 0.0, 1.0
    rate, square = good / whole, _Z * _Z
    middle = (rate + square / (2 * whole)) / (1 + square / whole)
    half = (
        _Z
        * math.sqrt(rate * (1 - rate) / whole + square / (4 * whole * whole))
        / (1 + square / whole)
    )
    return rate, max(0.0, middle - half), min(1.0, middle + half)


def median(values: Sequence[float]) -> tuple[float, float, float]:
    """Returns the median with its distribution-free 95 % interval.

    Source: order statistics and the binomial law (W. J. Conover, Practical Nonparametric
    Statistics, 3rd ed., section 3.2), in the normal approximation.

    >>> median([float(x) for x in range(1, 42)])
    (21.0, 15.0, 27.0)
    """
    ordered = sorted(values)
    count = len(ordered)
    middle = (ordered[(count - 1) // 2] + ordered[count // 2]) / 2
    half = _Z * math.sqrt(count) / 2
    low = max(0, math.floor(count / 2 - half))
    high = min(count - 1, math.ceil(count / 2 + half) - 1)
    return middle, ordered[low], ordered[high]
