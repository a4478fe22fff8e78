"""Text exposition and OpenMetrics, line by line: one bad line costs no other.

The official parser raises at the first bad line and loses the rest of the scrape, so the
lines are taken apart here, with the same rules.

Source: Prometheus exposition formats, text 0.0.4; OpenMetrics 1.0.0.
"""

import math
import re
from collections import Counter
from dataclasses import dataclass, field
from typing import Final

from aiops.contracts.errors import Unreachable

Labels = tuple[tuple[str, str], ...]

MAX_LABELS: Final = 64
MAX_TEXT_BYTES: Final = 1024
_INT64: Final = 1 << 63

_NAME = re.compile(r"[a-zA-Z_:][a-zA-Z0-9_:]*")
_PAIR = re.compile(
    r'[ \t]*(?:([a-zA-Z_][a-zA-Z0-9_]*)|"([^"\\\n]*(?:\\.[^"\\\n]*)*)")'
    r'(?:[ \t]*=[ \t]*"([^"\\\n]*(?:\\.[^"\\\n]*)*)")?[ \t]*(?:,|(?=\}))'
)
_END = re.compile(r"[ \t]*\}")
_VALUE = re.compile(
    r"[+-]?(?:(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?|inf(?:inity)?)|nan", re.ASCII | re.IGNORECASE
)
_MILLISECONDS = re.compile(r"[+-]?\d{1,19}", re.ASCII)
_BLANKS = re.compile(r"[ \t]+")
_ESCAPE = re.compile(r'\\([\\"n])')
_TYPES = frozenset(
    {"counter", "gauge", "histogram", "summary", "untyped", "unknown"}
    | {"info", "stateset", "gaugehistogram"}
)


class _BadLineError(Exception):
    """A line that cannot be used; its argument is the reason word."""


@dataclass(frozen=True, slots=True)
class Identity:
    """A series as the endpoint names it."""

    name: str
    labels: Labels


@dataclass(slots=True)
class Exposition:
    """What one scrape said.

    Attributes:
        ids: Series of each sample: an index into the reader's ``identities``.
        times: Milliseconds, or None where the endpoint gave no time.
        types: Family name to its declared type.
    """

    ids: list[int] = field(default_factory=list)
    values: list[float] = field(default_factory=list)
    times: list[int | None] = field(default_factory=list)
    types: dict[str, str] = field(default_factory=dict)
    dropped: Counter[str] = field(default_factory=Counter)


class ExpositionReader:
    """Reads scrapes of one endpoint; a series text seen before is not parsed again."""

    def __init__(self, max_samples: int = 50_000) -> None:
        self._max_samples = max_samples
        self._known: dict[str, int] = {}
        self._index: dict[Identity, int] = {}
        self.identities: list[Identity] = []

    def forget(self) -> None:
        """Drops every series remembered; ids start anew."""
        self._known.clear()
        self._index.clear()
        self.identities.clear()

    def __len__(self) -> int:
        return max(len(self._known), len(self.identities))

    def read(self, body: bytes, *, openmetrics: bool = False) -> Exposition:
        """Takes a body apart.

        Raises:
            Unreachable: It is not an exposition (``not_exposition``), it breaks a limit
                (``limit``), or its end is missing (``truncated``).
        """
        text = body.decode("utf-8", "surrogateescape")
        lines = text.split("\n")
        if openmetrics:
            _check_end(lines)
        found = Exposition()
        broken_types: set[str] = set()
        seen: set[tuple[int, int | None]] = set()
        count = 0
        for raw in lines:
            line = raw.rstrip("\r")
            if not line.strip(" \t"):
                continue
            if line[0] == "#":
                _read_comment(line, found, broken_types)
                continue
            count += 1
            self._check_count(count)
            try:
                series, rest = self._split(line)
                value, time = _read_rest(rest, openmetrics=openmetrics)
            except _BadLineError as bad:
                found.dropped[str(bad)] += 1
                continue
            if (series, time) in seen:
                found.dropped["duplicate"] += 1
                continue
            seen.add((series, time))
            found.ids.append(series)
            found.values.append(value)
            found.times.append(time)
        if not found.ids and found.dropped["parse"]:
            raise Unreachable("the body is not a metrics exposition", "not_exposition")
        _drop_broken_types(self.identities, found, broken_types)
        return found

    def _check_count(self, count: int) -> None:
        if count > self._max_samples:
            raise Unreachable(
                f"the scrape has more than {self._max_samples} samples (max_samples)", "limit"
            )

    def _split(self, line: str) -> tuple[int, str]:
        """Returns the series id and what follows the series on the line."""
        cut = line.rfind("}") + 1 or _first_blank(line)
        known = self._known.get(line[:cut])
        if known is not None:
            return known, line[cut:]
        name, pairs, end = _parse_series(line)
        identity = Identity(name, _clean_labels(name, pairs))
        number = self._index.get(identity)
        if number is None:
            number = self._index[identity] = len(self.identities)
            self.identities.append(identity)
        self._known[line[:end]] = number
        return number, line[end:]


