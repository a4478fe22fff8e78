"""``aiops audit`` says whether the record is whole, in words and by its exit code."""

from datetime import UTC, datetime

import pytest
from sqlalchemy import create_engine, text
from typer.testing import CliRunner

from aiops.cli import build
from aiops.ledger.open import open_ledger

NOW = datetime(2026, 1, 5, 12, tzinfo=UTC)


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "config.yaml").write_text("store: {directory: .}\n", "utf-8")
    ledger = open_ledger("sqlite:///ledger.db", NOW)
    for number in range(3):
        with ledger.begin() as tx:
            tx.audit(NOW, "ada", "close", f"INC-{number}", {}, {"state": "closed"})
    ledger.close()
    return tmp_path


def _run(*words):
    return CliRunner().invoke(build(), ["audit", *words])


def test_a_whole_record_is_shown_newest_first(folder):
    told = _run("--limit", "2")
    assert told.exit_code == 0
    assert "INC-2" in told.stdout.splitlines()[0]
    assert "INC-0" not in told.stdout
    assert "the chain is whole" in told.stdout


def test_an_edited_record_is_told_and_ends_with_one(folder):
    engine = create_engine("sqlite:///ledger.db")
    with engine.begin() as connection:
        connection.execute(text("UPDATE audit SET who = 'eve' WHERE number = 2"))
    engine.dispose()
    told = _run()
    assert told.exit_code == 1
    assert "broken at row 2" in told.stdout
    assert '"whole": false' in _run("--json").stdout
