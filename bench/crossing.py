"""P(limit is met within H) on real origins: ours beside predict_linear, seasonal naive, others.

Run: ``python bench/crossing.py FOLDER [tuning] [--slow]`` (the folder's layout is
told in ``crossing_cases.py``). Prints the Brier score, the area under the ROC curve and the
calibration error (ten equal bins, mean absolute gap weighted by origins). Where a method
abstains, the event rate of the earlier half stands in. ``--slow`` asks AutoETS
and Prophet on every fourth origin, and the others beside them on the same, instead.
"""

import sys
import time
import warnings
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
from crossing_cases import Group, read_groups
from numpy.typing import NDArray

from aiops import plugins
from aiops.contracts.errors import NotEnoughHistory
from aiops.domain.forecast import Known
from aiops.domain.metric import Direction
from aiops.domain.series import SeriesKey
from aiops.forecast.chance import Chance
from aiops.forecast.describe import describe_rows
from aiops.forecast.lessons import Lessons
from aiops.forecast.passage import Passage, first_passage, likely_passage
from aiops.forecast.settings import ForecastSettings
from aiops.forecast.shortlist import Ensemble
from aiops.forecast.spread import Spread
from aiops.forecast.stage import ForecastStage
from aiops.forecast.trial import Limit, Models, forecast_all, foretell
from aiops.scale.executors.local import LocalExecutor, LocalSettings

Chances = NDArray[np.float64]
Method = Callable[[Group], Chances]
AT_ONCE = 64


def create(name: str):
    """Returns a forecaster of the shelf."""
    return plugins.create("forecasts", name, plugins.load("forecasts", name).settings())


def create_ensemble(settings: ForecastSettings) -> Ensemble:
    """Returns the ensemble that the likeliest few are asked of, as the settings have it."""
    own = plugins.load("forecasts", settings.ensemble).settings()
    spread = Spread(LocalExecutor(LocalSettings()), settings.ensemble, own, timedelta(minutes=5))
    return Ensemble(spread, settings.ensemble_share, settings.ensemble_budget)


def _toward(group: Group, row: int) -> NDArray[np.float64]:
    values = group.panel.values[row] * (1 if group.up[row] else -1)
    return values[np.isfinite(values).argmax() :]


def predict_linear(times: int) -> Method:
    """A line through the last ``times`` horizons meets the limit within the next: yes or no."""

    def ask(group: Group) -> Chances:
        told = np.zeros(len(group.limits))
        for row in range(len(told)):
            x = _toward(group, row)[-times * group.horizon :]
            at = np.flatnonzero(np.isfinite(x))
            slope, level = np.polyfit(at - len(x) + 1.0, x[at], 1)
            limit = group.limits[row] * (1 if group.up[row] else -1)
            told[row] = max(level + slope, level + slope * group.horizon) >= limit
        return told

    return ask


def rise_share(values: NDArray[np.float64], margin: float, horizon: int) -> tuple[float, int]:
    """Returns the share of past moments after which the value rose by the margin, and their count.

    Half a moment of each kind is added (Jeffreys): a share is never 0 or 1.
    """
    count = len(values) - horizon
    if count < 1:
        return 0.5, 0
    padded = np.where(np.isfinite(values), values, -np.inf)
    high = np.lib.stride_tricks.sliding_window_view(padded, horizon)[1:].max(axis=1)[:count]
    counts = np.isfinite(values[: len(high)])
    moments = int(counts.sum())
    met = int((high[counts] - values[: len(high)][counts] >= margin).sum())
    return (met + 0.5) / (moments + 1), moments


def history_rise(group: Group) -> Chances:
    """How often the series has risen that much within as much time."""
    told = np.full(len(group.limits), np.nan)
    for row in range(len(told)):
        x = _toward(group, row)
        limit = group.limits[row] * (1 if group.up[row] else -1)
        share, moments = rise_share(x, limit - x[np.isfinite(x)][-1], group.horizon)
        told[row] = share if moments else np.nan
    return told


def by_paths(name: str) -> Method:
    """The share of a forecaster's error paths that meet the limit."""
    return _by_paths(name, lambda paths, limits, up: first_passage(
        paths, limits, up, np.full(len(limits), paths.shape[2])
    ))  # fmt: skip


def by_likely_paths(name: str) -> Method:
    """The same by Laplace's rule, as the trees are told it."""
    return _by_paths(name, likely_passage)


