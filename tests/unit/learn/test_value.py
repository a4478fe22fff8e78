"""The value report: what is counted, what is not measurable yet, and the cases behind it."""

import csv
import io
import sys
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from aiops import cli
from aiops.contracts.errors import InputError
from aiops.domain.asset import SYSTEM
from aiops.domain.decision import Reason
from aiops.domain.incident import (
    Incident,
    IncidentKind,
    IncidentState,
    Outcome,
    OutcomeKind,
    Prediction,
    Stage,
    Transition,
)
from aiops.domain.metric import Direction
from aiops.domain.series import SeriesKey
from aiops.learn.before import Before, PastTicket, compare, freeze_before
from aiops.learn.figure import median, share
from aiops.learn.ladder import LadderRules, Why, propose
from aiops.learn.prices import Prices
from aiops.learn.value import value_report
from aiops.ledger.open import open_ledger

START = datetime(2026, 1, 1, tzinfo=UTC)
END = START + timedelta(days=90)
HOUR = timedelta(hours=1)
PRICES = Prices("EUR", 1000.0, 100.0, 4 * HOUR, {"shop": 5000.0})
RULES = LadderRules()


def incident(number, kind="happened", *, by="rule", note="", probability=0.8, method="trend 1"):
    opened = START + number * HOUR
    end = opened + 10 * HOUR
    taken = Transition(opened + HOUR, IncidentState.ACKNOWLEDGED, Reason.BY_PERSON, "ada")
    return Incident(
        f"{number:064x}",
        IncidentKind.PREDICTIVE,
        "db",
        SeriesKey("db", "disk"),
        IncidentState.CLOSED,
        Stage.SUGGEST,
        opened,
        end,
        number=number,
        predicted=Prediction(probability, end, end, end, 1.0, Direction.UP, method),
        transitions=(taken,),
        closed_at=end,
        outcome=Outcome(OutcomeKind(kind), end, by, note) if kind else None,
    )


def many(**counts):
    found = []
    for kind, count in counts.items():
        found += [incident(len(found) + i, kind) for i in range(count)]
    return found


def figures(incidents, before=None):
    report = value_report(incidents, START, END, PRICES, RULES, before)
    return {(f["name"], f["of"]): f for f in report["figures"]}


def test_fewer_than_thirty_cases_are_not_measurable_yet_and_say_how_many_there_are():
    found = figures(many(happened=29))
    precision = found["precision", ""]
    assert not precision["measurable"]
    assert precision["note"] == "not measurable yet: 29 of 30 cases"
    assert len(precision["cases"]) == 29
    assert not found["lead_time", ""]["measurable"]


def test_thirty_cases_give_a_precision_with_its_interval_and_its_list():
    confirmed = [incident(n, "averted", note="repaired") for n in range(50, 53)]
    precision = figures([*many(happened=24, false=2, expired=1), *confirmed])["precision", ""]
    assert precision["value"] == pytest.approx(0.9)
    assert (precision["low"], precision["high"]) == pytest.approx((0.744, 0.965), abs=1e-3)
    assert len(set(precision["cases"])) == 30


def test_what_only_seems_averted_judges_nobody():
    found = figures(many(happened=30, averted=20))["precision", ""]
    assert found["n"] == 30
    by_person = [incident(n, "averted", by="ada") for n in range(60, 70)]
    assert figures([*many(happened=30), *by_person])["precision", ""]["n"] == 40


def test_precision_is_told_for_each_method():
    good = [incident(n, method="a") for n in range(30)]
    bad = [incident(n, "false", method="b") for n in range(30, 60)]
    found = figures(good + bad)
    assert found["precision", "a"]["value"] == 1
    assert found["precision", "b"]["value"] == 0
    assert found["precision", ""]["value"] == 0.5


def test_open_predictions_and_reactive_incidents_judge_nobody():
    reactive = replace(incident(40), kind=IncidentKind.REACTIVE, predicted=None)
    found = figures([*many(happened=30), incident(31, None), reactive])
    assert found["precision", ""]["n"] == 30


