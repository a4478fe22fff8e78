"""Why a method gives no answer: silence always has a reason."""

from enum import IntEnum


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
        return _WORDS[self]


_WORDS = {
    Abstention.NONE: "",
    Abstention.MISSING: "no sample in this interval",
    Abstention.WARMING_UP: "still learning what is normal",
    Abstention.CONSTANT: "the value has never changed",
    Abstention.SHORT_HISTORY: "history is too short",
    Abstention.GAPPY_HISTORY: "history has too many gaps",
    Abstention.NO_TREND: "no significant trend towards the limit",
    Abstention.BAD_DATA: "data quality is too bad",
    Abstention.MAINTENANCE: "in maintenance",
    Abstention.ALREADY_OVER: "the limit is already passed",
    Abstention.NO_LIMIT: "no limit is known",
    Abstention.QUARANTINED: "the method failed on this asset and is set aside",
    Abstention.OUT_OF_TIME: "not computed within its deadline",
}
