"""What the SQL ledger does beside its contract: damage, versions, tampering, threads, age."""

import contextlib
import sqlite3
import threading
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import text

from aiops.contracts.collector import Inventory
from aiops.contracts.errors import StoreError
from aiops.contracts.ledger import Window
from aiops.domain.asset import SYSTEM, Asset
from aiops.domain.decision import Decision, Reason
from aiops.domain.phrase import verbatim
from aiops.domain.series import SeriesKey
from aiops.domain.step import MINUTE
from aiops.ledger.migrations import HEAD
from aiops.ledger.open import open_ledger
from aiops.testing.ledger import example_incident

NOW = datetime(2026, 1, 5, 12, tzinfo=UTC)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "ledger.db"


@pytest.fixture
def ledger(path):
    ledger = open_ledger(f"sqlite:///{path}", NOW)
    yield ledger
    ledger.close()


def change(path, statement, *values):
    with sqlite3.connect(path) as connection:
        connection.execute(statement, values)
    connection.close()


def test_it_survives_loss_of_power_and_begins_writing_at_once(ledger):
    with ledger._connections.read() as connection:
        assert connection.execute(text("PRAGMA journal_mode")).scalar() == "wal"
        assert connection.execute(text("PRAGMA synchronous")).scalar() == 2


def test_a_damaged_file_stops_with_the_way_to_restore(path):
    with_rows = open_ledger(f"sqlite:///{path}", NOW)
    assets = tuple(Asset(f"host-{n}", name="x" * 500) for n in range(300))
    with_rows.put_inventory("s", Inventory(assets), NOW)
    with_rows.close()
    content = bytearray(path.read_bytes())
    middle = len(content) // 2
    content[middle : middle + 20_000] = b"\xff" * 20_000
    path.write_bytes(content)
    with pytest.raises(StoreError, match="aiops restore"):
        open_ledger(f"sqlite:///{path}", NOW)


def test_a_file_that_is_no_ledger_stops_too(path):
    path.write_bytes(b"not a database, " * 500)
    with pytest.raises(StoreError, match="damaged"):
        open_ledger(f"sqlite:///{path}", NOW)


def test_an_older_program_refuses_a_newer_schema(path):
    open_ledger(f"sqlite:///{path}", NOW).close()
    change(path, "UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(StoreError, match="newer version"):
        open_ledger(f"sqlite:///{path}", NOW)


def test_the_schema_number_is_the_newest_migration():
    from pathlib import Path

    from aiops.ledger import migrations

    found = sorted((Path(migrations.__file__).parent / "versions").glob("[0-9]*.py"))
    assert found[-1].name.startswith(HEAD)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit SET who = 'eve' WHERE number = 2",
        "DELETE FROM audit WHERE number = 2",
        "UPDATE audit SET number = CASE number WHEN 2 THEN 103 WHEN 3 THEN 102 ELSE number END",
    ],
)
def test_an_edit_a_removal_and_a_swap_in_the_audit_log_are_found(path, ledger, statement):
    for number in range(4):
        with ledger.begin() as tx:
            tx.audit(NOW, "ada", "close", f"INC-{number}", {}, {"state": "closed"})
    assert ledger.verify_audit() is None
    change(path, statement)
    assert ledger.verify_audit() == 2


def test_rows_cut_off_the_end_of_the_audit_log_are_missed(path, ledger):
    for number in range(3):
        with ledger.begin() as tx:
            tx.audit(NOW, "ada", "close", f"INC-{number}", {}, {})
    change(path, "DELETE FROM audit WHERE number = 3")
    assert ledger.verify_audit() == 3


