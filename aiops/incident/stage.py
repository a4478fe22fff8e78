"""The incident stage: keeps what stands, gathers what a round needs, and decides it."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Final, Protocol

from aiops.contracts.ledger import Ledger
from aiops.domain.anomaly import Anomaly
from aiops.domain.asset import SYSTEM, Asset
from aiops.domain.event import Failure, Maintenance
from aiops.domain.forecast import Crossing
from aiops.domain.incident import Incident, Member
from aiops.domain.instant import duration
from aiops.domain.metric import Metric
from aiops.domain.series import SeriesInfo, SeriesKey
from aiops.incident.book import IncidentBook
from aiops.incident.companions import WATCHED, Companions
from aiops.incident.decide import decide
from aiops.incident.decided import Decided, Loose, Memory
from aiops.incident.nearness import Nearness
from aiops.incident.open import EvidenceOf, OpeningRules, StrangeEvidenceOf
from aiops.incident.probable import BEFORE, LOOKED_AT, Context, Touched, rank_causes
from aiops.incident.sentence import Subject, with_cause
from aiops.incident.settings import IncidentSettings
from aiops.incident.strange import LASTS, LONGEST
from aiops.incident.surroundings import Surroundings
from aiops.incident.triage import Triage

MEMORY: Final = "incident memory"
"""Name of the ledger's note that keeps how often in a row each series was above its bar."""
_WEEK_NS: Final = 7 * 86400 * 10**9
_ALL: Final = 1_000_000
_REMEMBERED: Final = 1000
"""Closed incidents, newest first, that new ones are compared with."""


class Fleet(Protocol):
    """What is known of the things that incidents are about."""

    @property
    def version(self) -> int:
        """Changes with the inventory."""
        ...

    @property
    def assets(self) -> Mapping[str, Asset]:
        """By key."""
        ...

    @property
    def metrics(self) -> Mapping[str, Metric]:
        """By name."""
        ...

    def series_by_step(self) -> Mapping[int, Sequence[SeriesInfo]]:
        """Every series by step class."""
        ...


@dataclass(frozen=True, slots=True)
class Seen:
    """What a round has seen.

    Attributes:
        step_ns: Width of its cells.
        end: ns, end of its window.
    """

    step_ns: int
    end: int
    crossings: Sequence[Crossing]
    anomalies: Sequence[Anomaly]
    failures: Sequence[Failure] = ()
    repairs: Sequence[Maintenance] = ()


