"""The ledger while its PostgreSQL goes away: nothing half done, and on again after it."""

from datetime import timedelta

import pytest

from aiops.contracts.errors import Fenced, StoreError
from aiops.domain.asset import SYSTEM
from aiops.ledger.open import open_ledger
from aiops.testing.ledger import NOW, example_incident
from tests.integration.ledger.server import Postgres
from tests.integration.postgresql import missing


@pytest.fixture(scope="module")
def server():
    why = missing()
    if why:
        pytest.skip(f"not run: {why}")
    postgres = Postgres()
    yield postgres
    postgres.close()


def end_connections(server, name):
    server.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
        f"WHERE datname = '{name}' AND pid <> pg_backend_pid()"
    )


def test_a_server_restarted_inside_a_transaction_leaves_nothing_of_it(server):
    ledger = open_ledger(server.new_database("restart"), NOW)
    with ledger.begin() as tx:
        before = tx.put_incident(example_incident("before"))
    with pytest.raises(StoreError), ledger.begin() as tx:  # noqa: PT012  # the transaction raises
        tx.put_incident(example_incident("during"))
        server.crash()
        server.start()
        tx.put_incident(example_incident("after the restart"))
    assert ledger.incidents(SYSTEM) == [before]
    with ledger.begin() as tx:
        again = tx.put_incident(example_incident("during"))
    assert again.number == 2
    assert ledger.verify_audit() is None
    ledger.close()


def test_a_server_restarted_just_before_the_commit_leaves_nothing_of_it(server):
    ledger = open_ledger(server.new_database("commit"), NOW)
    with pytest.raises(StoreError), ledger.begin() as tx:  # noqa: PT012  # the transaction raises
        tx.put_incident(example_incident())
        tx.audit(NOW, "ada", "open", "x", {}, {})
        server.crash()
        server.start()
    assert ledger.incidents(SYSTEM) == []
    assert ledger.audit_rows() == []
    ledger.close()


def test_connections_ended_by_the_server_cost_one_transaction_and_no_read(server):
    ledger = open_ledger(server.new_database("cut"), NOW)
    with pytest.raises(StoreError), ledger.begin() as tx:  # noqa: PT012  # the transaction raises
        tx.put_incident(example_incident())
        end_connections(server, "cut")
        tx.put_incident(example_incident("nas"))
    assert ledger.incidents(SYSTEM) == []
    end_connections(server, "cut")
    assert ledger.incidents(SYSTEM) == [], "a connection that died idle is replaced unseen"
    with ledger.begin() as tx:
        tx.put_incident(example_incident())
    assert len(ledger.incidents(SYSTEM)) == 1
    ledger.close()


def test_while_the_server_is_away_every_call_says_so_and_tells_no_password(server):
    url = server.new_database("away")
    ledger = open_ledger(url, NOW)
    server.crash()
    try:
        with pytest.raises(StoreError) as read:
            ledger.incidents(SYSTEM)
        with pytest.raises(StoreError) as write, ledger.begin() as tx:
            tx.put_incident(example_incident())
        with pytest.raises(StoreError) as opened:
            open_ledger(url, NOW)
        for caught in (read, write, opened):
            assert "hunter2" not in str(caught.value)
    finally:
        server.start()
    assert ledger.incidents(SYSTEM) == []
    ledger.close()


def test_a_second_daemon_waits_for_the_lease_and_then_fences_the_first(server):
    url = server.new_database("lease")
    first, second = open_ledger(url, NOW), open_ledger(url, NOW)
    ttl = timedelta(seconds=10)
    token = first.acquire_lease("one", ttl, NOW)
    assert token is not None
    assert second.acquire_lease("two", ttl, NOW + ttl / 2) is None
    with first.begin(token) as tx:
        tx.put_incident(example_incident("by the first"))
    server.crash()
    server.start()
    assert second.acquire_lease("two", ttl, NOW + ttl / 2) is None, "a lease survives a crash"
    newer = second.acquire_lease("two", ttl, NOW + 2 * ttl)
    assert newer is not None
    assert newer > token
    with pytest.raises(Fenced), first.begin(token) as tx:
        tx.put_incident(example_incident("too late"))
    with second.begin(newer) as tx:
        tx.put_incident(example_incident("by the second"))
    found = {each.asset for each in first.incidents(SYSTEM)}
    assert found == {"by the first", "by the second"}
    first.close()
    second.close()
