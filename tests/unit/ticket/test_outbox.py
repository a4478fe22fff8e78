"""The sender with a foreign system in process: every crash point, every doubt."""

import random
import threading
from datetime import UTC, datetime, timedelta

import pytest

from aiops.contracts.errors import Fenced, Refused, Unavailable
from aiops.domain.asset import SYSTEM
from aiops.domain.ticket import Ticket, TicketAction
from aiops.ledger import sql
from aiops.ledger.open import open_ledger
from aiops.testing.ledger import example_incident
from aiops.ticket import delivery
from aiops.ticket import outbox as outbox_module
from aiops.ticket.compose import draft
from aiops.ticket.outbox import Outbox
from aiops.ticket.settings import TicketSettings
from tests.unit.ticket.foreign import ForeignSystem, Killed, lost

NOW = datetime(2026, 1, 5, 12, tzinfo=UTC)
SECOND = timedelta(seconds=1)
MINUTE = timedelta(minutes=1)


@pytest.fixture
def url(tmp_path):
    return f"sqlite:///{tmp_path}/ledger.db"


@pytest.fixture
def ledger(url):
    ledger = open_ledger(url, NOW, durable=False)
    yield ledger
    ledger.close()


@pytest.fixture
def incident(ledger):
    with ledger.begin() as tx:
        return tx.put_incident(example_incident())


def tell(ledger, incident, action=TicketAction.OPEN, destination="rt", at=NOW):
    with ledger.begin() as tx:
        return tx.enqueue(destination, draft(incident, action), at)


def make_outbox(ledger, **systems):
    return Outbox(ledger, systems, TicketSettings(), random.Random(7))


def run(outbox, ledger, now=NOW):
    for _ in range(30):
        outbox.send_due(now)
        if not ledger.messages(states=["pending", "sending", "unknown"]):
            return
        now += 6 * MINUTE
    raise AssertionError("messages are left")


POINTS = (
    "outbox.before_send",
    "outbox.after_send",
    "outbox.after_done",
    "ledger.before_commit",
    "ledger.after_commit",
)


@pytest.mark.parametrize("point", POINTS)
@pytest.mark.parametrize("visit", [1, 2, 3])
@pytest.mark.parametrize("hidden", [0, 1])
def test_killed_at_any_point_and_restarted_there_is_exactly_one_ticket(
    url, monkeypatch, point, visit, hidden
):
    system = ForeignSystem()
    with_incident = open_ledger(url, NOW, durable=False)
    with with_incident.begin() as tx:
        incident = tx.put_incident(example_incident())
    for action in (TicketAction.OPEN, TicketAction.COMMENT):
        tell(with_incident, incident, action)
    visits = []

    def dies(name):
        if name == point:
            visits.append(name)
            if len(visits) == visit:
                system.hidden_until_looked_up = hidden
                raise Killed

    for module in (sql, delivery, outbox_module):
        monkeypatch.setattr(module, "crashpoint", dies)
    try:
        make_outbox(with_incident, rt=system).send_due(NOW)
        make_outbox(with_incident, rt=system).send_due(NOW)
    except Killed:
        pass
    with_incident.close()
    again = open_ledger(url, NOW, durable=False)
    run(make_outbox(again, rt=system), again, NOW + SECOND)
    assert [ticket.key for ticket in system.tickets] == [incident.key]
    assert [ticket.id for ticket in again.tickets(incident.key)] == ["1"]
    assert {d.action for d in system.drafts} == {TicketAction.OPEN, TicketAction.COMMENT}
    again.close()


def test_the_look_up_is_what_protects(ledger, incident, monkeypatch):
    system = ForeignSystem()
    system.answers = [lost()]
    monkeypatch.setattr(delivery, "look_up", lambda system, key: [])
    tell(ledger, incident)
    run(make_outbox(ledger, rt=system), ledger)
    assert len(system.tickets) == 2


def test_in_doubt_it_creates_only_after_a_second_look_up_past_the_settle_time(ledger, incident):
    system = ForeignSystem()
    system.refuses_before = [lost()]
    outbox = make_outbox(ledger, rt=system)
    tell(ledger, incident)
    outbox.send_due(NOW)
    first = NOW + MINUTE
    outbox.send_due(first)
    assert system.tickets == [], "the first look-up found nothing: not yet"
    outbox.send_due(first + 4 * SECOND)
    assert system.tickets == []
    outbox.send_due(first + 5 * SECOND)
    assert len(system.tickets) == 1


def test_a_retry_after_of_a_day_is_capped_at_an_hour(ledger, incident):
    system = ForeignSystem()
    system.refuses_before = [Unavailable("429", 86400.0)]
    tell(ledger, incident)
    make_outbox(ledger, rt=system).send_due(NOW)
    (waiting,) = ledger.messages(states=["unknown"])
    assert waiting.next_at - NOW == timedelta(hours=1)


def test_a_refusal_parks_at_once_and_says_why(ledger, incident):
    system = ForeignSystem()
    system.refuses_before = [Refused("400: Subject is mandatory")]
    tell(ledger, incident)
    make_outbox(ledger, rt=system).send_due(NOW)
    (parked,) = ledger.messages(states=["parked"])
    assert "Subject is mandatory" in parked.last_error
    assert "Subject is mandatory" in ledger.decisions(SYSTEM, limit=1)[0].detail


def test_after_max_age_it_is_parked_never_deleted(ledger, incident):
    system = ForeignSystem()
    system.refuses_before = [lost() for _ in range(1000)]
    outbox = make_outbox(ledger, rt=system)
    tell(ledger, incident)
    now = NOW
    while not ledger.messages(states=["parked"]) and now < NOW + timedelta(days=5):
        outbox.send_due(now)
        now += timedelta(hours=1)
    assert now - NOW > timedelta(hours=72)
    assert len(ledger.messages(states=["parked"])) == 1


