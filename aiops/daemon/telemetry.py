"""The service's own metrics, in the Prometheus text format."""

from collections.abc import Mapping
from typing import Any, Final

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

_FORWARD: Final = {
    "waiting": "Samples on disk that the centre does not have yet",
    "dropped": "Samples dropped because they waited too long or were too many",
    "sent": "Samples the centre has taken since the start",
    "reachable": "1 when the centre answers",
    "clock_offset_seconds": "The centre's clock minus this one",
}


class Telemetry:
    """Counters of what was done, dropped and withheld; one registry an installation."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        make = self.registry
        self.samples = Counter("aiops_samples", "Samples made durable", ["source"], registry=make)
        self.dropped = Counter(
            "aiops_samples_dropped", "Samples not let in", ["source", "reason"], registry=make
        )
        self.collections = Counter(
            "aiops_collections", "Collections", ["source", "result"], registry=make
        )
        self.windows = Counter(
            "aiops_windows", "Analysed windows", ["analysis", "state"], registry=make
        )
        self.decisions = Counter(
            "aiops_decisions", "Decisions by action and reason", ["action", "reason"], registry=make
        )
        self.messages = Counter(
            "aiops_messages", "Outbox attempts", ["destination", "state"], registry=make
        )
        self.stage_seconds = Histogram(
            "aiops_stage_seconds",
            "Time a stage took",
            ["stage"],
            buckets=(0.001, 0.005, 0.02, 0.1, 0.5, 2, 10, 60),
            registry=make,
        )
        self.stage_errors = Counter(
            "aiops_stage_errors", "Rounds of a stage that failed", ["stage"], registry=make
        )
        self.open_incidents = Gauge(
            "aiops_open_incidents", "Incidents that are open", ["kind"], registry=make
        )
        self.ready = Gauge("aiops_ready", "1 when the service does its work", registry=make)
        self.leader = Gauge("aiops_leader", "1 when this daemon leads", registry=make)
        self.reload_ok = Gauge(
            "aiops_config_last_reload_success", "1 when the last reload took", registry=make
        )
        self.last_analysis = Gauge(
            "aiops_last_analysis_timestamp_seconds", "End of the last analysis", registry=make
        )
        self._forwards: dict[str, Gauge] = {}
        self.reload_ok.set(1)

    def count_drops(self, source: str, dropped: Mapping[str, int]) -> None:
        """Counts what was not let in, by reason."""
        for reason, count in dropped.items():
            self.dropped.labels(source, reason).inc(count)

    def show_forward(self, status: Mapping[str, Any]) -> None:
        """Shows how the way to the centre is; of an edge agent only."""
        for name, value in (
            ("waiting", status["waiting"]),
            ("dropped", status["dropped"]),
            ("sent", status["sent"]),
            ("reachable", float(status["reachable"])),
            ("clock_offset_seconds", status["clock_offset_seconds"]),
        ):
            if value is not None:
                self._forward(name).set(value)

    def _forward(self, name: str) -> Gauge:
        if name not in self._forwards:
            self._forwards[name] = Gauge(
                f"aiops_forward_{name}", _FORWARD[name], registry=self.registry
            )
        return self._forwards[name]

    def text(self) -> str:
        """Returns the exposition."""
        return generate_latest(self.registry).decode()
