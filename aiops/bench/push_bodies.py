"""Bodies as agents push them, encoded beforehand, and the barest parse that reads all of each.

A parse that never looks at the values is none: protobuf's ``FromString`` alone makes no Python
object of any label. Each floor here touches every name, label, time and value once.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Final

SAMPLES: Final = 10_000
"""Of one body: a thousand lines of ten fields, as Telegraf sends; a block of vmagent."""
_PROTOBUF: Final = "application/x-protobuf"
_FIELDS: Final = 10
_CPU: Final = (
    "user", "system", "idle", "nice", "iowait", "irq", "softirq", "steal", "guest", "guest_nice",
)  # fmt: skip
_MS: Final = 10**6


@dataclass(frozen=True, slots=True)
class Protocol:
    """One way to push.

    Attributes:
        encode: Time (ns) and values to a body.
        parse: The floor.
        floor: What that is, in words.
    """

    name: str
    kind: str
    path: str
    encode: Callable[[int, list[float]], bytes]
    parse: Callable[[bytes], object]
    floor: str
    headers: Mapping[str, str] = field(default_factory=dict)


def protocols() -> list[Protocol]:
    """Returns the three.

    Raises:
        ImportError: A library of theirs is not installed.
    """
    import cramjam  # noqa: F401  # told here, before anything is started
    import line_protocol_parser  # noqa: F401  # as above
    from opentelemetry.proto.collector.metrics.v1 import metrics_service_pb2  # noqa: F401  # as above

    return [
        Protocol(
            "line_protocol",
            "influx_line",
            "/api/v2/write",
            _encode_lines,
            _parse_lines,
            "line_protocol_parser.parse_line (C) of the same lines",
        ),
        Protocol(
            "remote_write",
            "remote_write",
            "/api/v1/write",
            _encode_series,
            _parse_series,
            "cramjam and protobuf (upb) of the same bodies, every label and sample read",
            {"content-type": _PROTOBUF, "content-encoding": "snappy"},
        ),
        Protocol(
            "otlp",
            "otlp",
            "/v1/metrics",
            _encode_points,
            _parse_points,
            "protobuf (upb) of the same bodies, every attribute, time and value read",
            {"content-type": _PROTOBUF},
        ),
    ]


def _encode_lines(time: int, values: list[float]) -> bytes:
    lines = []
    for at in range(0, len(values), _FIELDS):
        n = at // _FIELDS
        fields = ",".join(f"usage_{x}={v}" for x, v in zip(_CPU, values[at:], strict=False))
        lines.append(f"cpu,cpu=cpu{n % 8},host=host-{n // 8:04d},region=eu-1 {fields} {time}")
    return "\n".join(lines).encode()


def _parse_lines(body: bytes) -> object:
    from line_protocol_parser import parse_line

    return [parse_line(line) for line in body.decode().split("\n")]


@lru_cache(maxsize=1)
def _write_request() -> Any:
    """Source: Prometheus, ``prompb/remote.proto`` and ``prompb/types.proto``."""
    from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

    of = descriptor_pb2.FieldDescriptorProto
    package = "aiops.bench.prometheus"
    file = descriptor_pb2.FileDescriptorProto(
        name="aiops_bench_prometheus.proto", package=package, syntax="proto3"
    )
    for name, fields in {
        "Label": (("name", 1, of.TYPE_STRING, ""), ("value", 2, of.TYPE_STRING, "")),
        "Sample": (("value", 1, of.TYPE_DOUBLE, ""), ("timestamp", 2, of.TYPE_INT64, "")),
        "TimeSeries": (
            ("labels", 1, of.TYPE_MESSAGE, "Label"),
            ("samples", 2, of.TYPE_MESSAGE, "Sample"),
        ),
        "WriteRequest": (("timeseries", 1, of.TYPE_MESSAGE, "TimeSeries"),),
    }.items():
        message = file.message_type.add(name=name)
        for own, number, kind, other in fields:
            message.field.add(
                name=own,
                number=number,
                type=kind,
                label=of.LABEL_REPEATED if other else of.LABEL_OPTIONAL,
                type_name=f".{package}.{other}" if other else None,
            )
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return message_factory.GetMessageClass(pool.FindMessageTypeByName(f"{package}.WriteRequest"))


def _encode_series(time: int, values: list[float]) -> bytes:
    import cramjam

    request = _write_request()()
    for n, value in enumerate(values):
        series = request.timeseries.add()
        for name, told in (
            ("__name__", f"app_metric_{n % 50}"),
            ("env", "prod"),
            ("instance", f"host-{n // 50:04d}:9100"),
            ("job", "node"),
            ("mode", "user"),
            ("region", "eu-1"),
        ):
            series.labels.add(name=name, value=told)
        series.samples.add(value=value, timestamp=time // _MS)
    return bytes(cramjam.snappy.compress_raw(request.SerializeToString()))


def _parse_series(body: bytes) -> object:
    import cramjam

    request = _write_request().FromString(bytes(cramjam.snappy.decompress_raw(body)))
    return [
        (
            [(label.name, label.value) for label in series.labels],
            [(sample.timestamp, sample.value) for sample in series.samples],
        )
        for series in request.timeseries
    ]


def _encode_points(time: int, values: list[float]) -> bytes:
    from opentelemetry.proto.collector.metrics.v1 import metrics_service_pb2 as service

    request = service.ExportMetricsServiceRequest()
    left = iter(values)
    for host in range(len(values) // 250):
        resource = request.resource_metrics.add()
        told = resource.resource.attributes.add(key="host.name")
        told.value.string_value = f"host-{host:04d}"
        scope = resource.scope_metrics.add()
        for number in range(25):
            metric = scope.metrics.add(name=f"app.metric_{number}", unit="1")
            for part in range(10):
                point = metric.gauge.data_points.add(
                    time_unix_nano=time,
                    start_time_unix_nano=time - 10**10,
                    as_double=next(left),
                )
                for key, text in (("mode", "user"), ("part", str(part)), ("region", "eu-1")):
                    point.attributes.add(key=key).value.string_value = text
    return bytes(request.SerializeToString())


def _parse_points(body: bytes) -> object:
    from opentelemetry.proto.collector.metrics.v1 import metrics_service_pb2 as service

    request = service.ExportMetricsServiceRequest.FromString(body)
    return [
        (
            [(told.key, told.value.string_value) for told in point.attributes],
            point.time_unix_nano,
            point.as_double,
        )
        for resource in request.resource_metrics
        for scope in resource.scope_metrics
        for metric in scope.metrics
        for point in metric.gauge.data_points
    ]
