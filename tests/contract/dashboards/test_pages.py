"""Every page of the shelf, over HTTP, in both languages."""

import re
from dataclasses import replace
from datetime import timedelta
from html.parser import HTMLParser
from typing import ClassVar

import pytest

from aiops.contracts.dashboard import LANGUAGES, Rendered, View
from aiops.domain.access import Role
from aiops.domain.incident import IncidentState, Outcome, OutcomeKind
from aiops.plugins import list_names, load
from aiops.testing.page import check_page
from tests.contract.api.world import EVERYTHING, NOW, client_of, make_world, serve

NAMES = sorted(list_names("dashboards"))


class _Reader(HTMLParser):
    """Collects what a strict policy would refuse, and the addresses a page uses."""

    def __init__(self) -> None:
        super().__init__()
        self.refused: list[str] = []
        self.addresses: list[str] = []
        self.language = ""

    def handle_starttag(self, tag, attrs):
        given = dict(attrs)
        if tag == "html":
            self.language = given.get("lang", "")
        inert = given.get("type") == "application/json"
        if tag == "style" or (tag == "script" and "src" not in given and not inert):
            self.refused.append(tag)
        self.refused += [name for name in given if name == "style" or name.startswith("on")]
        self.addresses += [given[name] or "" for name in ("src", "href", "action") if name in given]


def _read(html: str) -> _Reader:
    reader = _Reader()
    reader.feed(html)
    return reader


def _places(service) -> list[str]:
    incident = service.ledger.incidents_held[0].key
    parts = ["/assets/db-07", "/assets/db-07/volume%3A/data", f"/incidents/{incident}"]
    return ["/", *parts, "/login", "/login?link=x", "/assets/nope", "/?part=board"]


@pytest.mark.parametrize("name", NAMES)
def test_every_plug_in_of_the_shelf_keeps_the_contract_of_pages(name):
    service = make_world()
    plugin = load("dashboards", name)
    page = plugin.create(plugin.settings())
    place = {"asset": "db-07/volume:/data", "incident": service.ledger.incidents_held[0].key}
    view = View(EVERYTHING, "en", NOW, place.get(name, ""), csrf="x", may_act=True)
    check_page(page, service, view, foreign="db-07")


@pytest.mark.parametrize(
    ("html", "fault"),
    [
        ('<html lang="{0}"><p style="x">{0}', "style= of <p>"),
        ('<html lang="{0}"><p onclick="x">{0}', "onclick= of <p>"),
        ('<html lang="{0}"><script>{0}</script>', "<script> with its text"),
        ('<html lang="{0}"><script src="https://cdn.example/x.js"></script>{0}', "cdn.example"),
        ('<html lang="en">{0}', "is not zh"),
        ('<html lang="{0}">db-07 {0}', "shown to a viewer"),
    ],
)
def test_the_checker_of_pages_finds_a_fault(html, fault):
    class Faulty:
        path = "/faulty"
        files: ClassVar = {}

        def render(self, reader, view):
            return Rendered(html.format(view.language))

    view = View(EVERYTHING, "en", NOW)
    with pytest.raises(AssertionError, match=fault):
        check_page(Faulty(), make_world(), view, foreign="db-07")


def test_no_page_needs_what_the_content_security_policy_refuses():
    service = make_world()
    with serve(service) as base, client_of(base, service.token()) as client:
        for place in _places(service):
            page = _read(client.get(place).text)
            assert page.refused == [], place
            outside = [a for a in page.addresses if not a.startswith(("/", "?", "https://rt."))]
            assert outside == [], place


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_page_speaks_the_language_asked_for(language):
    service = make_world()
    with serve(service) as base, client_of(base, service.token()) as client:
        for place in _places(service)[:-1]:
            join = "&" if "?" in place else "?"
            page = client.get(f"{place}{join}lang={language}")
            assert _read(page.text).language.startswith(language)
            chinese = re.search(r"[\u4e00-\u9fff]", page.text.replace("中文", ""))
            assert bool(chinese) == (language == "zh"), place


def test_a_language_is_remembered_and_else_the_browser_is_asked():
    service = make_world()
    with serve(service) as base, client_of(base, service.token()) as client:
        asked = client.get("/", headers={"Accept-Language": "zh-CN,zh;q=0.9,en;q=0.5"})
        assert _read(asked.text).language == "zh-CN"
        client.get("/?lang=en")
        kept = client.get("/", headers={"Accept-Language": "zh-CN"})
        assert _read(kept.text).language == "en"
        odd = client.get("/?lang=../../etc")
        assert _read(odd.text).language == "en"


def test_the_board_puts_the_most_expensive_risk_first_and_unknown_last():
    service = make_world()
    with serve(service) as base, client_of(base, service.token()) as client:
        html = client.get("/?lang=en").text
    order = re.findall(r'<tr class="(\w+)">\s*<th scope="row"><a href="([^"]+)"', html)
    assert order == [
        ("high", "/assets/db-07/volume%3A/data"),
        ("low", "/assets/web-01"),
        ("unknown", "/assets/db-07"),
        ("unknown", "/assets/edge-12"),
    ]
    assert "history is too short" in html


