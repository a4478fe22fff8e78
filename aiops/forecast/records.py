"""Earlier forecasts of an asset's limits, read beside the values that came."""

from datetime import datetime, timedelta
from typing import Final

import numpy as np

from aiops.contracts.ledger import Ledger
from aiops.contracts.store import PanelSource
from aiops.domain.asset import Viewer
from aiops.domain.forecast import Crossing
from aiops.domain.instant import to_ns
from aiops.domain.metric import Direction
from aiops.domain.panel import Aggregation
from aiops.domain.record import Record
from aiops.domain.series import SeriesKey
from aiops.domain.step import HOUR

_CELL: Final = timedelta(minutes=15)


def read_records(
    ledger: Ledger, panels: PanelSource, viewer: Viewer, asset: str, start: datetime, now: datetime
) -> dict[SeriesKey, Record]:
    """Returns, for each series with a limit, how forecasts from ``start`` on have ended."""
    by_series: dict[SeriesKey, list[Crossing]] = {}
    for each in ledger.crossing_history(viewer, asset, start, now):
        by_series.setdefault(each.series, []).append(each)
    ids = {info.key: info.id for info in ledger.catalogue.all()}
    begin, end = to_ns(start) // HOUR * HOUR, -(-to_ns(now) // HOUR) * HOUR
    records = {}
    for key, crossings in by_series.items():
        if key not in ids:  # What was learnt from failures is about no series.
            continue
        down = crossings[-1].direction is Direction.DOWN
        extreme = Aggregation.MIN if down else Aggregation.MAX
        seen = panels.panel(np.array([ids[key]], dtype=np.int64), begin, end, _CELL, extreme)
        records[key] = Record.of(crossings, seen, now)
    return records
