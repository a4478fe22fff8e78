"""The adapter and the outbox against a real Request Tracker, with the network misbehaving."""

import random
import signal
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from aiops.contracts.errors import Refused, Unavailable
from aiops.contracts.secret import Secret
from aiops.domain.asset import SYSTEM
from aiops.domain.incident import IncidentState
from aiops.domain.ticket import TicketAction
from aiops.ledger.open import open_ledger
from aiops.testing.fault_proxy import Fault, FaultProxy
from aiops.testing.ledger import example_incident
from aiops.testing.ticket_system import check_ticket_system, example_draft
from aiops.ticket import delivery
from aiops.ticket.compose import draft
from aiops.ticket.outbox import Outbox
from aiops.ticket.settings import TicketSettings
from aiops.ticket.systems import request_tracker as module
from aiops.ticket.systems.request_tracker import RequestTracker, RequestTrackerSettings
from tests.integration.request_tracker import QUEUE

NOW = datetime(2026, 1, 5, 12, tzinfo=UTC)
SPOILED = {
    "answer lost": Fault.COMMIT_THEN_DROP,
    "502 after the commit": Fault.COMMIT_THEN_5XX,
    "no answer in time": Fault.COMMIT_THEN_HANG,
    "reset before it arrives": Fault.RESET_PEER,
    "202 and dropped": Fault.ANSWER_202,
    "200 and empty": Fault.EMPTY_200,
    "login page": Fault.HTML_200,
    "redirect to the login page": Fault.REDIRECT_LOGIN,
    "429": Fault.TOO_MANY_THEN_OK,
}
FRESH = iter(range(1_000_000))


def make_system(tracker, url="", timeout=60.0, **changes):
    settings = RequestTrackerSettings(
        url or tracker.url, Secret(tracker.token), QUEUE, timeout=timedelta(seconds=timeout)
    )
    return RequestTracker(replace(settings, **changes))


@pytest.fixture
def proxy(request_tracker):
    with FaultProxy("127.0.0.1", request_tracker.port) as proxy:
        yield proxy


@pytest.fixture
def ledger():
    ledger = open_ledger("sqlite://", NOW)
    yield ledger
    ledger.close()


def creates(first_line):
    return first_line.startswith("POST /REST/2.0/ticket HTTP")


def new_incident(ledger):
    incident = example_incident(onset=next(FRESH))
    with ledger.begin() as tx:
        return tx.put_incident(incident)


def tell(ledger, incident, action=TicketAction.OPEN, at=NOW):
    with ledger.begin() as tx:
        return tx.enqueue("rt", draft(incident, action, "http://aiops.test"), at)


def run(outbox, ledger, now=NOW, passes=30):
    """Passes a minute apart until nothing is left to do."""
    for _ in range(passes):
        outbox.send_due(now)
        if not ledger.messages(states=["pending", "sending", "unknown"]):
            return now
        now += timedelta(minutes=6)
    raise AssertionError(ledger.messages(states=["pending", "sending", "unknown"]))


def make_outbox(ledger, system):
    return Outbox(ledger, {"rt": system}, TicketSettings(), random.Random(7))


def test_request_tracker_keeps_the_contract_of_ticket_systems(request_tracker):
    check_ticket_system(lambda: make_system(request_tracker))


def test_an_incident_is_opened_commented_resolved_and_reopened(request_tracker, ledger):
    incident = new_incident(ledger)
    outbox = make_outbox(ledger, make_system(request_tracker))
    tell(ledger, incident)
    run(outbox, ledger)
    (ticket,) = request_tracker.tickets(incident.key)
    assert request_tracker.ticket(ticket["id"])["Priority"] in {50, "50"}
    for action, status in (
        (TicketAction.COMMENT, "new"),
        (TicketAction.RESOLVE, "resolved"),
        (TicketAction.REOPEN, "open"),
    ):
        tell(ledger, incident, action)
        run(outbox, ledger)
        assert request_tracker.ticket(ticket["id"])["Status"] == status
    assert request_tracker.comments(ticket["id"]) == 3
    assert len(request_tracker.tickets(incident.key)) == 1
    assert [each.status for each in ledger.tickets(incident.key)] == ["open"]


