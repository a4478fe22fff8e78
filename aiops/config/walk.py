"""Node tree to frozen dataclasses, with line and column for whatever is wrong.

A walk of our own: pydantic knows no places, and putting them back took more code than this.
"""

import types
import typing
from collections.abc import Mapping
from dataclasses import MISSING, Field, dataclass, field, fields, is_dataclass
from datetime import timedelta
from difflib import get_close_matches
from enum import Enum
from pathlib import Path
from typing import Any, Final

from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from aiops import plugins
from aiops.collect.settings import SourceSettings
from aiops.config.addresses import check_database_url, check_url
from aiops.config.problems import Place, Problems
from aiops.config.rules import RANGES, TEXTS, Range
from aiops.config.secrets import read_secret
from aiops.config.settings import Settings
from aiops.config.tree import place
from aiops.config.values import (
    Wrong,
    is_null,
    quote,
    read_any,
    read_boolean,
    read_duration,
    read_enum,
    read_float,
    read_integer,
    read_text,
)
from aiops.contracts.errors import PluginError
from aiops.contracts.secret import Secret
from aiops.detect.settings import DetectSettings
from aiops.forecast.settings import ForecastSettings
from aiops.scale.settings import ExecutorSettings
from aiops.store.settings import StoreSettings
from aiops.ticket.settings import DestinationSettings

PLUGIN_KEYS: Final[Mapping[type, tuple[str, str]]] = {
    SourceSettings: ("collectors", "type"),
    DestinationSettings: ("ticket_systems", "type"),
    DetectSettings: ("detectors", "detector"),
    ForecastSettings: ("forecasts", "forecaster"),
    StoreSettings: ("stores", "series"),
    ExecutorSettings: ("executors", "type"),
}
"""Settings that hold a plug-in's own: its family and the key that names it."""


class _Invalid:
    """Stands for a value that could not be read; its problem is already told."""


INVALID: Final = _Invalid()


