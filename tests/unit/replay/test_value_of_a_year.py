"""The generated year has what the value report needs, and a replay of its start counts it."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from aiops import cli
from aiops.cli.value import read_tickets
from aiops.config import load
from aiops.learn.before import freeze_before
from aiops.replay.bundle import read_bundle

ROOT = Path(__file__).parents[3]


def generate(folder, *more):
    command = [sys.executable, str(ROOT / "bench/year.py"), str(folder / "year"), *more]
    subprocess.run(command, check=True, capture_output=True, cwd=ROOT)


def test_the_same_seed_makes_the_same_year_with_failures_repairs_and_tickets_before(tmp_path):
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        generate(tmp_path / name, "--volumes", "2")
    bundle = read_bundle(tmp_path / "a/year")
    assert bundle.warnings == ()
    assert len(bundle.failures) >= 5
    settings = load(tmp_path / "a/year.yaml")
    before = freeze_before(read_tickets(tmp_path / "a/tickets.csv"), bundle.failures[0].at)
    assert before.cases == 60
    assert [s.key for s in settings.services] == ["shop", "billing", "mail"]
    for path in ("samples.csv", "failures.csv"):
        one, other = ((tmp_path / n / "year" / path).read_bytes() for n in ("a", "b"))
        assert one == other


def test_a_replay_writes_the_value_report_against_the_time_before(tmp_path, monkeypatch, capsys):
    generate(tmp_path, "--volumes", "1")
    samples = tmp_path / "year/samples.csv"
    lines = samples.read_text().splitlines(keepends=True)
    samples.write_text("".join(lines[: 40 * 24]))
    value = tmp_path / "value.json"
    words = ["replay", tmp_path / "year", "--config", tmp_path / "year.yaml", "--value", value]
    words += ["--before", tmp_path / "tickets.csv"]
    monkeypatch.setattr(sys, "argv", ["aiops", *map(str, words)])
    with pytest.raises(SystemExit) as left:
        cli.main()
    assert left.value.code in (0, None), capsys.readouterr().err
    report = json.loads(value.read_text())
    assert report["targets"]["before"]["cases"] == 60
    assert {row["key"] for row in report["services"]} == {"shop", "billing", "mail"}
    assert report["targets"]["response_time"]["note"].startswith("not measurable yet")
