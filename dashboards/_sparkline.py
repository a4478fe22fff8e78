"""The mini-line of the risk board: points of an inline SVG, no library, no style."""

from collections.abc import Sequence
from math import isfinite

WIDTH, HEIGHT = 120, 28
_LEAST_SPAN = 0.1
"""The line's height stands for at least this share of the largest value: noise is no slope."""


def sparkline(values: Sequence[float]) -> list[str]:
    """Returns the lines of the known values as SVG points; a gap starts a new line.

    >>> sparkline([0.0, 1.0])
    ['0.0,26.0 120.0,2.0']
    >>> sparkline([1.0, float("nan"), 2.0, 3.0])
    ['80.0,14.0 120.0,2.0']
    >>> sparkline([30.0, 30.03])
    ['0.0,14.1 120.0,13.9']
    """
    known = [value for value in values if isfinite(value)]
    if len(known) < 2:
        return []
    low, high = min(known), max(known)
    middle = (low + high) / 2
    span = max(high - low, _LEAST_SPAN * max(abs(low), abs(high)))
    x_step = WIDTH / (len(values) - 1)
    lines: list[list[str]] = [[]]
    for i, value in enumerate(values):
        if not isfinite(value):
            lines.append([])
            continue
        share = (value - middle) / span + 0.5 if span else 0.5
        lines[-1].append(f"{i * x_step:.1f},{HEIGHT - 2 - share * (HEIGHT - 4):.1f}")
    return [" ".join(line) for line in lines if len(line) > 1]
