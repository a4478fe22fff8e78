"""The service with a clock turned by hand: two daemons on one ledger, new settings, an act."""

from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest

from aiops.config import parse
from aiops.contracts.collector import Collection, Inventory
from aiops.contracts.errors import StoreError
from aiops.daemon.run import _reload, _ticks
from aiops.daemon.service import LEASE, Service
from aiops.daemon.ticks import Ticks
from aiops.detect.windows import Due
from aiops.domain.asset import SYSTEM, Asset
from aiops.domain.event import Holiday, Maintenance
from aiops.domain.incident import IncidentState
from aiops.domain.instant import to_ns
from aiops.domain.panel import Quality
from aiops.domain.series import Batch, SeriesKey
from aiops.domain.silence import Silence
from aiops.domain.ticket import Ticket
from aiops.testing.clock import FakeClock
from aiops.testing.ledger import example_incident
from aiops.ticket.silences import SILENCES

MINUTE = timedelta(minutes=1)
MINUTE_NS = 60 * 10**9
HOOK = """
ticket:
  destinations:
    - {name: NAME, type: webhook, settings: {url: "env:HOOK_URL"}}
"""


def service(tmp_path, clock, name="a", text=""):
    ledger = f"store: {{ledger_url: 'sqlite:///{tmp_path}/ledger.db'}}\n"
    return Service(parse(ledger + text, name), tmp_path / name, clock)


@pytest.fixture(autouse=True)
def _hook_url(monkeypatch):
    monkeypatch.setenv("HOOK_URL", "http://127.0.0.1:9/hook")


@pytest.fixture
def clock():
    return FakeClock()


@pytest.fixture
def running(tmp_path, clock):
    one = service(tmp_path, clock)
    one.load()
    yield one
    one.close()


def feed(one, minutes, clock):
    """One value a minute of one asset, analysed as it comes."""
    key = SeriesKey("db-07", "system.memory.utilization")
    inventory = Inventory(assets=(Asset("db-07"),))
    for _ in range(minutes):
        clock.sleep(60)
        at = np.array([to_ns(clock.now()) - 10**9])
        batch = Batch((key,), np.zeros(1, np.int32), at, np.array([0.5]))
        one.pipeline.collect("test", 60 * 10**9, Collection(batch), inventory, clock.now())
        one.analyse_tick()


def test_a_daemon_that_takes_the_lead_knows_what_the_other_has_decided(tmp_path, clock):
    first, second = service(tmp_path, clock), service(tmp_path, clock, "b")
    first.load()
    second.owner = "another process"
    second.load()
    second.analyse_tick()
    assert second.fence is None
    with first.ledger.begin(first.fence) as tx:
        incident = tx.put_incident(example_incident())
    assert incident.key not in second.pipeline.incidents.book.by_key
    clock.sleep(2 * LEASE.total_seconds())
    second.analyse_tick()
    assert second.fence is not None
    assert incident.key in second.pipeline.incidents.book.by_key
    first.close()
    second.close()


def test_an_open_incident_is_known_after_a_restart_whatever_has_closed_since(running):
    oldest = example_incident("oldest")
    with running.ledger.begin() as tx:
        tx.put_incident(oldest)
        for number in range(1001):
            later = example_incident(f"asset-{number}")
            opened = oldest.opened_at + number * MINUTE
            closed = replace(later, state=IncidentState.CLOSED, closed_at=opened)
            tx.put_incident(replace(closed, opened_at=opened))
    running.pipeline.load()
    assert oldest.key in running.pipeline.incidents.book.by_key


def test_new_destinations_of_a_reload_are_sent_to_and_old_ones_are_not(tmp_path, clock):
    one = service(tmp_path, clock, "a", HOOK.replace("NAME", "old"))
    one.load()
    ticks = Ticks(_ticks(one), one.telemetry)
    ticks.start()
    config = tmp_path / "config.yaml"
    ledger = f"store: {{ledger_url: 'sqlite:///{tmp_path}/ledger.db'}}\n"
    config.write_text(ledger + HOOK.replace("NAME", "new"))
    after = _reload(one, config, ticks)
    assert ticks.stopped
    assert [t.name for t in after.ticks if t.name.startswith("send:")] == ["send:new"]
    config.write_text("nonsense: 1\n")
    assert _reload(one, config, after) is after
    assert not after.stopped
    after.stop()
    one.close()


