"""A fleet of a few series at one minute, for tests that run :class:`DetectFleet` over it."""

from datetime import UTC, datetime

import numpy as np

from aiops.domain.instant import to_ns
from aiops.domain.panel import Panel

MINUTE = 60 * 10**9
START = to_ns(datetime(2026, 1, 5, tzinfo=UTC))


class Watched:
    """Series with the keys and values given, ``(n, cells)``."""

    def __init__(self, ledger, keys, values):
        self.values = values
        ids = ledger.catalogue.ids(keys, MINUTE)
        self.infos = tuple(ledger.catalogue.info(np.array(ids)))
        self.first_ns = {info.id: START for info in self.infos}

    def series_by_step(self):
        return {MINUTE: self.infos}

    def zones(self, infos):
        return ["UTC"] * len(infos)

    def sites(self, infos):
        return [""] * len(infos)

    def panel(self, ids, start, end, step):
        cells = slice((start - START) // MINUTE, (end - START) // MINUTE)
        times = np.arange(start, end, MINUTE, dtype=np.int64)
        return Panel.of(self.values[:, cells], times, step, series=ids)
