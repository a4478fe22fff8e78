"""Scores ranked in the past of their own part of the day, against all of the past together.

    python -m bench.seasonal_rank [PARTS …]

Prints recall at 0.1, 0.5 and 1 false alarms per series-week and AUC-PR of the default detector on
the generated labelled fleet (two seeds), both outputs ranked either way; ``mean`` is the mean of
both ranks.
"""

import sys
from datetime import timedelta

import numpy as np
from numpy.typing import NDArray

from aiops.detect import calibrate, decide, linger
from aiops.detect.settings import DetectSettings
from aiops.detect.stage import DetectStage
from aiops.domain.calendar import build_calendar
from aiops.domain.panel import Panel
from bench import labelled

Floats = NDArray[np.float64]
STEP = timedelta(minutes=5)


def ranked(raw: Floats, part: NDArray[np.int64] | None) -> Floats:
    """Returns the tails of the scores of one series, each in the past of its part."""
    if part is None:
        return calibrate.update(calibrate.start(1), raw)[1]
    found = np.full(raw.shape, np.nan)
    for each in np.unique(part):
        own = calibrate.update(calibrate.start(1), np.where(part == each, raw, np.nan))[1]
        found = np.where(part == each, own, found)
    return found


def alert_and_score(one: labelled.Labelled, parts: int, mean: bool) -> tuple[Floats, Floats]:
    """Returns what the stage would say of a series if it ranked by parts of the day."""
    calendar = build_calendar(one.times, ["UTC"])
    panel = Panel.of(one.values, one.times, STEP, calendar=calendar)
    detector = DetectStage.of(DetectSettings()).detector
    raw = detector.update(detector.start(1), panel)[1].score
    part = calendar.day_phase[calendar.zone] * parts // 86400 if parts else None

    def tails(scores: Floats) -> Floats:
        own = ranked(scores, part)
        return (own + ranked(scores, None)) / 2 if mean else own

    strength = calibrate.strengths(raw, tails(raw))
    score = tails(linger.update(linger.start(1), raw)[1])
    at_least = decide.thresholds(np.array([0.1]), panel.step_ns)
    _, decision = decide.update(
        decide.start(1), strength, score, panel.values, panel.values, panel.times, at_least,
        decide.block_cells(panel.step_ns),
    )  # fmt: skip
    return decision.alert[0], np.nan_to_num(score[0])


def run(choices: list[int]) -> None:
    """Prints one row for each way of ranking."""
    print("| parts of the day | seed 1: recall | AUC-PR | seed 7: recall | AUC-PR |")
    print("|---|---|---|---|---|")
    for parts, mean in [(0, False), *((p, m) for p in choices for m in (False, True))]:
        cells = []
        for seed in (1, 7):
            series = labelled.generated(seed)
            found = [alert_and_score(one, parts, mean) for one in series]
            recall = labelled.recalls([alert for alert, _ in found], series)
            cells.append(" / ".join(f"{r:.3f}" for r in recall))
            cells.append(f"{labelled.auc_pr([score for _, score in found], series):.3f}")
        name = f"{parts}{', mean' if mean else ''}" if parts else "one"
        print(f"| {name} | {' | '.join(cells)} |", flush=True)


if __name__ == "__main__":
    run([int(word) for word in sys.argv[1:]] or [4, 24])