def test_a_reload_keeps_what_is_known(running, clock):
    with running.ledger.begin() as tx:
        incident = tx.put_incident(example_incident())
    feed(running, 5, clock)
    before = running.pipeline
    running.reload(running.settings)
    assert running.pipeline is not before
    assert incident.key in running.pipeline.incidents.book.by_key
    feed(running, 1, clock)


def test_a_reported_window_marks_its_cells_and_those_of_parts_also_after_a_restart(tmp_path, clock):
    one = service(tmp_path, clock)
    one.load()
    feed(one, 5, clock)
    now = clock.now()
    one.report(Maintenance("db-07", now - 2 * MINUTE, now + MINUTE), "cmdb")
    one.close()
    again = service(tmp_path, clock)
    again.load()
    assets = {"db-07/volume:/": Asset("db-07/volume:/", parent="db-07"), "db-07": Asset("db-07")}
    assert again.pipeline.plan.covers("db-07/volume:/", assets, now)
    assert not again.pipeline.plan.covers("db-07", assets, now + MINUTE)
    assert not again.pipeline.plan.covers("nas", assets, now)
    info = again.ledger.catalogue.all()[0]
    ends = to_ns(now) // (60 * 10**9) * (60 * 10**9)
    panel = again.pipeline.forecast.history(info, ends - 4 * 60 * 10**9, ends)
    assert (panel.quality[0] == Quality.MAINTENANCE).any()
    assert (panel.quality[0] == Quality.OK).any()
    again.close()


def test_a_reported_holiday_is_a_day_off_for_detection_and_forecast_also_after_a_restart(
    tmp_path, clock
):
    text = "forecast: {forecaster: prophet}\n"
    one = service(tmp_path, clock, text=text)
    one.load()
    feed(one, 5, clock)
    today = clock.now().date()
    assert today.weekday() < 5, "a weekend is off anyway"
    assert not days_off_of(one, clock).any()
    one.report(Holiday("*", today, today, "works holiday"), "hr")
    assert days_off_of(one, clock).all()
    one.close()
    again = service(tmp_path, clock, text=text)
    again.load()
    assert days_off_of(again, clock).all()
    info = again.ledger.catalogue.all()[0]
    panel = again.pipeline.forecast.history(info, 0, to_ns(clock.now()))
    assert today in panel.calendar.dates[0]
    again.report(Holiday("*", today, today, "taken back", working=True), "hr")
    assert not days_off_of(again, clock).any()
    told = [row.what for row in again.ledger.audit_rows()]
    assert told[:2] == ["report working days", "report holiday"]
    again.close()


def days_off_of(one, clock):
    """The day off marks of a window that detection would read now."""
    fleet, end = one.pipeline.fleet, to_ns(clock.now()) // MINUTE_NS * MINUTE_NS
    infos = tuple(fleet.series_by_step()[MINUTE_NS])
    due = Due(MINUTE_NS, infos, end - 3 * MINUTE_NS, end, end, forecast=False)
    return one.pipeline.detect.read(due, fleet).calendar.day_off


