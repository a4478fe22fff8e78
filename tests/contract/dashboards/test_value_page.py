"""The value page shows what is measured, and says so where nothing is yet."""

import csv
import io
import re
from dataclasses import replace
from datetime import timedelta

from aiops.contracts.dashboard import View
from aiops.domain.incident import Outcome, OutcomeKind
from dashboards.value import PLUGIN
from tests.contract.api.world import EVERYTHING, NOW, client_of, make_world, serve


def page(service, **query):
    view = View(EVERYTHING, "en", NOW, query=query)
    return PLUGIN.create(PLUGIN.settings()).render(service, view).html


def test_too_few_cases_are_told_and_no_figure_is_shown():
    html = page(make_world())
    assert "Not measurable yet: 0 of 30 cases." in html
    assert "no tickets of the time before were imported" in html


def test_every_figure_links_to_the_incidents_behind_it():
    service = make_world()
    (first,) = service.ledger.incidents_held
    ended = replace(first, outcome=Outcome(OutcomeKind.HAPPENED, NOW))
    service.ledger.incidents_held = [
        replace(ended, key=f"{n:064x}", number=n, opened_at=NOW - timedelta(hours=n))
        for n in range(1, 32)
    ]
    html = page(service)
    assert f'<a href="/incidents/{1:064x}">INC-1</a>' in html
    assert "<b>100\N{NO-BREAK SPACE}%</b>" in html
    assert "precision is proven" in html or "on the highest rung" in html
    assert "31 incidents:" in html
    assert page(service, days="365") != html


def test_the_page_links_to_the_same_figures_as_json_and_csv():
    service = make_world()
    service.ledger.assets_held = [
        replace(a, service="=cmd()") if a.service else a for a in service.ledger.assets_held
    ]
    link = re.search(r'href="(/api/v1/value\?format=csv[^"]+)"', page(service)).group(1)
    with serve(service) as base, client_of(base, service.token()) as client:
        told = client.get(link.replace("&amp;", "&"))
        plain = client.get(link.replace("format=csv&amp;", "")).json()
    rows = list(csv.DictReader(io.StringIO(told.text)))
    assert told.headers["content-type"].startswith("text/csv")
    assert [row["name"] for row in rows[: len(plain["figures"])]] == [
        figure["name"] for figure in plain["figures"]
    ]
    assert {row["of"] for row in rows if row["name"] == "expected_loss"} == {"'=cmd()"}
