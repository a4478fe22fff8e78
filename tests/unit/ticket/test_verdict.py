"""Links that give one verdict on one incident, and can do nothing else."""

from dataclasses import replace
from datetime import timedelta

import pytest

from aiops.domain.ticket import TicketAction
from aiops.testing.ledger import NOW, example_incident
from aiops.ticket.compose import draft
from aiops.ticket.verdict import VALID, VERDICTS, read_verdict, sign_verdict, verdict_links

KEY = b"k" * 32


def test_a_link_says_its_verdict_until_it_is_out_of_time():
    incident = example_incident()
    for verdict in VERDICTS:
        token = sign_verdict(KEY, incident, verdict)
        assert read_verdict(KEY, token, NOW) == (incident.key, verdict)
        assert read_verdict(KEY, token, NOW + VALID + timedelta(hours=1)) is None


@pytest.mark.parametrize(
    "change",
    [
        lambda token: token.replace(".false.", ".happened."),
        lambda token: token.replace("a", "b", 1) if "a" in token[:64] else "b" + token[1:],
        lambda token: token[:-1] + ("0" if token[-1] != "0" else "1"),
        lambda token: token + "x",
        lambda token: token.replace(".false.", ".close."),
        lambda token: ".".join([*token.split(".")[:2], "9" * 11, token.split(".")[3]]),
        lambda _token: "",
        lambda _token: "....",
        lambda _token: "é" * 90,
    ],
)
def test_a_link_that_was_changed_says_nothing(change):
    token = sign_verdict(KEY, example_incident(), "false")
    assert read_verdict(KEY, change(token), NOW) is None
    assert read_verdict(b"j" * 32, token, NOW) is None


def test_a_ticket_has_the_links_and_the_same_ones_each_time():
    links = verdict_links(KEY, "https://aiops.test/")
    incident = example_incident()
    made = draft(incident, TicketAction.OPEN, "https://aiops.test/", verdicts=links)
    for verdict in VERDICTS:
        token = sign_verdict(KEY, incident, verdict)
        assert f"https://aiops.test/verdict/{token}" in made.body
    later = replace(incident, updated_at=NOW + timedelta(days=3))
    assert draft(later, TicketAction.OPEN, "https://aiops.test/", verdicts=links) == made


def test_without_an_address_or_a_key_there_are_no_links():
    assert verdict_links(KEY, "") is None
    assert verdict_links(b"", "https://aiops.test") is None
    assert "verdict" not in draft(example_incident(), TicketAction.OPEN, "http://x").body
