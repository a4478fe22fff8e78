"""The user's prices, on which every amount of money rests."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from aiops.domain.asset import Service
from aiops.domain.incident import Incident


@dataclass(frozen=True, slots=True)
class Prices:
    """What things cost, in one currency.

    Attributes:
        by_service: Price of an hour of downtime by service, where it is known.
        outage: How long an outage takes that was not averted.
        services: Everything that is known of the services.
    """

    currency: str
    downtime_per_hour: float
    false_alarm: float
    outage: timedelta
    by_service: Mapping[str, float]
    services: tuple[Service, ...] = ()

    def per_hour(self, incident: Incident) -> float:
        """Returns the price of an hour of downtime of the incident's service."""
        return self.by_service.get(incident.service, self.downtime_per_hour)