@dataclass(slots=True)
class Walk:
    """One pass over one file.

    Attributes:
        directory: What relative secret files are relative to.
        places: Where each key stands.
        dropped: Lists an unusable item was left out of, so that their numbers are off.
        allowed: The range of each key, for messages.
    """

    problems: Problems
    directory: Path
    places: dict[str, Place] = field(default_factory=dict)
    dropped: list[str] = field(default_factory=list)
    allowed: dict[str, str] = field(default_factory=dict)

    def build(self, kind: type, node: Node, key: str) -> Any:
        """Returns an instance of a settings dataclass, INVALID when a required key is wrong."""
        if isinstance(node, ScalarNode) and is_null(node):
            node = MappingNode(node.tag, [], node.start_mark, node.end_mark)
        if not isinstance(node, MappingNode):
            self.problems.add(place(node), key, "not a mapping, expected `key: value` lines")
            return INVALID
        known = {each.name: each for each in fields(kind)}
        hints = typing.get_type_hints(kind)
        given = self._given(node, key, list(known))
        values: dict[str, Any] = {}
        for each in known.values():
            path = f"{key}.{each.name}" if key else each.name
            if kind not in PLUGIN_KEYS or each.name != "settings":
                hint = hints[each.name]
                values[each.name] = self._field(kind, each, hint, given, path, place(node))
        if kind in PLUGIN_KEYS:
            values["settings"] = self._plugin(kind, values, given.get("settings"), node, key)
            if values["settings"] is INVALID and values[PLUGIN_KEYS[kind][1]] is not INVALID:
                values["settings"] = {}  # told already; keeps the places of its neighbours
        if any(value is INVALID for value in values.values()):
            return INVALID
        try:
            return kind(**values)
        except ValueError as error:
            self.problems.add(place(node), key, str(error))
            return INVALID

    def _given(self, node: MappingNode, key: str, known: list[str]) -> dict[str, Node]:
        """Returns the known keys of a mapping and tells the unknown ones."""
        given: dict[str, Node] = {}
        for name, value in node.value:
            path = f"{key}.{name.value}" if key else str(name.value)
            self.places[path] = place(name)
            if name.value in known:
                given[name.value] = value
            elif isinstance(name, ScalarNode):
                self.problems.add(place(name), path, _unknown("key", name.value, known))
        return given

    def plugin(self, family: str, name: str, node: Node, key: str, named: Place) -> Any:
        """Returns a plug-in's own settings."""
        try:
            kind = plugins.load(family, name).settings
        except PluginError as error:
            self.problems.add(named, key, f"{error}")
            return INVALID
        return self.build(kind, node, key)

    def _plugin(
        self, kind: type, values: Mapping[str, Any], node: Node | None, owner: Node, key: str
    ) -> Any:
        family, naming = PLUGIN_KEYS[kind]
        name = values[naming]
        if name is INVALID:
            return INVALID
        path = f"{key}.settings"
        mapping = node or MappingNode("", [], owner.start_mark, owner.end_mark)
        if name not in (names := _names(family)):
            text = _unknown(f"plug-in {quote(name)}", name, names)
            at = self.places.get(f"{key}.{naming}", place(owner))
            self.problems.add(at, f"{key}.{naming}", text)
            return INVALID
        return self.plugin(family, name, mapping, path, place(mapping))

    def _field(
        self,
        kind: type,
        each: Field[Any],
        hint: Any,
        given: Mapping[str, Node],
        path: str,
        owner: Place,
    ) -> Any:
        fallback = _default(each)
        if each.name not in given and kind is Settings and is_dataclass(fallback):
            return self.build(hint, MappingNode("", []), path)  # its plug-in has defaults too
        if each.name not in given:
            if fallback is INVALID:
                self.problems.add(owner, path, f"missing key, expected {describe(hint)}")
            return fallback
        node = given[each.name]
        self.allowed[path] = _bounds(kind, each).describe()
        value = self._value(hint, node, path, required=fallback is INVALID)
        if value is INVALID:
            return fallback
        try:
            _check(kind, each, value)
        except Wrong as error:
            self.problems.add(place(node), path, str(error))
            return fallback
        return value

    def _value(self, hint: Any, node: Node, path: str, *, required: bool = True) -> Any:
        origin, arguments = typing.get_origin(hint), typing.get_args(hint)
        if origin in (types.UnionType, typing.Union):
            inner = [a for a in arguments if a is not types.NoneType]
            if isinstance(node, ScalarNode) and is_null(node) and len(inner) < len(arguments):
                return None
            return self._value(inner[0], node, path, required=required)
        if is_dataclass(hint) and isinstance(hint, type):
            return self.build(hint, node, path)
        if origin in (tuple, list, frozenset):
            return self._sequence(arguments[0], node, path, origin)
        if isinstance(origin, type) and issubclass(origin, Mapping):
            return self._mapping(arguments[1], node, path)
        if hint is Any and not isinstance(node, ScalarNode):
            nested = MappingNode if isinstance(node, MappingNode) else SequenceNode
            if nested is MappingNode:
                return self._mapping(Any, node, path)
            return self._sequence(Any, node, path, tuple)
        return self._scalar(hint, node, path, required)

    def _sequence(self, hint: Any, node: Node, path: str, origin: Any) -> Any:
        if isinstance(node, ScalarNode) and is_null(node):
            return origin(())
        if not isinstance(node, SequenceNode):
            self.problems.add(place(node), path, "not a list, expected `- item` lines")
            return INVALID
        items = []
        for index, item in enumerate(node.value):
            self.places[f"{path}[{index}]"] = place(item)
            items.append(self._value(hint, item, f"{path}[{index}]"))
        if any(item is INVALID for item in items):
            self.dropped.append(path)
        return origin(item for item in items if item is not INVALID)

    def _mapping(self, hint: Any, node: Node, path: str) -> Any:
        if isinstance(node, ScalarNode) and is_null(node):
            return {}
        if not isinstance(node, MappingNode):
            self.problems.add(place(node), path, "not a mapping, expected `key: value` lines")
            return INVALID
        read = {
            name.value: self._value(hint, value, f"{path}.{name.value}")
            for name, value in node.value
            if isinstance(name, ScalarNode)
        }
        return {name: value for name, value in read.items() if value is not INVALID}

    def _scalar(self, hint: Any, node: Node, path: str, required: bool) -> Any:
        if not isinstance(node, ScalarNode):
            self.problems.add(place(node), path, f"not one value, expected {describe(hint)}")
            return INVALID
        try:
            if hint is Secret:
                if node.value or required:
                    return read_secret(str(node.value), self.directory)
                return Secret("")
            return _read(hint, node)
        except Wrong as error:
            self.problems.add(place(node), path, f"{error}{self.allowed.get(path, '')}")
            return INVALID