def test_times_are_medians_in_seconds():
    found = figures(many(happened=31))
    assert found["lead_time", ""]["value"] == 10 * 3600
    assert found["time_to_acknowledge", ""]["value"] == 3600
    assert found["time_to_resolve", ""]["value"] == 10 * 3600
    assert not found["time_to_detect", ""]["measurable"]


def test_time_to_detect_is_counted_from_the_first_bad_sample():
    late = [
        replace(
            incident(n, None),
            kind=IncidentKind.REACTIVE,
            evidence={"since": (START + n * HOUR - timedelta(minutes=2)).isoformat()},
        )
        for n in range(30)
    ]
    assert figures(late)["time_to_detect", ""]["value"] == 120


def test_averted_downtime_is_a_range_from_what_is_confirmed_to_what_is_possible():
    averted = [incident(n, "averted") for n in range(20)]
    confirmed = [incident(n, "averted", note="repaired") for n in range(20, 29)]
    shop = replace(incident(29, "averted", by="ada"), service="shop")
    money = figures([*averted, *confirmed, shop])["downtime_averted", ""]
    assert money["unit"] == "EUR"
    assert money["value"] == pytest.approx((29 * 4000 + 20000) * 0.8)
    assert money["low"] == pytest.approx((9 * 4000 + 20000) * 0.8)
    assert money["high"] == pytest.approx(29 * 4000 + 20000)


def test_false_alarms_cost_their_price_and_at_least_what_persons_judged():
    wrong = [incident(n, "false", by="ada" if n < 10 else "rule") for n in range(30)]
    money = figures(wrong)["false_alarm_cost", ""]
    assert (money["low"], money["value"]) == (1000, 3000)


def test_no_incidents_give_a_report_of_nothing():
    report = value_report([], START, END, PRICES, RULES)
    assert report["incidents"] == []
    assert not any(figure["measurable"] for figure in report["figures"])


# the time before


def tickets(count=40, days=100, hours=50):
    step = timedelta(days=days) / max(count - 1, 1)
    return [
        PastTicket(START + n * step, START + n * step + hours * HOUR, 10.0) for n in range(count)
    ]


def test_targets_are_held_against_the_before_only_when_there_is_one():
    acted = [
        replace(each, stage=Stage.ACT, closed_at=each.closed_at + 10 * HOUR)
        for each in many(happened=30)
    ]
    assert compare(None, acted, PRICES, (), START, END)["response_time"]["change"] is None
    before = freeze_before(tickets(), END)
    response = compare(before, acted, PRICES, (), START, END)["response_time"]
    assert response["change"] == pytest.approx(-0.8)
    assert response["reached"]
    assert compare(before, acted[:29], PRICES, (), START, END)["response_time"]["change"] is None
    assert compare(before, acted, PRICES, (), START, END)["satisfaction"]["change"] is None


def test_the_before_survives_the_ledger_as_plain_values():
    before = freeze_before(tickets(), END)
    assert Before.read(before.note()) == before
    assert before.resolve_seconds == 50 * 3600


@pytest.mark.parametrize(
    ("past", "told"), [(tickets(29), "29 tickets"), (tickets(days=80), "span 80 days")]
)
def test_too_short_a_before_is_refused(past, told):
    with pytest.raises(InputError, match=told):
        freeze_before(past, END)


# the ladder


def rung(incidents, rules=RULES, days=90):
    (proposal,) = propose(incidents, rules, START, START + timedelta(days=days))
    return proposal


def test_a_proven_method_is_proposed_one_rung_higher():
    proposal = rung(many(happened=28, false=2))
    assert (proposal.stage, proposal.proposed) == (Stage.SUGGEST, Stage.ACT)
    assert proposal.why is Why.PRECISION_PROVEN


def test_a_method_over_its_budget_is_proposed_one_rung_lower_with_the_bar_that_fits():
    wrong = [incident(n, "false", probability=0.7 + n / 1000) for n in range(30)]
    proposal = rung([*wrong, *many(happened=60)[30:]], days=14)
    assert (proposal.proposed, proposal.why) == (Stage.SHADOW, Why.OVER_BUDGET)
    assert proposal.false_per_week == 15
    above = [each for each in wrong if each.predicted.probability > proposal.bar]
    assert len(above) == 4