def test_an_old_assessment_is_grey_not_green():
    service = make_world()
    service.time = NOW + timedelta(hours=2)
    with serve(service) as base, client_of(base, service.token(ttl=timedelta(days=1))) as client:
        html = client.get("/?lang=en").text
    assert set(re.findall(r'<tr class="(\w+)">', html)) == {"unknown"}
    assert "the last assessment is too old" in html


def test_an_empty_board_says_what_is_missing():
    service = make_world()
    service.ledger.assets_held = []
    with serve(service) as base, client_of(base, service.token()) as client:
        named = client.get("/?lang=en").text
        service.state = {"state": "ready"}
        bare = client.get("/?lang=en").text
    assert "Sources: this-host." in named
    assert "No source is configured" in bare


@pytest.mark.parametrize(
    ("language", "words"), [("en", "left out so far:"), ("zh", "至今未采用：")]
)
def test_an_empty_board_says_why_sources_bring_nothing(language, words):
    service = make_world()
    service.ledger.assets_held = []
    service.state["sources"] = [
        {"name": "bench", "error": "", "dropped": {"no_time": 12}},
        {"name": "plc", "error": "10.0.0.9:502: <no answer>", "dropped": {}},
        {"name": "fine", "error": "", "dropped": {}},
    ]
    with serve(service) as base, client_of(base, service.token()) as client:
        html = client.get(f"/?lang={language}").text
    assert f"<li>bench: {words} no_time 12</li>" in html
    assert "<li>plc: 10.0.0.9:502: &lt;no answer&gt;</li>" in html
    assert "<li>fine" not in html


def test_before_the_first_forecast_the_board_says_when_it_comes():
    service = make_world()
    service.ledger.risks_held = []
    service.state = {**service.state, "next_forecast_at": "2026-11-24T17:00:00+00:00"}
    with serve(service) as base, client_of(base, service.token()) as client:
        assert "2026-11-24 17:00:00 UTC" in client.get("/?lang=en").text


def test_silent_sources_and_findings_of_the_gate_are_shown():
    service = make_world()
    service.state = {
        "sources": [{"name": "a", "silent": True}, {"name": "b", "silent": False}],
        "quality": {"web-01": ["gap", "clock_skew"]},
    }
    with serve(service) as base, client_of(base, service.token()) as client:
        html = client.get("/?lang=en").text
    assert "<b>1 of 2</b><span>Silent sources" in html
    assert "gaps" in html
    assert "clock skew" in html


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_series_store_that_is_away_is_named_on_every_page(language):
    service = make_world()
    away = {"engine": "victoriametrics", "down_since": "2026-01-05T04:05:06+00:00"}
    service.state["store"] = away
    with serve(service) as url, client_of(url, service.token()) as client:
        pages = [client.get(place, params={"lang": language}).text for place in ("/", "/value")]
        service.state["store"] = {**away, "down_since": None}
        assert "victoriametrics" not in client.get("/", params={"lang": language}).text
    for page in pages:
        (banner,) = re.findall(r'class="banner warn">([^<]*victoriametrics[^<]*)<', page)
        assert "2026-01-05" in banner


def test_the_incident_page_tells_every_decision_withheld_sends_included():
    service = make_world()
    key = service.ledger.incidents_held[0].key
    with serve(service) as base, client_of(base, service.token()) as client:
        html = client.get(f"/incidents/{key}?lang=en").text
    places = [
        html.index(text)
        for text in (
            "disk space used will reach its limit of 90 %",
            "Latest safe start",
            "Evidence, as it was",
            "Why we believe it",
            "What adds to the risk",
            "What do you want to do?",
            "<b>not sent</b>",
            "<b>opened</b>",
            "<h2>Outcome</h2>",
        )
    ]
    assert places == sorted(places)
    assert "https://rt.example/42" in html


def test_an_incident_without_any_evidence_is_shown_all_the_same():
    service = make_world()
    held = service.ledger.incidents_held
    for evidence in (
        {},
        {"history": {"t": ["x"], "v": [1]}, "forecast": 3, "contributions": [7]},
        {"history": {"t": [NOW.isoformat()], "v": [None]}, "limit": "high", "versions": []},
    ):
        held[0] = replace(held[0], evidence=evidence, predicted=None, current=None, sentence={})
        with serve(service) as base, client_of(base, service.token()) as client:
            answer = client.get(f"/incidents/{held[0].key}?lang=en")
        assert answer.status_code == 200
        assert "needs attention" in answer.text


