"""How long a silence ends a problem: read off the intervals between alerts.

Intervals inside a problem and between problems differ by orders of magnitude; the boundary is
the widest empty stretch of their logarithms. Where there is none, a mixture of exponential
laws decides; where one law is enough, alerts come independently and only coincidences join.
"""

from typing import Final

import numpy as np

from aiops.domain.series import FloatArray

_FEWEST: Final = 8
"""Intervals below which nothing can be learned."""
_MANY: Final = 30
"""Intervals below which laws cannot be told apart: without an empty stretch all is one problem."""
_ABOVE: Final = 3
"""Intervals that must lie above the stretch: one long silence is no law."""
_WIDE: Final = float(np.log(2.5))
"""Width that is not there by chance: the top spacings of n exponential intervals are of the
order 1 / (3 · ln n) on a log scale."""
_LAWS: Final = 4
_BINS: Final = 200
_COINCIDENCE: Final = 0.05
"""Chance that two independent alerts lie within the gap."""


def learn_gap(intervals: FloatArray) -> float:
    """Returns the longest silence inside one problem, in the unit of the intervals.

    Args:
        intervals: Time since the last related alert, for each alert that has one.

    >>> round(learn_gap(np.array([1.0] * 50 + [10000.0] * 5)), 6)
    100.0
    """
    found = np.sort(intervals[np.isfinite(intervals) & (intervals > 0)])
    if len(found) < _FEWEST:
        return float(found.max()) * 2 if len(found) else 0.0
    logs = np.log(found)
    top = np.searchsorted(logs, np.median(logs))
    steps = np.diff(logs[top : len(logs) - _ABOVE + 1])
    if len(steps) and steps.max() >= _WIDE:
        # The last of the widest: a silence between problems is longer than all inside one.
        place = top + int(np.flatnonzero(steps >= steps.max() * (1 - 1e-9))[-1])
        return float(np.exp((logs[place] + logs[place + 1]) / 2))
    return _by_mixture(found) if len(found) >= _MANY else float(found.max()) * 2


def _by_mixture(found: FloatArray) -> float:
    """Exponential laws by expectation maximisation, as many as the Bayesian criterion wants.

    The slowest law is the silence between problems, the others are inside them: a storm of a
    thousand alerts a second beside ordinary problems needs a law of its own.
    """
    edges = np.histogram_bin_edges(np.log(found), bins=_BINS)
    count, _ = np.histogram(np.log(found), bins=edges)
    middle = np.exp((edges[1:] + edges[:-1]) / 2)[count > 0]
    weight = count[count > 0].astype(np.float64)
    best = _fit(middle, weight, 1)
    for laws in range(2, _LAWS + 1):
        other = _fit(middle, weight, laws)
        if other[0] - best[0] <= np.log(len(found)):
            break
        best = other
    _, means, shares = best
    if len(means) == 1 or means[-1] < 5 * means[-2]:
        return float(found.mean() * _COINCIDENCE)
    grid = np.geomspace(means[0], means[-1] * 3, 2000)
    density = np.log(shares) - np.log(means) - grid[:, None] / means
    inside = np.flatnonzero(np.logaddexp.reduce(density[:, :-1], axis=1) > density[:, -1])
    return float(grid[inside[-1]]) if len(inside) else float(found.mean() * _COINCIDENCE)


def _fit(middle: FloatArray, weight: FloatArray, laws: int) -> tuple[float, FloatArray, FloatArray]:
    """Returns log likelihood, means ascending, and shares of a mixture over a histogram."""
    means = np.geomspace(middle[0], middle[-1], 2 * laws + 1)[1::2]
    shares = np.full(laws, 1 / laws)
    likelihood = -np.inf
    for _ in range(300):
        density = np.log(shares) - np.log(means) - middle[:, None] / means
        total = np.logaddexp.reduce(density, axis=1)
        previous, likelihood = likelihood, float((weight * total).sum())
        if likelihood - previous < 1e-7 * weight.sum():
            break
        belongs = np.exp(density - total[:, None]) * weight[:, None]
        mass = np.maximum(belongs.sum(axis=0), 1e-9)
        means = np.maximum((belongs * middle[:, None]).sum(axis=0) / mass, middle[0] / 10)
        shares = mass / mass.sum()
    order = np.argsort(means)
    return likelihood, means[order], shares[order]
