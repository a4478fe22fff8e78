"""What stores behind a network have in common: reads in slices, and one error for all faults."""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta

import numpy as np
from numpy.typing import NDArray

from aiops.contracts.errors import AiopsError, Refused, StoreError, Unreachable
from aiops.domain.panel import Aggregation, Panel
from aiops.domain.series import IntArray, Samples
from aiops.store.batches import distinct, join
from aiops.store.grid import MS, Columns
from aiops.store.remote.cells import SLICE, build_panel


@contextmanager
def asking() -> Iterator[None]:
    """Turns what a request raises into the one error of stores; the cause tells them apart.

    Raises:
        StoreError: The server was not reached (``Unreachable``) or said no (``Refused``).
    """
    try:
        yield
    except (Unreachable, Refused) as error:
        raise StoreError(str(error)) from error


class RemoteHistory(ABC):
    """The reading half of a series store, over two questions that each server answers its way."""

    @abstractmethod
    def columns(self, ids: IntArray, start: int, end: int) -> Columns:
        """Returns the samples of ``[start, end)`` ns.

        Args:
            ids: Sorted and distinct, at most a slice of them; rows are counted in them.

        Raises:
            StoreError: They were not all read.
        """

    @abstractmethod
    def ping(self) -> None:
        """Sees whether it answers as it should.

        Raises:
            StoreError: It does not; the message says how.
        """

    @abstractmethod
    def about(self) -> dict[str, object]:
        """Returns what is known of it without asking."""

    def panel(
        self,
        ids: IntArray,
        start: int,
        end: int,
        step: timedelta,
        aggregation: Aggregation = Aggregation.LAST,
        counters: NDArray[np.bool_] | None = None,
    ) -> Panel:
        """Returns the grid of cells; see the contract."""
        return build_panel(self.columns, ids, start, end, step, aggregation, counters)

    def samples(self, ids: IntArray, start: int, end: int) -> Samples:
        """Returns the stored samples, ordered by id and time."""
        ids = distinct(ids)
        parts = []
        for at in range(0, len(ids), SLICE):
            found = self.columns(ids[at : at + SLICE], start, end)
            parts.append(Samples(ids[found.rows + at], found.times * MS, found.values))
        return join(parts)

    def rollup(self, start: int, end: int) -> int:
        """Writes nothing: aggregations are computed from the samples."""
        del start, end
        return 0

    def status(self) -> Mapping[str, object]:
        """Returns what is known of it, and whether it answers; never raises."""
        try:
            self.ping()
        except AiopsError as error:
            return {**self.about(), "reachable": False, "error": str(error)}
        return {**self.about(), "reachable": True}
