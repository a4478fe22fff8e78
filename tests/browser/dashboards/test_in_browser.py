"""The pages in a real Chromium, with names that try to be markup."""

import shutil
from dataclasses import replace
from urllib.parse import quote

import pytest

from aiops.api.access import new_link
from aiops.domain.access import Role
from aiops.domain.decision import Decision, Reason
from aiops.domain.incident import Outcome, OutcomeKind
from aiops.domain.phrase import verbatim
from aiops.domain.series import SeriesKey
from tests.contract.api.world import EVERYTHING, NOW, make_world, serve

pytestmark = pytest.mark.browser

FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
PAYLOADS = (
    '<img src=x onerror="alert(1)">',
    '"><script>alert(2)</script>',
    "</script><script>alert(3)</script>",
    r"$\href{javascript:alert(4)}{x}$ {{7*7}} %{x} %s%n",
    "<a href=\"javascript:alert(5)\" onmouseover='alert(5)'>\u202eabc</a>",
)


@pytest.fixture(scope="module")
def browser():
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    if chromium is None:
        pytest.skip("not run: chromium is not installed (apt-get install chromium)")
    playwright = pytest.importorskip("playwright.sync_api", reason="not run: no playwright")
    with playwright.sync_playwright() as driver:
        launched = driver.chromium.launch(executable_path=chromium, args=FLAGS, timeout=120_000)
        yield launched
        launched.close()


@pytest.fixture
def page(browser):
    context = browser.new_context(viewport={"width": 1280, "height": 800}, locale="en-US")
    context.set_default_timeout(120_000)
    opened = context.new_page()
    opened.troubles = []
    opened.on("dialog", lambda d: (opened.troubles.append(f"dialog {d.message}"), d.dismiss()))
    opened.on("pageerror", lambda e: opened.troubles.append(f"error {e}"))
    opened.on(
        "console",
        lambda m: opened.troubles.append(f"console {m.text}") if m.type == "error" else None,
    )
    yield opened
    context.close()


def _sign_in(page, base, service):
    secret, link = new_link("ada", Role.OPERATOR, EVERYTHING, NOW)
    service.ledger.put_credential(link)
    page.goto(f"{base}/login?link={secret}")
    page.wait_for_url(f"{base}/")


def _poison(service, payload: str) -> None:
    """Writes the payload into every text field there is."""
    ledger = service.ledger
    ledger.assets_held = [
        replace(a, name=payload, kind=payload, site=payload, owner=payload, service=payload)
        for a in ledger.assets_held
    ]
    ledger.series = [
        replace(i, key=SeriesKey.of(i.key.asset, i.key.metric, {payload: payload}))
        for i in ledger.series
    ]
    ledger.metrics_held = {k: replace(m, unit=payload) for k, m in ledger.metrics_held.items()}
    ledger.crossings_held = [replace(c, method=payload) for c in ledger.crossings_held]
    incident = ledger.incidents_held[0]
    signal = {**incident.evidence["signal"], "unit": payload}
    part = {"signal": payload, "source": payload, "probability": 0.5, "method": payload}
    ledger.incidents_held = [
        replace(
            incident,
            sentence={"en": payload, "zh": payload},
            assignee=payload,
            outcome=Outcome(OutcomeKind.FALSE, NOW, by=payload, note=payload),
            evidence={
                **incident.evidence,
                "signal": signal,
                "contributions": [part],
                "method": payload,
                "cadence": payload,
                "versions": {payload: payload},
            },
        )
    ]
    ledger.decisions_held.append(
        Decision(NOW, incident.key, incident.asset, "nothing", Reason.ABSTAINED, verbatim(payload))
    )
    ledger.tickets_held = {
        k: [replace(t, id=payload, status=payload, url="https://x.example/" + payload) for t in v]
        for k, v in ledger.tickets_held.items()
    }
    service.state = {
        "sources": [{"name": payload, "silent": True}],
        "quality": {a.key: [payload] for a in ledger.assets_held},
    }


@pytest.mark.parametrize("payload", PAYLOADS, ids=["img", "quote", "end", "template", "link"])
def test_names_that_are_markup_are_shown_as_text_everywhere(page, payload):
    service = make_world("a/" + payload)
    _poison(service, payload)
    host, volume = (asset.key for asset in service.ledger.assets_held[:2])
    incident = service.ledger.incidents_held[0].key
    places = ["/", f"/assets/{quote(host)}", f"/assets/{quote(volume)}", f"/incidents/{incident}"]
    foreign: list[str] = []
    with serve(service) as base:
        page.on("request", lambda r: None if r.url.startswith(base) else foreign.append(r.url))
        _sign_in(page, base, service)
        for place in places:
            assert page.goto(base + place).status == 200
            if place != "/":
                page.wait_for_selector(".figure.drawn")
                page.mouse.move(640, 400)
            assert payload.replace("\u202e", "") in page.inner_text("body").replace("\u202e", "")
            assert page.query_selector_all("main img, main a[href^=javascript], .figure a") == []
        assert page.troubles == []
        assert [u for u in foreign if not u.startswith(("data:", "blob:"))] == []


def test_a_person_signs_in_looks_and_acknowledges(page):
    service = make_world()
    key = service.ledger.incidents_held[0].key
    with serve(service) as base:
        _sign_in(page, base, service)
        page.click("text=INC-12")
        page.wait_for_selector(".figure.drawn .scatterlayer .trace")
        assert page.locator(".figure .shapelayer path").count() >= 3
        page.fill("input[name=note]", "on it")
        page.click("button[value=acknowledge]")
        page.wait_for_selector(".badge.acknowledged")
        page.goto(f"{base}/incidents/{key}?lang=zh")
        assert "已确认" in page.inner_text("main")
        assert page.troubles == []
    order = service.orders[0]
    assert (order.action, order.note, order.viewer.name) == ("acknowledge", "on it", "ada")


def test_the_board_refreshes_by_itself(page):
    service = make_world()
    with serve(service) as base:
        page.clock.install()
        _sign_in(page, base, service)
        service.ledger.incidents_held = []
        page.clock.run_for(10_500)
        page.wait_for_selector(".tiles b:text-is('0') + span:text-is('Open incidents')")
        assert page.query_selector("text=INC-12") is None
        assert page.troubles == []


@pytest.mark.parametrize("width", [1280, 390])
def test_no_page_is_wider_than_the_screen(page, width):
    service = make_world()
    incident = service.ledger.incidents_held[0].key
    page.set_viewport_size({"width": width, "height": 844})
    with serve(service) as base:
        _sign_in(page, base, service)
        for place in ("/", "/value", "/assets/db-07/volume:/data", f"/incidents/{incident}"):
            for language in ("en", "zh"):
                page.goto(f"{base}{place}?lang={language}")
                if place not in ("/", "/value"):
                    page.wait_for_selector(".figure.drawn")
                wide = page.evaluate("document.documentElement.scrollWidth - innerWidth")
                assert wide <= 0, (place, language)
