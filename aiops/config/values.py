"""One scalar of the file to one value: durations, numbers, words, secrets, addresses."""

import re
from datetime import timedelta
from enum import Enum
from typing import Any, Final

from yaml.nodes import ScalarNode

UNITS: Final = {
    "ms": timedelta(milliseconds=1),
    "s": timedelta(seconds=1),
    "m": timedelta(minutes=1),
    "h": timedelta(hours=1),
    "d": timedelta(days=1),
    "w": timedelta(weeks=1),
}
LONGEST: Final = timedelta(days=36_500)

_PART: Final = r"(\d{1,15}(?:\.\d{1,6})?)(ms|[smhdw])"
_DURATION: Final = re.compile(f"(?:{_PART})+")
_INTEGER: Final = re.compile(r"[-+]?(?:0|[1-9][0-9]*)")
_FLOAT: Final = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")
_BARE: Final = re.compile(r"[-+]?[0-9.]+")
# https://yaml.org/spec/1.2.2/#103-core-schema
_NULL: Final = re.compile(r"~|null|Null|NULL|")
_BOOL: Final = re.compile(r"true|True|TRUE|false|False|FALSE")
_OTHER: Final = re.compile(r"0o[0-7]+|0x[0-9a-fA-F]+|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)")


class Wrong(ValueError):
    """A value is not what its key takes; the text says what was expected."""


def is_null(node: ScalarNode) -> bool:
    """Whether the value is left out (``null``, ``~`` or nothing)."""
    return _is_plain(node) and _NULL.fullmatch(node.value) is not None


def read_text(node: ScalarNode) -> str:
    """Returns the text, asking for quotes where YAML 1.2 would read another type."""
    text: str = node.value
    if _is_plain(node):
        if is_null(node):
            raise Wrong('no value, expected text (`""` for none)')
        if any(p.fullmatch(text) for p in (_BOOL, _FLOAT, _OTHER)):
            raise Wrong(f"{quote(text)} is not text, expected it in quotes: quote this value")
    return text


def read_boolean(node: ScalarNode) -> bool:
    """Returns a boolean; ``yes`` and ``on`` are none in YAML 1.2."""
    if not _is_plain(node) or _BOOL.fullmatch(node.value) is None:
        raise Wrong(f"{quote(node.value)}, expected true or false")
    return bool(node.value.lower() == "true")


def read_integer(node: ScalarNode) -> int:
    """Returns a decimal integer without leading zeros."""
    if not _is_plain(node) or _INTEGER.fullmatch(node.value) is None or len(node.value) > 19:
        raise Wrong(f"{quote(node.value)}, expected a whole number such as 12")
    return int(node.value)


def read_float(node: ScalarNode) -> float:
    """Returns a finite number."""
    if _is_plain(node) and _FLOAT.fullmatch(node.value) is not None:
        value = float(node.value)
        if abs(value) != float("inf"):
            return value
    raise Wrong(f"{quote(node.value)}, expected a finite number such as 0.5")


def read_duration(node: ScalarNode) -> timedelta:
    """Returns a duration written with units."""
    text = node.value
    if is_null(node):
        raise Wrong("no value, expected a duration such as 30s")
    if _BARE.fullmatch(text):
        likely = f"{text}s" if _INTEGER.fullmatch(text) and text[0] in "123456789" else "30s"
        raise Wrong(f"{quote(text)} has no unit, expected a duration such as {likely}")
    if _DURATION.fullmatch(text) is None:
        raise Wrong(f"{quote(text)}, expected a duration such as 30s, 6h, 1h30m or 7d")
    parts = re.findall(_PART, text)
    seconds = sum(float(number) * UNITS[unit].total_seconds() for number, unit in parts)
    if seconds > LONGEST.total_seconds():
        raise Wrong(f"{quote(text)}, expected a duration of at most 36500d")
    return timedelta(seconds=round(seconds, 6))


def read_enum(node: ScalarNode, kind: type[Enum]) -> Enum:
    """Returns the member of that value."""
    for member in kind:
        if member.value == node.value:
            return member
    choices = ", ".join(str(member.value) for member in kind)
    raise Wrong(f"{quote(node.value)}, expected one of {choices}")


def read_any(node: ScalarNode) -> Any:
    """Returns what the YAML 1.2 core schema makes of the scalar, for keys that take anything."""
    if not _is_plain(node):
        return node.value
    if is_null(node):
        return None
    if _BOOL.fullmatch(node.value):
        return read_boolean(node)
    if _INTEGER.fullmatch(node.value):
        return read_integer(node)
    return read_float(node) if _FLOAT.fullmatch(node.value) else node.value


def write_duration(value: timedelta) -> str:
    """Returns the shortest text that reads back as the duration.

    >>> write_duration(timedelta(hours=26)), write_duration(timedelta(0))
    ('26h', '0s')
    """
    for name, unit in reversed(UNITS.items()):
        if name != "w" and value and value % unit == timedelta(0):
            return f"{value // unit}{name}"
    return f"{value.total_seconds():g}s"


def quote(text: str, longest: int = 60) -> str:
    """Returns a value as shown in a message: short, control characters escaped."""
    short = text if len(text) <= longest else text[: longest - 1] + "…"
    escaped = short.encode("unicode_escape").decode() if not short.isprintable() else short
    return f"`{escaped}`"


def _is_plain(node: ScalarNode) -> bool:
    return not node.style
