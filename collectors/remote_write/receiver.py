"""The remote_write receiver: snappy, protobuf, series, samples."""

import math
from collections import Counter
from typing import Any, Final

import cramjam
from google.protobuf.message import DecodeError

from aiops.contracts.collector import Sink
from aiops.contracts.receiver import Push, PushAnswer, Route
from collectors.remote_write.message import TYPES, write_request
from collectors.remote_write.settings import RemoteWriteSettings
from collectors.remote_write.targets import Slot, Target, Targets

_ROUTES: Final = (
    Route(
        "POST",
        "/api/v1/write",
        "Prometheus remote write 1.0",
        encodings=frozenset({"snappy"}),
    ),
)
# Series that came and went, or were refused, are forgotten beyond this.
_FORGET_BEYOND: Final = 60_000
_MAX_LABELS: Final = 64
_MAX_TEXT: Final = 1 << 10
_MAX_NAME: Final = 1 << 10
_MS: Final = 1_000_000
_LAST_MS: Final = 2**63 // _MS
_Labels = tuple[tuple[bytes, bytes], ...]


class RemoteWriteReceiver:
    """Receives for one source."""

    def __init__(self, settings: RemoteWriteSettings) -> None:
        self._settings = settings
        self._targets: Targets | None = None
        self._slots: dict[_Labels, Slot | str] = {}

    @property
    def routes(self) -> tuple[Route, ...]:
        """``/api/v1/write``."""
        return _ROUTES

    def receive(self, push: Push, sink: Sink) -> PushAnswer:
        """Stores the good samples; 204 when all were good, 400 names what was not."""
        kind = push.headers.get("content-type", "").replace(" ", "").lower()
        if kind.partition(";")[0] != "application/x-protobuf" or "write.v2" in kind:
            return _refuse(415, "send remote write 1.0: Content-Type application/x-protobuf")
        if push.headers.get("content-encoding", "").strip().lower() != "snappy":
            return _refuse(415, "send remote write 1.0: Content-Encoding snappy")
        try:
            request = write_request().FromString(_unsnap(push.body, push.max_bytes))
        except (ValueError, DecodeError, cramjam.DecompressionError) as error:
            return _refuse(400, f"not a remote write body: {str(error)[:200]}")
        count = sum(len(series.samples) for series in request.timeseries)
        if count > self._settings.max_samples:
            limit = self._settings.max_samples
            return _refuse(400, f"limit: {count} samples in one body, at most {limit}")
        targets = self._targets
        if targets is None or max(len(targets.book), len(self._slots)) > _FORGET_BEYOND:
            targets = self._targets = Targets(self._settings, push.source)
            self._slots = {}
        for told in request.metadata:
            family = told.metric_family_name.decode(errors="replace")
            targets.types[family] = TYPES.get(told.type, "unknown")
        rows, times, values, dropped = self._read(targets, request.timeseries)
        if not rows:
            return _answer(0, dropped, {})
        batch = targets.book.batch(rows, times, values)
        refused = dict(sink.accept(batch, targets.book.inventory(), push.source))
        return _answer(len(rows), dropped, refused)

    def _read(
        self, targets: Targets, timeseries: Any
    ) -> tuple[list[int], list[int], list[float], Counter[str]]:
        rows: list[int] = []
        times: list[int] = []
        values: list[float] = []
        dropped: Counter[str] = Counter()
        touched: dict[int, Target] = {}
        for series in timeseries:
            labels = tuple((label.name, label.value) for label in series.labels)
            slot = self._slots.get(labels)
            if slot is None:
                slot = self._slots[labels] = _place(targets, labels)
            if isinstance(slot, str):
                dropped[slot] += len(series.samples)
                continue
            for sample in series.samples:
                time, value = sample.timestamp, sample.value
                reason = _fault(slot, time, value)
                if reason:
                    dropped[reason] += 1
                    continue
                if slot.row >= 0:
                    rows.append(slot.row)
                    times.append(time * _MS)
                    values.append(value)
                if slot.feeds:
                    slot.target.open.setdefault(time, {})[slot.number] = value
                    touched[id(slot.target)] = slot.target
        for target in touched.values():
            for row, time, value in targets.derive(target):
                rows.append(row)
                times.append(time * _MS)
                values.append(value)
        return rows, times, values, dropped


def _fault(slot: Slot, time: int, value: float) -> str:
    if not math.isfinite(value):
        return "non_finite"  # also the marker of a series that ended
    if slot.counter and value < 0:
        return "type"
    return "" if 0 < time < _LAST_MS else "range"


def _place(targets: Targets, labels: _Labels) -> Slot | str:
    """Returns where a series belongs, or why it belongs nowhere."""
    if len(labels) > _MAX_LABELS:
        return "limit"
    named: dict[str, str] = {}
    for raw_name, raw_value in labels:
        try:
            name, value = raw_name.decode(), raw_value.decode()
        except UnicodeDecodeError:
            return "labels"
        wrong = not name or name in named or "\x00" in name + value
        if wrong or len(raw_name) > _MAX_TEXT or len(raw_value) > _MAX_TEXT:
            return "labels"
        if value:
            named[name] = value
    name = named.pop("__name__", "")
    if not name or len(name) > _MAX_NAME:
        return "labels"
    return targets.place(name, named)


def _unsnap(body: bytes, max_bytes: int) -> bytes:
    """Returns the body decompressed; its own header tells the length before anything is made.

    Raises:
        ValueError: It is no snappy block, or longer than is taken.
    """
    length, shift = 0, 0
    for byte in body[:5]:
        length |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:
            break
    else:
        raise ValueError("not a snappy block")
    if length > max_bytes:
        raise ValueError(f"{length} bytes after decompression, at most {max_bytes}")
    return bytes(cramjam.snappy.decompress_raw(body))


def _answer(taken: int, dropped: Counter[str], refused: dict[str, int]) -> PushAnswer:
    lost = Counter({reason: n for reason, n in refused.items() if reason != "duplicate"})
    # A marker that a series ended is a gap, not a fault of the sender.
    told = lost + Counter({reason: n for reason, n in dropped.items() if reason != "non_finite"})
    accepted = taken - sum(lost.values())
    if not told:
        return PushAnswer(204, accepted=accepted, dropped=dropped)
    if lost["quota"]:
        words = f"series_limit: {lost['quota']} samples of series beyond the source's quota"
        headers = {"Retry-After": "60"}
        return PushAnswer(429, words.encode(), "text/plain", headers, accepted, dropped)
    words = ", ".join(f"{reason}: {count}" for reason, count in sorted(told.items()))
    text = f"{accepted} samples stored, {sum(told.values())} refused ({words}); do not resend\n"
    return PushAnswer(400, text.encode(), "text/plain", accepted=accepted, dropped=dropped)


def _refuse(status: int, words: str) -> PushAnswer:
    return PushAnswer(status, f"{words}\n".encode(), "text/plain")
