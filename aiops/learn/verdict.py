"""Which predictions have ended in a way that judges the method that made them."""

from collections.abc import Iterable
from typing import Final

from aiops.domain.incident import Incident, IncidentKind, OutcomeKind

_RIGHT: Final = frozenset({OutcomeKind.HAPPENED, OutcomeKind.AVERTED})
_REPAIRED: Final = "repaired"
"""Note of an outcome that follows from a reported repair."""


def ended(incidents: Iterable[Incident]) -> list[Incident]:
    """Returns the predictions that have an outcome."""
    return [i for i in incidents if i.kind is IncidentKind.PREDICTIVE and i.outcome is not None]


def judged(incidents: Iterable[Incident]) -> list[Incident]:
    """Returns the predictions that say something of their method.

    One that only seems averted (the value went back, no repair was reported and no person
    said so) may have been right or wrong: it is left out.
    """
    return [each for each in ended(incidents) if not is_averted(each) or is_confirmed(each)]


def is_right(incident: Incident) -> bool:
    """Whether a prediction happened or was averted."""
    return incident.outcome is not None and incident.outcome.kind in _RIGHT


def is_averted(incident: Incident) -> bool:
    """Whether a prediction was averted, confirmed or not."""
    return incident.outcome is not None and incident.outcome.kind is OutcomeKind.AVERTED


def is_confirmed(incident: Incident) -> bool:
    """Whether a repair or a person stands behind the outcome."""
    outcome = incident.outcome
    return outcome is not None and (outcome.by != "rule" or outcome.note == _REPAIRED)
