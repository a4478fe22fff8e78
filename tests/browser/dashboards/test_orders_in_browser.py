"""Every order of the incident page, given with a mouse and a keyboard in a real Chromium."""

from dataclasses import replace
from datetime import timedelta

import pytest

from aiops.domain.incident import IncidentKind, IncidentState, Member, MemberSource
from aiops.domain.series import SeriesKey
from tests.browser.dashboards.test_in_browser import _sign_in, browser, page
from tests.contract.api.world import DISK, NOW, make_world, serve

pytestmark = pytest.mark.browser
__all__ = ["browser", "page"]

LOAD = SeriesKey.of("db-07", "system.cpu.utilization")
WEB = SeriesKey.of("web-01", DISK)


@pytest.fixture
def world():
    """Two incidents under way beside the predicted one."""
    service = make_world()
    (foreseen,) = service.ledger.incidents_held

    def strange(number, *series):
        members = tuple(Member(s, MemberSource.ANOMALY, NOW, strength=6.0) for s in series)
        return replace(
            foreseen,
            key=f"{number:064x}",
            number=number,
            kind=IncidentKind.REACTIVE,
            asset=series[0].asset,
            series=series[0],
            opened_at=NOW + timedelta(minutes=number),
            predicted=None,
            current=None,
            members=members,
        )

    service.ledger.incidents_held += [strange(31, LOAD, WEB), strange(32, WEB)]
    return service


def at(service, number):
    return next(i for i in service.ledger.incidents_held if i.number == number)


def open_page(page, base, service, number, language="en"):
    _sign_in(page, base, service)
    page.goto(f"{base}/incidents/{at(service, number).key}?lang={language}")


def settled(page):
    page.wait_for_load_state("networkidle")
    assert page.query_selector(".failed:not([hidden])") is None
    assert page.troubles == []


def test_a_verdict_shows_its_effect_and_is_given_only_then(page, world):
    with serve(world) as base:
        open_page(page, base, world, 12)
        page.click("a.button:text-is('False alarm')")
        page.wait_for_selector(".preview li")
        assert world.orders == []
        assert "Such a risk is not told again" in page.inner_text(".preview")
        page.fill(".preview input[name=note]", "a test volume")
        page.click(".preview button.primary")
        page.wait_for_selector("text=False alarm by ada")
        settled(page)
    assert at(world, 12).outcome.note == "a test volume"


def test_work_is_planned_for_a_day_and_somebody_named_with_the_enter_key(page, world):
    with serve(world) as base:
        open_page(page, base, world, 12)
        page.click("details.more > summary")
        page.fill("input[name=until]", "2027-03-01T09:30")
        page.click("button[value=plan]")
        page.wait_for_selector(".badge.planned")
        page.click("details.more > summary")
        page.fill("input[name=assignee]", "bo")
        page.press("input[name=assignee]", "Enter")
        page.wait_for_selector("dd:text-is('bo')")
        settled(page)
    found = at(world, 12)
    assert (found.state, found.assignee) == (IncidentState.PLANNED, "bo")
    assert f"{found.planned_for:%Y-%m-%d}" == "2027-03-01"
    assert [order.action for order in world.orders] == ["plan", "assign"]


def test_a_comment_is_kept_and_stands_in_the_timeline_in_chinese_too(page, world):
    with serve(world) as base:
        open_page(page, base, world, 31, "zh")
        page.fill("#actions input[name=note] >> nth=0", "looked at it")
        page.click("button[value=comment]")
        page.wait_for_selector(".timeline >> text=ada：looked at it")
        assert "已评论" in page.inner_text(".timeline")
        settled(page)


def test_a_signal_is_split_off_and_two_incidents_are_merged(page, world):
    with serve(world) as base:
        open_page(page, base, world, 31)
        page.click("details.more > summary")
        page.click("label.tick")
        page.click("button[value=split]")
        page.wait_for_selector(".timeline >> text=signals that left: 1")
        page.click("details.more > summary")
        page.fill("input[name=into]", "inc-32")
        page.click("button[value=merge]")
        page.wait_for_selector(".timeline >> text=INC-32 joined")
        settled(page)
    assert at(world, 32).merged_into == at(world, 31).key
    assert {m.series for m in at(world, 31).members} == {LOAD, WEB}


def test_what_is_not_possible_is_said_on_the_page_and_changes_nothing(page, world):
    with serve(world) as base:
        open_page(page, base, world, 31)
        page.click("details.more > summary")
        page.fill("input[name=into]", "INC-12")
        page.click("button[value=merge]")
        page.wait_for_selector(".failed:not([hidden])")
        assert "a prediction has an outcome of its own" in page.inner_text("#actions")
    assert at(world, 31).is_open


def test_a_closed_incident_is_reopened(page, world):
    with serve(world) as base:
        open_page(page, base, world, 31)
        page.click("button[value=close]")
        page.wait_for_selector(".badge.closed")
        page.click("button[value=reopen]")
        page.wait_for_selector(".badge.open")
        settled(page)
    assert at(world, 31).state is IncidentState.OPEN
