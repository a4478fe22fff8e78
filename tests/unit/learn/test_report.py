"""Services, costs, the service's judgement of itself, maturity and the moves on the ladder."""

from dataclasses import replace
from datetime import timedelta

import pytest

from aiops.contracts.collector import Inventory
from aiops.domain.answer import Answer
from aiops.domain.asset import SYSTEM, Asset, Service, Viewer
from aiops.domain.incident import (
    IncidentKind,
    Member,
    MemberSource,
    Outcome,
    OutcomeKind,
    Stage,
)
from aiops.domain.risk import Risk
from aiops.domain.run import RunReason, RunState
from aiops.learn.background import Background
from aiops.learn.before import compare, freeze_before
from aiops.learn.cost import cost_of
from aiops.learn.ladder import LadderRules, Rung, Why, metric_kind, propose
from aiops.learn.rungs import RUNGS, WATCHED, Ladder
from aiops.learn.value import read_value, value_report
from aiops.ledger.open import open_ledger
from aiops.testing.ledger import example_incident
from aiops.testing.ledger_runs import example_run
from tests.unit.learn.test_value import END, HOUR, PRICES, RULES, START, incident, many, tickets

SHOP = Service("shop", "Shop", "web", 5000.0, 0.99)
PRICED = replace(PRICES, services=(SHOP,))
TWO = {key: Asset(key, service="shop", owner="web") for key in ("a", "b")}


def risk(asset, probability):
    return Risk(asset, END, END + HOUR, timedelta(days=7), probability, 0.5, 1.0, 50.0)


def report(incidents, prices=PRICED, **background):
    return value_report(incidents, START, END, prices, RULES, None, Background(**background))


def failure(number, hours, asset="a"):
    at = START + number * 24 * HOUR
    found = replace(incident(number), kind=IncidentKind.REACTIVE, asset=asset, predicted=None)
    return replace(found, opened_at=at, closed_at=at + hours * HOUR, outcome=None, service="shop")


def test_the_risks_of_assets_roll_up_to_the_expected_loss_of_their_service():
    (row,) = report([], assets=TWO, risks=[risk("a", 0.5), risk("b", 0.5)])["services"]
    assert row["probability"] == 0.75
    assert row["expected_loss"] == 0.75 * 5000 * 4
    assert [each["asset"] for each in row["at_risk"]] == ["a", "b"]


def test_failures_use_up_the_error_budget_and_overlaps_count_once():
    down = [failure(1, 2), failure(1, 2, "b"), failure(3, 3)]
    (row,) = report(down, assets=TWO)["services"]
    assert row["down_seconds"] == 5 * 3600
    assert row["budget_seconds"] == pytest.approx(0.01 * 90 * 86400)
    assert row["budget_used"] == pytest.approx(5 / 21.6)
    assert len(row["cases"]) == 3


def test_an_asset_that_names_an_unknown_service_is_priced_by_default_and_it_says_so():
    lone = {"x": Asset("x", service="mail")}
    rows = report([], assets=lone, risks=[risk("x", 0.1)])["services"]
    assert [(r["key"], r["price_is_own"]) for r in rows] == [("mail", False), ("shop", True)]


def test_what_an_incident_costs_follows_from_how_it_ended():
    assert cost_of(replace(incident(1, "happened"), closed_at=None), PRICED) is None
    happened = incident(1, "happened")
    longer = replace(happened, closed_at=happened.closed_at + 2 * HOUR, service="shop")
    assert cost_of(longer, PRICED) == 2 * 5000
    assert cost_of(incident(1, "false"), PRICED) == 100
    assert cost_of(incident(1, "averted"), PRICED) == 0
    assert cost_of(failure(1, 3), PRICED) == 3 * 5000


def test_satisfaction_is_the_share_of_good_answers_and_needs_thirty_of_them():
    answers = [Answer(f"{n:064x}", "a", 5 if n < 29 else 1, END, "x") for n in range(30)]
    targets = compare(None, [], PRICED, answers, START, END)
    assert targets["satisfaction"]["change"] == pytest.approx(29 / 30)
    assert targets["satisfaction"]["reached"]
    few = compare(None, [], PRICED, answers[:29], START, END)["satisfaction"]
    assert few["change"] is None
    assert few["note"] == "not measurable yet: 29 of 30 answers"


def test_cost_is_held_against_tickets_that_told_theirs():
    acted = [replace(each, stage=Stage.ACT) for each in many(false=30)]
    before = freeze_before(tickets(), END)
    found = compare(before, acted, PRICED, (), START, END)["cost"]
    assert found["now"] == pytest.approx(30 * 100 / (90 / 30.44))
    assert len(found["cases"]) == 30
    silent = replace(before, cost_per_month=None)
    told = compare(silent, acted, PRICED, (), START, END)["cost"]
    assert told["change"] is None
    assert "told no cost" in told["note"]


def test_the_noisiest_method_is_named_with_the_bar_that_fits_and_its_cases():
    wrong = [incident(n, "false", probability=0.7 + n / 1000) for n in range(60)]
    found = report(wrong)["evaluation"]
    (row,) = found["noisiest"]
    assert (row["method"], row["false"], len(row["cases"])) == ("trend 1", 60, 60)
    assert found["advice"][0]["what"] == "raise_bar"
    assert found["advice"][0]["value"] == row["bar"]
    certain = [replace_probability(each, 1.0) for each in wrong]
    assert report(certain)["evaluation"]["advice"][0]["what"] == "leave_in_shadow"


def replace_probability(each, probability):
    return replace(each, predicted=replace(each.predicted, probability=probability))


