"""What an incident rests on, as names and values: predictions, priority, category, team, method."""

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any

from aiops.domain.incident import Incident, Prediction
from dashboards._words import Words

Fact = tuple[str, str]


def facts_of(incident: Incident, words: Words, now: datetime) -> list[Fact]:
    """Returns name and value of each, as far as it is known."""
    return [
        *_predictions(incident, words, now),
        *_values(incident, words),
        *_triage(incident, words),
        *_making(incident, words),
    ]


def mapping(value: Any) -> Mapping[str, Any]:
    """Returns a mapping of the evidence, an empty one where it has another shape."""
    return value if isinstance(value, Mapping) else {}


def _predictions(incident: Incident, words: Words, now: datetime) -> Iterator[Fact]:
    if incident.predicted is not None:
        yield words("incident.first_prediction"), _range(incident.predicted, words, now)
    if incident.current is not None and incident.current != incident.predicted:
        yield words("incident.current_prediction"), _range(incident.current, words, now)


def _values(incident: Incident, words: Words) -> Iterator[Fact]:
    unit = str(mapping(incident.evidence.get("signal")).get("unit", ""))
    for key, name in (("value", "incident.value_then"), ("growth_per_hour", "incident.growth")):
        value = incident.evidence.get(key)
        if isinstance(value, int | float):
            shown = words.amount(float(value), unit, incident.series.metric)
            if key == "growth_per_hour":
                shown = words("incident.per_hour", value=shown)
            yield words(name), shown
    shape = incident.evidence.get("shape")
    if shape:
        way = words(f"direction.{incident.evidence.get('direction')}")
        shown = words("incident.shape_way", shape=words(f"shape.{shape}"), way=way)
        yield words("incident.shape"), shown


def _triage(incident: Incident, words: Words) -> Iterator[Fact]:
    evidence = incident.evidence
    levels = mapping(evidence.get("priority"))
    if levels:
        impact, urgency = (words(f"level.{levels.get(name)}") for name in ("impact", "urgency"))
        text = words(
            "incident.priority_of", priority=incident.priority, impact=impact, urgency=urgency
        )
        yield words("incident.priority"), text
    if evidence.get("category"):
        yield words("incident.category"), _category(evidence, words)
    if incident.service:
        yield words("incident.service"), incident.service
    team = mapping(evidence.get("dispatch"))
    if team.get("team"):
        label = words(f"incident.team_{team.get('by', '')}")
        yield label, f"{team['team']}{_sure(team, words)}"
    shift = mapping(evidence.get("shift"))
    if shift.get("who"):
        loads = mapping(shift.get("load")).items()
        shown = ", ".join(words("incident.has_open", who=who, n=n) for who, n in loads)
        yield words("incident.on_shift"), f"{shift['who']} ({shown})"


def _making(incident: Incident, words: Words) -> Iterator[Fact]:
    evidence = incident.evidence
    method = evidence.get("method") or (incident.predicted.method if incident.predicted else "")
    if method:
        yield words("asset.method"), str(method)
    if evidence.get("failure"):
        yield words("incident.failure_kind"), str(evidence["failure"])
    if evidence.get("cadence"):
        yield words("incident.cadence"), _every(str(evidence["cadence"]), words)
    versions = mapping(evidence.get("versions"))
    if versions:
        text = ", ".join(f"{name} {version}" for name, version in sorted(versions.items()))
        yield words("incident.versions"), text


def _category(evidence: Mapping[str, Any], words: Words) -> str:
    """Returns the category in words, and how it was found."""
    name = str(evidence["category"])
    found = mapping(evidence.get("classified"))
    how = words(f"incident.category_{found.get('by', 'rule')}")
    return f"{words.category(name)} – {how}{_sure(found, words)}"


def _sure(found: Mapping[str, Any], words: Words) -> str:
    sure = found.get("confidence")
    return f" ({words.chance(sure)})" if isinstance(sure, float) else ""


def _every(cadence: str, words: Words) -> str:
    seconds = cadence.removesuffix(" s")
    if not seconds.isdecimal():
        return cadence
    return words("incident.every", span=words.duration(timedelta(seconds=int(seconds))))


def _range(prediction: Prediction, words: Words, now: datetime) -> str:
    return words(
        "incident.range",
        early=words.day_time(prediction.early, now),
        late=words.day_time(prediction.late, now),
        likely=words.day_time(prediction.likely, now),
        probability=words.chance(prediction.probability),
    )
