"""What the data-quality gate has seen."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from aiops.domain.series import Batch


class QualityReason(StrEnum):
    """Words that are counted and shown; the first five refuse the sample."""

    NON_FINITE = "non_finite"
    FUTURE = "future"
    TOO_OLD = "too_old"
    QUOTA = "quota"
    DUPLICATE = "duplicate"
    CONFLICT = "conflict"
    LATE = "late"
    GAP = "gap"
    FLAT = "flat"
    UNIT_JUMP = "unit_jump"
    CLOCK_SKEW = "clock_skew"
    TIME_BACKWARDS = "time_backwards"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that changed for the worse, or (``ended``) for the better.

    Attributes:
        asset: Empty when it concerns the source as a whole.
        count: How many series of the asset it concerns.
        example: One of them.
        detail: One English sentence.
    """

    at: datetime
    source: str
    asset: str
    reason: QualityReason
    count: int
    example: str
    detail: str
    ended: bool = False


@dataclass(frozen=True, slots=True)
class Gated:
    """What passed the gate.

    Attributes:
        batch: Without the refused samples; its ``series`` is the tuple that came in, or, when
            there are more than the source's quota, that of the series let in so far.
        dropped: Reason to number of refused samples.
        counted: (asset, reason) to number of samples, the refused and the merely odd ones.
    """

    batch: Batch
    dropped: Mapping[str, int]
    counted: Mapping[tuple[str, str], int]
    findings: tuple[Finding, ...] = ()
