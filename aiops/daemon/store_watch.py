"""Watches the way to a series store behind a network: tells of changes once, and counts."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any, Final

import structlog
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from aiops.contracts.ledger import Ledger
from aiops.contracts.store import SeriesStore
from aiops.domain.event import DATA_LOSS, SELF, Failure
from aiops.store.spooled import SpooledStore

TOLD: Final = "data loss told"
"""Name of the ledger's note that keeps how many lost samples an incident was opened for."""

_GAUGES: Final = (
    ("aiops_store_down_seconds", "down_seconds", "How long the series store has been away"),
    ("aiops_spool_samples", "spool_samples", "Samples that wait for the series store"),
    ("aiops_spool_bytes", "spool_bytes", "What they take on disk"),
    ("aiops_spool_set_aside", "spool_set_aside", "Samples that the series store refuses for good"),
)
_COUNTERS: Final = (
    ("aiops_store_samples_sent", "samples_sent", "Samples sent to the series store"),
    ("aiops_store_samples_confirmed", "samples_confirmed", "Samples that it has shown"),
    ("aiops_store_samples_sent_again", "samples_sent_again", "Samples taken, and not shown"),
    (
        "aiops_samples_conflict",
        "revisions_written",
        "Samples with another value for a time that a store which overwrites nothing holds",
    ),
)


class StoreWatch(Collector):
    """Knows nothing of a store that has no spool in front: it is on this host."""

    def __init__(self, store: SeriesStore, ledger: Ledger) -> None:
        self._store = store if isinstance(store, SpooledStore) else None
        self._ledger = ledger
        self._was_down = False
        self._lossy = False

    def collect(self) -> Iterator[Metric]:
        """Gives the figures for ``/metrics``."""
        if self._store is None:
            return
        status = self._store.status()
        up = GaugeMetricFamily(
            "aiops_store_up", "1 when the series store answers", labels=["engine"]
        )
        up.add_metric([str(status.get("engine", ""))], float(bool(status["reachable"])))
        yield up
        for name, key, words in _GAUGES:
            yield GaugeMetricFamily(name, words, _number(status.get(key)))
        for name, key, words in _COUNTERS:
            yield CounterMetricFamily(name, words, _number(status.get(key)))
        lost = CounterMetricFamily(
            "aiops_samples_lost", "Samples that never came to the series store", labels=["reason"]
        )
        for reason, count in sorted(_counts(status).items()):
            lost.add_metric([reason], count)
        yield lost

    def look(self, now: datetime, fence: int | None = None) -> Failure | None:
        """Tells of a change, and returns what an incident is to be opened for.

        Samples that were dropped are one failure of the service itself, told once until the
        store is back, however many they become.
        """
        if self._store is None:
            return None
        status = self._store.status()
        is_down = not status["reachable"]
        if is_down != self._was_down:
            self._was_down = is_down
            words = {"engine": status.get("engine"), "url": status.get("url")}
            if is_down:
                _log.warning("series store away", error=status["error"], **words)
            else:
                _log.info("series store back", **words)
        if not self._begins_to_lose(int(_number(status["spool_dropped"])), is_down, fence):
            return None
        _log.error("samples lost", reasons=dict(_counts(status)))
        return Failure(SELF, now, DATA_LOSS)

    def _begins_to_lose(self, dropped: int, is_down: bool, fence: int | None) -> bool:
        told = int(self._ledger.note(TOLD).get("samples", 0))
        begins = dropped > told and not self._lossy
        ends = self._lossy and not is_down
        if dropped > told and (begins or ends):
            with self._ledger.begin(fence) as tx:
                tx.put_note(TOLD, {"samples": dropped})
        self._lossy = (self._lossy or begins) and not ends
        return begins


_log = structlog.get_logger("store")


def _counts(status: Mapping[str, Any]) -> Mapping[str, int]:
    found: Mapping[str, int] = status["spool_lost_by_reason"]
    return found


def _number(value: object) -> float:
    return float(value) if isinstance(value, int | float) else 0.0
