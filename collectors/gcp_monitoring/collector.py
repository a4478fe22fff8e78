"""The gcp_monitoring collector: aligned points of whole periods, once a period."""

import re
import time
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, Final

from google.api_core.exceptions import (
    Forbidden,
    GoogleAPICallError,
    InvalidArgument,
    NotFound,
    RetryError,
    TooManyRequests,
    Unauthenticated,
)
from google.auth.exceptions import GoogleAuthError
from google.cloud import monitoring_v3 as monitoring

from aiops.contracts.book import Draft, SeriesBook
from aiops.contracts.collector import Collection, Cursor, Inventory
from aiops.contracts.errors import ConfigError, Unreachable
from aiops.domain.asset import Asset, Location
from aiops.domain.instant import to_ns
from aiops.domain.metric import Metric
from collectors._periods import TO, due
from collectors._template import fill
from collectors.gcp_monitoring.describe import (
    Details,
    Key,
    read_details,
    read_limits,
    region_of,
    resource_labels,
    with_name,
)
from collectors.gcp_monitoring.settings import (
    Aligner,
    GcpMetricSettings,
    GcpMonitoringSettings,
)

_MOST: Final = timedelta(hours=24)
_SHARE: Final = 0.9
_LOOK_SECONDS: Final = 3600.0
_PAGE: Final = 10_000
_PROJECT: Final = re.compile(r"[a-z0-9:.-]+")
_LABEL: Final = re.compile(r"[a-z0-9_-]+")
_TYPE: Final = re.compile(r"[A-Za-z0-9_./-]+")
_ALIGNERS: Final = {
    Aligner.MEAN: monitoring.Aggregation.Aligner.ALIGN_MEAN,
    Aligner.MAX: monitoring.Aggregation.Aligner.ALIGN_MAX,
    Aligner.MIN: monitoring.Aggregation.Aligner.ALIGN_MIN,
    Aligner.RATE: monitoring.Aggregation.Aligner.ALIGN_RATE,
}
_NUMBERS: Final = frozenset({"double_value", "int64_value", "bool_value"})


def connect(settings: GcpMonitoringSettings) -> Any:
    """Returns the official client."""
    if settings.credentials_file:
        return monitoring.MetricServiceClient.from_service_account_file(settings.credentials_file)
    return monitoring.MetricServiceClient()


