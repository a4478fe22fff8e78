"""Settings of automation: off until somebody switches it on."""

from dataclasses import dataclass, field
from datetime import timedelta


@dataclass(frozen=True, slots=True)
class AllowSettings:
    """Where a proven runbook of low risk needs nobody's yes."""

    runbook: str = field(metadata={"help": "Name of a runbook of tier low."})
    asset: str = field(metadata={"help": "Key of an asset, or a pattern: db-*."})


@dataclass(frozen=True, slots=True)
class AutomateSettings:
    """What runbooks may do, and how much of it."""

    enabled: bool = field(
        default=False, metadata={"help": "Nothing is proposed or run before it is true."}
    )
    runbooks: str = field(
        default="", metadata={"help": "Directory of runbooks, one .yaml file each."}
    )
    allow: tuple[AllowSettings, ...] = field(
        default=(),
        metadata={"help": "Low-risk runbooks that run by themselves once they are proven."},
    )
    proven_after: int = field(
        default=20,
        metadata={"help": "Verified successes before `allow` counts.", "minimum": 20},
    )
    valid_for: timedelta = field(
        default=timedelta(hours=4),
        metadata={"help": "A proposal not started within it expires.", "above": timedelta(0)},
    )
    at_once: int = field(default=1, metadata={"help": "Runs at the same time.", "minimum": 1})
    per_hour: int = field(default=6, metadata={"help": "Runs begun in an hour.", "minimum": 1})
    per_asset: int = field(
        default=2, metadata={"help": "Runs begun on one asset in 24 h.", "minimum": 1}
    )
    blast_radius: int = field(
        default=5, metadata={"help": "Different assets acted upon in 24 h.", "minimum": 1}
    )
