"""By what this host is known to other sources."""

import contextlib
import socket
from pathlib import Path
from typing import Final

import psutil

from aiops.domain.identity import Identity, IdentityKind, identify, identify_host

_MACHINE: Final = Path("/etc/machine-id")
_DMI: Final = Path("/sys/class/dmi/id")
"""Serial number and UUID are readable by root only; without them the host is known by less."""


def identify_this_host(asset: str) -> tuple[Identity, ...]:
    """Returns identifiers of this host; a container has those of its own, not of its host."""
    found = [*identify(asset, IdentityKind.NAME, socket.gethostname())]
    found += identify(asset, IdentityKind.MACHINE_ID, _text(_MACHINE))
    found += identify(asset, IdentityKind.SERIAL, _text(_DMI / "product_serial"))
    found += identify(asset, IdentityKind.UUID, _text(_DMI / "product_uuid"))
    found += identify_host(asset, _text(_DMI / "board_asset_tag"))
    for addresses in psutil.net_if_addrs().values():
        for one in addresses:
            if one.family == psutil.AF_LINK:
                found += identify(asset, IdentityKind.MAC, one.address)
            elif one.family in {socket.AF_INET, socket.AF_INET6}:
                found += identify(asset, IdentityKind.ADDRESS, one.address)
    return tuple(dict.fromkeys(found))


def _text(path: Path) -> str:
    with contextlib.suppress(OSError, UnicodeDecodeError):
        return path.read_text(encoding="utf-8").strip()
    return ""
