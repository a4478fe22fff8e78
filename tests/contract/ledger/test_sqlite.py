"""The SQLite ledger keeps the published contract."""

from aiops.ledger.open import open_ledger
from aiops.testing.ledger import NOW, check_ledger


def test_the_sqlite_ledger_keeps_the_contract(tmp_path):
    check_ledger(lambda name: open_ledger(f"sqlite:///{tmp_path}/{name}.db", NOW))
