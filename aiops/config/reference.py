"""The example configuration and the reference page, written from the settings themselves.

``python -m aiops.config.reference`` prints ``docs/reference/config.md``;
``python -m aiops.config.reference yaml`` prints ``config.yaml``. A test holds both to it.
"""

import sys
import typing
from collections.abc import Iterator, Mapping
from dataclasses import MISSING, Field, dataclass, fields, is_dataclass
from datetime import timedelta
from enum import Enum
from typing import Any, Final

from aiops.automate.settings import AllowSettings
from aiops.collect.settings import SourceSettings
from aiops.config.rules import RANGES, Range
from aiops.config.settings import (
    HELP,
    AssetSettings,
    MaintenanceSettings,
    Settings,
    ShiftSettings,
)
from aiops.config.values import write_duration
from aiops.config.walk import describe
from aiops.contracts.secret import Secret
from aiops.detect.settings import OverrideSettings
from aiops.domain.asset import Service
from aiops.domain.metric import Limit
from aiops.incident.settings import CategoryRule
from aiops.ticket.settings import ClosingCode, DestinationSettings

EXAMPLES: Final[Mapping[type, Mapping[str, str]]] = {
    SourceSettings: {"name": "this-host", "type": "host"},
    DestinationSettings: {"name": "service-desk", "type": "webhook"},
    ClosingCode: {"code": "rejected", "outcome": "false"},
    AssetSettings: {"match": '"db-*"', "criticality": "0.9", "owner": "databases"},
    OverrideSettings: {"team": "databases", "budget": "0.02"},
    Service: {"key": "shop", "price_per_hour": "5000"},
    MaintenanceSettings: {"match": '"db-*"', "start": '"22:00"', "duration": "4h"},
    CategoryRule: {"category": "storage", "metric": '"san.*"'},
    ShiftSettings: {
        "team": "databases",
        "start": '"08:00"',
        "duration": "9h",
        "people": "[ada, bo]",
        "time_zone": "Asia/Shanghai",
        "days": "[mon, tue, wed, thu, fri]",
    },
    AllowSettings: {"runbook": "rotate-logs", "asset": '"web-*"'},
    Limit: {"metric": "system.filesystem.utilization", "direction": "up", "fail": "0.95"},
}
"""What stands in the example where a key has no default, or where one shows more."""

HEAD: Final = """\
# Configuration of aiops: complete, runs on a laptop as it stands.
#
# Every key stands here with its default; a key left out has the same. Durations need a unit
# (30s, 6h, 1h30m, 7d). Secrets are written env:NAME or file:PATH. `aiops check` tells every
# mistake with its line; `aiops plugins` lists the types, `aiops plugins FAMILY NAME` their
# settings. A line `#key:` without a space after the # is an example to be switched on.
"""


@dataclass(frozen=True, slots=True)
class Key:
    """One documented key.

    Attributes:
        default: As written in YAML; empty when the key is required.
        items: The settings type of the items of a list, or of a nested mapping.
    """

    name: str
    kind: str
    default: str
    help: str
    items: type | None = None


def list_keys(kind: type) -> list[Key]:
    """Returns the keys of a settings dataclass in their order."""
    hints = typing.get_type_hints(kind)
    return [_key(kind, each, hints[each.name]) for each in fields(kind)]


def write_example() -> str:
    """Returns config.yaml: every key, its help and its default."""
    lines = [HEAD]
    for section in list_keys(Settings):
        lines.append(f"# {section.help}")
        if section.items is None or section.kind.startswith("list"):
            lines.extend(_entry(section, ""))
        else:
            lines.append(f"{section.name}:")
            for key in list_keys(section.items):
                lines.append(f"  # {_remark(key)}")
                lines.extend(_entry(key, "  "))
        lines.append("")
    return "\n".join(lines).rstrip() + "\n"