def _by_paths(name: str, passage: Callable[..., Passage]) -> Method:
    forecaster = create(name)

    def ask(group: Group) -> Chances:
        told = np.full(len(group.limits), np.nan)
        for some in blocks(len(told)):
            part = group.panel.take(some)
            try:
                paths = forecaster.forecast(
                    forecaster.update(None, part), part, group.horizon, np.empty(0), Known()
                ).paths
            except NotEnoughHistory:
                continue
            found = passage(paths, group.limits[some], group.up[some])
            told[some] = np.where(np.isnan(paths[:, 0, 0]), np.nan, found.probability)
        return told

    return ask


def by_quantiles(name: str) -> Method:
    """The greatest chance of any single step: what marginal quantiles can say."""
    forecaster = create(name)
    levels = np.arange(0.02, 0.99, 0.02)

    def ask(group: Group) -> Chances:
        told = np.full(len(group.limits), np.nan)
        for some in blocks(len(told)):
            part = group.panel.take(some)
            try:
                quantiles = forecaster.forecast(
                    forecaster.update(None, part), part, group.horizon, levels, Known()
                ).quantiles
            except NotEnoughHistory:
                continue
            limits, up = group.limits[some][:, None, None], group.up[some][:, None, None]
            beyond = np.where(up, quantiles >= limits, quantiles <= limits)
            told[some] = beyond.mean(axis=2).max(axis=1)
            told[some[np.isnan(quantiles[:, 0, 0])]] = np.nan
        return told

    return ask


def as_tried(group: Group) -> Chances:
    """What ``aiops try forecast --crossings`` answers."""
    models = Models(*(create(name) for name in ("auto", "auto", "trend")))
    told = np.full(len(group.limits), np.nan)
    for some in blocks(len(told)):
        part = group.panel.take(some)
        paths = forecast_all(part, models.first, models.spare, group.horizon, np.empty(0)).paths
        try:
            trend = models.trend.forecast(
                models.trend.update(None, part), part, group.horizon, np.empty(0), Known()
            ).paths
        except NotEnoughHistory:
            trend = None
        # One limit a call; all origins of a block that share it go together.
        for limit, up in set(zip(group.limits[some], group.up[some], strict=True)):
            rows = np.flatnonzero((group.limits[some] == limit) & (group.up[some] == up))
            own = None if trend is None else trend[rows]
            answer = foretell(part.take(rows), paths[rows], own, Limit(float(limit), bool(up)))
            told[some[rows]] = answer.probability
    return told


def as_watched(group: Group) -> Chances:
    """What the service answers in its hourly round before its fleet has taught it anything."""
    return _watch(group, Chance())


def as_taught(group: Group) -> Chances:
    """What it answers once the fleet's own earlier half has taught it, as it does each week."""
    early = np.flatnonzero(~group.scored)
    chance = Lessons(_described(group)[early], group.crossed[early]).learn()
    return _watch(group.take(np.flatnonzero(group.scored)), chance)


def _watch(group: Group, chance: Chance) -> Chances:
    """Asks the origins by sixteen: each as one of a small fleet, as the recordings are."""
    settings = ForecastSettings()
    ensemble = create_ensemble(settings)
    stage = ForecastStage(settings, create("trend"))
    told: list[Chances] = []
    for some in blocks(len(group.limits), 16):
        part = group.take(some)
        crossings = stage.cross(
            part.panel, [SeriesKey(f"origin-{i}", "value") for i in some.tolist()], part.limits,
            [Direction.UP if up else Direction.DOWN for up in part.up],
            part.horizon * part.panel.step, datetime(2026, 1, 1, tzinfo=UTC),
            chances={"value": chance}, ensemble=ensemble,
        )  # fmt: skip
        told.append(
            np.array([np.nan if c.probability is None else c.probability for c in crossings])
        )
    return np.concatenate(told)


def learnt(group: Group) -> Chances:
    """The classifier alone, on margins: the prior, without any forecaster's opinion."""
    return Chance().tell(_described(group))


def _described(group: Group) -> NDArray[np.float32]:
    steps = np.full(len(group.limits), group.horizon)
    return describe_rows(group.panel, group.limits, group.up, steps)


def with_fleet(*names: str) -> Method:
    """The classifier and forecasters' opinions, corrected by the fleet's own earlier half."""
    ask_each = {name: by_likely_paths(name) for name in names}

    def ask(group: Group) -> Chances:
        steps = np.full(len(group.limits), group.horizon)
        trend, errors = (
            ask_each[name](group) if name in ask_each else None for name in ("trend", "auto")
        )
        told = describe_rows(group.panel, group.limits, group.up, steps, trend, errors)
        early = ~group.scored
        return Lessons(told[early], group.crossed[early]).learn().tell(told)[group.scored]

    return ask


