"""Earlier incidents like a new one, and what ended them."""

from collections.abc import Callable, Iterable
from datetime import timedelta
from typing import Any, Final

from aiops.domain.asset import Asset
from aiops.domain.incident import Incident

MOST: Final = 3
LEAST: Final = 0.3
"""Likeness below which two incidents have little in common."""
_WEIGHTS: Final = {"signal": 3.0, "asset": 3.0, "kind": 1.0, "cause": 2.0, "service": 1.0}
"""What is the same says more the fewer incidents share it; a guess, not a measurement."""

Feature = tuple[str, str]


def features_of(incident: Incident, asset_of: Callable[[str], Asset]) -> frozenset[Feature]:
    """Returns what an incident is compared by."""
    asset = asset_of(incident.asset)
    metrics = {incident.series.metric, *(member.series.metric for member in incident.members)}
    found = {("signal", metric) for metric in metrics}
    found |= {("asset", incident.asset), ("kind", asset.kind)}
    if asset.service:
        found.add(("service", asset.service))
    if incident.causes:
        found.add(("cause", incident.causes[0].asset))
    return frozenset(found)


def likeness(one: frozenset[Feature], other: frozenset[Feature]) -> float:
    """Returns the weight of what two have in common, as a part of what either has.

    Source: weighted Jaccard index.
    """
    both = sum(_WEIGHTS[name] for name, _ in one & other)
    either = sum(_WEIGHTS[name] for name, _ in one | other)
    return both / either if either else 0.0


def find_similar(
    incident: Incident, past: Iterable[Incident], asset_of: Callable[[str], Asset]
) -> list[dict[str, Any]]:
    """Returns the most similar closed incidents as plain values, with what ended each.

    Only those of its own team: their notes are for who may see them.
    """
    own = features_of(incident, asset_of)
    rated = [
        (likeness(own, features_of(other, asset_of)), other)
        for other in past
        if other.key != incident.key
        and other.closed_at is not None
        and other.owner == incident.owner
    ]
    rated.sort(key=lambda pair: (-pair[0], -pair[1].opened_at.timestamp(), pair[1].key))
    return [_plain(like, other) for like, other in rated[:MOST] if like >= LEAST]


def _plain(like: float, other: Incident) -> dict[str, Any]:
    lasted = (other.closed_at or other.updated_at) - other.opened_at
    return {
        "key": other.key,
        "display": other.display,
        "asset": other.asset,
        "likeness": round(like, 2),
        "opened_at": other.opened_at.isoformat(),
        "hours": round(lasted / timedelta(hours=1), 3),
        "outcome": other.outcome.kind.value if other.outcome else "",
        "fixed": _what_fixed(other, "en"),
        "fixed_zh": _what_fixed(other, "zh"),
    }


def _what_fixed(other: Incident, language: str) -> str:
    """Returns the last words of a person, or why it ended."""
    for step in reversed(other.transitions):
        if step.by != "system" and step.note:
            return step.words(language)
    return other.outcome.words(language) if other.outcome else ""
