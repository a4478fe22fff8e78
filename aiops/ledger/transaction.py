"""Writes that are committed together or not at all."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, delete, func, select

from aiops.contracts.ledger import Checkpoint, Window
from aiops.domain.anomaly import Anomaly
from aiops.domain.answer import Answer
from aiops.domain.asset import Edge
from aiops.domain.change import Change
from aiops.domain.decision import Decision
from aiops.domain.forecast import Crossing
from aiops.domain.identity import Sighting
from aiops.domain.incident import Incident
from aiops.domain.risk import Risk
from aiops.domain.run import Run
from aiops.domain.ticket import OutboxMessage, Ticket, TicketDraft
from aiops.ledger import audit, change_rows, edge_rows, outbox_rows, run_rows, sighting_rows, trace
from aiops.ledger.encode import canonical, dump, load, plain, time_text
from aiops.ledger.tables import (
    ANOMALY,
    ANSWER,
    CHECKPOINT,
    CROSSING,
    CROSSING_KEPT,
    INCIDENT,
    NOTE,
    RISK,
    TICKET,
    WINDOW,
)
from aiops.ledger.upsert import insert_new, upsert

_KEPT_PROBABILITY = 0.05
_KEPT_CHECKPOINTS = 2
_KEYS_AT_ONCE = 500
"""Keys of one query: databases limit the number of values."""


class SqlTransaction:
    """Keeps the contract of a ledger transaction on one connection."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def put_window(self, window: Window) -> bool:
        """Records a window; False when another run has already committed it."""
        row = {
            "shard": window.shard,
            "analysis": window.analysis,
            "window_end": window.end,
            "state": window.state,
        }
        return insert_new(self._connection, WINDOW, row)

    def put_incident(self, incident: Incident) -> Incident:
        """Inserts or replaces by key; returns it with its number, which never changes."""
        return self.put_incidents([incident])[0]

    def put_incidents(self, incidents: Sequence[Incident]) -> list[Incident]:
        """Inserts or replaces by key; returns them with their numbers, which never change."""
        numbers: dict[str, int] = {}
        for begin in range(0, len(incidents), _KEYS_AT_ONCE):
            keys = [each.key for each in incidents[begin : begin + _KEYS_AT_ONCE]]
            query = select(INCIDENT.c.key, INCIDENT.c.number).where(INCIDENT.c.key.in_(keys))
            numbers |= {row.key: row.number for row in self._connection.execute(query)}
        fresh = [each.key for each in incidents if each.key not in numbers]
        if fresh:
            highest = self._connection.execute(select(func.max(INCIDENT.c.number))).scalar() or 0
            numbers |= {key: highest + i for i, key in enumerate(dict.fromkeys(fresh), start=1)}
        stored = [replace(each, number=numbers[each.key]) for each in incidents]
        rows = [
            {
                "key": each.key,
                "number": each.number,
                "asset": each.asset,
                "is_open": each.is_open,
                "opened_at": time_text(each.opened_at),
                "outcome": each.outcome.kind.value if each.outcome else "",
                "body": dump(each),
            }
            for each in stored
        ]
        upsert(self._connection, INCIDENT, rows)
        return stored

    def put_anomalies(self, anomalies: Iterable[Anomaly]) -> None:
        """Inserts or updates by (series, start, detector)."""
        rows = [
            {
                "asset": each.series.asset,
                "signal": each.series.signal,
                "start_at": time_text(each.start),
                "detector": each.detector,
                "end_at": time_text(each.end) if each.end else None,
                "body": dump(each),
            }
            for each in anomalies
        ]
        upsert(self._connection, ANOMALY, rows)

    def put_crossings(self, crossings: Iterable[Crossing]) -> None:
        """Keeps the newest per series, and every one that has a probability ≥ 0.05."""
        newest: dict[tuple[str, str], dict[str, Any]] = {}
        kept = []
        for each in crossings:
            row = {
                "asset": each.series.asset,
                "signal": each.series.signal,
                "origin": time_text(each.origin),
                "body": dump(each),
            }
            place = (each.series.asset, each.series.signal)
            if place not in newest or newest[place]["origin"] <= row["origin"]:
                newest[place] = row
            if each.probability is not None and each.probability >= _KEPT_PROBABILITY:
                kept.append({**row, "probability": each.probability})
        upsert(self._connection, CROSSING, list(newest.values()), newer="origin")
        upsert(self._connection, CROSSING_KEPT, kept)

    def put_risks(self, risks: Iterable[Risk]) -> None:
        """Replaces the newest risk per asset."""
        rows = [{"asset": each.asset, "body": dump(each)} for each in risks]
        upsert(self._connection, RISK, rows)

    def put_decisions(self, decisions: Iterable[Decision]) -> None:
        """Appends to the trace; equal consecutive decisions of a subject are merged."""
        trace.append(self._connection, decisions)

    def enqueue(self, destination: str, draft: TicketDraft, now: datetime) -> OutboxMessage | None:
        """Adds an outbox row; None when the newest row of that incident there is equal."""
        return outbox_rows.enqueue(self._connection, destination, draft, now)

    def put_message(self, message: OutboxMessage) -> None:
        """Replaces an outbox row by id."""
        outbox_rows.put(self._connection, message)

    def put_ticket(self, incident_key: str, ticket: Ticket) -> None:
        """Links a ticket to its incident."""
        row = {
            "destination": ticket.destination,
            "id": ticket.id,
            "incident_key": incident_key,
            "is_open": ticket.is_open,
            "body": dump(ticket),
        }
        upsert(self._connection, TICKET, [row])

    def put_run(self, run: Run) -> bool:
        """Writes the next version of a run; False when that version was written before."""
        return run_rows.put(self._connection, run)

    def put_change(self, change: Change) -> None:
        """Inserts or replaces a change by id."""
        change_rows.put(self._connection, change)

    def put_answer(self, answer: Answer) -> None:
        """Inserts or replaces the answer about an incident."""
        row = {
            "incident_key": answer.incident,
            "asset": answer.asset,
            "at": time_text(answer.at),
            "body": dump(answer),
        }
        upsert(self._connection, ANSWER, [row])

    def put_sightings(self, sightings: Iterable[Sighting]) -> None:
        """Inserts or replaces by source and the source's own key."""
        sighting_rows.put(self._connection, sightings)

    def forget_assets(self, keys: Sequence[str]) -> None:
        """Drops assets that turned out to be others; those with an incident stay."""
        sighting_rows.forget_assets(self._connection, keys)

    def put_edges(self, teller: str, edges: Iterable[Edge]) -> None:
        """Inserts dependencies that somebody tells of."""
        edge_rows.put(self._connection, teller, edges)

    def forget_edges(self, teller: str, edges: Iterable[Edge]) -> None:
        """Drops dependencies that somebody no longer tells of; those others tell of stay."""
        edge_rows.forget(self._connection, teller, edges)

    def put_note(self, name: str, value: Mapping[str, Any]) -> None:
        """Remembers a small JSON value by name."""
        upsert(self._connection, NOTE, [{"name": name, "body": canonical(plain(value))}])

    def put_checkpoint(self, checkpoint: Checkpoint) -> list[Checkpoint]:
        """Names a saved state; returns those beyond the newest two, whose files may go."""
        same = (
            (CHECKPOINT.c.name == checkpoint.name)
            & (CHECKPOINT.c.version == checkpoint.version)
            & (CHECKPOINT.c.shard == checkpoint.shard)
        )
        row = {
            "name": checkpoint.name,
            "version": checkpoint.version,
            "shard": checkpoint.shard,
            "window_end": checkpoint.window_end,
            "body": dump(checkpoint),
        }
        upsert(self._connection, CHECKPOINT, [row])
        query = select(CHECKPOINT).where(same).order_by(CHECKPOINT.c.window_end.desc())
        beyond = self._connection.execute(query).all()[_KEPT_CHECKPOINTS:]
        for old in beyond:
            self._connection.execute(
                delete(CHECKPOINT).where(same, CHECKPOINT.c.window_end == old.window_end)
            )
        return [load(Checkpoint, old.body) for old in beyond]

    def audit(
        self,
        at: datetime,
        who: str,
        what: str,
        subject: str,
        before: Mapping[str, Any],
        after: Mapping[str, Any],
    ) -> None:
        """Appends to the hash-chained audit log."""
        audit.append(self._connection, at, who, what, subject, before, after)
