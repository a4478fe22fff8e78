"""The panel of both engines against a slow twin in plain Python."""

from datetime import timedelta
from itertools import pairwise

import numpy as np
import pytest

from aiops.domain.panel import Aggregation
from aiops.domain.series import Samples
from aiops.domain.step import HOUR, MINUTE, SECOND
from aiops.store.open import open_store
from aiops.store.settings import StoreSettings
from aiops.testing.panels import MONDAY


def slow_panel(samples, number, start, end, step, aggregation, is_counter):
    times = sorted({at for (each, at) in samples if each == number})
    points = [(at, samples[number, at]) for at in times]
    if is_counter:
        rates = []
        for (before, low), (at, high) in pairwise(points):
            if at - before <= step + HOUR:
                rise = high - low if high >= low else high
                rates.append((at, rise / ((at - before) / SECOND)))
        points = rates
    row = []
    for cell in range(start, end, step):
        inside = [value for at, value in points if cell <= at < cell + step]
        if not inside:
            row.append(float("nan"))
        elif aggregation is Aggregation.LAST:
            row.append(inside[-1])
        elif aggregation is Aggregation.MEAN:
            row.append(sum(inside) / len(inside))
        elif aggregation is Aggregation.MIN:
            row.append(min(inside))
        elif aggregation is Aggregation.MAX:
            row.append(max(inside))
        else:
            row.append(float(len(inside)))
    return row


@pytest.mark.parametrize("engine", ["memory", "duckdb"])
@pytest.mark.parametrize("in_order", [True, False])
def test_panels_are_what_the_slow_twin_says(engine, in_order, tmp_path):
    rng = np.random.default_rng(3)
    store = open_store(StoreSettings(series=engine), tmp_path)
    model = {}
    for batch in range(40):
        ids = np.sort(rng.permutation(9)[:6]) if in_order else rng.integers(0, 9, 30)
        spread = rng.integers(0, 30 * 60 * 1000, len(ids)) * 1_000_000
        begin = batch * 30 * MINUTE if in_order else rng.integers(-1, 40) * 30 * MINUTE
        times = MONDAY + 8 * HOUR + begin + spread
        values = np.round(rng.normal(20, 5, len(ids)), 1)
        store.append(Samples(ids, times, values))
        model |= dict(zip(zip(ids.tolist(), times.tolist(), strict=True), values, strict=True))
        if batch == 25:
            store.rollup(MONDAY, MONDAY + 30 * HOUR)
    start, end = MONDAY + 6 * HOUR, MONDAY + 30 * HOUR
    for asked in (np.arange(9), np.array([7, 2, 2, 5000])):
        counters = asked % 2 == 1
        for minutes in (10, 60, 180):
            for aggregation in Aggregation:
                step = timedelta(minutes=minutes)
                panel = store.panel(asked, start, end, step, aggregation, counters)
                wanted = [
                    slow_panel(model, n, start, end, minutes * MINUTE, aggregation, c)
                    for n, c in zip(asked.tolist(), counters, strict=True)
                ]
                np.testing.assert_allclose(panel.values, wanted, rtol=1e-9)
    store.close()
