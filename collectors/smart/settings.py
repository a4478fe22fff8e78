"""Settings of the smart collector."""

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class SmartSettings:
    """Which drives are read."""

    asset: str = field(
        default="", metadata={"help": "Key of the host the drives belong to; empty: its name."}
    )
    devices: tuple[str, ...] = field(
        default=(), metadata={"help": "Drives such as /dev/sda; empty: all that smartctl finds."}
    )
    program: str = field(default="smartctl", metadata={"help": "The program, or its path."})
    wake: bool = field(
        default=False, metadata={"help": "Also read drives that sleep, which wakes them."}
    )
