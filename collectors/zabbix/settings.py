"""Settings of the zabbix collector."""

from dataclasses import dataclass, field
from datetime import timedelta

from aiops.contracts.secret import Secret
from collectors._web.settings import TrustSettings


@dataclass(frozen=True, slots=True)
class ZabbixSettings(TrustSettings):
    """One Zabbix and what is read of it."""

    url: str = field(metadata={"help": "Address of the frontend, such as https://zabbix.example."})
    token: Secret | None = field(
        default=None, metadata={"help": "API token of a read-only user (env: or file:)."}
    )
    groups: tuple[str, ...] = field(
        default=(), metadata={"help": "Names of host groups to read; empty: all the user may see."}
    )
    keys: tuple[str, ...] = field(
        default=(
            "system.cpu.util*", "system.cpu.load*", "vm.memory.*", "system.swap.size*",
            "vfs.fs.size*", "vfs.fs.dependent.size*", "vfs.fs.inode*", "vfs.fs.dependent.inode*",
            "net.if.in*", "net.if.out*", "system.uptime", "icmpping*",
        ),
        metadata={"help": "Patterns of item keys to read."},
    )  # fmt: skip
    history: timedelta = field(
        default=timedelta(hours=1), metadata={"help": "How far back the first collection begins."}
    )
    piece: timedelta = field(
        default=timedelta(hours=1), metadata={"help": "A collection reads no more than this."}
    )
    refresh: timedelta = field(
        default=timedelta(minutes=10), metadata={"help": "How often it is asked for its items."}
    )
    max_body_bytes: int = field(default=64 << 20, metadata={"help": "A longer answer is refused."})
    max_items: int = field(
        default=10_000, metadata={"help": "Items beyond this are left out and counted."}
    )
