"""Settings of the netdata collector."""

from dataclasses import dataclass, field

from aiops.contracts.secret import Secret


@dataclass(frozen=True, slots=True)
class NetdataSettings:
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
    username: str = field(default="", metadata={"help": "Name for HTTP basic authentication."})
    password: Secret | None = field(
        default=None, metadata={"help": "Its password (env: or file:)."}
    )
    bearer_token: Secret | None = field(
        default=None, metadata={"help": "Token sent as Authorization: Bearer (env: or file:)."}
    )
    verify: bool = field(
        default=True, metadata={"help": "Check the server's certificate; turn off only in a lab."}
    )
    ca_file: str = field(
        default="", metadata={"help": "Certificates to trust instead of the system's."}
    )
    max_body_bytes: int = field(default=16 << 20, metadata={"help": "A longer body is refused."})
