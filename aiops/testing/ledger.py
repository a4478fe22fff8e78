"""The published checker of ledgers: what every one of them must keep."""
# ruff: noqa: S101  # a checker speaks in assertions, as the tests that call it

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from aiops.contracts.collector import Inventory
from aiops.contracts.errors import Fenced
from aiops.contracts.ledger import Checkpoint, Ledger, Window
from aiops.domain.abstention import Abstention
from aiops.domain.access import Credential, Role
from aiops.domain.anomaly import Anomaly, Shape
from aiops.domain.asset import SYSTEM, Asset, Edge, Viewer
from aiops.domain.decision import Decision, Reason
from aiops.domain.forecast import Crossing
from aiops.domain.identity import Sighting
from aiops.domain.incident import (
    Incident,
    IncidentKind,
    IncidentState,
    Prediction,
    Stage,
    Transition,
    incident_key,
)
from aiops.domain.metric import Direction, Limit, Metric
from aiops.domain.phrase import verbatim
from aiops.domain.risk import Contribution, Risk
from aiops.domain.series import SeriesKey
from aiops.domain.step import MINUTE
from aiops.domain.ticket import OutboxState, Ticket, TicketAction, TicketDraft
from aiops.testing.ledger_runs import check_answers, check_changes, check_runs

NOW = datetime(2026, 1, 5, 12, tzinfo=UTC)
MakeLedger = Callable[[str], Ledger]
"""Opens the ledger of a name, which is new and empty at first, and the same one after."""

_DBA = Viewer("ada", teams=frozenset({"dba"}))
_NOBODY = Viewer("eve")
_DISK = SeriesKey.of("db-07", "disk", {"mount": "/data", "a": "日本"})


def check_ledger(make: MakeLedger) -> None:
    """Runs every check.

    Raises:
        AssertionError: A promise of :class:`aiops.contracts.ledger.Ledger` is not kept.
    """
    for check in (
        _check_world,
        _check_edges,
        _check_sightings,
        _check_catalogue,
        _check_transaction,
        _check_windows,
        _check_lease,
        _check_decisions,
        _check_outbox,
        _check_viewer,
        _check_audit,
        _check_checkpoints,
        check_runs,
        check_changes,
        check_answers,
    ):
        check(make)


def example_incident(asset: str = "db-07", onset: int = 0) -> Incident:
    """Returns an incident that has every field filled."""
    at = NOW + timedelta(microseconds=7)
    prediction = Prediction(
        0.87, at, at + timedelta(hours=1), at + timedelta(hours=9), 0.95, Direction.UP, "auto 1", at
    )
    return Incident(
        incident_key("installation", asset, "disk", onset),
        IncidentKind.PREDICTIVE,
        asset,
        _DISK,
        IncidentState.OPEN,
        Stage.ACT,
        at,
        at,
        predicted=prediction,
        current=prediction,
        sentence={"en": "The disk will be full.", "zh": "磁盘将满。"},
        evidence={"values": [1.5, None], "rows": [{"name": "x"}]},
        transitions=(Transition(at, IncidentState.OPEN, Reason.CROSSING_LIKELY),),
        owner="dba",
    )


def example_draft(incident: Incident, action: TicketAction = TicketAction.OPEN) -> TicketDraft:
    """Returns a draft for the incident."""
    return TicketDraft(
        incident.key, "", action, f"{incident.asset}: disk", "Body", 2, NOW, "http://x"
    )


@contextmanager
def _opened(make: MakeLedger, name: str) -> Iterator[Ledger]:
    ledger = make(name)
    try:
        yield ledger
    finally:
        ledger.close()


def _check_world(make: MakeLedger) -> None:
    assets = (Asset("db-07", owner="dba", depends_on=("nas",)), Asset("nas", site="berlin"))
    metrics = (Metric("disk", ceiling=1.0),)
    limits = (Limit("disk", Direction.UP, 0.95, 0.9, "db-07"), Limit("disk", Direction.UP, 0.99))
    inventory = Inventory(assets, metrics, limits, (Edge("db-07", "nas"),))
    token = Credential("ab", "token", "ci", Role.OPERATOR, _DBA, NOW, NOW + timedelta(days=1))
    with _opened(make, "world") as ledger:
        installation = ledger.installation
        assert ledger.cursor("s") == {}, "a source without a cursor must have an empty one"
        ledger.put_inventory("s", inventory, NOW)
        ledger.put_inventory("s", inventory, NOW)
        ledger.put_cursor("s", {"after": "9"})
        ledger.put_credential(token)
    with _opened(make, "world") as ledger:
        assert ledger.installation == installation, "the installation's id must stay"
        assert ledger.assets(SYSTEM) == list(assets), "assets must come back as they were"
        assert ledger.metrics() == {"disk": metrics[0]}
        assert set(ledger.limits()) == set(limits)
        assert ledger.edges() == [Edge("db-07", "nas")]
        assert ledger.cursor("s") == {"after": "9"}
        assert ledger.credential("ab") == token
        ledger.delete_credential("ab")
        assert ledger.credential("ab") is None, "a deleted credential must be gone"