def _first_blank(line: str) -> int:
    match = _BLANKS.search(line)
    return match.start() if match else len(line)


def _parse_series(line: str) -> tuple[str, list[tuple[str, str]], int]:
    start = len(line) - len(line.lstrip(" \t"))
    match = _NAME.match(line, start)
    name = match.group() if match else ""
    position = match.end() if match else start
    pairs: list[tuple[str, str]] = []
    brace = len(line) - len(line[position:].lstrip(" \t"))
    if line[brace : brace + 1] == "{":
        position = brace + 1
        while not (end := _END.match(line, position)):
            pair = _PAIR.match(line, position)
            if pair is None:
                raise _BadLineError("parse")
            plain, quoted, value = pair.groups()
            if value is None:
                # {"a metric name in UTF-8", label="value"}
                if quoted is None or name or pairs:
                    raise _BadLineError("parse")
                name = _unescape(quoted)
            else:
                pairs.append((plain or _unescape(quoted), _unescape(value)))
            position = pair.end()
        position = end.end()
    elif line[position : position + 1] not in {" ", "\t"}:
        raise _BadLineError("parse")
    if not name:
        raise _BadLineError("parse")
    return name, pairs, position


def _clean_labels(name: str, pairs: list[tuple[str, str]]) -> Labels:
    if len(name) > MAX_TEXT_BYTES:
        raise Unreachable(f"a metric name has more than {MAX_TEXT_BYTES} characters", "limit")
    if len(pairs) > MAX_LABELS:
        raise Unreachable(f"a series of {name} has more than {MAX_LABELS} labels", "limit")
    labels = dict(pairs)
    if len(labels) < len(pairs) or "__name__" in labels:
        raise _BadLineError("labels")
    for text in (name, *labels, *labels.values()):
        try:
            size = len(text.encode())
        except UnicodeEncodeError:
            raise _BadLineError("labels") from None
        if size > MAX_TEXT_BYTES or "\x00" in text:
            raise _BadLineError("labels")
    # Source: Prometheus data model: an empty label value is the same as no label.
    return tuple(sorted((key, value) for key, value in labels.items() if value))


def _unescape(text: str) -> str:
    if "\\" not in text:
        return text
    return _ESCAPE.sub(lambda match: "\n" if match[1] == "n" else match[1], text)


def _read_rest(rest: str, *, openmetrics: bool) -> tuple[float, int | None]:
    if openmetrics:
        rest = rest.partition("#")[0]  # the exemplar
    parts = _BLANKS.split(rest.strip(" \t"))
    if len(parts) > 2 or not _VALUE.fullmatch(parts[0]):
        raise _BadLineError("parse")
    value = float(parts[0])
    if not math.isfinite(value):
        raise _BadLineError("non_finite")
    if len(parts) == 1:
        return value, None
    return value, _read_time(parts[1], openmetrics=openmetrics)


def _read_time(text: str, *, openmetrics: bool) -> int:
    if openmetrics:
        seconds = float(text) if _VALUE.fullmatch(text) else math.nan
        if not math.isfinite(seconds) or abs(seconds) * 1000 >= _INT64:
            raise _BadLineError("parse")
        return round(seconds * 1000)
    if not _MILLISECONDS.fullmatch(text) or abs(int(text)) >= _INT64:
        raise _BadLineError("parse")
    return int(text)


def _check_end(lines: list[str]) -> None:
    last = next((line for line in reversed(lines) if line.strip()), "")
    if last.rstrip("\r") != "# EOF":
        raise Unreachable(
            "the OpenMetrics body does not end with # EOF; it was cut on its way", "truncated"
        )


def _read_comment(line: str, found: Exposition, broken: set[str]) -> None:
    if not line.startswith("# TYPE"):
        return
    parts = _BLANKS.split(line)
    if len(parts) != 4 or parts[3] not in _TYPES:
        found.dropped["parse"] += 1
        return
    name = _unescape(parts[2].strip('"'))
    if found.types.setdefault(name, parts[3]) != parts[3]:
        broken.add(name)


def _drop_broken_types(identities: list[Identity], found: Exposition, broken: set[str]) -> None:
    """Drops samples of families that were declared twice, differently."""
    if not broken:
        return
    keep = [i for i, series in enumerate(found.ids) if identities[series].name not in broken]
    found.dropped["type"] += len(found.ids) - len(keep)
    found.ids = [found.ids[i] for i in keep]
    found.values = [found.values[i] for i in keep]
    found.times = [found.times[i] for i in keep]