@dataclass(slots=True)
class IncidentStage:
    """Opens, grows and closes incidents.

    Attributes:
        false_per_week: Incidents without a cause that a team accepts in a week.
        companions: Which assets often fail together; learnt anew from the ledger's anomalies.
    """

    ledger: Ledger
    settings: IncidentSettings
    rules: OpeningRules
    false_per_week: float
    triage: Triage = field(default_factory=Triage)
    book: IncidentBook = field(init=False)
    companions: Companions | None = None
    _near: tuple[int, Nearness] | None = None
    _counts: tuple[int, Mapping[str, int], float] = (-1, {}, 0.0)
    _past: dict[str, tuple[Member, ...]] = field(default_factory=dict)
    _closed: dict[str, Incident] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.book = IncidentBook(self.settings)

    def load(self) -> Sequence[Incident]:
        """Takes up what the ledger holds; returns its newest incidents."""
        newest = self.ledger.incidents(SYSTEM)
        standing = self.ledger.incidents(SYSTEM, open_only=True, limit=_ALL)
        memory = Memory({key: int(n) for key, n in self.ledger.note(MEMORY).items()})
        self.book.load([*newest, *standing], memory)
        self._past, self._closed, self.companions = {}, {}, None
        for incident in reversed(newest):
            self._remember(incident)
        return newest

    def decide(
        self,
        now: datetime,
        seen: Seen,
        fleet: Fleet,
        evidence: EvidenceOf,
        strange_evidence: StrangeEvidenceOf,
        in_maintenance: Callable[[str], bool],
    ) -> Decided:
        """Decides one round; nothing is remembered before :meth:`IncidentBook.take`."""
        self.book.forget(now)
        if self.companions is None:
            self.companions = self._learn_companions(fleet, now)
        around = self._around(seen.step_ns, fleet)
        if self.book.loose is None:
            self.book.loose = self._loose(now, around)
        decided = decide(
            now,
            self.book.standing,
            seen.crossings,
            seen.failures,
            seen.repairs,
            self.book.memory,
            self.rules.opening(fleet, seen.end, evidence, in_maintenance, strange_evidence),
            self.settings,
            seen.anomalies,
            self.book.loose,
            around,
        )
        decided.seen = seen.anomalies
        self._find_causes(decided, fleet, now, seen.repairs)
        self._address(decided, fleet, now)
        return decided

    def take(self, stored: Iterable[Incident], decided: Decided) -> None:
        """Takes in what was committed."""
        stored = list(stored)
        if self.companions is not None and self._near is not None:
            self.companions.learn(decided.seen, self._near[1].reach)
        self.book.take(stored, decided)
        for incident in stored:
            self._remember(incident)

    def near(self, fleet: Fleet) -> Nearness:
        """Returns the topology; read anew only when the inventory has changed."""
        if self._near is None or self._near[0] != fleet.version:
            self._near = fleet.version, Nearness.of(fleet.assets, self.ledger.edges())
        return self._near[1]

    def _find_causes(
        self, decided: Decided, fleet: Fleet, now: datetime, repairs: Sequence[Maintenance]
    ) -> None:
        """Ranks the causes of every incident whose members have changed."""
        grown = [
            incident
            for incident in decided.changed.values()
            if _series(incident) != _series(self.book.by_key.get(incident.key))
        ]
        if not grown:
            return
        context = Context(
            self.near(fleet),
            touched=self._touched(now, repairs),
            name=lambda asset: (fleet.assets.get(asset) or Asset(asset)).display,
            signal=lambda member, language: self._signal(member, language, fleet),
            often=lambda asset: self.companions.of(asset, now) if self.companions else {},
        )
        for incident in grown:
            past = tuple(group for key, group in self._past.items() if key != incident.key)
            causes = rank_causes(incident.members, replace(context, past=past))
            known = incident.key in self.book.by_key
            words = incident.sentence if known else with_cause(incident, causes, context.name)
            decided.changed[incident.key] = replace(incident, causes=causes, sentence=words)

    def _address(self, decided: Decided, fleet: Fleet, now: datetime) -> None:
        """Gives every new incident its category, its team and earlier incidents like it."""
        fresh = [i for key, i in decided.changed.items() if key not in self.book.by_key]
        if not fresh:
            return
        told, decisions = self.triage.take_in(
            fresh,
            self.book.by_key.values(),
            self._closed.values(),
            lambda key: fleet.assets.get(key) or Asset(key, kind="unknown"),
            now,
        )
        decided.changed.update((incident.key, incident) for incident in told)
        decided.decisions.extend(decisions)

    def _touched(self, now: datetime, repairs: Sequence[Maintenance]) -> list[Touched]:
        changes = self.ledger.changes(SYSTEM, now - 2 * BEFORE, now)
        done = [Touched(c.asset, c.start, "change", c.text or c.kind) for c in changes if c.asset]
        return [*done, *(Touched(r.asset, r.start, "repair") for r in repairs)]

    def _signal(self, member: Member, language: str, fleet: Fleet) -> str:
        metric = fleet.metrics.get(member.series.metric) or Metric(member.series.metric)
        asset = fleet.assets.get(member.series.asset) or Asset(member.series.asset)
        return Subject(asset, metric, member.series).name(language)

    def _remember(self, incident: Incident) -> None:
        """Keeps what the newest incidents showed: what is unusual for an asset follows from it."""
        if incident.members:
            self._past[incident.key] = incident.members
            while len(self._past) > LOOKED_AT:
                del self._past[next(iter(self._past))]
        if incident.is_open:
            self._closed.pop(incident.key, None)
        else:
            self._closed[incident.key] = replace(incident, evidence={})
            while len(self._closed) > _REMEMBERED:
                del self._closed[next(iter(self._closed))]

    def _around(self, step_ns: int, fleet: Fleet) -> Surroundings:
        by_step = fleet.series_by_step()
        known = sum(map(len, by_step.values()))
        if self._counts[0] != known:
            series_of = Counter(info.key.asset for infos in by_step.values() for info in infos)
            cells = sum(len(infos) * _WEEK_NS / step for step, infos in by_step.items())
            self._counts = known, series_of, cells
        cell = duration(step_ns)
        return Surroundings(
            self.near(fleet).reach,
            max(self.settings.together, 2 * cell),
            cell,
            max(self._counts[2], 1.0),
            self._counts[1],
            self.false_per_week,
            self.settings.minimum_effect,
            {m.name: m.ceiling for m in fleet.metrics.values() if m.ceiling is not None},
            self.book.spent,
            self.companions or Companions(),
        )

    def _learn_companions(self, fleet: Fleet, now: datetime) -> Companions:
        """Learns from the anomalies that the ledger still holds."""
        coarsest = max(fleet.series_by_step(), default=0)
        found = Companions(self.settings.together, duration(coarsest))
        known = self.ledger.anomalies(SYSTEM, None, now - WATCHED, now)
        found.learn(known, self.near(fleet).reach)
        return found

    def _loose(self, now: datetime, around: Surroundings) -> Loose:
        """Reads the anomalies that a run before this one left without an incident."""
        old = now - max(around.gap, LASTS * around.cell)
        found: dict[SeriesKey, Anomaly] = {}
        for anomaly in self.ledger.anomalies(SYSTEM, None, old, now + timedelta(seconds=1)):
            if now - anomaly.start <= LONGEST and not self.book.standing.lasting(anomaly.series):
                found[anomaly.series] = anomaly
        return found


def _series(incident: Incident | None) -> frozenset[SeriesKey]:
    return frozenset(member.series for member in incident.members) if incident else frozenset()
