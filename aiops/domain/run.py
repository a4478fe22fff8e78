"""One run of a runbook: proposed, approved, carried out once, and how it ended."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from aiops.domain.phrase import NO_WORDS, Phrase


class Tier(StrEnum):
    """How much a runbook may break; it decides how many people must agree."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"


class Phase(StrEnum):
    """What a step is for."""

    DO = "do"
    VERIFY = "verify"
    ROLLBACK = "rollback"
    REHEARSE = "rehearse"


class RunState(StrEnum):
    """Life of a run. Only ``approved`` leads to ``running``, and that happens once."""

    PROPOSED = "proposed"
    APPROVED = "approved"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    ROLLED_BACK = "rolled_back"
    STOPPED = "stopped"
    UNKNOWN = "unknown"
    REJECTED = "rejected"
    EXPIRED = "expired"

    @property
    def is_over(self) -> bool:
        """Whether nothing more will happen to it."""
        return self not in (RunState.PROPOSED, RunState.APPROVED, RunState.RUNNING)


class RunReason(StrEnum):
    """Why a run is in its state. The value is stored, shown and searched for."""

    PROPOSED_WITH_INCIDENT = "proposed_with_incident"
    ASKED_FOR = "asked_for"
    PROVEN_AND_ALLOWED = "proven_and_allowed"
    APPROVED_BY_PEOPLE = "approved_by_people"
    STARTED = "started"
    VERIFIED = "verified"
    NOT_VERIFIED = "not_verified"
    STEP_FAILED = "step_failed"
    VERIFICATION_FAILED = "verification_failed"
    TOOK_TOO_LONG = "took_too_long"
    KILL_SWITCH = "kill_switch"
    INTERRUPTED = "interrupted"
    REJECTED_BY_PERSON = "rejected_by_person"
    NOT_IN_TIME = "not_in_time"
    LIMIT_REACHED = "limit_reached"
    INCIDENT_OVER = "incident_over"
    RUNBOOK_CHANGED = "runbook_changed"


@dataclass(frozen=True, slots=True)
class PlannedStep:
    """One step exactly as it will be done: nothing is filled in later.

    Attributes:
        kind: ``run``, ``call`` or ``ansible``.
        words: The argument list, or method, address and body of a call.
    """

    phase: Phase
    name: str
    kind: str
    words: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class StepResult:
    """How one step ended.

    Attributes:
        detail: Exit code or status in words; ``said`` is the same for readers of any language.
        output: Bounded, secrets masked, control characters gone.
    """

    phase: Phase
    name: str
    ok: bool
    detail: str
    seconds: float = 0.0
    output: str = ""
    said: Phrase = NO_WORDS

    def words(self, language: str = "en") -> str:
        """Returns how it ended, for a reader."""
        return self.said.text(language) or self.detail


@dataclass(frozen=True, slots=True)
class Approval:
    """One person's yes to exactly one plan."""

    who: str
    at: datetime
    digest: str


@dataclass(frozen=True, slots=True)
class Run:
    """A runbook on one asset for one incident.

    Attributes:
        version: Counts writes; the ledger takes only the next one, so that two never act at once.
        title: Language code to the runbook's title.
        edition: Digest of the runbook's text; verified successes count for one edition only.
        digest: Of the plan, the asset and the edition: what an approval is for.
        needed: How many people must agree.
        detail: What a person noted, or more on the reason; ``said`` is the same for readers of any
            language.
        verified: Whether the verification steps have passed.
        rehearsal: Results of the last dry run.
    """

    id: str
    runbook: str
    tier: Tier
    incident: str
    asset: str
    plan: tuple[PlannedStep, ...]
    edition: str
    digest: str
    needed: int
    requested_by: str
    requested_at: datetime
    valid_until: datetime
    state: RunState
    reason: RunReason
    version: int = 1
    title: Mapping[str, str] = field(default_factory=dict)
    detail: str = ""
    approvals: tuple[Approval, ...] = ()
    started_at: datetime | None = None
    ended_at: datetime | None = None
    results: tuple[StepResult, ...] = ()
    rehearsal: tuple[StepResult, ...] = ()
    verified: bool = False
    said: Phrase = NO_WORDS

    def words(self, language: str = "en") -> str:
        """Returns the detail, for a reader."""
        return self.said.text(language) or self.detail
