"""How far an asset's metrics have left the ways they moved together in a reference period.

The metrics are standardised and their main directions found on the first cells. The energy of a
cell is what it has outside of those directions and what it has along them, each in units of what
the reference itself has there: of metrics that move as one, a little is much. The reference
grows until it holds ``CELLS`` cells and follows slowly afterwards; after :func:`freeze` it stands
still.

An asset is a unit with ``width`` places for metrics, some of them empty. Work and memory are
bounded by the places; means and products are updated cell by cell, so that scores do not depend
on how cells are cut into calls.

Source: squared prediction error of principal components (Jackson and Mudholkar, Technometrics 21,
1979), combined with Hotelling's distance along them (Yue and Qin, Industrial & Engineering
Chemistry Research 40, 2001), 90 % of the variance kept; running products (Welford, Technometrics
4, 1962).
"""

from typing import Any, Final

import numpy as np
from numba import njit

from aiops.domain.series import FloatArray, IntArray
from aiops.domain.state import State

VERSION: Final = "reference-4"
FIRST: Final = 128
"""Cells before the first fit."""
CELLS: Final = 20_160
"""Two weeks of minutes."""
_AGAIN: Final = 64
"""A fit costs as much as thousands of cells: it is made anew after a tenth more cells, at least
these."""
_KEEP: Final = 0.9
_FAR: Final = 50.0
"""Standardised values are cut here."""
_OUTLIER: Final = 10.0
"""Cells farther off than this are drawn in before the reference learns from them."""
_LEAST: Final = 0.01
"""Part of the range that is added to a standard deviation: metrics that hardly ever moved."""
_QUIET: Final = 0.001
"""Least energy of a reference outside of its directions."""
_LARGEST: Final = 1e100
"""Squares of larger values are not finite."""


def start(n_units: int, width: int) -> State:
    """Returns the state of assets with ``width`` places each that have shown nothing."""
    return State(
        VERSION,
        {
            "cells": np.zeros(n_units, np.int64),
            "fitted": np.zeros(n_units, np.int64),
            "frozen": np.zeros(n_units, np.uint8),
            "kept": np.zeros(n_units, np.int32),
            "left": np.ones(n_units),
            "along": np.ones((n_units, width)),
            "seen": np.zeros((n_units, width)),
            "mean": np.zeros((n_units, width)),
            "low": np.full((n_units, width), np.inf),
            "high": np.full((n_units, width), -np.inf),
            "products": np.zeros((n_units, width, width)),
            "centre": np.zeros((n_units, width)),
            "scale": np.full((n_units, width), np.inf),
            "main": np.zeros((n_units, width, width), np.float32),
        },
    )


def freeze(state: State) -> State:
    """Returns the state with what was seen so far as its reference; too few cells go on."""
    arrays = {name: array.copy() for name, array in state.arrays.items()}
    for unit in np.flatnonzero(arrays["cells"] >= FIRST):
        _fit(unit, *(arrays[name] for name in _FITTED))
        arrays["frozen"][unit] = 1
    return State(VERSION, arrays)


def update(
    state: State, values: FloatArray, places: IntArray
) -> tuple[State, FloatArray, FloatArray]:
    """Returns the state after the cells, their energy and their deviations.

    Args:
        values: ``(n_series, n_times)``; what is not finite is missing.
        places: ``(n_units, width)`` row of the metric at each place, -1 where there is none.

    Returns:
        The energy ``(n_units, n_times)``, NaN until :data:`FIRST` cells have been seen, and the
        deviations ``(n_series, n_times)``: absolute standardised values, 0 until then.
    """
    arrays = {name: array.copy() for name, array in state.arrays.items()}
    energy = np.full((len(places), values.shape[1]), np.nan)
    deviations = np.zeros(values.shape)
    _run(values, places, arrays["frozen"], *(arrays[name] for name in _FITTED), energy, deviations)
    return State(VERSION, arrays), energy, deviations


