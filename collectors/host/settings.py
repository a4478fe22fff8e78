"""Settings of the host collector."""

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class HostSettings:
    """What of this host is read."""

    asset: str = field(
        default="", metadata={"help": "Key of the host's asset; empty: its host name."}
    )
    include_mounts: tuple[str, ...] = field(
        default=(),
        metadata={
            "help": "Patterns of mount points to read beside real devices, such as /srv/* (tmpfs…)."
        },
    )
    exclude_mounts: tuple[str, ...] = field(
        default=(), metadata={"help": "Patterns of mount points never to read."}
    )
    exclude_interfaces: tuple[str, ...] = field(
        default=("lo", "veth*", "docker*", "br-*", "virbr*", "ifb*", "cali*", "cni*"),
        metadata={"help": "Patterns of network interfaces not to read."},
    )
    exclude_disks: tuple[str, ...] = field(
        default=("loop*", "ram*", "zram*", "sr*", "fd*"),
        metadata={"help": "Patterns of disks not to read."},
    )
    sensors: bool = field(
        default=True, metadata={"help": "Read temperatures, fans and batteries where present."}
    )
