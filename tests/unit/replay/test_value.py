"""A replay tells what it would have been worth, in the service's own words."""

from datetime import timedelta

import numpy as np

from aiops.config import default
from aiops.contracts.collector import Inventory
from aiops.domain.asset import Asset
from aiops.domain.event import Maintenance
from aiops.domain.instant import from_ns
from aiops.domain.metric import Direction, Limit, Metric
from aiops.domain.series import Batch, SeriesKey
from aiops.domain.step import HOUR
from aiops.replay.bundle import Bundle
from aiops.replay.drive import replay


def live(*maintenance):
    cells = 48
    times = (np.arange(cells, dtype=np.int64) + 490_000) * HOUR
    values = np.where(np.arange(cells) < 40, 0.4, 1.0)
    key = SeriesKey("db", "disk")
    inventory = Inventory(
        assets=(Asset("db"),),
        metrics=(Metric("disk"),),
        limits=(Limit("disk", Direction.UP, 0.9),),
    )
    batch = Batch((key,), np.zeros(cells, np.int32), times, values)
    return replay(Bundle(inventory, batch, (), maintenance), default()).value


def test_a_replay_writes_the_value_report_of_its_time():
    value = live()
    assert value["counts"]["kind"] == {"reactive": 1}
    (row,) = value["incidents"]
    assert row["asset"] == "db"
    detect = next(f for f in value["figures"] if f["name"] == "time_to_detect")
    assert detect["n"] == 1
    assert not detect["measurable"]


def test_nothing_opens_within_a_recorded_window():
    start = from_ns(490_000 * HOUR)
    assert live(Maintenance("db", start, start + timedelta(days=3)))["incidents"] == []
