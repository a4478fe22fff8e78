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
from aiops.domain.phrase import Phrase, word
from aiops.domain.ticket import OutboxMessage, OutboxState, Ticket
from aiops.incident.quantity import format_span

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
        words: One sentence, in the language asked for.
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
    language: str = "en",
) -> Trace:
    """Returns how an incident came to be, what was said of it and what was not."""
    say = _Speech(language)
    steps = [
        *say.samples(incident),
        *map(say.anomaly, anomalies),
        *say.predictions(incident),
        *map(say.decision, decisions),
        *map(say.message, messages),
        *map(say.ticket, tickets),
        *say.outcome(incident),
    ]
    words = incident.sentence.get(language) or incident.sentence.get("en") or incident.series.text
    summary = say(
        "incident_is",
        incident=incident.display,
        state=incident.state.value,
        stage=incident.stage.value,
        sentence=words,
    )
    return Trace(incident.display, summary, _in_order(steps))


def trace_asset(
    asset: Asset,
    crossings: Iterable[Crossing] = (),
    decisions: Iterable[Decision] = (),
    anomalies: Iterable[Anomaly] = (),
    incidents: Sequence[Incident] = (),
    language: str = "en",
) -> Trace:
    """Returns what is known, foreseen and decided of an asset, silence included."""
    say = _Speech(language)
    standing = ", ".join(i.display for i in incidents if i.is_open)
    code = "asset_open" if standing else "asset_calm"
    steps = [
        *map(say.anomaly, anomalies),
        *(step for each in crossings for step in say.crossing(each)),
        *map(say.decision, decisions),
        *(step for each in incidents for step in say.outcome(each)),
    ]
    summary = say(code, asset=asset.display, incidents=standing)
    return Trace(asset.key, summary, _in_order(steps))


def read_trace(
    ledger: Ledger, viewer: Viewer, subject: str, now: datetime, language: str = "en"
) -> Trace | None:
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
            language,
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
        language,
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


class _Speech:
    """Says each link of the chain in one language."""

    def __init__(self, language: str) -> None:
        self.language = language

    def __call__(self, code: str, **values: Any) -> str:
        return Phrase(code, values).text(self.language)

    def samples(self, incident: Incident) -> list[Step]:
        history: Mapping[str, Any] = incident.evidence.get("history") or {}
        known = [
            (at, value)
            for at, value in zip(history.get("t", ()), history.get("v", ()), strict=False)
            if value is not None
        ]
        if not known:
            return []
        at, value = known[-1]
        words = self(
            "cells_looked_at",
            signal=incident.series.text,
            value=value,
            cells=len(known),
            start=known[0][0],
            first=known[0][1],
        )
        return [Step(datetime.fromisoformat(at), Link.SAMPLE, words)]

    def anomaly(self, anomaly: Anomaly) -> Step:
        words = self(
            "anomaly_over" if anomaly.end else "anomaly_lasts",
            signal=anomaly.series.text,
            shape=anomaly.shape.value,
            value=anomaly.value,
            usual=anomaly.expected,
            score=anomaly.score,
            end=_time(anomaly.end) if anomaly.end else "",
            detector=anomaly.detector,
        )
        return Step(anomaly.start, Link.ANOMALY, words)

    def predictions(self, incident: Incident) -> list[Step]:
        steps = []
        if incident.predicted is not None:
            words = self("predicted_then", what=_prediction(incident.predicted).plain())
            steps.append(Step(incident.opened_at, Link.FORECAST, words))
        if incident.current is not None and incident.current != incident.predicted:
            words = self("predicted_now", what=_prediction(incident.current).plain())
            steps.append(Step(incident.updated_at, Link.FORECAST, words))
        return steps

    def crossing(self, crossing: Crossing) -> list[Step]:
        steps, signal = [], crossing.series.text
        if not math.isnan(crossing.value):
            words = self("was", signal=signal, value=crossing.value)
            steps.append(Step(crossing.origin, Link.SAMPLE, words))
        if crossing.foreseen is None:
            why = crossing.abstained.name.lower()
            words = self("no_forecast", signal=signal, abstention=why)
        else:
            words = self(
                "limit_within",
                signal=signal,
                limit=crossing.limit,
                probability=crossing.probability,
                horizon=format_span(crossing.horizon, self.language),
                method=crossing.method,
            )
        return [*steps, Step(crossing.origin, Link.FORECAST, words)]

    def decision(self, decision: Decision) -> Step:
        action, reason = decision.action, decision.reason.value
        colon = ": " if self.language == "en" else "："
        what = word("action", action, self.language) + colon
        what += word("reason", reason, self.language)
        about = decision.subject if decision.subject.startswith(decision.asset + " ") else ""
        said = (about, what, decision.words(self.language))
        words = " – ".join(part for part in said if part)
        return Step(decision.at, Link.DECISION, words, action, reason)

    def message(self, message: OutboxMessage) -> Step:
        words = self(
            "message",
            told=message.draft.action.value,
            destination=message.destination,
            delivery=message.state.value,
        )
        if message.ticket_id:
            words += self("message_ticket", ticket=message.ticket_id)
        if message.attempts > 1 or message.state is not OutboxState.DONE:
            at = _time(message.next_at)
            words += self("message_tries", attempts=message.attempts, at=at)
        if message.last_error and message.state is not OutboxState.DONE:
            words += self("message_error", error=message.last_error)
        return Step(message.created_at, Link.MESSAGE, words)

    def ticket(self, ticket: Ticket) -> Step:
        code = "ticket_open" if ticket.is_open else "ticket_closed"
        name = f"{ticket.destination} {ticket.id}"
        return Step(None, Link.TICKET, self(code, ticket=name, status=ticket.status))

    def outcome(self, incident: Incident) -> list[Step]:
        outcome = incident.outcome
        if outcome is None:
            return []
        ended = Phrase(
            "ended_by",
            {
                "incident": incident.display,
                "outcome": outcome.kind.value,
                "actor": outcome.by,
            },
        )
        note = outcome.words(self.language)
        words = ended.text(self.language)
        if note:
            words = self("with_note", what=ended.plain(), note=note)
        return [Step(outcome.at, Link.OUTCOME, words)]


def _prediction(prediction: Prediction) -> Phrase:
    return Phrase(
        "limit_between",
        {
            "limit": prediction.limit,
            "probability": prediction.probability,
            "early": _time(prediction.early),
            "late": _time(prediction.late),
            "method": prediction.method,
        },
    )


def _in_order(steps: Iterable[Step]) -> tuple[Step, ...]:
    timed = sorted(
        (step for step in steps if step.at is not None),
        key=lambda step: (step.at, _ORDER[step.link]),
    )
    return (*timed, *(step for step in steps if step.at is None))


def _time(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M UTC}"
