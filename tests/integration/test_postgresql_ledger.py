"""The ledger's contract on a real PostgreSQL, and two daemons that write at once."""

import threading

import pytest

from aiops.domain.asset import SYSTEM
from aiops.domain.series import SeriesKey
from aiops.domain.step import MINUTE
from aiops.ledger.open import open_ledger
from aiops.testing.ledger import NOW, check_ledger, example_incident
from tests.integration.postgresql import missing, running_postgres


@pytest.fixture(scope="module")
def postgres():
    why = missing()
    if why:
        pytest.skip(f"not run: {why}")
    with running_postgres() as server:
        yield server


def test_the_ledger_keeps_its_contract_on_postgresql(postgres):
    urls = {}

    def make(name):
        if name not in urls:
            urls[name] = postgres.new_database(name)
        return open_ledger(urls[name], NOW)

    check_ledger(make)


def test_two_daemons_that_start_and_write_at_once_lose_and_double_nothing(postgres):
    url = postgres.new_database("two")
    errors = []

    def work(number):
        try:
            ledger = open_ledger(url, NOW)
            for onset in range(10):
                with ledger.begin() as tx:
                    tx.put_incident(example_incident(f"host-{number}", onset))
                    tx.audit(NOW, "ada", "open", "x", {}, {})
                ledger.catalogue.ids((SeriesKey("shared", f"m{onset}"),), MINUTE)
            ledger.close()
        except Exception as error:  # noqa: BLE001  # carried to the test's own thread
            errors.append(error)

    threads = [threading.Thread(target=work, args=(n,)) for n in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(240)
    assert errors == []
    ledger = open_ledger(url, NOW)
    assert sorted(each.number for each in ledger.incidents(SYSTEM)) == list(range(1, 31))
    assert [info.id for info in ledger.catalogue.all()] == list(range(10))
    assert ledger.verify_audit() is None
    ledger.close()
