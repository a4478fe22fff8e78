"""The protobuf message of remote write 1.0, described here so that no code is generated.

Source: Prometheus, ``prompb/remote.proto`` and ``prompb/types.proto``; the field numbers are
theirs. Texts are declared as bytes, which is the same on the wire, so that one name that is not
UTF-8 does not cost the whole body.
"""

from functools import lru_cache
from typing import Any, Final

from collectors._protobuf import FIELD, MANY, ONE, message_class

_MESSAGES: Final = {
    "Label": (("name", 1, FIELD.TYPE_BYTES, ONE, ""), ("value", 2, FIELD.TYPE_BYTES, ONE, "")),
    "Sample": (
        ("value", 1, FIELD.TYPE_DOUBLE, ONE, ""),
        ("timestamp", 2, FIELD.TYPE_INT64, ONE, ""),
    ),
    "TimeSeries": (
        ("labels", 1, FIELD.TYPE_MESSAGE, MANY, "Label"),
        ("samples", 2, FIELD.TYPE_MESSAGE, MANY, "Sample"),
    ),
    "MetricMetadata": (
        ("type", 1, FIELD.TYPE_INT32, ONE, ""),
        ("metric_family_name", 2, FIELD.TYPE_BYTES, ONE, ""),
    ),
    "WriteRequest": (
        ("timeseries", 1, FIELD.TYPE_MESSAGE, MANY, "TimeSeries"),
        ("metadata", 3, FIELD.TYPE_MESSAGE, MANY, "MetricMetadata"),
    ),
}
TYPES: Final = {1: "counter", 2: "gauge", 3: "histogram", 5: "summary", 6: "info"}
"""Numbers of ``MetricMetadata.MetricType`` that matter here."""


@lru_cache(maxsize=1)
def write_request() -> Any:
    """Returns the message class ``WriteRequest``."""
    return message_class("aiops.remote_write", _MESSAGES, "WriteRequest")


@lru_cache(maxsize=1)
def raw_request() -> Any:
    """Returns ``WriteRequest`` with its series as bytes, which is the same on the wire."""
    fields = (("timeseries", 1, FIELD.TYPE_BYTES, MANY, ""), _MESSAGES["WriteRequest"][1])
    raw = {**_MESSAGES, "WriteRequest": fields}
    return message_class("aiops.remote_write_raw", raw, "WriteRequest")


@lru_cache(maxsize=1)
def time_series() -> Any:
    """Returns the message class ``TimeSeries``."""
    return message_class("aiops.remote_write_series", _MESSAGES, "TimeSeries")
