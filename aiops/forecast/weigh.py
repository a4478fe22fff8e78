"""From the share of futures that meet a limit to its probability."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

import numpy as np

from aiops.domain.series import FloatArray
from aiops.forecast.chance import Chance
from aiops.forecast.describe import describe_rows
from aiops.forecast.limits import is_met
from aiops.forecast.passage import Passage
from aiops.forecast.spread import Shard, Told

WARNED_FROM: Final = 0.05
"""Warnings are told of what is at least this likely to go on to its limit."""


def weigh(passage: Passage, asked: Shard, chances: Sequence[Chance]) -> None:
    """Turns the share of futures that meet the limit into a probability.

    Where none does, the limit stays out of reach: there is no time to tell, either.
    """
    within = np.flatnonzero(passage.probability > 0)
    rows_by_chance: dict[Chance, list[int]] = {}
    for row in within.tolist():
        rows_by_chance.setdefault(chances[row], []).append(row)
    for chance, members in rows_by_chance.items():
        rows = np.array(members)
        some, shares = asked.take(rows), passage.probability[rows]
        described = describe_rows(some.panel, some.limits, some.up, some.ahead, shares)
        passage.probability[rows] = chance.tell(described)


def weigh_warned(told: Told, asked: Shard, chances: Sequence[Chance], values: FloatArray) -> None:
    """Does the same for the levels before the limits; who meets a limit has met its warning.

    Told is nothing of a level that the value has met already, or of a row that is not under way.
    """
    if told.warned is None or asked.warns is None:
        return
    warned = told.warned
    done = is_met(values, asked.warns, asked.up) | ~np.isfinite(asked.warns)
    silent = done | ~(told.passage.probability >= WARNED_FROM)
    warned.probability[silent] = 0.0
    weigh(warned, replace(asked, limits=asked.warns), chances)
    least = np.where(silent, np.nan, np.nan_to_num(told.passage.probability))
    warned.probability[:] = np.maximum(warned.probability, least)
