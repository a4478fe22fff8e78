"""Settings of plug-ins are read like our own."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from pathlib import Path
from typing import Any

import pytest
import yaml

from aiops.config.problems import Problems
from aiops.config.reader import _node
from aiops.config.walk import Walk
from aiops.contracts.errors import ConfigError


class Mode(StrEnum):
    FAST = "fast"
    SLOW = "slow"


@dataclass(frozen=True, slots=True)
class Page:
    path: str
    every: timedelta = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Options:
    url: str = "http://127.0.0.1:9100/"
    mode: Mode = Mode.FAST
    depth: int = field(default=3, metadata={"minimum": 1, "maximum": 9})
    pages: tuple[Page, ...] = ()
    headers: Mapping[str, str] = field(default_factory=dict)
    weights: Mapping[str, float] = field(default_factory=dict)
    seed: int | None = None
    extra: Any = None

    def __post_init__(self) -> None:
        if self.depth == 4:
            raise ValueError("depth 4 is out of order, expected another")


def read(text: str) -> Options:
    problems = Problems("f")
    root = yaml.compose(text, Loader=yaml.SafeLoader)
    options = Walk(problems, Path()).build(Options, root, "settings")
    problems.raise_if_any()
    return options


def refusals(text: str) -> list[str]:
    with pytest.raises(ConfigError) as refused:
        read(text)
    return refused.value.problems


def test_every_type_of_field_is_read():
    text = """
url: https://h/metrics
mode: slow
depth: 2
pages:
  - path: /a
    every: 1h30m
  - {path: /b}
headers: {X-Scope: "1"}
weights: {a: 1, b: .5}
seed: ~
extra: {deep: [1, 2.5, true, no, null]}
"""
    assert read(text) == Options(
        url="https://h/metrics",
        mode=Mode.SLOW,
        depth=2,
        pages=(Page("/a", timedelta(minutes=90)), Page("/b")),
        headers={"X-Scope": "1"},
        weights={"a": 1.0, "b": 0.5},
        seed=None,
        extra={"deep": (1, 2.5, True, "no", None)},
    )


def test_all_problems_are_told_in_the_order_of_the_file():
    assert refusals("mode: faster\ndepth: 10\npages: [{}, {path: x, evry: 1m}]\nseed: a") == [
        "f:1:7: settings.mode: `faster`, expected one of fast, slow",
        "f:2:8: settings.depth: 10, expected at most 9",
        "f:3:9: settings.pages[0].path: missing key, expected text",
        "f:3:23: settings.pages[1].evry: unknown key; did you mean every?",
        "f:4:7: settings.seed: `a`, expected a whole number such as 12",
    ]


def test_what_a_plug_in_itself_refuses_is_told_at_its_place():
    assert refusals("depth: 4") == ["f:1:1: settings: depth 4 is out of order, expected another"]


def test_an_address_in_a_plug_in_is_checked():
    [line] = refusals("url: http://a:hunter2@h/")
    assert "user or password" in line
    assert "hunter2" not in line


def test_a_mapping_as_typed_in_yaml_reads_like_its_text():
    typed = {"mode": "slow", "depth": 2, "pages": [{"path": "/a", "every": "1h"}], "seed": None}
    problems = Problems("f")
    options = Walk(problems, Path()).build(Options, _node(typed), "")
    problems.raise_if_any()
    assert options == Options(
        mode=Mode.SLOW, depth=2, pages=(Page("/a", timedelta(hours=1)),), seed=None
    )
