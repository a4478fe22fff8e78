"""Every registered ticket system has a contract test; the webhook's runs here."""

from dataclasses import replace
from datetime import timedelta

import pytest

from aiops import plugins
from aiops.contracts.errors import Refused, Unavailable
from aiops.contracts.secret import Secret
from aiops.testing.fault_proxy import Fault, FaultProxy
from aiops.testing.ticket_system import check_ticket_system, example_draft
from aiops.ticket.systems.request_tracker import RequestTracker, RequestTrackerSettings
from aiops.ticket.systems.webhook import Webhook, WebhookSettings
from tests.contract.ticket.receiver import SECRET, receiving

INDEFINITE = (
    Fault.REFUSE,
    Fault.RESET_PEER,
    Fault.LIMIT_DATA,
    Fault.COMMIT_THEN_DROP,
    Fault.COMMIT_THEN_5XX,
    Fault.REDIRECT_LOGIN,
    Fault.TOO_MANY_THEN_OK,
    Fault.ANSWER_202,
    Fault.EMPTY_200,
    Fault.HTML_200,
)


@pytest.fixture
def receiver():
    with receiving() as server:
        yield server


def make_webhook(port, **changes):
    url = f"http://127.0.0.1:{port}"
    settings = WebhookSettings(
        Secret(f"{url}/hook"), Secret(SECRET), f"{url}/tickets?key={{key}}", f"{url}/ticket/{{id}}"
    )
    return Webhook(replace(settings, **changes))


@pytest.mark.parametrize("look_up", [True, False])
def test_the_webhook_keeps_the_contract(receiver, look_up):
    changes = {} if look_up else {"lookup_url": ""}
    check_ticket_system(lambda: make_webhook(receiver.server_port, **changes))


def test_every_ticket_system_here_has_a_checker_that_runs():
    assert set(plugins.list_names("ticket_systems")) >= {"request_tracker", "webhook"}


@pytest.mark.parametrize("fault", INDEFINITE)
def test_no_answer_but_a_named_ticket_counts_as_done(receiver, fault):
    with FaultProxy("127.0.0.1", receiver.server_port) as proxy:
        system = make_webhook(proxy.listening)
        proxy.spoil(fault)
        with pytest.raises(Unavailable):
            system.create(example_draft())
        system.close()


def test_a_server_that_says_nothing_is_given_up_in_time(receiver):
    with FaultProxy("127.0.0.1", receiver.server_port) as proxy:
        system = make_webhook(proxy.listening, timeout=timedelta(seconds=0.2))
        proxy.spoil(Fault.HANG)
        with pytest.raises(Unavailable, match="no answer"):
            system.create(example_draft())
        system.close()


def test_the_asked_pause_is_handed_on(receiver):
    with FaultProxy("127.0.0.1", receiver.server_port) as proxy:
        system = make_webhook(proxy.listening)
        proxy.spoil(Fault.TOO_MANY_THEN_OK)
        with pytest.raises(Unavailable) as asked:
            system.create(example_draft())
        assert asked.value.retry_after == 2.0
        system.close()


def test_a_repeated_message_has_the_same_id_so_that_the_receiver_makes_one_ticket(receiver):
    system = make_webhook(receiver.server_port, lookup_url="")
    draft = example_draft()
    assert system.create(draft).id == system.create(draft).id
    assert len(receiver.state["tickets"]) == 1
    system.close()


def test_a_wrong_signature_is_a_refusal_without_the_address(receiver):
    system = make_webhook(receiver.server_port, secret=Secret("whsec_AAAA"))
    with pytest.raises(Refused) as refused:
        system.create(example_draft())
    assert "401" in str(refused.value)
    assert "127.0.0.1" not in str(refused.value)
    system.close()


def test_the_secret_address_is_not_in_a_failure(receiver):
    system = make_webhook(receiver.server_port, url=Secret("http://127.0.0.1:1/hidden-token"))
    with pytest.raises(Unavailable) as failed:
        system.create(example_draft())
    assert "hidden-token" not in str(failed.value)
    assert failed.value.__cause__ is None
    system.close()


@pytest.mark.parametrize("key", ["' OR 1=1--", "a" * 63, "A" * 64, ""])
def test_only_hex_gets_into_a_query_of_request_tracker(key):
    system = RequestTracker(RequestTrackerSettings("http://127.0.0.1:1", Secret("t"), "Q"))
    with pytest.raises(Refused, match="not an incident key"):
        system.find(key)
    system.close()
