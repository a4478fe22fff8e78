"""What a new incident gets at the door: its category, and somebody on shift."""

from dataclasses import replace
from datetime import UTC, datetime, time, timedelta

import numpy as np
import pytest

from aiops.contracts.dispatcher import Assignment
from aiops.domain.asset import Asset
from aiops.domain.silence import Recurrence
from aiops.incident.act import Order, PersonAction, act
from aiops.incident.category import Classifier
from aiops.incident.decided import Memory
from aiops.incident.roster import NobodyOnShift, OnShift, Roster, Shift
from aiops.incident.settings import CategoryRule
from aiops.incident.team import Teams
from aiops.incident.triage import Triage
from tests.unit.incident.test_team import asset_of, incident

DISK = "system.filesystem.utilization"
MONDAY = datetime(2026, 1, 5, 3, tzinfo=UTC)  # 11:00 in Shanghai


class Model:
    """A model that always gives one label."""

    labels = ("facilities",)

    def __init__(self, abstains=False):
        self.abstains = abstains

    def assign(self, tickets, min_precision=None):
        one = ("facilities",)
        return Assignment(one, ("",), ("",), np.array([0.97]), np.array([self.abstains]))


@pytest.mark.parametrize(
    ("classifier", "category", "by"),
    [
        (Classifier(), "storage", "metric"),
        (Classifier(model=Model()), "facilities", "model"),
        (Classifier(model=Model(abstains=True)), "storage", "metric"),
        (Classifier((CategoryRule("san", "system.*", "d*"),), Model()), "san", "rule"),
        (Classifier((CategoryRule("san", "system.*", "host"),)), "storage", "metric"),
    ],
)
def test_a_rule_goes_before_the_model_and_the_model_before_what_is_measured(
    classifier, category, by
):
    told = classifier.classify(incident("db-1", DISK), asset_of("db-1"))
    assert told.evidence["category"] == category
    assert told.evidence["classified"]["by"] == by


def test_without_a_telling_metric_the_kind_of_asset_tells_and_else_nothing_does():
    told = Classifier().classify(incident("if-1", "zz"), Asset("if-1", kind="interface"))
    assert (told.evidence["category"], told.evidence["classified"]["by"]) == ("network", "kind")
    assert "category" not in Classifier().classify(incident("q", "zz"), Asset("q")).evidence


def shift(*people, start=8, hours=9, zone="Asia/Shanghai", group="", days=()):
    at = Recurrence("", zone, days, time(start), timedelta(hours=hours))
    return Shift("dba", at, people, group)


def test_the_one_on_shift_with_the_fewest_open_incidents_gets_it():
    roster = Roster((shift("ada", "bo"), shift("cy", start=20)))
    found = roster.on_shift("dba", {"ada": 2, "bo": 1}, MONDAY)
    assert isinstance(found, OnShift)
    assert (found.who, dict(found.load)) == ("bo", {"ada": 2, "bo": 1})
    assert found.until == datetime(2026, 1, 5, 9, tzinfo=UTC)  # 17:00 in Shanghai


def test_a_shift_follows_the_clock_of_its_zone_and_hands_over_to_the_next_group():
    roster = Roster((shift(group="emea", zone="Europe/Berlin"), shift(group="apac")))
    assert roster.on_shift("dba", {}, MONDAY).who == "apac"
    assert roster.on_shift("dba", {}, MONDAY + timedelta(hours=8)).who == "emea"


def test_nobody_on_shift_says_when_somebody_is():
    roster = Roster((shift("ada", days=("wed",)),))
    found = roster.on_shift("dba", {}, MONDAY)
    assert found == NobodyOnShift(datetime(2026, 1, 7, tzinfo=UTC), "Asia/Shanghai")
    assert roster.on_shift("web", {}, MONDAY) is None


def test_incidents_of_one_round_are_shared_out_and_each_says_why():
    triage = Triage(roster=Roster((shift("ada", "bo"),)))
    busy = incident("db-1", "x", 1, assignee="ada")
    fresh = [incident(f"db-{n}", DISK, n, owner="dba") for n in range(3, 6)]
    told, decisions = triage.take_in(fresh, [busy], [], asset_of, MONDAY)
    assert [i.assignee for i in told] == ["bo", "ada", "bo"]
    assert [d.reason for d in decisions] == ["on_shift"] * 3
    assert "to bo, on shift until 2026-01-05 17:00 Asia/Shanghai" in decisions[0].words("en")
    assert "值班至 2026-01-05 17:00 Asia/Shanghai" in decisions[0].words("zh")


def test_at_night_the_team_keeps_it_and_the_trace_says_that_nobody_is_there():
    triage = Triage(roster=Roster((shift("ada"),)))
    night = MONDAY + timedelta(hours=12)
    fresh = [replace(incident("db-3", DISK), owner="dba")]
    (told,), (decision,) = triage.take_in(fresh, [], [], asset_of, night)
    assert (told.assignee, told.owner) == ("", "dba")
    assert decision.words("en") == (
        "nobody of dba is on shift; the next one begins 2026-01-06 08:00 Asia/Shanghai"
    )


def test_whoever_takes_it_has_it_but_not_from_somebody_a_person_named():
    given = replace(
        incident("db-3", DISK, owner="dba", assignee="ada"), evidence={"shift": {"who": "ada"}}
    )
    taken = act(given, Order(PersonAction.ACKNOWLEDGE, "bo"), MONDAY, Memory())
    assert taken.changed[given.key].assignee == "bo"
    named = replace(given, assignee="cy")
    kept = act(named, Order(PersonAction.ACKNOWLEDGE, "bo"), MONDAY, Memory())
    assert kept.changed[given.key].assignee == "cy"


def test_what_a_model_must_keep_is_what_is_set():
    asked = []

    class Curious(Model):
        def assign(self, tickets, min_precision=None):
            asked.append(min_precision)
            return super().assign(tickets, min_precision)

    Classifier(model=Curious(), precision=0.8).classify(incident("db-1", DISK), asset_of("db-1"))
    Teams(Curious(), 0.7).assign(incident("db-1", DISK), asset_of("db-1"))
    assert asked == [0.8, 0.7]
