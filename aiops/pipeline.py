"""The data's way through the service. Start reading here.

    collect → check quality → store → detect ┐
                                     forecast ┴→ assess risk → open / update / close
                                                  → push ticket → learn from the outcome

Nothing here reads a clock: every step gets ``now``. One analysed window is one
transaction: what was decided and what is to be sent are committed together or not at all.
"""

import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial
from typing import Any

from aiops import __version__
from aiops.collect.fleet import Fleet
from aiops.collect.gate import Gate
from aiops.contracts.collector import Collection, Cursor, Inventory
from aiops.contracts.ledger import Ledger, LedgerTransaction, Window
from aiops.detect.fleet import DetectFleet
from aiops.detect.windows import Due
from aiops.domain.anomaly import Anomaly
from aiops.domain.asset import SYSTEM
from aiops.domain.decision import Decision, Reason
from aiops.domain.event import Failure, Maintenance
from aiops.domain.forecast import REMAINING_LIFE, Crossing
from aiops.domain.incident import Incident, OutcomeKind
from aiops.domain.instant import duration, from_ns, to_ns
from aiops.domain.metric import Metric
from aiops.domain.series import Samples, SeriesKey
from aiops.domain.silence import MaintenancePlan, Silence, lineage
from aiops.domain.ticket import Ticket, TicketAction
from aiops.forecast.fleet import ForecastFleet
from aiops.forecast.life.stage import LifeStage
from aiops.incident.act import PersonAction, act
from aiops.incident.decided import Decided, Notice
from aiops.incident.evidence import freeze_strange
from aiops.incident.stage import MEMORY, IncidentStage, Seen
from aiops.incident.standing import REPORTED
from aiops.risk.board import RiskBoard
from aiops.store.panels import LivePanels
from aiops.ticket.dispatch import STORM, Outgoing
from aiops.ticket.silences import SILENCES, Hush


@dataclass(frozen=True, slots=True)
class Events:
    """What was reported from outside since the last round."""

    failures: Sequence[Failure] = ()
    repairs: Sequence[Maintenance] = ()


