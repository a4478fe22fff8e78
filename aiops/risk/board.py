"""The newest crossing and the open anomalies of every series: what risks are read from."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from aiops.domain.anomaly import Anomaly
from aiops.domain.asset import Asset, Service
from aiops.domain.forecast import Crossing
from aiops.domain.metric import Direction
from aiops.domain.risk import Risk
from aiops.domain.series import SeriesKey
from aiops.risk.assess import assess
from aiops.risk.settings import RiskSettings


@dataclass(slots=True)
class RiskBoard:
    """Keeps what is known and assesses the assets that something new was said about."""

    settings: RiskSettings
    price_per_hour: float = 0.0
    crossings: dict[tuple[SeriesKey, Direction], Crossing] = field(default_factory=dict)
    anomalies: dict[SeriesKey, Anomaly] = field(default_factory=dict)

    def note(self, crossings: Iterable[Crossing], anomalies: Iterable[Anomaly]) -> set[str]:
        """Takes in what is new and returns the assets it concerns."""
        touched = set()
        for crossing in crossings:
            self.crossings[crossing.series, crossing.direction] = crossing
            touched.add(crossing.series.asset)
        for anomaly in anomalies:
            touched.add(anomaly.series.asset)
            if anomaly.end is None:
                self.anomalies[anomaly.series] = anomaly
            else:
                self.anomalies.pop(anomaly.series, None)
        return touched

    def assess(
        self,
        touched: set[str],
        assets: Mapping[str, Asset],
        services: Mapping[str, Service],
        now: datetime,
        valid_for: timedelta,
    ) -> list[Risk]:
        """Returns the risk of the touched assets."""
        return assess(
            assets,
            services,
            [c for c in self.crossings.values() if c.series.asset in touched],
            [a for a in self.anomalies.values() if a.series.asset in touched],
            now,
            valid_for,
            self.settings,
            self.price_per_hour,
        )

    def contributions(self, asset: str) -> list[dict[str, Any]]:
        """Returns what speaks for a failure of the asset now, likeliest first, as plain values."""
        likely = [
            (crossing.foreseen, crossing)
            for crossing in self.crossings.values()
            if crossing.series.asset == asset and crossing.foreseen
        ]
        foreseen: list[dict[str, Any]] = [
            {
                "signal": crossing.series.signal,
                "source": "forecast",
                "probability": probability,
                "method": crossing.method,
            }
            for probability, crossing in sorted(likely, key=lambda pair: -pair[0])
        ]
        strange = [
            {
                "signal": anomaly.series.signal,
                "source": "anomaly",
                "shape": anomaly.shape.value,
                "score": round(anomaly.score, 2),
                "method": anomaly.detector,
            }
            for anomaly in self.anomalies.values()
            if anomaly.series.asset == asset
        ]
        return foreseen + strange
