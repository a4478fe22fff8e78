"""Reads, each filtered by the viewer through :func:`aiops.ledger.scope.seen_by`."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, TypeVar

import orjson
from sqlalchemy import Select, func, or_, select

from aiops.contracts.collector import Cursor
from aiops.contracts.ledger import AuditRow, Checkpoint
from aiops.domain.access import Credential
from aiops.domain.anomaly import Anomaly
from aiops.domain.answer import Answer
from aiops.domain.asset import Asset, Edge, Viewer
from aiops.domain.change import Change
from aiops.domain.decision import Decision
from aiops.domain.forecast import Crossing
from aiops.domain.identity import Sighting
from aiops.domain.incident import Incident
from aiops.domain.metric import Limit, Metric
from aiops.domain.risk import Risk
from aiops.domain.run import Run, RunState
from aiops.domain.ticket import OutboxMessage, Ticket
from aiops.ledger import audit, change_rows, outbox_rows, run_rows, sighting_rows, trace
from aiops.ledger.encode import load, time_text
from aiops.ledger.engine import Connections
from aiops.ledger.scope import seen_by
from aiops.ledger.tables import (
    ANOMALY,
    ANSWER,
    ASSET,
    CHECKPOINT,
    CREDENTIAL,
    CROSSING,
    CROSSING_KEPT,
    CURSOR,
    DECISION,
    EDGE,
    INCIDENT,
    LIMIT,
    METRIC,
    NOTE,
    RISK,
    TICKET,
    WINDOW,
)

T = TypeVar("T")


class Reads:
    """Everything that can be asked of the ledger."""

    _connections: Connections

    def _all(self, kind: type[T], query: Select[Any]) -> list[T]:
        with self._connections.read() as connection:
            rows = connection.execute(query).all()
        return [load(kind, row.body) for row in rows]

    def _one(self, kind: type[T], query: Select[Any]) -> T | None:
        return next(iter(self._all(kind, query.limit(1))), None)

    def _mapping(self, query: Select[Any]) -> Mapping[str, Any]:
        with self._connections.read() as connection:
            body = connection.execute(query).scalar()
        found: dict[str, Any] = orjson.loads(body) if body else {}
        return found

    # configuration of the world
    def assets(self, viewer: Viewer) -> list[Asset]:
        """Returns the assets the viewer may see, by key."""
        query = seen_by(viewer, select(ASSET.c.body), ASSET.c.key)
        return self._all(Asset, query.order_by(ASSET.c.key))

    def asset(self, viewer: Viewer, key: str) -> Asset | None:
        """Returns one asset, None when there is none that the viewer may see."""
        query = select(ASSET.c.body).where(ASSET.c.key == key)
        return self._one(Asset, seen_by(viewer, query, ASSET.c.key))

    def metrics(self) -> dict[str, Metric]:
        """Returns declared metrics by name."""
        found = self._all(Metric, select(METRIC.c.body).order_by(METRIC.c.name))
        return {each.name: each for each in found}

    def limits(self) -> list[Limit]:
        """Returns limits; those of every asset have an empty ``asset``."""
        query = select(LIMIT.c.body).order_by(LIMIT.c.asset, LIMIT.c.metric, LIMIT.c.direction)
        return self._all(Limit, query)

    def asset_sources(self) -> dict[str, str]:
        """Returns by asset key which source told of it last."""
        with self._connections.read() as connection:
            rows = connection.execute(select(ASSET.c.key, ASSET.c.source)).all()
        return {row.key: row.source for row in rows}

    def edges(self) -> list[Edge]:
        """Returns what depends on what."""
        with self._connections.read() as connection:
            rows = connection.execute(select(EDGE).order_by(EDGE.c.source, EDGE.c.target)).all()
        return [Edge(row.source, row.target) for row in rows]

    def cursor(self, source: str) -> Cursor:
        """Returns the cursor of a source, empty when it has none."""
        return self._mapping(select(CURSOR.c.body).where(CURSOR.c.source == source))

    def credential(self, digest: str) -> Credential | None:
        """Returns a credential by the hash of its secret."""
        query = select(CREDENTIAL.c.body).where(CREDENTIAL.c.digest == digest)
        return self._one(Credential, query)

    # what was decided
    def newest_window(self, shard: str, analysis: str) -> int | None:
        """Returns the end of the newest committed window, ns."""
        query = select(func.max(WINDOW.c.window_end)).where(
            WINDOW.c.shard == shard, WINDOW.c.analysis == analysis
        )
        with self._connections.read() as connection:
            newest: int | None = connection.execute(query).scalar()
        return newest

    def checkpoint(self, name: str, version: str, shard: str) -> Checkpoint | None:
        """Returns the newest saved state."""
        query = (
            select(CHECKPOINT.c.body)
            .where(
                CHECKPOINT.c.name == name,
                CHECKPOINT.c.version == version,
                CHECKPOINT.c.shard == shard,
            )
            .order_by(CHECKPOINT.c.window_end.desc())
        )
        return self._one(Checkpoint, query)

    def sightings(self, asset: str | None = None) -> list[Sighting]:
        """Returns what sources see, of one asset or all, by source and key."""
        with self._connections.read() as connection:
            return sighting_rows.read(connection, asset)

    def note(self, name: str) -> Mapping[str, Any]:
        """Returns the value last put under the name, empty when there is none."""
        return self._mapping(select(NOTE.c.body).where(NOTE.c.name == name))

    def incident(self, viewer: Viewer, key: str) -> Incident | None:
        """Returns one incident, None when there is none that the viewer may see."""
        query = select(INCIDENT.c.body).where(INCIDENT.c.key == key)
        return self._one(Incident, seen_by(viewer, query, INCIDENT.c.asset))

    def incident_numbered(self, viewer: Viewer, number: int) -> Incident | None:
        """Returns the incident with that number, None when the viewer may see none."""
        query = select(INCIDENT.c.body).where(INCIDENT.c.number == number)
        return self._one(Incident, seen_by(viewer, query, INCIDENT.c.asset))

    def incidents(
        self,
        viewer: Viewer,
        *,
        open_only: bool = False,
        asset: str | None = None,
        limit: int = 1000,
    ) -> list[Incident]:
        """Returns incidents, newest first."""
        query = select(INCIDENT.c.body)
        if open_only:
            query = query.where(INCIDENT.c.is_open)
        if asset is not None:
            query = query.where(INCIDENT.c.asset == asset)
        query = seen_by(viewer, query, INCIDENT.c.asset)
        order = (INCIDENT.c.opened_at.desc(), INCIDENT.c.number.desc())
        return self._all(Incident, query.order_by(*order).limit(limit))

    def risks(self, viewer: Viewer) -> list[Risk]:
        """Returns the newest risk of each asset, by key."""
        query = seen_by(viewer, select(RISK.c.body), RISK.c.asset)
        return self._all(Risk, query.order_by(RISK.c.asset))

    def crossings(self, viewer: Viewer, asset: str | None = None) -> list[Crossing]:
        """Returns the newest crossing of each series."""
        query = seen_by(viewer, select(CROSSING.c.body), CROSSING.c.asset)
        if asset is not None:
            query = query.where(CROSSING.c.asset == asset)
        return self._all(Crossing, query.order_by(CROSSING.c.asset, CROSSING.c.signal))

    def crossing_history(
        self, viewer: Viewer, asset: str, start: datetime, end: datetime
    ) -> list[Crossing]:
        """Returns the kept crossings (probability ≥ 0.05) of an asset by origin, oldest first."""
        table = CROSSING_KEPT
        query = seen_by(viewer, select(table.c.body), table.c.asset).where(
            table.c.asset == asset,
            table.c.origin >= time_text(start),
            table.c.origin < time_text(end),
        )
        return self._all(Crossing, query.order_by(table.c.origin, table.c.signal))

    def anomalies(
        self, viewer: Viewer, asset: str | None, start: datetime, end: datetime
    ) -> list[Anomaly]:
        """Returns anomalies that touch ``[start, end)``, by start; None means every asset."""
        query = seen_by(viewer, select(ANOMALY.c.body), ANOMALY.c.asset).where(
            ANOMALY.c.start_at < time_text(end),
            or_(ANOMALY.c.end_at.is_(None), ANOMALY.c.end_at > time_text(start)),
        )
        if asset is not None:
            query = query.where(ANOMALY.c.asset == asset)
        return self._all(Anomaly, query.order_by(ANOMALY.c.start_at, ANOMALY.c.signal))

    def decisions(
        self, viewer: Viewer, *, subject: str | None = None, asset: str | None = None, limit: int
    ) -> list[Decision]:
        """Returns the trace, newest first."""
        query = seen_by(viewer, select(DECISION), DECISION.c.asset)
        if subject is not None:
            query = query.where(DECISION.c.subject == subject)
        if asset is not None:
            query = query.where(DECISION.c.asset == asset)
        query = query.order_by(DECISION.c.last_at.desc(), DECISION.c.id.desc()).limit(limit)
        with self._connections.read() as connection:
            return [trace.read(row) for row in connection.execute(query)]

    def messages(
        self, *, states: Sequence[str], destination: str | None = None, limit: int = 1000
    ) -> list[OutboxMessage]:
        """Returns outbox rows in the given states, oldest first."""
        with self._connections.read() as connection:
            return outbox_rows.listed(connection, states, destination, limit)

    def messages_of(self, incident_key: str, destination: str | None = None) -> list[OutboxMessage]:
        """Returns every outbox row of an incident, at one destination or at all, in order."""
        with self._connections.read() as connection:
            return outbox_rows.of_incident(connection, incident_key, destination)

    def due_messages(
        self, now: datetime, limit: int = 100, destination: str | None = None
    ) -> list[OutboxMessage]:
        """Returns unfinished rows that may be tried now, one per incident and destination."""
        with self._connections.read() as connection:
            return outbox_rows.due(connection, now, limit, destination)

    def outbox_counts(self) -> dict[tuple[str, str], int]:
        """Returns (destination, state) to the number of rows, for ``/metrics``."""
        with self._connections.read() as connection:
            return outbox_rows.counts(connection)

    def tickets(self, incident_key: str) -> list[Ticket]:
        """Returns the tickets linked to an incident, in the order of their ids."""
        query = select(TICKET.c.body).where(TICKET.c.incident_key == incident_key)
        return self._all(Ticket, query.order_by(TICKET.c.destination, TICKET.c.id))

    def open_tickets(
        self, destination: str, limit: int = 1000, after: str = ""
    ) -> list[tuple[str, Ticket]]:
        """Returns incident keys and tickets believed open at a destination, by id."""
        query = (
            select(TICKET.c.incident_key, TICKET.c.body)
            .where(TICKET.c.destination == destination, TICKET.c.is_open, TICKET.c.id > after)
            .order_by(TICKET.c.id)
            .limit(limit)
        )
        with self._connections.read() as connection:
            rows = connection.execute(query).all()
        return [(row.incident_key, load(Ticket, row.body)) for row in rows]

    def outcomes(self, viewer: Viewer, *, limit: int = 1000) -> list[Incident]:
        """Returns incidents that have an outcome, newest first."""
        query = select(INCIDENT.c.body).where(INCIDENT.c.outcome != "")
        query = seen_by(viewer, query, INCIDENT.c.asset)
        return self._all(Incident, query.order_by(INCIDENT.c.opened_at.desc()).limit(limit))

    def run(self, viewer: Viewer, identity: str) -> Run | None:
        """Returns one run, None when there is none that the viewer may see."""
        return self._one(Run, run_rows.one(viewer, identity))

    def runs(
        self,
        viewer: Viewer,
        *,
        incident: str | None = None,
        states: Sequence[RunState] = (),
        started_since: datetime | None = None,
        limit: int = 1000,
    ) -> list[Run]:
        """Returns runs of runbooks, newest first."""
        return self._all(Run, run_rows.several(viewer, incident, states, started_since, limit))

    def verified_runs(self, runbook: str, edition: str) -> int:
        """Returns how often exactly this edition of a runbook has succeeded, verified."""
        with self._connections.read() as connection:
            return int(connection.execute(run_rows.verified(runbook, edition)).scalar_one())

    def changes(self, viewer: Viewer, start: datetime, end: datetime) -> list[Change]:
        """Returns changes that touch ``[start, end)``, by start."""
        found = self._all(Change, change_rows.touching(start, end))
        if viewer.everything:
            return found
        assets = self.assets(viewer)
        keys, services = {a.key for a in assets}, {a.service for a in assets if a.service}
        return [c for c in found if c.asset in keys or (not c.asset and c.service in services)]

    def answers(self, viewer: Viewer, *, limit: int = 1000) -> list[Answer]:
        """Returns answers about closed incidents, newest first."""
        query = seen_by(viewer, select(ANSWER.c.body), ANSWER.c.asset)
        return self._all(Answer, query.order_by(ANSWER.c.at.desc()).limit(limit))

    def ticketed(self, incident_keys: Sequence[str]) -> frozenset[str]:
        """Returns those of the incidents that have a ticket."""
        with self._connections.read() as connection:
            rows = connection.execute(select(TICKET.c.incident_key).distinct()).all()
        return frozenset(row.incident_key for row in rows) & frozenset(incident_keys)

    def audit_rows(self, limit: int = 1000) -> list[AuditRow]:
        """Returns the audit log, newest first."""
        with self._connections.read() as connection:
            return audit.rows(connection, limit)

    def verify_audit(self) -> int | None:
        """Returns the number of the first row whose chain is broken, None when it is whole."""
        with self._connections.read() as connection:
            return audit.verify(connection)
