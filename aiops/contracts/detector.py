"""Detectors: panel in, scores out, state beside."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from aiops.domain.anomaly import Scores
from aiops.domain.panel import Panel
from aiops.domain.series import IntArray
from aiops.domain.state import State


class DetectorScope(StrEnum):
    """What one unit of a detector's state is."""

    SERIES = "series"
    ASSET = "asset"
    PEERS = "peers"


@runtime_checkable
class Detector(Protocol):
    """Scores whole fleets, causally.

    Promises: each cell is consumed once, in time order; the scores of a prefix are the
    prefix of the scores, however the cells are cut into calls; work is proportional to the
    new cells; a higher score is stranger; NaN only with a reason. ``start`` and ``update``
    are pure: they change none of their arguments and read no clock.
    """

    scope: DetectorScope
    version: str

    def start(self, n_units: int) -> State:
        """Returns the state of units that have seen nothing."""
        ...

    def update(self, state: State, panel: Panel) -> tuple[State, Scores]:
        """Scores the new cells and returns the state after them."""
        ...


@runtime_checkable
class Explains(Protocol):
    """A detector that can say what its scores are made of; any may, none must."""

    def parts(self, state: State, panel: Panel) -> Mapping[str, NDArray[np.float64]]:
        """Returns words to ``(n_units, n_times)`` parts, whose sum is the score of each cell."""
        ...


@runtime_checkable
class Costly(Protocol):
    """A detector that fits models as it goes; rows due for a fit may be sent to the executor."""

    def cost(self, state: State, panel: Panel) -> NDArray[np.float64]:
        """Returns ``(n_units,)`` CPU milliseconds of the fits that fall due in these cells."""
        ...


@runtime_checkable
class Heeds(Protocol):
    """A detector that heeds what people said of its alerts; any may, none must."""

    def heed(
        self, state: State, rows: IntArray, starts: IntArray, right: NDArray[np.bool_]
    ) -> State:
        """Returns the state after verdicts.

        Args:
            rows: ``(n,)`` unit whose event was judged; one may be there more than once.
            starts: ``(n,)`` ns at which the event began.
            right: ``(n,)`` whether something was wrong indeed.
        """
        ...
