"""The data's way through the service. Start reading here.

    collect → check quality → store → detect ┐
                                     forecast ┴→ assess risk → open / update / close
                                                  → push ticket → learn from the outcome

Nothing here reads a clock: every step gets ``now``. One analysed window is one
transaction: what was decided and what is to be sent are committed together or not at all.
"""

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import Any, Protocol

from aiops import __version__
from aiops.collect.fleet import Fleet
from aiops.collect.gate import Gate
from aiops.collect.sights import MayJoin, Sights
from aiops.contracts.collector import Collection, Cursor, Inventory
from aiops.contracts.ledger import Ledger, Window
from aiops.detect.fleet import DetectFleet
from aiops.detect.windows import Due
from aiops.domain.anomaly import Anomaly
from aiops.domain.asset import SYSTEM
from aiops.domain.event import Failure
from aiops.domain.forecast import Crossing
from aiops.domain.incident import Incident
from aiops.domain.instant import duration, from_ns, to_ns
from aiops.domain.metric import Metric
from aiops.domain.panel import Panel
from aiops.domain.series import Samples, SeriesKey
from aiops.domain.silence import MaintenancePlan
from aiops.forecast.fleet import ForecastFleet
from aiops.forecast.life.stage import LifeStage
from aiops.forecast.ranges import RANGES, Ranges
from aiops.incident.act import Order, PersonAction
from aiops.incident.evidence import freeze_strange
from aiops.incident.stage import IncidentStage, Seen
from aiops.orders import Orders
from aiops.risk.board import RiskBoard
from aiops.store.panels import LivePanels


class Forwarding(Protocol):
    """Where another installation gets what was collected here."""

    def tell(self, source: str, inventory: Inventory) -> None:
        """Takes note of what a source knows."""

    def take(self, samples: Samples) -> None:
        """Makes samples durable on their way."""


