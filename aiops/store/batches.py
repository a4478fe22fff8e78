"""Batches of samples joined, cut and laid over one another."""

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from aiops.contracts.errors import StoreError
from aiops.domain.series import IntArray, Samples
from aiops.domain.step import DAY
from aiops.store.grid import MS, Columns

_DAY_BITS: Final = 27
"""A day has fewer than 2**27 milliseconds."""


def nothing() -> Samples:
    """Returns an empty batch."""
    return Samples(np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0))


def distinct(ids: IntArray) -> IntArray:
    """Returns each id once, sorted: ids are dense, so that counting beats sorting.

    >>> distinct(np.array([7, 3, 7])).tolist()
    [3, 7]
    """
    ids = np.asarray(ids, np.int64)
    if not len(ids) or int(ids.min()) < 0 or int(ids.max()) > 16 * len(ids):
        return np.unique(ids)
    return np.flatnonzero(np.bincount(ids))


def check_finite(samples: Samples) -> None:
    """Refuses values that no store can keep.

    Raises:
        StoreError: A value is NaN or infinite.
    """
    if not np.isfinite(samples.values).all():
        raise StoreError("a value is not finite; the data-quality gate drops such samples")


def arranged(samples: Samples) -> Columns:
    """Returns a batch by id and ms, each time once; rows are ids.

    Raises:
        StoreError: A value is NaN or infinite.
    """
    check_finite(samples)
    ids = np.asarray(samples.ids, np.int64)
    times = np.asarray(samples.times, np.int64) // MS
    return Columns.arrange(ids, times, np.asarray(samples.values, np.float64))


def key(samples: Samples, day: int) -> IntArray:
    """Returns one number for id and ms of the day, in the order of both."""
    return np.asarray((samples.ids << _DAY_BITS) + (samples.times - day * DAY) // MS)


def is_replaced(batch: Samples) -> NDArray[np.bool_]:
    """Which samples a later one of the same batch replaces."""
    order = np.lexsort((batch.times // MS, batch.ids))
    ids, times = batch.ids[order], batch.times[order] // MS
    replaced = np.zeros(len(batch), bool)
    replaced[order[:-1]] = (ids[1:] == ids[:-1]) & (times[1:] == times[:-1])
    return replaced


def take(samples: Samples, mask: NDArray[np.bool_] | IntArray) -> Samples:
    """Returns the chosen samples."""
    return Samples(samples.ids[mask], samples.times[mask], samples.values[mask])


def join(parts: Sequence[Samples]) -> Samples:
    """Returns the batches one after the other."""
    if not parts:
        return nothing()
    if len(parts) == 1:
        return parts[0]
    return Samples(
        np.concatenate([part.ids for part in parts]),
        np.concatenate([part.times for part in parts]),
        np.concatenate([part.values for part in parts]),
    )


def lay_over(below: Samples, above: Samples, ids: IntArray, start: int, end: int) -> Samples:
    """Lays samples over others; of equal times the upper one stays."""
    mine = np.isin(above.ids, ids) & (above.times >= start) & (above.times < end)
    if not mine.any():
        return below
    both = join([below, take(above, mine)])
    columns = Columns.arrange(both.ids, both.times // MS, both.values)
    return Samples(columns.rows.astype(np.int64), columns.times * MS, columns.values)
