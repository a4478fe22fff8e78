"""How far an asset's metrics have left the ways they moved together in a reference period.

The metrics are standardised and their main directions found on the first cells; what a cell
has outside of those directions is its residual energy. The reference grows until it holds
``CELLS`` cells, or until :func:`freeze`, and stands still afterwards: a fault that lasts does
not become the norm.

Source: squared prediction error of principal components (Jackson and Mudholkar,
Technometrics 21, 1979); 90 % of the variance is kept.
"""

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from aiops.domain.series import FloatArray
from aiops.domain.state import State

VERSION: Final = "reference-1"
CHUNK: Final = 64
"""The model changes only after whole chunks, so that scores do not depend on the calls."""
CELLS: Final = 315 * CHUNK
"""Two weeks of minutes."""
_KEEP: Final = 0.9
_FAR: Final = 50.0
"""Standardised values are cut here."""
_OUTLIER: Final = 10.0
"""While the reference grows, cells farther off than this are drawn in to it."""
_LEAST: Final = 0.01
"""Part of the range that is added to a standard deviation: metrics that hardly ever moved."""


def start(width: int) -> State:
    """Returns the state of one asset with ``width`` metrics."""
    return State(
        VERSION,
        {
            "cells": np.zeros(1, np.int64),
            "fitted": np.zeros(1, np.int64),
            "frozen": np.zeros(1, np.uint8),
            "anchor": np.zeros((1, width)),
            "total": np.zeros((1, width)),
            "squares": np.zeros((1, width, width)),
            "low": np.full((1, width), np.inf),
            "high": np.full((1, width), -np.inf),
            "centre": np.zeros((1, width)),
            "scale": np.ones((1, width)),
            "main": np.zeros((1, width, width)),
            "waiting": np.zeros((1, CHUNK, width)),
            "waits": np.zeros(1, np.int64),
        },
    )


def freeze(state: State) -> State:
    """Returns the state with what was seen so far as its reference; too few cells go on."""
    arrays = {name: array.copy() for name, array in state.arrays.items()}
    if arrays["cells"][0] >= 2 * CHUNK:
        _fit(arrays)
        arrays["frozen"][0] = 1
    return State(VERSION, arrays)


def update(state: State, values: FloatArray) -> tuple[State, FloatArray, FloatArray]:
    """Returns the state after ``(n_metrics, n_times)`` values, their energy and deviations.

    The energy ``(n_times,)`` is NaN until two chunks have been seen; the deviations
    ``(n_metrics, n_times)`` are absolute standardised values, 0 until then.
    """
    arrays = {name: array.copy() for name, array in state.arrays.items()}
    rows = np.where(np.isfinite(values), values, np.nan).T
    energy = np.full(len(rows), np.nan)
    deviations = np.zeros(values.shape)
    at = 0
    while at < len(rows):
        if arrays["frozen"][0]:
            end = len(rows)
        else:
            end = min(len(rows), at + CHUNK - int(arrays["waits"][0]))
        part = rows[at:end]
        if arrays["fitted"][0]:
            far = _standardise(part, arrays)
            rest = far - (far @ arrays["main"][0]) @ arrays["main"][0].T
            energy[at:end] = (rest**2).mean(axis=1)
            deviations[:, at:end] = np.abs(far).T
        if not arrays["frozen"][0]:
            _collect(part, arrays)
        at = end
    return State(VERSION, arrays), energy, deviations


def _standardise(rows: FloatArray, arrays: dict[str, NDArray[Any]]) -> FloatArray:
    far = (rows - arrays["centre"][0]) / arrays["scale"][0]
    clipped: FloatArray = np.clip(np.where(np.isnan(far), 0.0, far), -_FAR, _FAR)
    return clipped


def _collect(rows: FloatArray, arrays: dict[str, NDArray[Any]]) -> None:
    waits = int(arrays["waits"][0])
    arrays["waiting"][0, waits : waits + len(rows)] = rows
    arrays["waits"][0] = waits + len(rows)
    if waits + len(rows) < CHUNK:
        return
    arrays["waits"][0] = 0
    chunk = arrays["waiting"][0].copy()
    known = arrays["cells"][0]
    centre, scale = arrays["centre"][0], arrays["scale"][0]
    if arrays["fitted"][0]:
        chunk = np.clip(chunk, centre - _OUTLIER * scale, centre + _OUTLIER * scale)
    if not known:
        # Sums are taken around it: squares of large values would lose all their digits.
        arrays["anchor"][0] = _means(chunk)
    offset = np.where(
        np.isnan(chunk), arrays["total"][0] / max(known, 1), chunk - arrays["anchor"][0]
    )
    arrays["cells"][0] = known + CHUNK
    arrays["total"][0] += offset.sum(axis=0)
    arrays["squares"][0] += offset.T @ offset
    arrays["low"][0] = np.minimum(arrays["low"][0], offset.min(axis=0))
    arrays["high"][0] = np.maximum(arrays["high"][0], offset.max(axis=0))
    seen = int(arrays["cells"][0])
    # A fit costs as much as thousands of cells: at every tenth part more of the reference.
    if seen >= 2 * CHUNK and seen >= 1.1 * arrays["fitted"][0]:
        _fit(arrays)
    if seen >= CELLS:
        arrays["frozen"][0] = 1


def _means(chunk: FloatArray) -> FloatArray:
    known = np.isfinite(chunk)
    means: FloatArray = np.where(known, chunk, 0.0).sum(axis=0) / np.maximum(known.sum(axis=0), 1)
    return means


def _fit(arrays: dict[str, NDArray[Any]]) -> None:
    seen = float(arrays["cells"][0])
    mean = arrays["total"][0] / seen
    covariance = arrays["squares"][0] / seen - np.outer(mean, mean)
    span = arrays["high"][0] - arrays["low"][0]
    scale = np.sqrt(np.maximum(np.diag(covariance), 0.0))
    scale = scale + _LEAST * np.where(span > 0, span, 1.0)
    energies, directions = np.linalg.eigh(covariance / np.outer(scale, scale))
    energies, directions = np.maximum(energies[::-1], 0.0), directions[:, ::-1]
    total = energies.sum()
    main = np.zeros_like(directions)
    if total > 0:
        kept = int(np.searchsorted(np.cumsum(energies) / total, _KEEP)) + 1
        main[:, :kept] = directions[:, :kept]
    arrays["centre"][0] = arrays["anchor"][0] + mean
    arrays["scale"][0] = scale
    arrays["main"][0] = main
    arrays["fitted"][0] = seen
