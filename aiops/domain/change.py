"""A change that somebody plans or has made to an asset or a service."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Change:
    """A deployment, a new configuration, an exchange of parts.

    Attributes:
        id: Given when it is recorded.
        asset: Key of the asset; empty when a whole service is changed.
        kind: Short word of the user's own: ``deploy``, ``config``, ``firmware`` …
        by: Who recorded it.
    """

    id: str
    start: datetime
    end: datetime
    kind: str
    text: str = ""
    asset: str = ""
    service: str = ""
    by: str = ""
    recorded_at: datetime | None = None