def test_a_closed_incident_shows_its_outcome_and_takes_a_verdict_only():
    service = make_world()
    held = service.ledger.incidents_held
    outcome = Outcome(OutcomeKind.AVERTED, NOW, by="ada", note="disk enlarged")
    held[0] = replace(held[0], state=IncidentState.CLOSED, closed_at=NOW, outcome=outcome)
    with serve(service) as base, client_of(base, service.token()) as client:
        html = client.get(f"/incidents/{held[0].key}?lang=en").text
    assert "Averted by a repair" in html
    assert "disk enlarged" in html
    assert re.findall(r'name="action" value="(\w+)"', html) == ["comment", "reopen"]
    assert re.findall(r'href="\?verdict=(\w+)', html) == ["happened", "averted", "false"]


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("en", ("Such a risk is not told again", "Other incidents of this signal: 0")),
        ("zh", ("此类风险在消失之前不再提示", "同一信号的其他事件：0")),
    ],
)
def test_a_verdict_is_given_only_after_its_effect_was_shown(language, words):
    service = make_world()
    key = service.ledger.incidents_held[0].key
    with serve(service) as base, client_of(base, service.token()) as client:
        asked = client.get(f"/incidents/{key}?lang={language}").text
        shown = client.get(f"/incidents/{key}?lang={language}&verdict=false").text
        other = client.get(f"/incidents/{key}?lang={language}&verdict=x").text
    assert 'name="action" value="false"' not in asked + other
    assert 'name="action" value="false"' in shown
    assert all(each in shown for each in words)
    assert service.orders == []


def test_a_viewer_may_look_but_gets_no_buttons():
    service = make_world()
    key = service.ledger.incidents_held[0].key
    with serve(service) as base, client_of(base, service.token(Role.VIEWER)) as client:
        html = client.get(f"/incidents/{key}?lang=en").text
    assert "Your role may look" in html
    assert 'name="action"' not in html


def test_a_link_that_is_no_web_address_is_not_made_clickable():
    service = make_world()
    key = service.ledger.incidents_held[0].key
    ticket = service.ledger.tickets_held[key][0]
    service.ledger.tickets_held[key] = [replace(ticket, url="javascript:alert(1)")]
    with serve(service) as base, client_of(base, service.token()) as client:
        html = client.get(f"/incidents/{key}").text
    assert "javascript:" not in html
    assert "#42" in html


def test_where_the_crossing_abstains_no_forecast_is_drawn():
    service = make_world()
    with serve(service) as base, client_of(base, service.token()) as client:
        answered = client.get("/assets/db-07/volume%3A/data?lang=en").text
        silent = client.get("/assets/web-01?lang=en").text
    assert '"name":"expected"' in answered
    assert '"name":"expected"' not in silent
    assert "No forecast: no significant trend towards the limit." in silent


def _rows(html: str) -> list[str]:
    return re.findall(r'<th scope="row"><a href="([^"]+)"', html)


def test_the_board_finds_assets_by_name_owner_or_site():
    service = make_world()
    with serve(service) as base, client_of(base, service.token()) as client:
        assert _rows(client.get("/?q=kassel").text) == ["/assets/web-01", "/assets/edge-12"]
        assert _rows(client.get("/?q=DBA").text)[-1] == "/assets/db-07"
        none = client.get("/?lang=en&q=<b>").text
    assert _rows(none) == []
    assert "No asset matches “&lt;b&gt;”." in none


def test_a_large_fleet_is_shown_page_by_page_without_gap_or_repeat():
    service = make_world()
    held = service.ledger.assets_held
    held += [replace(held[-1], key=f"edge-{i}") for i in range(500, 927)]
    seen: list[str] = []
    place = "/"
    with serve(service) as base, client_of(base, service.token()) as client:
        while place:
            html = client.get(place).text
            seen += _rows(html)
            following = re.search(r'<a href="(/\?from=\d+)">[^<]+→', html)
            place = following.group(1) if following else ""
        odd = [client.get(f"/?from={x}").status_code for x in ("-1", "x", "9" * 30, "٣", "")]
    assert len(seen) == len(set(seen)) == len(held)
    assert set(odd) == {200}


def test_a_decision_about_a_signal_names_it():
    service = make_world()
    with serve(service) as base, client_of(base, service.token()) as client:
        html = client.get("/assets/db-07/volume%3A/data?lang=en").text
    told = re.search(r"not seen often enough yet</span>(.*?)</li>", html)
    assert told is not None
    assert "system.filesystem.utilization" in told.group(1)


def test_the_evidence_of_an_incident_is_told_in_words():
    service = make_world()
    key = service.ledger.incidents_held[0].key
    told = {}
    with serve(service) as base, client_of(base, service.token()) as client:
        for language in LANGUAGES:
            html = client.get(f"/incidents/{key}?lang={language}").text
            told[language] = (
                re.search(r'class="shares"><tbody>\s*<tr><td>(.*?)</td>', html).group(1),
                re.search(r"<dt>(?:Checked|检查频率)</dt><dd>(.*?)</dd>", html).group(1),
            )
    assert told == {
        "en": ("disk space used (rw)", "every 1 h"),
        "zh": ("磁盘空间使用率 (rw)", "每 1 小时"),
    }


def test_a_row_names_the_zone_of_its_times_and_the_kind_in_the_reader_s_language():
    service = make_world()
    with serve(service) as base, client_of(base, service.token()) as client:
        english, chinese = (client.get(f"/?lang={language}").text for language in LANGUAGES)
    assert re.search(r"% likely · [A-Z][a-z]+/[A-Z][a-z]+</small>", english)
    assert "<small>存储卷" in chinese
    assert "<small>volume" in english
