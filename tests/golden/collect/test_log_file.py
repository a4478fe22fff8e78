"""Log lines and the counters they become; a bug fix adds a folder."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from collectors.log_file import PLUGIN

_CASES = Path(__file__).parent / "log_file"
_NOW = datetime(2026, 1, 5, tzinfo=UTC)


@pytest.mark.parametrize("case", sorted(p.name for p in _CASES.iterdir() if p.is_dir()))
def test_lines_become_what_is_expected(case, tmp_path):
    expected = json.loads((_CASES / case / "expected.json").read_text(encoding="utf-8"))
    log = tmp_path / "app.log"
    log.touch()
    collector = PLUGIN.create(
        PLUGIN.settings(path=str(log), asset="app", **expected.get("settings", {}))
    )
    first = collector.collect({}, _NOW, timedelta(seconds=10))
    log.write_bytes((_CASES / case / "payload.log").read_bytes())
    later = _NOW + timedelta(minutes=1)
    found = collector.collect(first.cursor, later, timedelta(seconds=10))
    at = int(later.timestamp()) * 10**9
    counters = {
        dict(found.batch.series[row].labels).get(
            "template", found.batch.series[row].metric.removeprefix("log.")
        ): value
        for row, time, value in zip(
            found.batch.rows, found.batch.times, found.batch.values, strict=True
        )
        if time == at
    }
    assert counters == expected["counters"]
    assert dict(found.dropped) == expected["dropped"]
