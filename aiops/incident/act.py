"""What a person may do to an incident: a pure change, with who and why."""

from dataclasses import replace
from datetime import datetime
from enum import StrEnum

from aiops.contracts.errors import Refused
from aiops.domain.decision import Decision, Reason
from aiops.domain.incident import Incident, IncidentState, Outcome, OutcomeKind, Transition
from aiops.domain.ticket import TicketAction
from aiops.incident.decided import Decided, Memory, Notice


class PersonAction(StrEnum):
    """Orders of a person."""

    ACKNOWLEDGE = "acknowledge"
    CLOSE = "close"
    FALSE = "false"
    NEW_NORMAL = "new_normal"
    HAPPENED = "happened"
    AVERTED = "averted"
    PLAN = "plan"


_VERDICTS = {
    PersonAction.FALSE: OutcomeKind.FALSE,
    PersonAction.NEW_NORMAL: OutcomeKind.FALSE,
    PersonAction.HAPPENED: OutcomeKind.HAPPENED,
    PersonAction.AVERTED: OutcomeKind.AVERTED,
}


_STATES = {
    PersonAction.ACKNOWLEDGE: IncidentState.ACKNOWLEDGED,
    PersonAction.PLAN: IncidentState.PLANNED,
    PersonAction.HAPPENED: IncidentState.OPEN,
}
_TAKEN = frozenset({PersonAction.ACKNOWLEDGE, PersonAction.PLAN})

_ANSWERS = frozenset({PersonAction.CLOSE, PersonAction.FALSE, PersonAction.NEW_NORMAL})
"""Orders that mean "do not tell me again of this risk"; averted means "see whether it worked"."""


def act(
    incident: Incident,
    action: PersonAction,
    who: str,
    note: str,
    now: datetime,
    memory: Memory,
    reason: Reason = Reason.BY_PERSON,
    due: datetime | None = None,
) -> Decided:
    """Returns what follows from a person's order (or from a ticket closed over there).

    A verdict may also be given, or changed, after the incident is closed; it stays closed.

    Args:
        due: When the work is planned, for ``plan``.

    Raises:
        Refused: The incident is already closed and the order is not a verdict, or a plan has
            no date.
    """
    if action is PersonAction.PLAN and due is None:
        raise Refused(f"{incident.display}: a plan needs its date; send `until`")
    verdict = _VERDICTS.get(action)
    if not incident.is_open and verdict is None:
        raise Refused(f"{incident.display} is already closed; only its outcome can be set now")
    state = _after(action)
    if not incident.is_open:
        state = IncidentState.CLOSED
    words = "accepted as the new normal" if action is PersonAction.NEW_NORMAL else note
    if action is PersonAction.PLAN and due is not None:
        words = f"planned for {due:%Y-%m-%d %H:%M %Z}" + (f": {note}" if note else "")
    changed = replace(
        incident,
        state=state,
        updated_at=now,
        closed_at=now if state is IncidentState.CLOSED and incident.is_open else incident.closed_at,
        assignee=incident.assignee or (who if action in _TAKEN else ""),
        planned_for=due if action is PersonAction.PLAN else incident.planned_for,
        outcome=Outcome(verdict, now, by=who, note=words) if verdict else incident.outcome,
        transitions=(*incident.transitions, Transition(now, state, reason, who, words)),
    )
    told = TicketAction.RESOLVE if state is IncidentState.CLOSED else TicketAction.COMMENT
    ended = incident.is_open and action in _ANSWERS and reason is Reason.BY_PERSON
    decided = Decided(memory.with_answer(incident) if ended else memory)
    decided.changed[changed.key] = changed
    decided.decisions.append(
        Decision(now, changed.key, changed.asset, action.value, reason, f"{who}: {words}".strip())
    )
    if incident.is_open and reason is Reason.BY_PERSON:
        decided.notices.append(Notice(changed, told, reason))
    return decided


def _after(action: PersonAction) -> IncidentState:
    return _STATES.get(action, IncidentState.CLOSED)
