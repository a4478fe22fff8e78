"""Generated series of many kinds, and limits on them, for the prior of P(limit is met).

No recording is looked at. Kinds and limits are drawn so widely that what holds on all of them
is what is learnt: waves, bursts, counts, wandering levels, saw teeth, things that fill, wear,
pause, stop, are emptied, once or again and again, alone and mixed; told in each cell, with holes,
or only while in use.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.signal import lfilter

Rng = np.random.Generator
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Origins:
    """Histories that end one cell before the future begins; limits are met from below.

    Values are NaN where nothing was measured.
    """

    values: Floats
    limits: Floats
    crossed: NDArray[np.bool_]
    horizon: int
    day: int


def wandering(rng: Rng, cells: int) -> Floats:
    """Autocorrelated noise of unit size, at times heavy-tailed, down to a random walk."""
    keep = 1 - 10 ** rng.uniform(-3.5, 0)
    push = rng.standard_t(3, cells) / 1.7 if rng.random() < 0.3 else rng.normal(size=cells)
    x = lfilter([np.sqrt(1 - keep * keep)], [1, -keep], np.concatenate([push, push]))[cells:]
    return np.asarray(x)


def daily(rng: Rng, cells: int, day: int) -> Floats:
    """A shape that comes back each day, weaker at weekends, in a size that wanders."""
    t = np.arange(cells) + rng.integers(0, 7 * day)
    phase = 2 * np.pi * (t / day + rng.random())
    x = sum(rng.normal() / k**1.3 * np.sin(k * phase + rng.uniform(0, 6)) for k in range(1, 5))
    x = x / (np.std(x) + 1e-9)
    if rng.random() < 0.3:
        x = np.maximum(x, rng.uniform(-0.5, 0.5))
    if rng.random() < 0.3:
        x = (x > rng.uniform(-0.5, 0.5)).astype(float)
    if rng.random() < 0.4:
        x = x * (1 - rng.uniform(0.2, 0.9) * ((t // day) % 7 >= 5))
    size = np.exp(
        rng.uniform(0, 0.4)
        * np.interp(t, t[:: day // 2 or 1], rng.normal(size=len(t[:: day // 2 or 1])))
    )
    return np.asarray(x * size)


def bursts(rng: Rng, cells: int, day: int) -> Floats:
    """Now and then, or at fixed times, something runs for a while."""
    if rng.random() < 0.5:
        begins = np.flatnonzero(rng.random(cells) < 10 ** rng.uniform(-2.7, -1))
    else:
        period = int(rng.choice([day, max(3, day // 2), max(3, day // 4), rng.integers(5, 200)]))
        begins = np.arange(rng.integers(0, period), cells, period)
        begins = begins + rng.integers(0, max(1, period // 20) + 1, len(begins))
        begins = begins[rng.random(len(begins)) < rng.uniform(0.6, 1)]
    long, shape = int(rng.integers(1, max(3, day // 6))), rng.uniform(0.3, 6)
    steady = rng.random() < 0.3
    x = np.zeros(cells)
    for at in begins[begins < cells].tolist():
        lasts = 1 + int(rng.poisson(long) if long > 1 else 0)
        x[at : at + lasts] += 1.0 if steady else rng.gamma(shape) / shape
    return x


def counts(rng: Rng, cells: int, day: int) -> Floats:
    """Numbers of events."""
    rate = np.exp(rng.uniform(-1, 3) + rng.uniform(0, 0.8) * daily(rng, cells, day).clip(-3, 3))
    return rng.poisson(
        rate * np.exp(rng.uniform(0, 0.5) * wandering(rng, cells).clip(-4, 4))
    ).astype(float)


def teeth(rng: Rng, cells: int, day: int) -> Floats:
    """Climbs and drops back: logs that are rotated, leaks that are restarted."""
    period = int(rng.choice([day, 7 * day, rng.integers(6, 400)]))
    t = np.arange(cells) + rng.integers(0, period)
    place = t / period
    if rng.random() < 0.5:
        place = np.interp(
            t, t, place * np.exp(rng.uniform(0, 0.1) * wandering(rng, cells).clip(-3, 3))
        )
    return np.asarray(place % 1)


def filling(rng: Rng, cells: int) -> Floats:
    """Goes from 0 towards 1: steady, faster, slower, paused, emptied; it may stop at any time."""
    t = np.linspace(0, rng.uniform(0.4, 2.0), cells)
    shape = int(rng.integers(0, 7))
    if shape == 1:
        t = t ** rng.uniform(1.2, 3)
    elif shape == 2:
        at, pause = rng.uniform(0.1, 0.9), rng.uniform(0.1, 0.5)
        t = np.where(t < at, t, np.where(t < at + pause, at, t - pause))
    elif shape == 3:
        t = np.minimum(t, rng.uniform(0.2, 1.1))
    elif shape == 4:
        at = rng.uniform(0.1, 0.9)
        t = np.where(t < at, t, at + (t - at) * rng.uniform(0, 3))
    elif shape == 5:
        at = rng.uniform(0.1, 0.95)
        t = np.where(t < at, t, rng.uniform(0, 0.5) * at + (t - at))
    elif shape == 6:
        t = np.sqrt(t)
    if rng.random() < 0.8:
        # What has gone on for S still goes on after h with 1 / (1 + h / S): Gott's law.
        t = np.minimum(t, rng.uniform(0.05, 0.2) * float(t[-1]) / rng.random())
    rough = np.cumsum(wandering(rng, cells)) / cells
    return np.asarray(t + rng.uniform(0, 0.4) * rough)


def wearing(rng: Rng, cells: int) -> Floats:
    """Calm for long, then ever faster towards 1."""
    t = np.arange(cells) / cells * rng.uniform(0.6, 1.3)
    calm = rng.uniform(0, 0.8)
    pace = rng.uniform(1, 6)
    x = np.expm1(pace * np.maximum(t - calm, 0) / (1 - calm)) / np.expm1(pace)
    return np.asarray(x + rng.uniform(0, 0.2) * t)


def recurring(rng: Rng, cells: int) -> Floats:
    """Fills from a floor to 1, is emptied, fills again; at times it is emptied before."""
    floor, usual = rng.uniform(0, 0.6), int(10 ** rng.uniform(1, 2.6))
    spread, early = rng.uniform(0, 0.5), rng.choice([0.0, 0.0, rng.uniform(0, 0.6)])
    pace, rests = rng.choice([0.0, rng.uniform(0.5, 4)]), rng.uniform(0, 0.3) * usual
    parts: list[Floats] = []
    while sum(map(len, parts)) < cells + usual:
        t = np.linspace(0, 1, max(4, int(usual * np.exp(spread * rng.normal()))))
        tooth = floor + (1 - floor) * (np.expm1(pace * t) / np.expm1(pace) if pace else t)
        top = rng.uniform(0.5, 0.98) if rng.random() < early else 1.0
        stays = int(rng.poisson(rests / 3)) if top == 1.0 else 0
        parts += [tooth[tooth <= top], np.full(stays, top), np.full(rng.poisson(rests), floor)]
    return np.asarray(np.concatenate(parts)[rng.integers(0, usual) :][:cells])


def in_use(rng: Rng, cells: int) -> NDArray[np.bool_]:
    """Cells in which a thing is at work: turns of work and of rest, of random length."""
    work = rng.uniform(2, 40)
    rest = work * rng.uniform(0.05, 1.0)
    mean = np.where(np.arange(cells) % 2 == 0, work, rest)
    turns = np.ceil(rng.gamma(rng.uniform(0.7, 4), size=cells) * mean).astype(int) + 1
    return np.repeat(np.arange(cells) % 2 == 0, turns)[rng.integers(0, int(work + rest)) :][:cells]


def cycling(rng: Rng, cells: int) -> tuple[Floats, NDArray[np.bool_]]:
    """Wears while in use, recovers a little in each rest; measured only while in use."""
    used = in_use(rng, cells)
    worn = np.cumsum(used) / max(int(used.sum()), 1) * rng.uniform(0.6, 1.6)
    x = worn ** rng.choice([1.0, 0.5, rng.uniform(0.6, 2.5)])
    begins = np.flatnonzero(used[1:] & ~used[:-1]) + 1
    depth, fades = rng.uniform(0, 0.15), rng.uniform(1, 20)
    for at in begins.tolist():
        back = depth * rng.gamma(2) / 2
        lasting = rng.uniform(0, 0.3) * back
        x[at:] -= lasting + (back - lasting) * np.exp(-np.arange(cells - at) / fades)
    seen = used if rng.random() < 0.7 else used & (rng.random(cells) < rng.uniform(0.5, 1))
    return x + 10 ** rng.uniform(-3, -1.3) * wandering(rng, cells), seen


def measured(rng: Rng, cells: int) -> NDArray[np.bool_]:
    """Cells in which there is a sample: most often all, else thinned, interrupted, or rarer."""
    way = rng.random()
    seen = np.ones(cells, dtype=bool)
    if way < 0.5:
        return seen
    if way < 0.65:
        return rng.random(cells) >= rng.uniform(0, 0.45)
    if way < 0.8:
        for _ in range(int(rng.integers(1, 6))):
            at = int(rng.integers(0, cells))
            seen[at : at + int(cells * rng.uniform(0.01, 0.15))] = False
        return seen
    if way < 0.9:
        return in_use(rng, cells)
    late = np.arange(cells) + (rng.random(cells) < rng.uniform(0, 0.2))
    return np.asarray(late % 2 == 0)


def shifting(rng: Rng, cells: int) -> Floats:
    """Levels that change at random times."""
    change = rng.random(cells) < 10 ** rng.uniform(-3, -1.5)
    return rng.normal(size=cells)[np.maximum.accumulate(np.where(change, np.arange(cells), 0))]


def one_series(rng: Rng, cells: int, day: int) -> tuple[Floats, bool]:
    """Returns values, and whether 1 is the level at which something is full or worn."""
    kind = int(rng.integers(0, 15))
    if kind == 14:
        noise = 10 ** rng.uniform(-3.5, -1) * wandering(rng, cells)
        x = np.minimum(recurring(rng, cells) + noise, 1.0)
        return np.where(measured(rng, cells), x, np.nan), True
    if kind == 13:
        x, seen = cycling(rng, cells)
        return np.where(seen, x, np.nan), True
    x, full = whole_series(rng, cells, day, kind)
    return np.where(measured(rng, cells), x, np.nan), full


def whole_series(rng: Rng, cells: int, day: int, kind: int) -> tuple[Floats, bool]:
    """Returns a series without holes."""
    if kind <= 2:
        x = (filling if kind < 2 else wearing)(rng, cells)
        noise = 10 ** rng.uniform(-3.5, -0.4) * wandering(rng, cells)
        if rng.random() < 0.3:
            noise = noise + rng.uniform(0.01, 0.2) * (teeth(rng, cells, day) - 0.5)
        if rng.random() < 0.3:
            noise = noise + rng.uniform(0.01, 0.2) * daily(rng, cells, day)
        return x + noise, True
    parts = [
        lambda: wandering(rng, cells),
        lambda: daily(rng, cells, day),
        lambda: bursts(rng, cells, day) * rng.uniform(1, 10),
        lambda: counts(rng, cells, day),
        lambda: 3 * teeth(rng, cells, day),
        lambda: shifting(rng, cells),
    ]
    x = parts[int(rng.integers(0, 6))]()
    for _ in range(int(rng.integers(0, 4))):
        x = x + 10 ** rng.uniform(-1.5, 0.4) * np.std(x) * _unit(
            parts[int(rng.choice([0, 0, 1, 1, 2, 4, 5]))]()
        )
    x = x + 10 ** rng.uniform(-3, 0) * (np.std(x) + 1e-9) * rng.normal(size=cells)
    form = rng.random()
    if form < 0.2:
        x = np.exp(np.clip(rng.uniform(0.3, 1.5) * _unit(x), -8, 8))
    elif form < 0.35:
        x = np.clip(x, *np.sort(np.quantile(x, [rng.uniform(0, 0.2), rng.uniform(0.9, 1)])))
    elif form < 0.45:
        x = np.round(_unit(x) * 10 ** rng.uniform(0, 1.5))
    return x, False


def _unit(x: Floats) -> Floats:
    return np.asarray((x - x.mean()) / (x.std() + 1e-9))


def draw_limit(rng: Rng, past: Floats, horizon: int, full: bool) -> float:
    """Returns a limit that somebody might have set, from the past alone."""
    way = rng.random()
    if full and way < 0.6:
        return 1.0
    low, high = float(past.min()), float(past.max())
    if way < 0.4:
        part = past[: max(24, int(len(past) * rng.uniform(0.3, 1)))]
        return float(np.quantile(part, rng.choice([0.9, 0.95, 0.99, 1.0])))
    if way < 0.6:
        return high + (high - low) * rng.uniform(0, 0.6) ** 2
    count = len(past) - horizon
    if count < 8:
        return past[-1] + (high - low) * 10 ** rng.uniform(-1.5, 0.2)
    at = rng.integers(0, count, 64)
    rises = np.array([past[a + 1 : a + 1 + horizon].max() - past[a] for a in at.tolist()])
    return float(past[-1] + np.quantile(rises, rng.uniform(0.3, 1)) * rng.uniform(0.8, 1.2))


def draw_origins(rng: Rng, rows: int) -> Origins:
    """Returns origins of one width, horizon and length of the day."""
    width = int(rng.choice([28, 56, 84, 100, 150, 250, 336, 336, 512, 672, 720]))
    share = 10 ** rng.uniform(-2, 0) if rng.random() < 0.6 else rng.uniform(0.3, 1)
    horizon = int(np.clip(width * share, 2, width))
    day = int(rng.choice([4, 6, 24, 24, 24, 48, 96, 144, 288]))
    told = day if rng.random() < 0.75 and width >= 3 * day else 0
    values, limits, crossed = np.empty((rows, width)), np.empty(rows), np.empty(rows, dtype=bool)
    row = 0
    while row < rows:
        x, full = one_series(rng, width + horizon + width // 2, day)
        # A thing that fills is looked at at any time of its life, the others at the end.
        at = int(rng.integers(max(24, width // 3, horizon), width + width // 2 + 1))
        past, future = x[max(0, at - width) : at], x[at : at + horizon]
        known = past[np.isfinite(past)]
        if len(known) < max(16, len(past) // 2) or not np.isfinite(past[-len(past) // 4 :]).any():
            continue
        limit = draw_limit(rng, known, horizon, full)
        if known.max() == known.min() or (known[-2:] >= limit).any() or not limit > known[-1]:
            continue
        values[row] = np.nan
        values[row, width - len(past) :] = past
        limits[row], crossed[row] = limit, (future >= limit).any()
        row += 1
    return Origins(values, limits, crossed, horizon, told)
