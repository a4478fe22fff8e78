"""config.yaml to settings: all problems at once, or a frozen value."""

from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from aiops.config.problems import Problems
from aiops.config.rules import find_contradictions
from aiops.config.settings import Settings
from aiops.config.tree import decode, parse_tree
from aiops.config.values import write_duration
from aiops.config.walk import Walk
from aiops.contracts.errors import ConfigError


def load(path: Path) -> Settings:
    """Reads a configuration file.

    Raises:
        ConfigError: With every problem found, each ``file:line:col: key: what, expected what``.
    """
    problems = Problems(str(path))
    try:
        with path.open("rb") as stream:
            raw = stream.read((1 << 20) + 1)
    except OSError as error:
        reason = f"cannot be read ({error.strerror}), expected the configuration"
        raise ConfigError([f"{path}: {reason}; --config names another file"]) from error
    text = decode(raw, problems)
    problems.raise_if_any()
    return parse(text or "", str(path))


def parse(text: str, name: str) -> Settings:
    """Reads a configuration from text; ``name`` stands in front of each problem.

    Raises:
        ConfigError: As :func:`load`.
    """
    problems = Problems(name)
    root = parse_tree(text, problems)
    if root is None:
        problems.raise_if_any()
    return _settings(root or _mapping([]), problems, Path(name).parent)


def default() -> Settings:
    """Returns the packaged defaults, which ``try`` and ``replay`` use.

    Raises:
        ConfigError: A plug-in the defaults name is not installed.
    """
    return _settings(_mapping([]), Problems("defaults"), Path())


def plugin_settings(family: str, name: str, mapping: Mapping[str, Any], where: str) -> Any:
    """Returns a plug-in's own settings from a mapping as typed in YAML.

    Raises:
        ConfigError: With every problem; ``where`` stands in front of each key.
    """
    problems = Problems(where)
    built = Walk(problems, Path()).plugin(family, name, _node(mapping), "", None)
    problems.raise_if_any()
    return built


def _settings(root: MappingNode, problems: Problems, directory: Path) -> Settings:
    walk = Walk(problems, directory)
    settings: Settings = walk.build(Settings, root, "")
    if isinstance(settings, Settings):
        for found in find_contradictions(settings):
            shifted = any(found.keys[0].startswith(f"{each}[") for each in walk.dropped)
            if not shifted and problems.keys.isdisjoint(found.keys):
                place = next((p for k in found.keys if (p := walk.places.get(k))), None)
                first = walk.places.get(found.again)
                again = f"; it stands in line {first[0]} too" if first else ""
                problems.add(place, found.keys[0], found.text + again)
    problems.raise_if_any()
    return settings


def _node(value: Any) -> Node:
    if isinstance(value, Mapping):
        return _mapping([(_node(str(key)), _node(item)) for key, item in value.items()])
    if isinstance(value, list | tuple):
        return SequenceNode("", [_node(item) for item in value])
    if isinstance(value, timedelta):
        return ScalarNode("", write_duration(value))
    if isinstance(value, str):
        return ScalarNode("", value, style='"')
    if value is None:
        return ScalarNode("", "null")
    return ScalarNode("", str(value).lower() if isinstance(value, bool) else repr(value))


def _mapping(pairs: list[tuple[Node, Node]]) -> MappingNode:
    return MappingNode("", pairs)
