"""From a line to a measurement.

Source: the metric types of statsd/statsd and the tags and packed values of DogStatsD; tags in
the name (``requests,path=/a:1|c``) are InfluxDB's and Telegraf's way.
"""

import math
from dataclasses import dataclass
from typing import Final

_TYPES: Final = {"c": "c", "g": "g", "ms": "ms", "h": "h", "d": "h", "s": "s"}
_MAX_TEXT: Final = 1 << 10
_MAX_TAGS: Final = 64
# DogStatsD: events and service checks travel over the same socket.
_NO_METRIC: Final = ("_e{", "_sc|")


class BadLine(Exception):
    """The line is not used; the message is the reason."""


@dataclass(frozen=True, slots=True)
class Measurement:
    """What one line says.

    Attributes:
        type: ``c`` counter, ``g`` gauge, ``ms`` timer, ``h`` histogram, ``s`` set.
        values: Texts for a set, else numbers as text.
        rate: Share of events that were sent.
    """

    name: str
    type: str
    values: tuple[str, ...]
    tags: tuple[tuple[str, str], ...] = ()
    rate: float = 1.0

    @property
    def relative(self) -> bool:
        """Whether a gauge moves by its value: a sign before it says so."""
        return self.type == "g" and self.values[0][:1] in {"+", "-"}


def parse_line(raw: bytes) -> Measurement | None:
    """Takes one line apart; None where it is no metric.

    >>> parse_line(b"api.hits:3|c|@0.5|#host:web-1")
    Measurement(name='api.hits', type='c', values=('3',), tags=(('host', 'web-1'),), rate=0.5)

    Raises:
        BadLine: ``parse``, ``labels``, ``type`` or ``non_finite``.
    """
    try:
        text = raw.decode()
    except UnicodeDecodeError as error:
        raise BadLine("parse") from error
    if text.startswith(_NO_METRIC):
        return None
    if "\x00" in text:
        raise BadLine("labels")
    head, *parts = text.split("|")
    told, colon, values = head.partition(":")
    if not colon or not parts:
        raise BadLine("parse")
    name, *inner = told.split(",")
    kind = _TYPES.get(parts[0])
    if kind is None:
        raise BadLine("type")
    rate, tags = _options(inner, parts[1:])
    if not name or len(name) > _MAX_TEXT:
        raise BadLine("labels")
    packed = (values,) if kind == "s" else tuple(values.split(":"))
    if kind != "s":
        for value in packed:
            _check(value)
    return Measurement(name, kind, packed, tags, rate)


def _options(inner: list[str], parts: list[str]) -> tuple[float, tuple[tuple[str, str], ...]]:
    """Returns the rate, and the tags of the name and of the line in order."""
    rate, tags = 1.0, [_tag(one, "=") for one in inner]
    for part in parts:
        if part.startswith("@"):
            rate = _rate(part[1:])
        elif part.startswith("#"):
            tags += [_tag(one, ":") for one in part[1:].split(",") if one]
    if len(tags) > _MAX_TAGS or len(dict(tags)) != len(tags):
        raise BadLine("labels")
    return rate, tuple(sorted(tags))


def _tag(text: str, between: str) -> tuple[str, str]:
    key, mark, value = text.partition(between)
    if not key or len(key) > _MAX_TEXT or len(value) > _MAX_TEXT:
        raise BadLine("labels")
    return key, value if mark else "true"


def _rate(text: str) -> float:
    try:
        rate = float(text)
    except ValueError as error:
        raise BadLine("parse") from error
    if not 0 < rate <= 1:
        raise BadLine("parse")
    return rate


def _check(text: str) -> None:
    # float() also reads 1_000, other scripts' digits and surrounding space.
    if not text.isascii() or "_" in text or text != text.strip():
        raise BadLine("parse")
    try:
        number = float(text)
    except ValueError as error:
        raise BadLine("parse") from error
    if not math.isfinite(number):
        raise BadLine("non_finite")
