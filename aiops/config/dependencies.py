"""The file that says what depends on what: a table of edges, or a list by asset."""

import csv
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from yaml import Node, ScalarNode, SequenceNode

from aiops.config.problems import Problems
from aiops.config.tree import decode, parse_tree, place
from aiops.contracts.errors import ConfigError
from aiops.domain.asset import Edge

_COLUMNS: Final = ("source", "target")
_EXPECTED: Final = "expected the key of an asset, or a list of keys"


def load_dependencies(path: str) -> tuple[Edge, ...]:
    """Returns the edges of a file, none when no file is named.

    A ``.csv`` has the columns ``source`` and ``target`` (source depends on target); anything else
    is YAML: ``app-1: [db-07, nas]``.

    Raises:
        ConfigError: With every problem of the file, each with its line.
    """
    if not path:
        return ()
    problems = Problems(path)
    try:
        raw = Path(path).read_bytes()
    except OSError as error:
        raise ConfigError(
            [f"{path}: collect.dependencies: cannot be read ({error.strerror})"]
        ) from error
    text = decode(raw, problems) or ""
    problems.raise_if_any()
    read = _read_csv if Path(path).suffix.lower() == ".csv" else _read_yaml
    edges = tuple(dict.fromkeys(read(text, problems)))
    problems.raise_if_any()
    return edges


def _read_csv(text: str, problems: Problems) -> Iterator[Edge]:
    rows = csv.reader(text.splitlines())
    head = tuple(name.strip().lower() for name in next(rows, []))
    if head != _COLUMNS:
        problems.add((1, 1), "", "the first line is not `source,target`")
        return
    for number, row in enumerate(rows, 2):
        cells = [cell.strip() for cell in row]
        if not any(cells):
            continue
        if len(cells) != len(_COLUMNS) or not all(cells):
            problems.add((number, 1), "", "expected two keys of assets: source,target")
        elif cells[0] == cells[1]:
            problems.add((number, 1), cells[0], "depends on itself")
        else:
            yield Edge(cells[0], cells[1])


def _read_yaml(text: str, problems: Problems) -> Iterator[Edge]:
    root = parse_tree(text, problems)
    for name, node in root.value if root is not None else ():
        for target in _targets(node):
            if not isinstance(target, ScalarNode) or not target.value:
                problems.add(place(target), name.value, _EXPECTED)
            elif target.value == name.value:
                problems.add(place(target), name.value, "depends on itself")
            else:
                yield Edge(name.value, target.value)


def _targets(node: Node) -> list[Node]:
    return node.value if isinstance(node, SequenceNode) else [node]
