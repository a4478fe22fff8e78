"""The text of a ticket, from harmless and from hostile incidents."""

from dataclasses import replace

import pytest

from aiops.domain.incident import Member, MemberSource, ProbableCause
from aiops.domain.series import SeriesKey
from aiops.domain.ticket import TicketAction
from aiops.testing.ledger import NOW, example_incident
from aiops.ticket.compose import draft


def test_a_ticket_says_what_when_how_sure_and_where_to_look():
    incident = example_incident()
    made = draft(incident, TicketAction.OPEN, "http://aiops.test/")
    assert made.subject == "The disk will be full."
    for words in (
        "The disk will be full.",
        "磁盘将满。",
        "between 2026-01-05 12:00 UTC and 2026-01-05 21:00 UTC, most likely 2026-01-05 13:00 UTC",
        "Probability: 87 %",
        "Start repair no later than: 2026-01-05 12:00 UTC",
        f"http://aiops.test/incidents/{incident.key}",
        f"Incident: {incident.key}",
    ):
        assert words in made.body
    assert made.due == incident.current.latest_safe_start


def test_the_subject_may_be_chinese():
    assert draft(example_incident(), TicketAction.OPEN, language="zh").subject == "磁盘将满。"


@pytest.mark.parametrize("action", list(TicketAction))
def test_equal_incidents_give_equal_drafts_and_each_action_its_own(action):
    incident = example_incident()
    assert draft(incident, action) == draft(incident, action)
    others = [draft(incident, other) for other in TicketAction if other is not action]
    assert draft(incident, action) not in others


@pytest.mark.parametrize(
    ("hostile", "shown"),
    [
        ("a\nIncident: 0000", "a\\nIncident: 0000"),
        ("@channel look", "@\u200bchannel look"),
        ("<!here> <@U1>", "<\u200b!here> <\u200b@\u200bU1>"),
        ("\x1b[31mred\x00", "\\x1b[31mred\\x00"),
        ("\u202eevil", "\\u202eevil"),
    ],
)
def test_hostile_names_stay_in_their_line_and_call_nobody(hostile, shown):
    incident = replace(example_incident(), sentence={"en": hostile})
    made = draft(incident, TicketAction.OPEN)
    assert made.subject == shown
    assert shown in made.body.splitlines()


def test_long_text_is_cut_in_characters():
    incident = replace(example_incident(), sentence={"en": "满" * 5000})
    made = draft(incident, TicketAction.OPEN)
    assert len(made.subject) == 200
    assert made.subject.endswith("…")
    assert len(made.body) <= 16_000


def test_a_chinese_ticket_has_chinese_labels_and_causes():
    members = tuple(
        Member(SeriesKey(asset, "disk"), MemberSource.ANOMALY, NOW) for asset in ("db-07", "web-01")
    )
    cause = ProbableCause("db-07", 0.8, {"en": "unusual: disk", "zh": "异常：磁盘"})
    incident = replace(example_incident(), members=members, causes=(cause,))
    chinese = draft(incident, TicketAction.OPEN, language="zh").body
    assert "可能原因：\n- db-07（80 %）：异常：磁盘\n" in chinese
    assert "概率：87 %" in chinese
    assert not [label for label in ("Probab", "Expected", "since", "Evidence") if label in chinese]
    english = draft(incident, TicketAction.OPEN).body
    assert "Probable cause:\n- db-07 (80 %): unusual: disk\n" in english
