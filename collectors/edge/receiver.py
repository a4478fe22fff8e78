"""The edge receiver: samples and inventory of another installation."""

from collections import Counter
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

import numpy as np
import orjson

from aiops.contracts.collector import Inventory, Sink
from aiops.contracts.plugin import NoSettings
from aiops.contracts.receiver import Push, PushAnswer, Route
from aiops.contracts.relay import AGENT_HEADER, AHEAD, CLOCK, MEDIA_TYPE, PATH, Relayed, decode
from aiops.domain.asset import Asset
from aiops.domain.instant import duration_ns, to_ns
from aiops.domain.metric import Metric
from aiops.domain.series import Batch, SeriesKey

_ROUTES: Final = (Route("POST", PATH, "Samples and inventory of an edge agent (Arrow stream)"),)
_ALIVE: Final = timedelta(minutes=2)
"""An agent not heard of for so long may have been replaced by another."""


class EdgeReceiver:
    """Receives for one agent."""

    def __init__(self, settings: NoSettings) -> None:
        del settings
        self._series: tuple[SeriesKey, ...] = ()
        self._told: Inventory | None = None
        self._inventory = Inventory()
        self._agent = ""
        self._heard: datetime | None = None

    @property
    def routes(self) -> tuple[Route, ...]:
        """``/api/v1/edge/samples``."""
        return _ROUTES

    def receive(self, push: Push, sink: Sink) -> PushAnswer:
        """Stores the samples; 200 says when it was (for the agent's clock) and what was refused.

        A value that is not finite and a time outside 1970 to 2262 are dropped and counted. A
        time far ahead is not stored but counted as ``clock``: the agent keeps the sample. Where
        the inventory is not known here (after a restart), 409 asks the agent to say it again;
        so it is answered while another agent uses the same token.
        """
        kind = push.headers.get("content-type", "").partition(";")[0].strip().lower()
        if kind != MEDIA_TYPE:
            return _answer(415, {"detail": f"expected Content-Type {MEDIA_TYPE}"})
        try:
            relayed = decode(push.body)
        except ValueError as error:
            return _answer(400, {"detail": str(error)[:500]})
        if self._is_another(push):
            words = "agent id in use: another agent pushes with this token; make it one of its own"
            return _answer(409, {"detail": words}, dropped={"agent_in_use": len(relayed.batch)})
        if relayed.inventory is not None:
            self._told = relayed.inventory
        if self._told is None:
            return _answer(409, {"detail": "say the inventory first"})
        batch, dropped = self._usable(relayed, push.now)
        refused: dict[str, int] = {}
        if len(batch):
            refused = dict(sink.accept(batch, self._inventory, push.source))
        refused.pop("duplicate", None)  # stored already: an answer was lost on the way
        accepted = len(batch) - sum(refused.values())
        told = {
            "accepted": accepted,
            "dropped": dict(Counter(dropped) + Counter(refused)),
            "received_at": to_ns(push.now),
        }
        return _answer(200, told, accepted, dropped)

    def _is_another(self, push: Push) -> bool:
        """Whether the agent is not the one that was heard of last, a moment ago."""
        agent = push.headers.get(AGENT_HEADER, "")
        heard = self._heard
        if heard is not None and agent != self._agent and push.now - heard < _ALIVE:
            return True
        self._agent, self._heard = agent, push.now
        return False

    def _usable(self, relayed: Relayed, now: datetime) -> tuple[Batch, dict[str, int]]:
        batch = relayed.batch
        finite, dated = np.isfinite(batch.values), batch.times > 0
        due = batch.times <= to_ns(now) + duration_ns(AHEAD)
        good = finite & dated & due
        dropped = {
            "non_finite": int((~finite).sum()),
            "range": int((finite & ~dated).sum()),
            CLOCK: int((finite & dated & ~due).sum()),
        }
        # Equal keys are the same object, so that their ids are looked up only once.
        if batch.series != self._series or relayed.inventory is not None:
            self._series = batch.series if batch.series != self._series else self._series
            self._inventory = _declare(self._told or Inventory(), self._series, self._inventory)
        kept = Batch(self._series, batch.rows[good], batch.times[good], batch.values[good])
        return kept, {reason: count for reason, count in dropped.items() if count}


def _declare(told: Inventory, series: tuple[SeriesKey, ...], known: Inventory) -> Inventory:
    """Returns the inventory with what the agent sent samples of and did not describe."""
    assets = {asset.key for asset in told.assets}
    metrics = {metric.name for metric in told.metrics}
    new_assets = {key.asset: Asset(key.asset) for key in series if key.asset not in assets}
    new_metrics = {
        key.metric: Metric(key.metric, provisional=True)
        for key in series
        if key.metric not in metrics
    }
    whole = replace(
        told,
        assets=(*told.assets, *new_assets.values()),
        metrics=(*told.metrics, *new_metrics.values()),
    )
    return known if whole == known else whole


def _answer(
    status: int,
    told: dict[str, object],
    accepted: int = 0,
    dropped: dict[str, int] | None = None,
) -> PushAnswer:
    body = orjson.dumps(told)
    return PushAnswer(status, body, "application/json", {}, accepted, dropped or {})
