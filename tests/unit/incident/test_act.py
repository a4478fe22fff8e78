"""What people order: assign, comment, merge, split, reopen."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from aiops.contracts.errors import Refused
from aiops.domain.decision import Reason
from aiops.domain.incident import (
    Incident,
    IncidentKind,
    IncidentState,
    Member,
    MemberSource,
    OutcomeKind,
    Stage,
    incident_key,
)
from aiops.domain.series import SeriesKey
from aiops.domain.ticket import TicketAction
from aiops.incident.act import Order, PersonAction, act
from aiops.incident.decided import Memory, answered_anomaly

NOW = datetime(2026, 1, 5, 12, tzinfo=UTC)


def member(asset, minute=0):
    at = NOW + timedelta(minutes=minute)
    return Member(SeriesKey.of(asset, "latency"), MemberSource.ANOMALY, at, strength=6.0)


def incident(asset="db", *others, number=1, hour=0):
    members = tuple(member(name, place) for place, name in enumerate((asset, *others)))
    at = NOW + timedelta(hours=hour)
    return Incident(
        incident_key("i", asset, "latency", number),
        IncidentKind.REACTIVE,
        asset,
        members[0].series,
        IncidentState.OPEN,
        Stage.ACT,
        at,
        at,
        number=number,
        members=members,
    )


def order(action, **given):
    return Order(action, "ada", **given)


def done(start, action, memory=None, **given):
    decided = act(start, order(action, **given), NOW, memory or Memory(), "i")
    return decided, next(iter(decided.changed.values()))


def test_an_incident_is_assigned_and_stays_as_it_is():
    acknowledged = replace(incident(), state=IncidentState.ACKNOWLEDGED)
    decided, changed = done(acknowledged, PersonAction.ASSIGN, assignee=" bob ")
    assert (changed.assignee, changed.state) == ("bob", IncidentState.ACKNOWLEDGED)
    assert changed.transitions[-1].note == "to bob"
    assert [n.action for n in decided.notices] == [TicketAction.COMMENT]


def test_a_comment_is_kept_also_after_the_end_but_told_to_nobody_then():
    closed = replace(incident(), state=IncidentState.CLOSED, closed_at=NOW)
    decided, changed = done(closed, PersonAction.COMMENT, note="it was the fan")
    assert changed.transitions[-1].note == "it was the fan"
    assert changed.closed_at == NOW
    assert not decided.notices


def test_the_oldest_of_two_merged_is_kept_whichever_was_asked():
    old, young = incident("db", number=1), incident("shop", "pay", number=2, hour=1)
    for one, other in ((old, young), (young, old)):
        decided, first = done(one, PersonAction.MERGE, other=other)
        assert first.key == one.key
        kept, gone = decided.changed[old.key], decided.changed[young.key]
        assert [m.series.asset for m in kept.members] == ["db", "shop", "pay"]
        assert kept.is_open
        assert (gone.state, gone.merged_into) == (IncidentState.CLOSED, old.key)
        assert gone.transitions[-1].reason is Reason.MERGED
        told = {n.incident.key: n.action for n in decided.notices}
        assert told == {old.key: TicketAction.COMMENT, young.key: TicketAction.RESOLVE}


def test_members_that_leave_get_an_incident_with_a_key_of_its_own():
    start = incident("db", "shop", "pay")
    decided, rest = done(
        start, PersonAction.SPLIT, series=frozenset({"shop latency", "pay latency"})
    )
    (own,) = [i for i in decided.changed.values() if i.key != start.key]
    assert rest.key == start.key
    assert [m.series.asset for m in rest.members] == ["db"]
    assert [m.series.asset for m in own.members] == ["shop", "pay"]
    assert own.asset == "shop"
    assert own.number == 0
    assert own.is_open
    assert TicketAction.OPEN in {n.action for n in decided.notices}


def test_reopening_forgets_the_outcome_and_the_answer():
    closed = replace(incident(), state=IncidentState.OPEN)
    decided, judged = done(closed, PersonAction.FALSE)
    assert answered_anomaly(judged.series) in decided.memory.streak
    decided, again = done(judged, PersonAction.REOPEN, decided.memory)
    assert again.is_open
    assert again.outcome is None
    assert again.closed_at is None
    assert not any(decided.memory.streak.values())
    assert [n.action for n in decided.notices] == [TicketAction.REOPEN]


OTHER = incident("x", number=2)


@pytest.mark.parametrize(
    ("action", "given"),
    [
        (PersonAction.ASSIGN, {"assignee": "  "}),
        (PersonAction.COMMENT, {"note": ""}),
        (PersonAction.PLAN, {}),
        (PersonAction.REOPEN, {}),
        (PersonAction.MERGE, {}),
        (PersonAction.MERGE, {"other": incident()}),
        (
            PersonAction.MERGE,
            {"other": replace(incident("x", number=2), state=IncidentState.CLOSED)},
        ),
        (
            PersonAction.MERGE,
            {"other": replace(incident("x", number=2), kind=IncidentKind.PREDICTIVE)},
        ),
        (PersonAction.SPLIT, {"series": frozenset()}),
        (PersonAction.SPLIT, {"series": frozenset({"db latency"})}),
        (PersonAction.SPLIT, {"series": frozenset({"shop latency", "nobody latency"})}),
    ],
)
def test_what_cannot_be_done_is_refused_in_words(action, given):
    with pytest.raises(Refused, match="INC-1"):
        done(incident("db", "shop"), action, **given)


@pytest.mark.parametrize("action", [PersonAction.ASSIGN, PersonAction.MERGE, PersonAction.CLOSE])
def test_a_closed_incident_takes_only_verdicts_comments_and_a_reopening(action):
    closed = replace(incident(), state=IncidentState.CLOSED)
    with pytest.raises(Refused):
        done(closed, action, assignee="bob", other=incident("x", number=2))


def test_a_verdict_after_the_end_changes_the_outcome_only():
    closed = replace(incident(), state=IncidentState.CLOSED, closed_at=NOW)
    _, judged = done(closed, PersonAction.HAPPENED)
    assert judged.outcome.kind is OutcomeKind.HAPPENED
    assert (judged.state, judged.closed_at) == (IncidentState.CLOSED, NOW)
