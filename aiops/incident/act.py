"""What a person may do to an incident: a pure change, with who and why."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Any, Final

from aiops.contracts.errors import Refused
from aiops.domain.decision import Decision, Reason
from aiops.domain.incident import (
    Incident,
    IncidentKind,
    IncidentState,
    Member,
    Outcome,
    OutcomeKind,
    Transition,
    incident_key,
)
from aiops.domain.instant import to_ns
from aiops.domain.phrase import Phrase, verbatim
from aiops.domain.ticket import TicketAction
from aiops.incident.decided import Decided, Memory, Notice


class PersonAction(StrEnum):
    """Orders of a person."""

    ACKNOWLEDGE = "acknowledge"
    ASSIGN = "assign"
    COMMENT = "comment"
    PLAN = "plan"
    CLOSE = "close"
    REOPEN = "reopen"
    MERGE = "merge"
    SPLIT = "split"
    FALSE = "false"
    NEW_NORMAL = "new_normal"
    HAPPENED = "happened"
    AVERTED = "averted"


@dataclass(frozen=True, slots=True)
class Order:
    """One order.

    Attributes:
        due: When the work is planned, for ``plan``.
        assignee: Who is to do it, for ``assign``.
        other: The incident to merge with, for ``merge``.
        series: Texts of the members that leave, for ``split``.
        reason: Whether a person says so, or a ticket.
    """

    action: PersonAction
    who: str
    note: str = ""
    due: datetime | None = None
    assignee: str = ""
    other: Incident | None = None
    series: frozenset[str] = frozenset()
    reason: Reason = Reason.BY_PERSON


_VERDICTS: Final = {
    PersonAction.FALSE: OutcomeKind.FALSE,
    PersonAction.NEW_NORMAL: OutcomeKind.FALSE,
    PersonAction.HAPPENED: OutcomeKind.HAPPENED,
    PersonAction.AVERTED: OutcomeKind.AVERTED,
}
_STATES: Final = {
    PersonAction.ACKNOWLEDGE: IncidentState.ACKNOWLEDGED,
    PersonAction.PLAN: IncidentState.PLANNED,
    PersonAction.HAPPENED: IncidentState.OPEN,
    PersonAction.REOPEN: IncidentState.OPEN,
}
_STAYS: Final = frozenset({PersonAction.ASSIGN, PersonAction.COMMENT})
"""Orders that leave the state as it is."""
_TAKEN: Final = frozenset({PersonAction.ACKNOWLEDGE, PersonAction.PLAN})
_AFTERWARDS: Final = frozenset({*_VERDICTS, PersonAction.COMMENT, PersonAction.REOPEN})
"""Orders that a closed incident takes."""

_ANSWERS: Final = frozenset({PersonAction.CLOSE, PersonAction.FALSE, PersonAction.NEW_NORMAL})
"""Orders that mean "do not tell me again of this risk"; averted means "see whether it worked"."""


_HERITAGE: Final = ("category", "classified", "dispatch", "priority")


def act(
    incident: Incident, order: Order, now: datetime, memory: Memory, installation: str = ""
) -> Decided:
    """Returns what follows from an order; the incident it was given for stands first.

    A verdict may also be given, or changed, after the incident is closed; it stays closed.

    Raises:
        Refused: The state of the incident does not allow it, or something is missing.
    """
    _check(incident, order)
    if order.action is PersonAction.MERGE and order.other is not None:
        return _merge(incident, order.other, order, now, memory)
    if order.action is PersonAction.SPLIT:
        return _split(incident, order, now, memory, installation)
    action, verdict = order.action, _VERDICTS.get(order.action)
    state = incident.state if action in _STAYS else _STATES.get(action, IncidentState.CLOSED)
    if not incident.is_open and action is not PersonAction.REOPEN:
        state = IncidentState.CLOSED
    words = _words(order)
    changed = replace(
        _step(incident, state, order, words, now),
        closed_at=_closed_at(incident, state, now),
        assignee=_assignee(incident, order),
        planned_for=order.due if action is PersonAction.PLAN else incident.planned_for,
        outcome=_outcome(verdict, order, words, now) if verdict else incident.outcome,
    )
    told = TicketAction.RESOLVE if state is IncidentState.CLOSED else TicketAction.COMMENT
    if action is PersonAction.REOPEN:
        changed, told = replace(changed, outcome=None), TicketAction.REOPEN
        memory = memory.without_answer(incident)
    ended = incident.is_open and action in _ANSWERS and order.reason is Reason.BY_PERSON
    decided = Decided(memory.with_answer(incident) if ended else memory)
    _keep(decided, changed, order, words, now)
    speaks = incident.is_open or action is PersonAction.REOPEN
    if speaks and order.reason is Reason.BY_PERSON:
        decided.notices.append(Notice(changed, told, order.reason))
    return decided


def _check(incident: Incident, order: Order) -> None:
    name, action = incident.display, order.action
    if action is PersonAction.PLAN and order.due is None:
        raise Refused(f"{name}: a plan needs its date; send `until`")
    if action is PersonAction.ASSIGN and not order.assignee.strip():
        raise Refused(f"{name}: nobody is named; send `assignee`")
    if action is PersonAction.COMMENT and not order.note.strip():
        raise Refused(f"{name}: the comment is empty; send `note`")
    if action is PersonAction.MERGE:
        _check_merge(incident, order.other)
    if action is PersonAction.REOPEN and incident.is_open:
        raise Refused(f"{name} is open already")
    if not incident.is_open and action not in _AFTERWARDS:
        raise Refused(f"{name} is already closed; only its outcome can be set now, or reopen it")


def _check_merge(incident: Incident, other: Incident | None) -> None:
    if other is None or other.key == incident.key:
        raise Refused(f"{incident.display}: name another incident in `into`")
    if not (incident.is_open and other.is_open):
        raise Refused(f"{incident.display} and {other.display}: both must be open")
    if IncidentKind.PREDICTIVE in {incident.kind, other.kind}:
        raise Refused(
            f"{incident.display} and {other.display}: a prediction has an outcome of its own; "
            "only incidents that are under way can be merged"
        )


def _merge(
    incident: Incident, other: Incident, order: Order, now: datetime, memory: Memory
) -> Decided:
    """The oldest is kept and gets the members of the other, which is closed."""
    kept, gone = sorted((incident, other), key=lambda i: (i.opened_at, i.number, i.key))
    known = {(m.series, m.source) for m in kept.members}
    moved = tuple(m for m in gone.members if (m.series, m.source) not in known)
    into = _noted(Phrase("merged_into", {"incident": kept.display}), order)
    taken = _noted(Phrase("merge_took", {"incident": gone.display}), order)
    grown = replace(
        _step(kept, kept.state, order, taken, now, Reason.MERGED),
        members=(*kept.members, *moved),
    )
    closed = replace(
        _step(gone, IncidentState.CLOSED, order, into, now, Reason.MERGED),
        closed_at=now,
        merged_into=kept.key,
    )
    decided = Decided(memory)
    pair = [(grown, taken, TicketAction.COMMENT), (closed, into, TicketAction.RESOLVE)]
    for changed, words, told in sorted(pair, key=lambda each: each[0].key != incident.key):
        _keep(decided, changed, order, words, now)
        decided.notices.append(Notice(changed, told, Reason.MERGED))
    return decided


def _split(
    incident: Incident, order: Order, now: datetime, memory: Memory, installation: str
) -> Decided:
    """Members leave for an incident of their own; the seed stays, for the key is made of it."""
    leaving = tuple(m for m in incident.members if m.series.text in order.series)
    if not leaving or len({m.series.text for m in leaving}) < len(order.series):
        raise Refused(f"{incident.display}: name members of it in `series`")
    if incident.members[0] in leaving:
        raise Refused(f"{incident.display}: {incident.series.text} began it and stays")
    first = min(leaving, key=lambda m: (m.since, m.series))
    own = replace(
        incident,
        key=incident_key(installation, first.series.asset, first.series.signal, to_ns(first.since)),
        number=0,
        kind=IncidentKind.REACTIVE,
        asset=first.series.asset,
        series=first.series,
        state=IncidentState.OPEN,
        opened_at=now,
        predicted=None,
        current=None,
        sentence=_split_words(incident, first, len(leaving)),
        evidence={**_kept(incident.evidence), "since": first.since.isoformat()},
        transitions=(),
        outcome=None,
        members=leaving,
        causes=(),
    )
    origin = Phrase("split_from", {"incident": incident.display})
    own = _step(own, IncidentState.OPEN, order, origin, now, Reason.SPLIT_OFF)
    words = Phrase("split_left", {"count": len(leaving)})
    rest = replace(
        _step(incident, incident.state, order, words, now, Reason.SPLIT_OFF),
        members=tuple(m for m in incident.members if m not in leaving),
    )
    decided = Decided(memory)
    _keep(decided, rest, order, words, now)
    _keep(decided, own, order, origin, now)
    decided.notices.append(Notice(rest, TicketAction.COMMENT, Reason.SPLIT_OFF))
    decided.notices.append(Notice(own, TicketAction.OPEN, Reason.FIRST_NOTIFICATION))
    return decided


def _kept(evidence: Mapping[str, Any]) -> dict[str, Any]:
    """Returns what still holds of a part: what kind of trouble it is, and whose."""
    return {name: evidence[name] for name in _HERITAGE if name in evidence}


def _split_words(incident: Incident, first: Member, count: int) -> dict[str, str]:
    return {
        "en": f"{first.series.text} and what belongs to it ({count} in all), "
        f"split off from {incident.display}.",
        "zh": f"{first.series.text} 及其相关信号（共 {count} 个），拆分自 {incident.display}。",
    }


def _step(
    incident: Incident,
    state: IncidentState,
    order: Order,
    words: Phrase,
    now: datetime,
    reason: Reason | None = None,
) -> Incident:
    step = Transition(now, state, reason or order.reason, order.who, words.text("en"), words)
    return replace(incident, state=state, updated_at=now, transitions=(*incident.transitions, step))


def _keep(decided: Decided, changed: Incident, order: Order, words: Phrase, now: datetime) -> None:
    decided.changed[changed.key] = changed
    said = Phrase("by", {"who": order.who, "what": words.plain()})
    decided.decisions.append(
        Decision(now, changed.key, changed.asset, order.action.value, order.reason, said)
    )


def _words(order: Order) -> Phrase:
    if order.action is PersonAction.NEW_NORMAL:
        return Phrase("new_normal")
    if order.action is PersonAction.PLAN and order.due is not None:
        return _noted(Phrase("planned_for", {"at": f"{order.due:%Y-%m-%d %H:%M %Z}"}), order)
    if order.action is PersonAction.ASSIGN:
        return _noted(Phrase("assigned_to", {"assignee": order.assignee.strip()}), order)
    return verbatim(order.note)


def _noted(what: Phrase, order: Order) -> Phrase:
    """Returns what was done, with what the person wrote to it."""
    if not order.note:
        return what
    return Phrase("with_note", {"what": what.plain(), "note": order.note})


def _outcome(verdict: OutcomeKind, order: Order, words: Phrase, now: datetime) -> Outcome:
    return Outcome(verdict, now, by=order.who, note=words.text("en"), phrase=words)


def _closed_at(incident: Incident, state: IncidentState, now: datetime) -> datetime | None:
    if state is not IncidentState.CLOSED:
        return None
    return now if incident.is_open else incident.closed_at


def _assignee(incident: Incident, order: Order) -> str:
    if order.action is PersonAction.ASSIGN:
        return order.assignee.strip()
    if order.action not in _TAKEN:
        return incident.assignee
    shift = incident.evidence.get("shift")
    given = shift.get("who") if isinstance(shift, Mapping) else ""
    # whoever takes it has it, whoever is on shift
    return order.who if incident.assignee in ("", given) else incident.assignee
