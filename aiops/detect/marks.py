"""Marks on the cells of a panel: bad data and maintenance keep away from models."""

from collections.abc import Iterable, Mapping
from dataclasses import replace

import numpy as np

from aiops.domain.event import Maintenance
from aiops.domain.instant import to_ns
from aiops.domain.panel import Panel, Quality
from aiops.domain.series import SeriesInfo


def mark_maintenance(
    panel: Panel, infos: Iterable[SeriesInfo], windows_by_asset: Mapping[str, list[Maintenance]]
) -> Panel:
    """Returns the panel with the cells inside planned windows marked; missing ones stay so."""
    if not windows_by_asset:
        return panel
    quality = panel.quality
    for row, info in enumerate(infos):
        for window in windows_by_asset.get(info.key.asset, ()):
            start, end = to_ns(window.start), max(to_ns(window.end), to_ns(window.start) + 1)
            first = int(np.searchsorted(panel.times + panel.step_ns, start, side="right"))
            last = int(np.searchsorted(panel.times, end, side="left"))
            if first < last:
                quality = quality.copy() if quality is panel.quality else quality
                cells = quality[row, first:last]
                cells[cells != Quality.MISSING] = Quality.MAINTENANCE
    return replace(panel, quality=quality) if quality is not panel.quality else panel
