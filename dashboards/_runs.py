"""Runs of runbooks as pages show them."""

import shlex
from dataclasses import dataclass

from aiops.domain.run import PlannedStep, Run, RunState
from dashboards._words import Words

_GOOD = frozenset({RunState.SUCCEEDED})
_BAD = frozenset({RunState.FAILED, RunState.UNKNOWN, RunState.STOPPED, RunState.ROLLED_BACK})


@dataclass(frozen=True, slots=True)
class ShownStep:
    """One planned step: the words a person approves."""

    phase: str
    name: str
    words: str


@dataclass(frozen=True, slots=True)
class ShownRun:
    """One run in words.

    Attributes:
        level: Colour of its badge.
        asked_by: The system in words, or the person.
        approved_by: Names, in their order.
    """

    run: Run
    title: str
    level: str
    asked_by: str
    approved_by: str
    plan: tuple[ShownStep, ...]

    @property
    def waits(self) -> bool:
        """Whether a person may still decide."""
        return self.run.state is RunState.PROPOSED


def show_run(run: Run, words: Words) -> ShownRun:
    """Returns a run in the page's language."""
    level = "low" if run.state in _GOOD else "high" if run.state in _BAD else "elevated"
    if run.state in (RunState.REJECTED, RunState.EXPIRED):
        level = ""
    by_system = run.requested_by == "system"
    return ShownRun(
        run,
        run.title.get(words.language) or run.runbook,
        level,
        words("who.system") if by_system else run.requested_by,
        ", ".join(approval.who for approval in run.approvals),
        tuple(_step(each, words) for each in run.plan),
    )


def _step(step: PlannedStep, words: Words) -> ShownStep:
    shown = shlex.join(step.words) if step.kind != "call" else " ".join(filter(None, step.words))
    return ShownStep(words(f"phase.{step.phase.value}"), step.name, shown)