def with_fields(tracker):
    return make_system(
        tracker,
        category_field="Category",
        group_field="Team",
        queues={"storage": "Storage"},
        owner=True,
    )


def test_category_team_queue_and_owner_are_fields_over_there(request_tracker):
    system = with_fields(request_tracker)
    told = replace(example_draft(), category="storage full", group="storage", assignee="ada")
    ticket = system.create(told)
    there = request_tracker.ticket(ticket.id)
    assert request_tracker.field(ticket.id, "Category") == "storage full"
    assert request_tracker.field(ticket.id, "Team") == "storage"
    assert request_tracker.queue(ticket.id) == "Storage"
    assert there["Owner"]["id"] == "ada"
    assert system.find(told.key) == [system.fetch(ticket.id)]


def test_what_people_change_over_there_stays_and_what_is_told_later_is_filled_in(request_tracker):
    system = with_fields(request_tracker)
    first = replace(example_draft(), category="storage full")
    ticket = system.create(first)
    assert request_tracker.queue(ticket.id) == QUEUE
    request_tracker.change(ticket.id, {"CustomFields": {"Category": "backup"}})
    later = replace(first, action=TicketAction.COMMENT, group="dba", assignee="ada")
    system.update(ticket, later)
    assert request_tracker.field(ticket.id, "Category") == "backup"
    assert request_tracker.field(ticket.id, "Team") == "dba"
    assert request_tracker.ticket(ticket.id)["Owner"]["id"] == "ada"


def test_who_is_unknown_over_there_costs_no_ticket(request_tracker):
    told = replace(example_draft(), assignee="nobody.knows")
    ticket = with_fields(request_tracker).create(told)
    assert request_tracker.ticket(ticket.id)["Owner"]["id"] == "Nobody"


def test_an_unknown_queue_parks_the_message_and_says_why(request_tracker, ledger):
    incident = new_incident(ledger)
    tell(ledger, incident)
    outbox = make_outbox(ledger, make_system(request_tracker, queue="Nowhere"))
    outbox.send_due(NOW)
    (parked,) = ledger.messages(states=["parked"])
    assert "403" in parked.last_error
    assert ledger.decisions(SYSTEM, subject=incident.key, limit=1)[0].reason == "not_delivered"


def test_a_wrong_token_is_refused_without_showing_it(request_tracker):
    system = make_system(request_tracker, token=Secret("1-14-not-a-token-of-ours"))
    with pytest.raises(Refused) as refused:
        system.find("0" * 64)
    assert "not-a-token" not in str(refused.value)


def test_a_field_that_does_not_exist_is_never_taken_for_nothing_found(request_tracker):
    system = make_system(request_tracker, key_field="NoSuchField")
    with pytest.raises((Refused, Unavailable)):
        system.create(draft(example_incident(onset=next(FRESH)), TicketAction.OPEN))


@pytest.mark.parametrize("fault", SPOILED.values(), ids=SPOILED.keys())
def test_one_incident_gets_one_ticket_although(request_tracker, proxy, ledger, fault):
    incidents = [new_incident(ledger) for _ in range(2)]
    for incident in incidents:
        tell(ledger, incident)
    timeout = 4.0 if fault is Fault.COMMIT_THEN_HANG else 60.0
    outbox = make_outbox(ledger, make_system(request_tracker, proxy.url, timeout))
    proxy.spoil(fault, times=3, matches=creates)
    run(outbox, ledger)
    assert proxy.spoiled >= 2, "the fault must have struck"
    numbers = [len(request_tracker.tickets(incident.key)) for incident in incidents]
    assert sum(numbers) / len(incidents) == 1, numbers
    assert [len(ledger.tickets(incident.key)) for incident in incidents] == [1, 1]


def test_without_the_look_up_the_same_run_makes_duplicates(
    request_tracker, proxy, ledger, monkeypatch
):
    incident = new_incident(ledger)
    tell(ledger, incident)
    monkeypatch.setattr(delivery, "look_up", lambda system, key: [])
    outbox = make_outbox(ledger, make_system(request_tracker, proxy.url))
    proxy.spoil(Fault.COMMIT_THEN_DROP, times=1, matches=creates)
    run(outbox, ledger)
    assert len(request_tracker.tickets(incident.key)) == 2


