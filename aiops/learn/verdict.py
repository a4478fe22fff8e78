"""Which incidents have ended in a way that judges the method that made them."""

from collections.abc import Iterable
from typing import Final

from aiops.domain.incident import Incident, IncidentKind, MemberSource, OutcomeKind

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


def method_of(incident: Incident) -> str:
    """Returns what foretold an incident, the detector that began it, or the limit that was met.

    Empty for one that opened on a report.
    """
    if incident.predicted is not None:
        return incident.predicted.method if incident.kind is IncidentKind.PREDICTIVE else ""
    return str(incident.evidence.get("method", ""))


def weighed(incidents: Iterable[Incident]) -> list[Incident]:
    """Returns what says something of its method, incidents on anomalies and limits among them.

    Of those only a verdict speaks, or, for anomalies, a limit that was met in their course; that
    one became calm again tells nothing.
    """
    known = list(incidents)
    seen = [i for i in known if i.kind is IncidentKind.REACTIVE and method_of(i)]
    told = [i for i in seen if i.outcome is not None or (i.is_strange and _met_limit(i))]
    return [*judged(known), *told]


def was_right(incident: Incident) -> bool:
    """Whether a prediction, or an incident on anomalies, was right."""
    return is_right(incident) or (incident.outcome is None and _met_limit(incident))


def _met_limit(incident: Incident) -> bool:
    return any(member.source is MemberSource.LIMIT for member in incident.members)


def is_averted(incident: Incident) -> bool:
    """Whether a prediction was averted, confirmed or not."""
    return incident.outcome is not None and incident.outcome.kind is OutcomeKind.AVERTED


def is_confirmed(incident: Incident) -> bool:
    """Whether a repair or a person stands behind the outcome."""
    outcome = incident.outcome
    return outcome is not None and (outcome.by != "rule" or outcome.note == _REPAIRED)
