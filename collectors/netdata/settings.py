"""Settings of the netdata collector."""

from dataclasses import dataclass, field

from collectors._web.settings import AccountSettings


@dataclass(frozen=True, slots=True)
class NetdataSettings(AccountSettings):
    """One agent, or a parent with the hosts that stream to it."""

    url: str = field(metadata={"help": "Address of the agent, such as http://web-1:19999."})
    hosts: tuple[str, ...] = field(
        default=("*",),
        metadata={"help": "Patterns of hosts to read from a parent; an agent has only itself."},
    )
    charts: tuple[str, ...] = field(
        default=(), metadata={"help": "Patterns of further charts to keep under their own names."}
    )
    skip_volumes: tuple[str, ...] = field(
        default=("/dev*", "/run*", "/sys*", "/proc*", "/snap/*", "/boot/efi"),
        metadata={"help": "Patterns of mount points to leave out."},
    )
    skip_interfaces: tuple[str, ...] = field(
        default=("lo", "veth*", "docker*", "br-*", "virbr*", "ifb*"),
        metadata={"help": "Patterns of interface names to leave out."},
    )
    max_body_bytes: int = field(default=16 << 20, metadata={"help": "A longer body is refused."})
