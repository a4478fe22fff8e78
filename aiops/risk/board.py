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
    """Keeps what is known and assesses the assets that something new was said about.

    Attributes:
        crossings, anomalies: By asset: each of thousands that fail at once asks for its own.
    """

    settings: RiskSettings
    price_per_hour: float = 0.0
    crossings: dict[str, dict[tuple[SeriesKey, Direction], Crossing]] = field(default_factory=dict)
    anomalies: dict[str, dict[SeriesKey, Anomaly]] = field(default_factory=dict)

    def note(self, crossings: Iterable[Crossing], anomalies: Iterable[Anomaly]) -> set[str]:
        """Takes in what is new and returns the assets it concerns."""
        touched = set()
        for crossing in crossings:
            asset = crossing.series.asset
            own = self.crossings.setdefault(asset, {})
            own[crossing.series, crossing.direction] = crossing
            touched.add(asset)
        for anomaly in anomalies:
            asset = anomaly.series.asset
            touched.add(asset)
            strange = self.anomalies.setdefault(asset, {})
            if anomaly.end is None:
                strange[anomaly.series] = anomaly
            else:
                strange.pop(anomaly.series, None)
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
            [c for asset in touched for c in self.crossings.get(asset, {}).values()],
            [a for asset in touched for a in self.anomalies.get(asset, {}).values()],
            now,
            valid_for,
            self.settings,
            self.price_per_hour,
        )

    def contributions(self, asset: str) -> list[dict[str, Any]]:
        """Returns what speaks for a failure of the asset now, likeliest first, as plain values."""
        likely = [
            (crossing.foreseen, crossing)
            for crossing in self.crossings.get(asset, {}).values()
            if crossing.foreseen
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
            for anomaly in self.anomalies.get(asset, {}).values()
        ]
        return foreseen + strange
