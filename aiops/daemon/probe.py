"""Reads sources once and says what they would bring, before any of it is kept."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from aiops.collect.push import is_push
from aiops.collect.runner import create_collector
from aiops.collect.settings import SourceSettings
from aiops.config import Settings
from aiops.contracts.collector import Collection, Inventory
from aiops.contracts.errors import AiopsError, Unreachable
from aiops.daemon.clock import SystemClock
from aiops.domain.instant import duration_ns
from aiops.domain.step import step_class

_DAY: Final = timedelta(days=1)
_DISK_BYTES: Final = 4
"""A stored sample on disk. Source: `aiops bench`, 1.9 B of a regular minute; noise costs more."""
_WINDOW_BYTES: Final = 4
"""A cell of the live window, one float32."""
_LARGEST: Final = 3


@dataclass(frozen=True, slots=True)
class Estimate:
    """What one source would bring.

    Attributes:
        series, assets: How many it told of.
        samples: A day, at its interval.
        disk_bytes: Of a day's samples.
        window_bytes: Of its rows in the live window.
        largest: Metrics with the most series, and how many.
        budget: Series that are let in.
        error: Why nothing is known.
        dropped: What was left out, in words.
    """

    source: str
    series: int = 0
    assets: int = 0
    samples: int = 0
    disk_bytes: int = 0
    window_bytes: int = 0
    largest: tuple[tuple[str, int], ...] = ()
    budget: int = 0
    error: str = ""
    dropped: str = ""

    @property
    def fits(self) -> bool:
        """Whether it answers and keeps within its budget."""
        return not self.error and self.series <= self.budget

    @property
    def words(self) -> str:
        """One line for a person."""
        if self.error:
            return f"{self.source}: {self.error}"
        told = (
            f"{self.source}: {self.series:,} series of {self.assets:,} assets, "
            f"{self.samples:,} samples a day, about {_size(self.disk_bytes)} of disk a day and "
            f"{_size(self.window_bytes)} of memory map{self.dropped}"
        )
        if self.fits:
            return told
        largest = ", ".join(f"{name} ({count:,})" for name, count in self.largest)
        return (
            f"{told}; more than its budget of {self.budget:,} series, the rest would be refused: "
            f"raise its max_series, or narrow the source; most series have {largest}"
        )


def probe(settings: Settings) -> Iterator[Estimate]:
    """Yields what each source that is pulled would bring; every one is tried."""
    for source in settings.collect.sources:
        if source.enabled and not is_push(source):
            yield _estimate(source, settings)


def read_once(source: SourceSettings) -> tuple[Collection, Inventory]:
    """Returns one answer of a source and what it knows of itself.

    Raises:
        AiopsError: It does not answer, nothing of its answer is of use, or a library is missing.
    """
    collector = create_collector(source)
    try:
        deadline = source.deadline or timedelta(seconds=30)
        found = collector.collect({}, SystemClock().now(), deadline)
        if not len(found.batch) and any(found.dropped.values()):
            told = tell_dropped(found)
            words = f"nothing of its answer can be used{told}; {source.type}'s page says why"
            raise Unreachable(words, "empty")
        return found, collector.discover()
    finally:
        collector.close()


def tell_dropped(found: Collection) -> str:
    """Returns what was left out, in words that follow others; empty when nothing was."""
    told = ", ".join(f"{reason} {count:,}" for reason, count in sorted(found.dropped.items()))
    return f"; left out: {told}" if told else ""


def _estimate(source: SourceSettings, settings: Settings) -> Estimate:
    budget = settings.collect.budget_of(source.name)
    try:
        answer, found = read_once(source)
    except AiopsError as error:
        return Estimate(source.name, budget=budget, error=" ".join(str(error).split()))
    batch = answer.batch
    count = len(batch.series)
    samples = round(count * (_DAY / source.interval))
    cells = duration_ns(settings.store.window) // step_class(duration_ns(source.interval))
    return Estimate(
        source.name,
        count,
        len({asset.key for asset in found.assets} | {key.asset for key in batch.series}),
        samples,
        samples * _DISK_BYTES,
        count * cells * _WINDOW_BYTES,
        tuple(Counter(key.metric for key in batch.series).most_common(_LARGEST)),
        budget,
        dropped=tell_dropped(answer),
    )


def _size(count: float) -> str:
    for unit in ("B", "KiB", "MiB"):
        if count < 1024:
            return f"{count:.0f} {unit}"
        count /= 1024
    return f"{count:.1f} GiB"
