"""What becomes of each exposed series: a row of the batch, an input of a ratio, or nothing."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Final, Protocol

from aiops.domain.asset import Asset
from aiops.domain.identity import Identity as DomainIdentity
from aiops.domain.metric import Direction, Limit, Metric, MetricKind
from aiops.domain.series import SeriesKey
from collectors.prometheus.exposition import Identity
from collectors.prometheus.mapping import Derived, ExporterMapping, Thing

# Family kinds whose parts are counters, by the suffix of the sample's name.
_COUNTER_SUFFIXES: Final = {
    "histogram": ("_count", "_sum", "_bucket"),
    "summary": ("_count", "_sum"),
}
_SUFFIXES: Final = (
    "_bucket", "_count", "_sum", "_total", "_created", "_gcount", "_gsum", "_info",
)  # fmt: skip
_UNITS: Final = {
    "_bytes": "By",
    "_seconds": "s",
    "_celsius": "Cel",
    "_volts": "V",
    "_amperes": "A",
    "_joules": "J",
    "_meters": "m",
    "_grams": "g",
    "_hertz": "Hz",
    "_watts": "W",
    "_pascals": "Pa",
    "_ratio": "1",
}


class Placing(Protocol):
    """The settings of every source whose series are placed like this."""

    @property
    def unmapped(self) -> bool:
        """Whether to keep what the mapping of a known exporter does not name."""
        ...

    @property
    def include(self) -> tuple[str, ...]:
        """Patterns of metric names to keep; empty: all."""
        ...

    @property
    def exclude(self) -> tuple[str, ...]:
        """Patterns of metric names to leave out."""
        ...

    @property
    def buckets(self) -> bool:
        """Whether to keep histogram buckets."""
        ...


@dataclass(slots=True)
class Ratio:
    """One derived metric of one asset: which exposed series go into each input."""

    rule: Derived
    key: SeriesKey
    inputs: tuple[list[int], ...]
    before: list[float] | None = None
    row: int = -1

    def derive(self, value_by_id: Mapping[int, float]) -> float | None:
        """Returns the value; None where an input is missing."""
        found: list[float] = []
        for ids in self.inputs:
            present = [value_by_id[one] for one in ids if one in value_by_id]
            if not present:
                return None
            found.append(sum(present))
        if not self.rule.increase:
            return self.rule.formula(*found)
        before, self.before = self.before, found
        if before is None or any(new < old for new, old in zip(found, before, strict=True)):
            return None
        return self.rule.formula(*(new - old for new, old in zip(found, before, strict=True)))


@dataclass(slots=True)
class Plan:
    """Grows with every new series; what it has said of an old one stays."""

    settings: Placing
    target: str
    mapping: ExporterMapping | None
    keys: list[SeriesKey] = field(default_factory=list)
    metrics: dict[str, Metric] = field(default_factory=dict)
    assets: dict[str, Asset] = field(default_factory=dict)
    limits: dict[tuple[str, str], Limit] = field(default_factory=dict)
    ratios: dict[SeriesKey, Ratio] = field(default_factory=dict)
    rows: list[int] = field(default_factory=list)
    counters: list[bool] = field(default_factory=list)
    identities: list[DomainIdentity] = field(default_factory=list)
    _row_by_key: dict[SeriesKey, int] = field(default_factory=dict)
    _owner_by_device: dict[tuple[str, str], str] = field(default_factory=dict)

    def learn(self, identity: Identity, types: dict[str, str]) -> None:
        """Decides about the next series; ``rows`` gets its row, -1 for none."""
        kind = sample_kind(identity.name, types)
        row = self._place(identity, kind)
        for told in self.mapping.told if self.mapping is not None else ():
            if told.source == identity.name:
                self.identities += told.read(self.target, dict(identity.labels))
        self.rows.append(row)
        self.counters.append(kind is MetricKind.COUNTER)

    def settle(self, ratio: Ratio) -> None:
        """Gives a derived metric its row and limit, once it has a value at all."""
        rule, asset = ratio.rule, ratio.key.asset
        ratio.row = self._row(ratio.key, rule.metric)
        if rule.fail is not None:
            limit = Limit(rule.metric.name, rule.direction, rule.fail, rule.warn, asset)
            self.limits[asset, rule.metric.name] = limit

    def _place(self, identity: Identity, kind: MetricKind | None) -> int:
        if kind is None or not self._is_wanted(identity.name):
            return -1
        if self.mapping is not None:
            row = self._place_mapped(self.mapping, identity)
            own = identity.name.startswith(self.mapping.prefixes)
            if row is not None or (own and not self.settings.unmapped):
                return -1 if row is None else row
        metric = Metric(identity.name, _unit(identity.name), kind, Direction.BOTH, provisional=True)
        self._own_asset(self.target, None)
        return self._row(SeriesKey(self.target, identity.name, identity.labels), metric)

    def _place_mapped(self, mapping: ExporterMapping, identity: Identity) -> int | None:
        labels = dict(identity.labels)
        row: int | None = None
        for rename in mapping.renames:
            if rename.source == identity.name:
                asset = self._asset(rename.thing, labels)
                if asset is None:
                    return -1
                kept = tuple((name, labels[name]) for name in rename.keep if name in labels)
                key = SeriesKey(asset, rename.metric.name, tuple(sorted((*rename.labels, *kept))))
                row = self._row(key, rename.metric)
        for rule in mapping.derived:
            self._feed(rule, identity, labels)
        return row

    def _feed(self, rule: Derived, identity: Identity, labels: dict[str, str]) -> None:
        number = len(self.rows)
        for place, wanted in enumerate(rule.inputs):
            if wanted.source != identity.name:
                continue
            if wanted.label and labels.get(wanted.label) not in wanted.values:
                continue
            asset = self._asset(rule.thing, labels)
            if asset is None:
                return
            key = SeriesKey(asset, rule.metric.name, rule.labels)
            ratio = self.ratios.get(key)
            if ratio is None:
                inputs: tuple[list[int], ...] = tuple([] for _ in rule.inputs)
                ratio = self.ratios[key] = Ratio(rule, key, inputs)
            ratio.inputs[place].append(number)

    def _asset(self, thing: Thing | None, labels: dict[str, str]) -> str | None:
        """Returns the key of the asset that the labels name, None where there is none."""
        if thing is None:
            return self._own_asset(self.target, None)
        if any(labels.get(name) in values for name, values in thing.skip.items()):
            return None
        if any(labels.get(name, "").startswith(p) for name, p in thing.skip_prefix.items()):
            return None
        try:
            key = f"{self.target}/{thing.suffix.format_map(labels)}"
        except KeyError:
            return None
        device = labels.get(thing.once_per, "")
        if device.startswith("/"):
            owner = self._owner_by_device.setdefault((thing.kind, device), key)
            if owner != key:
                return None
        return self._own_asset(key, thing)

    def _own_asset(self, key: str, thing: Thing | None) -> str:
        if key not in self.assets:
            if thing is None:
                kind = self.mapping.target_kind if self.mapping else "service"
                self.assets[key] = Asset(key, kind)
            else:
                self._own_asset(self.target, None)
                name = key[len(self.target) + 1 :].partition(":")[2]
                self.assets[key] = Asset(
                    key, thing.kind, f"{self.target} {name}", parent=self.target
                )
        return key

    def _row(self, key: SeriesKey, metric: Metric) -> int:
        row = self._row_by_key.setdefault(key, len(self.keys))
        if row == len(self.keys):
            self.keys.append(key)
            self.metrics.setdefault(metric.name, metric)
        return row

    def _is_wanted(self, name: str) -> bool:
        include, exclude = self.settings.include, self.settings.exclude
        if include and not _fits(name, include):
            return False
        return not _fits(name, exclude) and (self.settings.buckets or not name.endswith("_bucket"))


def choose_mapping(
    mappings: tuple[ExporterMapping, ...], identities: Iterable[Identity]
) -> ExporterMapping | None:
    """Returns the mapping one of whose markers is exposed."""
    names = {identity.name for identity in identities}
    return next((mapping for mapping in mappings if mapping.markers & names), None)


def family(name: str, types: dict[str, str]) -> str:
    """Returns the family that a sample's name belongs to."""
    if name in types:
        return name
    for suffix in _SUFFIXES:
        if name.endswith(suffix) and name.removesuffix(suffix) in types:
            return name.removesuffix(suffix)
    return name


def sample_kind(name: str, types: dict[str, str]) -> MetricKind | None:
    """Returns how a sample is to be read; None when it is not a measurement."""
    base = family(name, types)
    declared = types.get(base, "untyped")
    if base != name and name.endswith("_created"):
        return None
    if declared == "info":
        return None
    if declared == "counter":
        return MetricKind.COUNTER
    if base != name and name.endswith(_COUNTER_SUFFIXES.get(declared, ("\n",))):
        return MetricKind.COUNTER
    # By the naming convention of Prometheus, what ends so only grows.
    if declared in {"untyped", "unknown"} and name.endswith("_total"):
        return MetricKind.COUNTER
    return MetricKind.GAUGE


def _fits(name: str, patterns: tuple[str, ...]) -> bool:
    return any(fnmatchcase(name, pattern) for pattern in patterns)


def _unit(name: str) -> str:
    stem = name.removesuffix("_total").removesuffix("_sum")
    return next((unit for suffix, unit in _UNITS.items() if stem.endswith(suffix)), "1")
