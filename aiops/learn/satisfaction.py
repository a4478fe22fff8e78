"""Satisfaction: the share of answers that are four or five of five."""

from collections.abc import Sequence
from typing import Any, Final

from aiops.domain.answer import Answer
from aiops.learn.figure import ENOUGH, Figure, share

SATISFIED: Final = 4
"""Source: the usual customer-satisfaction score counts the two best of five answers."""


def satisfaction(answers: Sequence[Answer]) -> Figure:
    """Returns the share with its interval, or how many answers are missing."""
    keys = tuple(each.incident for each in answers)
    if len(answers) < ENOUGH:
        return Figure("satisfaction", "1", None, None, None, keys)
    good = sum(each.score >= SATISFIED for each in answers)
    note = f"{good} of {len(answers)} answers are four or five of five"
    return Figure("satisfaction", "1", *share(good, len(answers)), keys, note)


def satisfaction_target(answers: Sequence[Answer], target: float) -> dict[str, Any]:
    """Returns the target; satisfaction is a share of its own, not a change against the before."""
    found = satisfaction(answers)
    if found.value is None:
        asked = f"{len(answers)} of {ENOUGH} answers"
        return {"target": target, "change": None, "note": f"not measurable yet: {asked}"}
    return {
        "target": target,
        "change": found.value,
        "reached": found.value > target,
        "note": found.note,
    }
