"""What a new incident gets at the door: category, team, somebody on shift, cases like it."""

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from zoneinfo import ZoneInfo

from aiops.domain.asset import Asset
from aiops.domain.decision import Decision, Reason
from aiops.domain.incident import Incident
from aiops.domain.phrase import Phrase
from aiops.incident.category import Classifier
from aiops.incident.roster import OnShift, Roster
from aiops.incident.similar import find_similar
from aiops.incident.team import Teams


@dataclass(slots=True)
class Triage:
    """Classifies and addresses new incidents."""

    classifier: Classifier = field(default_factory=Classifier)
    teams: Teams = field(default_factory=Teams)
    roster: Roster = field(default_factory=Roster)

    def take_in(
        self,
        fresh: Sequence[Incident],
        standing: Iterable[Incident],
        closed: Collection[Incident],
        asset_of: Callable[[str], Asset],
        now: datetime,
    ) -> tuple[list[Incident], list[Decision]]:
        """Returns new incidents with all of it, and a decision for each that was given out.

        Args:
            standing: What people have on their desks already.
            closed: What new ones are compared with and learnt from.
        """
        self.teams.learn(closed, asset_of, now)
        load: Counter[str] = Counter()
        if self.roster.shifts:
            load.update(i.assignee for i in standing if i.is_open and i.assignee)
        told, decisions = [], []
        for incident in fresh:
            asset = asset_of(incident.asset)
            one = self.teams.assign(self.classifier.classify(incident, asset), asset)
            one, given = self._give(one, load, now)
            decisions += given
            similar = find_similar(one, closed, asset_of)
            if similar:
                one = replace(one, evidence={**one.evidence, "similar": similar})
            told.append(one)
        return told, decisions

    def _give(
        self, incident: Incident, load: Counter[str], now: datetime
    ) -> tuple[Incident, list[Decision]]:
        """Gives the incident to whoever is on shift, and says why, or why to nobody."""
        found = self.roster.on_shift(incident.owner, load, now) if incident.owner else None
        if found is None:
            return incident, []
        if isinstance(found, OnShift):
            reason, words = Reason.ON_SHIFT, _given(found)
            load[found.who] += 1
            shift = {"who": found.who, "load": dict(found.load)}
            incident = replace(
                incident,
                assignee=found.who,
                evidence={**incident.evidence, "shift": shift},
            )
        else:
            reason = Reason.NOBODY_ON_SHIFT
            at = _local(found.next_at, found.zone) if found.next_at else "–"
            words = Phrase("nobody_on_shift", {"team": incident.owner, "at": at})
        action = "assign" if incident.assignee else "hold"
        return incident, [Decision(now, incident.key, incident.asset, action, reason, words)]


def _given(found: OnShift) -> Phrase:
    until = _local(found.until, found.zone)
    values = {"who": found.who, "until": until, "load": found.load[found.who]}
    return Phrase("given_least" if len(found.load) > 1 else "given_alone", values)


def _local(at: datetime, zone: str) -> str:
    return f"{at.astimezone(ZoneInfo(zone)):%Y-%m-%d %H:%M} {zone}"
