"""Addresses that are never visited, however they are spelled: where clouds hand out credentials."""

import ipaddress
import socket
import unicodedata
from typing import Final
from urllib.parse import unquote

# Link-local ones are refused by their kind.
# AWS IPv6, Alibaba, Azure: the providers' instance-metadata documentation.
METADATA: Final = frozenset(
    ipaddress.ip_address(text) for text in ("fd00:ec2::254", "100.100.100.200", "168.63.129.16")
)
METADATA_NAMES: Final = frozenset({"metadata.google.internal", "metadata.goog", "metadata"})


def is_metadata(host: str) -> bool:
    """Whether a host is link-local or a metadata service, however its number is spelled.

    >>> is_metadata("0xA9FEA9FE"), is_metadata("::ffff:169.254.169.254"), is_metadata("10.0.0.1")
    (True, True, False)
    """
    plain = unicodedata.normalize("NFKC", unquote(host)).rstrip(".").lower()
    if plain in METADATA_NAMES:
        return True
    address = read_address(plain)
    if address is None:
        return False
    if isinstance(address, ipaddress.IPv6Address):
        address = address.ipv4_mapped or address.sixtofour or address
    return address.is_link_local or address in METADATA


def read_address(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    """Returns the address that a host is, None for a name."""
    try:
        return ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        pass
    try:
        return ipaddress.IPv4Address(socket.inet_aton(host))  # 0251.0376…, 0xA9FEA9FE, 2852039166
    except (OSError, ValueError):
        return None
