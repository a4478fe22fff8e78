"""Anomalies join, open and close incidents, one rule per test."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from aiops.domain.anomaly import Anomaly, Shape
from aiops.domain.asset import Asset
from aiops.domain.decision import Reason
from aiops.domain.incident import IncidentKind, IncidentState, OutcomeKind, Stage
from aiops.domain.metric import Direction, Metric
from aiops.domain.series import SeriesKey
from aiops.domain.ticket import TicketAction
from aiops.incident.act import Order, PersonAction, act
from aiops.incident.book import IncidentBook
from aiops.incident.decide import decide
from aiops.incident.nearness import Nearness
from aiops.incident.open import Opening
from aiops.incident.settings import IncidentSettings
from aiops.incident.surroundings import Surroundings

NOW = datetime(2026, 1, 5, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
ASSETS = {
    a.key: a
    for a in (
        Asset("db", criticality=0.9),
        Asset("shop", depends_on=("db",)),
        Asset("pay", depends_on=("db",)),
        Asset("far"),
    )
}
OPENING = Opening(
    installation="i",
    assets=ASSETS,
    metrics={"latency": Metric("latency", "s", bad_direction=Direction.UP)},
    stage=Stage.ACT,
    window_end=0,
    evidence=lambda _crossing: {},
    default_repair_lead=timedelta(hours=4),
)


def strange(
    asset, strength=6.5, *, at=0, end=None, metric="latency", value=0.4, usual=0.1, shape="shift"
):
    return Anomaly(
        SeriesKey.of(asset, metric),
        NOW + at * MINUTE,
        None if end is None else NOW + end * MINUTE,
        strength,
        strength,
        Shape(shape),
        Direction.UP if value >= usual else Direction.DOWN,
        value,
        usual,
        "novelty 2",
    )


class Story:
    """Plays rounds of one minute and keeps what the book keeps."""

    def __init__(self, **around):
        self.book = IncidentBook(IncidentSettings())
        self.around = Surroundings(
            reach=Nearness.of(ASSETS).reach,
            cells_per_week=4 * 10_080,
            series_of=dict.fromkeys(ASSETS, 4),
            **around,
        )
        self.decisions, self.notices = [], []

    def round(self, *anomalies, minute):
        now = NOW + minute * MINUTE
        decided = decide(
            now,
            self.book.standing,
            (),
            (),
            (),
            self.book.memory,
            OPENING,
            self.book.settings,
            anomalies,
            self.book.loose,
            replace(self.around, spent=self.book.spent),
        )
        self.book.take(decided.changed.values(), decided)
        self.decisions += decided.decisions
        self.notices += [(n.action, n.reason) for n in decided.notices]
        return decided

    def person(self, action, minute):
        now = NOW + minute * MINUTE
        decided = act(self.only, Order(action, "ada"), now, self.book.memory)
        self.book.take(decided.changed.values(), decided)

    @property
    def incidents(self):
        return list(self.book.by_key.values())

    @property
    def only(self):
        (incident,) = self.incidents
        return incident

    @property
    def reasons(self):
        return [d.reason for d in self.decisions]

    def opened(self):
        self.round(strange("db", shape="spike"), minute=1)
        self.round(strange("db"), strange("shop", 5.5, at=1, shape="spike"), minute=5)
        return self


def test_related_assets_that_grow_strange_together_are_one_incident():
    incident = Story().opened().only
    assert incident.kind is IncidentKind.REACTIVE
    assert {m.series.asset for m in incident.members} == {"db", "shop"}
    assert incident.asset == "db"
    assert "with one more signal on 2 assets (shop)" in incident.sentence["en"]
    assert "涉及 2 个资产（shop）" in incident.sentence["zh"]


def test_unrelated_assets_are_not_one_incident_however_close_in_time():
    story = Story()
    for minute in (1, 2, 3, 4):
        story.round(strange("db", 5.0), strange("far", 5.0), minute=minute)
    assert not story.incidents


def test_a_late_alert_joins_and_changes_neither_key_nor_number_of_incidents():
    story = Story().opened()
    key = story.only.key
    story.round(strange("pay", 4.0, at=9), minute=10)
    assert story.only.key == key
    assert [m.series.asset for m in story.only.members] == ["db", "shop", "pay"]


def test_what_began_long_after_does_not_join():
    story = Story().opened()
    story.round(strange("pay", 4.0, at=40), minute=41)
    assert "pay" not in {m.series.asset for m in story.only.members}


def test_one_member_that_lasts_keeps_the_incident_open():
    story = Story().opened()
    story.round(strange("db", end=5), minute=6)
    story.round(minute=60)
    assert story.only.state is IncidentState.OPEN
    assert [m.series.asset for m in story.only.lasting] == ["shop"]
    story.round(strange("shop", 5.5, at=1, end=61), minute=62)
    assert story.only.is_open
    story.round(minute=80)
    assert story.only.transitions[-1].reason is Reason.ALL_CLEAR
    assert story.only.state is IncidentState.CLOSED


def test_one_signal_alone_must_be_far_stronger_and_last():
    story = Story()
    for minute in range(1, 6):
        story.round(strange("far", 5.9), minute=minute)
    assert not story.incidents
    assert Reason.TOO_WEAK in story.reasons
    story = Story()
    story.round(strange("far", 7.0, shape="spike"), minute=2)
    assert not story.incidents
    story.round(strange("far", 7.0), minute=5)
    assert story.only.asset == "far"


def test_most_of_what_a_lone_asset_measures_opens_with_less():
    story = Story()
    three = [strange("far", 5.0, metric=name) for name in ("latency", "load", "errors")]
    story.round(*three, minute=3)
    assert len(story.only.members) == 3


def test_a_deviation_too_small_to_matter_opens_nothing():
    story = Story(minimum_effect=0.05)
    story.round(strange("far", 9.0, value=0.104), minute=5)
    assert not story.incidents


def test_what_gets_better_opens_nothing():
    story = Story()
    story.round(strange("far", 9.0, value=0.01), minute=5)
    assert not story.incidents


def test_a_budget_that_is_spent_lets_only_stranger_things_through():
    story = Story(false_per_week=1)
    story.round(strange("far", 8.0), minute=3)
    story.round(strange("far", 8.0, end=4), minute=5)
    story.round(minute=30)
    assert not story.only.is_open
    story.round(strange("db", 8.0, at=100), minute=104)
    assert [i.asset for i in story.incidents] == ["far"]
    assert story.reasons[-1] is Reason.BUDGET_SPENT
    story.round(strange("db", 9.0, at=100), minute=105)
    assert [i.asset for i in story.incidents] == ["far", "db"]


def test_an_incident_that_was_right_gives_the_budget_back():
    story = Story(false_per_week=1)
    story.round(strange("far", 8.0), minute=3)
    story.person(PersonAction.HAPPENED, 4)
    story.round(strange("db", 7.5, at=10), minute=14)
    assert len(story.incidents) == 2


def test_no_budget_opens_nothing():
    story = Story(false_per_week=0)
    story.round(strange("far", 30.0), minute=3)
    assert not story.incidents


@pytest.mark.parametrize("action", [PersonAction.FALSE, PersonAction.CLOSE])
def test_what_a_person_has_answered_does_not_open_again_while_it_lasts(action):
    story = Story()
    story.round(strange("far", 8.0), minute=3)
    story.person(action, 4)
    story.round(strange("far", 9.0), minute=5)
    assert not story.only.is_open
    story.round(strange("far", 9.0, end=6), minute=7)
    story.round(strange("far", 8.5, at=9), minute=13)
    assert story.only.is_open
    assert story.only.transitions[-1].reason is Reason.RISK_RETURNED


def test_an_outcome_of_a_person_is_kept():
    story = Story().opened()
    story.person(PersonAction.FALSE, 4)
    assert story.only.outcome.kind is OutcomeKind.FALSE


def test_several_that_join_in_one_round_are_one_message():
    story = Story().opened()
    assert story.notices == [(TicketAction.OPEN, Reason.FIRST_NOTIFICATION)]
    story.round(strange("pay", 4.0, at=3), strange("pay", 4.0, at=3, metric="errors"), minute=4)
    assert story.notices[1:] == []


def test_ten_thousand_anomalies_of_one_second_lose_none():
    story = Story()
    storm = [strange(f"pump-{i}", 5.0 + i % 7) for i in range(10_000)]
    decided = story.round(*storm, minute=4)
    held = len(decided.loose) + sum(len(i.members) for i in decided.changed.values())
    assert held == 10_000
    assert len(story.incidents) < 30


def test_a_circle_in_the_topology_and_unknown_ends_are_fine():
    assets = {
        a.key: a
        for a in (Asset("a", parent="b"), Asset("b", parent="a"), Asset("c", depends_on=("?", "c")))
    }
    near = Nearness.of(assets)
    assert set(near.reach("a")) == {"a", "b"}
    assert set(near.reach("c")) == {"c", "?"}
    assert near.reach("nobody") == ("nobody",)


def test_anomalies_out_of_order_twice_and_from_the_future_make_one_incident_and_lose_none():
    story = Story()
    later, ahead = strange("db", at=2), strange("shop", 5.5, at=5)
    story.round(later, later, minute=3)
    story.round(strange("pay", 5.5, at=0), later, ahead, minute=4)  # one began before, one is ahead
    story.round(later, strange("pay", 5.5, at=0), ahead, minute=8)
    members = [m.series.asset for m in story.only.members]
    assert sorted(members) == ["db", "pay", "shop"]
    key = story.only.key
    for minute in (9, 10):
        story.round(strange("pay", 5.5, at=0), later, ahead, minute=minute)
    assert (story.only.key, len(story.only.members)) == (key, 3)


def test_what_comes_and_goes_stays_open_until_it_is_calm():
    story = Story()
    for minute in (0, 40, 80, 120):
        story.round(strange("far", 8.0, at=minute), minute=minute + 5)
        story.round(strange("far", 8.0, at=minute, end=minute + 6), minute=minute + 7)
        story.round(minute=minute + 30)
    assert story.only.is_open
    assert Reason.FLAPPING in story.reasons
    assert story.notices[-1] == (TicketAction.REOPEN, Reason.FLAPPING)
    story.round(minute=126 + 180)
    assert not story.only.is_open


def test_spikes_however_strong_open_nothing():
    story = Story()
    for minute in range(1, 9):
        story.round(strange("far", 12.0, shape="spike"), minute=minute)
    assert not story.incidents
