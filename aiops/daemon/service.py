"""The running service: the pipeline with a clock, a ledger, sources and ticket systems."""

import os
import secrets
import socket
from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

import structlog

from aiops.api.service import Serving
from aiops.assemble import assemble, automation, ticket_systems, value_terms
from aiops.automate.stage import Leadership
from aiops.collect.push import Agent, PushSources, is_push
from aiops.collect.runner import ChangeKind, Collectors, SourceChange
from aiops.collect.sights import MayJoin
from aiops.config import Settings
from aiops.contracts.clock import Clock
from aiops.contracts.collector import Collection, Inventory
from aiops.contracts.errors import AiopsError, Fenced, StoreError, Unavailable
from aiops.contracts.receiver import Push, PushAnswer
from aiops.daemon.files import DataDirectory, Reserve
from aiops.daemon.health import Health
from aiops.daemon.learning import Learning
from aiops.daemon.ordering import Ordering
from aiops.daemon.planning import plan_ahead
from aiops.daemon.status import status_of
from aiops.daemon.store_watch import StoreWatch
from aiops.daemon.telemetry import Telemetry
from aiops.domain.access import Credential
from aiops.domain.asset import SYSTEM, Viewer
from aiops.domain.forecast import Forecast
from aiops.domain.instant import duration_ns, to_ns
from aiops.domain.metric import Metric
from aiops.domain.series import SeriesKey
from aiops.forecast.plan import Plan, Scenario
from aiops.learn.rungs import Ladder
from aiops.ledger.open import open_ledger
from aiops.store.forward import open_forward
from aiops.store.open import open_store
from aiops.store.panels import LivePanels
from aiops.ticket.outbox import Outbox, TicketChange

LEASE: Final = timedelta(seconds=10)
_log = structlog.get_logger("service")


