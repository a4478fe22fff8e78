"""Storms: the cap, the group of each site, and its end."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from aiops.domain.asset import SYSTEM, Asset
from aiops.domain.decision import Reason
from aiops.domain.incident import Incident, IncidentKind, IncidentState, Stage
from aiops.domain.series import SeriesKey
from aiops.domain.silence import Silence
from aiops.domain.ticket import TicketAction
from aiops.incident.decided import Notice
from aiops.ledger.open import open_ledger
from aiops.ticket.compose import draft
from aiops.ticket.dispatch import STORM, Outgoing
from aiops.ticket.silences import SILENCES, Hush
from aiops.ticket.storm import Storm, admit, from_note, group_draft, join, to_note

NOW = datetime(2026, 1, 5, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def incident(number, *, priority=3, site="a"):
    asset = f"{site}-{number:03d}"
    return Incident(
        f"{number:064x}",
        IncidentKind.REACTIVE,
        asset,
        SeriesKey(asset, "disk"),
        IncidentState.OPEN,
        Stage.ACT,
        NOW,
        NOW,
        priority=priority,
        sentence={"en": f"{asset}: disk is full"},
    )


class Desk:
    """Outgoing over a real ledger."""

    def __init__(self, most=3):
        self.ledger = open_ledger("sqlite://", NOW)
        self.outgoing = Outgoing(("desk",), draft, most, "i")
        self.now = NOW

    def send(self, *notices, after=timedelta(0)):
        self.now += after
        hush = Hush.read(self.ledger.note(SILENCES))
        storm = self.ledger.note(STORM)
        with self.ledger.begin() as tx:
            stored = [(tx.put_incident(n.incident), n) for n in notices]
            assets = {i.asset: Asset(i.asset, site=i.asset[0]) for i, _ in stored}
            outgoing = replace(self.outgoing, assets=assets)
            decisions, _ = outgoing.send(tx, stored, storm, hush, self.now)
            tx.put_decisions(decisions)
        return [(d.action, d.reason) for d in decisions]

    def sent(self):
        rows = self.ledger.messages(states=["pending"], limit=10_000)
        return [(m.incident_key, m.draft) for m in rows]


@pytest.fixture
def desk():
    held = Desk()
    yield held
    held.ledger.close()


def opening(*incidents):
    return [Notice(each, TicketAction.OPEN, Reason.FIRST_NOTIFICATION) for each in incidents]


def test_the_most_urgent_get_their_own_ticket_and_the_rest_share_one_per_site(desk):
    many = [incident(n, site="ab"[n % 2], priority=1 if n in (7, 8) else 3) for n in range(20)]
    told = desk.send(*opening(*many))
    assert told.count(("send", Reason.FIRST_NOTIFICATION)) == 3
    assert told.count(("withhold", Reason.GROUPED_IN_STORM)) == 17
    keys = {key for key, _ in desk.sent()}
    assert {many[7].key, many[8].key} < keys
    groups = [d for key, d in desk.sent() if key not in {i.key for i in many}]
    assert sorted(d.subject.split(" incidents")[0] for d in groups) == ["a: 8", "b: 9"]
    listed = "\n".join(d.body for d in groups)
    alone = keys & {i.key for i in many}
    assert all((i.asset in listed) is (i.key not in alone) for i in many)
    assert len(desk.ledger.incidents(SYSTEM)) == 20


def test_five_hundred_at_once_are_all_on_the_list():
    group = None
    storm = Storm()
    for number in range(500):
        storm, group, _ = join(storm, incident(number), "a", "i", NOW)
    body = group_draft(group, TicketAction.OPEN).body
    assert len(body) < 16_000
    assert all(f"a-{number:03d}" in body for number in range(500))


def test_ten_thousand_of_one_second_share_one_ticket_for_each_site_that_lists_them_all():
    many = [incident(n, site="ab"[n % 2]) for n in range(10_000)]
    storm, alone, grouped = admit(Storm(), many, 10, NOW)
    for each in grouped:
        storm, _, _ = join(storm, each, each.asset[0], "i", NOW)
    assert len(alone) == 10
    assert sorted(group.site for group in storm.groups.values()) == ["a", "b"]
    listed = {key for group in storm.groups.values() for key in group.members}
    assert listed | {i.key for i in alone} == {i.key for i in many}
    for group in storm.groups.values():
        assert group_draft(group, TicketAction.OPEN).body.count("\n") >= len(group.members)


def test_the_cap_is_free_again_after_ten_minutes():
    storm, alone, grouped = admit(Storm(), [incident(1), incident(2)], 1, NOW)
    assert (len(alone), len(grouped)) == (1, 1)
    storm, alone, _ = admit(storm, [incident(3)], 1, NOW + 9 * MINUTE)
    assert alone == []
    _, alone, _ = admit(storm, [incident(4)], 1, NOW + 10 * MINUTE)
    assert len(alone) == 1


def test_the_shared_ticket_is_resolved_when_the_last_of_its_incidents_is_closed(desk):
    many = [incident(n) for n in range(6)]
    desk.send(*opening(*many))
    (group,) = [key for key, _ in desk.sent() if key not in {i.key for i in many}]

    def close(each):
        closed = replace(each, state=IncidentState.CLOSED, closed_at=desk.now)
        return Notice(closed, TicketAction.RESOLVE, Reason.RISK_GONE)

    for each in many[:5]:
        desk.send(close(each), after=MINUTE)
    assert [d.action for k, d in desk.sent() if k == group] == [TicketAction.OPEN]
    desk.send(close(many[5]), after=MINUTE)
    assert [d.action for k, d in desk.sent() if k == group][-1] is TicketAction.RESOLVE
    desk.send(Notice(many[5], TicketAction.REOPEN, Reason.RISK_RETURNED), after=MINUTE)
    assert [d.action for k, d in desk.sent() if k == group][-1] is TicketAction.REOPEN


def test_a_later_wave_joins_the_group_as_a_comment(desk):
    desk.send(*opening(*(incident(n) for n in range(6))))
    desk.send(*opening(*(incident(n) for n in range(6, 9))), after=MINUTE)
    groups = [d for _, d in desk.sent() if "at once" in d.subject]
    assert [d.action for d in groups] == [TicketAction.OPEN, TicketAction.COMMENT]
    assert groups[-1].subject == "a: 6 incidents at once"


def test_a_storm_survives_a_restart_as_plain_values(desk):
    desk.send(*opening(*(incident(n) for n in range(6))))
    storm = from_note(desk.ledger.note(STORM))
    assert from_note(to_note(storm)) == storm
    assert len(storm.sent) == 3


def test_shadow_incidents_take_no_room_in_the_cap(desk):
    shadows = [replace(incident(n), stage=Stage.SHADOW) for n in range(50)]
    told = desk.send(*opening(*shadows, incident(60)))
    assert told.count(("withhold", Reason.STAGE_SHADOW)) == 50
    assert told.count(("send", Reason.FIRST_NOTIFICATION)) == 1


def _silence(desk, until, match="a-*"):
    silence = Silence("s1", match, until, "planned test", "ada", NOW)
    hush = Hush.read(desk.ledger.note(SILENCES)).add(silence, NOW)
    with desk.ledger.begin() as tx:
        hush.put(tx)


def test_a_silence_withholds_with_its_reason_and_remembers_who_has_to_be_told(desk):
    _silence(desk, NOW + MINUTE)
    told = desk.send(*opening(incident(1), incident(2, site="b")))
    assert told == [
        ("withhold", Reason.SILENCED),
        ("send", Reason.FIRST_NOTIFICATION),
    ]
    assert Hush.read(desk.ledger.note(SILENCES)).waiting == {incident(1).key}
    (decision, *_) = desk.ledger.decisions(SYSTEM, subject=incident(1).key, limit=1)
    assert decision.detail == "open not sent: planned test (ada, until 2026-01-05 12:01)"


def test_what_closes_in_its_silence_was_never_told(desk):
    _silence(desk, NOW + MINUTE)
    desk.send(*opening(incident(1)))
    closed = replace(incident(1), state=IncidentState.CLOSED)
    told = desk.send(Notice(closed, TicketAction.RESOLVE, Reason.RISK_GONE), after=2 * MINUTE)
    assert told == [("withhold", Reason.SILENCED)]
    assert Hush.read(desk.ledger.note(SILENCES)).waiting == frozenset()
    assert desk.sent() == []


def test_an_update_in_a_silence_makes_nobody_wait_who_knows_already(desk):
    desk.send(*opening(incident(1)))
    _silence(desk, NOW + MINUTE)
    told = desk.send(Notice(incident(1), TicketAction.COMMENT, Reason.PREDICTION_CHANGED))
    assert told == [("withhold", Reason.SILENCED)]
    assert Hush.read(desk.ledger.note(SILENCES)).waiting == frozenset()


def test_a_silence_that_does_not_exist_cannot_be_ended():
    with pytest.raises(KeyError):
        Hush().end("none")
