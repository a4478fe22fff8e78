"""Collectors: where samples come from."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final, Protocol, runtime_checkable

from aiops.domain.asset import Asset, Edge
from aiops.domain.identity import Identity, Link
from aiops.domain.metric import Limit, Metric
from aiops.domain.series import Batch

RECORDED: Final = "recorded"
"""Tag of a source that is all history: without a cursor it is read from its beginning."""
Cursor = Mapping[str, str]
"""What a collector wants to remember between two calls; stored after its batch is durable."""


@dataclass(frozen=True, slots=True)
class Inventory:
    """What a source knows of itself: things, measures, limits, dependencies, identifiers.

    Attributes:
        identities: By what its assets are known to other sources too.
        links: Dependencies on what it knows by an identifier only.
        whole: Whether nothing is missing: all the source has was read. A dependency that it told
            before and does not tell any more is then gone.
    """

    assets: tuple[Asset, ...] = ()
    metrics: tuple[Metric, ...] = ()
    limits: tuple[Limit, ...] = ()
    edges: tuple[Edge, ...] = ()
    identities: tuple[Identity, ...] = ()
    links: tuple[Link, ...] = ()
    whole: bool = False


@dataclass(frozen=True, slots=True)
class Collection:
    """One answer of a source.

    Attributes:
        batch: Samples, none of them invented.
        cursor: To be passed to the next call.
        dropped: Reason to count of what was not usable (``parse``, ``non_finite`` …).
    """

    batch: Batch
    cursor: Cursor = field(default_factory=dict)
    dropped: Mapping[str, int] = field(default_factory=dict)


@runtime_checkable
class Collector(Protocol):
    """A source that is pulled.

    Lifecycle: created once from its settings (checks them, never connects); ``collect`` is
    called every ``interval``, never twice at once for one instance, and must end by the
    deadline; ``close`` may be called in any state. Several instances live side by side, so
    nothing mutable stands at module level.
    """

    def collect(self, cursor: Cursor, until: datetime, deadline: timedelta) -> Collection:
        """Reads what is new since the cursor, up to ``until``.

        Raises:
            Unreachable: The source did not answer, or not as what it should be.
        """
        ...

    def discover(self) -> Inventory:
        """Returns assets, metrics, limits and edges as of the last collection.

        Called after each ``collect``; returns the *same object* while nothing changed.
        """
        ...

    def close(self) -> None:
        """Releases what it holds; never raises."""
        ...


class Sink(Protocol):
    """Where a push receiver puts what it got."""

    def accept(self, batch: Batch, inventory: Inventory, source: str) -> Mapping[str, int]:
        """Makes the batch durable, then returns; a returned call is an acknowledgement.

        Returns:
            Reason to count of samples that were refused.

        Raises:
            Unavailable: Not durable now; the sender must try again.
        """
        ...
