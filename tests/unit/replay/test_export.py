"""What a bundle of this installation's own history holds."""

import csv
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from aiops.contracts.collector import Inventory
from aiops.domain.asset import Asset
from aiops.domain.instant import to_ns
from aiops.domain.metric import Direction, Limit, Metric
from aiops.domain.series import Samples, SeriesKey
from aiops.domain.step import MINUTE
from aiops.ledger.open import open_ledger
from aiops.replay.export import export
from aiops.store.engines.memory import MemoryStore

NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
UP = Direction.UP


@pytest.fixture
def ledger():
    opened = open_ledger("sqlite://", NOW)
    yield opened
    opened.close()


def limits_exported(ledger, tmp_path, own_limits):
    """Exports one minute of ``used`` and ``heat`` of two assets; returns its limits."""
    keys = tuple(SeriesKey(asset, metric) for asset in ("a", "b") for metric in ("used", "heat"))
    told = Inventory(
        assets=(Asset("a"), Asset("b"), Asset("elsewhere")),
        metrics=(Metric("used"), Metric("heat")),
        limits=(
            Limit("heat", UP, 90.0),
            Limit("heat", UP, 70.0, asset="b"),
            Limit("used", UP, 0.95, asset="a"),
            Limit("used", UP, 0.95, asset="elsewhere"),
        ),
    )
    ledger.put_inventory("source", told, NOW)
    ids = ledger.catalogue.ids(keys, MINUTE)
    store = MemoryStore()
    store.append(Samples(ids, np.full(4, to_ns(NOW)), np.ones(4)))
    hour = timedelta(hours=1)
    export(ledger, store, tmp_path / "bundle", NOW - hour, NOW + hour, own_limits=own_limits)
    with (tmp_path / "bundle" / "limits.csv").open() as file:
        return {(row["asset"], row["metric"]): float(row["fail"]) for row in csv.DictReader(file)}


def test_a_limit_of_every_asset_is_told_of_each(ledger, tmp_path):
    assert limits_exported(ledger, tmp_path, ()) == {
        ("a", "heat"): 90.0,
        ("a", "used"): 0.95,
        ("b", "heat"): 70.0,
    }


def test_limits_of_the_configuration_go_first_and_shares_of_another_series_are_left_out(
    ledger, tmp_path
):
    own = (Limit("used", UP, 0.8), Limit("heat", UP, 0.9, asset="a", of="used"))
    assert limits_exported(ledger, tmp_path, own) == {
        ("a", "used"): 0.95,
        ("b", "heat"): 70.0,
        ("b", "used"): 0.8,
    }
