"""Services: what is expected to be lost, what was down, and how much error budget is left."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from math import prod
from typing import Any, Final

from aiops.domain.asset import Service
from aiops.domain.incident import Incident
from aiops.domain.silence import lineage
from aiops.learn.background import Background
from aiops.learn.cost import clipped, downtime, total
from aiops.learn.prices import Prices

_HOUR: Final = timedelta(hours=1)


def service_rows(
    incidents: Sequence[Incident],
    start: datetime,
    end: datetime,
    prices: Prices,
    background: Background,
) -> list[dict[str, Any]]:
    """Returns one row per service, the largest expected loss first.

    A failed asset counts as its whole service being down, so that used budget and expected
    loss are upper bounds; the row says which assets and incidents they are made of.

    Source: B. Beyer et al., Site Reliability Engineering (2016), chapter 3: the error budget
    is one minus the objective.
    """
    known = {service.key: service for service in prices.services}
    service_by_asset = {key: _service_of(key, background) for key in background.assets}
    named = {service for service in service_by_asset.values() if service}
    rows = [
        _row(
            known.get(key) or Service(key),
            {asset for asset, service in service_by_asset.items() if service == key},
            incidents,
            start,
            end,
            prices,
            background,
        )
        for key in sorted(known.keys() | named)
    ]
    return sorted(rows, key=lambda row: (-row["expected_loss"], row["key"]))


def _service_of(asset: str, background: Background) -> str:
    """Returns the service of an asset, or of the nearest parent that names one."""
    chain = lineage(asset, background.assets)
    found = (background.assets[key].service for key in chain if key in background.assets)
    return next(filter(None, found), "")


def _row(
    service: Service,
    mine: set[str],
    incidents: Sequence[Incident],
    start: datetime,
    end: datetime,
    prices: Prices,
    background: Background,
) -> dict[str, Any]:
    likely = {
        risk.asset: risk.probability
        for risk in background.risks
        if risk.asset in mine and risk.probability
    }
    price = prices.by_service.get(service.key, prices.downtime_per_hour)
    probability = 1 - prod(1 - each for each in likely.values())
    down = [
        (each, span)
        for each in incidents
        if each.service == service.key or each.asset in mine
        if (span := downtime(each, end)) is not None and clipped([span], start, end)
    ]
    lost = total(clipped([span for _, span in down], start, end))
    budget = (1 - service.objective) * (end - start)
    return {
        "key": service.key,
        "name": service.name or service.key,
        "owner": service.owner,
        "price_per_hour": price,
        "price_is_own": service.key in prices.by_service,
        "objective": service.objective,
        "assets": len(mine),
        "probability": probability,
        "expected_loss": probability * price * (prices.outage / _HOUR),
        "at_risk": [
            {"asset": key, "probability": p}
            for key, p in sorted(likely.items(), key=lambda item: -item[1])
        ],
        "down_seconds": lost.total_seconds(),
        "availability": 1 - lost / (end - start) if end > start else None,
        "budget_seconds": budget.total_seconds(),
        "budget_used": lost / budget if budget else None,
        "cases": [each.key for each, _ in down],
    }
