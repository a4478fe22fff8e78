"""Bands from past errors: pooled over neighbouring steps, widened until they hold.

Each past origin is checked against the band made of the others; the widening that would have
held is the series' own, drawn towards the fleet's where origins are few.

Source: split and jackknife conformal prediction (Vovk et al., 2005; Barber et al., 2021);
scores divided by the band's own width as in Romano et al. (2019).
"""

from dataclasses import dataclass
from typing import Final

import numpy as np

from aiops.domain.series import FloatArray, IntArray

_NEIGHBOURS: Final = 2
"""Errors of the two steps on either side are as good as the step's own."""

_SHRINK: Final = 8.0
"""Origins after which the series' own widening weighs as much as the fleet's."""

_PRIOR: Final = (1.25, 1.45)
"""Widening at 80 and 95 % where nothing can be checked: that of a dozen origins, by theory."""

_WIDEST: Final = 4.0
_GRID: Final = (0.01, 0.025, 0.05, 0.1, 0.15, *(x / 20 for x in range(4, 17)), 0.85, 0.9, 0.95)
_LEVELS: Final = np.array([*_GRID, 0.975, 0.99])


@dataclass(frozen=True, slots=True)
class Bands:
    """Offsets from the centre at the grid's levels.

    Attributes:
        offsets: ``(n, horizon, n_grid)`` ascending.
    """

    offsets: FloatArray

    def at(self, levels: FloatArray) -> FloatArray:
        """Returns ``(n, horizon, n_levels)`` offsets, interpolated in the normal scale."""
        grid, wanted = _normal(_LEVELS), _normal(np.asarray(levels))
        place = np.clip(np.searchsorted(grid, wanted), 1, len(grid) - 1)
        share = (wanted - grid[place - 1]) / (grid[place] - grid[place - 1])
        low, high = self.offsets[:, :, place - 1], self.offsets[:, :, place]
        return np.asarray(low + share * (high - low))


def make_bands(errors: FloatArray, guessed: int = 0) -> tuple[Bands, FloatArray]:
    """Returns bands, and the widening ``(n,)`` at 80 % that error paths need to agree with them.

    Args:
        errors: ``(n, n_origins, horizon)`` truth less forecast.
        guessed: How many of the last were never made, and can check nothing.
    """
    n = len(errors)
    made = errors[:, : errors.shape[1] - guessed]
    count = made.shape[1]
    offsets = _quantiles(errors)
    middle = offsets[:, :, _MIDDLE : _MIDDLE + 1]
    inner = np.full(n, _PRIOR[0])
    outer = np.full(n, _PRIOR[1])
    if count >= 3:
        scores = _scores_without_own(made)
        own = np.stack(
            [np.quantile(scores[k].reshape(n, -1), q, axis=1) for k, q in ((0, 0.8), (1, 0.95))]
        )
        own = np.clip(own, 0.5, _WIDEST)
        fleet = np.median(own, axis=1) if n >= 8 else np.array(_PRIOR)
        inner, outer = (count * own + _SHRINK * fleet[:, None]) / (count + _SHRINK)
    outer = np.maximum(outer, 0.9 * inner)
    # Between 80 and 95 % the widening goes over from the one to the other.
    far = np.clip((np.abs(_normal(_LEVELS)) - _Z80) / (_Z95 - _Z80), 0, 1)
    factor = inner[:, None] + far * (outer - inner)[:, None]
    wide = middle / 2 + (offsets - middle) * factor[:, None, :]
    return Bands(np.maximum.accumulate(wide, axis=2)), inner


def _quantiles(errors: FloatArray) -> FloatArray:
    pooled = _pool(errors)
    return np.asarray(np.moveaxis(np.quantile(pooled, _LEVELS, axis=2), 0, -1))


def _pool(errors: FloatArray) -> FloatArray:
    n, _, horizon = errors.shape
    around = np.arange(horizon)[:, None] + np.arange(-_NEIGHBOURS, _NEIGHBOURS + 1)
    near = errors[:, :, np.clip(around, 0, horizon - 1)]
    return np.asarray(np.moveaxis(near, 2, 1).reshape(n, horizon, -1))


def _scores_without_own(errors: FloatArray) -> FloatArray:
    """Returns ``(2, n, n_origins, horizon)`` errors over the 80 and 95 % band of the others."""
    count = errors.shape[1]
    scores = np.zeros((2, *errors.shape))
    tails = np.array([0.1, 0.9, 0.025, 0.975, 0.5])
    for origin in range(count):
        others: IntArray = np.delete(np.arange(count), origin)
        band = np.quantile(_pool(errors[:, others]), tails, axis=2)
        off = errors[:, origin] - band[4]
        for k in (0, 1):
            below, above = band[4] - band[2 * k], band[2 * k + 1] - band[4]
            scores[k, :, origin] = np.where(off > 0, off / (above + 1e-12), -off / (below + 1e-12))
    return np.minimum(scores, 1e6)


def _normal(levels: FloatArray) -> FloatArray:
    from statistics import NormalDist

    return np.array([NormalDist().inv_cdf(float(level)) for level in levels])


_MIDDLE: Final = int(np.flatnonzero(_LEVELS == 0.5)[0])
_Z80: Final = 1.2815515655446004
_Z95: Final = 1.959963984540054