METHODS: dict[str, Method] = {
    "predict_linear 1H": predict_linear(1),
    "predict_linear 4H": predict_linear(4),
    "past rises": history_rise,
    "seasonal naive paths": by_paths("seasonal_naive"),
    "trend paths": by_paths("trend"),
    "the service, day one": as_watched,
    "aiops try": as_tried,
    "margins, prior": learnt,
}
LEARNING: dict[str, Method] = {
    "the service, taught": as_taught,
    "margins, fleet": with_fleet(),
    "margins + trend, fleet": with_fleet("trend"),
    "margins + trend + errors, fleet": with_fleet("trend", "auto"),
}
"""These are given the earlier half as well, with what came."""
SLOW: dict[str, Method] = {
    "AutoETS": by_quantiles("auto_ets"),
    "AutoETS, paths": by_paths("auto_ets"),
    "Prophet": by_quantiles("prophet"),
}


def blocks(count: int, size: int = AT_ONCE) -> list[NDArray[np.int64]]:
    """Returns rows in blocks."""
    return [np.arange(a, min(a + size, count)) for a in range(0, count, size)]


def brier(told: Chances, crossed: NDArray[np.bool_]) -> float:
    """Mean squared error."""
    return float(np.mean((told - crossed) ** 2))


def auc(told: Chances, crossed: NDArray[np.bool_]) -> float:
    """Chance that an event is ranked above a non-event, ties counted half."""
    from scipy.stats import rankdata

    rank, events = rankdata(told), int(crossed.sum())
    if events in (0, len(crossed)):
        return float("nan")
    below = rank[crossed].sum() - events * (events + 1) / 2
    return float(below / events / (len(crossed) - events))


def calibration_error(told: Chances, crossed: NDArray[np.bool_]) -> float:
    """Gap between what was said and what came, over ten equal bins."""
    place = np.minimum((told * 10).astype(int), 9)
    gap = [np.sum(told[place == k]) - np.sum(crossed[place == k]) for k in range(10)]
    return float(np.abs(gap).sum() / len(told))


def judge(groups: list[Group], methods: dict[str, Method]) -> list[dict[str, object]]:
    """Returns one row for each method and group, and one over all groups."""
    rows: list[dict[str, object]] = []
    for name, method in methods.items():
        answers, truths, spent = [], [], 0.0
        for group in groups:
            rate = group.crossed[~group.scored].mean() if (~group.scored).any() else 0.1
            judged = group.take(np.flatnonzero(group.scored))
            begin = time.process_time()
            told = method(group if name in LEARNING else judged)
            cost = time.process_time() - begin
            spent += cost
            answered = np.isfinite(told)
            told = np.where(answered, told, rate)
            answers.append(told)
            truths.append(judged.crossed)
            rows.append(_row(name, group.name, told, judged.crossed, cost, answered.mean()))
        rows.append(_row(name, "all", np.concatenate(answers), np.concatenate(truths), spent))
    return rows


def _row(
    name: str,
    group: str,
    told: Chances,
    crossed: NDArray[np.bool_],
    cost: float,
    answered: float = 1.0,
) -> dict[str, object]:
    return {
        "method": name, "group": group, "origins": len(told), "rate": crossed.mean(),
        "brier": brier(told, crossed), "auc": auc(told, crossed),
        "calibration": calibration_error(told, crossed), "answered": answered,
        "cpu_ms": 1000 * cost / len(told),
    }  # fmt: skip


def show(rows: list[dict[str, object]]) -> None:
    """Prints rows as a table."""
    for row in rows:
        print("  ".join(f"{v:<20}" if isinstance(v, str) else f"{v:8.4g}" for v in row.values()))


def main(folder: Path, part: str, slow: bool) -> None:
    """Prints the tables."""
    warnings.simplefilter("ignore")
    groups = read_groups(folder, part)
    print("method", "group", "origins", "rate", "Brier", "AUC", "calibration", "answered", "CPU ms")
    if not slow:
        show(judge(groups, METHODS | LEARNING))
    else:
        few = []
        for group in groups:
            scored = np.flatnonzero(group.scored)[::4]
            few.append(group.take(np.concatenate([np.flatnonzero(~group.scored), scored])))
        print("every fourth origin:")
        show([row for row in judge(few, METHODS | SLOW) if row["group"] == "all"])


if __name__ == "__main__":
    words = [word for word in sys.argv[1:] if not word.startswith("--")]
    main(Path(words[0]), "tuning" if "tuning" in words else "judged", "--slow" in sys.argv)
