"""Open, update, hold or close: a pure decision, and each one has a named reason.

What is asked of each limited series, once per forecast:

1. Is its limit met (or a failure reported)?  The predicted incident *happened*; without one
   a reactive incident opens.
2. Is an incident of its asset open?  A crossing as likely as before updates it; one that
   has become unlikely, ``hold`` times in a row, closes it.
3. Else: likely enough, ``hold`` times in a row?  It opens, or reopens the one just closed.

A risk that a person has answered (closed, or judged false) does not open again until it has
gone away; that its limit is met always opens.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from operator import attrgetter

from aiops.domain.abstention import Abstention
from aiops.domain.decision import Decision, Reason
from aiops.domain.event import Failure, Maintenance
from aiops.domain.forecast import Crossing
from aiops.domain.incident import (
    Incident,
    IncidentKind,
    IncidentState,
    Outcome,
    OutcomeKind,
    Prediction,
    Transition,
)
from aiops.domain.series import SeriesKey
from aiops.domain.ticket import TicketAction
from aiops.incident.ending import ended_at, ending
from aiops.incident.open import REPORTED, Opening, open_predictive, open_reactive, prediction_of
from aiops.incident.settings import IncidentSettings


@dataclass(frozen=True, slots=True)
class Memory:
    """How often in a row a series was above (positive) or below (negative) its bar.

    ``answered(series)`` beside them counts 1 while a person's answer to its risk stands.
    """

    streak: Mapping[str, int] = field(default_factory=dict)

    def with_answer(self, series: SeriesKey) -> "Memory":
        """Returns a memory in which a person has answered the series' risk."""
        return Memory({**self.streak, answered(series): 1, series.text: 0})


def answered(series: SeriesKey) -> str:
    """Returns the name under which an answer is remembered; no series has a name like it."""
    return f"answered\x1f{series.text}"


@dataclass(frozen=True, slots=True)
class Notice:
    """Something the outside should be told, if the stage allows it."""

    incident: Incident
    action: TicketAction
    reason: Reason


@dataclass(slots=True)
class Decided:
    """What follows from one round: written in one transaction."""

    memory: Memory
    changed: dict[str, Incident] = field(default_factory=dict)
    notices: list[Notice] = field(default_factory=list)
    decisions: list[Decision] = field(default_factory=list)


def decide(
    now: datetime,
    incidents: Sequence[Incident],
    crossings: Sequence[Crossing],
    failures: Sequence[Failure],
    repairs: Sequence[Maintenance],
    memory: Memory,
    opening: Opening,
    settings: IncidentSettings,
) -> Decided:
    """Decides one round.

    Args:
        incidents: Open ones, and those closed within ``reopen_within``.
        crossings: This round's, one per limited series, abstentions included.
        opening: What is needed to write a new incident.
    """
    round_ = _Round(now, opening, settings, Decided(memory))
    standing = {i.asset: i for i in sorted(incidents, key=_opened_at) if i.is_open}
    closed = [i for i in incidents if not i.is_open]
    recent = {i.asset: i for i in sorted(closed, key=ended_at)}
    streak = dict(memory.streak)
    for repair in repairs:
        if (incident := standing.get(repair.asset)) is not None:
            standing[repair.asset] = round_.repaired(incident, repair)
    for failure in round_.awake_failures(failures):
        asset = failure.asset
        standing[asset] = round_.failed(standing.get(asset), failure)
    for crossing in sorted(round_.awake(crossings), key=_worst_first):
        asset = crossing.series.asset
        incident = standing.get(asset)
        if incident is not None and not incident.is_open:
            incident = None
        if incident is None:
            found = round_.without(crossing, recent.get(asset), streak)
        else:
            found = round_.within(crossing, incident, streak)
        if found is not None:
            standing[asset] = found
    passed = now - settings.grace
    late = [i for i in standing.values() if i.predicted is None or i.predicted.late < passed]
    for incident in late:
        if incident.is_open:
            round_.expire(incident)
    round_.decided.memory = Memory({key: count for key, count in streak.items() if count})
    return round_.decided


