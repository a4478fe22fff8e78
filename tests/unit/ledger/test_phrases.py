"""The sentence of a decision is kept as code and values; older rows keep their English."""

from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa

from aiops.domain.asset import SYSTEM
from aiops.domain.decision import Decision, Reason
from aiops.domain.phrase import Phrase
from aiops.ledger.open import open_ledger

NOW = datetime(2026, 1, 5, 12, tzinfo=UTC)
LOW = Phrase("below", {"probability": 0.41, "bar": 0.7})


@pytest.fixture
def ledger(tmp_path):
    held = open_ledger(f"sqlite:///{tmp_path / 'ledger.db'}", NOW)
    yield held
    held.close()


def test_a_decision_is_read_in_the_language_of_its_reader_however_often_it_was_repeated(ledger):
    for minute in range(3):
        at = NOW + timedelta(minutes=minute)
        with ledger.begin() as tx:
            tx.put_decisions([Decision(at, "s", "a", "nothing", Reason.PROBABILITY_TOO_LOW, LOW)])
    (held,) = ledger.decisions(SYSTEM, limit=5)
    assert (held.phrase, held.times) == (LOW, 3)
    assert held.words("en") == "0.41 is below 0.70 (3 times since 2026-01-05 12:00 UTC)"
    assert held.words("zh") == "0.41 低于 0.70（自 2026-01-05 12:00 UTC 起共 3 次）"


def test_a_row_of_an_earlier_version_is_still_shown(ledger, tmp_path):
    with ledger.begin() as tx:
        tx.put_decisions([Decision(NOW, "s", "a", "nothing", Reason.PROBABILITY_TOO_LOW, LOW)])
    engine = sa.create_engine(f"sqlite:///{tmp_path / 'ledger.db'}")
    with engine.begin() as connection:
        connection.execute(sa.text("UPDATE decision SET phrase = '', detail = 'as it was said'"))
    engine.dispose()
    (held,) = ledger.decisions(SYSTEM, limit=5)
    assert held.words("zh") == held.detail == "as it was said"
