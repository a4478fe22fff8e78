"""Values of an incident reach a program as whole words that were approved, or not at all."""

import string
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aiops.automate.plan import digest_of, render
from aiops.automate.propose import fits
from aiops.automate.runbook import (
    Ansible,
    Call,
    Method,
    Parameter,
    ParameterSource,
    Selector,
    Step,
)
from aiops.contracts.errors import Refused
from aiops.contracts.secret import Secret
from tests.unit.automate.scene import ASSETS, VOLUME, a_runbook, an_incident, device

HOSTILE = [
    "; rm -rf /",
    "$(reboot)",
    "`id`",
    "-rf",
    "--config=/etc/passwd",
    "a b",
    "a\nb",
    "a\x00b",
    "{{ lookup('pipe','id') }}",
    "{% for x in y %}",
    "../../etc/passwd",
    "|tee /x",
    "x" * 300,
    "",
    "＄(id)",
]


@pytest.mark.parametrize("value", HOSTILE)
def test_a_hostile_label_is_refused_and_never_becomes_a_word(value):
    book = a_runbook("clean", "{device}", parameters=(device(),))
    with pytest.raises(Refused, match="parameter device"):
        render(book, an_incident(device=value), ASSETS)


@pytest.mark.parametrize("value", ["-rf", "--x", "a\nb", "{{ x }}", "x" * 300])
def test_a_generous_pattern_does_not_let_options_templates_and_control_characters_in(value):
    book = a_runbook("clean", "{device}", parameters=(device("(?s:.*)"),))
    with pytest.raises(Refused):
        render(book, an_incident(device=value), ASSETS)


@settings(deadline=None)
@given(st.text(string.printable + "é中\u202e\x00", max_size=300))
def test_whatever_a_label_holds_the_plan_has_it_as_one_whole_word_or_there_is_no_plan(value):
    book = a_runbook("clean", "--", "{device}", parameters=(device("(?s:.*)"),))
    try:
        (step,) = render(book, an_incident(device=value), ASSETS)
    except Refused:
        return
    assert step.planned.words == ("clean", "--", value)
    assert not value.startswith("-")


def test_every_source_of_a_value_is_filled_from_the_incident():
    names = {s.value: Parameter(s.value, s) for s in ParameterSource if s.value != "label"}
    words = [f"{{{name}}}" for name in names]
    incident = an_incident()
    (step,) = render(a_runbook("x", *words, parameters=tuple(names.values())), incident, ASSETS)
    assert step.planned.words == (
        "x",
        VOLUME,
        "db-07",
        "system.filesystem.utilization",
        incident.key,
    )


def test_a_playbook_is_one_command_limited_to_one_host_and_checks_in_a_dry_run():
    host = Parameter("host", ParameterSource.HOST)
    play = Ansible("site.yml", "hosts.ini", "{host}", {"mount": "/data"})
    book = a_runbook(steps=(Step("play", ansible=play),), parameters=(host,))
    (step,) = render(book, an_incident(), ASSETS)
    assert step.planned.words == (
        *("ansible-playbook", "--inventory", "hosts.ini", "--limit", "db-07"),
        *("--extra-vars", '{"mount": "/data"}', "--", "site.yml"),
    )
    assert "--check" in step.rehearsal
    wide = replace(play, limit="all:!db-07")
    with pytest.raises(Refused, match="pattern"):
        render(a_runbook(steps=(Step("play", ansible=wide),)), an_incident(), ASSETS)


def test_a_call_is_planned_with_its_method_address_and_body():
    call = Call("http://127.0.0.1/x", Method.PUT, {"device": "{device}"}, Secret("canary"))
    book = a_runbook(steps=(Step("call", call=call),), parameters=(device(),))
    (step,) = render(book, an_incident(), ASSETS)
    assert step.planned.words == ("PUT", "http://127.0.0.1/x", '{"device": "sda1"}')


def test_a_digest_changes_with_every_word_asset_and_incident():
    def digest(book, incident):
        return digest_of(book, incident, render(book, incident, ASSETS))

    book = a_runbook("clean", "a")
    one = digest(book, an_incident())
    others = [
        digest(a_runbook("clean", "b"), an_incident()),
        digest(replace(book, tier="low"), an_incident()),
        digest(book, an_incident(1)),
        digest(book, an_incident(asset="db-08")),
        digest(replace(book, verify=book.steps), an_incident()),
    ]
    assert len({one, *others}) == 6
    assert digest(a_runbook("clean", "a"), an_incident()) == one


@pytest.mark.parametrize(
    ("selector", "fitting"),
    [
        (Selector(), True),
        (Selector(metrics=("system.filesystem.*",)), True),
        (Selector(metrics=("system.cpu.*",)), False),
        (Selector(kinds=("volume",), assets=("db-*",)), True),
        (Selector(kinds=("host",)), False),
        (Selector(categories=("storage",)), True),
        (Selector(categories=("network",)), False),
    ],
)
def test_a_selector_chooses_by_metric_kind_category_and_asset(selector, fitting):
    incident = replace(an_incident(), evidence={"category": "storage"})
    assert fits(a_runbook(match=selector), incident, ASSETS[VOLUME]) is fitting
