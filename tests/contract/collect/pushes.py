"""Bodies as agents send them, one good one for each receiver, and how to make others."""

import json
from datetime import UTC, datetime

import cramjam
import numpy as np
from opentelemetry.proto.collector.metrics.v1 import metrics_service_pb2 as service
from opentelemetry.proto.metrics.v1 import metrics_pb2 as metrics

from aiops.contracts.collector import Inventory
from aiops.contracts.receiver import Push
from aiops.contracts.relay import MEDIA_TYPE, Relayed, encode
from aiops.domain.asset import Asset
from aiops.domain.metric import Metric
from aiops.domain.series import Batch, SeriesKey
from collectors.remote_write.message import write_request

NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
NOW_MS = int(NOW.timestamp() * 1000)
NOW_NS = NOW_MS * 1_000_000
_KINDS = {
    "edge": {"content-type": MEDIA_TYPE},
    "collectd": {"content-type": "application/json"},
    "influx_line": {"content-type": "text/plain"},
    "otlp": {"content-type": "application/x-protobuf"},
    "remote_write": {"content-type": "application/x-protobuf", "content-encoding": "snappy"},
}


def push(name: str, body: bytes, headers=None, **query: str) -> Push:
    told = _KINDS[name] if headers is None else headers
    return Push("/", "site-a", query, told, body, NOW)


def good_push(name: str) -> Push:
    match name:
        case "collectd":
            return push(name, json.dumps([value_list()]).encode())
        case "influx_line":
            return push(name, b"cpu,host=web-1 usage_user=1.5 %d\n" % NOW_NS)
        case "remote_write":
            labels = {"__name__": "node_load1", "instance": "web-1:9100", "job": "node"}
            return push(name, write_body((labels, [(NOW_MS, 0.5)])))
        case "edge":
            key = SeriesKey("pump-1", "vibration")
            times, values = np.array([NOW_NS]), np.array([0.5])
            batch = Batch((key,), np.zeros(1, np.int32), times, values)
            inventory = Inventory((Asset("pump-1", "pump"),), (Metric("vibration", "mm/s"),))
            return push(name, encode(Relayed(batch, inventory)))
        case "otlp":
            return push(name, gauge_request("queue", 3.0).SerializeToString())
    raise AssertionError(f"give {name} a good body here")


def value_list(**more) -> dict:
    """collectd: one value list, as its wiki shows it."""
    told = {"values": [1901474177], "dstypes": ["counter"], "dsnames": ["value"]}
    told |= {"time": NOW_MS / 1000, "interval": 10, "host": "leeloo", "plugin": "cpu"}
    told |= {"plugin_instance": "0", "type": "cpu", "type_instance": "idle"}
    return told | more


def write_body(*series, metadata=()) -> bytes:
    """Remote write: (labels, [(time in ms, value)]) of each series."""
    request = write_request()()
    for labels, samples in series:
        one = request.timeseries.add()
        pairs = labels.items() if isinstance(labels, dict) else labels
        for label, value in pairs:
            one.labels.add(name=_raw(label), value=_raw(value))
        for time, value in samples:
            one.samples.add(timestamp=time, value=value)
    for family, kind in metadata:
        request.metadata.add(type=kind, metric_family_name=_raw(family))
    return bytes(cramjam.snappy.compress_raw(request.SerializeToString()))


def metrics_request(*described: metrics.Metric, **resource: str):
    """OTLP: a request of one resource; ``host_name`` stands for ``host.name``."""
    request = service.ExportMetricsServiceRequest()
    one = request.resource_metrics.add()
    for name, value in resource.items():
        one.resource.attributes.add(key=name.replace("_", ".")).value.string_value = value
    one.scope_metrics.add().metrics.extend(described)
    return request


def gauge_request(name: str, value: float, **resource: str):
    metric = metrics.Metric(name=name, unit="1")
    metric.gauge.data_points.add(time_unix_nano=NOW_NS, as_double=value)
    return metrics_request(metric, **(resource or {"service_name": "shop"}))


def _raw(text) -> bytes:
    return text if isinstance(text, bytes) else text.encode()
