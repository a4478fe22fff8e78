"""Histories of units that live and fail: rows of sensors in order of time."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from aiops.domain.series import FloatArray, IntArray


@dataclass(frozen=True, slots=True)
class Lives:
    """Units one after another, each in order of its own time.

    Attributes:
        units: Names.
        cuts: ``(n_units + 1,)`` first row of each unit, and the number of rows.
        time: ``(n_rows,)``.
        values: ``(n_rows, n_sensors)``; NaN where a sensor was silent.
        censored: ``(n_units,)`` whether the unit had not failed at its last row.
    """

    units: tuple[str, ...]
    cuts: IntArray
    time: FloatArray
    values: FloatArray
    sensors: tuple[str, ...]
    censored: NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.units)

    def rows(self) -> Iterator[slice]:
        """Yields the rows of each unit."""
        for first, end in zip(self.cuts[:-1].tolist(), self.cuts[1:].tolist(), strict=True):
            yield slice(first, end)

    @property
    def unit_of_row(self) -> IntArray:
        """``(n_rows,)`` position of each row's unit."""
        return np.repeat(np.arange(len(self)), np.diff(self.cuts))

    def take(self, units: IntArray) -> Self:
        """Returns the given units, in the given order."""
        slices = [slice(int(self.cuts[u]), int(self.cuts[u + 1])) for u in units.tolist()]
        lengths = [part.stop - part.start for part in slices]
        rows = np.concatenate([np.arange(s.start, s.stop) for s in slices] or [np.empty(0, int)])
        return type(self)(
            tuple(self.units[u] for u in units.tolist()),
            np.cumsum([0, *lengths]).astype(np.int64),
            self.time[rows],
            self.values[rows],
            self.sensors,
            self.censored[units],
        )
