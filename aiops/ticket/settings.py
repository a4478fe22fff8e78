"""Settings of tickets."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from aiops.domain.incident import OutcomeKind


@dataclass(frozen=True, slots=True)
class DestinationSettings:
    """One foreign system."""

    name: str = field(metadata={"help": "Unique name of the destination."})
    type: str = field(metadata={"help": "Ticket system plug-in, see `aiops plugins`."})
    enabled: bool = field(default=True, metadata={"help": "Set to false to pause it."})
    settings: Mapping[str, Any] = field(
        default_factory=dict, metadata={"help": "Settings of the plug-in."}
    )


@dataclass(frozen=True, slots=True)
class ClosingCode:
    """What it means when a ticket is closed over there with a certain status."""

    code: str = field(metadata={"help": "Status of the closed ticket, in any case: rejected."})
    outcome: OutcomeKind = field(
        metadata={"help": "happened, averted or false; expired says nothing."}
    )


@dataclass(frozen=True, slots=True)
class TicketSettings:
    """Where tickets go and how long is tried."""

    destinations: tuple[DestinationSettings, ...] = field(
        default=(), metadata={"help": "Systems that get a ticket for each incident."}
    )
    max_age: timedelta = field(
        default=timedelta(hours=72), metadata={"help": "After it an unsent message is parked."}
    )
    sync_interval: timedelta = field(
        default=timedelta(seconds=60), metadata={"help": "How often open tickets are read back."}
    )
    closing_codes: tuple[ClosingCode, ...] = field(
        default=(), metadata={"help": "Outcomes that follow from how tickets are closed."}
    )
    public_url: str = field(
        default="", metadata={"help": "Address of this service as written into tickets."}
    )


@dataclass(frozen=True, slots=True)
class NotifySettings:
    """How much is told at once."""

    max_new_per_10min: int = field(
        default=30,
        metadata={"help": "More new incidents share one ticket per site; 0: no cap."},
    )
