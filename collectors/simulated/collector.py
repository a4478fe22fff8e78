"""The simulated collector: it answers with every sample between two calls."""

from datetime import datetime, timedelta

import numpy as np

from aiops.contracts.collector import Collection, Cursor, Inventory
from aiops.contracts.errors import ConfigError
from aiops.domain.series import Batch, SeriesKey
from collectors.simulated.behaviour import Moments, measure
from collectors.simulated.fleet import build_fleet, limit_of
from collectors.simulated.metrics import METRICS
from collectors.simulated.settings import SimulatedSettings

_MILLISECOND = 1_000_000


class SimulatedCollector:
    """Samples carry real times; between them ``speed`` simulated seconds pass per second.

    The cursor holds when the fleet was first started and the last sample given, so that a
    restarted service finds the same fleet, older by the time it was away.
    """

    def __init__(self, settings: SimulatedSettings) -> None:
        if settings.assets < 1 or settings.speed <= 0 or settings.step < timedelta(milliseconds=1):
            raise ConfigError(["simulated: assets, speed and step must be positive"])
        self._settings = settings
        self._step = settings.step // timedelta(milliseconds=1) * _MILLISECOND
        self._things, hosts = build_fleet(settings.assets, settings.speed)
        nothing = Moments(np.empty(0), np.empty(0, np.int64))
        self._series = tuple(
            SeriesKey(thing.asset.key, metric)
            for thing in self._things
            for metric in measure(thing, nothing, settings.seed)
        )
        used = {key.metric for key in self._series}
        self._inventory = Inventory(
            assets=(*hosts, *(thing.asset for thing in self._things)),
            metrics=tuple(metric for metric in METRICS if metric.name in used),
            limits=tuple(limit_of(thing) for thing in self._things),
        )

    def collect(self, cursor: Cursor, until: datetime, deadline: timedelta) -> Collection:
        """Returns the samples since the cursor; without one, some history first."""
        del deadline  # nothing here waits
        now = int(until.timestamp() * 1000) * _MILLISECOND
        origin = int(cursor.get("origin", now))
        history = self._settings.history // timedelta(milliseconds=1) * _MILLISECOND
        oldest = (now - history) // self._step
        first = max(int(cursor.get("next", oldest)), oldest)
        # A sample lies in the middle of its step, so that small delays move it to no other cell.
        end = (now - self._step // 2) // self._step + 1
        index = np.arange(first, max(end, first), dtype=np.int64)
        times = index * self._step + self._step // 2
        simulated = (times - origin) / 1e9 * self._settings.speed
        at = Moments(simulated, index)
        columns = [
            values
            for thing in self._things
            for values in measure(thing, at, self._settings.seed).values()
        ]
        # By time, then by series: the order in which a live source would have sent them.
        count = len(self._series)
        batch = Batch(
            self._series,
            np.tile(np.arange(count, dtype=np.int32), len(index)),
            np.repeat(times // _MILLISECOND * _MILLISECOND, count),
            np.array(columns).T.ravel(),
        )
        after = {"origin": str(origin), "next": str(max(end, first))}
        return Collection(batch, after)

    def discover(self) -> Inventory:
        """Returns the fleet; it never changes."""
        return self._inventory

    def close(self) -> None:
        """Holds nothing."""