class Service(Learning, Ordering):
    """Owns every part; the ticks call its methods, the HTTP interface reads from it.

    Raises:
        AiopsError: The data directory is taken, or the ledger cannot be opened.
    """

    def __init__(self, settings: Settings, directory: Path, clock: Clock) -> None:
        self.settings = settings
        self.clock = clock
        now = clock.now()
        self.files = DataDirectory(directory)
        self.reserve = Reserve(directory)
        self.reserve.hold()
        self.telemetry = Telemetry()
        self.health = Health(now)
        url = settings.store.ledger_url or f"sqlite:///{directory / 'ledger.db'}"
        self.ledger = open_ledger(url, now)
        self.store = open_store(settings.store, directory, self.ledger.catalogue.info, now)
        self.store_watch = StoreWatch(self.store, self.ledger)
        self.telemetry.registry.register(self.store_watch)
        self.panels = LivePanels(self.store, self.ledger.catalogue, directory, settings.store)
        self.forward = open_forward(settings.forward, directory, self.ledger.catalogue.info)
        self.owner = f"{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(4)}"
        self.fence: int | None = None
        self.silent: dict[str, datetime] = {}
        self._saved_at = now
        self._kept_at = now
        self._rebuilt = False
        self._taken_up = False
        self._taken_up_as: int | None = None
        self._wire(settings)

    def _wire(self, settings: Settings) -> None:
        now = self.clock.now()
        self.systems = ticket_systems(settings)
        self.ladder = Ladder(self.ledger, value_terms(settings)[1])
        self.pipeline = assemble(
            settings,
            self.ledger,
            self.panels,
            destinations=tuple(self.systems),
            rung_of=self.ladder.stage_of,
            link_key=self.files.link_key(),
            forward=self.forward,
        )
        leading = Leadership(
            self.clock.now,
            self.clock.monotonic,
            lambda: self.fence,
            lambda: self.pipeline.fleet.assets,
        )
        self.automation = automation(settings, self.ledger, leading)
        self.weekly = self.report_weekly()
        self.outbox = Outbox(self.ledger, self.systems, settings.ticket)
        self._intervals = {s.name: duration_ns(s.interval) for s in settings.collect.sources}
        pushed = {source.name for source in settings.collect.sources if is_push(source)}
        pulled = [s for s in settings.collect.sources if s.name not in pushed]
        self.pushes = PushSources(
            settings.collect.sources,
            self._store,
            self.ledger.asset_sources,
            lambda: self.pipeline.fleet.assets,
            lambda: self.pipeline.fleet.metrics,
            silent_after=settings.collect.silent_after,
            overrides=settings.assets,
        )
        self.collectors = Collectors(
            pulled,
            self._deliver,
            now,
            self.clock.monotonic(),
            silent_after=settings.collect.silent_after,
            overrides=settings.assets,
            cursors={s.name: self.ledger.cursor(s.name) for s in pulled},
        )
        self.serving = Serving(
            language=settings.server.language,
            public_url=settings.ticket.public_url,
            tls=bool(settings.server.tls_certificate),
            hosts=frozenset({settings.server.bind}),
        )

    def load(self) -> None:
        """Takes up where the last run ended; the service is ready after it.

        While the series store is down, collecting goes on and analysis waits.
        """
        self.lease_tick()
        try:
            self._take_up()
        except StoreError as error:
            _log.warning("series store not read yet, analysis waits", error=str(error))
        self.health.settled = True

    def _take_up(self) -> None:
        if not self._rebuilt:
            self.panels.rebuild(self.clock.now())
            self._rebuilt = True
        fence = self.fence
        self.pipeline.load()
        self._taken_up_as = fence
        self._taken_up = True

    def collect_tick(self) -> None:
        """Starts what is due; tells once when a source falls silent or comes back."""
        for change in self.collectors.tick(self.clock.now(), self.clock.monotonic()):
            self._note_silence(change)
        for change in self.pushes.tick(self.clock.now()):
            self._note_silence(change)

    def store_tick(self) -> None:
        """Looks how the way to the series store is; lost samples become an incident."""
        if self.fence is None:
            return
        failure = self.store_watch.look(self.clock.now(), self.fence)
        if failure is not None:
            self.pipeline.orders.report(failure, "system", self.clock.now())

    def analyse_tick(self) -> None:
        """Runs the windows that are due, if this daemon leads."""
        now = self.clock.now()
        if self.fence is None:
            self.lease_tick()
        if self.fence is None:
            return
        if not self._taken_up or self._taken_up_as != self.fence:
            self._take_up()  # another daemon may have led and decided meanwhile
        try:
            count = self.pipeline.analyse(now, fence=self.fence)
        except Fenced:
            self.fence = None
            self.telemetry.leader.set(0)
            raise
        self.health.analysed_at = now
        self.telemetry.last_analysis.set(now.timestamp())
        self.telemetry.windows.labels("detect", "done").inc(count)

    def lease_tick(self) -> None:
        """Takes or renews the leader lease."""
        self.fence = self.ledger.acquire_lease(self.owner, LEASE, self.clock.now())
        self.telemetry.leader.set(self.fence is not None)

    def send(self, destination: str) -> None:
        """One pass over the messages of one destination."""
        if self.fence is None:
            return
        for sent in self.outbox.send_due(self.clock.now(), destination, self.fence):
            self.telemetry.messages.labels(destination, sent.message.state.value).inc()

    def automate_tick(self) -> None:
        """Proposes runbooks for standing incidents and begins what is approved."""
        standing = list(self.pipeline.incidents.book.by_key.values())
        self.automation.tick(standing, self.clock.now())

    def sync_tick(self) -> None:
        """Reads open tickets back; one closed over there closes its incident here."""
        if self.fence is None:
            return
        now = self.clock.now()

        def take(change: TicketChange) -> None:
            incident = self.ledger.incident(SYSTEM, change.incident_key)
            if change.closed and incident is not None:
                self.pipeline.orders.close_by_ticket(incident, change.ticket, now)

        self.outbox.sync(now, fence=self.fence, take=take)

    def keep_tick(self) -> None:
        """Saves states, rolls up, drops what is too old, holds the reserve."""
        now = self.clock.now()
        self.pipeline.refresh_sights()
        if now - self._saved_at >= self.settings.detect.checkpoint_every:
            self.save()
            self._saved_at = now
        if now - self._kept_at >= timedelta(hours=1):
            self._kept_at = now
            hour = 3600 * 10**9
            end = to_ns(now) // hour * hour
            self.store.rollup(end - 3 * hour, end)
            self.store.retain(now - self.settings.store.retention)
            self.ledger.prune(now - self.settings.store.retention)
        self.reserve.hold()

    def save(self) -> None:
        """Saves the detectors' states."""
        self.pipeline.detect.save(self.files.checkpoints)

    @property
    def panels_source(self) -> LivePanels:
        """Values by series id."""
        return self.panels

    def now(self) -> datetime:
        """Returns the time."""
        return self.clock.now()

    def ready(self) -> bool:
        """Returns whether the service does its work."""
        return self.health.is_ready(self.clock.now())

    def metrics(self) -> str:
        """Returns the service's own metrics."""
        self.telemetry.ready.set(self.ready())
        if self.forward is not None:
            self.telemetry.show_forward(self.forward.status())
        return self.telemetry.text()

    def status(self) -> Mapping[str, object]:
        """Returns how the service is, as plain values."""
        return status_of(self)

    def forecast(self, series: SeriesKey) -> Forecast | None:
        """Returns a forecast of one series, computed now; None when it is not known."""
        fleet = self.pipeline.fleet
        info = fleet.info(series)
        first = fleet.first_ns.get(info.id) if info else None
        if info is None or first is None:
            return None
        panel = self.pipeline.forecast.history(info, first, to_ns(self.clock.now()))
        metric = fleet.metrics.get(series.metric) or Metric(series.metric)
        return self.pipeline.forecast.ahead(panel, metric, self.settings.forecast.horizon)

    def plan(self, viewer: Viewer, scenario: Scenario) -> Plan:
        """Returns how the limited series a viewer may see go on, as they do and as supposed.

        Raises:
            Refused: They are too many for one answer.
        """
        return plan_ahead(self.pipeline, self.ledger, viewer, scenario, self.clock.now())

    def push(self, kind: str, agent: Credential, push: Push) -> PushAnswer:
        """Takes what an agent pushes; returns only when it is durable.

        Raises:
            Refused: The agent's source does not take such requests.
            Unavailable: Not durable now; the agent must send it again.
        """
        if not self.health.settled or self.health.stopping:
            raise Unavailable("starting or stopping; send it again", 2.0)
        allowed = Agent(agent.source, agent.assets, agent.interval, agent.viewer)
        told = self.pushes.receive(kind, allowed, push)
        self.telemetry.count_drops(agent.source, told.dropped)
        return told

    def reload(self, settings: Settings) -> None:
        """Takes a new configuration: all of it or, on any error, nothing.

        No tick may run meanwhile: none may see the new pipeline before it is loaded.

        Raises:
            AiopsError: A part cannot be built, or what needs a restart has changed.
        """
        fixed = ("store", "server", "forward")
        if any(getattr(settings, part) != getattr(self.settings, part) for part in fixed):
            raise AiopsError(f"{', '.join(fixed)} cannot change while running; restart the daemon")
        collectors, pipeline, systems = self.collectors, self.pipeline, self.systems
        acting = self.automation
        before = dict(vars(self))
        try:
            self._wire(settings)
        except AiopsError:
            vars(self).update(before)
            raise
        self.settings = settings
        self._taken_up = False
        acting.close()
        collectors.close()
        pipeline.close()
        try:
            pipeline.detect.save(self.files.checkpoints)
            self._take_up()
        except StoreError as error:
            _log.warning("series store not read yet, analysis waits", error=str(error))
        for system in systems.values():
            system.close()

    def close(self) -> None:
        """Ends everything in order; nothing that was acknowledged is lost."""
        self.health.stopping = True
        self.automation.close()
        self.collectors.close()
        try:
            self.save()
        except StoreError as error:
            _log.warning("states not saved", error=str(error))
        for system in self.systems.values():
            system.close()
        self.pipeline.close()
        if self.forward is not None:
            self.forward.close()
        self.ledger.release_lease(self.owner)
        self.panels.close()
        self.store.close()
        self.ledger.close()
        self.files.close()

    def _deliver(self, source: str, collection: Collection, inventory: Inventory) -> None:
        self._store(source, self._intervals[source], collection, inventory)

    def _store(
        self,
        source: str,
        interval_ns: int,
        collection: Collection,
        inventory: Inventory,
        may_join: MayJoin | None = None,
    ) -> Mapping[str, int]:
        now = self.clock.now()
        try:
            dropped = self.pipeline.collect(
                source, interval_ns, collection, inventory, now, may_join
            )
        except StoreError:
            self.reserve.release()
            self.telemetry.collections.labels(source, "not_stored").inc()
            raise
        self.telemetry.collections.labels(source, "ok").inc()
        self.telemetry.samples.labels(source).inc(len(collection.batch) - sum(dropped.values()))
        self.telemetry.count_drops(source, {**collection.dropped, **dropped})
        return dropped

    def _note_silence(self, change: SourceChange) -> None:
        if change.kind is ChangeKind.SILENT:
            self.silent[change.source] = change.at
            _log.warning("source silent", source=change.source, detail=change.detail)
        else:
            self.silent.pop(change.source, None)
            _log.info("source back", source=change.source, detail=change.detail)