def write_reference() -> str:
    """Returns the reference page."""
    lines = [
        "# config.yaml",
        "",
        "Written by `python -m aiops.config.reference`; do not edit by hand.",
        "",
        "Durations are text with units (`30s`, `6h`, `1h30m`, `7d`). Secrets are written",
        "`env:NAME` or `file:PATH` (mode 0600). Unknown and duplicate keys are errors;",
        "`aiops check` tells all of them, each with file, line and column. The keys below a",
        "plug-in's `settings` are shown by `aiops plugins FAMILY NAME`.",
        "",
    ]
    for section in list_keys(Settings):
        if section.items is not None:
            suffix = "[]" if section.kind.startswith("list") else ""
            lines.extend(_table(f"{section.name}{suffix}", section.help, section.items))
    return "\n".join(lines).rstrip() + "\n"


def _table(title: str, text: str, kind: type) -> Iterator[str]:
    keys = list_keys(kind)
    yield from (f"## {title}", "", text, "")
    yield from ("| key | takes | default | meaning |", "|---|---|---|---|")
    for key in keys:
        default = f"`{key.default}`" if key.default else "required"
        yield f"| `{key.name}` | {key.kind} | {default} | {key.help} |"
    yield ""
    for key in keys:
        if key.items is not None:
            yield from _table(f"{title}.{key.name}[]", key.help, key.items)


def _entry(key: Key, indent: str) -> Iterator[str]:
    """Yields a key with its default; a list of settings shows one item."""
    if key.items is None:
        yield f"{indent}{key.name}: {key.default}"
        return
    shown = key.items is SourceSettings  # the one list a laptop needs something in
    yield f"{indent}{key.name}:" if shown else f"{indent}{key.name}: []"
    if not shown:
        yield f"{indent}#{key.name}:"
    mark = "" if shown else "#"
    bullet = "- "
    for each in list_keys(key.items):
        value = EXAMPLES[key.items].get(each.name, each.default)
        margin = "" if bullet == "- " else "  "
        yield f"{indent}{mark}  {margin}# {_remark(each)}"
        yield f"{indent}{mark}  {bullet}{each.name}: {value}"
        bullet = "  "


def _remark(key: Key) -> str:
    if key.default == "null":
        return f"{key.help} Default null (not set)."
    return f"{key.help} Default {key.default}." if key.default else f"{key.help} Required."


def _key(kind: type, each: Field[Any], hint: Any) -> Key:
    bounds = RANGES.get((kind, each.name)) or Range(
        *(each.metadata.get(name) for name in ("above", "minimum", "maximum"))
    )
    text = each.metadata.get("help") or HELP.get((kind, each.name), "")
    inner = next((a for a in (hint, *typing.get_args(hint)) if is_dataclass(a)), None)
    items = inner if isinstance(inner, type) else None
    takes = f"{describe(hint)}{bounds.describe()}"
    return Key(each.name, takes, _write_default(each), text, items)


def _write_default(each: Field[Any]) -> str:
    if each.default is not MISSING:
        return _write(each.default)
    if each.default_factory is MISSING:
        return ""
    return _write(each.default_factory())


def _write(value: Any) -> str:
    if is_dataclass(value):
        return "{}"
    if isinstance(value, timedelta):
        return write_duration(value)
    if isinstance(value, Enum):
        return str(value.value)
    if value is None:
        return "null"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str | Secret):
        return _write_text(value if isinstance(value, str) else "")
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{_write(k)}: {_write(v)}" for k, v in value.items()) + "}"
    if isinstance(value, tuple | list | frozenset):
        return "[" + ", ".join(_write(item) for item in value) + "]"
    return f"{value:.15g}" if isinstance(value, float) else str(value)


def _write_text(text: str) -> str:
    plain = text[:1].isalpha() and all(letter.isalnum() or letter in "-_" for letter in text)
    return text if plain else '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


if __name__ == "__main__":
    sys.stdout.write(write_example() if sys.argv[1:] == ["yaml"] else write_reference())