class GcpMonitoringCollector:
    """Reads one project; the library may block, so it lives in a worker."""

    def __init__(self, settings: GcpMonitoringSettings) -> None:
        _check(settings)
        self._settings = settings
        self._looked_at: float | None = None
        self._details: dict[tuple[Key, Key], Details] = {}
        self._limits: dict[tuple[str, Key], float] = {}
        self._names: dict[str, str] = {}
        self._kinds: dict[str, str] = {}
        self._book = SeriesBook()
        self._client: Any = None

    def collect(self, cursor: Cursor, until: datetime, deadline: timedelta) -> Collection:
        """Reads the periods that are over; asks nothing, and pays nothing, while there is none.

        Raises:
            Unreachable: Google cannot be had or refuses us, or none of the metrics was answered.
        """
        settings = self._settings
        start, end = due(settings, cursor, until, _MOST)
        draft = Draft(self._book)
        if start == end:
            return draft.collection(cursor)
        last = time.monotonic() + deadline.total_seconds() * _SHARE
        problem: Unreachable | None = None
        self._look(draft, end, last)
        for rule in settings.metrics:
            try:
                self._read(draft, rule, start, end, last - time.monotonic())
            except NotFound as error:  # nothing of this project has ever had the metric
                problem = Unreachable(f"{settings.project}: {rule.type}: {error.message}", "empty")
                draft.drop("empty")
            except InvalidArgument as error:
                problem = Unreachable(f"{settings.project}: {rule.type}: {error.message}", "source")
                draft.drop("source")
            except (Forbidden, Unauthenticated, GoogleAuthError, OSError) as error:
                words = f"{settings.project}: {_words(error)}"
                raise Unreachable(words, "auth") from error
            except TooManyRequests as error:
                raise Unreachable(f"{settings.project}: {_words(error)}", "throttled") from error
            except (GoogleAPICallError, RetryError) as error:
                raise Unreachable(f"{settings.project}: {_words(error)}", "refused") from error
        if problem is not None and not len(draft):
            raise problem
        return draft.collection({TO: end.isoformat()})

    def discover(self) -> Inventory:
        """Returns what has the metrics."""
        return self._book.inventory()

    def close(self) -> None:
        """Closes the channel."""
        if self._client is not None:
            self._client.transport.close()
            self._client = None

    def _look(self, draft: Draft, end: datetime, last: float) -> None:
        """Looks at the resources themselves, once an hour; metrics are of use without it."""
        now = time.monotonic()
        if self._looked_at is not None and now - self._looked_at < _LOOK_SECONDS:
            return
        self._looked_at = now
        asked: set[Key] = set()
        for rule in self._settings.metrics:
            left, labels = last - time.monotonic(), resource_labels(rule)
            if left <= 0 or not labels:
                continue
            try:
                self._connect()
                if labels not in asked:
                    for key, details in read_details(self._client, self._settings, rule, end, left):
                        asked.add(labels)
                        self._details[labels, key] = details
                        if labels == ("instance_id",) and details.name:
                            self._names[key[0]] = details.name
                if rule.limit:
                    limits = read_limits(self._client, self._settings, rule, end, left)
                    self._limits |= {(rule.type, key): most for key, most in limits}
            except (GoogleAPICallError, RetryError, GoogleAuthError, OSError):
                draft.drop("discovery")

    def _connect(self) -> None:
        if self._client is None:
            self._client = connect(self._settings)

    def _read(
        self, draft: Draft, rule: GcpMetricSettings, start: datetime, end: datetime, left: float
    ) -> None:
        if left <= 0:
            raise Unreachable(f"{self._settings.project}: no time left", "timeout")
        self._connect()
        parts = [f'metric.type = "{rule.type}"', rule.where]
        request = monitoring.ListTimeSeriesRequest(
            name=f"projects/{self._settings.project}",
            filter=" AND ".join(part for part in parts if part),
            interval=monitoring.TimeInterval(start_time=start, end_time=end),
            view=monitoring.ListTimeSeriesRequest.TimeSeriesView.FULL,
            page_size=_PAGE,
            aggregation=monitoring.Aggregation(
                alignment_period=self._settings.period,
                per_series_aligner=_ALIGNERS[rule.aligner],
            ),
        )
        metric = Metric(rule.metric, rule.unit, bad_direction=rule.bad_direction)
        seen = 0
        for series in self._client.list_time_series(request=request, timeout=left, retry=None):
            seen += 1
            if seen > self._settings.max_series:
                draft.drop("limit")
                continue
            self._take(draft, rule, metric, series, start)

    def _take(
        self, draft: Draft, rule: GcpMetricSettings, metric: Metric, series: Any, start: datetime
    ) -> None:
        told = {**_texts(series.metric.labels), **_texts(series.resource.labels)}
        labels = with_name(told, self._names)
        key, whole = fill(rule.asset, labels), fill(rule.parent, labels)
        if not key:
            draft.drop("labels")
            return
        names = resource_labels(rule)
        resource = tuple(labels.get(name, "") for name in names)
        details = self._details.get((names, resource), Details())
        base = Asset(
            whole or key,
            name=details.name,
            site=region_of(labels),
            location=Location.CLOUD,
            owner=details.owner,
            service=details.service,
        )
        above = (base,) if whole else ()
        # Of rules that differ the first names the kind, so that an asset stays what it is.
        kind = self._kinds.setdefault(key, rule.kind)
        own = replace(base, key=key, kind=kind, parent=whole, name="" if whole else base.name)
        self._book.place(own)
        fail = self._limits.get((rule.type, resource), rule.fail)
        named = rule.asset + rule.parent
        kept = {
            name: value
            for name, value in _texts(series.metric.labels).items()
            if f"{{{name}}}" not in named and f"metric.labels.{name}" not in rule.where
        }
        for point in series.points:
            at = point.interval.end_time
            # Of the period that ends where the span begins the last collection has told.
            if at <= start:
                continue
            kind = monitoring.TypedValue.pb(point.value).WhichOneof("value")
            if kind not in _NUMBERS:
                draft.drop("type")
                continue
            value = float(getattr(point.value, kind)) * rule.scale
            draft.add(metric, (*above, own), value, to_ns(at), kept, fail=fail, warn=rule.warn)


def _texts(labels: Mapping[str, str]) -> dict[str, str]:
    return {str(name): str(value) for name, value in labels.items()}


def _words(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0][:300]


def _check(settings: GcpMonitoringSettings) -> None:
    problems: list[str] = []
    if not _PROJECT.fullmatch(settings.project):
        problems.append(f"project: {settings.project!r} is no id of a project")
    seconds = settings.period.total_seconds()
    if seconds < 60 or seconds % 60:
        problems.append("period: Google aligns whole minutes")
    if not settings.metrics:
        problems.append("metrics: there are none; write at least one")
    problems += [
        f"metrics: {rule.type!r} is no type such as compute.googleapis.com/…"
        for rule in settings.metrics
        if not _TYPE.fullmatch(rule.type)
    ]
    problems += [
        f"metrics: limit {rule.limit!r} is no type such as cloudsql.googleapis.com/…"
        for rule in settings.metrics
        if rule.limit and not _TYPE.fullmatch(rule.limit)
    ]
    problems += [
        f"{name}: {label!r} is no label"
        for name, label in (
            ("owner_label", settings.owner_label),
            ("service_label", settings.service_label),
        )
        if label and not _LABEL.fullmatch(label)
    ]
    if problems:
        raise ConfigError(problems)
