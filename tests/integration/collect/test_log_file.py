"""Real log files that grow, are rotated, cut off and come new; a restart in between."""

import json
from datetime import UTC, datetime, timedelta

import pytest

from aiops.contracts.errors import ConfigError, Unreachable
from collectors.log_file import PLUGIN

NOW = datetime(2026, 1, 5, tzinfo=UTC)


class Reader:
    """Collects minute by minute; ``restart`` keeps only what a cursor keeps."""

    def __init__(self, path, **settings):
        self.make = lambda: PLUGIN.create(PLUGIN.settings(path=str(path), asset="app", **settings))
        self.collector, self.cursor, self.at = self.make(), {}, NOW

    def read(self):
        self.at += timedelta(minutes=1)
        self.found = self.collector.collect(self.cursor, self.at, timedelta(seconds=60))
        self.cursor = json.loads(json.dumps(dict(self.found.cursor)))
        batch = self.found.batch
        return {
            dict(batch.series[row].labels).get("template", batch.series[row].metric): value
            for row, value in zip(batch.rows, batch.values, strict=True)
        }

    def restart(self):
        self.collector = self.make()


def append(path, text):
    with path.open("a") as file:
        file.write(text)


def test_what_stood_there_before_is_not_counted_and_a_restart_goes_on(tmp_path):
    log = tmp_path / "app.log"
    append(log, "old error\n")
    reader = Reader(log)
    assert reader.read() == {"log.lines": 0, "log.errors": 0}
    append(log, "error in part alpha now\nfine\nerror in pa")
    assert reader.read()["log.errors"] == 1
    reader.restart()
    append(log, "rt beta now\n")
    counts = reader.read()
    assert counts == {"log.lines": 3, "log.errors": 2, "error in part alpha now": 2}
    reader.restart()
    assert reader.read() == counts


def test_a_batch_that_was_not_durable_is_read_again(tmp_path):
    log = tmp_path / "app.log"
    log.touch()
    reader = Reader(log)
    reader.read()
    kept = reader.cursor
    append(log, "error one\n")
    first = reader.read()
    reader.cursor = kept
    assert reader.read() == first


def test_a_new_template_stands_at_zero_before_its_first_burst(tmp_path):
    log = tmp_path / "app.log"
    log.touch()
    reader = Reader(log)
    reader.read()
    append(log, "error one\n" * 500)
    reader.read()
    batch = reader.found.batch
    rows = [i for i, key in enumerate(batch.series) if key.labels]
    samples = [
        (int(time), value)
        for row, time, value in zip(batch.rows, batch.times, batch.values, strict=True)
        if row in rows
    ]
    minute = 60 * 10**9
    assert [value for _, value in samples] == [0, 500]
    assert samples[1][0] - samples[0][0] == minute


def test_a_rotated_file_is_read_to_its_end_before_the_new_one(tmp_path):
    log = tmp_path / "app.log"
    log.touch()
    reader = Reader(log, max_bytes=64)
    reader.read()
    append(log, "error last words of the old file\n" * 4)
    log.rename(tmp_path / "app.log.1")
    append(log, "error first words of the new file\n")
    for _ in range(4):
        reader.restart()
        counts = reader.read()
    assert counts["log.errors"] == 5


def test_a_file_that_was_cut_off_and_one_that_comes_later_are_read_from_the_beginning(tmp_path):
    log = tmp_path / "a.log"
    append(log, "error before\n" * 9)
    reader = Reader(tmp_path / "*.log")
    reader.read()
    log.write_text("error after\n")
    append(tmp_path / "b.log", "error in another file\n")
    assert reader.read()["log.errors"] == 2


def test_templates_are_bounded_and_so_is_what_is_remembered(tmp_path):
    log = tmp_path / "app.log"
    log.touch()
    reader = Reader(log, max_templates=10)
    reader.read()
    words = ["alpha", "beta", "gamma", "delta", "omega"]
    lines = [
        f"error {'x' * i} {w} " + " ".join(words[:k])
        for i in range(40)
        for k, w in enumerate(words)
    ]
    append(log, "\n".join(lines) + "\n")
    for _ in range(3):
        counts = reader.read()
        reader.restart()
    assert len([name for name in counts if not name.startswith("log.")]) <= 11
    assert sum(value for name, value in counts.items() if not name.startswith("log.")) == 200
    assert len(json.dumps(reader.cursor)) < 10_000


def test_a_pattern_without_a_file_is_unreachable_and_a_wrong_expression_is_refused(tmp_path):
    with pytest.raises(Unreachable, match="no such file"):
        Reader(tmp_path / "*.log").read()
    with pytest.raises(ConfigError, match="match"):
        PLUGIN.create(PLUGIN.settings(path="a", match="("))
