"""From the share of futures that meet a limit to its probability."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from aiops.domain.abstention import Abstention
from aiops.domain.series import FloatArray, IntArray
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
    _put_told(passage, asked, chances, within, passage.probability[within])


def _put_told(
    passage: Passage,
    asked: Shard,
    chances: Sequence[Chance],
    rows: IntArray,
    by_trend: FloatArray | None = None,
    by_errors: FloatArray | None = None,
) -> NDArray[np.float32]:
    """Puts what each row's chance says of it, and returns what it was told by."""
    some = asked.take(rows)
    described = describe_rows(some.panel, some.limits, some.up, some.ahead, by_trend, by_errors)
    places_by_chance: dict[Chance, list[int]] = {}
    for place, row in enumerate(rows.tolist()):
        places_by_chance.setdefault(chances[row], []).append(place)
    for chance, places in places_by_chance.items():
        passage.probability[rows[places]] = chance.tell(described[places])
    return described


def weigh_rest(
    passage: Passage, asked: Shard, chances: Sequence[Chance], reason: NDArray[np.uint8]
) -> None:
    """Tells how likely rows without a way to their limit are to meet it all the same.

    What comes and goes has no trend, and no replayed trend meets its limit. How often it comes is
    known once the trees have been held against the fleet's own past; before, nothing is said.
    """
    silent = (reason == 0) | (reason == Abstention.NO_TREND)
    silent &= passage.probability == 0
    taught = np.array([chance.learnt_from > 0 for chance in chances], dtype=bool)
    _put_told(passage, asked, chances, np.flatnonzero(silent & taught))


def hear(
    passage: Passage,
    shares: FloatArray,
    asked: Shard,
    chances: Sequence[Chance],
    rows: IntArray,
    by_errors: Passage,
) -> None:
    """Gives an ensemble a say on some rows: in their probability, not in when they get there.

    Of volumes that fill and are emptied again and again, times joined with those of past errors
    were three times as far off as those of the replayed trends alone.

    Args:
        shares: ``(n,)`` of the replayed trends that meet the limit, 0 where none was replayed.
        by_errors: Of ``rows``.
    """
    trends = np.where(shares[rows] > 0, shares[rows], np.nan)
    _put_told(passage, asked, chances, rows, trends, by_errors.probability)


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
