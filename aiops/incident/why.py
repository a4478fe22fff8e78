"""Why was I told, and why was I not: the whole trace from sample to send, in words."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final

from aiops.contracts.ledger import Ledger
from aiops.domain.anomaly import Anomaly
from aiops.domain.asset import Asset, Viewer
from aiops.domain.decision import Decision
from aiops.domain.forecast import Crossing
from aiops.domain.incident import Incident, Prediction
from aiops.domain.ticket import OutboxMessage, OutboxState, Ticket

_BEFORE: Final = timedelta(days=1)
"""How far before an incident its trace begins."""
_MOST: Final = 500


class Link(StrEnum):
    """The links of the chain, in the order data passes them."""

    SAMPLE = "sample"
    ANOMALY = "anomaly"
    FORECAST = "forecast"
    DECISION = "decision"
    MESSAGE = "message"
    TICKET = "ticket"
    OUTCOME = "outcome"


_ORDER: Final = {link: place for place, link in enumerate(Link)}


@dataclass(frozen=True, slots=True)
class Step:
    """One link of the chain.

    Attributes:
        at: None where the time is not known (a ticket in a foreign system).
        words: One English sentence.
        action, reason: Of a decision; empty elsewhere.
    """

    at: datetime | None
    link: Link
    words: str
    action: str = ""
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Trace:
    """The answer to "why?" about one incident or asset, oldest first."""

    subject: str
    summary: str
    steps: tuple[Step, ...]


def trace_incident(
    incident: Incident,
    decisions: Iterable[Decision] = (),
    anomalies: Iterable[Anomaly] = (),
    messages: Iterable[OutboxMessage] = (),
    tickets: Iterable[Ticket] = (),
) -> Trace:
    """Returns how an incident came to be, what was said of it and what was not."""
    steps = [
        *_samples(incident),
        *map(_anomaly, anomalies),
        *_predictions(incident),
        *map(_decision, decisions),
        *map(_message, messages),
        *map(_ticket, tickets),
        *_outcome(incident),
    ]
    state = f"{incident.display} is {incident.state.value}, stage {incident.stage.value}"
    words = incident.sentence.get("en") or incident.series.text
    return Trace(incident.display, f"{state}. {words}", _in_order(steps))


def trace_asset(
    asset: Asset,
    crossings: Iterable[Crossing] = (),
    decisions: Iterable[Decision] = (),
    anomalies: Iterable[Anomaly] = (),
    incidents: Sequence[Incident] = (),
) -> Trace:
    """Returns what is known, foreseen and decided of an asset, silence included."""
    standing = [i.display for i in incidents if i.is_open]
    summary = f"{asset.display}: " + (
        f"open: {', '.join(standing)}" if standing else "no incident is open"
    )
    steps = [
        *map(_anomaly, anomalies),
        *(step for each in crossings for step in _crossing(each)),
        *map(_decision, decisions),
        *(step for each in incidents for step in _outcome(each)),
    ]
    return Trace(asset.key, summary, _in_order(steps))


def read_trace(ledger: Ledger, viewer: Viewer, subject: str, now: datetime) -> Trace | None:
    """Returns the trace of ``INC-12``, of an incident's key (or its first 8 digits) or an asset.

    None when there is no such thing, or it is not the viewer's to see.
    """
    incident = find_incident(ledger, viewer, subject)
    if incident is not None:
        start = incident.opened_at - _BEFORE
        end = incident.closed_at or now
        before = ledger.decisions(viewer, subject=incident.series.text, limit=_MOST)
        return trace_incident(
            incident,
            [
                *(each for each in before if start <= each.at <= end),
                *ledger.decisions(viewer, subject=incident.key, limit=_MOST),
            ],
            ledger.anomalies(viewer, incident.asset, start, end + timedelta(seconds=1)),
            ledger.messages_of(incident.key),
            ledger.tickets(incident.key),
        )
    asset = ledger.asset(viewer, subject)
    if asset is None:
        return None
    return trace_asset(
        asset,
        ledger.crossings(viewer, asset.key),
        ledger.decisions(viewer, asset=asset.key, limit=_MOST),
        ledger.anomalies(viewer, asset.key, now - 7 * _BEFORE, now + timedelta(seconds=1)),
        ledger.incidents(viewer, asset=asset.key, limit=20),
    )


def find_incident(ledger: Ledger, viewer: Viewer, subject: str) -> Incident | None:
    """Returns the incident of a number (``INC-12``, ``12``), a key or its first 8 digits."""
    number = subject.upper().removeprefix("INC-")
    if number.isdecimal() and len(number) <= 9:
        return ledger.incident_numbered(viewer, int(number))
    if len(subject) < 8 or any(c not in "0123456789abcdef" for c in subject):
        return None
    if len(subject) == 64:
        return ledger.incident(viewer, subject)
    found = [i for i in ledger.incidents(viewer) if i.key.startswith(subject)]
    return found[0] if len(found) == 1 else None


def _samples(incident: Incident) -> list[Step]:
    history: Mapping[str, Any] = incident.evidence.get("history") or {}
    known = [
        (at, value)
        for at, value in zip(history.get("t", ()), history.get("v", ()), strict=False)
        if value is not None
    ]
    if not known:
        return []
    at, value = known[-1]
    words = (
        f"{incident.series.text} was {value:.6g} in the last of {len(known)} cells looked at "
        f"(from {known[0][0]}, {known[0][1]:.6g})"
    )
    return [Step(datetime.fromisoformat(at), Link.SAMPLE, words)]


def _anomaly(anomaly: Anomaly) -> Step:
    end = f"until {_time(anomaly.end)}" if anomaly.end else "and lasts"
    words = (
        f"{anomaly.series.text}: {anomaly.shape.value}, value {anomaly.value:.6g} where "
        f"{anomaly.expected:.6g} is usual, score {anomaly.score:.2f}, {end} ({anomaly.detector})"
    )
    return Step(anomaly.start, Link.ANOMALY, words)


def _predictions(incident: Incident) -> list[Step]:
    steps = []
    if incident.predicted is not None:
        words = "when it opened: " + _prediction(incident.predicted)
        steps.append(Step(incident.opened_at, Link.FORECAST, words))
    if incident.current is not None and incident.current != incident.predicted:
        words = "newest: " + _prediction(incident.current)
        steps.append(Step(incident.updated_at, Link.FORECAST, words))
    return steps


def _prediction(prediction: Prediction) -> str:
    return (
        f"the limit {prediction.limit:.6g} is met with probability {prediction.probability:.2f} "
        f"between {_time(prediction.early)} and {_time(prediction.late)} ({prediction.method})"
    )


def _crossing(crossing: Crossing) -> list[Step]:
    steps = []
    if not math.isnan(crossing.value):
        words = f"{crossing.series.text} was {crossing.value:.6g}"
        steps.append(Step(crossing.origin, Link.SAMPLE, words))
    if crossing.probability is None:
        words = f"{crossing.series.text}: no forecast: {crossing.abstained.words}"
    else:
        words = (
            f"{crossing.series.text}: the limit {crossing.limit:.6g} is met with probability "
            f"{crossing.probability:.2f} within {crossing.horizon} ({crossing.method})"
        )
    return [*steps, Step(crossing.origin, Link.FORECAST, words)]


def _decision(decision: Decision) -> Step:
    what = f"{decision.action}: {decision.reason.value.replace('_', ' ')}"
    about = decision.subject if decision.subject.startswith(decision.asset + " ") else ""
    words = " – ".join(part for part in (about, what, decision.detail) if part)
    return Step(decision.at, Link.DECISION, words, decision.action, decision.reason.value)


def _message(message: OutboxMessage) -> Step:
    words = f"{message.draft.action.value} to {message.destination}: {message.state.value}"
    if message.ticket_id:
        words += f", ticket {message.ticket_id}"
    if message.attempts > 1 or message.state is not OutboxState.DONE:
        words += f", {message.attempts} attempts, next not before {_time(message.next_at)}"
    if message.last_error and message.state is not OutboxState.DONE:
        words += f", last error: {message.last_error}"
    return Step(message.created_at, Link.MESSAGE, words)


def _ticket(ticket: Ticket) -> Step:
    state = "open" if ticket.is_open else "closed"
    return Step(None, Link.TICKET, f"{ticket.destination} {ticket.id}: {ticket.status} ({state})")


def _outcome(incident: Incident) -> list[Step]:
    outcome = incident.outcome
    if outcome is None:
        return []
    note = f": {outcome.note}" if outcome.note else ""
    words = f"{incident.display} {outcome.kind.value} by {outcome.by}{note}"
    return [Step(outcome.at, Link.OUTCOME, words)]


def _in_order(steps: Iterable[Step]) -> tuple[Step, ...]:
    timed = sorted(
        (step for step in steps if step.at is not None),
        key=lambda step: (step.at, _ORDER[step.link]),
    )
    return (*timed, *(step for step in steps if step.at is None))


def _time(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M UTC}"
