"""Settings of the weekly report."""

from dataclasses import dataclass, field

from aiops.contracts.secret import Secret


@dataclass(frozen=True, slots=True)
class ReportSettings:
    """Who gets the value report of the last week, and when."""

    to: tuple[Secret, ...] = field(
        default=(),
        metadata={"help": "Apprise addresses (mailto://… and others), each env: or file:."},
    )
    day: str = field(default="mon", metadata={"help": "mon, tue … sun."})
    at: str = field(default="07:00", metadata={"help": "Time of day, by the clock of its zone."})
    time_zone: str = field(default="UTC", metadata={"help": "IANA zone of its clock."})
