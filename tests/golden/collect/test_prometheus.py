"""Recorded answers of endpoints and what becomes of them; a bug fix adds a folder."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from aiops.contracts.errors import Unreachable
from collectors.prometheus import PLUGIN
from tests.integration.collect.serving import serve

_CASES = Path(__file__).parent / "prometheus"
_NOW = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize("case", sorted(p.name for p in _CASES.iterdir() if p.is_dir()))
def test_an_answer_becomes_what_is_expected(case):
    folder = _CASES / case
    expected = json.loads((folder / "expected.json").read_text(encoding="utf-8"))
    headers = json.loads((folder / "headers.json").read_text(encoding="utf-8"))
    with serve((folder / "payload.txt").read_bytes(), headers) as url:
        collector = PLUGIN.create(
            PLUGIN.settings(url=url, asset="it", **expected.get("settings", {}))
        )
        if "error" in expected:
            with pytest.raises(Unreachable) as caught:
                collector.collect({}, _NOW, timedelta(seconds=10))
            assert caught.value.kind == expected["error"]
            return
        for _ in range(2):  # what was parsed once is remembered, and must mean the same
            collection = collector.collect({}, _NOW, timedelta(seconds=10))
            batch = collection.batch
            now = int(_NOW.timestamp() * 1000)
            found = {
                batch.series[row].signal: value if time == now * 10**6 else [value, time // 10**6]
                for row, time, value in zip(batch.rows, batch.times, batch.values, strict=True)
            }
            assert found == expected["samples"]
            assert dict(collection.dropped) == expected["dropped"]
