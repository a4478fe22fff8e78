"""Open, update, hold or close: a pure decision, and each one has a named reason.

What is asked of each limited series, once per forecast:

1. Is its limit met (or a failure reported)?  The predicted incident *happened*; without one
   a reactive incident opens.
2. Is an incident of its asset open?  A crossing as likely as before updates it; one that
   has become unlikely, ``hold`` times in a row, closes it.
3. Else: likely enough, ``hold`` times in a row?  It opens, or reopens the one just closed.

An incident that anomalies began says nothing of limits: a prediction opens beside it.
A risk that a person has answered (closed, or judged false) does not open again until it has
gone away; that its limit is met always opens.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import UTC, datetime

from aiops.domain.abstention import Abstention
from aiops.domain.anomaly import Anomaly
from aiops.domain.decision import Decision, Reason
from aiops.domain.event import Failure, Maintenance
from aiops.domain.forecast import Crossing
from aiops.domain.incident import Incident, IncidentKind, Member, MemberSource, Outcome, OutcomeKind
from aiops.domain.phrase import Phrase, signal_value, verbatim
from aiops.domain.series import SeriesKey
from aiops.domain.ticket import TicketAction
from aiops.incident.decided import MENDED, Decided, Loose, Memory, answered, mended
from aiops.incident.ending import ending
from aiops.incident.open import (
    Opening,
    limit_member,
    open_predictive,
    open_reactive,
    prediction_of,
)
from aiops.incident.round import Round
from aiops.incident.settings import IncidentSettings
from aiops.incident.standing import REPORTED, Standing, View
from aiops.incident.strange import near_incident, weigh_anomalies
from aiops.incident.surroundings import Surroundings


def decide(
    now: datetime,
    standing: Standing,
    crossings: Sequence[Crossing],
    failures: Sequence[Failure],
    repairs: Sequence[Maintenance],
    memory: Memory,
    opening: Opening,
    settings: IncidentSettings,
    anomalies: Iterable[Anomaly] = (),
    loose: Loose | None = None,
    around: Surroundings | None = None,
) -> Decided:
    """Decides one round.

    Args:
        standing: Open incidents, and those closed within ``reopen_within``; not changed.
        crossings: This round's, one per limited series, abstentions included.
        opening: What is needed to write a new incident.
        anomalies: Events that began, last or ended in this round.
        loose: Anomalies of earlier rounds that have no incident.
        around: What is known around anomalies; None where nothing is related.
    """
    streak = dict(memory.streak)
    round_ = Round(now, opening, settings, View(standing), Decided(memory), streak)
    rules = _Crossings(round_, around or Surroundings())
    for repair in repairs:
        rules.repaired(repair)
    for failure in rules.awake_failures(failures):
        rules.failed(round_.view.own(failure.asset), failure)
    for crossing in sorted(rules.awake(crossings), key=_worst_first):
        incident = round_.view.own(crossing.series.asset)
        if incident is None or (incident.is_strange and not _is_over(crossing)):
            rules.without(crossing, round_.view.recent(crossing.series.asset))
        else:
            rules.within(crossing, incident)
    weigh_anomalies(round_, anomalies, loose or {}, rules.around)
    for incident in round_.view.passed(now - settings.grace):
        rules.expire(incident)
    rules.check_repairs()
    round_.decided.memory = Memory({key: count for key, count in streak.items() if count})
    return round_.decided


class _Crossings:
    """What follows from limits, failures and repairs."""

    def __init__(self, round_: Round, around: Surroundings) -> None:
        self.round = round_
        self.around = around
        self.now = round_.now
        self.opening = round_.opening
        self.settings = round_.settings
        self.streak = round_.streak

    def without(self, crossing: Crossing, recent: Incident | None) -> None:
        """A series whose asset has no open incident of its own."""
        name = crossing.series.text
        if recent is not None and not self.round.may_return(recent):
            recent = None
        if _is_over(crossing) and self.opening.limits_are_failures:
            self.streak[name] = self.streak[answered(crossing.series)] = 0
            self._met(crossing, recent)
            return
        self._fall_elsewhere(crossing)
        probability = crossing.foreseen
        if self.streak.get(answered(crossing.series)) and not self._is_gone(crossing):
            self.round.nothing(crossing.series, Reason.ANSWERED, Phrase("risk_answered"))
            return
        self.streak[answered(crossing.series)] = 0
        if probability is None:
            self.streak[name] = min(self.streak.get(name, 0), 0)
            self.round.nothing(crossing.series, Reason.ABSTAINED, _abstained(crossing))
            return
        bar = self.settings.open_probability
        if probability < bar:
            self.streak[name] = min(self.streak.get(name, 0), 0)
            self.round.nothing(
                crossing.series,
                Reason.PROBABILITY_TOO_LOW,
                Phrase("below", {"probability": probability, "bar": bar}),
            )
            return
        self.streak[name] = max(self.streak.get(name, 0), 0) + 1
        if self.streak[name] < self.settings.hold:
            self.round.nothing(
                crossing.series,
                Reason.NOT_SUSTAINED,
                Phrase(
                    "in_a_row",
                    {
                        "probability": probability,
                        "count": self.streak[name],
                        "hold": self.settings.hold,
                    },
                ),
            )
            return
        if recent is not None:
            lead = self.opening.repair_lead(recent.asset)
            self.round.reopen(recent, prediction_of(crossing, lead))
            return
        incident = open_predictive(self.opening, crossing, self.now)
        self.round.open(incident, Reason.CROSSING_LIKELY)

    def within(self, crossing: Crossing, incident: Incident) -> None:
        """A series whose asset has an open incident."""
        name = crossing.series.text
        if _is_over(crossing):
            self.streak[name] = 0
            if not self.opening.limits_are_failures:
                self.round.note(incident, "hold", Reason.RISK_REPEATED, Phrase("limit_met"))
                return
            words = Phrase("signal_met_limit", {"signal": signal_value(crossing.series)})
            self._happened(incident, crossing.origin, words, crossing)
            return
        if crossing.series != incident.series:
            self._fall_elsewhere(crossing)
            return  # the incident speaks of another signal of this asset
        probability = crossing.foreseen
        if probability is None and crossing.abstained is not Abstention.NO_TREND:
            self.round.note(incident, "hold", Reason.ABSTAINED, _abstained(crossing))
            return
        if probability is not None and probability >= self.settings.close_probability:
            self.streak[name] = 0
            self._keep(incident, crossing, probability)
            return
        self.streak[name] = min(self.streak.get(name, 0), 0) - 1
        if -self.streak[name] < self.settings.hold:
            times = Phrase("falling", {"count": -self.streak[name]})
            self.round.note(incident, "hold", Reason.RISK_FALLING, times)
            return
        incident = self.round.clear(incident, crossing.series, MemberSource.LIMIT, self.now)
        if incident.lasting:
            lasting, members = len(incident.lasting), len(incident.members)
            words = Phrase("members_last", {"lasting": lasting, "members": members})
            self.round.note(incident, "hold", Reason.MEMBER_LASTS, words)
            return
        if not self.round.may_close(incident):
            return
        self.streak[name] = 0
        amount = self.opening.subject(crossing.series).value
        self.round.close(incident, Reason.RISK_GONE, ending(incident, crossing, self.now, amount))

    def failed(self, incident: Incident | None, failure: Failure) -> None:
        """A failure was reported."""
        if incident is not None:
            self._happened(incident, failure.at, verbatim(failure.kind))
            return
        opened = open_reactive(self.opening, failure, self.now)
        self.round.open(opened, Reason.FAILURE_SEEN)

    def repaired(self, repair: Maintenance) -> None:
        """A repair was reported: what it was for closes, and its parts in others are clear."""
        asset = repair.asset
        own = self.round.view.own(asset)
        if own is not None:
            averted = own.outcome is None and own.predicted is not None
            note = Outcome.by_rule(OutcomeKind.AVERTED, repair.start, Phrase("repaired"))
            self.round.close(own, Reason.REPAIRED, note if averted else None)
            self.streak[mended(asset, own.key)] = int(repair.end.timestamp())
        for incident in self.round.view.around(asset):
            now = self.round.view.now(incident)
            for member in now.lasting:
                if member.series.asset == asset:
                    now = self.round.clear(now, member.series, member.source, repair.end)

    def check_repairs(self) -> None:
        """Says of every repair whether it worked: whether its asset is calm for the grace."""
        for name in [name for name in self.streak if name.startswith(MENDED)]:
            _, asset, key = name.split("\x1f")
            since = datetime.fromtimestamp(self.streak[name], UTC)
            own = self.round.view.own(asset)
            failed = own is not None and own.opened_at > since
            if failed or self.now - since > self.settings.grace:
                reason = Reason.REPAIR_FAILED if failed else Reason.REPAIR_WORKED
                words = Phrase("repaired_at", {"at": f"{since:%Y-%m-%d %H:%M UTC}"})
                self.round.decided.decisions.append(
                    Decision(self.now, key, asset, "update", reason, words)
                )
                if failed and own is not None:
                    self.round.note(own, "update", reason, words)
                del self.streak[name]

    def expire(self, incident: Incident) -> None:
        """Its range has passed and nothing happened, or the reported failure is long ago."""
        predicted = incident.predicted
        reported = incident.series.metric == REPORTED
        if reported and self.now > incident.opened_at + self.settings.grace:
            self.round.close(incident, Reason.RISK_GONE, None)
        if predicted is None or incident.outcome is not None:
            return
        if self.round.is_past(predicted):
            outcome = Outcome.by_rule(OutcomeKind.EXPIRED, self.now, Phrase("range_passed"))
            self.round.close(incident, Reason.PREDICTION_EXPIRED, outcome)

    def awake(self, crossings: Sequence[Crossing]) -> list[Crossing]:
        """Leaves out what is in maintenance: nothing opens or closes, counts stay."""
        kept = []
        for crossing in crossings:
            if self.opening.in_maintenance(crossing.series.asset):
                self.round.nothing(crossing.series, Reason.IN_MAINTENANCE, Phrase("planned_window"))
            else:
                kept.append(crossing)
        return kept

    def awake_failures(self, failures: Sequence[Failure]) -> list[Failure]:
        """Leaves out failures that were reported within a planned window."""
        kept = []
        for failure in failures:
            if self.opening.in_maintenance(failure.asset):
                words = Phrase("reported_in_window", {"failure": failure.kind})
                series = SeriesKey(failure.asset, REPORTED)
                self.round.nothing(series, Reason.IN_MAINTENANCE, words)
            else:
                kept.append(failure)
        return kept

    def _met(self, crossing: Crossing, recent: Incident | None) -> None:
        """Its limit is met: the incident it is part of, or one near, has it; else one opens."""
        series, member = crossing.series, limit_member(crossing)
        known = [i for i in self.round.view.lasting(series) if i.kind is IncidentKind.REACTIVE]
        if any(_same_limit(m, member) for i in known for m in i.lasting):
            words = Phrase("stays_over", {"signal": signal_value(series, asset=True)})
            self.round.note(known[0], "hold", Reason.RISK_REPEATED, words)
            return
        if recent is not None and recent.kind is IncidentKind.REACTIVE:
            again = self.round.reopen(recent, recent.current)
            self.round.join(again, member, self.around)
            return
        joined = [i for i in self.round.view.around(series.asset) if i.predicted is None]
        near = joined[0] if joined else None
        near = near or near_incident(self.round, series.asset, crossing.origin, self.around)
        if near is not None:
            self.round.join(near, member, self.around)
            return
        self.round.open(open_reactive(self.opening, crossing, self.now), Reason.FAILURE_SEEN)

    def _fall_elsewhere(self, crossing: Crossing) -> None:
        """A member of an incident that another series began is clear when its risk is gone."""
        series, name = crossing.series, crossing.series.text
        known = [
            i
            for i in self.round.view.lasting(series)
            if any(m.series == series and m.source is MemberSource.LIMIT for m in i.lasting)
        ]
        if not known or not self._is_gone(crossing):
            return
        self.streak[name] = min(self.streak.get(name, 0), 0) - 1
        if -self.streak[name] >= self.settings.hold:
            self.streak[name] = 0
            for incident in known:
                self.round.clear(incident, series, MemberSource.LIMIT, self.now)

    def _keep(self, incident: Incident, crossing: Crossing, probability: float) -> None:
        new = prediction_of(crossing, self.opening.repair_lead(incident.asset))
        old = incident.current
        updated = replace(incident, current=new, updated_at=self.now)
        earlier = old is not None and old.likely - new.likely > (old.likely - self.now) / 4
        if earlier and incident.predicted is not None and incident.outcome is None:
            updated = self.round.move(updated, updated.state, Reason.PREDICTION_CHANGED)
            self.round.tell(updated, TicketAction.COMMENT, Reason.PREDICTION_CHANGED)
            self.round.note(updated, "update", Reason.PREDICTION_CHANGED, Phrase("sooner"))
        else:
            words = Phrase("probability", {"probability": probability})
            self.round.note(updated, "hold", Reason.RISK_REPEATED, words)
        self.round.put(updated)

    def _happened(
        self, incident: Incident, at: datetime, what: Phrase, crossing: Crossing | None = None
    ) -> None:
        member = None if crossing is None else limit_member(crossing)
        if incident.outcome is not None or incident.kind is IncidentKind.REACTIVE:
            self.round.note(incident, "hold", Reason.RISK_REPEATED, what)
            reactive = incident.kind is IncidentKind.REACTIVE and incident.series.metric != REPORTED
            if reactive and member and not any(_same_limit(m, member) for m in incident.lasting):
                self.round.join(incident, member, self.around)
            return
        outcome = Outcome.by_rule(OutcomeKind.HAPPENED, at, what)
        known = replace(incident, outcome=outcome)
        moved = self.round.move(known, known.state, Reason.FAILURE_HAPPENED)
        self.round.note(moved, "update", Reason.FAILURE_HAPPENED, what)
        self.round.tell(moved, TicketAction.COMMENT, Reason.FAILURE_HAPPENED)
        self.round.put(moved)

    def _is_gone(self, crossing: Crossing) -> bool:
        """Whether there is no risk now; bad data says nothing of it."""
        probability = crossing.foreseen
        if probability is None:
            return crossing.abstained is Abstention.NO_TREND
        return probability < self.settings.close_probability


def _same_limit(one: Member, other: Member) -> bool:
    return one.series == other.series and one.source is other.source


def _abstained(crossing: Crossing) -> Phrase:
    return Phrase("abstained", {"abstention": crossing.abstained.name.lower()})


def _is_over(crossing: Crossing) -> bool:
    return crossing.abstained is Abstention.ALREADY_OVER


def _worst_first(crossing: Crossing) -> tuple[int, float, str]:
    return (0 if _is_over(crossing) else 1, -(crossing.foreseen or 0.0), crossing.series.text)