_FITTED: Final = (
    "cells", "fitted", "kept", "left", "along",
    "seen", "mean", "low", "high", "products", "centre", "scale", "main",
)  # fmt: skip


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator] # numba has no types
def _fit(  # noqa: C901 - one compiled loop
    unit: int, cells: Any, fitted: Any, kept: Any, left: Any, sizes: Any,
    seen: Any, mean: Any, low: Any, high: Any, products: Any, centre: Any, scale: Any, main: Any,
) -> None:  # fmt: skip
    fitted[unit] = cells[unit]
    width = mean.shape[1]
    known = np.flatnonzero(seen[unit] > 1)
    n = len(known)
    part = np.zeros((n, n))
    for a in range(n):
        j = known[a]
        span = high[unit, j] - low[unit, j]
        spread = np.sqrt(products[unit, j, j] / seen[unit, j])
        scale[unit, j] = spread + _LEAST * (span if span > 0 else 1.0)
        centre[unit, j] = mean[unit, j]
    for a in range(n):
        for b in range(n):
            i, j = known[a], known[b]
            weight = np.sqrt(seen[unit, i] * seen[unit, j]) * scale[unit, i] * scale[unit, j]
            part[a, b] = products[unit, i, j] / weight
    for j in range(width):
        for k in range(width):
            main[unit, j, k] = 0.0
    kept[unit] = 0
    left[unit] = 1.0
    if n == 0:
        return
    energies, directions = np.linalg.eigh(part)
    total = 0.0
    for a in range(n):
        total += max(energies[a], 0.0)
    if total <= 0:
        return
    reached = 0.0
    for k in range(n):
        reached += max(energies[n - 1 - k], 0.0)
        for a in range(n):
            main[unit, k, known[a]] = directions[a, n - 1 - k]
        sizes[unit, k] = max(energies[n - 1 - k], _QUIET)
        kept[unit] = k + 1
        if reached >= _KEEP * total:
            break
    left[unit] = max((total - reached) / n, _QUIET)


def _follow(  # noqa: C901, PLR0912, PLR0915 - one compiled loop
    values: Any, places: Any, frozen: Any,
    cells: Any, fitted: Any, kept: Any, left: Any, sizes: Any,
    seen: Any, mean: Any, low: Any, high: Any, products: Any, centre: Any, scale: Any, main: Any,
    energy: Any, deviations: Any,
) -> None:  # fmt: skip
    units, width = places.shape
    far = np.zeros(width)
    rest = np.zeros(width)
    for unit in range(units):
        count = 0
        for j in range(width):
            if places[unit, j] >= 0:
                count = j + 1
        for t in range(values.shape[1]):
            present = 0
            for j in range(count):
                row = places[unit, j]
                value = values[row, t] if row >= 0 else np.nan
                far[j] = 0.0
                rest[j] = 0.0
                if abs(value) < _LARGEST:
                    present += 1
                    apart = (value - centre[unit, j]) / scale[unit, j]
                    far[j] = min(max(apart, -_FAR), _FAR)
                    rest[j] = far[j]
                    deviations[row, t] = abs(far[j])
            if not present:
                continue
            if fitted[unit]:
                inside = 0.0
                for k in range(kept[unit]):
                    along = 0.0
                    for j in range(count):
                        along += far[j] * main[unit, k, j]
                    inside += along * along / sizes[unit, k]
                    for j in range(count):
                        rest[j] -= along * main[unit, k, j]
                total = 0.0
                for j in range(count):
                    total += rest[j] * rest[j]
                energy[unit, t] = total / count / left[unit] + inside / max(kept[unit], 1)
            if frozen[unit]:
                continue
            keep = 1.0 - 1.0 / CELLS if cells[unit] >= CELLS else 1.0
            for j in range(count):
                row = places[unit, j]
                value = values[row, t] if row >= 0 else np.nan
                far[j] = 0.0
                if not abs(value) < _LARGEST:
                    continue
                if scale[unit, j] < np.inf:
                    reach = _OUTLIER * scale[unit, j]
                    value = min(max(value, centre[unit, j] - reach), centre[unit, j] + reach)
                known = min(seen[unit, j] + 1.0, float(CELLS))
                apart = value - mean[unit, j]
                if seen[unit, j] == 0:
                    apart = 0.0
                    mean[unit, j] = value
                seen[unit, j] = known
                mean[unit, j] += apart / known
                far[j] = apart * np.sqrt(1.0 - 1.0 / known)
                low[unit, j] = min(low[unit, j], value)
                high[unit, j] = max(high[unit, j], value)
            for i in range(count):
                for j in range(count):
                    products[unit, i, j] = keep * products[unit, i, j] + far[i] * far[j]
            cells[unit] += 1
            since = cells[unit] - fitted[unit]
            if cells[unit] >= FIRST and since >= max(_AGAIN, 0.1 * min(fitted[unit], CELLS)):
                _fit(
                    unit, cells, fitted, kept, left, sizes,
                    seen, mean, low, high, products, centre, scale, main,
                )  # fmt: skip


_run = njit(cache=True, nogil=True)(_follow)
