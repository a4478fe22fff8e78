"""The steps every decision is made of: open, join, close, reopen, tell, note."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from aiops.domain.decision import Decision, Reason
from aiops.domain.incident import (
    Incident,
    IncidentState,
    Member,
    MemberSource,
    Outcome,
    Prediction,
    Transition,
)
from aiops.domain.phrase import NO_WORDS, Phrase, verbatim
from aiops.domain.series import SeriesKey
from aiops.domain.ticket import TicketAction
from aiops.incident.decided import Decided, Notice
from aiops.incident.ending import ended_at
from aiops.incident.open import Opening
from aiops.incident.settings import IncidentSettings
from aiops.incident.standing import View
from aiops.incident.surroundings import Surroundings

OFTEN: Final = 3
"""Returns within a day from which on an incident flaps: the first two may be bad luck."""
DAY: Final = timedelta(days=1)
CALM: Final = 6
"""Times ``reopen_within`` that a flapping incident must be calm before it closes."""


@dataclass(slots=True)
class Round:
    """One round: what stands, and what has been decided so far.

    Attributes:
        streak: As in :class:`Memory`, changed in place.
    """

    now: datetime
    opening: Opening
    settings: IncidentSettings
    view: View
    decided: Decided
    streak: dict[str, int]

    def open(self, incident: Incident, reason: Reason) -> Incident:
        """Opens a new incident."""
        words = incident.sentence
        said = verbatim(words.get("en", ""), words.get("zh", ""))
        self.note(incident, "open", reason, said)
        self.tell(incident, TicketAction.OPEN, Reason.FIRST_NOTIFICATION)
        return self.put(incident)

    def join(self, incident: Incident, member: Member, around: Surroundings) -> Incident:
        """Adds a series to an incident; one that is a member already lasts again."""
        assets = {known.series.asset for known in incident.members} | {incident.asset}
        known = next((m for m in incident.members if _same(m, member)), None)
        if known is None:
            members = (*incident.members, member)
        else:
            again = replace(member, since=known.since)
            members = tuple(again if m is known else m for m in incident.members)
        grown = replace(incident, members=members, updated_at=self.now)
        self.note(grown, "update", Reason.JOINED, verbatim(member.series.text))
        if known is None:
            self.note_tie(grown, member.series.asset, assets, around)
        if member.series.asset not in assets and _doubled(len(assets) + 1):
            self.tell(grown, TicketAction.COMMENT, Reason.JOINED)
        return self.put(grown)

    def clear(
        self, incident: Incident, series: SeriesKey, source: MemberSource, at: datetime
    ) -> Incident:
        """Notes that a member is normal again."""
        members = tuple(
            replace(m, until=at) if m.until is None and _is(m, series, source) else m
            for m in incident.members
        )
        if members == incident.members:
            return incident
        self.note(incident, "update", Reason.MEMBER_CLEAR, verbatim(series.text))
        return self.put(replace(incident, members=members, updated_at=self.now))

    def close(self, incident: Incident, reason: Reason, outcome: Outcome | None) -> Incident:
        """Closes an incident, with an outcome unless it has one."""
        closed = replace(
            self.move(incident, IncidentState.CLOSED, reason),
            closed_at=self.now,
            outcome=incident.outcome or outcome,
        )
        note = NO_WORDS
        if outcome is not None:
            why = (outcome.phrase or verbatim(outcome.note)).plain()
            note = Phrase("ended", {"outcome": outcome.kind.value, "note": why})
        self.note(closed, "close", reason, note)
        self.tell(closed, TicketAction.RESOLVE, reason)
        return self.put(closed)

    def may_return(self, recent: Incident) -> bool:
        """Whether it closed a short while ago and what it foretold may still come.

        A verdict given later does not make the end any later. After its range, a risk is a new
        prediction: the old one would expire again in the round that reopens it.
        """
        past = recent.predicted is not None and self.is_past(recent.predicted)
        return not past and self.now - ended_at(recent) <= self.settings.reopen_within

    def is_past(self, predicted: Prediction) -> bool:
        """Whether a prediction's range and the grace after it are over."""
        return self.now > predicted.late + self.settings.grace

    def reopen(self, recent: Incident, current: Prediction | None) -> Incident:
        """Opens an incident again that had closed a short while ago."""
        again = replace(recent, closed_at=None, current=current, outcome=None)
        again = self.move(again, IncidentState.OPEN, Reason.RISK_RETURNED)
        reason, words = Reason.RISK_RETURNED, Phrase("closed_shortly")
        if is_flapping(again, self.now):
            reason, words = Reason.FLAPPING, Phrase("comes_and_goes")
        self.note(again, "open", reason, words)
        self.tell(again, TicketAction.REOPEN, reason)
        return self.put(again)

    def may_close(self, incident: Incident) -> bool:
        """Whether a flapping incident has been calm for long enough; any other has."""
        ends = [m.until for m in incident.members if m.until is not None]
        calm = not ends or self.now - max(ends) >= CALM * self.settings.reopen_within
        if calm or not is_flapping(incident, self.now):
            return True
        self.note(incident, "hold", Reason.FLAPPING, Phrase("until_calm"))
        return False

    def move(self, incident: Incident, state: IncidentState, reason: Reason) -> Incident:
        """Returns the incident in a state, with the step that led there."""
        step = Transition(self.now, state, reason)
        return replace(
            incident,
            state=state,
            updated_at=self.now,
            transitions=(*incident.transitions, step),
        )

    def put(self, incident: Incident) -> Incident:
        """Keeps an incident as it is now."""
        self.decided.changed[incident.key] = incident
        self.view.put(incident)
        return incident

    def tell(self, incident: Incident, action: TicketAction, reason: Reason) -> None:
        """Tells the outside, if the stage allows it; several joining are one word."""
        if reason is Reason.JOINED and any(
            n.incident.key == incident.key for n in self.decided.notices
        ):
            return
        self.decided.notices.append(Notice(incident, action, reason))

    def note(self, incident: Incident, action: str, reason: Reason, phrase: Phrase) -> None:
        """Adds to the trace of an incident."""
        self.decided.decisions.append(
            Decision(self.now, incident.key, incident.asset, action, reason, phrase)
        )

    def note_tie(
        self, incident: Incident, asset: str, others: Iterable[str], around: Surroundings
    ) -> None:
        """Says that an asset belongs to an incident only because it often fails with another."""
        tie = around.tie(asset, others, self.now)
        if tie is not None:
            values = {"asset": asset, "other": tie[0], "times": tie[1]}
            self.note(incident, "update", Reason.OFTEN_TOGETHER, Phrase("often_together", values))

    def nothing(self, series: SeriesKey, reason: Reason, phrase: Phrase) -> None:
        """Says why nothing opened for a series."""
        self.decided.decisions.append(
            Decision(self.now, series.text, series.asset, "nothing", reason, phrase)
        )

    def strange(self, series: SeriesKey, reason: Reason, phrase: Phrase) -> None:
        """Says why nothing opened on an anomaly; its series' risk has a trace of its own."""
        subject = f"{series.text} (anomaly)"
        self.decided.decisions.append(
            Decision(self.now, subject, series.asset, "nothing", reason, phrase)
        )


def is_flapping(incident: Incident, now: datetime) -> bool:
    """Whether an incident has come back often within a day."""
    returned = [t for t in incident.transitions if t.reason is Reason.RISK_RETURNED]
    return sum(now - step.at <= DAY for step in returned) >= OFTEN


def _same(one: Member, other: Member) -> bool:
    return _is(one, other.series, other.source)


def _is(member: Member, series: SeriesKey, source: MemberSource) -> bool:
    return member.series == series and member.source is source


def _doubled(assets: int) -> bool:
    """Whether so many assets are worth a word: 2, 4, 8 and so on.

    >>> [n for n in range(1, 20) if _doubled(n)]
    [1, 2, 4, 8, 16]
    """
    return assets & (assets - 1) == 0
