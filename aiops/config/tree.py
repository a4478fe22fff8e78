"""Bytes to a checked YAML node tree: nothing is constructed, every node keeps its place.

Refused: tags, merge keys, duplicate keys, alias bombs, depth, size, encodings other than
UTF-8. Scalars are typed later by the YAML 1.2 core schema, so ``no`` is text and ``012``
is not ten.

Source: https://yaml.org/spec/1.2.2/#103-core-schema
"""

import codecs
import re
from typing import Final

import yaml
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from aiops.config.problems import Problems

MAX_BYTES: Final = 1 << 20
MAX_DEPTH: Final = 32
MAX_ALIASES: Final = 100
MAX_NODES: Final = 100_000

_FOREIGN: Final = (
    # UTF-32 first: its little-endian mark begins with that of UTF-16
    (codecs.BOM_UTF32_LE, "UTF-32"),
    (codecs.BOM_UTF32_BE, "UTF-32"),
    (codecs.BOM_UTF16_LE, "UTF-16"),
    (codecs.BOM_UTF16_BE, "UTF-16"),
)
_CONTROL: Final = re.compile(r"[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def decode(raw: bytes, problems: Problems) -> str | None:
    """Returns the text of a file, None (with a problem) when it is not small UTF-8 text."""
    if len(raw) > MAX_BYTES:
        problems.add(None, "", "file larger than 1 MiB, expected at most 1048576 bytes")
        return None
    for mark, name in _FOREIGN:
        if raw.startswith(mark):
            problems.add(None, "", f"the file is {name}, expected UTF-8")
            return None
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = raw[: error.start]
        line = before.count(b"\n") + 1
        column = error.start - (before.rfind(b"\n") + 1) + 1
        problems.add((line, column), "", f"byte 0x{raw[error.start]:02x}, expected UTF-8 text")
        return None


def parse_tree(text: str, problems: Problems) -> MappingNode | None:
    """Returns the root mapping, None (with a problem) when the text is not one."""
    if len(text.encode("utf-8", "surrogatepass")) > MAX_BYTES:
        problems.add(None, "", "file larger than 1 MiB, expected at most 1048576 bytes")
        return None
    control = _CONTROL.search(text)
    if control is not None:
        line = text.count("\n", 0, control.start()) + 1
        column = control.start() - text.rfind("\n", 0, control.start())
        code = f"U+{ord(control.group()):04X}"
        problems.add((line, column), "", f"control character {code}, expected printable text")
        return None
    try:
        if not _events_are_plain(text, problems):
            return None
        root = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.MarkedYAMLError as error:
        problems.add(*_explain(error))
        return None
    if root is None or (isinstance(root, ScalarNode) and not root.value):
        problems.add((1, 1), "", "the file is empty: no assets configured; see config.yaml")
        return None
    if not isinstance(root, MappingNode):
        problems.add(place(root), "", "this is no mapping, expected `section:` lines")
        return None
    if _expanded(root, {}) > MAX_NODES:
        many = "aliases" if "*" in text else "values"
        problems.add((1, 1), "", f"too many {many}, expected at most {MAX_NODES} values in all")
        return None
    _find_duplicates(root, "", problems, set())
    return root


def place(node: Node) -> tuple[int, int] | None:
    """Returns line and column of a node, counted from 1; None when it came from no file."""
    mark = node.start_mark
    return None if mark is None else (mark.line + 1, mark.column + 1)


def _events_are_plain(text: str, problems: Problems) -> bool:
    """Checks depth, tags and aliases while the parser, which does not recurse, runs."""
    depth = aliases = 0
    for event in yaml.parse(text, Loader=yaml.SafeLoader):
        mark = event.start_mark
        where = None if mark is None else (mark.line + 1, mark.column + 1)
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
        elif isinstance(event, yaml.AliasEvent):
            aliases += 1
        if depth > MAX_DEPTH:
            problems.add(where, "", f"nested too deep, expected at most {MAX_DEPTH} levels")
            return False
        if aliases > MAX_ALIASES:
            problems.add(where, "", f"too many aliases, expected at most {MAX_ALIASES}")
            return False
        if getattr(event, "tag", None) is not None:
            problems.add(where, "", "tags are not allowed, expected a plain value")
            return False
    return True


def _expanded(node: Node, known: dict[int, int]) -> int:
    """Returns how many nodes there are when every alias is written out."""
    if id(node) in known:
        return known[id(node)]
    known[id(node)] = MAX_NODES + 1  # what an alias inside of its own anchor counts
    total = 1
    for child in _children(node):
        total = min(total + _expanded(child, known), MAX_NODES + 1)
    known[id(node)] = total
    return total


def _children(node: Node) -> list[Node]:
    if isinstance(node, MappingNode):
        return [part for pair in node.value for part in pair]
    return list(node.value) if isinstance(node, SequenceNode) else []


def _find_duplicates(node: Node, key: str, problems: Problems, seen: set[int]) -> None:
    if id(node) in seen:
        return
    seen.add(id(node))
    if isinstance(node, MappingNode):
        first: dict[str, Node] = {}
        for name, value in node.value:
            if not isinstance(name, ScalarNode):
                problems.add(place(name), key, "a key that is no text, expected a name")
                continue
            path = f"{key}.{name.value}" if key else name.value
            if name.value in first:
                line, _ = place(first[name.value]) or (0, 0)
                text = f"duplicate key, expected once; it stands in line {line} too"
                problems.add(place(name), path, text)
            first.setdefault(name.value, name)
            _find_duplicates(value, path, problems, seen)
    elif isinstance(node, SequenceNode):
        for index, item in enumerate(node.value):
            _find_duplicates(item, f"{key}[{index}]", problems, seen)


# What PyYAML says, and what a person who typed the line can do about it.
_REMEDIES: Final = (
    ("found character '\\t'", "tab, expected spaces"),
    ("mapping values are not allowed", "a second `: ` in one value, expected it in quotes"),
    ("that cannot start any token", "a sign that cannot start a value, expected it in quotes"),
    ("found undefined alias", "`*` refers to no `&` above, expected the value in quotes"),
    ("could not find expected ':'", "a key without `:`, expected `key: value`"),
    ("expected <block end>", "does not line up with the lines above, expected equal indentation"),
    ("expected ',' or", "a bracket that is not closed, expected `,` or its end"),
    ("expected a single document", "a second document, expected one"),
)


def _explain(error: yaml.MarkedYAMLError) -> tuple[tuple[int, int] | None, str, str]:
    mark = error.problem_mark or error.context_mark
    what = error.problem or "not YAML"
    if "quoted scalar" in (error.context or "") and "end of stream" in what:
        mark, text = error.context_mark, "unclosed quote, expected the same quote at its end"
    else:
        said = f"{what} {error.context or ''}"
        text = next((t for sign, t in _REMEDIES if sign in said), f"{said.strip()}, expected YAML")
    return (None if mark is None else (mark.line + 1, mark.column + 1)), "", text
