"""Correlators: which alerts belong to one underlying problem, and what may have caused it."""

from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from aiops.domain.series import IntArray


@dataclass(frozen=True, slots=True)
class Alerts:
    """Events on entities, as columns; anomalies and crossings become these.

    Order does not matter. A repeated (time, entity, signal) counts once for every decision.

    Attributes:
        times: ``(n,)`` int64, ns or plain steps.
        entities: ``(n,)`` index into the topology's names.
        signals: ``(n,)`` index of what was seen; equal numbers mean the same kind of signal.
    """

    times: IntArray
    entities: IntArray
    signals: IntArray

    def __len__(self) -> int:
        return len(self.times)


@dataclass(frozen=True, slots=True)
class Topology:
    """Names and dependencies; cycles, loops on itself and repeated edges are allowed.

    Attributes:
        names: Entity names; those that only alert and stand in no edge are there too.
        source, target: ``(n_edges,)``: ``source`` depends on ``target``, or runs on it.
    """

    names: tuple[str, ...]
    source: IntArray
    target: IntArray


@dataclass(frozen=True, slots=True)
class Rhythm:
    """What was learned of when alerts come.

    Attributes:
        gap: Longest silence inside one problem, in the unit of the times.
        busy: Share of the time at which some problem is under way: when high, being at the
            same time says nothing.
    """

    gap: float
    busy: float


@dataclass(frozen=True, slots=True)
class Correlation:
    """The answer.

    Attributes:
        incident: ``(n,)`` number of each alert's incident, 0 … by first alert.
        provisional: Time from which on a late burst may still move alerts to a new incident;
            everything before is final.
    """

    incident: IntArray
    provisional: float


@runtime_checkable
class Correlator(Protocol):
    """Groups alerts.

    Promises: the groups of what is older than ``provisional`` do not change when later alerts
    are added; equal alerts share a group; every alert has exactly one; memory is linear.
    """

    def learn(self, alerts: Alerts, topology: Topology) -> Rhythm:
        """Returns the rhythm of a history."""
        ...

    def correlate(self, alerts: Alerts, topology: Topology, rhythm: Rhythm) -> Correlation:
        """Returns the groups."""
        ...
