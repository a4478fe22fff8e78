"""What the fleet remembers of each series."""

import numpy as np
import pytest

from aiops.collect.fleet import Fleet
from aiops.domain.instant import from_ns
from aiops.domain.series import SeriesKey
from aiops.domain.step import MINUTE
from aiops.ledger.open import open_ledger
from aiops.testing.panels import MONDAY


@pytest.fixture
def fleet():
    ledger = open_ledger("sqlite://", from_ns(MONDAY))
    yield Fleet(ledger)
    ledger.close()


def note(fleet: Fleet, *samples: tuple[int, int]) -> None:
    columns = np.array(samples, dtype=np.int64).reshape(-1, 2)
    fleet.note_first(columns[:, 0], columns[:, 1])


def test_the_first_sample_is_the_earliest_of_a_batch_in_any_order(fleet):
    note(fleet, (3, 50), (3, 20), (0, 40), (3, 30))
    assert fleet.first_ns == {3: 20, 0: 40}


def test_a_late_sample_moves_the_first_back_and_a_newer_one_does_not(fleet):
    note(fleet, (1, 50))
    note(fleet, (1, 60))
    note(fleet, (1, 10), (2, 70))
    assert fleet.first_ns == {1: 10, 2: 70}


def test_nothing_is_remembered_of_an_empty_batch(fleet):
    note(fleet)
    assert fleet.first_ns == {}


def test_what_the_store_knows_is_not_forgotten_by_newer_samples(fleet):
    ids = fleet.ledger.catalogue.ids((SeriesKey("a", "m"), SeriesKey("b", "m")), MINUTE)
    note(fleet, (0, 90), (1, 90))
    fleet.load_first(lambda asked: np.where(asked == ids[0], 30, 0))
    note(fleet, (0, 95), (1, 95))
    assert fleet.first_ns == {0: 30, 1: 95}


def test_a_series_is_found_by_its_key_as_soon_as_it_has_an_id(fleet):
    key = SeriesKey("a", "m")
    assert fleet.info(key) is None
    (number,) = fleet.ledger.catalogue.ids((key,), MINUTE)
    assert fleet.info(key).id == number
    assert fleet.info(SeriesKey("b", "m")) is None
