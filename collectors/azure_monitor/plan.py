"""Which resources are asked together, and by what name each of them is known."""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from aiops.contracts.errors import ConfigError
from collectors.azure_monitor.settings import AzureMetricSettings, AzureMonitorSettings

# Source: Azure Monitor metrics batch API: 50 resources and 20 metrics in a request.
_RESOURCES: Final = 50
_METRICS: Final = 20
_REGION: Final = re.compile(r"[a-z0-9]+")
_SUBSCRIPTION: Final = re.compile(r"[0-9A-Za-z-]+")
_RESOURCE: Final = re.compile(
    r"/subscriptions/([^/]+)/resourceGroups/([^/]+)/providers/([^/]+)((?:/[^/]+/[^/]+)+)",
    re.IGNORECASE,
)
PARTS: Final = {
    "average": "average", "maximum": "maximum", "minimum": "minimum", "total": "total",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked with one request."""

    namespace: str
    resources: tuple[str, ...]
    rules: tuple[AzureMetricSettings, ...]


def check(settings: AzureMonitorSettings) -> None:
    """Checks what can be checked without asking.

    Raises:
        ConfigError: With everything that is wrong.
    """
    problems: list[str] = []
    if not _REGION.fullmatch(settings.region):
        problems.append(f"region: {settings.region!r} is no region such as westeurope")
    if settings.tenant_id and not (settings.client_id and settings.client_secret):
        problems.append("tenant_id: needs client_id and client_secret")
    if not settings.metrics:
        problems.append("metrics: there are none; write at least one")
    if not settings.resources and not settings.subscriptions:
        problems.append("resources: name some, or a subscription to find them in")
    wrong = {each.aggregation for each in settings.metrics if each.aggregation.lower() not in PARTS}
    problems += [f"metrics: {one!r} is no aggregation such as Average" for one in sorted(wrong)]
    problems += [
        f"subscriptions: {one[:120]!r} is no id of a subscription"
        for one in settings.subscriptions
        if not _SUBSCRIPTION.fullmatch(one)
    ]
    problems += [
        f"resources: {one[:120]!r} is no id such as /subscriptions/…"
        for one in settings.resources
        if not _RESOURCE.fullmatch(one)
    ]
    counts = Counter(last_part(one) for one in settings.resources)
    problems += [
        f"resources: two are called {name!r}; make two sources"
        for name, count in sorted(counts.items())
        if count > 1
    ]
    if problems:
        raise ConfigError(problems)


def subscriptions_of(settings: AzureMonitorSettings) -> tuple[str, ...]:
    """Returns where the resources are."""
    named = (match.group(1) for one in settings.resources if (match := _RESOURCE.fullmatch(one)))
    return tuple(dict.fromkeys((*settings.subscriptions, *named)))


def plan(settings: AzureMonitorSettings, resources: Sequence[str]) -> Iterator[Question]:
    """Yields the questions that read everything."""
    by_type: dict[tuple[str, str], list[str]] = {}
    for resource in resources:
        match = _RESOURCE.fullmatch(resource)
        if match is not None:
            kind = f"{match.group(3)}/{'/'.join(match.group(4).split('/')[1::2])}"
            by_type.setdefault((match.group(1).lower(), kind.lower()), []).append(resource)
    for (_, kind), some in by_type.items():
        rules = [rule for rule in settings.metrics if rule.namespace.lower() == kind]
        for piece in range(0, len(some), _RESOURCES):
            for part in range(0, len(rules), _METRICS):
                few = tuple(rules[part : part + _METRICS])
                yield Question(few[0].namespace, tuple(some[piece : piece + _RESOURCES]), few)


def name_all(resources: Sequence[str]) -> dict[str, str]:
    """Returns the key of each resource by its id in small letters.

    The last part of the id; where two have the same, with the group before it.
    """
    counts = Counter(last_part(one) for one in resources)
    named: dict[str, str] = {}
    for resource in resources:
        name, match = last_part(resource), _RESOURCE.fullmatch(resource)
        if counts[name] > 1 and match is not None:
            name = f"{match.group(2).lower()}.{name}"
        named[resource.lower()] = name
    return named


def last_part(resource: str) -> str:
    """Returns the name of a resource, in small letters."""
    return resource.rstrip("/").rpartition("/")[2].lower()
