"""What really happened to an asset, told from outside."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

SELF: Final = "aiops"
"""Asset key of this service itself."""
DATA_LOSS: Final = "data-loss"
"""Kind of failure: samples were dropped before they came to the series store."""


@dataclass(frozen=True, slots=True)
class Failure:
    """A failure reported by a file, a person or a ticket; learning uses it from ``at`` on."""

    asset: str
    at: datetime
    kind: str = "failure"
    cost: float | None = None


@dataclass(frozen=True, slots=True)
class Maintenance:
    """A planned window or a repair.

    Attributes:
        kind: ``window`` (data inside is kept out of learning) or ``repair`` (also re-bases
            the models, and averts a prediction whose range it falls into).
    """

    asset: str
    start: datetime
    end: datetime
    kind: str = "window"

    @property
    def is_repair(self) -> bool:
        """Whether something was mended."""
        return self.kind == "repair"


@dataclass(frozen=True, slots=True)
class Holiday:
    """Days on which nobody works at some sites, told by people who know better than a calendar.

    Attributes:
        site: A site, or a shell pattern of sites.
        first, last: The days, both included.
        working: The days are worked on instead, though they are a weekend or a holiday.
    """

    site: str
    first: date
    last: date
    name: str = ""
    working: bool = False
