"""What the gate remembers of each series of a source, as columns."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final, Self

import numpy as np
from numpy.typing import NDArray

from aiops.domain.metric import Metric, MetricKind
from aiops.domain.series import FloatArray, IntArray, SeriesKey

Flags = NDArray[np.bool_]

# Units in which a real sensor always shows some noise, so that a value that stands still is stuck.
_NOISY_UNITS: Final = frozenset(
    {"Cel", "K", "V", "mV", "A", "mA", "W", "Hz", "/min", "mm/s", "m/s2", "Pa", "bar", "kPa"}
)


def _whole() -> IntArray:
    return np.zeros(0, dtype=np.int64)


def _real() -> FloatArray:
    return np.zeros(0, dtype=np.float64)


def _flags() -> Flags:
    return np.zeros(0, dtype=np.bool_)


@dataclass(frozen=True, slots=True)
class Watch:
    """Memory of one source; every column has one entry per series, in order of appearance.

    Attributes:
        time, value: Of the newest sample; time 0 before the first. ``previous`` is the value
            before it.
        interval: Typical distance of samples, ns; 0 when unknown.
        run: Samples since the value last changed; ``changed_at`` when that was, ``longest``
            the longest run before it.
        changes, changeable: How often the value changed, out of how many samples.
        noise: Typical relative step from sample to sample.
        jump: Log of the factor of a suspected change of unit, 0 when none; ``jump_level`` the value
            before it, ``jump_at`` when it began, ``jump_count`` samples since.
    """

    keys: tuple[SeriesKey, ...] = ()
    slot_by_key: Mapping[SeriesKey, int] = field(default_factory=dict)
    series: tuple[SeriesKey, ...] = ()
    slots: IntArray = field(default_factory=_whole)
    counter: Flags = field(default_factory=_flags)
    noisy: Flags = field(default_factory=_flags)
    floor: FloatArray = field(default_factory=_real)
    ceiling: FloatArray = field(default_factory=_real)
    time: IntArray = field(default_factory=_whole)
    value: FloatArray = field(default_factory=_real)
    previous: FloatArray = field(default_factory=_real)
    interval: FloatArray = field(default_factory=_real)
    seen: IntArray = field(default_factory=_whole)
    run: IntArray = field(default_factory=_whole)
    longest: IntArray = field(default_factory=_whole)
    changed_at: IntArray = field(default_factory=_whole)
    changes: FloatArray = field(default_factory=_real)
    changeable: FloatArray = field(default_factory=_real)
    noise: FloatArray = field(default_factory=_real)
    flat: Flags = field(default_factory=_flags)
    jump: FloatArray = field(default_factory=_real)
    jump_level: FloatArray = field(default_factory=_real)
    jump_at: IntArray = field(default_factory=_whole)
    jump_count: IntArray = field(default_factory=_whole)
    undeclared: frozenset[str] = frozenset()
    newest: int = 0
    offset: float = 0.0
    steady: int = 0
    skewed: bool = False
    backwards: bool = False

    def copied(self) -> Self:
        """Returns the same with columns of its own, to be written to."""
        own: dict[str, Any] = {name: getattr(self, name).copy() for name in _COLUMNS}
        return replace(self, **own)

    def grown(
        self, series: tuple[SeriesKey, ...], quota: int, metrics: Mapping[str, Metric]
    ) -> Self:
        """Returns the memory with a place for each key; beyond the quota they get none (-1)."""
        told = self if self.undeclared.isdisjoint(metrics) else self.declared(metrics)
        if series is self.series:
            return told
        known = dict(self.slot_by_key)
        for key in series:
            if key not in known and len(known) < quota:
                known[key] = len(known)
        slots = np.array([known.get(key, -1) for key in series], dtype=np.int64)
        if len(known) == len(self.keys):
            return replace(told, series=series, slots=slots)
        more = len(known) - len(self.keys)
        columns: dict[str, Any] = {}
        for name in (*_TOLD, *_COLUMNS):
            old = getattr(self, name)
            columns[name] = np.concatenate([old, np.zeros(more, dtype=old.dtype)])
        grown = replace(
            self, keys=tuple(known), slot_by_key=known, series=series, slots=slots, **columns
        )
        return grown.declared(metrics)

    def pruned(self, before: int) -> Self:
        """Returns the memory without series that have not been heard of since a time."""
        kept = self.time >= before
        if kept.all():
            return self
        keys = tuple(key for key, keep in zip(self.keys, kept.tolist(), strict=True) if keep)
        columns: dict[str, Any] = {n: getattr(self, n)[kept] for n in (*_TOLD, *_COLUMNS)}
        slot_by_key = {key: slot for slot, key in enumerate(keys)}
        return replace(self, keys=keys, slot_by_key=slot_by_key, series=(), **columns)

    def declared(self, metrics: Mapping[str, Metric]) -> Self:
        """Returns the memory with what is declared of its metrics."""
        found = [metrics.get(key.metric, _PLAIN) for key in self.keys]
        return replace(
            self,
            undeclared=frozenset(key.metric for key in self.keys if key.metric not in metrics),
            counter=np.array([m.kind is MetricKind.COUNTER for m in found], dtype=np.bool_),
            noisy=np.array([m.unit in _NOISY_UNITS for m in found], dtype=np.bool_),
            floor=np.array([-np.inf if m.floor is None else m.floor for m in found]),
            ceiling=np.array([np.inf if m.ceiling is None else m.ceiling for m in found]),
        )


_PLAIN = Metric("")
_TOLD: Final = ("counter", "noisy", "floor", "ceiling")
_COLUMNS: Final = (
    "time", "value", "previous", "interval", "seen", "run", "longest",
    "changed_at", "changes", "changeable", "noise", "flat",
    "jump", "jump_level", "jump_at", "jump_count",
)  # fmt: skip
