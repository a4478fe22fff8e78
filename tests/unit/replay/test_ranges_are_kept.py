"""What ranges were missed by is part of each window's transaction, and there after a stop."""

import numpy as np

from aiops.assemble import assemble
from aiops.config import default
from aiops.contracts.collector import Inventory
from aiops.domain.asset import Asset
from aiops.domain.instant import from_ns
from aiops.domain.metric import Direction, Limit, Metric
from aiops.domain.series import Batch, SeriesKey
from aiops.domain.step import HOUR
from aiops.forecast.ranges import RANGES, Ranges
from aiops.ledger.open import open_ledger
from aiops.replay.bundle import Bundle
from aiops.replay.drive import _live
from aiops.store.engines.memory import MemoryStore
from aiops.store.panels import LivePanels


def test_what_ranges_teach_is_there_after_a_restart(tmp_path):
    keys = tuple(SeriesKey(name, "used") for name in ("a", "b"))
    hours = np.arange(140)
    # one is full within the recording, one still on its way
    filled = [np.minimum(1.0, hours / speed + 0.004 * ((hours * 7) % 5)) for speed in (110, 170)]
    batch = Batch(
        keys,
        np.tile(np.arange(2, dtype=np.int32), len(hours)),
        np.repeat((490_000 + hours) * HOUR, 2),
        np.stack(filled, axis=1).reshape(-1),
    )
    inventory = Inventory(
        assets=tuple(Asset(key.asset) for key in keys),
        metrics=(Metric("used"),),
        limits=(Limit("used", Direction.UP, 1.0),),
    )
    ledger = open_ledger("sqlite://", from_ns(int(batch.times[0])), durable=False)
    settings = default()
    panels = LivePanels(MemoryStore(), ledger.catalogue, tmp_path, settings.store)
    first = assemble(settings, ledger, panels)
    _live(Bundle(inventory, batch, (), ()), first, lambda _share: None)
    assert first.ranges.crossings == {"used": 1}
    assert list(first.ranges.waiting) == ["b used"]
    assert Ranges.of(ledger.note(RANGES)) == first.ranges
    again = assemble(settings, ledger, panels)
    again.load()
    assert again.ranges == first.ranges
    for pipeline in (first, again):
        pipeline.close()
    panels.close()
    ledger.close()
