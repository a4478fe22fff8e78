"""The page of an asset says where a limit comes from, and of the warning before it."""

from dataclasses import replace

import pytest

from aiops.domain.forecast import Milestone
from tests.contract.api.world import client_of, make_world, serve


@pytest.mark.parametrize(
    ("language", "share", "learnt", "warned"),
    [
        ("en", "The limit is 90\u00a0% of memory.size.", "learnt from 7 past", "reach the warning"),
        ("zh", "该限值为 memory.size 的 90\u00a0%。", "由过去 7 次故障学得", "达到预警值"),
    ],
)
def test_where_a_limit_comes_from_stands_beside_its_forecast(language, share, learnt, warned):
    service = make_world()
    held = service.ledger.crossings_held
    place = next(k for k, c in enumerate(held) if c.probability is not None)
    crossing = held[place]
    warn = Milestone(crossing.limit * 0.9, 0.8, crossing.early, crossing.late)
    held[place] = replace(crossing, of="memory.size", share=0.9, learnt_from=7, warn=warn)
    with serve(service) as base, client_of(base, service.token()) as client:
        page = client.get(f"/assets/{crossing.series.asset}?lang={language}").text
    assert share in page
    assert learnt in page
    assert warned in page


def test_a_limit_that_only_the_configuration_knows_is_shown():
    service = make_world()
    crossing = next(c for c in service.ledger.crossings_held if c.probability is not None)
    service.ledger.limits_held = []
    with serve(service) as base, client_of(base, service.token()) as client:
        page = client.get(f"/assets/{crossing.series.asset}").text
    assert "No signal of this asset has a limit" not in page
    assert "likely to meet the limit" in page


@pytest.mark.parametrize(("language", "words"), [("en", "Kind of failure"), ("zh", "故障类型")])
def test_the_kind_of_failure_on_its_way_is_among_the_facts_of_an_incident(language, words):
    service = make_world()
    incident = service.ledger.incidents_held[0]
    known = {**incident.evidence, "failure": "bearing seized"}
    service.ledger.incidents_held[0] = replace(incident, evidence=known)
    with serve(service) as base, client_of(base, service.token()) as client:
        page = client.get(f"/incidents/{incident.key}?lang={language}").text
    assert words in page
    assert "bearing seized" in page