def _check_edges(make: MakeLedger) -> None:
    stays, goes, shared = Edge("a", "sw"), Edge("b", "sw"), Edge("c", "sw")
    with _opened(make, "edges") as ledger:
        with ledger.begin() as tx:
            tx.put_edges("configured", [shared, Edge("d", "sw")])
        ledger.put_inventory("snmp", Inventory(edges=(stays, goes, shared), whole=True), NOW)
        ledger.put_inventory("k8s", Inventory(edges=(Edge("pod", "node"),), whole=True), NOW)
        ledger.put_inventory("snmp", Inventory(edges=(stays,)), NOW)
        assert goes in ledger.edges(), "what a part of the inventory lacks must stay"
        ledger.put_inventory("snmp", Inventory(edges=(stays,), whole=True), NOW)
    with _opened(make, "edges") as ledger:
        kept = set(ledger.edges())
        assert goes not in kept, "an edge that a whole inventory lacks must go"
        assert kept == {stays, shared, Edge("d", "sw"), Edge("pod", "node")}, "others' must stay"
        with ledger.begin() as tx:
            tx.forget_edges("configured", [shared])
        assert shared not in ledger.edges(), "an edge that nobody tells of must go"


def _check_sightings(make: MakeLedger) -> None:
    first = Sighting("snmp", "10.0.0.7", "db-07", NOW, of=("prometheus", "db-07"))
    other = Sighting("prometheus", "nas", "nas", NOW)
    old, new = SeriesKey("10.0.0.7", "cpu"), SeriesKey("db-07", "cpu", (("source", "snmp"),))
    with _opened(make, "sightings") as ledger:
        world = Inventory((Asset("10.0.0.7"), Asset("db-07"), Asset("old")))
        ledger.put_inventory("s", world, NOW)
        number = ledger.catalogue.ids((old,), MINUTE, [True])
        with ledger.begin() as tx:
            tx.put_incident(example_incident("old"))
            tx.put_sightings([first, other])
            tx.put_sightings([replace(first, pushed=True)])
            tx.forget_assets(["10.0.0.7", "old"])
        ledger.catalogue.rename({old: new, SeriesKey("nobody", "x"): SeriesKey("y", "x")})
    with _opened(make, "sightings") as ledger:
        assert ledger.sightings("nas") == [other]
        assert ledger.sightings() == [other, replace(first, pushed=True)], "by source, then key"
        kept = [each.key for each in ledger.assets(SYSTEM)]
        assert kept == ["db-07", "old"], "an asset with an incident must stay"
        assert [info.key for info in ledger.catalogue.all()] == [new]
        assert ledger.catalogue.ids((new,), MINUTE).tolist() == number.tolist()
        assert ledger.catalogue.all()[0].counter


def _check_catalogue(make: MakeLedger) -> None:
    keys = (_DISK, SeriesKey("db-07", "cpu"))
    with _opened(make, "catalogue") as ledger:
        ids = ledger.catalogue.ids(keys, MINUTE, (False, True))
        assert ids.tolist() == [0, 1], "ids must be dense, from 0"
        assert ledger.catalogue.ids(keys, MINUTE) is ids, "the same tuple must be answered at once"
    with _opened(make, "catalogue") as ledger:
        more = (SeriesKey("nas", "cpu"), *keys)
        assert ledger.catalogue.ids(more, 2 * MINUTE).tolist() == [2, 0, 1], "ids must stay"
        infos = ledger.catalogue.all()
        assert [info.key for info in infos] == [*keys, more[0]]
        assert [info.step_ns for info in infos] == [MINUTE, MINUTE, 2 * MINUTE]
        assert [info.counter for info in infos] == [False, True, False]
        assert ledger.catalogue.info(ids[::-1]) == [infos[1], infos[0]]


