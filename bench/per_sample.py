"""What would a state per series cost that every sample updates, beside the screen at its cadence?

Run: ``python bench/per_sample.py``. The state is the least that a screen needs: level, trend, the
shape of a week by hours, the last 48 errors, extremes and resets; samples come in any order of
series. Beside it the screen over two weeks, in cells of an hour and at full resolution.
"""

import time
from collections.abc import Callable
from datetime import timedelta

import numpy as np
from numba import njit

from aiops.domain.panel import Panel
from aiops.forecast.screen import screen

SERIES = 100_000


@njit
def take(values, rows, level, trend, week, errors, low, high, resets, hour, place):
    """Takes one sample of each row."""
    for k in range(len(rows)):
        row, value = rows[k], values[k]
        error = value - level[row] - trend[row] - week[row, hour]
        errors[row, place] = error
        trend[row] += 0.01 * error
        level[row] += trend[row] + 0.1 * error
        week[row, hour] += 0.05 * error
        if value < low[row]:
            low[row] = value
            resets[row] += 1
        high[row] = max(high[row], value)


def cpu(work: Callable[[], object], times: int) -> float:
    """Returns the least CPU time of some runs."""
    spent = []
    for _ in range(times):
        begin = time.process_time()
        work()
        spent.append(time.process_time() - begin)
    return min(spent)


def main() -> None:
    """Prints the figures."""
    draw = np.random.default_rng(0)
    state = [
        *np.zeros((2, SERIES)), np.zeros((SERIES, 168), np.float32),
        np.zeros((SERIES, 48), np.float32), *np.zeros((2, SERIES)), np.zeros(SERIES, np.int64),
    ]  # fmt: skip
    values, rows = draw.normal(size=SERIES), draw.permutation(SERIES)
    each = cpu(lambda: take(values, rows, *state, 0, 0), 20) / SERIES
    size = sum(part.nbytes for part in state) / SERIES
    print(f"per sample: {1e9 * each:.0f} ns, {12e6 * each:.2f} us an hour at 5 min; "
          f"{size:.0f} bytes a series")  # fmt: skip
    for cells, count in ((336, 4000), (4032, 1000)):
        panel = Panel.of(
            np.cumsum(draw.normal(size=(count, cells)), axis=1),
            np.arange(cells) * 3600 * 10**9,
            timedelta(hours=1),
        )
        limits, up = np.full(count, 30.0), np.ones(count, dtype=bool)
        spent = cpu(lambda p=panel, m=limits, u=up, c=cells: screen(p, m, u, c // 2), 5) / count
        print(f"screen over {cells} cells: {1e6 * spent:.1f} us, {1 / spent:,.0f} series a second")


if __name__ == "__main__":
    main()