@dataclass(slots=True)
class Pipeline:
    """The stages in their order; each takes and returns domain values."""

    ledger: Ledger
    fleet: Fleet
    gate: Gate
    panels: LivePanels
    detect: DetectFleet
    forecast: ForecastFleet
    life: LifeStage
    risk: RiskBoard
    incidents: IncidentStage
    outgoing: Outgoing
    plan: MaintenancePlan = field(default_factory=MaintenancePlan)
    forward: Callable[[Samples], None] | None = None
    _hush: Hush = field(default_factory=Hush)
    _cursors: dict[str, Cursor] = field(default_factory=dict)
    _failures: list[Failure] = field(default_factory=list)
    _fence: int | None = None
    _reported: list[Failure | Maintenance] = field(default_factory=list)
    _one_at_a_time: threading.RLock = field(default_factory=threading.RLock)

    def load(self) -> None:
        """Takes up where the last run ended."""
        with self._one_at_a_time:
            # first what people may act on: it is there while the series store is down
            self._failures = failures_of(self.incidents.load())
            self._hush = Hush.read(self.ledger.note(SILENCES))
            self.fleet.load()
            self.risk.note(self.ledger.crossings(SYSTEM), ())
            self.fleet.load_first(self.panels.earliest)
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
    ) -> Mapping[str, int]:
        """Checks quality, makes the samples durable, then remembers the cursor.

        Returns:
            Reason to count of samples that were not let in.
        """
        gated = self.gate.check(source, collection.batch, now, self.fleet.metrics)
        ids = self.fleet.register(source, interval_ns, gated.batch.series, inventory, now)
        samples = Samples(ids[gated.batch.rows], gated.batch.times, gated.batch.values)
        if self.forward is not None:  # first: what is stored is not let in a second time
            self.forward(samples)
        self.panels.ingest(samples)
        self.fleet.note_first(samples.ids, samples.times)
        if self._cursors.get(source) != collection.cursor:
            self.ledger.put_cursor(source, collection.cursor)
            self._cursors[source] = collection.cursor
        return gated.dropped

    def report(self, events: Events) -> None:
        """Takes note of what happened; each round looks at what lies before its own time."""
        with self._one_at_a_time:
            self._reported.extend([*events.failures, *events.repairs])

    def analyse(self, now: datetime, fence: int | None = None) -> int:
        """Runs every window that is due, oldest first, and returns how many there were."""
        with self._one_at_a_time:
            self._fence = fence
            due = self.detect.due(to_ns(now), self.fleet)
            if due:  # a silence may have been begun through another daemon
                self._hush = Hush.read(self.ledger.note(SILENCES))
            for window in due:
                self._analyse(window, fence)
            return len(due)

    def act(
        self,
        incident: Incident,
        action: PersonAction,
        who: str,
        note: str,
        now: datetime,
        due: datetime | None = None,
    ) -> Incident:
        """Carries out a person's order in one audited transaction.

        Args:
            due: When the work is planned, for ``plan``.

        Raises:
            Refused: The incident is already closed and the order is not a verdict.
        """
        return self._act(incident, action, who, note, now, Reason.BY_PERSON, due)

    def silences(self, now: datetime) -> list[Silence]:
        """Returns the silences that are not over."""
        return [each for each in self._hush.silences if each.until > now]

    def silence(self, silence: Silence, now: datetime) -> None:
        """Withholds messages about matching assets until a time; incidents still open."""
        with self._one_at_a_time:
            self._hush_now(self._hush.add(silence, now), silence, "silence", now)

    def end_silence(self, identity: str, who: str, now: datetime) -> None:
        """Ends a silence early.

        Raises:
            KeyError: There is no such silence.
        """
        with self._one_at_a_time:
            old = {each.id: each for each in self._hush.silences}
            ended = self._hush.end(identity)
            self._hush_now(ended, replace(old[identity], by=who), "end silence", now)

    def _hush_now(self, hush: Hush, silence: Silence, what: str, now: datetime) -> None:
        with self.ledger.begin() as tx:
            hush.put(tx)
            after = {"until": silence.until.isoformat(), "reason": silence.reason}
            tx.audit(now, silence.by, what, silence.match, {}, after)
        self._hush = hush

    def close_by_ticket(self, incident: Incident, ticket: Ticket, now: datetime) -> Incident:
        """Closes an incident whose ticket was closed over there."""
        who, note = f"ticket:{ticket.destination}", f"{ticket.id} is {ticket.status}"
        return self._act(incident, PersonAction.CLOSE, who, note, now, Reason.BY_TICKET)

    def _act(
        self,
        incident: Incident,
        action: PersonAction,
        who: str,
        note: str,
        now: datetime,
        reason: Reason,
        due: datetime | None = None,
    ) -> Incident:
        with self._one_at_a_time:
            book = self.incidents.book
            current = book.by_key.get(incident.key, incident)
            decided = act(current, action, who, note, now, book.memory, reason, due)
            with self.ledger.begin(self._fence) as tx:
                stored, hush = self._commit(tx, decided, now)
                before = {"state": current.state.value, "outcome": _outcome(current)}
                after = {"state": stored[0].state.value, "outcome": _outcome(stored[0])}
                tx.audit(now, who, action.value, current.key, before, after)
            self._hush = hush
            self.incidents.take(stored, decided)
            return stored[0]

    def _analyse(self, due: Due, fence: int | None) -> None:
        now = from_ns(due.decided_at)
        reported = [event for event in self._reported if event_time(event) <= now]
        for repair in (event for event in reported if isinstance(event, Maintenance)):
            self.detect.rebase([repair.asset], repair.end, "repair", fence)
        panel = self.detect.read(due, self.fleet)
        anomalies = self.detect.update(due, panel)
        met = self.forecast.met(due, self.fleet, panel)
        seen = {crossing.series for crossing in met}
        failures = [event for event in reported if isinstance(event, Failure)]
        foreseen = self._foresee(due, [*self._failures, *failures]) if due.forecast else []
        crossings = [*met, *(c for c in foreseen if c.series not in seen)]
        touched = self.risk.note(crossings, anomalies)
        valid_for = duration(self.forecast.cadence_ns(due.step_ns)) * 2
        risks = self.risk.assess(touched, self.fleet.assets, self.fleet.services, now, valid_for)
        seen_now = Seen(
            due.step_ns,
            due.end,
            crossings,
            anomalies,
            failures,
            [event for event in reported if isinstance(event, Maintenance)],
        )
        decided = self.incidents.decide(
            now,
            seen_now,
            self.fleet,
            self._evidence,
            partial(self._strange_evidence, due.end),
            lambda asset: self._in_maintenance(asset, now),
        )
        self._tell_overdue(decided, now)
        with self.ledger.begin(fence) as tx:
            if not tx.put_window(Window(due.shard, "detect", due.end)):
                self.detect.commit(due)  # decided by another run: seen, and nothing more
                return
            tx.put_anomalies(anomalies)
            tx.put_crossings(crossings)
            tx.put_risks(risks)
            stored, hush = self._commit(tx, decided, now)
        self._hush = hush
        self._failures += failures
        self._reported = [event for event in self._reported if event not in reported]
        self.detect.commit(due)
        self.incidents.take(stored, decided)

    def _foresee(self, due: Due, failures: Sequence[Failure]) -> list[Crossing]:
        limits = self.forecast.foresee(due, self.fleet)
        lives = self.life.foresee(due.infos, self.fleet.first_ns, failures, from_ns(due.end))
        return limits + lives

    def _evidence(self, crossing: Crossing) -> Mapping[str, Any]:
        return {
            **self.forecast.evidence(crossing, self.fleet),
            **self._surroundings_of(crossing.series),
        }

    def _strange_evidence(self, end: int, anomaly: Anomaly) -> Mapping[str, Any]:
        info = self.fleet.info(anomaly.series)
        frozen: Mapping[str, Any] = {}
        if info is not None:
            panel = self.forecast.history(info, self.fleet.first_ns.get(info.id, 0), end)
            metric = self.fleet.metrics.get(info.key.metric) or Metric(info.key.metric)
            frozen = freeze_strange(anomaly, metric, panel)
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

    def _tell_overdue(self, decided: Decided, now: datetime) -> None:
        """Tells of what opened in a silence that is over now and still stands."""
        if not self._hush.waiting:
            return
        known = {**self.incidents.book.by_key, **decided.changed}
        for key in sorted(self._hush.waiting & known.keys()):
            incident = known[key]
            keys = lineage(incident.asset, self.fleet.assets)
            if incident.is_open and not any(s.covers(keys, now) for s in self._hush.silences):
                decided.changed.setdefault(key, incident)
                notice = Notice(incident, TicketAction.OPEN, Reason.FIRST_NOTIFICATION)
                decided.notices.insert(0, notice)

    def _commit(
        self, tx: LedgerTransaction, decided: Decided, now: datetime
    ) -> tuple[list[Incident], Hush]:
        """Writes what was decided; returns what to remember once the transaction is durable."""
        stored = {key: tx.put_incident(incident) for key, incident in decided.changed.items()}
        sent: list[Decision] = []
        hush = self._hush
        if decided.notices:
            notices = [(stored[notice.incident.key], notice) for notice in decided.notices]
            outgoing = replace(self.outgoing, assets=self.fleet.assets)
            storm = self.ledger.note(STORM)
            sent, hush = outgoing.send(tx, notices, storm, hush, now)
        tx.put_decisions([*decided.decisions, *sent])
        if decided.memory != self.incidents.book.memory:
            tx.put_note(MEMORY, decided.memory.streak)
        return list(stored.values()), hush


def failures_of(incidents: Iterable[Incident]) -> list[Failure]:
    """Returns the failures that incidents have recorded: reported ones, and those foreseen."""
    return [
        Failure(i.asset, i.outcome.at if i.outcome else i.opened_at, i.series.metric)
        for i in incidents
        if i.series.metric == REPORTED
        or (i.series.metric == REMAINING_LIFE and _outcome(i) == OutcomeKind.HAPPENED.value)
    ]


def event_time(event: Failure | Maintenance) -> datetime:
    """Returns when it became known."""
    return event.at if isinstance(event, Failure) else event.start


def _outcome(incident: Incident) -> str:
    return incident.outcome.kind.value if incident.outcome else ""
