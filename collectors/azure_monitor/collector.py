"""The azure_monitor collector: 50 resources of one type in a request, once a period."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from azure.core.exceptions import AzureError, ClientAuthenticationError, HttpResponseError
from azure.identity import ClientSecretCredential, ManagedIdentityCredential
from azure.monitor.querymetrics import MetricsClient

from aiops.contracts.book import Draft, SeriesBook
from aiops.contracts.collector import Collection, Cursor, Inventory
from aiops.contracts.errors import ConfigError, Unreachable
from aiops.domain.asset import Asset, Location
from aiops.domain.instant import to_ns
from aiops.domain.metric import Metric
from collectors._periods import TO, due
from collectors.azure_monitor.settings import AzureMetricSettings, AzureMonitorSettings

# Source: Azure Monitor metrics batch API: 50 resources and 20 metrics in a request.
_RESOURCES: Final = 50
_METRICS: Final = 20
_MOST: Final = timedelta(hours=24)
_CONNECT_SECONDS: Final = 5
_READ_SECONDS: Final = 20
_REGION: Final = re.compile(r"[a-z0-9]+")
_RESOURCE: Final = re.compile(
    r"/subscriptions/([^/]+)/resourceGroups/[^/]+/providers/([^/]+)((?:/[^/]+/[^/]+)+)",
    re.IGNORECASE,
)
_BEHIND: Final = re.compile("/providers/microsoft.insights/", re.IGNORECASE)
_PARTS: Final = {
    "average": "average", "maximum": "maximum", "minimum": "minimum", "total": "total",
}  # fmt: skip
_REFUSED: Final = (401, 403)
_TOO_MANY: Final = 429


@dataclass(frozen=True, slots=True)
class _Question:
    """What is asked with one request."""

    namespace: str
    resources: tuple[str, ...]
    rules: tuple[AzureMetricSettings, ...]


def connect(settings: AzureMonitorSettings) -> Any:
    """Returns the official client for the region."""
    secret = settings.client_secret
    credential: Any
    if settings.tenant_id:
        told = secret.reveal() if secret else ""
        credential = ClientSecretCredential(settings.tenant_id, settings.client_id, told)
    else:
        credential = ManagedIdentityCredential()
    return MetricsClient(
        f"https://{settings.region}.metrics.monitor.azure.com",
        credential,
        connection_timeout=_CONNECT_SECONDS,
        read_timeout=_READ_SECONDS,
        retry_total=1,
    )


class AzureMonitorCollector:
    """Reads resources of one region; the library may block, so it lives in a worker."""

    def __init__(self, settings: AzureMonitorSettings) -> None:
        self._settings = settings
        self._questions = tuple(_plan(settings))
        self._book = SeriesBook()
        self._client: Any = None

    def collect(self, cursor: Cursor, until: datetime, deadline: timedelta) -> Collection:
        """Reads the periods that are over; asks nothing, and pays nothing, while there is none.

        Raises:
            Unreachable: Not one question was answered.
        """
        del deadline
        start, end = due(self._settings, cursor, until, _MOST)
        draft = Draft(self._book)
        if start == end:
            return draft.collection(cursor)
        if self._client is None:
            self._client = connect(self._settings)
        problem: Unreachable | None = None
        for question in self._questions:
            try:
                self._read(draft, question, start, end)
            except Unreachable as error:
                # Where credentials fail, every other question fails too.
                if error.kind in {"auth", "throttled", "refused"}:
                    raise
                problem = error
                draft.drop(error.kind)
        if problem is not None and not len(draft):
            raise problem
        return draft.collection({TO: end.isoformat()})

    def discover(self) -> Inventory:
        """Returns the resources."""
        return self._book.inventory()

    def close(self) -> None:
        """Closes the connections."""
        if self._client is not None:
            self._client.close()
            self._client = None

    def _read(self, draft: Draft, question: _Question, start: datetime, end: datetime) -> None:
        try:
            answers = self._client.query_resources(
                resource_ids=list(question.resources),
                metric_namespace=question.namespace,
                metric_names=[rule.name for rule in question.rules],
                timespan=(start, end),
                granularity=self._settings.period,
                aggregations=sorted({rule.aggregation for rule in question.rules}),
            )
        except ClientAuthenticationError as error:
            raise self._refusal(error, "auth") from error
        except HttpResponseError as error:
            status = error.status_code or 0
            kind = "auth" if status in _REFUSED else "http"
            raise self._refusal(error, "throttled" if status == _TOO_MANY else kind) from error
        except AzureError as error:
            raise self._refusal(error, "refused") from error
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            words = f"{self._settings.region}: not an answer of Azure Monitor"
            raise Unreachable(words, "format") from error
        by_name = {rule.name.lower(): rule for rule in question.rules}
        for answer in answers:
            for told in answer.metrics:
                rule = by_name.get(str(told.name).lower())
                if rule is not None:
                    self._take(draft, rule, told)

    def _take(self, draft: Draft, rule: AzureMetricSettings, told: Any) -> None:
        resource = _BEHIND.split(str(told.id))[0]
        metric = Metric(rule.metric, rule.unit, bad_direction=rule.bad_direction)
        own = (Asset(_name(resource), rule.kind, location=Location.CLOUD),)
        total = rule.aggregation == "Total"
        scale = rule.scale / (self._settings.period.total_seconds() if total else 1)
        for series in told.timeseries:
            labels = {str(name): str(value) for name, value in series.metadata_values.items()}
            for point in series.data:
                value = getattr(point, _PARTS[rule.aggregation.lower()])
                if value is None:  # a period without a measurement
                    continue
                at = point.timestamp
                aware = at if at.tzinfo else at.replace(tzinfo=UTC)
                draft.add(
                    metric, own, value * scale, to_ns(aware), labels,
                    fail=rule.fail, warn=rule.warn,
                )  # fmt: skip

    def _refusal(self, error: AzureError, kind: str) -> Unreachable:
        words = str(error.message).splitlines()
        return Unreachable(f"{self._settings.region}: {(words or [''])[0][:300]}", kind)


def _plan(settings: AzureMonitorSettings) -> Iterator[_Question]:
    """Yields the questions that read everything.

    Raises:
        ConfigError: With what is wrong.
    """
    problems: list[str] = []
    if not _REGION.fullmatch(settings.region):
        problems.append(f"region: {settings.region!r} is no region such as westeurope")
    if settings.tenant_id and not (settings.client_id and settings.client_secret):
        problems.append("tenant_id: needs client_id and client_secret")
    if not settings.resources or not settings.metrics:
        problems.append("resources and metrics: both are needed")
    wrong = {
        rule.aggregation for rule in settings.metrics if rule.aggregation.lower() not in _PARTS
    }
    problems += [f"metrics: {one!r} is no aggregation such as Average" for one in sorted(wrong)]
    by_type: dict[tuple[str, str], list[str]] = {}
    for resource in settings.resources:
        match = _RESOURCE.fullmatch(resource)
        if match is None:
            problems.append(f"resources: {resource[:120]!r} is no id such as /subscriptions/…")
            continue
        kind = f"{match.group(2)}/{'/'.join(match.group(3).split('/')[1::2])}"
        by_type.setdefault((match.group(1), kind.lower()), []).append(resource)
    names = [_name(resource) for resource in settings.resources]
    twice = sorted({name for name in names if names.count(name) > 1})
    problems += [f"resources: two are called {name!r}; make two sources" for name in twice]
    if problems:
        raise ConfigError(problems)
    for (_, kind), resources in by_type.items():
        rules = [rule for rule in settings.metrics if rule.namespace.lower() == kind]
        for piece in range(0, len(resources), _RESOURCES):
            some = tuple(resources[piece : piece + _RESOURCES])
            for part in range(0, len(rules), _METRICS):
                few = tuple(rules[part : part + _METRICS])
                yield _Question(few[0].namespace, some, few)


def _name(resource: str) -> str:
    return resource.rstrip("/").rpartition("/")[2].lower()
