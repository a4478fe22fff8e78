"""What a verdict would have changed in the last sixty days, told before it is given."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, Final

from aiops.contracts.ledger import Ledger
from aiops.domain.asset import Viewer
from aiops.domain.incident import Incident, Outcome, OutcomeKind
from aiops.learn.verdict import is_right, method_of, was_right, weighed

SPAN: Final = timedelta(days=60)
_MOST: Final = 10_000


def preview_verdict(
    incident: Incident, verdict: OutcomeKind, incidents: Iterable[Incident], now: datetime
) -> dict[str, Any]:
    """Returns the effect as plain values.

    ``same_signal``: incidents of the same series in the span, this one apart; after *false* such
    a risk is not told again until it has gone away, so ``would_be_silent`` of them had come while
    the risk of one before them had not, and ``of_them_right`` ended as happened or averted.
    ``precision_before`` and ``precision_after`` are of the method behind the incident, over
    ``judged`` cases; None where none is judged.
    """
    recent = [i for i in incidents if now - i.opened_at <= SPAN and i.key != incident.key]
    same = [i for i in recent if i.series == incident.series]
    silent = (
        [i for i in same if _returns(i, same, incident)] if verdict is OutcomeKind.FALSE else []
    )
    method = method_of(incident)
    mine = [i for i in recent if method and method_of(i) == method]
    after = replace(incident, outcome=Outcome(verdict, now, by="preview"))
    return {
        "days": SPAN.days,
        "same_signal": len(same),
        "would_be_silent": len(silent),
        "of_them_right": sum(map(is_right, silent)),
        "judged": len(weighed(mine)),
        "precision_before": _precision([*mine, incident]),
        "precision_after": _precision([*mine, after]),
        "incidents": [i.display for i in silent],
    }


def read_preview(
    ledger: Ledger, viewer: Viewer, incident: Incident, verdict: OutcomeKind, now: datetime
) -> dict[str, Any]:
    """Returns the effect of a verdict, from what the ledger holds."""
    known = ledger.incidents(viewer, limit=_MOST)
    return preview_verdict(incident, verdict, known, now)


def _returns(one: Incident, same: Sequence[Incident], incident: Incident) -> bool:
    """Whether one opened before the risk of another of the same series had gone away."""
    others = [other for other in (*same, incident) if other.key != one.key]
    return any(
        other.opened_at <= one.opened_at
        and (other.closed_at is None or one.opened_at - other.closed_at <= _AGAIN)
        for other in others
    )


_AGAIN: Final = timedelta(days=1)
"""What opens within a day of the end of another is the same risk that had not gone away."""


def _precision(incidents: Sequence[Incident]) -> float | None:
    cases = weighed(incidents)
    return round(sum(map(was_right, cases)) / len(cases), 4) if cases else None
