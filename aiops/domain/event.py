"""What really happened to an asset, told from outside."""

from dataclasses import dataclass
from datetime import datetime
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
