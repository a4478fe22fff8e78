"""The case opened before a failure (predictive) or on it (reactive)."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from aiops.domain.decision import Reason
from aiops.domain.metric import Direction
from aiops.domain.phrase import NO_WORDS, Phrase
from aiops.domain.series import SeriesKey


class IncidentKind(StrEnum):
    """Opened before the failure, or on it."""

    PREDICTIVE = "predictive"
    REACTIVE = "reactive"


class IncidentState(StrEnum):
    """Life of an incident (ITIL 4 incident practice, reduced to what is decided here)."""

    OPEN = "open"
    ACKNOWLEDGED = "acknowledged"
    PLANNED = "planned"
    CLOSED = "closed"


class Stage(StrEnum):
    """The ladder: seen only here, suggested to people, or acted upon (a ticket is sent)."""

    SHADOW = "shadow"
    SUGGEST = "suggest"
    ACT = "act"


class OutcomeKind(StrEnum):
    """How a prediction ended."""

    HAPPENED = "happened"
    AVERTED = "averted"
    FALSE = "false"
    EXPIRED = "expired"


@dataclass(frozen=True, slots=True)
class Prediction:
    """When the limit will be met, frozen at the moment it is written.

    Attributes:
        latest_safe_start: ``early`` less the time a repair needs.
    """

    probability: float
    early: datetime
    likely: datetime
    late: datetime
    limit: float
    direction: Direction
    method: str
    latest_safe_start: datetime | None = None


@dataclass(frozen=True, slots=True)
class Transition:
    """One change of an incident, with who and why.

    Attributes:
        note: In English; ``phrase`` says the same in every language, where there is one.
    """

    at: datetime
    state: IncidentState
    reason: Reason
    by: str = "system"
    note: str = ""
    phrase: Phrase = NO_WORDS

    def words(self, language: str) -> str:
        """Returns the note in a language, as far as it was not written by a person."""
        return self.phrase.text(language) or self.note


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a prediction ended, by rule or by a person.

    Attributes:
        note: In English; ``phrase`` says the same in every language, where there is one.
    """

    kind: OutcomeKind
    at: datetime
    by: str = "rule"
    note: str = ""
    phrase: Phrase = NO_WORDS

    def words(self, language: str) -> str:
        """Returns the note in a language, as far as it was not written by a person."""
        return self.phrase.text(language) or self.note

    @classmethod
    def by_rule(cls, kind: OutcomeKind, at: datetime, phrase: Phrase) -> "Outcome":
        """Returns an outcome that follows from a rule."""
        return cls(kind, at, note=phrase.text("en"), phrase=phrase)


class MemberSource(StrEnum):
    """What made a series a member of an incident."""

    LIMIT = "limit"
    ANOMALY = "anomaly"


@dataclass(frozen=True, slots=True)
class Member:
    """A series that takes part in an incident.

    Attributes:
        until: None while it lasts; an incident closes only when none lasts.
        strength: Of the anomaly when it joined; 0 for a limit.
        shape: Of the anomaly; empty for a limit.
        value, expected: What was seen, and what is usual there (or the limit).
    """

    series: SeriesKey
    source: MemberSource
    since: datetime
    until: datetime | None = None
    strength: float = 0.0
    shape: str = ""
    value: float = float("nan")
    expected: float = float("nan")


@dataclass(frozen=True, slots=True)
class ProbableCause:
    """An asset from which an incident may have started.

    Attributes:
        share: Part of the suspicion that falls on it; the shares of an incident add up to 1.
        reason: Language code to the evidence in words.
    """

    asset: str
    share: float
    reason: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Incident:
    """A case with its cause, prediction and frozen evidence.

    Attributes:
        key: 64 hex digits, see :func:`incident_key`; the ticket's idempotency key.
        number: Small number for people (``INC-12``); 0 until stored.
        predicted: As it was when the incident opened; never rewritten.
        current: The newest prediction.
        sentence: Language code (``en``, ``zh``) to one sentence.
        evidence: Frozen at decision time: plain JSON values only.
        stage: Rung of the ladder when it opened.
        planned_for: When a person will do the work.
        members: Series that belong to it, the seed first; those that join later never change
            its key.
        causes: Likeliest first, as far as its members tell.
        merged_into: Key of the incident that took its members; empty for most.
    """

    key: str
    kind: IncidentKind
    asset: str
    series: SeriesKey
    state: IncidentState
    stage: Stage
    opened_at: datetime
    updated_at: datetime
    priority: int = 3
    number: int = 0
    predicted: Prediction | None = None
    current: Prediction | None = None
    sentence: Mapping[str, str] = field(default_factory=dict)
    evidence: Mapping[str, Any] = field(default_factory=dict)
    transitions: tuple[Transition, ...] = ()
    closed_at: datetime | None = None
    outcome: Outcome | None = None
    assignee: str = ""
    owner: str = ""
    service: str = ""
    planned_for: datetime | None = None
    members: tuple[Member, ...] = ()
    causes: tuple[ProbableCause, ...] = ()
    merged_into: str = ""

    @property
    def is_open(self) -> bool:
        """Whether it is not closed."""
        return self.state is not IncidentState.CLOSED

    @property
    def is_strange(self) -> bool:
        """Whether anomalies began it: no limit was met and no failure reported."""
        if not self.members or self.kind is not IncidentKind.REACTIVE:
            return False
        seed = self.members[0]
        return seed.source is MemberSource.ANOMALY and seed.series == self.series

    @property
    def lasting(self) -> tuple[Member, ...]:
        """Members that are not clear."""
        return tuple(member for member in self.members if member.until is None)

    @property
    def display(self) -> str:
        """The name shown to people."""
        return f"INC-{self.number}" if self.number else self.key[:12]


def incident_key(installation: str, asset: str, signal: str, onset_window_end: int) -> str:
    """Returns the incident's key: SHA-256 over what started it, as hex.

    Args:
        installation: Id of this installation, so that two never share a ticket.
        asset: Seed asset.
        signal: Seed signal (metric and labels).
        onset_window_end: ns, end of the window in which it began.

    >>> incident_key("i", "db-07", "disk", 0)[:12]
    '996bd12fc518'
    """
    text = "\x1f".join((installation, asset, signal, str(onset_window_end)))
    return hashlib.sha256(text.encode()).hexdigest()
