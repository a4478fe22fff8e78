"""When an incident ended, and how a prediction ended whose risk is gone: averted, or false."""

import math
from collections.abc import Callable
from datetime import datetime

from aiops.domain.forecast import Crossing
from aiops.domain.incident import Incident, Outcome, OutcomeKind
from aiops.domain.phrase import Phrase


def ended_at(incident: Incident) -> datetime:
    """Returns when a closed incident closed; a verdict may have been given later."""
    return incident.closed_at or incident.updated_at


def ending(
    incident: Incident, crossing: Crossing, now: datetime, amount: Callable[[float], str]
) -> Outcome | None:
    """Returns the outcome by rule, None when it has one already or foretold nothing.

    Args:
        amount: Writes a value of the crossing's signal with its unit.
    """
    if incident.outcome is not None or incident.predicted is None:
        return None
    before = incident.evidence.get("value")
    after, limit = crossing.value, incident.predicted.limit
    if isinstance(before, float) and abs(limit - after) > 2 * abs(limit - before):
        values = {"before": amount(before), "after": amount(after)}
        if _has_fallen(incident, before - after):
            return Outcome.by_rule(OutcomeKind.FALSE, now, Phrase("went_back_again", values))
        return Outcome.by_rule(OutcomeKind.AVERTED, now, Phrase("went_back", values))
    return Outcome.by_rule(OutcomeKind.FALSE, now, Phrase("trend_ended"))


def _has_fallen(incident: Incident, fall: float) -> bool:
    """Whether the history frozen at opening already shows a fall of half that size.

    What empties itself again and again was not averted by anyone. A negative fall is a rise,
    for a limit that is met from above.
    """
    history = incident.evidence.get("history", {}).get("v", ())
    sign = 1.0 if fall > 0 else -1.0
    peak, deepest = -math.inf, 0.0
    for value in history:
        if value is not None:
            peak = max(peak, sign * value)
            deepest = max(deepest, peak - sign * value)
    return deepest >= abs(fall) / 2
