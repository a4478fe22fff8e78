"""Cause rankers: which entity an incident started from."""

from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from aiops.contracts.correlator import Alerts, Topology
from aiops.domain.series import FloatArray, IntArray


@dataclass(frozen=True, slots=True)
class Cause:
    """One candidate.

    Attributes:
        entity: Index into the topology's names.
        score: Higher is likelier; comparable within one incident only.
        reason: One sentence with the evidence.
    """

    entity: int
    score: float
    reason: str


@dataclass(frozen=True, slots=True)
class Measures:
    """Metrics of many entities around a fault, as columns of samples.

    Attributes:
        times: ``(n,)`` int64, ns or plain steps.
        entities: ``(n,)`` index into the topology's names.
        metrics: ``(n,)`` index into ``metric_names``.
        values: ``(n,)``; NaN where missing.
    """

    times: IntArray
    entities: IntArray
    metrics: IntArray
    values: FloatArray
    metric_names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class MetricCause:
    """One ranked entity with the metric that says most."""

    entity: int
    metric: int
    score: float
    reason: str


@runtime_checkable
class CauseRanker(Protocol):
    """Ranks causes from alerts or from metrics; each call stands alone."""

    def rank_alerts(
        self, alerts: Alerts, incident: IntArray, topology: Topology, signal_names: tuple[str, ...]
    ) -> list[list[Cause]]:
        """Returns causes per incident, best first; an incident sees only what came before it."""
        ...

    def rank_metrics(
        self, measures: Measures, topology: Topology, at: int | None
    ) -> tuple[int, list[MetricCause]]:
        """Returns the onset (given or found) and every entity once, best first."""
        ...
