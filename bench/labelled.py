"""Labelled recordings, and what a list of alerts is worth on them.

Recall at a budget: the alerts of all series are thinned by one threshold, the lowest that keeps
the false alarms within the budget; an alarm swallows what follows within an hour of it.
"""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from aiops.detect.stage import DetectStage
from aiops.detect.trial import median_step
from aiops.domain.calendar import build_calendar
from aiops.domain.panel import Panel
from bench.fleets import labelled_fleet

BUDGETS = (0.1, 0.5, 1.0)
HOUR_NS = 3600 * 10**9
WEEK_NS = 7 * 24 * HOUR_NS
MONDAY_NS = 1_767_571_200 * 10**9


@dataclass(frozen=True)
class Labelled:
    """One series, its times in ns, and [first, last] row of each labelled window."""

    values: NDArray[np.float64]
    times: NDArray[np.int64]
    windows: tuple[tuple[int, int], ...]

    @property
    def probation(self) -> int:
        """Rows at the beginning that are not judged."""
        return min(int(0.15 * len(self.values)), 750)

    @property
    def label(self) -> NDArray[np.bool_]:
        found = np.zeros(len(self.values), bool)
        for first, last in self.windows:
            found[first : last + 1] = True
        return found


Method = Callable[[Labelled], tuple[NDArray[np.float64], NDArray[np.float64]]]
"""From a series to its alert and its score, row by row."""


def generated(seed: int = 1, n: int = 140) -> list[Labelled]:
    """Returns the generated labelled fleet as single series, five minutes apart."""
    fleet = labelled_fleet(seed, n)
    times = MONDAY_NS + np.arange(fleet.values.shape[1], dtype=np.int64) * 300 * 10**9
    return [
        Labelled(values, times, tuple((a, b) for r, a, b in fleet.events if r == row))
        for row, values in enumerate(fleet.values)
    ]


def from_folder(folder: Path) -> list[Labelled]:
    """Returns the series of a folder in NAB's form: tables and one ``windows.json``."""
    import pandas as pd

    found = []
    for name, windows in sorted(json.loads((folder / "windows.json").read_text()).items()):
        path = folder / f"{name}.parquet"
        table = pd.read_parquet(path) if path.exists() else pd.read_csv(path.with_suffix(".csv"))
        stamps = pd.to_datetime(table["timestamp"], utc=True).dt.as_unit("ns")
        times = stamps.dt.tz_localize(None).to_numpy("datetime64[ns]").astype(np.int64)
        rows = []
        for first, last in windows:
            inside = (stamps >= pd.Timestamp(first, tz="UTC").floor("s")) & (
                stamps <= pd.Timestamp(last, tz="UTC").floor("s")
            )
            at = np.flatnonzero(inside)
            if len(at):
                rows.append((int(at[0]), int(at[-1])))
        found.append(Labelled(table["value"].to_numpy(float), times, tuple(sorted(rows))))
    return found


def null(series: Labelled) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Never alarms."""
    nothing = np.zeros(len(series.values))
    return nothing, nothing


def random(series: Labelled) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Scores by chance; alerts where that exceeds all chances of the 0.3 × probation before."""
    score = np.random.default_rng(len(series.values)).random(len(series.values))
    return opens(score, int(0.3 * series.probation)), score


def new_extreme(series: Labelled) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Five lines: how far a new maximum or minimum exceeds the past range."""
    known = np.nan_to_num(series.values)
    high, low = np.maximum.accumulate(known)[:-1], np.minimum.accumulate(known)[:-1]
    beyond = np.maximum(known[1:] - high, low - known[1:])
    score = np.r_[0.0, np.maximum(beyond, 0.0) / np.maximum(high - low, 1e-9 * np.abs(high) + 1e-9)]
    return score, score


def opens(score: NDArray[np.float64], hold: int) -> NDArray[np.float64]:
    """Returns the score where it exceeds all scores of the rows before, else 0."""
    import pandas as pd

    before = pd.Series(score).rolling(max(hold, 1), min_periods=1).max().shift(1).to_numpy()
    return np.where(score > before, score, 0.0)


def through(stage: DetectStage) -> Method:
    """Returns a method: the series alone through the whole detect stage."""

    def method(series: Labelled) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        step = timedelta(microseconds=median_step(series.times, False) // 1000)
        calendar = build_calendar(series.times, ["UTC"])
        panel = Panel.of(series.values, series.times, step, calendar=calendar, ordinal=True)
        _, found = stage.score(stage.start(1), panel)
        return found.alert[0], np.nan_to_num(found.score[0])

    return method


def recalls(found: Sequence[NDArray[np.float64]], series: Sequence[Labelled]) -> tuple[float, ...]:
    """Returns the share of windows with a kept alert at each of :data:`BUDGETS`."""
    tops, outside, weeks = [], [], 0.0
    for alert, one in zip(found, series, strict=True):
        skip, label = one.probation, one.label
        label[:skip] = False
        tops += [alert[max(a, skip) : b + 1].max() for a, b in one.windows if b >= skip]
        rows = np.flatnonzero(~label & (alert > 0) & (np.arange(len(alert)) >= skip))
        outside.append((one.times[rows], alert[rows]))
        weeks += (~label[skip:]).sum() * median_step(one.times, False) / WEEK_NS
    cuts = np.unique(np.concatenate([alerts for _, alerts in outside] + [np.array(tops)]))
    cuts = cuts[cuts > 0]
    answers = []
    for budget in BUDGETS:
        low, high = 0, len(cuts)  # the lowest cut that keeps the budget
        while low < high:
            middle = (low + high) // 2
            false = sum(_alarms(times[a >= cuts[middle]]) for times, a in outside)
            low, high = (low, middle) if false <= budget * weeks else (middle + 1, high)
        cut = cuts[low] if low < len(cuts) else np.inf
        answers.append(float(np.mean(np.array(tops) >= cut)) if tops else float("nan"))
    return tuple(answers)


def _alarms(times: NDArray[np.int64]) -> int:
    count = at = 0
    while at < len(times):
        count += 1
        at = int(np.searchsorted(times, times[at] + HOUR_NS, side="right"))
    return count


def auc_pr(found: Sequence[NDArray[np.float64]], series: Sequence[Labelled]) -> float:
    """Returns the mean area under precision and recall over series that have windows."""
    areas = []
    for score, one in zip(found, series, strict=True):
        label = one.label[one.probation :]
        if not label.any():
            continue
        order = np.argsort(-score[one.probation :], kind="stable")
        hits, ordered = np.cumsum(label[order]), score[one.probation :][order]
        last = np.append(ordered[1:] != ordered[:-1], True)
        hits, count = hits[last], np.flatnonzero(last) + 1
        areas.append(np.sum(np.diff(hits / hits[-1], prepend=0.0) * hits / count))
    return float(np.mean(areas))