@dataclass(slots=True)
class _Round:
    now: datetime
    opening: Opening
    settings: IncidentSettings
    decided: Decided

    def without(
        self, crossing: Crossing, recent: Incident | None, streak: dict[str, int]
    ) -> Incident | None:
        """A series whose asset has no open incident."""
        name = crossing.series.text
        if recent is not None and not self._may_return(recent):
            recent = None
        if crossing.abstained is Abstention.ALREADY_OVER and self.opening.limits_are_failures:
            streak[name] = streak[answered(crossing.series)] = 0
            if recent is not None and recent.kind is IncidentKind.REACTIVE:
                return self._reopen(recent, recent.current)
            return self._open(open_reactive(self.opening, crossing, self.now), Reason.FAILURE_SEEN)
        probability = crossing.probability
        if streak.get(answered(crossing.series)) and not self._is_gone(crossing):
            self._nothing(crossing, Reason.ANSWERED, "a person has answered this risk")
            return None
        streak[answered(crossing.series)] = 0
        if probability is None:
            streak[name] = 0
            self._nothing(crossing, Reason.ABSTAINED, crossing.abstained.words)
            return None
        bar = self.settings.open_probability
        if probability < bar:
            streak[name] = 0
            self._nothing(
                crossing, Reason.PROBABILITY_TOO_LOW, f"{probability:.2f} is below {bar:.2f}"
            )
            return None
        streak[name] = max(streak.get(name, 0), 0) + 1
        if streak[name] < self.settings.hold:
            self._nothing(
                crossing,
                Reason.NOT_SUSTAINED,
                f"{probability:.2f}, {streak[name]} of {self.settings.hold} times in a row",
            )
            return None
        if recent is not None:
            lead = self.opening.repair_lead(recent.asset)
            return self._reopen(recent, prediction_of(crossing, lead))
        incident = open_predictive(self.opening, crossing, self.now)
        return self._open(incident, Reason.CROSSING_LIKELY)

    def within(
        self, crossing: Crossing, incident: Incident, streak: dict[str, int]
    ) -> Incident | None:
        """A series whose asset has an open incident."""
        name = crossing.series.text
        if crossing.abstained is Abstention.ALREADY_OVER:
            streak[name] = 0
            if not self.opening.limits_are_failures:
                self._note(incident, "hold", Reason.RISK_REPEATED, "its limit is met")
                return None
            at = crossing.origin
            return self._happened(incident, at, f"{crossing.series.signal} met its limit")
        if crossing.series != incident.series:
            return None  # the incident speaks of another signal of this asset
        probability = crossing.probability
        if probability is None and crossing.abstained is not Abstention.NO_TREND:
            reason = crossing.abstained.words
            self._note(incident, "hold", Reason.ABSTAINED, reason)
            return None
        if probability is not None and probability >= self.settings.close_probability:
            streak[name] = 0
            return self._keep(incident, crossing, probability)
        streak[name] = min(streak.get(name, 0), 0) - 1
        if -streak[name] < self.settings.hold:
            self._note(incident, "hold", Reason.RISK_FALLING, f"{-streak[name]} times in a row")
            return None
        streak[name] = 0
        return self._close(incident, Reason.RISK_GONE, ending(incident, crossing, self.now))

    def failed(self, incident: Incident | None, failure: Failure) -> Incident:
        """A failure was reported."""
        if incident is not None:
            return self._happened(incident, failure.at, failure.kind)
        opened = open_reactive(self.opening, failure, self.now)
        return self._open(opened, Reason.FAILURE_SEEN)

    def repaired(self, incident: Incident, repair: Maintenance) -> Incident:
        """A repair was reported."""
        averted = incident.outcome is None and incident.predicted is not None
        outcome = Outcome(OutcomeKind.AVERTED, repair.start, note="repaired") if averted else None
        return self._close(incident, Reason.BY_PERSON, outcome)

    def expire(self, incident: Incident) -> None:
        """Its range has passed and nothing happened, or the reported failure is long ago."""
        predicted = incident.predicted
        reported = incident.series.metric == REPORTED
        if reported and self.now > incident.opened_at + self.settings.grace:
            self._close(incident, Reason.RISK_GONE, None)
        if predicted is None or incident.outcome is not None:
            return
        if self._is_past(predicted):
            outcome = Outcome(OutcomeKind.EXPIRED, self.now, note="its range passed")
            self._close(incident, Reason.PREDICTION_EXPIRED, outcome)

    def awake(self, crossings: Sequence[Crossing]) -> list[Crossing]:
        """Leaves out what is in maintenance: nothing opens or closes, counts stay."""
        kept = []
        for crossing in crossings:
            if self.opening.in_maintenance(crossing.series.asset):
                self._nothing(crossing, Reason.IN_MAINTENANCE, "planned window")
            else:
                kept.append(crossing)
        return kept

    def awake_failures(self, failures: Sequence[Failure]) -> list[Failure]:
        """Leaves out failures that were reported within a planned window."""
        kept = []
        for failure in failures:
            asset = failure.asset
            if self.opening.in_maintenance(asset):
                self.decided.decisions.append(
                    Decision(
                        self.now,
                        f"{asset} {REPORTED}",
                        asset,
                        "nothing",
                        Reason.IN_MAINTENANCE,
                        f"reported in a planned window: {failure.kind}",
                    )
                )
            else:
                kept.append(failure)
        return kept

    def _keep(self, incident: Incident, crossing: Crossing, probability: float) -> Incident:
        new = prediction_of(crossing, self.opening.repair_lead(incident.asset))
        old = incident.current
        updated = replace(incident, current=new, updated_at=self.now)
        earlier = old is not None and old.likely - new.likely > (old.likely - self.now) / 4
        if earlier and incident.outcome is None:
            updated = self._move(updated, updated.state, Reason.PREDICTION_CHANGED)
            self._tell(updated, TicketAction.COMMENT, Reason.PREDICTION_CHANGED)
            self._note(updated, "update", Reason.PREDICTION_CHANGED, "a quarter sooner than said")
        else:
            self._note(updated, "hold", Reason.RISK_REPEATED, f"probability {probability:.2f}")
        return self._put(updated)

    def _happened(self, incident: Incident, at: datetime, what: str) -> Incident:
        if incident.outcome is not None or incident.kind is IncidentKind.REACTIVE:
            self._note(incident, "hold", Reason.RISK_REPEATED, what)
            return incident
        outcome = Outcome(OutcomeKind.HAPPENED, at, note=what)
        known = replace(incident, outcome=outcome)
        moved = self._move(known, known.state, Reason.FAILURE_HAPPENED)
        self._note(moved, "update", Reason.FAILURE_HAPPENED, what)
        self._tell(moved, TicketAction.COMMENT, Reason.FAILURE_HAPPENED)
        return self._put(moved)

    def _open(self, incident: Incident, reason: Reason) -> Incident:
        self._note(incident, "open", reason, incident.sentence.get("en", ""))
        self._tell(incident, TicketAction.OPEN, Reason.FIRST_NOTIFICATION)
        return self._put(incident)

    def _is_gone(self, crossing: Crossing) -> bool:
        """Whether there is no risk now; bad data says nothing of it."""
        if crossing.probability is None:
            return crossing.abstained is Abstention.NO_TREND
        return crossing.probability < self.settings.close_probability

    def _is_past(self, predicted: Prediction) -> bool:
        return self.now > predicted.late + self.settings.grace

    def _may_return(self, recent: Incident) -> bool:
        """Whether it closed a short while ago and what it foretold may still come.

        A verdict given later does not make the end any later. After its range, a risk is a new
        prediction: the old one would expire again in the round that reopens it.
        """
        past = recent.predicted is not None and self._is_past(recent.predicted)
        return not past and self.now - ended_at(recent) <= self.settings.reopen_within

    def _reopen(self, recent: Incident, current: Prediction | None) -> Incident:
        again = replace(recent, closed_at=None, current=current, outcome=None)
        again = self._move(again, IncidentState.OPEN, Reason.RISK_RETURNED)
        self._note(again, "open", Reason.RISK_RETURNED, "it had closed a short while ago")
        self._tell(again, TicketAction.REOPEN, Reason.RISK_RETURNED)
        return self._put(again)

    def _close(self, incident: Incident, reason: Reason, outcome: Outcome | None) -> Incident:
        closed = replace(
            self._move(incident, IncidentState.CLOSED, reason),
            closed_at=self.now,
            outcome=incident.outcome or outcome,
        )
        note = f"{outcome.kind.value}: {outcome.note}" if outcome else ""
        self._note(closed, "close", reason, note)
        self._tell(closed, TicketAction.RESOLVE, reason)
        return self._put(closed)

    def _move(self, incident: Incident, state: IncidentState, reason: Reason) -> Incident:
        step = Transition(self.now, state, reason)
        return replace(
            incident,
            state=state,
            updated_at=self.now,
            transitions=(*incident.transitions, step),
        )

    def _put(self, incident: Incident) -> Incident:
        self.decided.changed[incident.key] = incident
        return incident

    def _tell(self, incident: Incident, action: TicketAction, reason: Reason) -> None:
        self.decided.notices.append(Notice(incident, action, reason))

    def _note(self, incident: Incident, action: str, reason: Reason, detail: str) -> None:
        self.decided.decisions.append(
            Decision(self.now, incident.key, incident.asset, action, reason, detail)
        )

    def _nothing(self, crossing: Crossing, reason: Reason, detail: str) -> None:
        series = crossing.series
        self.decided.decisions.append(
            Decision(self.now, series.text, series.asset, "nothing", reason, detail)
        )


_opened_at = attrgetter("opened_at")


def _worst_first(crossing: Crossing) -> tuple[int, float, str]:
    over = crossing.abstained is Abstention.ALREADY_OVER
    return (0 if over else 1, -(crossing.probability or 0.0), crossing.series.text)
