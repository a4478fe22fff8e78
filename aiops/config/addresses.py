"""Addresses this program may be told to visit or to listen on."""

from typing import Final
from urllib.parse import urlsplit

from aiops.config.values import Wrong
from aiops.domain.address import is_metadata, read_address

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


def is_loopback(host: str) -> bool:
    """Whether a bind address is reached from this machine only."""
    address = read_address(host)
    return host == "localhost" or (address is not None and address.is_loopback)
