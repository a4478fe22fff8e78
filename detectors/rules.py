"""A threshold with a duration: what a person has decided is wrong.

A rule is no statistic: while it holds, its score is so high that every budget lets it pass.
Nothing else is scored.
"""

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Final

import numpy as np

from aiops.contracts.errors import ConfigError
from aiops.contracts.plugin import Plugin
from detectors._streaming import Streaming, compile_loop

VERSION: Final = "rules-1"
_CERTAIN: Final = 100.0


@dataclass(frozen=True, slots=True)
class RulesSettings:
    """When a value is wrong."""

    above: float = field(default=np.inf, metadata={"help": "Higher values are wrong."})
    below: float = field(default=-np.inf, metadata={"help": "Lower values are wrong."})
    lasts: timedelta = field(
        default=timedelta(0), metadata={"help": "They must be so for this long without a break."}
    )


def _run(
    values: Any, good: Any, seen: Any, numbers: Any, phase: Any, options: Any,  # noqa: ARG001 - one for all
    score: Any, expected: Any,
) -> None:  # fmt: skip
    above, below, lasts, step = options
    for row in range(values.shape[0]):
        held = numbers[row, 0]
        for t in range(values.shape[1]):
            if not good[row, t]:
                continue
            value = values[row, t]
            held = held + step if value > above or value < below else 0.0
            score[row, t] = _CERTAIN if held > 0 and held >= lasts else 0.0
            expected[row, t] = min(max(value, below), above)
        numbers[row, 0] = held


_LOOP: Final = compile_loop(_run)


def _create(settings: RulesSettings) -> Streaming:
    if settings.below >= settings.above:
        raise ConfigError(["below: must be less than above"])
    options = (settings.above, settings.below, settings.lasts.total_seconds())
    return Streaming(VERSION, _LOOP, 1, options, warm_up=0)


PLUGIN: Final = Plugin(
    summary="A threshold with a duration, decided by a person.",
    settings=RulesSettings,
    create=_create,
)
