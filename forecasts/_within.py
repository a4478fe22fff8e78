"""What is known of the future, laid on what a method says of it."""

import numpy as np

from aiops.domain.forecast import Known
from aiops.domain.series import FloatArray, IntArray


def within(values: FloatArray, known: Known, rows: int | IntArray) -> FloatArray:
    """Adds what will be added at once, then keeps the values between their physical bounds.

    Args:
        values: ``(horizon, …)`` of one row, or ``(n_rows, …)`` of several.
        rows: The row, or ``(n_rows,)`` the rows, in the arrays of ``known``.
    """

    def of(column: FloatArray) -> FloatArray:
        lacking = values.ndim - np.ndim(rows)
        return np.asarray(column[rows]).reshape(np.shape(rows) + (1,) * lacking)

    if known.added is not None:
        values = values + of(known.added)
    if known.floor is not None:
        values = np.maximum(values, of(known.floor))
    if known.ceiling is not None:
        values = np.minimum(values, of(known.ceiling))
    return np.asarray(values)
