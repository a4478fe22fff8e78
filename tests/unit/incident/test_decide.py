"""Opening, holding and closing an incident, one rule per test."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from aiops.domain.abstention import Abstention
from aiops.domain.asset import Asset
from aiops.domain.decision import Reason
from aiops.domain.event import Failure, Maintenance
from aiops.domain.forecast import Crossing
from aiops.domain.incident import IncidentKind, IncidentState, OutcomeKind, Stage
from aiops.domain.metric import Direction, Metric
from aiops.domain.series import SeriesKey
from aiops.domain.ticket import TicketAction
from aiops.incident.act import Order, PersonAction, act
from aiops.incident.decide import decide
from aiops.incident.decided import Memory
from aiops.incident.open import Opening
from aiops.incident.settings import IncidentSettings
from aiops.incident.standing import Standing

NOW = datetime(2026, 1, 5, 12, tzinfo=UTC)
SERIES = SeriesKey("db-07/volume:/data", "system.filesystem.utilization")
OPENING = Opening(
    installation="i",
    assets={SERIES.asset: Asset(SERIES.asset, name="db-07 /data", criticality=0.9, owner="dba")},
    metrics={SERIES.metric: Metric(SERIES.metric)},
    stage=Stage.ACT,
    window_end=0,
    evidence=lambda crossing: {"limit": crossing.limit},
    default_repair_lead=timedelta(hours=4),
)
SETTINGS = IncidentSettings()


def crossing(probability=0.9, *, now=NOW, hours=(10, 20, 30), value=0.8, abstained=None):
    if abstained is not None:
        times, probability = (None, None, None), None
    else:
        times = tuple(now + timedelta(hours=h) for h in hours)
    return Crossing(
        SERIES,
        now,
        timedelta(days=7),
        1.0,
        Direction.UP,
        probability,
        *times,
        abstained=abstained or Abstention.NONE,
        method="trend 1",
        value=value,
        growth=0.2 / 72000,
    )


class Story:
    """Plays rounds one after another and keeps what a ledger would keep."""

    def __init__(self, **settings):
        self.settings = replace(SETTINGS, **settings)
        self.memory = Memory()
        self.incidents = {}
        self.now = NOW
        self.notices = []
        self.evidence = {"limit": 1.0}

    def round(self, *crossings, after=timedelta(hours=1), failures=(), repairs=()):
        self.now += after
        moved = [replace(c, origin=self.now) for c in crossings]
        decided = decide(
            self.now,
            Standing.of(self.incidents.values()),
            moved,
            failures,
            repairs,
            self.memory,
            replace(
                OPENING,
                window_end=int(self.now.timestamp()),
                evidence=lambda _crossing: self.evidence,
            ),
            self.settings,
        )
        self.memory = decided.memory
        self.incidents |= decided.changed
        self.notices += [(n.action, n.reason) for n in decided.notices]
        self.last = decided
        return decided

    @property
    def only(self):
        (incident,) = self.incidents.values()
        return incident

    def opened(self):
        self.round(crossing())
        self.round(crossing())
        return self


def test_a_crossing_opens_only_when_it_is_likely_twice_in_a_row():
    story = Story()
    assert story.round(crossing()).decisions[0].reason is Reason.NOT_SUSTAINED
    story.round(crossing(0.5))
    story.round(crossing())
    assert not story.incidents
    story.round(crossing())
    assert story.only.kind is IncidentKind.PREDICTIVE
    assert story.notices == [(TicketAction.OPEN, Reason.FIRST_NOTIFICATION)]


def test_the_sentence_names_asset_limit_range_and_probability_in_both_languages():
    incident = Story().opened().only
    english = "db-07 /data: disk space used will reach its limit of 100 % between Mon 5 Jan 22:00"
    assert incident.sentence["en"].startswith(english)
    assert "90 % within 7 d" in incident.sentence["en"]
    assert "概率 90 %" in incident.sentence["zh"]
    assert incident.predicted.latest_safe_start == incident.predicted.early - timedelta(hours=4)


def test_a_repeated_risk_updates_the_open_incident_and_never_its_frozen_prediction():
    story = Story().opened()
    first = story.only
    story.round(crossing(0.95))
    assert story.only.current.probability == 0.95
    assert story.only.predicted == first.predicted
    assert story.only.evidence == first.evidence
    assert len(story.notices) == 1


def test_a_prediction_that_comes_a_quarter_sooner_is_told():
    story = Story().opened()
    story.round(crossing(hours=(4, 6, 8)))
    assert story.notices[-1] == (TicketAction.COMMENT, Reason.PREDICTION_CHANGED)


def test_space_that_is_freed_closes_the_incident_as_averted():
    story = Story().opened()
    gone = crossing(abstained=Abstention.NO_TREND, value=0.1)
    assert story.round(gone).decisions[0].reason is Reason.RISK_FALLING
    story.round(gone)
    assert story.only.state is IncidentState.CLOSED
    assert story.only.outcome.kind is OutcomeKind.AVERTED
    assert story.notices[-1] == (TicketAction.RESOLVE, Reason.RISK_GONE)


def test_a_trend_that_just_ends_was_a_false_alarm():
    story = Story().opened()
    for _ in range(2):
        story.round(crossing(0.1, value=0.82))
    assert story.only.outcome.kind is OutcomeKind.FALSE


def test_a_risk_between_the_two_bars_holds_the_incident_open():
    story = Story().opened()
    for _ in range(5):
        story.round(crossing(0.5))
    assert story.only.is_open


def test_data_that_is_too_bad_neither_closes_nor_changes_an_incident():
    story = Story().opened()
    before = story.only
    for _ in range(5):
        story.round(crossing(abstained=Abstention.GAPPY_HISTORY))
    assert story.only == before
    assert story.last.decisions[0].reason is Reason.ABSTAINED


def test_a_risk_that_returns_soon_reopens_and_does_not_create():
    story = Story(reopen_within=timedelta(hours=3)).opened()
    for _ in range(2):
        story.round(crossing(abstained=Abstention.NO_TREND, value=0.1))
    for _ in range(2):
        story.round(crossing())
    assert story.only.is_open
    assert story.notices[-1] == (TicketAction.REOPEN, Reason.RISK_RETURNED)


def test_a_limit_that_is_met_makes_the_prediction_happened():
    story = Story().opened()
    story.round(crossing(abstained=Abstention.ALREADY_OVER, value=1.0))
    assert story.only.outcome.kind is OutcomeKind.HAPPENED
    assert story.only.is_open
    story.round(crossing(abstained=Abstention.ALREADY_OVER, value=1.0))
    assert [action for action, _ in story.notices] == [TicketAction.OPEN, TicketAction.COMMENT]


def test_a_limit_met_without_warning_opens_a_reactive_incident():
    story = Story()
    story.round(crossing(abstained=Abstention.ALREADY_OVER, value=1.0))
    assert story.only.kind is IncidentKind.REACTIVE
    assert story.only.predicted is None
    assert "is at 100 %" in story.only.sentence["en"]


def test_a_range_that_passes_without_failure_expires():
    story = Story().opened()
    story.round(after=timedelta(hours=60))
    assert story.only.outcome.kind is OutcomeKind.EXPIRED
    assert not story.only.is_open


def test_a_repair_inside_the_range_averts_and_a_reported_failure_is_counted():
    averted = Story().opened()
    averted.round(repairs=[Maintenance(SERIES.asset, NOW, NOW, "repair")])
    assert averted.only.outcome.kind is OutcomeKind.AVERTED
    happened = Story().opened()
    happened.round(failures=[Failure(SERIES.asset, NOW, "crash")])
    assert happened.only.outcome.kind is OutcomeKind.HAPPENED


@pytest.mark.parametrize("rounds", [2, 7])
def test_the_same_rounds_give_the_same_key_and_another_installation_another(rounds):
    keys = set()
    for _ in range(2):
        story = Story()
        for _ in range(rounds):
            story.round(crossing())
        keys.add(story.only.key)
    assert len(keys) == 1


def judged(story, action):
    done = act(story.only, Order(action, "ada"), story.now, story.memory)
    story.memory = done.memory
    story.incidents |= done.changed


@pytest.mark.parametrize("action", ["close", "false", "new_normal"])
def test_a_risk_that_a_person_has_answered_does_not_open_again_while_it_lasts(action):
    story = Story(reopen_within=timedelta(hours=3)).opened()
    judged(story, PersonAction(action))
    for _ in range(5):
        story.round(crossing())
    assert not story.only.is_open
    assert story.last.decisions[0].reason is Reason.ANSWERED
    story.round(crossing(abstained=Abstention.GAPPY_HISTORY))
    story.round(crossing())
    assert story.last.decisions[0].reason is Reason.ANSWERED


def test_an_answered_risk_that_went_away_may_open_anew():
    story = Story().opened()
    judged(story, PersonAction.FALSE)
    story.round(crossing(0.1))
    for _ in range(2):
        story.round(crossing())
    assert [i.is_open for i in story.incidents.values()] == [False, True]


def test_a_repair_that_did_not_help_opens_again_at_once():
    story = Story().opened()
    judged(story, PersonAction.AVERTED)
    for _ in range(2):
        story.round(crossing())
    assert [i.is_open for i in story.incidents.values()] == [False, True]


def test_an_answered_risk_whose_limit_is_met_opens():
    story = Story().opened()
    judged(story, PersonAction.FALSE)
    story.round(crossing(abstained=Abstention.ALREADY_OVER, value=1.0))
    assert [i.kind for i in story.incidents.values()][-1] is IncidentKind.REACTIVE


def test_flapping_around_a_limit_reopens_one_incident_and_creates_no_second():
    story = Story(reopen_within=timedelta(hours=3))
    for _ in range(20):
        story.round(crossing(abstained=Abstention.ALREADY_OVER, value=1.0))
        for _ in range(2):
            story.round(crossing(abstained=Abstention.NO_TREND, value=0.94))
    assert len(story.incidents) == 1
    assert story.notices[:3] == [
        (TicketAction.OPEN, Reason.FIRST_NOTIFICATION),
        (TicketAction.RESOLVE, Reason.RISK_GONE),
        (TicketAction.REOPEN, Reason.RISK_RETURNED),
    ]


def test_a_fall_that_the_history_has_shown_before_was_averted_by_nobody():
    story = Story()
    story.evidence = {"history": {"t": [], "v": [0.3, 0.8, None, 0.1, 0.8]}}
    story.opened()
    gone = crossing(abstained=Abstention.NO_TREND, value=0.1)
    for _ in range(2):
        story.round(gone)
    assert story.only.outcome.kind is OutcomeKind.FALSE
    assert story.only.outcome.note.endswith("as it had before")


def test_a_verdict_on_an_incident_of_long_ago_keeps_it_closed_and_the_next_risk_is_a_new_one():
    story = Story().opened()
    judged(story, PersonAction.CLOSE)
    old = story.only.key
    story.now += timedelta(days=90)
    story.memory = Memory()
    judged(story, PersonAction.AVERTED)
    for _ in range(2):
        story.round(crossing(now=story.now), after=timedelta(minutes=5))
    assert story.incidents[old].outcome.by == "ada"
    assert not story.incidents[old].is_open
    assert len(story.incidents) == 2


def test_a_risk_that_outlives_its_range_is_predicted_anew_and_does_not_flap():
    story = Story().opened()
    for _ in range(6 * 24 * 4):
        story.round(crossing(now=story.now), after=timedelta(minutes=10))
    told = [(action, reason) for action, reason in story.notices if action is not TicketAction.OPEN]
    assert told == [(TicketAction.RESOLVE, Reason.PREDICTION_EXPIRED)]
    assert len(story.incidents) == 2


def test_a_repair_is_checked_and_it_is_said_whether_it_worked():
    story = Story().opened()
    repair = Maintenance(SERIES.asset, story.now, story.now, "repair")
    story.round(repairs=[repair])
    assert story.only.transitions[-1].reason is Reason.REPAIRED
    story.round(after=timedelta(hours=25))
    assert story.last.decisions[-1].reason is Reason.REPAIR_WORKED
    story = Story().opened()
    story.round(repairs=[replace(repair, start=story.now, end=story.now)])
    story.round(crossing(), after=timedelta(hours=2))
    assert Reason.REPAIR_FAILED in {d.reason for d in story.last.decisions}
    story.round(after=timedelta(hours=30))
    assert Reason.REPAIR_WORKED not in {d.reason for d in story.last.decisions}
