"""Each folder: a configuration and what is said of it."""

import re
from functools import reduce
from pathlib import Path
from typing import Any

import pytest

from aiops.config import load
from aiops.contracts.errors import ConfigError

HERE = Path(__file__).parent
CASES = sorted(path.parent.name for path in HERE.glob("*/config.yaml"))


def value_at(settings: Any, path: str) -> Any:
    def step(at: Any, part: str) -> Any:
        return at[int(part)] if part.isdigit() else getattr(at, part)

    return reduce(step, re.findall(r"\w+", path), settings)


@pytest.mark.parametrize("case", CASES)
def test_a_configuration_gets_its_answer(case, monkeypatch):
    monkeypatch.chdir(HERE / case)
    expected = Path("expected.txt").read_text().splitlines()
    if expected[0] == "ok":
        settings = load(Path("config.yaml"))
        for line in expected[1:]:
            path, _, written = line.partition(" = ")
            assert repr(value_at(settings, path)) == written
        return
    with pytest.raises(ConfigError) as refused:
        load(Path("config.yaml"))
    assert refused.value.problems == expected