def describe(hint: Any) -> str:
    """Returns what a key takes, in words."""
    arguments = [a for a in typing.get_args(hint) if a is not types.NoneType]
    origin = typing.get_origin(hint)
    if origin in (types.UnionType, typing.Union):
        return describe(arguments[0])
    if origin in (tuple, list, frozenset):
        return f"list of {describe(arguments[0])}"
    if isinstance(hint, type) and issubclass(hint, Enum):
        return " or ".join(str(member.value) for member in hint)
    if is_dataclass(hint) or (isinstance(origin, type) and issubclass(origin, Mapping)):
        return "mapping"
    return _WORDS.get(hint, "value")


_WORDS: Final[Mapping[Any, str]] = {
    str: "text",
    int: "whole number",
    float: "number",
    bool: "true or false",
    timedelta: "duration",
    Secret: "env:NAME or file:PATH",
    Path: "path",
}


def _read(hint: Any, node: ScalarNode) -> Any:
    if isinstance(hint, type) and issubclass(hint, Enum):
        return read_enum(node, hint)
    if typing.get_origin(hint) is typing.Literal:
        if node.value in typing.get_args(hint):
            return node.value
        raise Wrong(f"{quote(node.value)}, expected one of {', '.join(typing.get_args(hint))}")
    if hint is Path:
        return Path(read_text(node))
    readers: Mapping[Any, Any] = {
        str: read_text,
        int: read_integer,
        float: read_float,
        bool: read_boolean,
        timedelta: read_duration,
    }
    return readers.get(hint, read_any)(node)


def _check(kind: type, each: Field[Any], value: Any) -> None:
    """Raises Wrong when a value of the right type is senseless or not allowed."""
    if value is not None:
        _bounds(kind, each).check(value)
    check = TEXTS.get((kind, each.name))
    if check is not None and value is not None:
        check(value)
    if each.name == "ledger_url":
        if value:
            check_database_url(value)
    elif each.name.endswith(("url", "urls")):
        shown = value.reveal() if isinstance(value, Secret) else value
        for text in (shown,) if isinstance(shown, str) else shown or ():
            if text:
                check_url(text)


def _bounds(kind: type, each: Field[Any]) -> Range:
    stated = (each.metadata.get(name) for name in ("above", "minimum", "maximum"))
    return RANGES.get((kind, each.name)) or Range(*stated)


def _default(each: Field[Any]) -> Any:
    if each.default is not MISSING:
        return each.default
    return INVALID if each.default_factory is MISSING else each.default_factory()


def _names(family: str) -> list[str]:
    return list(plugins.list_names(family))


def _unknown(what: str, name: str, known: list[str]) -> str:
    near = get_close_matches(name, known, n=1, cutoff=0.5)
    if near:
        return f"unknown {what}; did you mean {near[0]}?"
    return f"unknown {what}, expected one of {', '.join(known) or 'none that is installed'}"
