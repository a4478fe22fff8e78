"""From data points to samples; a bad point costs no other."""

import math
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
from opentelemetry.proto.metrics.v1 import metrics_pb2 as metrics
from opentelemetry.proto.resource.v1.resource_pb2 import Resource as Message

from aiops.contracts.book import SeriesBook
from aiops.domain.metric import Metric, MetricKind
from aiops.domain.series import FloatArray, IntArray, SeriesKey
from collectors.otlp.columns import Known
from collectors.otlp.histogram import Histograms, is_sound, quantile
from collectors.otlp.places import (
    Resource,
    place_point,
    place_resource,
    read_attributes,
    read_resource,
)
from collectors.otlp.settings import OtlpSettings

_DELTA: Final = 1  # AggregationTemporality
_CUMULATIVE: Final = 2
_NO_VALUE: Final = 1  # DataPointFlags
_TWO_63: Final = 2**63
_SECOND: Final = 1e9
# Source: OpenTelemetry data model: scales beyond these name no two different doubles.
_SCALES: Final = range(-10, 21)
_MAX_BUCKETS: Final = 1_000
_MAX_NAME: Final = 255

Measured = tuple[str, str, MetricKind, float, dict[str, str]]
"""Suffix of the name, suffix of the unit, kind, value, labels."""


class BadPoint(Exception):
    """A point that is not used; the message is the reason."""


@dataclass(slots=True)
class Points:
    """Samples of one body.

    Attributes:
        known: Rows, times and values that were looked up, beside those that were parsed.
        odd: Points that say to have begun after they ended; their values are used.
    """

    rows: list[int] = field(default_factory=list)
    times: list[int] = field(default_factory=list)
    values: list[float] = field(default_factory=list)
    known: tuple[IntArray, IntArray, FloatArray] | None = None
    points: int = 0
    dropped: Counter[str] = field(default_factory=Counter)
    odd: int = 0

    def __len__(self) -> int:
        return len(self.rows) + (len(self.known[0]) if self.known is not None else 0)

    def columns(self) -> tuple[IntArray, IntArray, FloatArray]:
        """Returns rows, times and values."""
        parsed = (
            np.array(self.rows, np.int64),
            np.array(self.times, np.int64),
            np.array(self.values, np.float64),
        )
        if self.known is None:
            return parsed
        rows, times, values = self.known
        return (
            np.concatenate([rows, parsed[0]]),
            np.concatenate([times, parsed[1]]),
            np.concatenate([values, parsed[2]]),
        )


