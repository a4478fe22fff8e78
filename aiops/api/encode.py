"""Domain values as plain JSON values: no NaN, times with zone, durations in seconds."""

import dataclasses
import math
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from enum import Enum, IntEnum
from typing import Any

import numpy as np
import orjson
from starlette.responses import Response

from aiops.domain.decision import Decision
from aiops.domain.series import SeriesKey


def plain(value: Any) -> Any:
    """Returns the value as plain JSON values.

    >>> plain({"x": float("nan"), "d": timedelta(minutes=1)})
    {'x': None, 'd': 60.0}
    >>> plain(SeriesKey.of("db-07", "disk", {"mount": "/"}))
    {'asset': 'db-07', 'metric': 'disk', 'labels': {'mount': '/'}}
    """
    if value is None or type(value) in (bool, str, int):
        return value
    if isinstance(value, float):
        return float(value) if math.isfinite(value) else None
    scalar = _scalar(value)
    if scalar is not None:
        return scalar
    if isinstance(value, Mapping):
        return {str(name): plain(item) for name, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [plain(item) for item in value]
    if isinstance(value, np.ndarray | np.generic):
        return plain(value.tolist())
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {f.name: plain(getattr(value, f.name)) for f in dataclasses.fields(value)}
    msg = f"{type(value).__name__} has no JSON form"
    raise TypeError(msg)


def _scalar(value: Any) -> Any:
    if isinstance(value, IntEnum):
        return value.name.lower()
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, datetime):
        return iso(value)
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, timedelta):
        return value.total_seconds()
    if isinstance(value, SeriesKey):
        return {"asset": value.asset, "metric": value.metric, "labels": dict(value.labels)}
    return None


def decision_row(decision: Decision, language: str) -> dict[str, Any]:
    """Returns a decision with its sentence in a language, and what the sentence is made of."""
    return {
        "at": decision.at,
        "subject": decision.subject,
        "asset": decision.asset,
        "action": decision.action,
        "reason": decision.reason,
        "detail": decision.words(language),
        "code": decision.phrase.code,
        "values": decision.phrase.values,
        "times": decision.times,
        "first_at": decision.first_at or decision.at,
    }


def iso(time: datetime) -> str:
    """Returns the time in UTC as ISO 8601 with ``Z``."""
    return time.astimezone(UTC).isoformat().replace("+00:00", "Z")


def iso_ns(ns: int) -> str:
    """Returns a time in nanoseconds as ISO 8601 with ``Z``.

    >>> iso_ns(1_500_000_000_000_000_000)
    '2017-07-14T02:40:00Z'
    """
    return iso(datetime.fromtimestamp(ns / 1e9, UTC))


def answer(value: Any, status: int = 200) -> Response:
    """Returns a JSON answer."""
    body = orjson.dumps(plain(value))
    return Response(body, status, media_type="application/json")