def _check_transaction(make: MakeLedger) -> None:
    incident = example_incident()
    anomaly = Anomaly(
        _DISK, NOW, None, 4.0, 2.0, Shape.DRIFT, Direction.UP, 0.9, math.inf, "robust 1"
    )
    crossing = Crossing(_DISK, NOW, timedelta(days=2), 0.95, Direction.UP, 0.5, NOW, NOW, NOW)
    low = Crossing(
        SeriesKey("nas", "cpu"), NOW, timedelta(days=2), 1.0, Direction.UP,
        abstained=Abstention.NO_TREND, value=1.0, growth=0.0,
    )  # fmt: skip
    risk = Risk(
        "db-07", NOW, NOW, timedelta(days=2), 0.5, 0.5, 1.0, 25.0,
        (Contribution(_DISK, "forecast", 0.5, "auto 1"),), low,
    )  # fmt: skip
    with _opened(make, "transaction") as ledger:
        with suppress(KeyError), ledger.begin() as tx:
            tx.put_incident(incident)
            raise KeyError("undone")
        assert ledger.incidents(SYSTEM) == [], "a transaction that raised must leave nothing"
        with ledger.begin() as tx:
            first = tx.put_incident(incident)
            second = tx.put_incident(example_incident("nas"))
            assert (first.number, second.number) == (1, 2), "numbers run from 1"
            assert tx.put_incident(incident).number == 1, "a number must stay"
            third = example_incident("tape")
            numbers = [each.number for each in tx.put_incidents([third, incident])]
            assert numbers == [3, 1], "several at once get their numbers in order"
            tx.put_anomalies([anomaly])
            tx.put_crossings([crossing, low])
            tx.put_risks([risk])
            tx.put_note("memory", {"a": 1})
    with _opened(make, "transaction") as ledger:
        assert ledger.incident(SYSTEM, incident.key) == first, "an incident must come back whole"
        assert ledger.anomalies(SYSTEM, None, NOW, NOW + timedelta(hours=1)) == [anomaly]
        assert ledger.anomalies(SYSTEM, "db-07", NOW - timedelta(hours=1), NOW) == []
        held = ledger.crossings(SYSTEM, "db-07")
        assert [each.probability for each in held] == [0.5]
        assert math.isnan(held[0].value), "NaN must come back as NaN"
        kept = ledger.crossing_history(SYSTEM, "db-07", NOW, NOW + timedelta(hours=1))
        assert [each.probability for each in kept] == [0.5], "what was said stays"
        assert ledger.crossings(SYSTEM, "nas") == [low]
        assert ledger.risks(SYSTEM) == [risk]
        assert ledger.note("memory") == {"a": 1}
        assert ledger.note("other") == {}


def _check_windows(make: MakeLedger) -> None:
    with _opened(make, "windows") as ledger:
        assert ledger.newest_window("60", "detect") is None
        with ledger.begin() as tx:
            assert tx.put_window(Window("60", "detect", 2 * MINUTE))
            assert not tx.put_window(Window("60", "detect", 2 * MINUTE)), "a window counts once"
            assert tx.put_window(Window("60", "detect", MINUTE, "skipped"))
        assert ledger.newest_window("60", "detect") == 2 * MINUTE


def _check_lease(make: MakeLedger) -> None:
    ttl = timedelta(seconds=10)
    with _opened(make, "lease") as ledger:
        first = ledger.acquire_lease("a", ttl, NOW)
        assert first is not None
        assert ledger.acquire_lease("b", ttl, NOW + ttl / 2) is None, "a held lease is refused"
        assert ledger.acquire_lease("a", ttl, NOW + ttl / 2) == first, "renewing keeps the token"
        second = ledger.acquire_lease("b", ttl, NOW + 3 * ttl)
        assert second is not None
        assert second > first, "a new holder's token must be greater"
        try:
            with ledger.begin(first) as tx:
                tx.put_note("late", {"a": 1})
        except Fenced:
            pass
        else:
            raise AssertionError("an old token must be refused")
        assert ledger.note("late") == {}, "a fenced leader must commit nothing"
        with ledger.begin(second) as tx:
            tx.put_note("new", {"a": 1})
        ledger.release_lease("b")
        third = ledger.acquire_lease("a", ttl, NOW + 3 * ttl)
        assert third is not None
        assert third > second


def _check_decisions(make: MakeLedger) -> None:
    def decision(minute: int, action: str, reason: Reason) -> Decision:
        return Decision(
            NOW + timedelta(minutes=minute), "s", "db-07", action, reason, verbatim("why")
        )

    with _opened(make, "decisions") as ledger:
        for minute in range(3):
            with ledger.begin() as tx:
                tx.put_decisions([decision(minute, "nothing", Reason.NOT_SUSTAINED)])
        with ledger.begin() as tx:
            tx.put_decisions([decision(3, "open", Reason.CROSSING_LIKELY)])
        held = ledger.decisions(SYSTEM, subject="s", limit=10)
        assert [each.action for each in held] == ["open", "nothing"], "equal ones are merged"
        assert held[1].at == NOW + timedelta(minutes=2), "a merged one carries its last time"
        assert len(ledger.decisions(SYSTEM, limit=1)) == 1