class PointReader:
    """Reads bodies of one source; remembers its series and the buckets of its histograms."""

    def __init__(self, settings: OtlpSettings, source: str) -> None:
        self._settings = settings
        self._source = source
        self.book = SeriesBook()
        self._histograms = Histograms()
        self._known = Known()
        self._resources: dict[bytes, Resource] = {}

    def read(self, request: Any) -> Points:
        """Takes a request apart.

        Args:
            request: The official message, or the one of :func:`raw_request`.

        Raises:
            DecodeError: A part of it is no message.
        """
        if len(self.book) > self.book.forget_beyond:
            self._histograms.clear()
        if max(len(self.book), len(self._resources)) > self.book.forget_beyond:
            self._known, self._resources = Known(), {}
        self.book.trim()
        found = Points()
        for resource_metrics in request.resource_metrics:
            told, resource = self._resource(resource_metrics.resource)
            for scope_metrics in resource_metrics.scope_metrics:
                for metric in scope_metrics.metrics:
                    if told:
                        self._raw_metric(found, told, resource, metric)
                    else:
                        self._metric(found, resource, metric)
        if self._known.found:
            found.known = self._known.drain(found.dropped)
        return found

    def _resource(self, told: Any) -> tuple[bytes, Resource]:
        """Returns the bytes of a resource, empty when they are parsed, and where it belongs."""
        raw = b"raw" + told if isinstance(told, bytes) else b""
        place = self._resources.get(raw)
        if place is None:
            message = Message.FromString(told) if raw else told
            attributes = read_resource(message.attributes)
            place = place_resource(attributes, self._source, self._settings.asset_attribute)
            self.book.know(place.identities)
            if raw:
                self._resources[raw] = place
        return raw, place

    def _metric(self, found: Points, resource: Resource, metric: Any) -> None:
        kind = metric.WhichOneof("data")
        if kind is None:
            return
        data = getattr(metric, kind)
        for point in data.data_points:
            self._take(found, resource, metric, kind, data, point)

    def _raw_metric(self, found: Points, told: bytes, resource: Resource, raw: Any) -> None:
        """Looks up the points of gauges and sums that grow from a start; parses the others."""
        counter = raw.HasField("sum") and raw.sum.is_monotonic
        grows = raw.HasField("sum") and raw.sum.aggregation_temporality == _CUMULATIVE
        if not (grows or raw.HasField("gauge")):
            self._metric(found, resource, metrics.Metric.FromString(raw.SerializeToString()))
            return
        data = raw.sum if grows else raw.gauge
        points = list(data.data_points)
        own = (told, raw.name, raw.unit, grows, counter)
        others = self._known.take(own, points, counter)
        found.points += len(points) - len(others)
        if not others:
            return
        del data.data_points[:]
        metric = metrics.Metric.FromString(raw.SerializeToString())
        kind = "sum" if grows else "gauge"
        for other in others:
            point = metrics.NumberDataPoint.FromString(other)
            before = len(found.rows)
            self._take(found, resource, metric, kind, getattr(metric, kind), point)
            if len(found.rows) == before + 1:
                self._known.learn(own, other, found.rows[-1])

    def _take(
        self, found: Points, resource: Resource, metric: Any, kind: str, data: Any, point: Any
    ) -> None:
        found.points += 1
        if point.flags & _NO_VALUE:
            return
        try:
            self._point(found, resource, metric, kind, data, point)
        except BadPoint as reason:
            found.dropped[str(reason)] += 1

    def _point(
        self, found: Points, resource: Resource, metric: Any, kind: str, data: Any, point: Any
    ) -> None:
        name, time = metric.name, point.time_unix_nano
        if not name or len(name) > _MAX_NAME:
            raise BadPoint("parse")
        if time == 0:
            raise BadPoint("no_time")
        if time >= _TWO_63:
            raise BadPoint("range")
        attributes = read_attributes(point.attributes)
        if attributes is None:
            raise BadPoint("labels")
        assets, labels, limit = place_point(resource, name, attributes)
        own = assets[-1].key
        identity = (own, name, tuple(sorted(labels.items())))
        measured = list(self._measure(kind, data, point, identity))
        if kind != "summary" and point.start_time_unix_nano > time:
            found.odd += 1
        if not all(math.isfinite(value) for _, _, _, value, _ in measured):
            raise BadPoint("non_finite")
        for suffix, per, of, value, more in measured:
            key = SeriesKey.of(own, name + suffix, {**labels, **more})
            row = self.book.find(key)
            if row is None:
                unit = f"{metric.unit or '1'}{per}"
                declared = Metric(key.metric, unit, of, description=metric.description[:500])
                row = self.book.row(key, declared, *assets)
            if limit is not None:
                self.book.limit(limit)
            found.rows.append(row)
            found.times.append(time)
            found.values.append(value)

    def _measure(self, kind: str, data: Any, point: Any, identity: object) -> Iterator[Measured]:
        match kind:
            case "gauge":
                yield "", "", MetricKind.GAUGE, _number(point), {}
            case "sum":
                yield from _sum(data, point)
            case "histogram":
                yield from self._histogram(data, point, identity)
            case "exponential_histogram":
                buckets = len(point.positive.bucket_counts) + len(point.negative.bucket_counts)
                if point.scale not in _SCALES or buckets > _MAX_BUCKETS:
                    raise BadPoint("histogram")
                yield from _count_and_sum(data, point)
            case "summary":
                yield ".count", "", MetricKind.COUNTER, float(point.count), {}
                yield ".sum", "", MetricKind.COUNTER, point.sum, {}
                for each in point.quantile_values:
                    told = {"quantile": f"{each.quantile:g}"}
                    yield "", "", MetricKind.GAUGE, each.value, told
            case _:
                raise BadPoint("type")

    def _histogram(self, data: Any, point: Any, identity: object) -> Iterator[Measured]:
        counts, bounds = tuple(point.bucket_counts), tuple(point.explicit_bounds)
        if len(counts) > _MAX_BUCKETS or not is_sound(counts, bounds, point.count):
            raise BadPoint("histogram")
        yield from _count_and_sum(data, point)
        fresh: tuple[int, ...] | None = counts
        if data.aggregation_temporality == _CUMULATIVE:
            start, time = point.start_time_unix_nano, point.time_unix_nano
            fresh = self._histograms.increase(identity, start, time, counts)
        for level in self._settings.quantiles if fresh else ():
            value = quantile(fresh or (), bounds, level)
            if value is not None:
                yield "", "", MetricKind.GAUGE, value, {"quantile": f"{level:g}"}


def _number(point: Any) -> float:
    match point.WhichOneof("value"):
        case "as_int":
            return float(point.as_int)
        case "as_double":
            return float(point.as_double)
    raise BadPoint("parse")


def _sum(data: Any, point: Any) -> Iterator[Measured]:
    value = _number(point)
    if data.aggregation_temporality == _DELTA:
        yield _rate("", data.is_monotonic, value, point)
    elif data.aggregation_temporality == _CUMULATIVE:
        if data.is_monotonic and value < 0:
            raise BadPoint("type")
        kind = MetricKind.COUNTER if data.is_monotonic else MetricKind.GAUGE
        yield "", "", kind, value, {}
    else:
        raise BadPoint("temporality")


def _count_and_sum(data: Any, point: Any) -> Iterator[Measured]:
    if data.aggregation_temporality == _DELTA:
        yield _rate(".count", True, float(point.count), point)
        if point.HasField("sum"):
            yield _rate(".sum", False, point.sum, point)
    elif data.aggregation_temporality == _CUMULATIVE:
        yield ".count", "", MetricKind.COUNTER, float(point.count), {}
        if point.HasField("sum"):
            kind = MetricKind.COUNTER if point.sum >= 0 else MetricKind.GAUGE
            yield ".sum", "", kind, point.sum, {}
    else:
        raise BadPoint("temporality")


def _rate(suffix: str, monotonic: bool, value: float, point: Any) -> Measured:
    """A delta over its own span is a rate whatever was lost or came twice before it."""
    span = (point.time_unix_nano - point.start_time_unix_nano) / _SECOND
    if point.start_time_unix_nano == 0 or span <= 0 or (monotonic and value < 0):
        raise BadPoint("temporality")
    return f"{suffix}.rate", "/s", MetricKind.GAUGE, value / span, {}
