"""By what an agent is known to other sources, and what hangs on what.

These tables change seldom and are read once an hour.

Source: RFC 3418 (SNMPv2-MIB), RFC 6933 (ENTITY-MIB), RFC 4293 (IP-MIB), IEEE 802.1AB (LLDP-MIB).
"""

from collections.abc import Iterator
from ipaddress import IPv4Address
from typing import Final

from aiops.domain.identity import Identity, IdentityKind, Link, identify
from collectors.snmp.walk import Answers

_NAME, _SERVICES = "1.3.6.1.2.1.1.5", "1.3.6.1.2.1.1.7"
_MAC: Final = "1.3.6.1.2.1.2.2.1.6"
_CLASS, _SERIAL = "1.3.6.1.2.1.47.1.1.1.1.5", "1.3.6.1.2.1.47.1.1.1.1.11"
_OWN_ADDRESS: Final = "1.3.6.1.2.1.4.20.1.1"
_ARP: Final = "1.3.6.1.2.1.4.22.1.2"
_LLDP: Final = "1.0.8802.1.1.2.1.4.1.1"
_KIND, _CHASSIS, _CAPABLE = f"{_LLDP}.4", f"{_LLDP}.5", f"{_LLDP}.12"
_OWN_KIND, _OWN_CHASSIS = "1.0.8802.1.1.2.1.3.1", "1.0.8802.1.1.2.1.3.2"
SCALARS: Final = (_NAME, _SERVICES, _CLASS, _SERIAL, _OWN_KIND, _OWN_CHASSIS)
DEEP: Final = (_OWN_ADDRESS, _ARP, _KIND, _CHASSIS, _CAPABLE)
"""Columns whose index has several numbers."""
RAW: Final = frozenset({_MAC, _OWN_CHASSIS})
"""Columns of bytes that are no text."""
_IS_CHASSIS: Final = 3  # PhysicalClass
_BY_MAC: Final = 4  # LldpChassisIdSubtype
_INTERNET_LAYER: Final = 0b100
"""Of sysServices: it routes. Hosts that merely may, such as those with containers, say 72."""
# LldpSystemCapabilitiesMap, the first byte: bridge, access point, router.
_FORWARDS: Final = 0b00111000
_ADDRESS_PARTS: Final = 4


def identify_agent(host: str, answers: Answers) -> Iterator[Identity]:
    """Yields identifiers of an agent: of its chassis, its ports, its addresses, its name."""
    told = host.partition(":")[0]
    yield from identify(host, IdentityKind.ADDRESS, told)
    yield from identify(host, IdentityKind.NAME, told)
    yield from identify(host, IdentityKind.NAME, str(answers.column(_NAME).get((0,), "")))
    for index, kind in answers.column(_CLASS).items():
        if kind == _IS_CHASSIS:
            serial = str(answers.column(_SERIAL).get(index, ""))
            yield from identify(host, IdentityKind.SERIAL, serial)
    for mac in answers.column(_MAC).values():
        yield from identify(host, IdentityKind.MAC, str(mac))
    if answers.number(_OWN_KIND) == _BY_MAC:
        chassis = str(answers.column(_OWN_CHASSIS).get((0,), ""))
        yield from identify(host, IdentityKind.MAC, chassis)
    for index in answers.deep.get(_OWN_ADDRESS, {}):
        if len(index) == _ADDRESS_PARTS and max(index) < 1 << 8:
            address = str(IPv4Address(bytes(index)))
            yield from identify(host, IdentityKind.ADDRESS, address)


def find_links(host: str, answers: Answers) -> Iterator[Link]:
    """Yields what hangs on what: neighbours of LLDP, and what a router serves.

    What forwards carries what it is cabled to; of two that forward, each hangs on the other.
    """
    kinds, capable = answers.deep.get(_KIND, {}), answers.deep.get(_CAPABLE, {})
    for index, chassis in answers.deep.get(_CHASSIS, {}).items():
        if kinds.get(index) != _BY_MAC or not isinstance(chassis, bytes):
            continue
        below = not _forwards(capable.get(index))
        yield from _link(host, chassis, below=below)
    if int(answers.number(_SERVICES) or 0) & _INTERNET_LAYER:
        for mac in answers.deep.get(_ARP, {}).values():
            if isinstance(mac, bytes):
                yield from _link(host, mac, below=True)


def _link(host: str, mac: bytes, *, below: bool) -> Iterator[Link]:
    for known in identify(host, IdentityKind.MAC, mac.hex()):
        yield Link(host, known.kind, known.value, below)


def _forwards(capabilities: object) -> bool:
    return (
        isinstance(capabilities, bytes)
        and bool(capabilities[:1])
        and bool(capabilities[0] & _FORWARDS)
    )
