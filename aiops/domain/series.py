"""Series and their samples, as columns."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

IntArray = NDArray[np.int64]
FloatArray = NDArray[np.float64]


@dataclass(frozen=True, slots=True, order=True)
class SeriesKey:
    """One metric of one asset, with labels for what cannot fail by itself.

    Attributes:
        labels: ``(name, value)`` pairs, sorted by name.

    >>> SeriesKey.of("db-07", "system.cpu.utilization", {"mode": "user"}).text
    'db-07 system.cpu.utilization{mode=user}'
    """

    asset: str
    metric: str
    labels: tuple[tuple[str, str], ...] = ()

    @classmethod
    def of(cls, asset: str, metric: str, labels: Mapping[str, str] | None = None) -> Self:
        """Build a key with its labels in order."""
        return cls(asset, metric, tuple(sorted((labels or {}).items())))

    @property
    def signal(self) -> str:
        """Metric and labels, without the asset."""
        inner = ",".join(f"{name}={value}" for name, value in self.labels)
        return f"{self.metric}{{{inner}}}" if inner else self.metric

    @property
    def text(self) -> str:
        """Asset and signal in one line."""
        return f"{self.asset} {self.signal}"


@dataclass(frozen=True, slots=True)
class Batch:
    """What a collector read: samples by key.

    A collector that reads the same series again returns the *same* ``series`` tuple,
    so that their ids are looked up only once.

    Attributes:
        series: Distinct keys.
        rows: ``(n_samples,)`` int32, index into ``series``.
        times: ``(n_samples,)`` int64 ns.
        values: ``(n_samples,)`` float64.
    """

    series: tuple[SeriesKey, ...]
    rows: NDArray[np.int32]
    times: IntArray
    values: FloatArray

    def __len__(self) -> int:
        return len(self.times)

    @classmethod
    def empty(cls) -> Self:
        """A batch without samples."""
        return cls((), np.empty(0, np.int32), np.empty(0, np.int64), np.empty(0, np.float64))


@dataclass(frozen=True, slots=True)
class Samples:
    """The same samples by catalogue id: what a store appends.

    Attributes:
        ids: ``(n_samples,)`` int64 series ids.
        times: ``(n_samples,)`` int64 ns; stores keep 1 ms.
        values: ``(n_samples,)`` float64, finite.
    """

    ids: IntArray
    times: IntArray
    values: FloatArray

    def __len__(self) -> int:
        return len(self.times)


@dataclass(frozen=True, slots=True)
class SeriesInfo:
    """What the catalogue knows of one series.

    Attributes:
        step_ns: Its step class in ns (see ``aiops.domain.step``).
        counter: Whether panels hold its rate per second instead of its value.
    """

    id: int
    key: SeriesKey
    step_ns: int
    counter: bool = False
