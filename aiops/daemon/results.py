"""Brings risks, forecasts and anomalies to a store that shows them to people."""

import math
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Final

from aiops.contracts.ledger import Ledger
from aiops.contracts.store import SeriesStore
from aiops.domain.asset import SYSTEM
from aiops.domain.instant import to_ns
from aiops.domain.series import SeriesKey
from aiops.store.remote.results import Publishing, Result

_LOOK_BACK: Final = timedelta(hours=1)


class Results:
    """Remembers what was published, so that each result is written once."""

    def __init__(self, ledger: Ledger, store: SeriesStore) -> None:
        self._ledger, self._store = ledger, store
        self._published: dict[tuple[str, str, str], int] = {}

    def publish(self, now: datetime) -> int:
        """Writes what is new and returns how many results that were; 0 for other stores.

        Raises:
            StoreError: The store does not take them; they are tried again next time.
        """
        if not isinstance(self._store, Publishing):
            return 0
        new = [each for each in self._results(now) if self._published.get(_name(each)) != each.at]
        if new:
            self._store.publish(new)
            self._published.update({_name(each): each.at for each in new})
        return len(new)

    def _results(self, now: datetime) -> Iterator[Result]:
        for risk in self._ledger.risks(SYSTEM):
            numbers = {"risk": risk.value, "risk_probability": risk.probability}
            numbers["expected_loss"] = risk.expected_loss
            yield Result(risk.asset, _ms(risk.computed_at), _known(numbers))
        for crossing in self._ledger.crossings(SYSTEM):
            numbers = {"breach_probability": crossing.probability, "limit": crossing.limit}
            if crossing.likely is not None:
                left = crossing.likely - crossing.origin
                numbers["hours_to_limit"] = left / timedelta(hours=1)
            yield _of(crossing.series, _ms(crossing.origin), numbers, {})
        for anomaly in self._ledger.anomalies(SYSTEM, None, now - _LOOK_BACK, now):
            numbers = {"anomaly_score": anomaly.score, "anomaly_strength": anomaly.strength}
            shape = {"shape": anomaly.shape.value}
            yield _of(anomaly.series, _ms(anomaly.start), numbers, shape)


def _of(
    series: SeriesKey, at: int, numbers: Mapping[str, float | None], labels: Mapping[str, str]
) -> Result:
    return Result(
        series.asset, at, _known(numbers), series.metric, {**dict(series.labels), **labels}
    )


def _known(numbers: Mapping[str, float | None]) -> dict[str, float]:
    return {
        name: float(value)
        for name, value in numbers.items()
        if value is not None and math.isfinite(value)
    }


def _name(result: Result) -> tuple[str, str, str]:
    labels = ",".join(f"{name}={value}" for name, value in sorted(result.labels.items()))
    return result.asset, f"{result.metric}{{{labels}}}", " ".join(sorted(result.numbers))


def _ms(at: datetime) -> int:
    return to_ns(at) // 1_000_000
