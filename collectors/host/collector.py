"""The host collector: readings to columns, and what was found to assets and limits."""

import socket
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import psutil

from aiops.contracts.collector import Collection, Cursor, Inventory
from aiops.contracts.errors import Unreachable
from aiops.domain.asset import Asset
from aiops.domain.instant import to_stored_ns
from aiops.domain.metric import Direction, Limit
from aiops.domain.series import Batch, SeriesKey
from collectors.host.identity import identify_this_host
from collectors.host.metrics import METRICS
from collectors.host.readings import (
    Labels,
    Mount,
    Reading,
    read_cpu_times,
    read_disks,
    read_load,
    read_memory,
    read_mounts,
    read_network,
    read_volume,
)
from collectors.host.sensors import read_sensors
from collectors.host.settings import HostSettings

_MOUNT_TABLE = Path("/proc/self/mounts")
_MOUNTS_AGE = timedelta(seconds=60)
_LIMITS = (
    ("volume", "system.filesystem.utilization", 1.0, 0.9),
    ("volume", "system.filesystem.inodes.utilization", 1.0, 0.9),
    ("host", "system.memory.utilization", 1.0, 0.95),
    ("host", "system.paging.utilization", 1.0, 0.9),
)


class HostCollector:
    """Reads this host; each call is a few system calls and blocks on nothing remote."""

    def __init__(self, settings: HostSettings) -> None:
        self._settings = settings
        self._host = settings.asset or socket.gethostname()
        self._mounts: tuple[Mount, ...] = ()
        self._mount_table = b""
        self._mounts_read: datetime | None = None
        self._cpu: tuple[float, float] | None = None
        self._rows: dict[tuple[str, str, Labels], int] = {}
        self._series: tuple[SeriesKey, ...] = ()
        self._assets: frozenset[str] = frozenset()
        self._sensor_limits: list[Limit] = []
        self._inventory = Inventory()

    def collect(self, cursor: Cursor, until: datetime, deadline: timedelta) -> Collection:
        """Reads every metric once; a part that fails is counted and costs no other part."""
        del deadline  # nothing here waits
        dropped: dict[str, int] = {}
        readings: list[Reading] = []
        host = self._host

        def attempt(read: Callable[[], list[Reading]]) -> None:
            try:
                readings.extend(read())
            except (OSError, RuntimeError, ValueError, NotImplementedError, psutil.Error):
                dropped["read_failed"] = dropped.get("read_failed", 0) + 1

        self._find_mounts(until)
        attempt(self._read_cpu)
        attempt(lambda: read_load(host))
        attempt(lambda: read_memory(host))
        for mount in self._mounts:
            attempt(lambda mount=mount: read_volume(mount))  # type: ignore[misc]  # binds the loop variable
        attempt(lambda: read_disks(host, self._settings.exclude_disks))
        attempt(lambda: read_network(host, self._settings.exclude_interfaces))
        if self._settings.sensors:
            attempt(self._read_sensors)
        if not readings:
            raise Unreachable(f"{host}: nothing of this host can be read; see the permissions")
        return Collection(self._batch(readings, until), cursor, dropped)

    def discover(self) -> Inventory:
        """Returns the host, its volumes, disks, interfaces and sensors, and their limits."""
        return self._inventory

    def close(self) -> None:
        """Holds nothing."""

    def _find_mounts(self, now: datetime) -> None:
        # Comparing the kernel's table costs microseconds; where there is none, a minute's age.
        try:
            table = _MOUNT_TABLE.read_bytes()
        except OSError:
            fresh = self._mounts_read is not None and now - self._mounts_read < _MOUNTS_AGE
        else:
            fresh = table == self._mount_table
            self._mount_table = table
        if fresh:
            return
        include, exclude = self._settings.include_mounts, self._settings.exclude_mounts
        self._mounts = read_mounts(self._host, include, exclude)
        self._mounts_read = now

    def _read_cpu(self) -> list[Reading]:
        before, self._cpu = self._cpu, read_cpu_times()
        if before is None:
            return []
        busy, total = self._cpu[0] - before[0], self._cpu[1] - before[1]
        if total <= 0:
            return []
        return [(self._host, "system.cpu.utilization", (), min(max(busy / total, 0.0), 1.0))]

    def _read_sensors(self) -> list[Reading]:
        readings, self._sensor_limits = read_sensors(self._host)
        return readings

    def _batch(self, readings: list[Reading], until: datetime) -> Batch:
        keys = [(asset, metric, labels) for asset, metric, labels, _ in readings]
        fresh = [key for key in keys if key not in self._rows]
        if fresh:
            self._rows |= {key: len(self._rows) + i for i, key in enumerate(dict.fromkeys(fresh))}
            self._series = tuple(SeriesKey(*key) for key in self._rows)
        assets = frozenset(key[0] for key in keys)
        if fresh or assets != self._assets:
            self._assets = assets
            self._inventory = self._take_inventory()
        at = to_stored_ns(until)
        return Batch(
            self._series,
            np.array([self._rows[key] for key in keys], dtype=np.int32),
            np.full(len(keys), at, dtype=np.int64),
            np.array([reading[3] for reading in readings], dtype=np.float64),
        )

    def _take_inventory(self) -> Inventory:
        host = self._host
        present = [key for key in self._series if key.asset in self._assets]
        assets = tuple(_asset(host, key) for key in {host: 0, **{k.asset: 0 for k in present}})
        emitted = {(key.asset, key.metric) for key in present}
        kinds = {asset.key: asset.kind for asset in assets}
        limits = [
            Limit(metric, Direction.UP, fail, warn, asset)
            for asset in kinds
            for kind, metric, fail, warn in _LIMITS
            if kinds[asset] == kind and (asset, metric) in emitted
        ]
        names = {key.metric for key in present}
        metrics = tuple(metric for metric in METRICS if metric.name in names)
        limits += self._sensor_limits
        return Inventory(assets, metrics, tuple(limits), identities=identify_this_host(host))


def _asset(host: str, key: str) -> Asset:
    if key == host:
        return Asset(host)
    own = key[len(host) + 1 :]
    kind, _, name = own.partition(":")
    return Asset(key, kind, f"{host} {name or kind}", parent=host)
