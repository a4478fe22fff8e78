"""Series that stand still, and series whose unit seems to have changed."""

import math
from dataclasses import dataclass
from typing import Final

import numpy as np

from aiops.collect.finding import QualityReason
from aiops.collect.watch import Flags, Watch
from aiops.domain.series import IntArray

# A run so long that it comes by chance once in a million, at the series' own rate of change.
_CHANCE: Final = math.log(1e6)
_MIN_RUN: Final = 20
_MIN_CHANGES: Final = 20
# What stands still every night is not stuck when it does so once more.
_LONGER: Final = 3

# Factors between units that are mistaken for each other: SI and binary prefixes, percent,
# minutes and hours, bits and bytes.
_FACTORS: Final = tuple(
    math.log(factor) for factor in (8.0, 60.0, 100.0, 1000.0, 1024.0, 3600.0, 1e6, 2.0**20, 1e9)
)
_FAR: Final = 5.0
_QUIET: Final = 0.05
_CLOSE: Final = 0.002
_SMOOTHING: Final = 0.05
_PERSISTENT: Final = 3
_SETTLED_NS: Final = 24 * 3600 * 1_000_000_000


LASTING: Final = frozenset({QualityReason.FLAT, QualityReason.UNIT_JUMP, QualityReason.CLOCK_SKEW})
"""Reasons that have an end; the others are of one moment."""


@dataclass(frozen=True, slots=True)
class Oddity:
    """Something odd about several series at once.

    Attributes:
        bad: Those of which no model may learn, or None; ``times`` says from (until) when, ns.
    """

    slots: IntArray
    reason: QualityReason
    words: str
    ended: bool = False
    bad: Flags | None = None
    times: IntArray | None = None


def lasting(watch: Watch) -> list[tuple[str, QualityReason]]:
    """Returns (asset, reason) of what has begun and not ended; no asset for the clock."""
    jumped = watch.jump_count * (watch.jump != 0) >= _PERSISTENT
    found = [
        *((watch.keys[i].asset, QualityReason.FLAT) for i in np.flatnonzero(watch.flat).tolist()),
        *((watch.keys[i].asset, QualityReason.UNIT_JUMP) for i in np.flatnonzero(jumped).tolist()),
    ]
    if watch.skewed:
        found.append(("", QualityReason.CLOCK_SKEW))
    return found


def find_flat(watch: Watch, touched: IntArray) -> list[Oddity]:
    """Returns gauges that used to change and stand still, and those that move again.

    A value at its floor or ceiling is full or idle, not stuck. Only where a real sensor always
    shows noise is a flat line bad data; elsewhere it may be the truth.
    """
    found: list[Oddity] = []
    moving = touched[watch.flat[touched] & (watch.run[touched] == 0)]
    if len(moving):
        watch.flat[moving] = False
        noisy = watch.noisy[moving]
        found.append(
            Oddity(moving, QualityReason.FLAT, "moves again", True, noisy, watch.time[moving])
        )
    still = touched[
        (watch.run[touched] >= _MIN_RUN)
        & (watch.run[touched] > _LONGER * watch.longest[touched])
        & (watch.changes[touched] >= _MIN_CHANGES)
        & ~watch.flat[touched]
        & ~watch.counter[touched]
        & (watch.value[touched] > watch.floor[touched])
        & (watch.value[touched] < watch.ceiling[touched])
    ]
    if len(still):
        rate = (watch.changes[still] + 1) / (watch.changeable[still] + 2)
        still = still[-watch.run[still] * np.log1p(-rate) > _CHANCE]
    if len(still):
        watch.flat[still] = True
        words = f"has not changed for {watch.run[still[0]]} samples"
        since = watch.changed_at[still] + 1
        found.append(Oddity(still, QualityReason.FLAT, words, False, watch.noisy[still], since))
    return found


def find_jumps(watch: Watch, touched: IntArray) -> list[Oddity]:
    """Returns gauges that jumped by the factor between two units and stayed there.

    Only a series that was quiet can be told from one that just moves a lot. After a day at the
    new level it is taken for the truth.
    """
    value, before = watch.value[touched], watch.previous[touched]
    active = watch.jump[touched] != 0
    usable = ~watch.counter[touched] & (value > 0) & (before > 0) & ~active
    ratio = np.divide(value, before, out=np.ones_like(value), where=usable)
    far = (ratio >= _FAR) | (ratio <= 1 / _FAR)
    near = touched[usable & ~far]
    step = np.abs(ratio[usable & ~far] - 1.0)
    watch.noise[near] += _SMOOTHING * (step - watch.noise[near])
    far &= (watch.noise[touched] <= _QUIET) & (watch.changes[touched] >= _MIN_CHANGES)
    for slot, size in zip(touched[far].tolist(), ratio[far].tolist(), strict=True):
        _suspect(watch, slot, math.log(size))
    found: list[Oddity] = []
    for slot in touched[watch.jump[touched] != 0].tolist():
        oddity = _pursue(watch, slot)
        if oddity is not None:
            found.append(oddity)
    return found


def _suspect(watch: Watch, slot: int, size: float) -> None:
    noise = float(watch.noise[slot])
    factor = min(_FACTORS, key=lambda one: abs(abs(size) - one))
    if abs(abs(size) - factor) > max(3 * noise, _CLOSE):
        return
    watch.jump[slot] = math.copysign(factor, size)
    watch.jump_level[slot] = watch.previous[slot]
    watch.jump_at[slot] = watch.time[slot]
    watch.jump_count[slot] = 0


def _pursue(watch: Watch, slot: int) -> Oddity | None:
    """Follows a suspected jump by one sample."""
    value, factor = float(watch.value[slot]), float(watch.jump[slot])
    size = math.log(value / watch.jump_level[slot]) if value > 0 else -math.inf
    told = watch.jump_count[slot] >= _PERSISTENT
    stays = abs(size - factor) <= abs(factor) / 2 if told else abs(size - factor) <= 2 * _QUIET
    settled = watch.time[slot] - watch.jump_at[slot] > _SETTLED_NS
    where, bad = np.array([slot]), np.array([True])
    if not stays or settled:
        watch.jump[slot] = 0.0
        if not told:
            return None
        words = "keeps its new level, which now counts" if settled else "is back at its old level"
        return Oddity(where, QualityReason.UNIT_JUMP, words, True, bad, watch.time[where])
    watch.jump_count[slot] += 1
    if told or watch.jump_count[slot] < _PERSISTENT:
        return None
    words = f"jumped by a factor of {math.exp(factor):.6g} as if its unit had changed"
    return Oddity(where, QualityReason.UNIT_JUMP, words, False, bad, watch.jump_at[where])
