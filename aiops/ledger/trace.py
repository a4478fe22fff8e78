"""The trace of decisions: equal consecutive ones of a subject are one row with a count."""

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import Connection, Row, bindparam, func, insert, select, update

from aiops.domain.decision import Decision, Reason
from aiops.domain.phrase import Phrase, verbatim
from aiops.ledger.encode import dump, load, read_time, time_text
from aiops.ledger.tables import DECISION

_ROUTINE = frozenset({"nothing", "hold"})
"""Said anew in every window with other numbers: merged whatever the detail."""

_CHUNK = 500
"""SQLite takes at least 999 bound values in one statement."""


def append(connection: Connection, decisions: Iterable[Decision]) -> None:
    """Appends decisions; one equal to the newest of its subject only raises the count."""
    given = list(decisions)
    newest = _newest(connection, sorted({each.subject for each in given}))
    fresh: list[dict[str, Any]] = []
    changed: dict[int, dict[str, Any]] = {}
    for each in given:
        last = newest.get(each.subject)
        at = time_text(each.at)
        if last is None or not _equal(last, each):
            last = {
                "subject": each.subject,
                "asset": each.asset,
                "action": each.action,
                "reason": each.reason.value,
                "first_at": at,
                "times": 0,
            }
            fresh.append(last)
            newest[each.subject] = last
        words = {"detail": each.detail, "phrase": dump(each.phrase)}
        last |= {**words, "last_at": at, "times": last["times"] + 1}
        if "id" in last:
            changed[last["id"]] = last
    if fresh:
        connection.execute(insert(DECISION), fresh)
    if changed:
        connection.execute(
            update(DECISION)
            .where(DECISION.c.id == bindparam("row"))
            .values(
                detail=bindparam("new_detail"),
                phrase=bindparam("new_phrase"),
                last_at=bindparam("new_at"),
                times=bindparam("new_times"),
            ),
            [
                {
                    "row": number,
                    "new_detail": row["detail"],
                    "new_phrase": row["phrase"],
                    "new_at": row["last_at"],
                    "new_times": row["times"],
                }
                for number, row in changed.items()
            ],
        )


def read(row: Row[Any]) -> Decision:
    """Returns a row as a decision; one of an earlier version has its English sentence only."""
    return Decision(
        read_time(row.last_at),
        row.subject,
        row.asset,
        row.action,
        Reason(row.reason),
        load(Phrase, row.phrase) if row.phrase else verbatim(row.detail),
        row.times,
        read_time(row.first_at),
    )


def _newest(connection: Connection, subjects: Sequence[str]) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = {}
    for start in range(0, len(subjects), _CHUNK):
        part = subjects[start : start + _CHUNK]
        ids = (
            select(func.max(DECISION.c.id))
            .where(DECISION.c.subject.in_(part))
            .group_by(DECISION.c.subject)
        )
        for row in connection.execute(select(DECISION).where(DECISION.c.id.in_(ids))).mappings():
            found[row["subject"]] = dict(row)
    return found


def _equal(last: dict[str, Any], new: Decision) -> bool:
    same = (last["asset"], last["action"], last["reason"]) == (
        new.asset,
        new.action,
        new.reason.value,
    )
    return same and (new.action in _ROUTINE or last["detail"] == new.detail)
