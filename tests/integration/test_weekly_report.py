"""The weekly report goes to a real mail server, once per week, and asks about closed incidents."""

import email
import re
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from aiops.api.app import create_app
from aiops.config import parse
from aiops.contracts.errors import Unavailable
from aiops.contracts.secret import Secret
from aiops.daemon.server import HttpServer, listen
from aiops.daemon.service import Service
from aiops.daemon.weekly import WeeklyReport
from aiops.domain.asset import SYSTEM
from aiops.domain.incident import Stage
from aiops.learn.ladder import LadderRules
from aiops.learn.settings import ReportSettings
from aiops.learn.value import read_value
from aiops.learn.weekly import newest_slot
from aiops.ledger.open import open_ledger
from aiops.testing.clock import FakeClock
from tests.contract.api.world import client_of
from tests.ports import free_port
from tests.unit.learn.test_value import PRICES, START, incident, replace

pytest.importorskip("apprise")
controllers = pytest.importorskip("aiosmtpd.controller")
# apprise's own import of a module that Python 3.13 drops
pytestmark = pytest.mark.filterwarnings("ignore:'imghdr' is deprecated:DeprecationWarning")
MONDAY = datetime(2026, 1, 5, 8, tzinfo=ZoneInfo("UTC"))


class Box:
    def __init__(self):
        self.letters = []

    async def handle_DATA(self, _server, _session, envelope):
        self.letters.append(email.message_from_bytes(envelope.content))
        return "250 taken"


@pytest.fixture
def box():
    kept = Box()
    port = free_port()
    server = controllers.Controller(kept, hostname="127.0.0.1", port=port, ready_timeout=60)
    server.start()
    kept.address = (
        f"mailto://127.0.0.1:{port}?from=aiops@example.com&to=ops@example.com&mode=insecure"
    )
    yield kept
    server.stop()


def body_of(letter):
    part = next(p for p in letter.walk() if p.get_content_type() == "text/plain")
    return part.get_payload(decode=True).decode()


def reporting(ledger, *addresses, language="en", surveys=None):
    def report(start, end):
        return read_value(ledger, SYSTEM, start, end, PRICES, LadderRules(), ["restart"])

    settings = ReportSettings(tuple(map(Secret, addresses)))
    asked = {"INC-1 db": "http://x/survey/t"} if surveys is None else surveys
    return WeeklyReport(ledger, settings, language, "http://x", report, lambda _week: asked)


def test_a_report_is_sent_once_a_week_from_the_second_week_on(tmp_path, box):
    ledger = open_ledger(f"sqlite:///{tmp_path}/l.db", START, durable=False)
    with ledger.begin() as tx:
        tx.put_incident(incident(120))
    weekly = reporting(ledger, box.address)
    assert not weekly.tick(MONDAY, None)
    later = MONDAY + timedelta(days=7)
    assert weekly.tick(later, None)
    assert not reporting(ledger, box.address).tick(later + timedelta(hours=1), None)
    (letter,) = box.letters
    assert "value report, 2026-01-05 to 2026-01-12" in str(
        email.header.make_header(email.header.decode_header(letter["Subject"]))
    )
    text = body_of(letter)
    assert "1 incidents: happened 1" in text
    assert "precision: not measurable yet, 1 of 30 cases" in text
    assert "use or remove runbook restart" in text
    assert "INC-1 db: http://x/survey/t" in text
    assert "http://x/value" in text
    assert [row.what for row in ledger.audit_rows()] == ["send weekly report"]
    ledger.close()


def test_a_report_is_written_in_chinese(tmp_path, box):
    ledger = open_ledger(f"sqlite:///{tmp_path}/l.db", START, durable=False)
    weekly = reporting(ledger, box.address, language="zh", surveys={})
    weekly.tick(MONDAY, None)
    assert weekly.tick(MONDAY + timedelta(days=7), None)
    assert "本周没有新事件。" in body_of(box.letters[0])
    ledger.close()


def test_an_address_that_refuses_is_tried_again_and_the_other_is_not_told_twice(tmp_path, box):
    ledger = open_ledger(f"sqlite:///{tmp_path}/l.db", START, durable=False)
    dead = "mailto://127.0.0.1:9?from=a@example.com&to=canary-secret@example.com&mode=insecure"
    weekly = reporting(ledger, box.address, dead)
    weekly.tick(MONDAY, None)
    later = MONDAY + timedelta(days=7)
    with pytest.raises(Unavailable, match="address 2 did not take") as caught:
        weekly.tick(later, None)
    assert "canary" not in str(caught.value)
    assert not weekly.tick(later + timedelta(minutes=1), None)
    with pytest.raises(Unavailable):
        weekly.tick(later + timedelta(hours=1), None)
    assert len(box.letters) == 1
    ledger.close()


def test_a_week_begins_by_the_clock_of_its_zone():
    slot = newest_slot(MONDAY, "mon", "07:00", "Asia/Shanghai")
    assert slot == datetime(2026, 1, 5, 7, tzinfo=ZoneInfo("Asia/Shanghai"))
    early = datetime(2026, 1, 4, 22, 59, tzinfo=ZoneInfo("UTC"))
    assert newest_slot(early, "mon", "07:00", "Asia/Shanghai").day == 29


def test_the_daemon_mails_a_signed_link_that_answers_without_signing_in(tmp_path, box, monkeypatch):
    monkeypatch.setenv("AIOPS_TO", box.address)
    text = (
        f"store: {{directory: {tmp_path}}}\nreport: {{to: ['env:AIOPS_TO']}}\n"
        "ticket: {public_url: 'http://127.0.0.1:1'}\n"
    )
    clock = FakeClock(MONDAY)
    service = Service(parse(text, "config.yaml"), tmp_path, clock)
    server = HttpServer(create_app(service), listen("127.0.0.1", 0))
    server.start()
    try:
        service.load()
        service.learn_tick()
        clock.sleep(7 * 86_400)
        opened = clock.now() - timedelta(days=1)
        told = replace(
            incident(1), stage=Stage.ACT, opened_at=opened, closed_at=opened, updated_at=opened
        )
        with service.ledger.begin() as tx:
            tx.put_incident(told)
        service.lease_tick()
        service.learn_tick()
        link = re.search(r"http://127.0.0.1:1(/survey/\S+)", body_of(box.letters[0])).group(1)
        with client_of(f"http://127.0.0.1:{server.port}") as anybody:
            assert "Was this incident handled well?" in anybody.get(link).text
            assert service.ledger.answers(SYSTEM) == []
            assert anybody.post(link, data={"score": "6"}).status_code == 404
            assert anybody.post(link[:-1] + "x", data={"score": "5"}).status_code == 404
            assert anybody.post(link, data={"score": "5"}).status_code == 200
            (answer,) = service.ledger.answers(SYSTEM)
            assert (answer.score, answer.by, answer.incident) == (5, "link", told.key)
            clock.sleep(15 * 86_400)
            assert anybody.get(link).status_code == 404
    finally:
        server.stop()
        service.close()
