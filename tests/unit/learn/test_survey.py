"""A closing ticket carries one signed question; its link says nothing else and not for ever."""

import re
from dataclasses import replace
from datetime import timedelta

import pytest

from aiops.assemble import composer
from aiops.config import parse
from aiops.contracts.errors import Refused
from aiops.domain.ticket import TicketAction
from aiops.learn.survey import VALID, read_survey, record_answer, sign_survey
from aiops.ledger.open import open_ledger
from aiops.ticket.verdict import read_verdict, sign_verdict
from tests.unit.learn.test_value import END, incident

KEY = b"k" * 32
SETTINGS = parse("ticket: {public_url: 'https://aiops.test/'}\n", "config.yaml")


def test_a_closing_ticket_asks_with_the_same_link_each_time_and_an_opening_one_does_not():
    compose = composer(SETTINGS, KEY)
    closed = incident(1)
    made = compose(closed, TicketAction.RESOLVE)
    token = re.search(r"https://aiops\.test/survey/(\S+)", made.body).group(1)
    assert read_survey(KEY, token, closed.closed_at) == closed.key
    assert compose(closed, TicketAction.RESOLVE) == made
    assert "survey" not in compose(closed, TicketAction.OPEN).body
    assert "survey" not in composer(SETTINGS)(closed, TicketAction.RESOLVE).body


@pytest.mark.parametrize(
    "change",
    [
        lambda token: token[:-1] + ("0" if token[-1] != "0" else "1"),
        lambda token: "0" + token[1:],
        lambda token: token.replace(".", ".9", 1),
        lambda token: token.replace(".", "", 1),
        lambda _token: "",
        lambda _token: "..",
        lambda _token: "a.１.b",
        lambda token: token * 3,
    ],
)
def test_a_changed_link_is_not_ours(change):
    assert read_survey(KEY, change(sign_survey(KEY, "1" * 64, END)), END) is None


def test_a_link_dies_and_a_link_for_another_purpose_is_none():
    token = sign_survey(KEY, "1" * 64, END)
    assert read_survey(KEY, token, END + VALID + timedelta(seconds=1)) is None
    other = sign_verdict(KEY, incident(1), "false")
    assert read_survey(KEY, other, END) is None
    assert read_verdict(KEY, token, END) is None


def test_an_open_incident_is_not_asked_about(tmp_path):
    ledger = open_ledger(f"sqlite:///{tmp_path}/l.db", END, durable=False)
    closed = incident(1)
    with pytest.raises(Refused, match="is no answer"):
        record_answer(ledger, closed, 6, "ada", "", END)
    standing = replace(closed, state="open", closed_at=None)
    with pytest.raises(Refused, match="not closed"):
        record_answer(ledger, standing, 5, "ada", "", END)
    ledger.close()
