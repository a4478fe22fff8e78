"""Requests as columns: a point that was read before is known by the bytes of its attributes.

A number's point begins with its times and value, each of eight bytes; what follows are its
attributes. Where a point looks otherwise, or its attributes are new, it is parsed.

Source: Protocol Buffers, encoding; OpenTelemetry, ``metrics/v1/metrics.proto``: NumberDataPoint.
"""

from collections import Counter
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from aiops.domain.series import FloatArray, IntArray
from collectors._protobuf import FIELD, MANY, ONE, message_class

_START, _TIME, _DOUBLE, _INT, _ATTRIBUTES = 0x11, 0x19, 0x21, 0x31, 0x3A
_WIDTH: Final = 27
"""Three fields, each a tag and eight bytes."""
_NO_START: Final = bytes([_START]) + bytes(8)
_TWO_63: Final = np.uint64(2**63)
_DATA: Final = (("data_points", 1, FIELD.TYPE_BYTES, MANY, ""),)
_MESSAGES: Final = {
    "Gauge": _DATA,
    "Sum": (
        *_DATA,
        ("aggregation_temporality", 2, FIELD.TYPE_INT32, ONE, ""),
        ("is_monotonic", 3, FIELD.TYPE_BOOL, ONE, ""),
    ),
    "Metric": (
        ("name", 1, FIELD.TYPE_BYTES, ONE, ""),
        ("unit", 3, FIELD.TYPE_BYTES, ONE, ""),
        ("gauge", 5, FIELD.TYPE_MESSAGE, ONE, "Gauge"),
        ("sum", 7, FIELD.TYPE_MESSAGE, ONE, "Sum"),
        ("histogram", 9, FIELD.TYPE_MESSAGE, ONE, "Gauge"),
        ("exponential_histogram", 10, FIELD.TYPE_MESSAGE, ONE, "Gauge"),
        ("summary", 11, FIELD.TYPE_MESSAGE, ONE, "Gauge"),
    ),
    "ScopeMetrics": (("metrics", 2, FIELD.TYPE_MESSAGE, MANY, "Metric"),),
    "ResourceMetrics": (
        ("resource", 1, FIELD.TYPE_BYTES, ONE, ""),
        ("scope_metrics", 2, FIELD.TYPE_MESSAGE, MANY, "ScopeMetrics"),
    ),
    "Request": (("resource_metrics", 1, FIELD.TYPE_MESSAGE, MANY, "ResourceMetrics"),),
}


@lru_cache(maxsize=1)
def raw_request() -> Any:
    """Returns ``ExportMetricsServiceRequest`` whose points are bytes, the same on the wire."""
    return message_class("aiops.otlp_raw", _MESSAGES, "Request")


@dataclass(slots=True)
class Known:
    """Rows of the points that were read, by metric and bytes of attributes."""

    rows: dict[tuple[object, ...], dict[bytes, int]] = field(default_factory=dict)
    heads: list[bytes] = field(default_factory=list)
    found: list[int] = field(default_factory=list)
    counting: list[bool] = field(default_factory=list)

    def take(self, metric: tuple[object, ...], points: list[bytes], counter: bool) -> list[bytes]:
        """Keeps the points that are known, to be read together; returns the others."""
        known = self.rows.get(metric)
        if known is None:
            return points
        others = []
        heads, found = self.heads, self.found
        before = len(found)
        for point in points:
            head = point[:_WIDTH] if point[:1] == b"\x11" else _NO_START + point[:18]
            row = known.get(point[_WIDTH if point[:1] == b"\x11" else 18 :])
            if row is None or len(head) != _WIDTH or not _fits(head):
                others.append(point)
            else:
                heads.append(head)
                found.append(row)
        self.counting += [counter] * (len(found) - before)
        return others

    def learn(self, metric: tuple[object, ...], point: bytes, row: int) -> None:
        """Remembers the row of a point, where it looks as expected."""
        after = point[_WIDTH if point[:1] == b"\x11" else 18 :]
        if not after or after[0] == _ATTRIBUTES:
            self.rows.setdefault(metric, {})[after] = row

    def drain(self, dropped: Counter[str]) -> tuple[IntArray, IntArray, FloatArray]:
        """Returns rows, times and values of what was taken; what is wrong is counted."""
        heads = np.frombuffer(b"".join(self.heads), np.uint8).reshape(-1, _WIDTH)
        rows, counting = np.array(self.found, np.int64), np.array(self.counting, np.bool_)
        self.heads, self.found, self.counting = [], [], []
        times = np.ascontiguousarray(heads[:, 10:18]).view("<u8").reshape(-1)
        numbers = np.ascontiguousarray(heads[:, 19:27])
        values = np.where(
            heads[:, 18] == _INT,
            numbers.view("<i8").reshape(-1).astype(np.float64),
            numbers.view("<f8").reshape(-1),
        )
        keep: NDArray[np.bool_] = np.ones(len(rows), np.bool_)
        for reason, wrong in (
            ("no_time", times == 0),
            ("range", times >= _TWO_63),
            ("type", counting & (values < 0)),
            ("non_finite", ~np.isfinite(values)),
        ):
            if (wrong & keep).any():
                dropped[reason] += int((wrong & keep).sum())
                keep &= ~wrong
        return rows[keep], times[keep].astype(np.int64), values[keep]


def _fits(head: bytes) -> bool:
    return head[0] == _START and head[9] == _TIME and head[18] in {_DOUBLE, _INT}
