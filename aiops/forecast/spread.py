"""Futures of many rows against their limits: here when that is cheap, else over the executor."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from typing import Final, cast

import numpy as np
from numpy.typing import NDArray

from aiops import plugins
from aiops.contracts.errors import NotEnoughHistory, PluginError
from aiops.contracts.executor import Ending, Executor, ShardError
from aiops.contracts.forecaster import Forecaster
from aiops.domain.abstention import Abstention
from aiops.domain.forecast import Known, Milestone
from aiops.domain.panel import Panel
from aiops.domain.series import FloatArray, IntArray
from aiops.forecast.passage import Passage, first_passage, likely_passage

_ROWS_AT_ONCE: Final = 64
"""Rows whose paths are held at the same time: some 40 MB."""

_WORTH_SPREADING: Final = 2000.0
"""CPU milliseconds: starting a process and loading a method's library takes about as long."""

_ROWS_A_TASK: Final = 500.0
"""CPU milliseconds of one task: far more than sending it, far less than the deadline."""


@dataclass(frozen=True, slots=True)
class Shard:
    """Rows and what is asked of them; everything a worker needs.

    Attributes:
        limits: ``(n,)``; ``up``: ``(n,)`` whether met from below.
        ahead: ``(n,)`` steps that count.
        warns: ``(n,)`` levels before the limits, NaN where there is none.
    """

    panel: Panel
    limits: FloatArray
    up: NDArray[np.bool_]
    ahead: IntArray
    known: Known
    warns: FloatArray | None = None

    def take(self, rows: IntArray) -> "Shard":
        """Returns some of the rows."""

        def of(column: FloatArray | None) -> FloatArray | None:
            return None if column is None else column[rows]

        known = replace(
            self.known,
            floor=of(self.known.floor),
            ceiling=of(self.known.ceiling),
            added=of(self.known.added),
        )
        return Shard(
            self.panel.take(rows),
            self.limits[rows],
            self.up[rows],
            self.ahead[rows],
            known,
            of(self.warns),
        )


@dataclass(frozen=True, slots=True)
class Told:
    """When limits are met, and ``(n,)`` uint8 why not where that is not known.

    Attributes:
        warned: When the levels before the limits are, None where none was asked for.
    """

    passage: Passage
    reason: NDArray[np.uint8]
    warned: Passage | None = None

    def put(self, rows: IntArray, part: "Told") -> None:
        """Takes over what was told of some of the rows."""
        self.reason[rows] = part.reason
        for own, other in ((self.passage, part.passage), (self.warned, part.warned)):
            if own is not None and other is not None:
                for name in ("probability", "early", "likely", "late"):
                    getattr(own, name)[rows] = getattr(other, name)

    def milestone(
        self, row: int, warns: FloatArray | None, origin: datetime, step: timedelta
    ) -> Milestone | None:
        """Returns the warning of one row, None where there is none to tell of."""
        if self.warned is None or warns is None:
            return None
        if not np.isfinite(self.warned.probability[row]):
            return None
        early, late = float(self.warned.early[row]), float(self.warned.late[row])
        known = np.isfinite(early)
        return Milestone(
            float(warns[row]),
            float(self.warned.probability[row]),
            origin + step * (early - 1) if known else None,
            origin + step * late if known else None,
        )

    @classmethod
    def nothing(cls, n: int, *, warned: bool) -> "Told":
        """Returns rows that meet nothing."""
        passages = [
            Passage(*(np.full(n, fill) for fill in (0.0, np.nan, np.nan, np.nan))) for _ in range(2)
        ]
        return cls(passages[0], np.zeros(n, dtype=np.uint8), passages[1] if warned else None)


@dataclass(frozen=True, slots=True)
class Spread:
    """Where the forecaster may run other than here.

    Attributes:
        settings: Of the forecaster; with the plug-in's name a worker builds its own.
        deadline: Of one round.
    """

    executor: Executor
    forecaster: str
    settings: object
    deadline: timedelta


def foretell(
    forecaster: Forecaster, shard: Shard, spread: Spread | None, *, few: bool = False
) -> Told:
    """Returns when each row meets its limit.

    Rows of a like horizon go together, so that a young row does not pay for an old one. A row
    whose worker died or was late abstains, with the reason.

    Args:
        few: The forecaster's futures are few: shares are Laplace's, and each row has a time.
    """
    n = len(shard.limits)
    order = np.argsort(shard.ahead, kind="stable")
    costly = spread is not None and forecaster.cost * n > _WORTH_SPREADING
    rows = max(1, int(_ROWS_A_TASK / forecaster.cost)) if costly else _ROWS_AT_ONCE
    rows = min(rows, _ROWS_AT_ONCE)
    parts = [order[begin : begin + rows] for begin in range(0, n, rows)]
    shards = (shard.take(part) for part in parts)
    answers = (
        _spread(spread, list(shards), few=few)
        if spread is not None and costly
        else (simulate(forecaster, each, few=few) for each in shards)
    )
    whole = Told.nothing(n, warned=shard.warns is not None)
    for part, told in zip(parts, answers, strict=True):
        if isinstance(told, ShardError):
            late = told.ending is Ending.LATE
            whole.reason[part] = Abstention.OUT_OF_TIME if late else Abstention.QUARANTINED
            continue
        whole.put(part, told)
    whole.passage.probability[whole.reason != 0] = np.nan
    return whole


def simulate(forecaster: Forecaster, shard: Shard, *, few: bool = False) -> Told:
    """Returns when the forecaster's futures of the rows first meet their limits.

    Raises:
        PluginError: The forecaster gives no paths.
    """
    n = len(shard.limits)
    try:
        forecast = forecaster.forecast(
            forecaster.update(None, shard.panel),
            shard.panel,
            int(shard.ahead.max()),
            np.empty(0),
            shard.known,
        )
    except NotEnoughHistory:
        nothing = Passage(*(np.full(n, np.nan) for _ in range(4)))
        return Told(nothing, np.full(n, Abstention.SHORT_HISTORY, dtype=np.uint8))
    if forecast.paths is None:
        raise PluginError(
            f"forecasts: {forecast.method} gives no paths, so no crossing can be told; "
            "choose another forecast.forecaster"
        )
    meet = likely_passage if few else first_passage
    passage = meet(forecast.paths, shard.limits, shard.up, shard.ahead)
    warned = None
    if shard.warns is not None:
        warned = meet(forecast.paths, shard.warns, shard.up, shard.ahead)
    return Told(passage, forecast.reason, warned)


def _spread(spread: Spread, shards: Sequence[Shard], *, few: bool) -> "Iterator[Told | ShardError]":
    there = partial(simulate_there, spread.forecaster, spread.settings, few=few)
    return spread.executor.map(there, shards, spread.deadline)


def simulate_there(name: str, settings: object, shard: Shard, *, few: bool = False) -> Told:
    """Does what :func:`simulate` does, in a worker that knows the forecaster by name."""
    return simulate(_forecaster(name, settings), shard, few=few)


def forecaster_of(spread: Spread) -> Forecaster:
    """Returns the forecaster that is spread, built when it is first asked for."""
    return _forecaster(spread.forecaster, spread.settings)


def _forecaster(name: str, settings: object) -> Forecaster:
    key = (name, repr(settings))
    if key not in _FORECASTERS:
        _FORECASTERS[key] = cast("Forecaster", plugins.create("forecasts", name, settings))
    return _FORECASTERS[key]


_FORECASTERS: Final[dict[tuple[str, str], Forecaster]] = {}
"""What this worker has built already: a library is loaded once."""
