"""The azure_monitor collector: 50 resources of one type in a request, once a period."""

import re
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from azure.core.exceptions import AzureError, ClientAuthenticationError, HttpResponseError
from azure.identity import ClientSecretCredential, ManagedIdentityCredential
from azure.mgmt.resourcegraph import ResourceGraphClient
from azure.monitor.querymetrics import MetricsClient

from aiops.contracts.book import Draft, SeriesBook
from aiops.contracts.collector import Collection, Cursor, Inventory
from aiops.contracts.errors import Unreachable
from aiops.domain.asset import Asset, Location
from aiops.domain.instant import to_ns
from aiops.domain.metric import Metric
from collectors._periods import TO, due
from collectors.azure_monitor.plan import (
    PARTS,
    Question,
    check,
    last_part,
    name_all,
    plan,
    subscriptions_of,
)
from collectors.azure_monitor.resources import Resource, find, identify_resource
from collectors.azure_monitor.settings import AzureMetricSettings, AzureMonitorSettings

_MOST: Final = timedelta(hours=24)
_CONNECT_SECONDS: Final = 5
_READ_SECONDS: Final = 20
_LOOK_SECONDS: Final = 3600.0
_AGAIN_SECONDS: Final = 300.0
_BEHIND: Final = re.compile("/providers/microsoft.insights/", re.IGNORECASE)
_REFUSED: Final = (401, 403)
_TOO_MANY: Final = 429


@dataclass(frozen=True, slots=True)
class Clients:
    """The official clients: of metrics in a region, and of what there is."""

    metrics: Any
    graph: Any

    def close(self) -> None:
        """Closes the connections."""
        self.metrics.close()
        self.graph.close()


def connect(settings: AzureMonitorSettings) -> Clients:
    """Returns the official clients for the region."""
    secret = settings.client_secret
    credential: Any
    if settings.tenant_id:
        told = secret.reveal() if secret else ""
        credential = ClientSecretCredential(settings.tenant_id, settings.client_id, told)
    else:
        credential = ManagedIdentityCredential()
    patience = {
        "connection_timeout": _CONNECT_SECONDS,
        "read_timeout": _READ_SECONDS,
        "retry_total": 1,
    }
    return Clients(
        MetricsClient(
            f"https://{settings.region}.metrics.monitor.azure.com", credential, **patience
        ),
        ResourceGraphClient(credential, **patience),
    )


class AzureMonitorCollector:
    """Reads resources of one region; the library may block, so it lives in a worker."""

    def __init__(self, settings: AzureMonitorSettings) -> None:
        self._settings = settings
        check(settings)
        self._found: dict[str, Resource] = {}
        self._kinds: dict[str, str] = {}
        self._looked_at: float | None = None
        self._know(settings.resources)
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
        problem = self._look(draft)
        if not self._questions:
            words = f"{self._settings.region}: the subscriptions have nothing of these types there"
            raise problem or Unreachable(words, "empty")
        problem = None
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

    def _look(self, draft: Draft) -> Unreachable | None:
        """Looks at the resources themselves, once an hour; returns why it could not."""
        now, settings = time.monotonic(), self._settings
        if self._looked_at is not None and now - self._looked_at < _LOOK_SECONDS:
            return None
        namespaces = tuple(dict.fromkeys(rule.namespace for rule in settings.metrics))
        try:
            with self._refusing():
                self._found = find(
                    self._client.graph, subscriptions_of(settings), settings.region, namespaces
                )
        except Unreachable as error:
            draft.drop(f"discovery_{error.kind}")
            if self._questions:  # it is of use, and can wait
                self._looked_at = now - _LOOK_SECONDS + _AGAIN_SECONDS
            return error
        self._looked_at = now
        if not settings.resources:
            self._know([one.id for one in self._found.values()])
        return None

    def _know(self, resources: Sequence[str]) -> None:
        self._questions = tuple(plan(self._settings, resources))
        self._keys = name_all(resources)

    def _read(self, draft: Draft, question: Question, start: datetime, end: datetime) -> None:
        with self._refusing():
            answers = self._client.metrics.query_resources(
                resource_ids=list(question.resources),
                metric_namespace=question.namespace,
                metric_names=[rule.name for rule in question.rules],
                timespan=(start, end),
                granularity=self._settings.period,
                aggregations=sorted({rule.aggregation for rule in question.rules}),
            )
        by_name = {rule.name.lower(): rule for rule in question.rules}
        for answer in answers:
            for told in answer.metrics:
                rule = by_name.get(str(told.name).lower())
                if rule is not None:
                    self._take(draft, rule, told)

    def _take(self, draft: Draft, rule: AzureMetricSettings, told: Any) -> None:
        resource = _BEHIND.split(str(told.id))[0]
        metric = Metric(rule.metric, rule.unit, bad_direction=rule.bad_direction)
        known = self._found.get(resource.lower(), Resource(resource))
        asset = self._asset(known, rule.kind)
        self._book.place(asset)
        self._book.know(identify_resource(asset.key, known))
        own = (asset,)
        fail = known.number(rule.limit) if rule.limit else None
        fail = rule.fail if fail is None else fail
        total = rule.aggregation == "Total"
        scale = rule.scale / (self._settings.period.total_seconds() if total else 1)
        for series in told.timeseries:
            labels = {str(name): str(value) for name, value in series.metadata_values.items()}
            for point in series.data:
                value = getattr(point, PARTS[rule.aggregation.lower()])
                if value is None:  # a period without a measurement
                    continue
                at = point.timestamp
                aware = at if at.tzinfo else at.replace(tzinfo=UTC)
                draft.add(
                    metric, own, value * scale, to_ns(aware), labels,
                    fail=fail, warn=rule.warn,
                )  # fmt: skip

    def _asset(self, known: Resource, kind: str) -> Asset:
        settings = self._settings
        key = self._keys.get(known.id.lower()) or last_part(known.id)
        return Asset(
            key,
            # Of rules that differ the first names the kind, so that an asset stays what it is.
            self._kinds.setdefault(key, kind),
            known.name,
            site=known.region,
            location=Location.CLOUD,
            owner=known.tags.get(settings.owner_tag, ""),
            service=known.tags.get(settings.service_tag, ""),
        )

    @contextmanager
    def _refusing(self) -> Iterator[None]:
        """Says in one word why Azure did not answer."""
        try:
            yield
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

    def _refusal(self, error: AzureError, kind: str) -> Unreachable:
        words = str(error.message).splitlines()
        return Unreachable(f"{self._settings.region}: {(words or [''])[0][:300]}", kind)
