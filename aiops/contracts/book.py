"""What a source has spoken of so far: equal answers come as the same objects."""

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from aiops.contracts.collector import Collection, Cursor, Inventory
from aiops.contracts.errors import Unreachable
from aiops.domain.asset import Asset
from aiops.domain.identity import Identity, Link
from aiops.domain.metric import Limit, Metric
from aiops.domain.series import Batch, FloatArray, IntArray, SeriesKey


@dataclass(slots=True)
class SeriesBook:
    """Grows with every new series, so that ids are looked up once for each.

    Args:
        forget_beyond: With more series than this it starts anew at the next :meth:`trim`.
    """

    forget_beyond: int = 40_000
    _keys: list[SeriesKey] = field(default_factory=list)
    _row_by_key: dict[SeriesKey, int] = field(default_factory=dict)
    _assets: dict[str, Asset] = field(default_factory=dict)
    _metrics: dict[str, Metric] = field(default_factory=dict)
    _limits: dict[tuple[str, str], Limit] = field(default_factory=dict)
    _identities: dict[Identity, None] = field(default_factory=dict)
    _links: dict[str, tuple[Link, ...]] = field(default_factory=dict)
    _whole: bool = False
    _series: tuple[SeriesKey, ...] = ()
    _inventory: Inventory | None = None

    def __len__(self) -> int:
        return len(self._keys)

    def row(self, key: SeriesKey, metric: Metric, *assets: Asset) -> int:
        """Returns the row of a series; a new one brings its metric and assets along."""
        row = self._row_by_key.get(key)
        if row is None:
            row = self._row_by_key[key] = len(self._keys)
            self._keys.append(key)
            self._metrics.setdefault(metric.name, metric)
            for asset in assets:
                self._assets.setdefault(asset.key, asset)
            self._inventory = None
        return row

    def find(self, key: SeriesKey) -> int | None:
        """Returns the row of a series that is known."""
        return self._row_by_key.get(key)

    def limit(self, limit: Limit) -> None:
        """Takes note of a limit; the newest of an asset's metric counts."""
        if self._limits.get((limit.asset, limit.metric)) != limit:
            self._limits[limit.asset, limit.metric] = limit
            self._inventory = None

    def know(self, identities: Iterable[Identity]) -> None:
        """Takes note of identifiers of assets."""
        before = len(self._identities)
        self._identities |= dict.fromkeys(identities)
        if len(self._identities) != before:
            self._inventory = None

    def place(self, asset: Asset) -> None:
        """Takes note of an asset as it is now: it may have moved to another whole or host."""
        if self._assets.get(asset.key) != asset:
            self._assets[asset.key] = asset
            self._inventory = None

    def leave(self, keys: Iterable[str]) -> None:
        """Takes note that assets are no longer there; their series may come again."""
        for key in keys:
            if self._assets.pop(key, None) is not None:
                self._links.pop(key, None)
                self._inventory = None

    def say_whole(self, whole: bool) -> None:  # it is what is said
        """Takes note whether all that the source has was read."""
        if self._whole != whole:
            self._whole = whole
            self._inventory = None

    def link(self, asset: str, links: Iterable[Link]) -> None:
        """Takes note of all that an asset hangs on, instead of what was known of it."""
        told = tuple(links)
        if self._links.get(asset, ()) != told:
            self._links[asset] = told
            self._inventory = None

    def batch(
        self,
        rows: Sequence[int] | IntArray,
        times: Sequence[int] | IntArray,
        values: Sequence[float] | FloatArray,
    ) -> Batch:
        """Returns samples as columns; times in ns."""
        if len(self._series) != len(self._keys):
            self._series = tuple(self._keys)
        return Batch(
            self._series,
            np.array(rows, dtype=np.int32),
            np.array(times, dtype=np.int64),
            np.array(values, dtype=np.float64),
        )

    def inventory(self) -> Inventory:
        """Returns everything known; the same object while nothing changed."""
        if self._inventory is None:
            self._inventory = Inventory(
                tuple(self._assets.values()),
                tuple(self._metrics.values()),
                tuple(self._limits.values()),
                identities=tuple(self._identities),
                links=tuple(link for links in self._links.values() for link in links),
                whole=self._whole,
            )
        return self._inventory

    def trim(self) -> None:
        """Forgets everything when too much has come and gone."""
        if len(self._keys) > self.forget_beyond:
            self._keys, self._series, self._inventory = [], (), None
            for known in (self._row_by_key, self._assets, self._metrics, self._limits):
                known.clear()
            self._identities.clear()
            self._links.clear()
            self._whole = False


@dataclass(slots=True)
class Draft:
    """One collection in the making: what is no number costs nothing else.

    Attributes:
        dropped: Reason to count of what was not usable.
    """

    book: SeriesBook
    dropped: Counter[str] = field(default_factory=Counter)
    _rows: list[int] = field(default_factory=list)
    _times: list[int] = field(default_factory=list)
    _values: list[float] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self._rows)

    def add(
        self,
        metric: Metric,
        assets: Sequence[Asset],
        value: float,
        time: int,
        labels: Mapping[str, str] | None = None,
        *,
        fail: float | None = None,
        warn: float | None = None,
    ) -> None:
        """Takes one number of the last of the assets; the others are what it belongs to.

        Args:
            time: In ns.
            fail: Value at which the metric counts as failed, in its bad direction.
        """
        if not math.isfinite(value):
            self.dropped["non_finite"] += 1
            return
        own = assets[-1].key
        key = SeriesKey.of(own, metric.name, labels)
        row = self.book.find(key)
        if row is None:
            row = self.book.row(key, metric, *assets)
        if fail is not None:
            self.book.limit(Limit.towards(metric, own, fail, warn))
        self._rows.append(row)
        self._times.append(time)
        self._values.append(value)

    def drop(self, reason: str, count: int = 1) -> None:
        """Counts what was not usable."""
        self.dropped[reason] += count

    def despite(
        self, problems: Sequence[Unreachable], cursor: Cursor, otherwise: str
    ) -> Collection:
        """Returns what was taken although some of a source's parts could not be had.

        Args:
            otherwise: What is wrong when nothing was taken and nothing failed.

        Raises:
            Unreachable: Nothing was taken; the first problem gives its kind.
        """
        if not len(self):
            words = "; ".join(str(problem) for problem in problems[:5])
            raise Unreachable(words or otherwise, problems[0].kind if problems else "empty")
        for problem in problems:
            self.drop(problem.kind)
        return self.collection(cursor)

    def collection(self, cursor: Cursor) -> Collection:
        """Returns what was taken and what was dropped."""
        batch = self.book.batch(self._rows, self._times, self._values)
        return Collection(batch, cursor, dict(self.dropped))
