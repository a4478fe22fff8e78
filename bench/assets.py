"""Generated assets of many metrics, clean and with faults, for the joint score.

    python -m bench.assets                 the dial: false alarms realised against those asked for
    python -m bench.assets recall          faults found at 0.1 / 0.5 / 1 false alarms a week

Loads with daily and weekly courses drive most metrics of an asset, each in its own way: in
proportion, saturating, as a count, with a delay or heavy tails; some are alone, some are states
or constants.
"""

import sys
from datetime import timedelta

import numpy as np
from numpy.typing import NDArray
from scipy.signal import lfilter

from aiops.detect import joint
from aiops.detect.decide import threshold
from aiops.detect.settings import DetectSettings
from aiops.detect.stage import DetectStage
from aiops.domain.calendar import build_calendar
from aiops.domain.panel import Panel
from bench.calibration import openings
from bench.labelled import MONDAY_NS, Labelled, recalls

Floats = NDArray[np.float64]
Rng = np.random.Generator


def loads(rng: Rng, cells: int, day: int) -> Floats:
    """Returns what three kinds of work ask of an asset; 0 to about 2."""
    t = np.arange(cells) + int(rng.integers(0, 7 * day))
    found = []
    for _ in range(3):
        wave = 0.6 + 0.4 * np.sin(2 * np.pi * t / day + rng.uniform(0, 6))
        wave = wave * np.where((t // day) % 7 >= 5, rng.uniform(0.4, 1), 1.0)
        keep = rng.uniform(0.6, 0.98)
        slow = lfilter([1.0], [1.0, -keep], rng.normal(size=cells)) * np.sqrt(1 - keep**2)
        found.append(np.maximum(wave * np.exp(rng.uniform(0.05, 0.3) * slow), 0.0))
    return np.array(found)


def clean_asset(rng: Rng, metrics: int, cells: int, day: int) -> tuple[Floats, Floats]:
    """Returns ``(metrics, cells)`` values and the share of each load in each metric."""
    work = loads(rng, cells, day)
    share = rng.dirichlet(np.full(3, 0.4), metrics)
    values = np.empty((metrics, cells))
    for j in range(metrics):
        values[j] = _metric(rng, share[j] @ work, cells)
    return values, share


def _metric(rng: Rng, driven: Floats, cells: int) -> Floats:
    noise = rng.normal(size=cells)
    kind = int(rng.integers(0, 10))
    if kind < 3:
        return driven + rng.uniform(0.02, 0.2) * noise
    if kind == 3:
        return driven / (0.5 + driven) + 0.02 * noise
    if kind == 4:
        return rng.poisson(rng.uniform(2, 200) * driven) / 60.0
    if kind == 5:
        return 0.05 * np.exp(driven + rng.uniform(0.1, 0.5) * noise)
    if kind == 6:
        return np.roll(driven, int(rng.integers(1, 12))) + 0.05 * noise
    if kind == 7:
        return np.asarray(lfilter([0.05], [1.0, -0.95], noise + driven))
    if kind == 8:
        return (np.cumsum(rng.random(cells) < rng.uniform(0.0005, 0.01)) % 2).astype(float)
    return np.full(cells, rng.uniform(0, 10)) if rng.random() < 0.5 else noise


def spoil(rng: Rng, values: Floats, share: Floats, at: int, long: int) -> None:
    """Puts one fault into the metrics that one of the loads drives, or into a few of any."""
    metrics = len(values)
    chosen = np.flatnonzero(share[:, int(rng.integers(0, 3))] > 0.3)
    if len(chosen) < 2 or rng.random() < 0.4:
        chosen = rng.choice(metrics, size=max(1, metrics // 5), replace=False)
    cut = slice(at, at + long)
    kind = int(rng.integers(0, 5))
    for j in chosen:
        before = values[j, max(0, at - 600) : at]
        size = float(np.quantile(before, 0.98) - np.quantile(before, 0.02)) or 1.0
        part = values[j, cut]
        if kind == 0:  # overload: all of them go up at once
            values[j, cut] = part + size * rng.uniform(0.3, 0.9)
        elif kind == 1:  # stands still
            values[j, cut] = part[0]
        elif kind == 2:  # unrest
            values[j, cut] = part + 0.35 * size * rng.normal(size=len(part))
        elif kind == 3:  # leaves the others' way within its own range
            values[j, cut] = before.min() + before.max() - part
        else:  # creeps away
            values[j, cut] = part + size * rng.uniform(0.5, 1.2) * np.linspace(0, 1, len(part))


def judge(
    stage: DetectStage, values: Floats, step: timedelta, train: int = 0, start: int = MONDAY_NS
) -> joint.JointScores:
    """Returns the joint scores of one asset behind ``train`` cells of its past."""
    step_ns = step // timedelta(microseconds=1) * 1000
    times = start + np.arange(values.shape[1], dtype=np.int64) * step_ns
    panel = Panel.of(values, times, step, calendar=build_calendar(times, ["UTC"] * len(values)))
    places = np.arange(len(values), dtype=np.int64)[None, :]
    series, state = stage.start(len(values)), joint.start(1, len(values))
    budget = np.array([stage.budget])
    for begin, end in ((0, train), (train, values.shape[1])):
        if begin == end:
            continue
        if train and begin == train:
            state = joint.freeze(state)
        part = panel.columns(begin, end)
        series, scores = stage.score(series, part)
        state, found = joint.update(state, part, scores.contribution, places, budget)
    return found


def dial(assets: int = 150, seed: int = 11) -> list[dict[str, object]]:
    """Returns realised and asked false alarms per asset-week on clean assets, minutes."""
    stage, step_ns, cells = DetectStage.of(DetectSettings()), 60 * 10**9, 14 * 1440
    rng = np.random.default_rng(seed)
    alarms = dict.fromkeys((10.0, 1.0, 0.1, 0.01), 0)
    skip = 1440
    for _ in range(assets):
        values, _ = clean_asset(rng, int(rng.integers(3, 30)), cells, 1440)
        alert = judge(stage, values, timedelta(minutes=1)).alert[0]
        for budget in alarms:
            alarms[budget] += openings(alert[skip:], threshold(budget, step_ns))
    weeks = assets * (cells - skip) / 10_080
    return [
        {"asked": budget, "realised": count / weeks, "ratio": count / weeks / budget, "n": count}
        for budget, count in alarms.items()
    ]


def faulty(seed: int = 3, assets: int = 60) -> list[tuple[Floats, Labelled]]:
    """Returns assets at five minutes: two weeks of past, two weeks with up to three faults."""
    rng = np.random.default_rng(seed)
    day, found = 288, []
    cells = 28 * day
    times = MONDAY_NS + np.arange(cells, dtype=np.int64) * 300 * 10**9
    for _ in range(assets):
        values, share = clean_asset(rng, int(rng.integers(4, 30)), cells, day)
        windows = []
        for _ in range(int(rng.integers(0, 4))):
            at, long = int(rng.integers(15 * day, 27 * day)), int(rng.integers(6, 200))
            spoil(rng, values, share, at, long)
            windows.append((at, at + long - 1))
        found.append((values, Labelled(values[0], times, tuple(sorted(windows)))))
    return found


def recall(seed: int = 3) -> tuple[float, ...]:
    """Returns the share of faults with an alert at 0.1 / 0.5 / 1 false alarms a week."""
    stage = DetectStage.of(DetectSettings())
    train = 14 * 288
    alerts, labels = [], []
    for values, label in faulty(seed):
        found = judge(stage, values, timedelta(minutes=5), train)
        alerts.append(found.alert[0])
        windows = tuple((a - train, b - train) for a, b in label.windows)
        labels.append(Labelled(values[0, train:], label.times[train:], windows))
    return recalls(alerts, labels)


if __name__ == "__main__":
    if sys.argv[1:2] == ["recall"]:
        print("recall at 0.1 / 0.5 / 1:", *(f"{each:.3f}" for each in recall()))
    else:
        for row in dial():
            print({k: round(v, 4) if isinstance(v, float) else v for k, v in row.items()})
