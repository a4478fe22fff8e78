"""Whatever the network does, in whatever order: one incident, one ticket."""

import contextlib
import random
from datetime import UTC, datetime, timedelta

from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from aiops.domain.ticket import TicketAction
from aiops.ledger.open import open_ledger
from aiops.testing.ledger import example_incident
from aiops.ticket import delivery
from aiops.ticket import outbox as outbox_module
from aiops.ticket.compose import draft
from aiops.ticket.outbox import Outbox
from aiops.ticket.settings import TicketSettings
from tests.unit.ticket.foreign import ForeignSystem, Killed, lost

NOW = datetime(2026, 1, 5, 12, tzinfo=UTC)
SETTLE = timedelta(seconds=5)


class SlowIndex(ForeignSystem):
    """A new ticket is not found before the settle time is over; the network fails as told."""

    def __init__(self, faults):
        super().__init__()
        self.faults = list(faults)
        self.visible_at = {}
        self.now = NOW

    def create(self, draft):
        self.visible_at[str(len(self.tickets) + 1)] = self.now + SETTLE
        return super().create(draft)

    def find(self, key):
        if self._next() == "look-up fails":
            raise lost()
        return [each for each in super().find(key) if self.visible_at[each.id] <= self.now]

    def _before(self):
        self.fault = self._next()
        if self.fault == "not done":
            raise lost()

    def _after(self, ticket):
        if self.fault == "done, answer lost":
            raise lost()
        return ticket

    def _next(self):
        return self.faults.pop(0) if self.faults else "none"


FAULTS = st.lists(
    st.sampled_from(["none", "not done", "done, answer lost", "look-up fails"]), max_size=12
)
KILLS = st.lists(
    st.sampled_from(["none", "outbox.before_send", "outbox.after_send", "outbox.after_done"]),
    max_size=4,
)
WAITS = st.lists(st.integers(0, 400), min_size=40, max_size=40)


@settings(max_examples=15, deadline=None, phases=[Phase.explicit, Phase.reuse, Phase.generate])
@given(FAULTS, KILLS, WAITS, st.integers(0, 2))
def test_one_incident_gets_one_ticket_in_every_history(faults, kills, waits, comments):
    ledger = open_ledger("sqlite://", NOW)
    system = SlowIndex(faults)
    with ledger.begin() as tx:
        incident = tx.put_incident(example_incident())
        for number, action in enumerate([TicketAction.OPEN, *[TicketAction.COMMENT] * comments]):
            tx.enqueue("rt", draft(incident, action, f"http://aiops.test/{number}"), NOW)
    points = list(kills)

    def dies(name):
        if points and points[0] in {name, "none"} and points.pop(0) != "none":
            raise Killed

    original = delivery.crashpoint
    delivery.crashpoint = outbox_module.crashpoint = dies
    try:
        _run(ledger, system, waits)
    finally:
        delivery.crashpoint = outbox_module.crashpoint = original
    assert len(system.tickets) == 1
    assert [each.id for each in ledger.tickets(incident.key)] == ["1"]
    assert ledger.messages(states=["pending", "sending", "unknown", "parked"]) == []
    assert sum(each.action is TicketAction.COMMENT for each in system.drafts) >= comments
    ledger.close()


def _run(ledger, system, waits):
    for wait in [*waits, *[400] * 60]:
        outbox = Outbox(ledger, {"rt": system}, TicketSettings(), random.Random(wait))
        with contextlib.suppress(Killed):
            outbox.send_due(system.now)
        system.now += timedelta(seconds=wait)
        if not ledger.messages(states=["pending", "sending", "unknown"]):
            return
