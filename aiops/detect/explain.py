"""Why a cell was an alert, or was none: everything the decision rested on, step by step."""

from dataclasses import dataclass

import numpy as np

from aiops.contracts.detector import Explains
from aiops.detect import decide
from aiops.detect.decide import FLOOR
from aiops.detect.stage import DetectStage
from aiops.detect.terms import Terms
from aiops.domain.abstention import Abstention
from aiops.domain.panel import Panel
from aiops.domain.series import FloatArray


@dataclass(frozen=True, slots=True)
class Explanation:
    """What the stage knew when it decided on one cell of one series.

    Attributes:
        reason: Why there is no score, else NONE.
        parts: What added to the raw score, the largest first; empty where the detector cannot
            say.
        raw, tail, score: Of the detector, calibrated alone, calibrated within its event.
        strength: −log10 of how many such alerts a cell of a clean series has; 0 where its terms
            rule an alert out.
        ruled_out: Why they do, else empty.
        budget: False alarms allowed per series-week.
        needed: Strength from which an alert opens an event at the budget.
        before: Strongest cell of those before it that it had to exceed.
        was_open, is_open: Whether an event was open before and after it.
    """

    value: float
    expected: float
    reason: Abstention
    parts: tuple[tuple[str, float], ...]
    raw: float
    tail: float
    score: float
    strength: float
    ruled_out: str
    budget: float
    needed: float
    before: float
    was_open: bool
    is_open: bool
    cells: int

    @property
    def verdict(self) -> str:
        """The decision and the step it was taken at, in words."""
        if self.reason is not Abstention.NONE:
            return f"not judged: {self.reason.words}"
        if self.was_open:
            after = "goes on" if self.is_open else "ended here"
            return f"part of an event that was open before; it {after}"
        if self.is_open:
            return "an alert: it opened an event"
        if self.ruled_out:
            return f"no alert: {self.ruled_out}"
        if self.strength < max(self.needed, FLOOR):
            return "no alert: not rare enough for the budget"
        return "no alert: something stronger came shortly before, so it is the same event"


def explain(stage: DetectStage, panel: Panel, terms: Terms | None = None) -> Explanation:
    """Explains the last cell of a panel of one series by the cells before it.

    Args:
        terms: What the series is judged by, one row; those of the stage without.

    Raises:
        ValueError: The panel holds no cell.
    """
    last = len(panel.times) - 1
    if last < 0:
        raise ValueError("there is no cell to explain")
    terms = terms or Terms.same(1, stage.budget, stage.minimum_effect)
    state, _ = stage.score(stage.start(1), panel.columns(0, last), terms)
    cell = panel.columns(last, last + 1)
    before = stage.part(state, "decide")
    after, found = stage.score(state, cell, terms)
    parts: list[tuple[str, float]] = []
    raw = stage.detector.update(stage.part(state, "detector"), cell)[1].score[0, 0]
    if isinstance(stage.detector, Explains) and np.isfinite(raw):
        named = stage.detector.parts(stage.part(state, "detector"), cell)
        parts = [(name, float(each[0, 0])) for name, each in named.items()]
    return Explanation(
        float(cell.values[0, 0]),
        float(found.expected[0, 0]),
        Abstention(int(found.reason[0, 0])),
        tuple(sorted(parts, key=lambda part: -part[1])),
        float(raw),
        float(found.tail[0, 0]),
        float(found.score[0, 0]),
        float(found.strength[0, 0]),
        _ruled_out(terms, cell.values, found.expected),
        float(terms.budget[0]),
        decide.threshold(float(terms.budget[0]), max(panel.step_ns, 1)),
        float(decide.strongest_before(before)[0]),
        bool(before.arrays["is_open"][0]),
        bool(stage.part(after, "decide").arrays["is_open"][0]),
        last,
    )


def _ruled_out(terms: Terms, values: FloatArray, expected: FloatArray) -> str:
    if terms.too_small(values, expected)[0, 0]:
        return f"it is within {terms.minimum_effect[0]:.3g} of what is usual, the least that counts"
    if terms.harmless(values, expected)[0, 0]:
        return f"{'less' if terms.bad[0] > 0 else 'more'} than usual is not bad here"
    return ""
