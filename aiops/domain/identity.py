"""By what a thing is known, whoever looks at it: serial numbers, addresses, names."""

import re
import uuid
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from ipaddress import ip_address
from typing import Final


class IdentityKind(StrEnum):
    """What an identifier is; the first six name one thing only, the last three do not."""

    SERIAL = "serial"
    UUID = "uuid"
    MACHINE_ID = "machine_id"
    INSTANCE_ID = "instance_id"
    K8S_UID = "k8s_uid"
    MAC = "mac"
    LOCAL_MAC = "local_mac"
    ADDRESS = "address"
    NAME = "name"


STRONG: Final = frozenset(
    {
        IdentityKind.SERIAL, IdentityKind.UUID, IdentityKind.MACHINE_ID,
        IdentityKind.INSTANCE_ID, IdentityKind.K8S_UID, IdentityKind.MAC,
    }
)  # fmt: skip
"""One of these is enough to know a thing again."""
SINGULAR: Final = STRONG - {IdentityKind.MAC}
"""Of these a thing has one: two that differ are two things."""
_LONGEST: Final = 255
_SHORTEST_SERIAL: Final = 5
_MAC: Final = re.compile(r"[0-9a-f]{12}")
_GLOBAL: Final = 0b10
# Source: RFC 5798 (VRRP) and Cisco's HSRP: addresses that several routers answer for; RFC 7042
# (00-00-5E); 02:42 is what Docker makes up for its bridges, anew on every host.
_SHARED_MACS: Final = ("00005e00", "00000c07ac", "00000c9ff", "0242", "ffffffffffff")
# Source: values that vendors leave in SMBIOS (DSP0134) where a serial number belongs.
_PLACEHOLDERS: Final = frozenset(
    {
        "none", "n/a", "unknown", "empty", "invalid", "default", "default string", "serial",
        "not specified", "not available", "not applicable", "to be filled by o.e.m.",
        "system serial number", "chassis serial number", "oem", "o.e.m.", "0123456789",
        "1234567890", "123456789", "12345678", "12345",
        "03000200040005000006000700080009",
    }
)  # fmt: skip
_NO_NAMES: Final = frozenset({"localhost", "localhost.localdomain", "unknown", "host", "router"})
_INSTANCE: Final = re.compile(r"i-[0-9a-f]{8,17}")
_MACHINE_ID: Final = re.compile(r"[0-9a-f]{32}")


@dataclass(frozen=True, slots=True, order=True)
class Identity:
    """One identifier of one asset, in the form in which two of them can be compared."""

    asset: str
    kind: IdentityKind
    value: str

    @property
    def words(self) -> str:
        """Kind and value, for people."""
        return f"{self.kind.value} {self.value}"


@dataclass(frozen=True, slots=True, order=True)
class Link:
    """An asset hangs on what has an identifier, or the other way round.

    Attributes:
        below: Whether it is the neighbour that depends on the asset.
    """

    asset: str
    kind: IdentityKind
    value: str
    below: bool = False


@dataclass(frozen=True, slots=True)
class Sighting:
    """A source sees something under a name of its own, and which asset that is.

    Attributes:
        seen: The key the source itself gives it.
        asset: The key of the asset its samples count for.
        site, owner: As the source, or its settings, state them.
        pushed: Whether an agent says so, whose word draws nobody in.
        of: Source and key of the sighting it was known by; empty where it stands for itself.
        because: What the two have in common, in words.
        apart: Assets a person has said it is not.
        moved_from: Asset under which its series are still kept.
    """

    source: str
    seen: str
    asset: str
    first_at: datetime
    identities: tuple[Identity, ...] = ()
    pushed: bool = False
    site: str = ""
    owner: str = ""
    of: tuple[str, ...] = ()
    because: tuple[str, ...] = ()
    apart: tuple[str, ...] = ()
    moved_from: str = ""

    @property
    def words(self) -> str:
        """Why it counts for its asset, in one sentence."""
        if not self.of:
            return f"{self.source} names it {self.asset}"
        known = f"{self.of[0]} knows as {self.of[1]}"
        return f"{self.source} sees {self.seen}, which {known}: both have {', '.join(self.because)}"

    @property
    def is_merged(self) -> bool:
        """Whether its samples count for an asset that another source has named."""
        return self.asset != self.seen and bool(self.of)


def identify(asset: str, kind: IdentityKind, value: str) -> tuple[Identity, ...]:
    """Returns the identifier in its one form; none where the value names nothing.

    >>> identify("sw", IdentityKind.MAC, "00-1B-21-AA-BB-CC")[0].value
    '001b21aabbcc'
    >>> identify("db", IdentityKind.SERIAL, "To Be Filled By O.E.M.")
    ()
    >>> identify("db", IdentityKind.ADDRESS, "127.0.0.1")
    ()
    """
    plain = value.strip().lower()
    if not plain or len(plain) > _LONGEST or "\x00" in plain:
        return ()
    match kind:
        case IdentityKind.MAC | IdentityKind.LOCAL_MAC:
            return _mac(asset, plain)
        case IdentityKind.ADDRESS:
            found = _address(plain)
        case IdentityKind.NAME:
            found = _name(plain)
        case IdentityKind.UUID:
            found = _uuid(plain)
        case IdentityKind.SERIAL:
            found = plain if _says_something(plain) and len(plain) >= _SHORTEST_SERIAL else ""
        case _:
            found = plain if _says_something(plain) else ""
    return (Identity(asset, kind, found),) if found else ()


def identify_host(asset: str, value: str) -> tuple[Identity, ...]:
    """Returns what a host's id is: a cloud instance's, a machine's, or a UUID.

    Source: OpenTelemetry semantic conventions, ``host.id``.
    """
    plain = value.strip().lower()
    if _INSTANCE.fullmatch(plain):
        return identify(asset, IdentityKind.INSTANCE_ID, plain)
    if _MACHINE_ID.fullmatch(plain):
        return identify(asset, IdentityKind.MACHINE_ID, plain)
    if _uuid(plain):
        return identify(asset, IdentityKind.UUID, plain)
    return ()


def _mac(asset: str, text: str) -> tuple[Identity, ...]:
    plain = re.sub(r"[^0-9a-f]", "", text)
    if not _MAC.fullmatch(plain) or plain.startswith(_SHARED_MACS) or len(set(plain)) == 1:
        return ()
    first = int(plain[:2], 16)
    if first & 1:  # a group, not a station
        return ()
    kind = IdentityKind.LOCAL_MAC if first & _GLOBAL else IdentityKind.MAC
    return (Identity(asset, kind, plain),)


def _address(text: str) -> str:
    try:
        address = ip_address(text.partition("%")[0])
    except ValueError:
        return ""
    nobody = (
        address.is_loopback
        or address.is_link_local
        or address.is_unspecified
        or address.is_multicast
    )
    return "" if nobody else str(address)


def _name(text: str) -> str:
    name = text.rstrip(".")
    if name in _NO_NAMES or name.startswith("localhost."):
        return ""
    try:
        ip_address(name)
    except ValueError:
        return name
    return ""


def _uuid(text: str) -> str:
    """Some firmware tells the first three parts in the other order of bytes; both are one here.

    Source: DMTF DSP0134 (SMBIOS), 7.2.1 System - UUID.
    """
    try:
        found = uuid.UUID(text)
    except ValueError:
        return ""
    either = min(found.hex, uuid.UUID(bytes=found.bytes_le).hex)
    return either if _says_something(found.hex) else ""


def _says_something(text: str) -> bool:
    return text not in _PLACEHOLDERS and len(set(text)) > 1
