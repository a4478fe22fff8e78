"""The memory of a detector or forecaster, as plain arrays."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from aiops.domain.series import IntArray


@dataclass(frozen=True, slots=True)
class State:
    """Named arrays whose axis 0 is the unit (series, asset or group).

    The core selects, joins, permutes and drops units without knowing the method.

    Attributes:
        version: Name and version of the method that wrote it; another version starts anew.
        arrays: Name to array, all of the same length.
    """

    version: str
    arrays: Mapping[str, NDArray[Any]]

    def __len__(self) -> int:
        return next((len(array) for array in self.arrays.values()), 0)

    def take(self, units: IntArray) -> Self:
        """Returns the given units, in the given order."""
        return type(self)(self.version, {name: a[units] for name, a in self.arrays.items()})

    @classmethod
    def join(cls, states: Sequence[Self]) -> Self:
        """Puts the units of several states of one version after one another."""
        versions = {state.version for state in states}
        if len(versions) != 1:
            msg = f"states of different versions cannot be joined: {sorted(versions)}"
            raise ValueError(msg)
        names = states[0].arrays.keys()
        joined = {name: np.concatenate([s.arrays[name] for s in states]) for name in names}
        return cls(states[0].version, joined)
