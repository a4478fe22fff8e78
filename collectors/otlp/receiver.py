"""The otlp receiver: protobuf or JSON in, partial success out."""

from collections import Counter
from typing import Any, Final

import orjson
from google.protobuf import json_format
from google.protobuf.message import DecodeError
from opentelemetry.proto.collector.metrics.v1 import metrics_service_pb2 as service

from aiops.contracts.collector import Sink
from aiops.contracts.receiver import GRPC, Push, PushAnswer, Route
from collectors.otlp.columns import raw_request
from collectors.otlp.points import PointReader, Points
from collectors.otlp.settings import OtlpSettings

_EXPORT: Final = "/opentelemetry.proto.collector.metrics.v1.MetricsService/Export"
_ROUTES: Final = (
    Route("POST", "/v1/metrics", "OpenTelemetry metrics, OTLP over HTTP"),
    Route(GRPC, _EXPORT, "OpenTelemetry metrics, OTLP over gRPC"),
)
_GRPC: Final = "application/grpc"
_PROTOBUF: Final = "application/x-protobuf"
_JSON: Final = "application/json"
_MAX_DEPTH: Final = 64


class OtlpReceiver:
    """Receives for one source."""

    def __init__(self, settings: OtlpSettings) -> None:
        self._settings = settings
        self._reader: PointReader | None = None

    @property
    def routes(self) -> tuple[Route, ...]:
        """``/v1/metrics``, and the call of OTLP over gRPC."""
        return _ROUTES

    def receive(self, push: Push, sink: Sink) -> PushAnswer:
        """Stores the good points; the answer counts the others exactly."""
        kind = push.headers.get("content-type", "").partition(";")[0].strip().lower()
        if kind not in {_PROTOBUF, _JSON, _GRPC}:
            return _refuse(415, f"send {_PROTOBUF} or {_JSON}", kind)
        try:
            request = _parse(push.body, as_json=kind == _JSON)
        except (DecodeError, json_format.ParseError, ValueError, RecursionError) as error:
            return _refuse(400, f"not an export request: {str(error)[:200]}", kind)
        count = _count(request)
        if count > self._settings.max_points:
            limit = self._settings.max_points
            return _refuse(413, f"limit: {count} points in one body, at most {limit}", kind)
        if self._reader is None:
            self._reader = PointReader(self._settings, push.source)
        reader = self._reader
        try:
            found = reader.read(request)
        except DecodeError as error:
            return _refuse(400, f"not an export request: {str(error)[:200]}", kind)
        refused: Counter[str] = Counter()
        if len(found):
            batch = reader.book.batch(*found.columns())
            refused.update(sink.accept(batch, reader.book.inventory(), push.source))
            del refused["duplicate"]  # stored before: nothing to tell
        return _answer(found, refused, kind)


def _parse(body: bytes, *, as_json: bool) -> Any:
    if not as_json:
        return raw_request().FromString(body)
    data = orjson.loads(body)
    if not isinstance(data, dict):
        raise json_format.ParseError("the document is no object")
    return json_format.ParseDict(
        data,
        service.ExportMetricsServiceRequest(),
        ignore_unknown_fields=True,
        max_recursion_depth=_MAX_DEPTH,
    )


def _count(request: Any) -> int:
    metrics = (
        metric
        for resource in request.resource_metrics
        for scope in resource.scope_metrics
        for metric in scope.metrics
    )
    return sum(
        len(data.data_points)
        for metric in metrics
        for field, data in metric.ListFields()
        if field.message_type is not None and "data_points" in field.message_type.fields_by_name
    )


def _answer(found: Points, refused: Counter[str], kind: str) -> PushAnswer:
    samples = len(found)
    lost = sum(refused.values())
    if samples and refused["quota"] == samples:
        words = f"series_limit: {samples} samples of series beyond the source's quota"
        return PushAnswer(429, words.encode(), "text/plain", {"Retry-After": "60"})
    own = sum(found.dropped.values())
    # A histogram gives several samples of one point; all of them share its time and asset.
    rejected = own + min(lost, found.points - own)
    answer = service.ExportMetricsServiceResponse()
    if rejected:
        told = found.dropped + refused
        words = ", ".join(f"{reason}: {count}" for reason, count in sorted(told.items()))
        answer.partial_success.rejected_data_points = rejected
        answer.partial_success.error_message = f"not stored: {words}"
    elif found.odd:
        words = f"stored, but {found.odd} points say that they began after they ended"
        answer.partial_success.error_message = words
    body = (
        json_format.MessageToJson(answer).encode() if kind == _JSON else answer.SerializeToString()
    )
    return PushAnswer(200, body, kind, accepted=samples - lost, dropped=found.dropped)


def _refuse(status: int, words: str, kind: str) -> PushAnswer:
    if kind == _GRPC:
        return PushAnswer(status, words.encode(), "text/plain")
    return PushAnswer(status, orjson.dumps({"code": 3, "message": words}), _JSON)
