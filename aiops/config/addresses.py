"""Addresses this program may be told to visit or to listen on."""

import ipaddress
import socket
import unicodedata
from typing import Final
from urllib.parse import unquote, urlsplit

from aiops.config.values import Wrong

# Where clouds hand out credentials; link-local ones are refused by their kind.
# AWS IPv6, Alibaba, Azure: the providers' instance-metadata documentation.
METADATA: Final = frozenset(
    ipaddress.ip_address(text) for text in ("fd00:ec2::254", "100.100.100.200", "168.63.129.16")
)
METADATA_NAMES: Final = frozenset({"metadata.google.internal", "metadata.goog", "metadata"})
FORBIDDEN_SCHEMES: Final = frozenset({"file", "gopher", "javascript", "data", "jar", "dict"})


def check_url(text: str) -> None:
    """Accepts an absolute URL without credentials that is no cloud-metadata address.

    Raises:
        Wrong: With the reason; a password in it is not told.
    """
    try:
        parts = urlsplit(text)
        _ = parts.port
        host = parts.hostname or ""
    except ValueError:
        raise Wrong("not a URL, expected one such as https://host:8080/path") from None
    if not parts.scheme or (not host and parts.scheme not in FORBIDDEN_SCHEMES):
        raise Wrong("a URL without scheme or host, expected one such as https://host/path")
    if parts.scheme in FORBIDDEN_SCHEMES:
        raise Wrong(f"{parts.scheme}: addresses are refused, expected https: or http:")
    if "@" in parts.netloc:
        raise Wrong("a URL with a user or password, expected these in keys of their own")
    if is_metadata(host):
        raise Wrong("a link-local or cloud-metadata address is refused, expected another host")


def check_database_url(text: str) -> None:
    """Accepts an SQLAlchemy URL without a password.

    Raises:
        Wrong: With the reason; the password is not told.
    """
    scheme, separator, rest = text.partition("://")
    if not separator or scheme.partition("+")[0] not in {"sqlite", "postgresql"}:
        raise Wrong("not a database URL, expected postgresql://user@host/name or sqlite:///path")
    user, at, _ = rest.rpartition("@")
    if (at and ":" in user) or "password=" in rest:
        raise Wrong("a password in the URL, expected it in PGPASSFILE or PGPASSWORD")


def is_metadata(host: str) -> bool:
    """Whether a host is link-local or a metadata service, however its number is spelled.

    >>> is_metadata("0xA9FEA9FE"), is_metadata("::ffff:169.254.169.254"), is_metadata("10.0.0.1")
    (True, True, False)
    """
    plain = unicodedata.normalize("NFKC", unquote(host)).rstrip(".").lower()
    if plain in METADATA_NAMES:
        return True
    address = _address(plain)
    if address is None:
        return False
    if isinstance(address, ipaddress.IPv6Address):
        address = address.ipv4_mapped or address.sixtofour or address
    return address.is_link_local or address in METADATA


def is_loopback(host: str) -> bool:
    """Whether a bind address is reached from this machine only."""
    address = _address(host)
    return host == "localhost" or (address is not None and address.is_loopback)


def _address(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        pass
    try:
        return ipaddress.IPv4Address(socket.inet_aton(host))  # 0251.0376…, 0xA9FEA9FE, 2852039166
    except (OSError, ValueError):
        return None