def test_a_second_ticket_of_an_incident_is_closed_as_its_duplicate(request_tracker, ledger):
    incident = new_incident(ledger)
    system = make_system(request_tracker)
    first, second = (system.create(draft(incident, TicketAction.OPEN)) for _ in range(2))
    tell(ledger, incident)
    (sent,) = make_outbox(ledger, system).send_due(NOW)
    assert sent.ticket.id == first.id
    assert [each.id for each in sent.duplicates] == [second.id]
    assert request_tracker.ticket(second.id)["Status"] == "resolved"


def test_a_ticket_closed_over_there_is_reported_once(request_tracker, ledger):
    incident = new_incident(ledger)
    tell(ledger, incident)
    outbox = make_outbox(ledger, make_system(request_tracker))
    run(outbox, ledger)
    assert outbox.sync(NOW) == []
    (ticket,) = ledger.tickets(incident.key)
    request_tracker.set_status(ticket.id, "resolved")
    (change,) = outbox.sync(NOW)
    assert (change.incident_key, change.closed, change.gone) == (incident.key, True, False)
    assert outbox.sync(NOW) == []
    assert incident.state is IncidentState.OPEN, "closing the incident is the pipeline's part"


def test_an_own_resolve_does_not_come_back_as_foreign(request_tracker, proxy, ledger):
    incident = new_incident(ledger)
    outbox = make_outbox(ledger, make_system(request_tracker, proxy.url))
    tell(ledger, incident)
    run(outbox, ledger)
    tell(ledger, incident, TicketAction.RESOLVE)
    run(outbox, ledger)
    assert outbox.sync(NOW) == []


def test_a_look_up_that_finds_too_much_is_refused(request_tracker, monkeypatch):
    monkeypatch.setattr(module, "_MOST_TICKETS", 1)
    incident = example_incident(onset=next(FRESH))
    system = make_system(request_tracker)
    for _ in range(2):
        system.create(draft(incident, TicketAction.OPEN))
    with pytest.raises(Refused, match="not selective"):
        system.find(incident.key)


ONE_PASS = """
import sys
from datetime import datetime
from aiops.contracts.crash import arm
from aiops.contracts.secret import Secret
from aiops.ledger.open import open_ledger
from aiops.ticket.outbox import Outbox
from aiops.ticket.settings import TicketSettings
from aiops.ticket.systems import request_tracker as module
from aiops.ticket.systems.request_tracker import RequestTracker, RequestTrackerSettings

url, token, queue, ledger_url, now, points = sys.argv[1:]
ledger = open_ledger(ledger_url, datetime.fromisoformat(now))
system = RequestTracker(RequestTrackerSettings(url, Secret(token), queue))
arm(points)
Outbox(ledger, {"rt": system}, TicketSettings()).send_due(datetime.fromisoformat(now))
"""


@pytest.mark.parametrize(
    "point",
    [
        "ledger.before_commit",
        "ledger.after_commit",
        "outbox.before_send",
        "outbox.after_send",
        "ledger.before_commit:2",
        "ledger.after_commit:2",
        "outbox.after_done",
    ],
)
def test_a_process_killed_at_a_crash_point_leaves_one_ticket(request_tracker, tmp_path, point):
    ledger_url = f"sqlite:///{tmp_path}/ledger.db"
    ledger = open_ledger(ledger_url, NOW)
    incident = new_incident(ledger)
    tell(ledger, incident)
    ledger.close()
    arguments = [request_tracker.url, request_tracker.token, QUEUE, ledger_url]
    command = [sys.executable, "-c", ONE_PASS, *arguments, NOW.isoformat(), point]
    killed = subprocess.run(command, capture_output=True, timeout=240, check=False)
    assert killed.returncode == -signal.SIGKILL, killed.stderr.decode()
    again = open_ledger(ledger_url, NOW)
    run(make_outbox(again, make_system(request_tracker)), again, NOW + timedelta(minutes=1))
    assert len(request_tracker.tickets(incident.key)) == 1
    assert len(again.tickets(incident.key)) == 1
    again.close()