def test_an_incident_that_ended_before_it_was_sent_makes_no_ticket(ledger, incident):
    system = ForeignSystem()
    tell(ledger, incident)
    tell(ledger, incident, TicketAction.RESOLVE)
    run(make_outbox(ledger, rt=system), ledger)
    assert system.tickets == []
    assert ledger.decisions(SYSTEM, limit=1)[0].reason == "already_over"
    tell(ledger, incident, TicketAction.REOPEN)
    run(make_outbox(ledger, rt=system), ledger)
    assert len(system.tickets) == 1, "reopened, it needs a ticket after all"


def test_a_second_opening_becomes_a_comment(ledger, incident):
    system = ForeignSystem()
    for action in (TicketAction.OPEN, TicketAction.COMMENT, TicketAction.OPEN):
        tell(ledger, incident, action)
    run(make_outbox(ledger, rt=system), ledger)
    assert [each.action.value for each in system.drafts] == ["open", "comment", "comment"]
    assert len(system.tickets) == 1


def test_a_comment_waits_for_the_opening_that_is_in_doubt(ledger, incident):
    system = ForeignSystem()
    system.answers = [lost()]
    outbox = make_outbox(ledger, rt=system)
    tell(ledger, incident)
    tell(ledger, incident, TicketAction.COMMENT)
    outbox.send_due(NOW)
    outbox.send_due(NOW)
    assert [each.action.value for each in system.drafts] == ["open"]
    run(outbox, ledger, NOW + MINUTE)
    assert [each.action.value for each in system.drafts] == ["open", "comment"]


def test_a_ticket_of_another_key_is_refused(ledger, incident):
    class Careless(ForeignSystem):
        def find(self, key):
            return [Ticket("", "9", "f" * 64, "new", is_open=True)]

    tell(ledger, incident)
    make_outbox(ledger, rt=Careless()).send_due(NOW)
    (parked,) = ledger.messages(states=["parked"])
    assert "not selective" in parked.last_error


def test_one_destination_that_fails_holds_no_other(ledger, incident):
    bad, good = ForeignSystem(), ForeignSystem()
    bad.refuses_before = [lost() for _ in range(100)]
    for name in ("bad", "good"):
        tell(ledger, incident, destination=name)
    make_outbox(ledger, bad=bad, good=good).send_due(NOW)
    assert (len(bad.tickets), len(good.tickets)) == (0, 1)


def test_a_pass_gives_up_after_three_unanswered_requests(ledger):
    system = ForeignSystem()
    system.refuses_before = [lost() for _ in range(10)]
    for onset in range(10):
        with ledger.begin() as tx:
            incident = tx.put_incident(example_incident(onset=onset))
        tell(ledger, incident)
    assert len(make_outbox(ledger, rt=system).send_due(NOW)) == 3


def test_passes_of_one_destination_never_overlap(ledger, incident):
    inside, release = threading.Event(), threading.Event()

    class Slow(ForeignSystem):
        def create(self, draft):
            inside.set()
            release.wait(60)
            return super().create(draft)

    system = Slow()
    outbox = make_outbox(ledger, rt=system)
    tell(ledger, incident)
    thread = threading.Thread(target=outbox.send_due, args=(NOW,))
    thread.start()
    assert inside.wait(60)
    assert outbox.send_due(NOW + MINUTE) == []
    release.set()
    thread.join(60)
    assert len(system.tickets) == 1


def test_a_leader_that_was_replaced_sends_nothing(ledger, incident):
    system = ForeignSystem()
    tell(ledger, incident)
    old = ledger.acquire_lease("a", 10 * SECOND, NOW)
    ledger.acquire_lease("b", 10 * SECOND, NOW + MINUTE)
    with pytest.raises(Fenced):
        make_outbox(ledger, rt=system).send_due(NOW + MINUTE, fence=old)
    assert system.tickets == []


def test_a_ticket_that_is_gone_is_shown_and_not_made_anew(ledger, incident):
    system = ForeignSystem()
    outbox = make_outbox(ledger, rt=system)
    tell(ledger, incident)
    run(outbox, ledger)
    system.tickets.clear()
    (change,) = outbox.sync(NOW)
    assert change.gone
    assert not change.closed
    assert ledger.tickets(incident.key)[0].status == "lost"
    assert system.tickets == []


def test_a_request_carried_out_long_after_leaves_one_open_ticket(ledger, incident):
    system = ForeignSystem()
    system.refuses_before = [lost()]
    outbox = make_outbox(ledger, rt=system)
    tell(ledger, incident)
    run(outbox, ledger)
    system.tickets.append(Ticket("", "2", incident.key, "new", is_open=True))
    (change,) = outbox.sync(NOW)
    assert [each.id for each in change.duplicates] == ["2"]
    assert [each.id for each in system.tickets if each.is_open] == ["1"]
    assert outbox.sync(NOW) == []


def test_an_adapter_that_breaks_leaves_the_message_in_doubt_and_others_go_on(ledger, incident):
    system = ForeignSystem()
    system.refuses_before = [AttributeError("a mistake in an adapter")]
    tell(ledger, incident)
    with ledger.begin() as tx:
        other = tx.put_incident(example_incident("nas"))
    tell(ledger, other)
    make_outbox(ledger, rt=system).send_due(NOW)
    (waiting,) = ledger.messages(states=["unknown"])
    assert "a mistake in an adapter" in waiting.last_error
    assert len(system.tickets) == 1
