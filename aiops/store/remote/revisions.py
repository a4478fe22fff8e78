"""What of a batch is new, what is there already, and what replaces something.

For a store that never replaces: a changed value becomes a revision with a higher number.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from aiops.domain.series import FloatArray, IntArray
from aiops.store.grid import Columns

_NEVER: Final = np.iinfo(np.int64).min
_SAME: Final = 1e-9
"""Relative to the largest value of the series read: closer values are the same value, because
the server stores about twelve digits of each block's largest."""


class Known:
    """The time up to which each series is known to have samples; nothing lies behind it."""

    def __init__(self) -> None:
        self._last: IntArray = np.full(0, _NEVER, np.int64)

    def doubtful(self, ids: IntArray, times: IntArray) -> IntArray:
        """Returns those series of which something may be stored at these times already."""
        self._grow(ids)
        last = self._last[ids]
        return np.unique(ids[(last == _NEVER) | (times <= last)])

    def has_unknown(self, ids: IntArray) -> bool:
        """Whether of one of these nothing is known yet."""
        return bool((self._last[ids] == _NEVER).any())

    def learn(self, ids: IntArray, stored: tuple[Columns, IntArray], start: int) -> None:
        """Takes note of what was read of these series from ``start`` on."""
        columns = stored[0]
        last = np.full(len(ids), start - 1, np.int64)
        np.maximum.at(last, columns.rows, columns.times)
        self._last[ids] = np.maximum(self._last[ids], last)

    def note(self, ids: IntArray, times: IntArray) -> None:
        """Takes note of what was written."""
        np.maximum.at(self._last, ids, times)

    def _grow(self, ids: IntArray) -> None:
        more = int(ids.max()) + 1 - len(self._last)
        if more > 0:
            more = max(more, len(self._last))
            self._last = np.concatenate([self._last, np.full(more, _NEVER, np.int64)])


def plan(
    columns: Columns, ids: IntArray, stored: tuple[Columns, IntArray]
) -> tuple[NDArray[np.bool_], IntArray]:
    """Returns which samples are to be written, and the revision of each.

    Args:
        columns: Of the batch, its rows being ids.
        ids: Sorted and distinct; what may be stored of them was read.
        stored: Columns with rows counted in ``ids``, and the revision of each.

    >>> batch = Columns(np.array([7, 7]), np.array([1, 2]), np.array([5.0, 6.0]))
    >>> held = Columns(np.array([0]), np.array([2]), np.array([4.0])), np.array([0])
    >>> [each.tolist() for each in plan(batch, np.array([7]), held)]
    [[True, True], [0, 1]]
    """
    there, revisions = stored
    write = np.ones(len(columns.rows), bool)
    revision = np.zeros(len(columns.rows), np.int64)
    if not len(there.rows):
        return write, revision
    order = {
        key: at
        for at, key in enumerate(zip(ids[there.rows].tolist(), there.times.tolist(), strict=True))
    }
    scale = _scales(there, len(ids))
    keys = zip(columns.rows.tolist(), columns.times.tolist(), strict=True)
    for at, key in enumerate(keys):
        held = order.get(key)
        if held is None:
            continue
        difference = abs(columns.values[at] - there.values[held])
        largest = max(scale[there.rows[held]], abs(columns.values[at]))
        write[at] = difference > _SAME * largest
        revision[at] = revisions[held] + 1 if write[at] else 0
    return write, revision


def _scales(columns: Columns, count: int) -> FloatArray:
    scale = np.zeros(count)
    np.maximum.at(scale, columns.rows, np.abs(columns.values))
    return scale
