"""Approving, stopping and recording a change in a real Chromium; hostile texts stay text."""

from dataclasses import replace

import pytest

from aiops.api.access import new_link
from aiops.domain.access import Role
from aiops.domain.phrase import verbatim
from aiops.domain.run import PlannedStep
from tests.browser.dashboards.test_in_browser import PAYLOADS, browser, page
from tests.contract.api.world import EVERYTHING, NOW, make_world, serve

pytestmark = pytest.mark.browser
__all__ = ["browser", "page"]


def sign_in(page, base, service, role=Role.APPROVER):
    secret, link = new_link("ada", role, EVERYTHING, NOW)
    service.ledger.put_credential(link)
    page.goto(f"{base}/login?link={secret}")
    page.wait_for_url(f"{base}/")


def test_an_approver_says_yes_to_what_is_shown_and_pulls_the_kill_switch(page):
    service = make_world()
    with serve(service) as base:
        sign_in(page, base, service)
        page.goto(f"{base}/runbooks")
        assert "journalctl --vacuum-size=200M" in page.inner_text("main")
        page.click("text=Approve")
        page.wait_for_selector("text=1 of 1 approvals")
        page.fill("input[name=note]", "not now")
        page.click("text=Stop all automation")
        page.wait_for_selector("text=Let automation go on")
        assert page.troubles == []
    assert service.automation.orders == [
        ("approve", "r1", "cd" * 32, "ada"),
        ("halt", "ada", "not now"),
    ]


def test_an_operator_may_reject_and_stop_but_not_approve(page):
    service = make_world()
    with serve(service) as base:
        sign_in(page, base, service, Role.OPERATOR)
        page.goto(f"{base}/runbooks")
        assert page.query_selector("button:text-is('Approve')") is None
        with page.expect_response(lambda r: r.request.method == "POST"):
            page.click("button:text-is('Reject')")
        page.wait_for_load_state()
        assert page.troubles == []
    assert service.automation.orders == [("reject", "r1", "ada", "")]


@pytest.mark.parametrize("payload", PAYLOADS, ids=["img", "quote", "end", "template", "link"])
def test_hostile_texts_of_runs_changes_and_services_are_shown_as_text(page, payload):
    service = make_world()
    ledger = service.ledger
    words = PlannedStep(ledger.runs_held[0].plan[0].phase, payload, "run", (payload, payload))
    ledger.runs_held = [
        replace(
            run,
            title={"en": payload},
            said=verbatim(payload),
            requested_by=payload,
            plan=(words,),
            results=tuple(replace(r, output=payload, said=verbatim(payload)) for r in run.results),
        )
        for run in ledger.runs_held
    ]
    ledger.changes_held = [
        replace(c, kind=payload, text=payload, by=payload) for c in ledger.changes_held
    ]
    ledger.assets_held = [replace(a, service=payload) for a in ledger.assets_held]
    service.state = {**service.state, "currency": payload}
    with serve(service) as base:
        sign_in(page, base, service)
        for place in ("/runbooks", "/changes", "/value", "/maturity"):
            assert page.goto(base + place).status == 200
            if place != "/maturity":
                shown = page.inner_text("body").replace("\u202e", "")
                assert payload.replace("\u202e", "") in shown, place
            assert page.query_selector_all("main img, main a[href^=javascript]") == []
        assert page.troubles == []


@pytest.mark.parametrize("width", [1280, 390])
def test_no_page_of_these_is_wider_than_the_screen(page, width):
    service = make_world()
    page.set_viewport_size({"width": width, "height": 844})
    with serve(service) as base:
        sign_in(page, base, service)
        for place in ("/runbooks", "/changes?asset=db-07", "/maturity", "/survey/good-x"):
            for language in ("en", "zh"):
                mark = "&" if "?" in place else "?"
                page.goto(f"{base}{place}{mark}lang={language}")
                assert page.evaluate("document.documentElement.scrollWidth") <= width, place
