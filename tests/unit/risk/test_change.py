"""What a planned change risks follows from what was measured, and says so."""

from dataclasses import replace
from datetime import UTC, datetime, time, timedelta

import pytest

from aiops.domain.asset import Asset, Edge
from aiops.domain.change import Change
from aiops.domain.forecast import Crossing
from aiops.domain.incident import Incident, IncidentKind, IncidentState, Stage
from aiops.domain.metric import Direction
from aiops.domain.series import SeriesKey
from aiops.domain.silence import MaintenancePlan, Recurrence
from aiops.risk.change import Known, Terms, affected, assess_change, chance_within

NOW = datetime(2026, 11, 24, 12, 30, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
ASSETS = {
    "db": Asset("db", service="shop"),
    "db/disk": Asset("db/disk", "volume", parent="db", service="shop"),
    "web": Asset("web", depends_on=("db",), service="shop"),
    "mail": Asset("mail"),
}
TERMS = Terms(MaintenancePlan(), {"shop": 5000.0}, 1000.0, "EUR", 4 * HOUR)


def change(at=NOW + DAY, hours=2, asset="db", **fields):
    return Change(fields.pop("id", ""), at, at + hours * HOUR, "deploy", "", asset, **fields)


def known(**fields):
    return replace(Known(ASSETS, (), (), (), (), TERMS), **fields)


def incident(at, asset="db", state=IncidentState.CLOSED, number=1):
    series = SeriesKey(asset, "x")
    return Incident(
        f"{number:064x}",
        IncidentKind.REACTIVE,
        asset,
        series,
        state,
        Stage.ACT,
        at,
        at,
        number=number,
    )


def crossing(early, asset="db/disk", probability=0.9):
    key = SeriesKey(asset, "disk")
    times = (early, early + 2 * HOUR, early + 4 * HOUR)
    return Crossing(key, NOW, 7 * DAY, 0.9, Direction.UP, probability, *times)


def test_parts_and_dependents_are_affected_and_circles_end():
    assert affected(change(), ASSETS, ()) == {"db", "db/disk", "web"}
    circle = [Edge("mail", "web"), Edge("db", "mail")]
    assert affected(change(), ASSETS, circle) == {"db", "db/disk", "web", "mail"}
    of_service = Change("", NOW, NOW, "deploy", service="shop")
    assert affected(of_service, ASSETS, ()) == {"db", "db/disk", "web"}


def test_a_quiet_asset_has_a_low_risk_and_no_loss():
    found = assess_change(change(), known(), NOW)
    assert (found["level"], found["probability"], found["expected_loss"]) == ("low", 0.0, 0.0)
    assert found["reasons"] == ["outside_maintenance"]
    assert not found["past_changes"]["measurable"]


def test_a_failure_foreseen_in_the_window_makes_it_high_and_the_safest_window_avoids_it():
    soon = crossing(NOW + DAY)
    found = assess_change(change(), known(crossings=[soon]), NOW)
    assert found["level"] == "high"
    assert "failure_foreseen" in found["reasons"]
    assert found["expected_loss"] == pytest.approx(found["probability"] * 5000 * 4)
    best = found["safest"][0]
    assert best["foreseen"] < 0.01
    assert datetime.fromisoformat(best["from"]) >= soon.late


def test_the_chance_within_a_span_follows_the_range_of_the_crossing():
    at = crossing(NOW + 10 * HOUR, probability=0.5)
    assert chance_within(at, NOW, NOW + 12 * HOUR) == pytest.approx(0.25)
    assert chance_within(at, NOW, NOW + 30 * DAY) == pytest.approx(0.5)
    assert chance_within(at, NOW + 30 * DAY, NOW + 31 * DAY) == 0.0
    assert chance_within(replace(at, early=None), NOW, NOW + DAY) == 0.0


def test_changes_that_went_wrong_before_are_counted_against_ordinary_days():
    past = [change(NOW - n * 10 * DAY, id=f"c{n}") for n in range(1, 9)]
    after = [incident(c.start + 3 * HOUR, number=n) for n, c in enumerate(past[:6], 1)]
    found = assess_change(change(), known(changes=past, incidents=after), NOW)
    record = found["past_changes"]
    assert (record["n"], record["followed"], record["share"]) == (8, 6, 0.75)
    assert record["usual"] == 0.0
    assert record["basis"] == "asset_and_kind"
    assert "changes_went_wrong" in found["reasons"]
    assert found["level"] == "high"
    calm = assess_change(change(), known(changes=past), NOW)
    assert (calm["level"], calm["past_changes"]["share"]) == ("low", 0.0)


def test_an_open_incident_makes_the_risk_at_least_medium():
    standing = incident(NOW - HOUR, "web", IncidentState.OPEN)
    found = assess_change(change(), known(incidents=[standing]), NOW)
    assert found["level"] == "medium"
    assert [i["asset"] for i in found["open_incidents"]] == ["web"]


def test_a_maintenance_window_without_other_changes_is_preferred():
    night = Recurrence("db", "UTC", (), time(1), 4 * HOUR)
    other = change(datetime(2026, 11, 25, 1, tzinfo=UTC), 5, "web", id="c9")
    terms = replace(TERMS, plan=MaintenancePlan((night,)))
    found = assess_change(change(), known(changes=[other], terms=terms), NOW)
    best = found["safest"][0]
    assert best["in_maintenance"]
    assert best["overlaps"] == 0
    assert best["from"].startswith("2026-11-26T01:00")
    clash = change(datetime(2026, 11, 25, 2, tzinfo=UTC))
    assert (
        "other_change" in assess_change(clash, known(changes=[other], terms=terms), NOW)["reasons"]
    )
