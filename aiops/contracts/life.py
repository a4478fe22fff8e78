"""Life models: histories of units in, remaining life out."""

from collections.abc import Sequence
from typing import Protocol, runtime_checkable

from aiops.domain.forecast import Life
from aiops.domain.lives import Lives


@runtime_checkable
class LifeModel(Protocol):
    """Answers how long units will live, after it has been fitted to units that failed.

    Promises: ``0 ≤ p10 ≤ p50 ≤ p90`` in the unit of the histories' time; a unit is answered
    from its own rows alone; equal input gives equal output.
    """

    version: str

    def predict(self, lives: Lives) -> Sequence[Life]:
        """Returns one answer for each unit, counted from the unit's last row."""
        ...
