"""The protobuf message of remote write 1.0, described here so that no code is generated.

Source: Prometheus, ``prompb/remote.proto`` and ``prompb/types.proto``; the field numbers are
theirs. Texts are declared as bytes, which is the same on the wire, so that one name that is not
UTF-8 does not cost the whole body.
"""

from functools import lru_cache
from typing import Any, Final

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

_Field = descriptor_pb2.FieldDescriptorProto
_ONE, _MANY = _Field.LABEL_OPTIONAL, _Field.LABEL_REPEATED
_MESSAGES: Final = {
    "Label": (("name", 1, _Field.TYPE_BYTES, _ONE, ""), ("value", 2, _Field.TYPE_BYTES, _ONE, "")),
    "Sample": (
        ("value", 1, _Field.TYPE_DOUBLE, _ONE, ""),
        ("timestamp", 2, _Field.TYPE_INT64, _ONE, ""),
    ),
    "TimeSeries": (
        ("labels", 1, _Field.TYPE_MESSAGE, _MANY, "Label"),
        ("samples", 2, _Field.TYPE_MESSAGE, _MANY, "Sample"),
    ),
    "MetricMetadata": (
        ("type", 1, _Field.TYPE_INT32, _ONE, ""),
        ("metric_family_name", 2, _Field.TYPE_BYTES, _ONE, ""),
    ),
    "WriteRequest": (
        ("timeseries", 1, _Field.TYPE_MESSAGE, _MANY, "TimeSeries"),
        ("metadata", 3, _Field.TYPE_MESSAGE, _MANY, "MetricMetadata"),
    ),
}
TYPES: Final = {1: "counter", 2: "gauge", 3: "histogram", 5: "summary", 6: "info"}
"""Numbers of ``MetricMetadata.MetricType`` that matter here."""


@lru_cache(maxsize=1)
def write_request() -> Any:
    """Returns the message class ``WriteRequest``."""
    file = descriptor_pb2.FileDescriptorProto(
        name="aiops/remote_write.proto", package="aiops.remote_write", syntax="proto3"
    )
    for name, fields in _MESSAGES.items():
        message = file.message_type.add(name=name)
        for field, number, kind, label, of in fields:
            message.field.add(
                name=field,
                number=number,
                type=kind,
                label=label,
                type_name=f".aiops.remote_write.{of}" if of else None,
            )
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return message_factory.GetMessageClass(
        pool.FindMessageTypeByName("aiops.remote_write.WriteRequest")
    )
