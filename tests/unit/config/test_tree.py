"""Hostile text ends in one problem, not in a crash."""

import tracemalloc

import pytest

from aiops.config import load, parse
from aiops.contracts.errors import ConfigError


def refusal(text: str) -> str:
    with pytest.raises(ConfigError) as refused:
        parse(text, "f")
    return "\n".join(refused.value.problems)


@pytest.mark.parametrize("opening", ["[", "{a: ", "- "])
def test_a_hundred_thousand_levels_are_refused_without_recursion(opening):
    assert "nested too deep" in refusal(opening * 100_000)


def test_a_file_of_two_megabytes_is_refused_and_not_read_whole(tmp_path):
    path = tmp_path / "config.yaml"
    path.write_bytes(b"# x\n" * (1 << 19))
    with pytest.raises(ConfigError, match="larger than 1 MiB"):
        load(path)


def test_an_alias_bomb_stays_small():
    lines = ["a: &a [x, x, x, x, x, x, x, x, x]"]
    for before, name in zip("abcdefgh", "bcdefghi", strict=True):
        lines.append(f"{name}: &{name} [{', '.join([f'*{before}'] * 9)}]")
    tracemalloc.start()
    try:
        assert "too many aliases" in refusal("\n".join(lines))
        assert tracemalloc.get_traced_memory()[1] < 20e6
    finally:
        tracemalloc.stop()


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(ConfigError, match=r"nothere\.yaml: cannot be read"):
        load(tmp_path / "nothere.yaml")


def test_a_merge_key_is_an_unknown_key():
    assert "server.<<: unknown key" in refusal("log: &l {}\nserver:\n  <<: *l\n")


def test_a_long_value_is_shortened_and_escaped():
    [line] = [t for t in refusal("log:\n  level: " + "x" * 500).splitlines() if "level" in t]
    assert "x…`" in line
    assert len(line) < 200