def _check_outbox(make: MakeLedger) -> None:
    incident = example_incident()
    draft = example_draft(incident)
    close = example_draft(incident, TicketAction.RESOLVE)
    with _opened(make, "outbox") as ledger:
        with ledger.begin() as tx:
            opened = tx.enqueue("rt", draft, NOW)
            assert opened is not None
            assert tx.enqueue("rt", draft, NOW) is None, "an equal message is not queued twice"
            assert tx.enqueue("hook", draft, NOW) is not None, "destinations are independent"
            closing = tx.enqueue("rt", close, NOW)
        assert closing is not None
        assert opened.draft.message_id == opened.id
        assert len({opened.id, closing.id}) == 2
        due = ledger.due_messages(NOW)
        assert sorted(each.id for each in due) == sorted([opened.id, f"{incident.key}:hook:1"]), (
            "only the oldest unfinished message of an incident and destination is due"
        )
        done = _with_state(ledger, opened.id, OutboxState.DONE)
        assert closing in ledger.due_messages(NOW)
        assert ledger.messages(states=["done"], destination="rt") == [done]
        ticket = Ticket("rt", "7", incident.key, "new", is_open=True)
        with ledger.begin() as tx:
            tx.put_ticket(incident.key, ticket)
        assert ledger.tickets(incident.key) == [ticket]
        with ledger.begin() as tx:
            tx.put_ticket(incident.key, replace(ticket, id="8"))
        assert [t.id for _, t in ledger.open_tickets("rt", 1)] == ["7"]
        assert [t.id for _, t in ledger.open_tickets("rt", 1, after="7")] == ["8"]
        assert ledger.open_tickets("rt", after="8") == []


def _with_state(ledger: Ledger, number: str, state: OutboxState) -> object:
    from dataclasses import replace

    message = next(each for each in ledger.due_messages(NOW) if each.id == number)
    changed = replace(message, state=state, ticket_id="7", attempts=1, last_error="x")
    with ledger.begin() as tx:
        tx.put_message(changed)
    return changed


def _check_viewer(make: MakeLedger) -> None:
    own, other = example_incident("db-07"), example_incident("nas")
    with _opened(make, "viewer") as ledger:
        world = Inventory((Asset("db-07", owner="dba"), Asset("nas", owner="net")))
        ledger.put_inventory("s", world, NOW)
        with ledger.begin() as tx:
            for incident in (own, other):
                tx.put_incident(incident)
                tx.put_decisions(
                    [Decision(NOW, incident.key, incident.asset, "open", Reason.BY_PERSON)]
                )
        assert [each.asset for each in ledger.incidents(_DBA)] == ["db-07"]
        assert ledger.incident(_DBA, other.key) is None
        assert [each.asset for each in ledger.decisions(_DBA, limit=9)] == ["db-07"]
        assert [each.key for each in ledger.assets(_DBA)] == ["db-07"]
        assert ledger.asset(_DBA, "nas") is None
        assert ledger.incidents(_NOBODY) == [], "an empty scope must see nothing"
        assert ledger.assets(_NOBODY) == []


def _check_audit(make: MakeLedger) -> None:
    with _opened(make, "audit") as ledger:
        for number in range(3):
            with ledger.begin() as tx:
                tx.audit(NOW, "ada", "close", f"INC-{number}", {"state": "open"}, {"state": "x"})
        rows = ledger.audit_rows()
        assert [row.subject for row in rows] == ["INC-2", "INC-1", "INC-0"]
        assert len({row.digest for row in rows}) == 3
        assert ledger.verify_audit() is None


def _check_checkpoints(make: MakeLedger) -> None:
    states = [Checkpoint("robust", "1", "60", end, f"p{end}", (1, 2)) for end in (1, 2, 3)]
    with _opened(make, "checkpoints") as ledger:
        with ledger.begin() as tx:
            assert tx.put_checkpoint(states[0]) == []
            assert tx.put_checkpoint(states[1]) == []
            assert tx.put_checkpoint(states[2]) == [states[0]], "two are kept"
        assert ledger.checkpoint("robust", "1", "60") == states[2]
        assert ledger.checkpoint("robust", "2", "60") is None