def test_few_cases_propose_nothing():
    assert rung(many(happened=19)).why is Why.TOO_FEW_CASES


def test_an_imprecise_method_falls_and_an_unproven_one_stays():
    assert rung(many(happened=5, false=20)).why is Why.PRECISION_TOO_LOW
    assert rung(many(happened=14, false=8)).why is Why.PRECISION_NOT_PROVEN
    top = [replace(each, stage=Stage.ACT) for each in many(happened=30)]
    assert rung(top).why is Why.AT_THE_TOP


def test_intervals_hold_their_value():
    for good, whole in ((0, 1), (1, 1), (3, 7), (500, 1000)):
        rate, low, high = share(good, whole)
        assert 0 <= low <= rate <= high <= 1
    for size in (1, 2, 3, 30):
        middle, low, high = median([float(n) for n in range(size)])
        assert low <= middle <= high


def met_limit(number, kind=""):
    return replace(
        incident(number, kind, by="ada"),
        kind=IncidentKind.REACTIVE,
        predicted=None,
        evidence={"method": "limit 1"},
    )


def test_limits_that_are_met_are_judged_by_verdicts_alone():
    right = [met_limit(n, "happened") for n in range(25)]
    calm = [met_limit(n) for n in range(25, 60)]
    proposal = rung([*right, *calm])
    assert (proposal.method, proposal.cases) == ("limit 1", 25)
    assert proposal.proposed is Stage.ACT
    wrong = [met_limit(n, "false") for n in range(60, 90)]
    assert rung(wrong, days=7).proposed is Stage.SHADOW


def test_a_method_that_only_seems_to_avert_is_never_promoted():
    assert rung(many(averted=60)).why is Why.TOO_FEW_CASES


# the command


@pytest.fixture
def installation(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "config.yaml").write_text("store:\n  directory: data\n")
    ledger = open_ledger(f"sqlite:///{tmp_path}/data/ledger.db", START)
    with ledger.begin() as tx:
        for each in many(happened=30, false=3):
            tx.put_incident(each)
    yield ledger
    ledger.close()


def run(monkeypatch, *arguments):
    monkeypatch.setattr(sys, "argv", ["aiops", *arguments])
    with pytest.raises(SystemExit) as left:
        cli.main()
    return left.value.code


SPAN = ("--from", "2026-01-01", "--to", "2026-04-01")


def test_the_command_writes_text_json_and_csv_beside_an_open_ledger(
    installation, monkeypatch, capsys
):
    assert run(monkeypatch, "report", "value", *SPAN) == 0
    assert "precision: 0.9091 (0.7643 to 0.9686)" in capsys.readouterr().out
    assert run(monkeypatch, "report", "value", *SPAN, "--out", "csv") == 0
    rows = list(csv.DictReader(io.StringIO(capsys.readouterr().out)))
    assert {"precision", "lead_time"} <= {row["name"] for row in rows}
    assert len(rows[0]["cases"].split()) == 33
    assert len(installation.incidents(SYSTEM)) == 33


def test_the_before_is_frozen_once_and_audited(installation, monkeypatch, capsys, tmp_path):
    past = "\n".join(f"{t.opened.isoformat()},{t.closed.isoformat()},5" for t in tickets())
    file = tmp_path / "tickets.csv"
    file.write_text(f"opened,closed,cost\n{past}\n")
    assert run(monkeypatch, "report", "before", str(file)) == 0
    assert "40 tickets frozen: 50.0 h" in capsys.readouterr().out
    assert run(monkeypatch, "report", "before", str(file)) == 2
    assert "frozen already" in capsys.readouterr().err
    assert installation.audit_rows()[0].what == "freeze before"


def test_every_wrong_row_of_past_tickets_is_told(installation, monkeypatch, capsys, tmp_path):
    file = tmp_path / "tickets.csv"
    file.write_text("opened,closed\nyesterday,2026-01-01\n2026-01-02,2026-01-01\n")
    assert run(monkeypatch, "report", "before", str(file)) == 2
    told = capsys.readouterr().err.splitlines()
    assert [line.split(":")[1] for line in told] == ["2", "3"]