@dataclass(slots=True)
class Pipeline:
    """The stages in their order; each takes and returns domain values."""

    ledger: Ledger
    fleet: Fleet
    sights: Sights
    gate: Gate
    panels: LivePanels
    detect: DetectFleet
    forecast: ForecastFleet
    life: LifeStage
    risk: RiskBoard
    incidents: IncidentStage
    orders: Orders
    plan: MaintenancePlan = field(default_factory=MaintenancePlan)
    forward: Forwarding | None = None
    keep: Callable[[datetime, Sequence[Crossing]], None] | None = None
    ranges: Ranges = field(default_factory=Ranges)
    _cursors: dict[str, Cursor] = field(default_factory=dict)
    _collecting: threading.Lock = field(default_factory=threading.Lock)

    def load(self) -> None:
        """Takes up where the last run ended."""
        with self.orders.turns.take():
            # first what people may act on: it is there while the series store is down
            self.orders.load()
            self.fleet.declare_own()
            self.fleet.load()
            self.sights.load()
            self.risk.note(self.ledger.crossings(SYSTEM), ())
            self.fleet.load_first(self.panels.earliest)
            self.ranges = Ranges.of(self.ledger.note(RANGES))
            self.detect.load(self.fleet)

    def close(self) -> None:
        """Ends what the stages have started."""
        self.forecast.close()

    def collect(
        self,
        source: str,
        interval_ns: int,
        collection: Collection,
        inventory: Inventory,
        now: datetime,
        may_join: MayJoin | None = None,
    ) -> Mapping[str, int]:
        """Checks quality, makes the samples durable, then remembers the cursor.

        Several sources may deliver at once, each of them one batch at a time.

        Args:
            may_join: Of an agent that pushes: which assets of other sources it may add to.

        Returns:
            Reason to count of samples that were not let in.
        """
        with self._collecting:
            batch, inventory = self.sights.place(source, collection.batch, inventory, now, may_join)
            gated = self.gate.check(source, batch, now, self.fleet.metrics)
            ids = self.fleet.register(source, interval_ns, gated.batch.series, inventory, now)
            samples = Samples(ids[gated.batch.rows], gated.batch.times, gated.batch.values)
            if self.forward is not None:  # first: what is stored is not let in a second time
                self.forward.tell(source, inventory)
                self.forward.take(samples)
        self.panels.ingest(samples)  # apart, so that several sources are written together
        with self._collecting:
            self.fleet.note_first(samples.ids, samples.times)
            if self._cursors.get(source) != collection.cursor:
                self.ledger.put_cursor(source, collection.cursor)
                self._cursors[source] = collection.cursor
        return gated.dropped

    def refresh_sights(self) -> None:
        """Takes up what people have said of assets since."""
        with self._collecting:
            self.sights.refresh()

    def analyse(self, now: datetime, fence: int | None = None) -> int:
        """Runs every window that is due, oldest first, and returns how many there were."""
        self.orders.fence = fence
        due = self.detect.due(to_ns(now), self.fleet)
        for window in due:
            with self.orders.turns.take():  # one by one: people's orders come in between
                self.orders.refresh()
                self._analyse(window, fence)
        return len(due)

    def act(self, incident: Incident, order: Order, now: datetime) -> Incident:
        """Carries out a person's order; what is accepted as normal is learnt anew.

        Raises:
            Refused: The state of the incident does not allow it.
        """
        changed = self.orders.act(incident, order, now)
        if order.action is PersonAction.NEW_NORMAL:
            assets = {changed.asset, *(member.series.asset for member in changed.members)}
            self.detect.rebase(sorted(assets), now, "new normal", self.orders.fence)
        return changed

    def _analyse(self, due: Due, fence: int | None) -> None:
        now = from_ns(due.decided_at)
        failures, repairs = self.orders.reported.due(now)
        for repair in repairs:
            self.detect.rebase([repair.asset], repair.end, "repair", fence)
        panel = self.detect.read(due, self.fleet)
        anomalies = self.detect.update(due, panel)
        told = self._foresee(due, panel, [*self.orders.reported.failures, *failures])
        crossings, ranges = self.ranges.stretch(told), self.ranges.after(told)
        if self.keep is not None:  # a replay scores every forecast, not only those stored
            self.keep(now, crossings)
        touched = self.risk.note(crossings, anomalies)
        valid_for = duration(self.forecast.cadence_ns(due.step_ns)) * 2
        risks = self.risk.assess(touched, self.fleet.assets, self.fleet.services, now, valid_for)
        decided = self.incidents.decide(
            now,
            Seen(due.step_ns, due.end, crossings, anomalies, failures, repairs),
            self.fleet,
            self._evidence,
            partial(self._strange_evidence, due.end),
            lambda asset: self._in_maintenance(asset, now),
        )
        reported = self.orders.reported.after(now)
        with self.ledger.begin(fence) as tx:
            if not tx.put_window(Window(due.shard, "detect", due.end)):
                self.detect.commit(due)  # decided by another run: seen, and nothing more
                return
            tx.put_anomalies(anomalies)
            tx.put_crossings(crossings)
            tx.put_risks(risks)
            if ranges is not self.ranges:
                tx.put_note(RANGES, ranges.note)
            if reported is not self.orders.reported:
                reported.put(tx)
            stored, hush = self.orders.commit(tx, decided, now)
        self.orders.hush, self.orders.reported, self.ranges = hush, reported, ranges
        self.detect.commit(due)
        self.incidents.take(stored, decided)

    def _foresee(self, due: Due, panel: Panel, failures: Sequence[Failure]) -> list[Crossing]:
        """Returns the limits that were met, and those that will be."""
        met = self.forecast.met(due, self.fleet, panel)
        if not due.forecast:
            return met
        seen = {crossing.series for crossing in met}
        limits = self.forecast.foresee(due, self.fleet, failures)
        lives = self.life.foresee(due.infos, self.fleet.first_ns, failures, from_ns(due.end))
        return [*met, *(c for c in (*limits, *lives) if c.series not in seen)]

    def _evidence(self, crossing: Crossing) -> Mapping[str, Any]:
        return {
            **self.forecast.evidence(crossing, self.fleet),
            **self._surroundings_of(crossing.series),
        }

    def _strange_evidence(self, end: int, anomaly: Anomaly) -> Mapping[str, Any]:
        shown = anomaly.guilty[0].series if anomaly.guilty else anomaly.series
        info = self.fleet.info(shown)
        frozen: Mapping[str, Any] = {}
        if info is not None:
            panel = self.forecast.history(info, self.fleet.first_ns.get(info.id, 0), end)
            metric = self.fleet.metrics.get(info.key.metric) or Metric(info.key.metric)
            frozen = freeze_strange(anomaly, shown, metric, panel)
        return {**frozen, **self._surroundings_of(anomaly.series)}

    def _surroundings_of(self, series: SeriesKey) -> Mapping[str, Any]:
        return {
            "contributions": self.risk.contributions(series.asset),
            "versions": {"aiops": __version__, "detector": self.detect.stage.version},
        }

    def _in_maintenance(self, asset: str, now: datetime) -> bool:
        """Whether the asset is in a recurring window now, or in one that was recorded."""
        recorded = self.detect.maintenance.get(asset, ())
        return any(w.start <= now < w.end for w in recorded) or self.plan.covers(
            asset, self.fleet.assets, now
        )
