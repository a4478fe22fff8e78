"""Where each pushed series belongs: one plan per target, as the prometheus collector makes it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from aiops.contracts.book import SeriesBook
from collectors.prometheus.exposition import Identity
from collectors.prometheus.mapping import ExporterMapping, load_mappings
from collectors.prometheus.plan import Plan, Ratio
from collectors.remote_write.settings import RemoteWriteSettings

# A scrape may come in several bodies; so many of a target's times are kept open.
_OPEN_TIMES: Final = 3

Sample = tuple[int, int, float]
"""Row of the book, time in ms, value."""


@dataclass(slots=True)
class Target:
    """One scraped endpoint behind the agent."""

    plan: Plan
    rows: dict[int, int] = field(default_factory=dict)
    ratios_by_input: dict[int, list[Ratio]] = field(default_factory=dict)
    open: dict[int, dict[int, float]] = field(default_factory=dict)
    done: dict[int, int] = field(default_factory=dict)
    limits: int = 0
    identities: int = 0


@dataclass(frozen=True, slots=True)
class Slot:
    """What becomes of one series.

    Attributes:
        row: Of the book; -1: it is no series of its own.
        number: In its target's plan.
        feeds: Whether derived metrics are computed from it.
    """

    target: Target
    row: int
    number: int
    counter: bool
    feeds: bool


class Targets:
    """All targets of one source."""

    def __init__(self, settings: RemoteWriteSettings, source: str) -> None:
        self._settings = settings
        self._source = source
        self._mappings = load_mappings(settings.mapping)
        self._targets: dict[str, Target] = {}
        self.book = SeriesBook()
        self.types: dict[str, str] = {}

    def place(self, name: str, labels: Mapping[str, str]) -> Slot:
        """Decides about a new series."""
        own = dict(labels)
        key = own.pop(self._settings.asset_label, "") or self._source
        target = self._targets.get(key)
        if target is None:
            target = self._targets[key] = Target(Plan(self._settings, key, None))
        plan = target.plan
        if plan.mapping is None:
            plan.mapping = self._choose(name)
        number = len(plan.rows)
        plan.learn(Identity(name, tuple(sorted(own.items()))), self.types)
        if len(plan.identities) != target.identities:
            target.identities = len(plan.identities)
            self.book.know(plan.identities)
        ratios = [
            ratio for ratio in plan.ratios.values() if any(number in ids for ids in ratio.inputs)
        ]
        if ratios:
            target.ratios_by_input[number] = ratios
        row = plan.rows[number]
        return Slot(
            target,
            self._book_row(target, row) if row >= 0 else -1,
            number,
            plan.counters[number],
            bool(ratios),
        )

    def derive(self, target: Target) -> list[Sample]:
        """Returns derived samples of the times that are complete, oldest first."""
        found: list[Sample] = []
        newest = max(target.open, default=0)
        for time in sorted(target.open):
            values = target.open[time]
            for ratio in target.plan.ratios.values():
                if target.done.get(id(ratio), 0) >= time:
                    continue
                complete = all(ids and values.keys() >= set(ids) for ids in ratio.inputs)
                if not complete and time == newest:
                    continue
                target.done[id(ratio)] = time
                value = ratio.derive(values)
                if value is not None:
                    if ratio.row < 0:
                        target.plan.settle(ratio)
                    found.append((self._book_row(target, ratio.row), time, value))
        for time in sorted(target.open)[:-_OPEN_TIMES]:
            del target.open[time]
        return found

    def _book_row(self, target: Target, row: int) -> int:
        known = target.rows.get(row)
        if known is None:
            plan = target.plan
            key = plan.keys[row]
            asset = plan.assets[key.asset]
            whole = [plan.assets[asset.parent]] if asset.parent in plan.assets else []
            known = self.book.row(key, plan.metrics[key.metric], *whole, asset)
            target.rows[row] = known
        if len(target.plan.limits) != target.limits:
            target.limits = len(target.plan.limits)
            for limit in target.plan.limits.values():
                self.book.limit(limit)
        return known

    def _choose(self, name: str) -> ExporterMapping | None:
        for mapping in self._mappings:
            if name in mapping.markers or name.startswith(mapping.prefixes[0]):
                return mapping
        return None
