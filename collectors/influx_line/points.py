"""From lines to samples: what is a measurement here and what is refused, line by line."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any, Final

import numpy as np
from line_protocol_parser import LineFormatError, parse_line

from aiops.contracts.book import SeriesBook
from aiops.domain.asset import Asset
from aiops.domain.metric import Metric, MetricKind
from aiops.domain.series import FloatArray, IntArray, SeriesKey
from collectors.influx_line.columns import WORTH_IT, Places, Plain, read_plain
from collectors.influx_line.settings import InfluxLineSettings
from collectors.influx_line.telegraf import find_rule, limit_of, place

PRECISIONS: Final = {
    "n": 1, "ns": 1, "u": 1_000, "us": 1_000, "µ": 1_000, "ms": 1_000_000,
    "s": 10**9, "m": 60 * 10**9, "h": 3600 * 10**9,
}  # fmt: skip
_MAX_LINE: Final = 64 << 10
_MAX_TEXT: Final = 1 << 10
_MAX_TAGS: Final = 64
_TOLD: Final = 20
_UNDER_NS: Final = 10**17
"""A time below this, taken as ns, lies before March 1973: another unit was meant."""
_TWO_63: Final = 2**63


_Tags = tuple[tuple[str, str], ...]
_Field = tuple[str, _Tags, str]
_Place = tuple[int, float, float]
"""Row, scale, offset."""


@dataclass(slots=True)
class Points:
    """Samples of one body and what became of each line.

    Attributes:
        numbers: Index of each sample's line.
        plain: What was read together, beside these.
        told: The first problems, one sentence each with the line's number.
        bad_lines: Numbers of lines of which something was refused.
    """

    rows: list[int] = field(default_factory=list)
    times: list[int] = field(default_factory=list)
    values: list[float] = field(default_factory=list)
    numbers: list[int] = field(default_factory=list)
    plain: Plain | None = None
    dropped: Counter[str] = field(default_factory=Counter)
    told: list[str] = field(default_factory=list)
    lines: int = 0
    bad_lines: int = 0

    def __len__(self) -> int:
        return len(self.rows) + (len(self.plain.rows) if self.plain is not None else 0)

    def columns(self, unit_ns: int) -> tuple[IntArray, IntArray, FloatArray]:
        """Returns rows, times and values in the order of lines: of two, the later one counts."""
        rows = np.array(self.rows, np.int64)
        times, values = np.array(self.times, np.int64), np.array(self.values, np.float64)
        plain = self.plain
        if plain is None:
            return rows, times, values
        if not len(rows):
            return plain.rows, plain.times * unit_ns, plain.values
        lines = np.concatenate([plain.lines, np.array(self.numbers, np.int64)])
        order = np.argsort(lines, kind="stable")
        return (
            np.concatenate([plain.rows, rows])[order],
            np.concatenate([plain.times * unit_ns, times])[order],
            np.concatenate([plain.values, values])[order],
        )

    def refuse(self, number: int, reason: str, words: str) -> None:
        """Counts one refused line or field."""
        self.dropped[reason] += 1
        if len(self.told) < _TOLD:
            self.told.append(f"line {number}: {reason}: {words}")


class PointReader:
    """Reads bodies of one source; remembers which series it has seen."""

    def __init__(self, settings: InfluxLineSettings, source: str) -> None:
        self._settings = settings
        self._source = source
        self.book = SeriesBook()
        self._place_by_field: dict[_Field, _Place] = {}
        self._places = Places()

    def read(self, body: bytes, unit_ns: int, now_ns: int) -> Points:
        """Takes a body apart; a bad line costs no other."""
        self.book.trim()
        if not len(self.book):
            self._place_by_field.clear()
            self._places = Places()
        found = Points()
        lines = body.split(b"\n")
        plain = None
        if len(body) >= WORTH_IT:
            first = _UNDER_NS if unit_ns == 1 else 1
            plain = found.plain = read_plain(
                body, lines, self._places, first, (_TWO_63 - 1) // unit_ns
            )
            found.lines = len(lines) - len(plain.rest)
        for index in range(len(lines)) if plain is None else plain.rest:
            number, raw = index + 1, lines[index]
            line = raw.strip(b" \t\r")
            if not line or line.startswith(b"#"):
                if len(raw) > _MAX_LINE:
                    found.refuse(number, "limit", "longer than 64 KiB")
                    found.bad_lines += 1
                continue
            found.lines += 1
            before = sum(found.dropped.values())
            read = self._line(found, number, line, unit_ns, now_ns)
            found.bad_lines += sum(found.dropped.values()) > before
            found.numbers += [index] * (len(found.rows) - len(found.numbers))
            if read is not None and plain is not None and index in plain.unknown:
                self._learn_plain(line, *read)
        return found

    def _learn_plain(self, line: bytes, measurement: str, tags: _Tags) -> None:
        """The next line of this head is looked up, not parsed."""
        head, fields, _ = line.split(b" ")
        for part in fields.split(b","):
            name = part.partition(b"=")[0]
            known = self._place_by_field.get((measurement, tags, name.decode()))
            if known is not None:
                self._places.learn(head, name, *known)

    def _line(
        self, found: Points, number: int, line: bytes, unit_ns: int, now_ns: int
    ) -> tuple[str, _Tags] | None:
        """Reads one line; returns measurement and tags, None when it is refused as a whole."""
        if len(line) > _MAX_LINE:
            found.refuse(number, "limit", "longer than 64 KiB")
            return None
        try:
            point = parse_line(line.decode())
        except UnicodeDecodeError:
            found.refuse(number, "parse", "not UTF-8")
            return None
        except (LineFormatError, ValueError, OverflowError) as error:
            found.refuse(number, *_reason(line, error))
            return None
        tags: dict[str, str] = point["tags"]
        if len(tags) > _MAX_TAGS or any(len(k) + len(v) > _MAX_TEXT for k, v in tags.items()):
            found.refuse(number, "labels", "more than 64 tags, or one over 1 KiB")
            return None
        time = now_ns if point["time"] is None else point["time"] * unit_ns
        if unit_ns == 1 and 0 < time < _UNDER_NS:
            found.refuse(number, "too_old", f"{_looks_like(time)}; state ?precision=")
            return None
        if not 0 < time < _TWO_63:
            found.refuse(number, "range", "a time before 1970 or after 2262")
            return None
        measurement = point["measurement"]
        pairs = tuple(sorted(tags.items()))
        for name, value in reversed(point["fields"].items()):  # the parser turns them round
            self._field(found, number, measurement, pairs, name, value, time)
        return measurement, pairs

    def _field(
        self,
        found: Points,
        number: int,
        measurement: str,
        tags: tuple[tuple[str, str], ...],
        name: str,
        value: Any,
        time: int,
    ) -> None:
        if isinstance(value, str) or (isinstance(value, bool) and not self._settings.booleans):
            kind = "text" if isinstance(value, str) else "a boolean (see the setting booleans)"
            found.refuse(number, "type", f"field {name[:80]!r} is {kind}, not a number")
            return
        known = self._place_by_field.get((measurement, tags, name))
        if known is None:
            known = self._place_by_field[measurement, tags, name] = self._learn(
                measurement, tags, name
            )
        row, scale, offset = known
        found.rows.append(row)
        found.times.append(time)
        found.values.append(offset + scale * value)

    def _learn(self, measurement: str, tags: tuple[tuple[str, str], ...], name: str) -> _Place:
        told = dict(tags)
        host = told.pop(self._settings.asset_tag, self._source)
        rule = find_rule(measurement, name, told) if self._settings.telegraf else None
        if rule is not None:
            assets = place(rule, host, told)
            labels = {k: v for k, v in told.items() if k not in rule.consumed}
            own = SeriesKey.of(assets[0].key, rule.metric.name, labels)
            row = self.book.row(own, rule.metric, *reversed(assets))
            limit = limit_of(rule, assets[0].key)
            if limit is not None:
                self.book.limit(limit)
            return row, rule.scale, rule.offset
        metric = measurement if name == "value" else f"{measurement}_{name}"
        counter = any(fnmatchcase(metric, pattern) for pattern in self._settings.counters)
        kind = MetricKind.COUNTER if counter else MetricKind.GAUGE
        key = SeriesKey.of(host, metric, told)
        row = self.book.row(key, Metric(metric, kind=kind, provisional=True), Asset(host))
        return row, 1.0, 0.0


def rejected_lines(found: Points) -> Iterator[str]:
    """Yields what was wrong, the first twenty in words."""
    yield from found.told
    more = sum(found.dropped.values()) - len(found.told)
    if more > 0:
        yield f"and {more} more"


def _reason(line: bytes, error: Exception) -> tuple[str, str]:
    words = str(error)[:200] or type(error).__name__
    last = line.rpartition(b" ")[2] if b" " in line else b""
    fields = line.lower()
    if "type of field value" in words:
        if any(word in fields for word in (b"=nan", b"=inf", b"=-inf", b"=+inf", b"e999")):
            return "non_finite", "a value that is no finite number"
        if b"i" in fields.rpartition(b"=")[2]:
            return "range", "an integer beyond 64 bit"
        return "parse", "a field's value is no number, text or boolean"
    if "timestamp" in words:
        alone = not line.split(b" ")[-2].isdigit()
        whole = last.lstrip(b"-").isdigit()
        return ("range" if alone and whole else "parse"), "the time cannot be read"
    return "parse", words


def _looks_like(time: int) -> str:
    for word, unit in (("seconds", 10**9), ("milliseconds", 10**6), ("microseconds", 1000)):
        if 10**18 < time * unit < 4 * 10**18:
            return f"the time looks like {word}"
    return "the time lies before 1974"
