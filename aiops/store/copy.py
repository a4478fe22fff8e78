"""Copies samples from one store to another, a day at a time, and reads them back.

A day is done when the target holds what the source holds: the same count, the same checksum
over series and times, and the same values (to nine digits, because a target may round).
"""

import hashlib
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np

from aiops.contracts.errors import StoreError
from aiops.contracts.store import SeriesStore
from aiops.domain.instant import from_ns
from aiops.domain.series import IntArray, Samples
from aiops.domain.step import DAY
from aiops.store.grid import MS
from aiops.store.remote.remote_store import RemoteStore

SLICE: Final = 500
_DIGITS: Final = 1e-9
_TRIES: Final = 10


@dataclass(frozen=True, slots=True)
class CopiedDay:
    """One day that was copied and verified.

    Attributes:
        checksum: SHA-256 over ids of the source and times in ms, the same on both sides.
        exact: Whether every value came back bit for bit.
    """

    day: int
    samples: int
    checksum: str
    exact: bool

    @property
    def date(self) -> str:
        """The UTC day as text."""
        return f"{from_ns(self.day * DAY):%Y-%m-%d}"


def days_of(source: SeriesStore, ids: IntArray) -> range:
    """Returns the days that hold samples, oldest first."""
    first, (last, _) = source.earliest(ids), source.latest(ids)
    known = last != 0
    if not known.any():
        return range(0)
    return range(int(first[known].min()) // DAY, int(last[known].max()) // DAY + 1)


def copy_days(
    source: SeriesStore,
    target: SeriesStore,
    ids: IntArray,
    target_ids: IntArray,
    days: range,
    is_done: Callable[[int], bool],
) -> Iterator[CopiedDay]:
    """Copies every day that is not done yet; each is verified when it is yielded.

    Args:
        ids: Sorted and distinct, of the source.
        target_ids: ``(len(ids),)`` the same series in the target.

    Raises:
        StoreError: A store does not answer, or the target does not hold what was copied.
    """
    for day in days:
        if is_done(day):
            continue
        digest, count, exact = hashlib.sha256(), 0, True
        for at in range(0, len(ids), SLICE):
            part = slice(at, at + SLICE)
            found = source.samples(ids[part], day * DAY, (day + 1) * DAY)
            if not len(found):
                continue
            rows = np.searchsorted(ids[part], found.ids)
            target.append(Samples(target_ids[part][rows], found.times, found.values))
            exact &= _verify(target, ids[part], target_ids[part], found, day)
            digest.update(found.ids.astype("<i8").tobytes())
            digest.update((found.times // MS).astype("<i8").tobytes())
            count += len(found)
        yield CopiedDay(day, count, digest.hexdigest()[:16], exact)


def _verify(
    target: SeriesStore, ids: IntArray, target_ids: IntArray, wanted: Samples, day: int
) -> bool:
    """Reads one part of a day back; returns whether the values are exactly the same."""
    read = _read_back(target, target_ids, day, len(wanted))
    order = np.argsort(target_ids)
    back = ids[order][np.searchsorted(target_ids[order], read.ids)]
    by_key = np.lexsort((read.times, back))
    back, times, values = back[by_key], read.times[by_key] // MS, read.values[by_key]
    date = f"{from_ns(day * DAY):%Y-%m-%d}"
    if len(values) != len(wanted):
        raise StoreError(
            f"{date}: {len(wanted)} samples were copied, the target shows {len(values)}; "
            "nothing of this day counts as copied, run the command again"
        )
    if not (np.array_equal(back, wanted.ids) and np.array_equal(times, wanted.times // MS)):
        raise StoreError(f"{date}: the target shows other series or times than were copied")
    if np.array_equal(values, wanted.values):
        return True
    scale = np.zeros(len(ids))
    rows = np.searchsorted(ids, back)
    np.maximum.at(scale, rows, np.abs(wanted.values))
    if (np.abs(values - wanted.values) > _DIGITS * scale[rows]).any():
        raise StoreError(f"{date}: the target shows other values than were copied")
    return False


def _read_back(target: SeriesStore, ids: IntArray, day: int, count: int) -> Samples:
    """Reads what a target shows; a remote one is asked itself, not what was written to it."""
    start, end = day * DAY, (day + 1) * DAY
    if not isinstance(target, RemoteStore):
        return target.samples(ids, start, end)
    read = target.stored(ids, start, end)
    for _ in range(_TRIES):  # a server may take a second or two to show it
        if len(read) == count:
            break
        time.sleep(1.0)
        read = target.stored(ids, start, end)
    return read
