"""The remote_write receiver: snappy, protobuf, series, samples."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import cramjam
import numpy as np
from google.protobuf.message import DecodeError
from numpy.typing import NDArray

from aiops.contracts.collector import Sink
from aiops.contracts.receiver import Push, PushAnswer, Route
from aiops.domain.series import FloatArray, IntArray
from collectors.remote_write.columns import Known, Read
from collectors.remote_write.message import TYPES, raw_request, time_series
from collectors.remote_write.settings import RemoteWriteSettings
from collectors.remote_write.targets import Sample, Slot, Target, Targets

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


@dataclass(frozen=True, slots=True)
class Samples:
    """Samples by the number of their series; times in ms."""

    series: IntArray
    times: IntArray
    values: FloatArray


class RemoteWriteReceiver:
    """Receives for one source."""

    def __init__(self, settings: RemoteWriteSettings) -> None:
        self._settings = settings
        self._targets: Targets | None = None
        self._slots: list[Slot | str] = []
        self._numbers: dict[_Labels, int] = {}
        self._known = Known()
        self._columns = _Columns.of(())

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
            request = raw_request().FromString(_unsnap(push.body, push.max_bytes))
            raws = list(request.timeseries)
            if len(raws) > self._settings.max_samples:
                return self._too_many(len(raws))
            targets = self._known_targets(push.source)
            read = self._known.read(raws)
            parsed = {at: time_series().FromString(raws[at]) for at in read.rest}
        except (ValueError, DecodeError, cramjam.DecompressionError) as error:
            return _refuse(400, f"not a remote write body: {str(error)[:200]}")
        count = len(read.series) + sum(len(each.samples) for each in parsed.values())
        if count > self._settings.max_samples:
            return self._too_many(count)
        for told in request.metadata:
            family = told.metric_family_name.decode(errors="replace")
            targets.types[family] = TYPES.get(told.type, "unknown")
        samples = self._parsed(targets, raws, parsed, read)
        rows, times, values, dropped = self._judge(targets, samples)
        if not len(rows):
            return _answer(0, dropped, {})
        batch = targets.book.batch(rows, times, values)
        refused = dict(sink.accept(batch, targets.book.inventory(), push.source))
        return _answer(len(rows), dropped, refused)

    def _too_many(self, count: int) -> PushAnswer:
        limit = self._settings.max_samples
        return _refuse(400, f"limit: {count} samples in one body, at most {limit}")

    def _known_targets(self, source: str) -> Targets:
        targets = self._targets
        if targets is None or max(len(targets.book), len(self._slots)) > _FORGET_BEYOND:
            targets = self._targets = Targets(self._settings, source)
            self._slots, self._numbers, self._known = [], {}, Known()
            self._columns = _Columns.of(())
        return targets

    def _parsed(
        self, targets: Targets, raws: Sequence[bytes], parsed: Mapping[int, Any], read: Read
    ) -> Samples:
        """Adds the samples of series that had to be parsed; the next time they are known."""
        if not parsed:
            return Samples(read.series, read.times, read.values)
        numbers, times, values, places = [], [], [], []
        for at, series in parsed.items():
            labels = tuple((label.name, label.value) for label in series.labels)
            number = self._numbers.get(labels)
            if number is None:
                number = self._numbers[labels] = len(self._slots)
                self._slots.append(_place(targets, labels))
            alone = time_series()(labels=series.labels).SerializeToString()
            self._known.learn(raws[at], alone, number)
            for sample in series.samples:
                numbers.append(number)
                times.append(sample.timestamp)
                values.append(sample.value)
                places.append(at)
        order = np.argsort(np.concatenate([read.positions, places]), kind="stable")
        return Samples(
            np.concatenate([read.series, np.array(numbers, np.int64)])[order],
            np.concatenate([read.times, np.array(times, np.int64)])[order],
            np.concatenate([read.values, np.array(values, np.float64)])[order],
        )

    def _judge(
        self, targets: Targets, samples: Samples
    ) -> tuple[IntArray, IntArray, FloatArray, Counter[str]]:
        """Drops what is no measurement and adds what is computed from several."""
        if len(self._columns.rows) != len(self._slots):
            self._columns = _Columns.of(self._slots)
        known, numbers = self._columns, samples.series
        times, values = samples.times, samples.values
        keep = np.ones(len(numbers), np.bool_)
        dropped: Counter[str] = Counter()
        for number in np.unique(numbers[known.refused[numbers]]).tolist():
            dropped[str(self._slots[number])] += int((numbers == number).sum())
        keep &= ~known.refused[numbers]
        for reason, wrong in (
            ("non_finite", ~np.isfinite(values)),  # also the marker of a series that ended
            ("type", known.counter[numbers] & (values < 0)),
            ("range", (times <= 0) | (times >= _LAST_MS)),
        ):
            if (wrong & keep).any():
                dropped[reason] += int((wrong & keep).sum())
                keep &= ~wrong
        derived = self._derive(targets, samples, np.flatnonzero(keep & known.feeds[numbers]))
        keep &= known.rows[numbers] >= 0
        rows, times, values = known.rows[numbers[keep]], times[keep], values[keep]
        if derived:
            more = [np.array(column) for column in zip(*derived, strict=True)]
            rows, times = np.concatenate([rows, more[0]]), np.concatenate([times, more[1]])
            values = np.concatenate([values, more[2]])
        return rows, times * _MS, values, dropped

    def _derive(self, targets: Targets, samples: Samples, feeding: IntArray) -> list[Sample]:
        touched: dict[int, Target] = {}
        for at in feeding.tolist():
            slot = self._slots[int(samples.series[at])]
            if isinstance(slot, Slot):
                time, value = int(samples.times[at]), float(samples.values[at])
                slot.target.open.setdefault(time, {})[slot.number] = value
                touched[id(slot.target)] = slot.target
        return [each for target in touched.values() for each in targets.derive(target)]


@dataclass(frozen=True, slots=True)
class _Columns:
    """What becomes of each series, by its number."""

    rows: IntArray
    counter: NDArray[np.bool_]
    feeds: NDArray[np.bool_]
    refused: NDArray[np.bool_]

    @classmethod
    def of(cls, slots: Sequence[Slot | str]) -> "_Columns":
        told = [slot if isinstance(slot, Slot) else None for slot in slots]
        return cls(
            np.array([slot.row if slot else -1 for slot in told], np.int64),
            np.array([bool(slot and slot.counter) for slot in told], np.bool_),
            np.array([bool(slot and slot.feeds) for slot in told], np.bool_),
            np.array([slot is None for slot in told], np.bool_),
        )


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
