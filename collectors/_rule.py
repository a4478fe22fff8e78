"""What a number means, whichever protocol brings it: fields that rules of settings share."""

from dataclasses import dataclass, field

from aiops.domain.metric import Direction


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleSettings:
    """Unit, bad direction and limit of what a rule names."""

    unit: str = field(default="1", metadata={"help": "UCUM code, after scale where there is one."})
    bad_direction: Direction = field(default=Direction.BOTH, metadata={"help": "up, down or both."})
    fail: float | None = field(default=None, metadata={"help": "Value that counts as failed."})
    warn: float | None = field(default=None, metadata={"help": "Value that counts as warning."})


@dataclass(frozen=True, slots=True, kw_only=True)
class ScaledRuleSettings(RuleSettings):
    """The same, of values that come in another unit."""

    scale: float = field(default=1.0, metadata={"help": "Values are multiplied by it."})
