"""Anomalies, crossings and criticality become the risk of each asset."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from aiops.domain.abstention import Abstention
from aiops.domain.anomaly import Anomaly
from aiops.domain.asset import Asset, Service
from aiops.domain.forecast import Crossing
from aiops.domain.risk import Contribution, Risk
from aiops.risk.settings import RiskSettings

ASSESSED_WITHOUT_TREND = frozenset({Abstention.NO_TREND, Abstention.CONSTANT})
"""Abstentions that say "nothing moves towards the limit": assessed, and low."""


def assess(
    assets: Mapping[str, Asset],
    services: Mapping[str, Service],
    crossings: Sequence[Crossing],
    anomalies: Sequence[Anomaly],
    now: datetime,
    valid_for: timedelta,
    settings: RiskSettings,
    price_per_hour: float = 0.0,
) -> list[Risk]:
    """Returns the risk of every asset that has a crossing or an anomaly to speak of.

    The chance that an asset fails is that at least one of its limits is met, counted as if
    the limits were independent; anomalies are listed as evidence and add nothing to the
    number as long as no measured track record says how often one is followed by a failure.

    Args:
        crossings: Newest per series.
        anomalies: Open ones.
        valid_for: How long until the next assessment is due.
        price_per_hour: For assets whose service has no price of its own.
    """
    crossings_by_asset: dict[str, list[Crossing]] = {}
    for crossing in crossings:
        crossings_by_asset.setdefault(crossing.series.asset, []).append(crossing)
    anomalies_by_asset: dict[str, list[Anomaly]] = {}
    for anomaly in anomalies:
        anomalies_by_asset.setdefault(anomaly.series.asset, []).append(anomaly)
    keys = sorted(crossings_by_asset.keys() | anomalies_by_asset.keys())
    return [
        _assess_one(
            assets[key],
            services.get(assets[key].service),
            crossings_by_asset.get(key, []),
            anomalies_by_asset.get(key, []),
            now,
            valid_for,
            settings,
            price_per_hour,
        )
        for key in keys
        if key in assets
    ]


def urgency(time_left: timedelta, horizon: timedelta) -> float:
    """Returns 1 when it is due now, a half at the horizon, falling on with the time left.

    >>> urgency(timedelta(0), timedelta(days=7)), urgency(timedelta(days=7), timedelta(days=7))
    (1.0, 0.5)
    """
    return 1.0 / (1.0 + max(time_left, timedelta(0)) / horizon)


def _assess_one(
    asset: Asset,
    service: Service | None,
    crossings: Sequence[Crossing],
    anomalies: Sequence[Anomaly],
    now: datetime,
    valid_for: timedelta,
    settings: RiskSettings,
    price_per_hour: float,
) -> Risk:
    likely = sorted(
        (c for c in crossings if c.foreseen is not None),
        key=lambda c: (-(c.foreseen or 0.0), c.series),
    )
    over = [c for c in crossings if c.abstained is Abstention.ALREADY_OVER]
    answered = bool(likely or over) or any(c.abstained in ASSESSED_WITHOUT_TREND for c in crossings)
    contributions = (
        *(Contribution(c.series, "forecast", 1.0, c.method, "over") for c in over),
        *(Contribution(c.series, "forecast", c.foreseen or 0.0, c.method) for c in likely),
        *(
            Contribution(a.series, "anomaly", 0.0, a.detector, a.shape.value)
            for a in sorted(anomalies, key=lambda a: -a.strength)
        ),
    )
    timed = [(c.likely, c) for c in likely if c.likely is not None]
    soonest = min(timed, key=lambda pair: pair[0], default=None)
    first = over[0] if over else soonest[1] if soonest else next(iter(likely), None)
    left = timedelta(0) if over else soonest[0] - now if soonest else settings.horizon
    common = {
        "asset": asset.key,
        "computed_at": now,
        "valid_until": now + valid_for,
        "horizon": settings.horizon,
        "impact": asset.criticality,
        "urgency": urgency(left, settings.horizon),
        "contributions": contributions,
        "first": first,
    }
    if not answered:
        reasons = [c.abstained for c in crossings]
        why = max(set(reasons), key=reasons.count) if reasons else Abstention.NO_LIMIT
        return Risk(**common, probability=None, value=None, abstained=why)  # type: ignore[arg-type]
    safe = 1.0
    for contribution in contributions:
        safe *= 1.0 - contribution.probability
    probability = 1.0 - safe
    price = service.price_per_hour if service else price_per_hour * asset.criticality
    hours = settings.outage / timedelta(hours=1)
    return Risk(
        **common,  # type: ignore[arg-type]
        probability=probability,
        value=100.0 * probability * asset.criticality * urgency(left, settings.horizon),
        expected_loss=probability * price * hours,
    )