def test_runbooks_that_fail_and_that_nobody_used_are_named():
    failed = replace(example_run(), state=RunState.FAILED, reason=RunReason.STEP_FAILED)
    found = report([], runs=[failed], runbooks=["free-space", "restart"])["evaluation"]
    assert found["unused_runbooks"] == ["restart"]
    assert [(a["what"], a["subject"]) for a in found["advice"]] == [
        ("mend_runbook", "free-space"),
        ("use_or_remove_runbook", "restart"),
    ]


def test_predictions_nobody_judged_ask_for_a_word():
    silent = many(averted=5)
    found = report(silent)["evaluation"]["advice"]
    assert [(a["what"], a["n"]) for a in found] == [("say_how_it_ended", 5)]


def test_maturity_names_the_first_step_that_is_not_measured_yet():
    empty = report([])["maturity"]
    assert (empty["level"], empty["next"]) == ("", "assets_watched")
    acted = [replace(each, stage=Stage.ACT, asset="a") for each in many(happened=40)]
    told = report(
        acted,
        assets=TWO,
        risks=[risk("a", 0.5), risk("b", 0.1)],
        ticketed=frozenset(each.key for each in acted),
    )["maturity"]
    assert (told["level"], told["next"]) == ("basics", "before_imported")


def test_kinds_of_metrics_pool_what_one_metric_alone_could_not_prove():
    assert metric_kind("system.network.io") == "system.network"
    found = propose(many(happened=30), LadderRules(), START, END)
    assert [(p.method, p.metric_kind, p.team) for p in found] == [("trend 1", "disk", "")]


def test_only_what_opened_since_the_last_move_counts():
    incidents = many(happened=28)
    place = ("trend 1", "disk", "")
    moved = {place: Rung(Stage.ACT, START + 20 * HOUR)}
    (proposal,) = propose(incidents, RULES, START, END, moved)
    assert (proposal.stage, proposal.cases, proposal.why) == (Stage.ACT, 8, Why.TOO_FEW_CASES)


def test_a_proven_method_moves_up_once_and_a_noisy_one_down_both_audited(tmp_path):
    ledger = open_ledger(f"sqlite:///{tmp_path}/l.db", START, durable=False)
    good = [replace(each, owner="dba") for each in many(happened=30)]
    bad = [replace(incident(100 + n, "false"), owner="web") for n in range(30)]
    with ledger.begin() as tx:
        for each in (*good, *bad):
            tx.put_incident(each)
    ladder = Ladder(ledger, RULES)
    now = START + timedelta(days=14)
    assert {(m.team, m.proposed) for m in ladder.move(now, None)} == {
        ("dba", Stage.ACT),
        ("web", Stage.SHADOW),
    }
    assert ladder.move(now + timedelta(days=1), None) == []
    assert ladder.stage_of("trend 1", "disk", "dba") is Stage.ACT
    assert ladder.stage_of("trend 1", "disk", "nobody") is None
    assert Ladder(ledger, RULES).stage_of("trend 1", "disk", "web") is Stage.SHADOW
    assert [row.what for row in ledger.audit_rows()] == ["move on ladder"] * 2
    assert ledger.note(RUNGS)["rungs"][0]["why"] == "precision_proven"
    assert ladder.move(now + 2 * WATCHED, None) == []
    ledger.close()


def test_who_sees_one_team_sees_its_services_and_no_other(tmp_path):
    ledger = open_ledger(f"sqlite:///{tmp_path}/l.db", START, durable=False)
    assets = (Asset("a", owner="web", service="shop"), Asset("m", owner="it", service="mail"))
    ledger.put_inventory("s", Inventory(assets=assets), START)
    prices = replace(PRICES, services=(SHOP, Service("mail")))
    viewer = Viewer("it", teams=frozenset({"it"}))
    found = read_value(ledger, viewer, START, END, prices, RULES)
    assert [row["key"] for row in found["services"]] == ["mail"]
    assert len(read_value(ledger, SYSTEM, START, END, prices, RULES)["services"]) == 2
    ledger.close()


def strange_ones(count, **known):
    """Incidents that one detector began, a day apart."""
    found = []
    for n in range(count):
        at = START + n * timedelta(days=1)
        one = replace(
            example_incident("db-07", n),
            kind=IncidentKind.REACTIVE,
            predicted=None,
            current=None,
            outcome=None,
            opened_at=at,
            stage=Stage.SHADOW,
            owner="dba",
            evidence={"method": "default 3"},
        )
        seed = Member(one.series, MemberSource.ANOMALY, at, at)
        found.append(replace(one, members=(seed,), **known))
    return found


def test_a_detector_stands_on_the_ladder_by_what_people_said_of_the_incidents_it_began():
    happened = Outcome(OutcomeKind.HAPPENED, START, by="ada")
    (proposal,) = propose(strange_ones(25, outcome=happened), RULES, START, END)
    assert (proposal.method, proposal.team, proposal.cases) == ("default 3", "dba", 25)
    assert proposal.proposed is Stage.SUGGEST
    false = Outcome(OutcomeKind.FALSE, START, by="ada")
    wrong = strange_ones(25, outcome=false, stage=Stage.ACT)
    (noisy,) = propose(wrong, replace(RULES, per_week=1.0), START, END)
    assert noisy.proposed is Stage.SUGGEST
    assert noisy.bar is None


def test_an_incident_on_anomalies_that_became_calm_tells_nothing_and_a_met_limit_proves_it():
    (calm,) = propose(strange_ones(25), RULES, START, END)
    assert (calm.cases, calm.proposed) == (0, Stage.SHADOW)
    series = example_incident("db-07", 0).series
    met = Member(series, MemberSource.LIMIT, START)
    proved = [replace(i, members=(*i.members, met)) for i in strange_ones(25)]
    (proposal,) = propose(proved, RULES, START, END)
    assert (proposal.cases, proposal.precision) == (25, 1.0)
