"""What is watched: the inventory and the series, as the ledger knows them, in memory."""

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

import numpy as np

from aiops.contracts.collector import Inventory
from aiops.contracts.ledger import Ledger
from aiops.domain.asset import SYSTEM, Asset, Edge, Service
from aiops.domain.metric import Limit, Metric, MetricKind
from aiops.domain.series import IntArray, SeriesInfo, SeriesKey
from aiops.domain.step import step_class

_OWN_EDGES: Final = "configured dependencies"
_NEVER: Final = np.iinfo(np.int64).max


@dataclass(slots=True)
class Fleet:
    """Assets, metrics, limits and series; every change goes to the ledger first.

    Attributes:
        own_edges: Dependencies of the configuration.
        own_limits: Limits of the configuration; they go before those of the sources.
        first_ns: Series id to the time of its first sample.
    """

    ledger: Ledger
    services: Mapping[str, Service] = field(default_factory=dict)
    own_limits: Sequence[Limit] = ()
    own_edges: Sequence[Edge] = ()
    assets: dict[str, Asset] = field(default_factory=dict)
    metrics: dict[str, Metric] = field(default_factory=dict)
    limits: list[Limit] = field(default_factory=list)
    first_ns: dict[int, int] = field(default_factory=dict)
    version: int = 0
    _seen: dict[str, Inventory] = field(default_factory=dict)
    _ids: dict[str, tuple[tuple[SeriesKey, ...], IntArray]] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _by_step: dict[int, list[SeriesInfo]] = field(default_factory=dict)
    _by_key: dict[SeriesKey, SeriesInfo] = field(default_factory=dict)
    _known: int = -1
    _first: IntArray = field(default_factory=lambda: np.empty(0, np.int64))

    def declare_own(self) -> None:
        """Puts the configuration's dependencies in the ledger, and takes former ones out."""
        told = [[edge.source, edge.target] for edge in self.own_edges]
        before = self.ledger.note(_OWN_EDGES).get("edges", [])
        if not told and not before:
            return
        gone = [Edge(source, target) for source, target in before if [source, target] not in told]
        with self.ledger.begin() as tx:
            tx.forget_edges(_OWN_EDGES, gone)
            tx.put_edges(_OWN_EDGES, self.own_edges)
            if told != before:
                tx.put_note(_OWN_EDGES, {"edges": told})

    def load(self) -> None:
        """Reads the world from the ledger anew."""
        self.assets = {asset.key: asset for asset in self.ledger.assets(SYSTEM)}
        self.metrics = dict(self.ledger.metrics())
        own = {(limit.asset, limit.metric) for limit in self.own_limits}
        others = [x for x in self.ledger.limits() if (x.asset, x.metric) not in own]
        self.limits = [*self.own_limits, *others]
        self.version += 1

    def register(
        self,
        source: str,
        interval_ns: int,
        keys: tuple[SeriesKey, ...],
        inventory: Inventory,
        now: datetime,
    ) -> IntArray:
        """Takes note of what a source knows and returns the ids of the keys, in order.

        A metric that was not declared gets a provisional declaration; an asset that was not
        becomes a bare one, so that no sample is without an owner.
        """
        with self._lock:
            known = self._ids.get(source)
            same = self._seen.get(source) is inventory
            if same and known is not None and known[0] is keys:
                return known[1]
            if not same:
                self.ledger.put_inventory(source, inventory, now)
                self._seen[source] = inventory
                self._take(inventory)
            bare = self._undeclared(keys)
            if bare.assets or bare.metrics:
                self.ledger.put_inventory(source, bare, now)
                self._take(bare)
            counters = [self.metrics[key.metric].kind is MetricKind.COUNTER for key in keys]
            ids = self.ledger.catalogue.ids(keys, step_class(interval_ns), counters)
            self._ids[source] = keys, ids
            return ids

    def note_first(self, ids: IntArray, times: IntArray) -> None:
        """Remembers the first sample of each series."""
        more = int(ids.max(initial=-1)) + 1 - len(self._first)
        if more > 0:
            self._first = np.concatenate([self._first, np.full(more, _NEVER)])
        first = self._first
        for i in np.flatnonzero(times < first[ids]).tolist():
            series, at = int(ids[i]), int(times[i])
            first[series] = self.first_ns[series] = min(at, self.first_ns.get(series, at))

    def load_first(self, earliest: Callable[[IntArray], IntArray]) -> None:
        """Asks the store for the first sample of every series."""
        ids = np.array([info.id for info in self.ledger.catalogue.all()], dtype=np.int64)
        first = earliest(ids).tolist() if len(ids) else []
        self._first = np.empty(0, np.int64)
        self.first_ns = {i: at for i, at in zip(ids.tolist(), first, strict=True) if at}

    def series_by_step(self) -> Mapping[int, list[SeriesInfo]]:
        """Returns every series by step class, in the order of ids."""
        infos = self.ledger.catalogue.all()
        if len(infos) != self._known:
            by_step: dict[int, list[SeriesInfo]] = {}
            for info in infos:
                by_step.setdefault(info.step_ns, []).append(info)
            self._by_key = {info.key: info for info in infos}
            self._by_step, self._known = by_step, len(infos)
        return self._by_step

    def forget_keys(self) -> None:
        """Looks the keys of series up anew: some got other ones."""
        with self._lock:
            self._known = -1
            self._ids.clear()
            self.load()

    def info(self, key: SeriesKey) -> SeriesInfo | None:
        """Returns the series with that key, None when there is none."""
        self.series_by_step()
        return self._by_key.get(key)

    def zones(self, infos: Sequence[SeriesInfo]) -> list[str]:
        """Returns the time zone of each series' asset."""
        return [
            asset.time_zone if (asset := self.assets.get(info.key.asset)) else "UTC"
            for info in infos
        ]

    def sites(self, infos: Sequence[SeriesInfo]) -> list[str]:
        """Returns the site of each series' asset, "" where it is not known."""
        return [asset.site if (asset := self.assets.get(info.key.asset)) else "" for info in infos]

    def _take(self, inventory: Inventory) -> None:
        """Does in memory what the ledger did with it; hundreds of sources start at once."""
        self.assets = {**self.assets, **{asset.key: asset for asset in inventory.assets}}
        self.metrics = {**self.metrics, **{metric.name: metric for metric in inventory.metrics}}
        if inventory.limits:
            own = {(limit.asset, limit.metric) for limit in self.own_limits}
            new = {(x.asset, x.metric, x.direction): x for x in inventory.limits}
            told = {(x.asset, x.metric, x.direction): x for x in self.limits} | new
            others = [x for x in told.values() if (x.asset, x.metric) not in own]
            self.limits = [*self.own_limits, *others]
        self.version += 1

    def _undeclared(self, keys: Sequence[SeriesKey]) -> Inventory:
        assets = {key.asset for key in keys} - self.assets.keys()
        metrics = {key.metric for key in keys} - self.metrics.keys()
        return Inventory(
            assets=tuple(Asset(key, kind="unknown") for key in sorted(assets)),
            metrics=tuple(Metric(name, provisional=True) for name in sorted(metrics)),
        )