def test_many_threads_write_and_read_without_losing_a_row(ledger):
    errors = []

    def work(number):
        try:
            for onset in range(5):
                with ledger.begin() as tx:
                    tx.put_incident(example_incident(f"host-{number}", onset))
                ledger.incidents(SYSTEM)
                ledger.catalogue.ids((SeriesKey(f"host-{number}", f"m{onset}"),), MINUTE)
        except Exception as error:  # noqa: BLE001  # carried to the test's own thread
            errors.append(error)

    threads = [threading.Thread(target=work, args=(n,)) for n in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(240)
    assert errors == []
    numbers = sorted(each.number for each in ledger.incidents(SYSTEM))
    assert numbers == list(range(1, 31))
    assert [info.id for info in ledger.catalogue.all()] == list(range(30))


def test_two_processes_give_one_series_one_id(path, ledger):
    other = open_ledger(f"sqlite:///{path}", NOW)
    keys = (SeriesKey("a", "x"), SeriesKey("a", "y"))
    assert ledger.catalogue.ids(keys[:1], MINUTE).tolist() == [0]
    assert other.catalogue.ids(keys[::-1], MINUTE).tolist() == [1, 0]
    assert ledger.catalogue.ids(keys, MINUTE).tolist() == [0, 1]
    other.close()


def test_a_write_inside_a_transaction_of_the_same_thread_is_an_error_not_a_hang(ledger):
    with ledger.begin(), pytest.raises(StoreError, match="open already"):
        ledger.put_cursor("s", {})
    ledger.put_cursor("s", {"after": "1"})
    assert ledger.cursor("s") == {"after": "1"}


def test_a_transaction_that_fails_leaves_the_writer_free(ledger):
    with contextlib.suppress(KeyError), ledger.begin() as tx:
        tx.put_note("a", {"x": 1})
        raise KeyError
    assert ledger.note("a") == {}
    with ledger.begin() as tx:
        tx.put_note("b", {"x": 1})
    assert ledger.note("b") == {"x": 1}


def test_a_held_decision_is_one_row_however_long_it_holds(ledger):
    for minute in range(100):
        at = NOW + timedelta(minutes=minute)
        with ledger.begin() as tx:
            tx.put_decisions(
                [
                    Decision(
                        at, "s", "a", "hold", Reason.NOT_YET_DUE, verbatim(f"in {100 - minute} min")
                    )
                ]
            )
    assert ledger.status()["decisions"] == 1
    (held,) = ledger.decisions(SYSTEM, limit=5)
    assert held.detail == "in 1 min (100 times since 2026-01-05 12:00 UTC)"


def test_sends_to_two_destinations_are_not_merged(ledger):
    sends = [
        Decision(NOW, "k", "a", "send", Reason.FIRST_NOTIFICATION, verbatim(f"open to {name}"))
        for name in ("rt", "hook")
    ]
    with ledger.begin() as tx:
        tx.put_decisions(sends)
    assert sorted(each.detail for each in ledger.decisions(SYSTEM, limit=5)) == [
        "open to hook",
        "open to rt",
    ]


def test_old_rows_go_and_incidents_and_the_newest_window_stay(ledger):
    old = replace(example_incident(), opened_at=NOW - timedelta(days=400))
    with ledger.begin() as tx:
        tx.put_incident(old)
        tx.put_decisions([Decision(NOW, "s", "a", "open", Reason.BY_PERSON)])
        tx.put_window(Window("60", "detect", MINUTE))
        tx.put_window(Window("60", "detect", 2 * MINUTE))
    assert ledger.prune(NOW + timedelta(days=1)) == 2
    assert ledger.decisions(SYSTEM, limit=5) == []
    assert len(ledger.incidents(SYSTEM)) == 1
    assert ledger.newest_window("60", "detect") == 2 * MINUTE


def test_outcomes_are_listed(ledger):
    from aiops.domain.incident import Outcome, OutcomeKind

    with ledger.begin() as tx:
        tx.put_incident(example_incident("a"))
        ended = replace(example_incident("b"), outcome=Outcome(OutcomeKind.AVERTED, NOW))
        tx.put_incident(ended)
    assert [each.asset for each in ledger.outcomes(SYSTEM)] == ["b"]


def test_a_ledger_in_memory_leaves_nothing_behind():
    from pathlib import Path

    ledger = open_ledger("sqlite://", NOW)
    directory = Path(ledger._connections.engine.url.database).parent
    assert directory.exists()
    ledger.close()
    assert not directory.exists()


def test_an_unknown_database_is_a_plain_message():
    with pytest.raises(StoreError, match="URL is not valid"):
        open_ledger("no url at all", NOW)


def test_the_migrations_make_the_tables_that_the_program_uses(ledger):
    from alembic.autogenerate import compare_metadata
    from alembic.migration import MigrationContext

    from aiops.ledger.tables import METADATA

    with ledger._connections.engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), METADATA) == []


def test_before_an_upgrade_a_copy_is_made(path, monkeypatch):
    from aiops.ledger import open as opening

    open_ledger(f"sqlite:///{path}", NOW).close()
    change(path, "UPDATE alembic_version SET version_num = '0000'")
    monkeypatch.setattr(opening, "_upgrade", lambda connection: None)
    open_ledger(f"sqlite:///{path}", NOW).close()
    copy = path.with_name("ledger.db.schema-0000-20260105T120000Z")
    with sqlite3.connect(copy) as connection:
        assert connection.execute("SELECT version_num FROM alembic_version").fetchone() == ("0000",)
    connection.close()