def test_what_waits_in_a_silence_still_waits_when_the_ledger_could_not_be_written(
    tmp_path, clock, monkeypatch
):
    text = "ladder: {start: act}\n" + HOOK.replace("NAME", "desk")
    one = service(tmp_path, clock, "a", text)
    one.load()
    feed(one, 3, clock)
    incident = example_incident("db-07")
    with one.ledger.begin() as tx:
        incident = tx.put_incident(incident)
        waiting = one.pipeline.orders.hush.with_waiting(frozenset({incident.key}))
        waiting.put(tx)
    one.pipeline.load()
    begin = one.ledger.begin

    def full(fence=None):
        raise_at_end = begin(fence)

        class Full:
            def __enter__(self):
                return raise_at_end.__enter__()

            def __exit__(self, *_):
                raise_at_end.__exit__(StoreError, StoreError("no room"), None)
                raise StoreError("no room")

        return Full()

    monkeypatch.setattr(one.ledger, "begin", full)
    with pytest.raises(StoreError):
        feed(one, 1, clock)
    monkeypatch.undo()
    assert one.ledger.messages_of(incident.key) == []
    feed(one, 1, clock)
    assert [m.draft.action.value for m in one.ledger.messages_of(incident.key)] == ["open"]
    assert one.ledger.note(SILENCES)["waiting"] == []
    one.close()


def test_a_silence_of_before_is_kept_when_another_is_added_while_the_store_is_down(
    tmp_path, clock, monkeypatch
):
    one = service(tmp_path, clock)
    one.load()
    feed(one, 2, clock)
    until = clock.now() + timedelta(hours=1)
    one.silence(Silence("1", "db-07", until, "work", "ada", clock.now()))
    one.close()
    again = service(tmp_path, clock)

    def down(_ids):
        raise StoreError("store is down")

    monkeypatch.setattr(again.panels, "earliest", down)
    again.load()
    again.silence(Silence("2", "db-08", until, "work", "bob", clock.now()))
    assert [each.id for each in again.silences()] == ["1", "2"]
    monkeypatch.undo()
    again.close()


def test_a_ticket_closed_over_there_closes_its_incident_even_when_the_next_answer_breaks(
    running, clock
):
    class Desk:
        can_find = True
        closed = Ticket("", "1", "", "resolved", is_open=False)

        def fetch(self, identity):
            if identity == "2":
                raise AttributeError("a mistake in an adapter")
            return self.closed

        def find(self, _key):
            return []

        def close(self):
            pass

    with running.ledger.begin() as tx:
        for number, asset in enumerate(("db-07", "db-08"), 1):
            incident = tx.put_incident(example_incident(asset))
            ticket = Ticket("desk", str(number), incident.key, "new", is_open=True)
            tx.put_ticket(incident.key, ticket)
    running.pipeline.load()
    running.outbox._systems = {"desk": Desk()}
    running.sync_tick()
    still = {i.asset for i in running.ledger.incidents(SYSTEM) if i.is_open}
    assert still == {"db-08"}


def test_the_status_of_a_closed_ticket_says_how_its_incident_ended(tmp_path, clock):
    codes = "ticket: {closing_codes: [{code: Rejected, outcome: 'false'}]}\n"
    one = service(tmp_path, clock, "a", codes)
    one.load()
    with one.ledger.begin() as tx:
        wrong, right = (tx.put_incident(example_incident(name)) for name in ("db-07", "db-08"))
    one.pipeline.load()
    for incident, status in ((wrong, "rejected"), (right, "resolved")):
        ticket = Ticket("desk", "1", incident.key, status, is_open=False)
        one.pipeline.orders.close_by_ticket(incident, ticket, clock.now())
    wrong, right = (one.ledger.incident(SYSTEM, i.key) for i in (wrong, right))
    assert not wrong.is_open
    assert not right.is_open
    assert (wrong.outcome.kind.value, wrong.outcome.by) == ("false", "ticket:desk")
    assert right.outcome is None
    one.close()


def test_a_change_over_there_is_stored_only_after_what_follows_from_it(running, clock):
    class Desk:
        can_find = True

        def fetch(self, _identity):
            return Ticket("", "1", "", "resolved", is_open=False)

        def close(self):
            pass

    with running.ledger.begin() as tx:
        incident = tx.put_incident(example_incident())
        tx.put_ticket(incident.key, Ticket("desk", "1", incident.key, "new", is_open=True))
    running.outbox._systems = {"desk": Desk()}

    def dies(_change):
        raise StoreError("no room")

    with pytest.raises(StoreError):
        running.outbox.sync(clock.now(), take=dies)
    (change,) = running.outbox.sync(clock.now())
    assert change.closed
