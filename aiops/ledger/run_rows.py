"""Rows of runbook runs: each write must be the next version, or it is not taken."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Select, func, select, update

from aiops.domain.asset import Viewer
from aiops.domain.run import Run, RunState
from aiops.ledger.encode import dump, time_text
from aiops.ledger.scope import seen_by
from aiops.ledger.tables import RUN
from aiops.ledger.upsert import insert_new


def put(connection: Connection, run: Run) -> bool:
    """Inserts version 1, or replaces the version before; False when another was faster."""
    row = {
        "id": run.id,
        "incident_key": run.incident,
        "runbook": run.runbook,
        "edition": run.edition,
        "asset": run.asset,
        "state": run.state.value,
        "verified": run.verified,
        "requested_at": time_text(run.requested_at),
        "started_at": time_text(run.started_at) if run.started_at else None,
        "version": run.version,
        "body": dump(run),
    }
    if run.version == 1:
        return insert_new(connection, RUN, row)
    before = (RUN.c.id == run.id) & (RUN.c.version == run.version - 1)
    statement = update(RUN).where(before).values(row).returning(RUN.c.id)
    return connection.execute(statement).first() is not None


def one(viewer: Viewer, identity: str) -> Select[Any]:
    """Returns the query of one run."""
    return seen_by(viewer, select(RUN.c.body).where(RUN.c.id == identity), RUN.c.asset)


def several(
    viewer: Viewer,
    incident: str | None,
    states: Sequence[RunState],
    started_since: datetime | None,
    limit: int,
) -> Select[Any]:
    """Returns the query of runs, newest first."""
    query = seen_by(viewer, select(RUN.c.body), RUN.c.asset)
    if incident is not None:
        query = query.where(RUN.c.incident_key == incident)
    if states:
        query = query.where(RUN.c.state.in_([state.value for state in states]))
    if started_since is not None:
        query = query.where(RUN.c.started_at >= time_text(started_since))
    return query.order_by(RUN.c.requested_at.desc(), RUN.c.id).limit(limit)


def verified(runbook: str, edition: str) -> Select[Any]:
    """Returns the query that counts verified successes of one edition."""
    query = select(func.count()).select_from(RUN).where(RUN.c.runbook == runbook)
    return query.where(
        RUN.c.edition == edition, RUN.c.verified, RUN.c.state == RunState.SUCCEEDED.value
    )
