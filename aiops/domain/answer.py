"""One person's answer to the one question asked when an incident is closed."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Answer:
    """How well an incident was handled, in one person's eyes; a later answer replaces it.

    Attributes:
        score: 1 (badly) to 5 (very well); 4 and 5 count as satisfied.
        by: The person, or ``link`` when a link of a message was used.
    """

    incident: str
    asset: str
    score: int
    at: datetime
    by: str
    note: str = ""
