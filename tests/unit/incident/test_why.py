"""The trace from sample to send, and back: why was I not told?"""

import json
import sys
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from aiops import cli
from aiops.contracts.collector import Inventory
from aiops.contracts.errors import StoreError
from aiops.contracts.ledger import Window
from aiops.domain.abstention import Abstention
from aiops.domain.asset import SYSTEM, Asset, Viewer
from aiops.domain.decision import Decision, Reason
from aiops.domain.forecast import Crossing
from aiops.domain.incident import (
    Incident,
    IncidentKind,
    IncidentState,
    Outcome,
    OutcomeKind,
    Prediction,
    Stage,
)
from aiops.domain.metric import Direction
from aiops.domain.phrase import Phrase, verbatim
from aiops.domain.series import SeriesKey
from aiops.domain.ticket import Ticket, TicketAction, TicketDraft
from aiops.incident.why import Link, read_trace, trace_asset, trace_incident
from aiops.ledger.open import open_for_reading, open_ledger

NOW = datetime(2026, 1, 5, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
SERIES = SeriesKey("db-07", "disk")
INCIDENT = Incident(
    "a" * 64,
    IncidentKind.PREDICTIVE,
    "db-07",
    SERIES,
    IncidentState.OPEN,
    Stage.SHADOW,
    NOW,
    NOW,
    number=12,
    predicted=Prediction(0.9, NOW + HOUR, NOW + 2 * HOUR, NOW + 3 * HOUR, 1.0, Direction.UP, "m"),
    sentence={"en": "db-07: disk fills."},
    evidence={"history": {"t": [(NOW - HOUR).isoformat(), NOW.isoformat()], "v": [0.7, None]}},
)
HELD = Decision(
    NOW - HOUR, SERIES.text, "db-07", "nothing", Reason.NOT_SUSTAINED, verbatim("1 of 2")
)
OPENED = Decision(NOW, INCIDENT.key, "db-07", "open", Reason.CROSSING_LIKELY, verbatim("0.90"))
WITHHELD = Decision(
    NOW,
    INCIDENT.key,
    "db-07",
    "withhold",
    Reason.STAGE_SHADOW,
    Phrase("not_sent", {"told": "open"}),
)


def test_a_trace_runs_from_the_sample_over_the_forecast_to_what_was_not_sent():
    trace = trace_incident(INCIDENT, [OPENED, WITHHELD, HELD])
    assert [step.link for step in trace.steps] == [
        Link.SAMPLE,
        Link.DECISION,
        Link.FORECAST,
        Link.DECISION,
        Link.DECISION,
    ]
    assert "was 0.7 in the last of 1 cells" in trace.steps[0].words
    assert trace.steps[1].words == "db-07 disk – nothing opened: not seen often enough yet – 1 of 2"
    assert trace.steps[-1].reason == "stage_shadow"
    assert trace.summary.startswith("INC-12 is open, stage shadow. db-07: disk fills.")


def test_an_outcome_and_a_ticket_end_the_trace():
    over = replace(INCIDENT, outcome=Outcome(OutcomeKind.AVERTED, NOW + HOUR, "ada", "cleaned"))
    trace = trace_incident(over, tickets=[Ticket("rt", "7", INCIDENT.key, "new", True)])
    assert [step.words for step in trace.steps[-2:]] == [
        "INC-12 averted by ada: cleaned",
        "rt 7: new (open)",
    ]


def test_an_asset_without_an_incident_says_why_nothing_is_foreseen():
    quiet = Crossing(SERIES, NOW, HOUR, 1.0, Direction.UP, abstained=Abstention.SHORT_HISTORY)
    trace = trace_asset(Asset("db-07"), [quiet], [HELD])
    assert trace.summary == "db-07: no incident is open"
    assert "no forecast: history is too short" in trace.steps[-1].words


@pytest.fixture
def ledger(tmp_path):
    url = f"sqlite:///{tmp_path / 'ledger.db'}"
    held = open_ledger(url, NOW)
    held.put_inventory("s", Inventory(assets=(Asset("db-07", owner="dba"),)), NOW)
    with held.begin() as tx:
        tx.put_incident(INCIDENT)
        tx.put_decisions([HELD, OPENED, WITHHELD])
        draft = TicketDraft(INCIDENT.key, "", TicketAction.OPEN, "s", "b")
        tx.enqueue("rt", draft, NOW)
    yield url, held
    held.close()


@pytest.mark.parametrize("name", ["INC-1", "1", "a" * 64, "aaaaaaaa", "inc-1"])
def test_an_incident_is_found_by_number_key_or_the_beginning_of_its_key(ledger, name):
    trace = read_trace(ledger[1], SYSTEM, name, NOW)
    assert trace.subject == "INC-1"
    assert [s.words for s in trace.steps if s.link is Link.MESSAGE] == [
        "open to rt: pending, 0 attempts, next not before 2026-01-05 12:00 UTC"
    ]


@pytest.mark.parametrize("name", ["INC-2", "999", "b" * 64, "db-08", "", "aaaa"])
def test_what_does_not_exist_has_no_trace(ledger, name):
    assert read_trace(ledger[1], SYSTEM, name, NOW) is None


def test_a_trace_shows_nothing_of_another_team(ledger):
    other = Viewer("eve", teams=frozenset({"web"}))
    assert read_trace(ledger[1], other, "INC-1", NOW) is None
    assert read_trace(ledger[1], other, "db-07", NOW) is None


def test_reading_beside_a_running_daemon_sees_its_rows_and_can_write_nothing(ledger):
    url, writer = ledger
    reader = open_for_reading(url)
    try:
        with writer.begin() as tx:
            tx.put_window(Window("s", "detect", 1))
            assert read_trace(reader, SYSTEM, "INC-1", NOW) is not None
        assert reader.newest_window("s", "detect") == 1
        with pytest.raises(StoreError, match="readonly"), reader.begin() as tx:
            tx.put_window(Window("s", "detect", 2))
    finally:
        reader.close()


def test_reading_creates_no_ledger(tmp_path):
    with pytest.raises(StoreError, match="there is no ledger"):
        open_for_reading(f"sqlite:///{tmp_path / 'none.db'}")
    assert list(tmp_path.iterdir()) == []


def run(monkeypatch, *arguments):
    monkeypatch.setattr(sys, "argv", ["aiops", *arguments])
    with pytest.raises(SystemExit) as left:
        cli.main()
    return left.value.code


def test_the_command_prints_the_trace_in_words_and_as_json(ledger, monkeypatch, capsys, tmp_path):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "config.yaml").write_text("store:\n  directory: .\n")
    assert run(monkeypatch, "why", "INC-1") == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "INC-1 is open, stage shadow. db-07: disk fills."
    assert "message   open to rt: pending, 0 attempts" in lines[-1]
    assert run(monkeypatch, "why", "db-07", "--json") == 0
    assert json.loads(capsys.readouterr().out)["subject"] == "db-07"
    assert run(monkeypatch, "why", "nothing") == 2
    assert "there is no such incident or asset" in capsys.readouterr().err


def test_the_trace_is_told_in_chinese_and_what_a_person_wrote_stays(
    ledger, monkeypatch, capsys, tmp_path
):
    over = replace(INCIDENT, outcome=Outcome(OutcomeKind.AVERTED, NOW + HOUR, "ada", "cleaned"))
    trace = trace_incident(over, [OPENED, WITHHELD], language="zh")
    assert [step.words for step in trace.steps[-2:]] == [
        "未发送：处于影子阶段：仅在此显示 – 新建：未发送",
        "INC-12 已避免，由ada判定：cleaned",
    ]
    monkeypatch.chdir(tmp_path)
    (tmp_path / "config.yaml").write_text("store: {directory: .}\nserver: {language: zh}\n")
    assert run(monkeypatch, "why", "INC-1") == 0
    assert "INC-1：未处理，阶段：影子。" in capsys.readouterr().out
    assert run(monkeypatch, "why", "INC-1", "--lang", "en") == 0
    assert "INC-1 is open, stage shadow." in capsys.readouterr().out
