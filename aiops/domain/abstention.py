"""Why a method gives no answer: silence always has a reason."""

from enum import IntEnum

from aiops.domain.phrase import word


class Abstention(IntEnum):
    """Reason codes, stored beside scores, forecasts and risks; 0 means an answer was given."""

    NONE = 0
    MISSING = 1
    WARMING_UP = 2
    CONSTANT = 3
    SHORT_HISTORY = 4
    GAPPY_HISTORY = 5
    NO_TREND = 6
    BAD_DATA = 7
    MAINTENANCE = 8
    ALREADY_OVER = 9
    NO_LIMIT = 10
    QUARANTINED = 11
    OUT_OF_TIME = 12

    @property
    def words(self) -> str:
        """The reason in English, for a sentence."""
        return word("abstention", self.name.lower())
