"""The influx_line receiver: the answers that clients of InfluxDB understand."""

from datetime import UTC, datetime, timedelta
from typing import Final

import orjson

from aiops.contracts.collector import Sink
from aiops.contracts.receiver import Push, PushAnswer, Route
from collectors.influx_line.points import PRECISIONS, PointReader, Points, rejected_lines
from collectors.influx_line.settings import InfluxLineSettings

_ROUTES: Final = (
    Route("POST", "/write", "Influx line protocol, as InfluxDB 1"),
    Route("POST", "/api/v2/write", "Influx line protocol, as InfluxDB 2"),
    Route("GET", "/ping", "Clients of InfluxDB ask whether it is there", probe=True),
    Route("HEAD", "/ping", "Clients of InfluxDB ask whether it is there", probe=True),
)
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_QUOTA: Final = "quota"
_RETRY_SECONDS: Final = 60


class InfluxLineReceiver:
    """Receives for one source."""

    def __init__(self, settings: InfluxLineSettings) -> None:
        self._settings = settings
        self._reader: PointReader | None = None

    @property
    def routes(self) -> tuple[Route, ...]:
        """``/write`` and ``/api/v2/write``."""
        return _ROUTES

    def receive(self, push: Push, sink: Sink) -> PushAnswer:
        """Stores the good lines; 204 when all were good, else 400 with what was wrong."""
        precision = push.query.get("precision", "ns")
        unit = PRECISIONS.get(precision)
        if unit is None:
            known = ", ".join(PRECISIONS)
            return _error(400, "invalid", f"precision {precision[:40]!r} is none of {known}")
        bucket = push.query.get("bucket", push.query.get("db", ""))
        if self._settings.buckets and bucket not in self._settings.buckets:
            return _error(404, "not found", f"bucket {bucket[:80]!r} is not taken here")
        if self._reader is None:
            self._reader = PointReader(self._settings, push.source)
        reader = self._reader
        now_ns = (push.now - _EPOCH) // timedelta(microseconds=1) * 1000
        found = reader.read(push.body, unit, now_ns)
        refused: dict[str, int] = {}
        if len(found):
            batch = reader.book.batch(*found.columns(unit))
            refused = dict(sink.accept(batch, reader.book.inventory(), push.source))
        return _answer(found, refused)


def _answer(found: Points, refused: dict[str, int]) -> PushAnswer:
    # A repeated point is stored already: nothing an agent could mend.
    lost = {reason: n for reason, n in refused.items() if reason != "duplicate"}
    accepted = len(found) - sum(lost.values())
    dropped = dict(found.dropped)
    if not lost and not found.bad_lines:
        if not found.lines:
            return _error(400, "invalid", "the body holds no line", dropped)
        return PushAnswer(204, accepted=accepted)
    words = [*rejected_lines(found), *(f"{reason}: {n} samples" for reason, n in lost.items())]
    if lost.get(_QUOTA):
        headers = {"Retry-After": str(_RETRY_SECONDS)}
        told = f"series_limit: {lost[_QUOTA]} samples of new series beyond the source's quota"
        return _error(429, "too many requests", told, dropped, accepted, found, headers)
    return _error(400, "invalid", "partial write: " + "; ".join(words), dropped, accepted, found)


def _error(
    status: int,
    code: str,
    message: str,
    dropped: dict[str, int] | None = None,
    accepted: int = 0,
    found: Points | None = None,
    headers: dict[str, str] | None = None,
) -> PushAnswer:
    body: dict[str, object] = {"code": code, "message": message, "error": message}
    if found is not None:
        body |= {
            "accepted": found.lines - found.bad_lines,
            "rejected": found.bad_lines,
            "lines": list(rejected_lines(found)),
        }
    shown = {"X-Influxdb-Error": message.encode("ascii", "replace").decode()[:500]}
    return PushAnswer(
        status,
        orjson.dumps(body),
        "application/json",
        {**shown, **(headers or {})},
        accepted,
        dropped or {},
    )
