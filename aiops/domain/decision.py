"""Named reasons: every decision to open, update, hold, close, send or withhold has one."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from aiops.domain.phrase import NO_WORDS, Phrase


class Reason(StrEnum):
    """Why something was decided. The value is stored, shown and searched for."""

    # an incident opens or changes
    CROSSING_LIKELY = "crossing_likely"
    FAILURE_SEEN = "failure_seen"
    STRANGE_TOGETHER = "strange_together"
    JOINED = "joined"
    OFTEN_TOGETHER = "often_together"
    MEMBER_CLEAR = "member_clear"
    MEMBER_LASTS = "member_lasts"
    ALL_CLEAR = "all_clear"
    PREDICTION_CHANGED = "prediction_changed"
    RISK_REPEATED = "risk_repeated"
    RISK_RETURNED = "risk_returned"
    RISK_GONE = "risk_gone"
    RISK_FALLING = "risk_falling"
    PREDICTION_EXPIRED = "prediction_expired"
    FAILURE_HAPPENED = "failure_happened"
    MERGED = "merged"
    SPLIT_OFF = "split_off"
    FLAPPING = "flapping"
    ON_SHIFT = "on_shift"
    NOBODY_ON_SHIFT = "nobody_on_shift"
    REPAIRED = "repaired"
    REPAIR_WORKED = "repair_worked"
    REPAIR_FAILED = "repair_failed"
    BY_PERSON = "by_person"
    BY_TICKET = "by_ticket"
    # nothing opens
    PROBABILITY_TOO_LOW = "probability_too_low"
    NOT_SUSTAINED = "not_sustained"
    NOT_YET_DUE = "not_yet_due"
    RANGE_TOO_WIDE = "range_too_wide"
    ANOMALY_ONLY = "anomaly_only"
    TOO_WEAK = "too_weak"
    BUDGET_SPENT = "budget_spent"
    ABSTAINED = "abstained"
    IN_MAINTENANCE = "in_maintenance"
    SILENCED = "silenced"
    NO_CRITICALITY = "no_criticality"
    ANSWERED = "answered"
    # a ticket is sent or withheld
    FIRST_NOTIFICATION = "first_notification"
    STATE_CHANGED = "state_changed"
    STAGE_SHADOW = "stage_shadow"
    STAGE_SUGGEST = "stage_suggest"
    ALREADY_OVER = "already_over"
    GROUPED_IN_STORM = "grouped_in_storm"
    NO_DESTINATION = "no_destination"
    NOT_DELIVERED = "not_delivered"


@dataclass(frozen=True, slots=True)
class Decision:
    """One step of the trace from sample to send.

    Attributes:
        at: When it was last decided so.
        subject: What it was decided about: an incident key, or ``asset signal``.
        action: ``open``, ``update``, ``hold``, ``close``, ``send``, ``withhold`` or ``nothing``.
        phrase: One sentence with the numbers that decided.
        times: How often in a row, since ``first_at``.
    """

    at: datetime
    subject: str
    asset: str
    action: str
    reason: Reason
    phrase: Phrase = NO_WORDS
    times: int = 1
    first_at: datetime | None = None

    @property
    def detail(self) -> str:
        """The sentence in English."""
        return self.words("en")

    def words(self, language: str) -> str:
        """Returns the sentence in a language, and how often it was decided so."""
        said = self.phrase.text(language)
        if self.times < 2 or self.first_at is None:
            return said
        since = f"{self.first_at:%Y-%m-%d %H:%M UTC}"
        often = Phrase("times_since", {"times": self.times, "since": since}).text(language)
        return f"{said} {often}".lstrip() if language == "en" else said + often
