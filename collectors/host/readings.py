"""Reads of the operating system, each a list of (asset, metric, labels, value)."""

import math
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path

import psutil

Labels = tuple[tuple[str, str], ...]
Reading = tuple[str, str, Labels, float]

_READ: Labels = (("direction", "read"),)
_WRITE: Labels = (("direction", "write"),)
_RECEIVE: Labels = (("direction", "receive"),)
_TRANSMIT: Labels = (("direction", "transmit"),)
_USED: Labels = (("state", "used"),)

# Images are full by design, network filesystems can block a read for ever.
_SKIPPED_TYPES = frozenset(
    {
        "squashfs", "iso9660", "udf", "erofs", "cramfs", "romfs",
        "nfs", "nfs4", "cifs", "smb3", "smbfs", "9p", "ceph", "glusterfs", "fuse.sshfs", "afs",
    }
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Mount:
    """A mounted filesystem that is read."""

    asset: str
    point: str


def matches(name: str, patterns: Iterable[str]) -> bool:
    """Returns whether a name fits one of the shell patterns."""
    return any(fnmatchcase(name, pattern) for pattern in patterns)


def read_mounts(host: str, include: tuple[str, ...], exclude: tuple[str, ...]) -> tuple[Mount, ...]:
    """Returns the volumes of this host: real devices, the root, and what is asked for.

    A device mounted at several places is one volume, at its shortest path.
    """
    real = {part.mountpoint for part in psutil.disk_partitions(all=False)}
    chosen: dict[str, str] = {}
    for part in sorted(psutil.disk_partitions(all=True), key=lambda p: (len(p.mountpoint), p)):
        point = part.mountpoint
        wanted = matches(point, include)
        usual = (point in real or point == "/") and part.fstype not in _SKIPPED_TYPES
        if matches(point, exclude) or not (wanted or usual):
            continue
        identity = part.device if part.device.startswith("/") else point
        chosen.setdefault(identity, point)
    return tuple(Mount(f"{host}/volume:{point}", point) for point in sorted(chosen.values()))


def read_cpu_times() -> tuple[float, float]:
    """Returns (busy, total) CPU seconds since boot; iowait counts as idle."""
    times = psutil.cpu_times()
    total = math.fsum(
        value for name, value in times._asdict().items() if name not in {"guest", "guest_nice"}
    )
    idle = times.idle + getattr(times, "iowait", 0.0)
    return total - idle, total


def read_load(host: str) -> list[Reading]:
    """Returns the load averages."""
    names = ("1m", "5m", "15m")
    return [
        (host, f"system.cpu.load_average.{name}", (), value)
        for name, value in zip(names, os.getloadavg(), strict=True)
    ]


def read_memory(host: str) -> list[Reading]:
    """Returns memory and swap; memory that can be freed at once counts as free."""
    memory = psutil.virtual_memory()
    used = memory.total - memory.available
    found: list[Reading] = [
        (host, "system.memory.utilization", (), used / memory.total),
        (host, "system.memory.usage", _USED, float(used)),
    ]
    swap = _swap()
    if swap is not None:
        swap_used, swap_total = swap
        found.append((host, "system.paging.utilization", (), swap_used / swap_total))
        found.append((host, "system.paging.usage", _USED, float(swap_used)))
    return found


def _swap() -> tuple[int, int] | None:
    swap = psutil.swap_memory()
    return (swap.used, swap.total) if swap.total > 0 else None


def read_volume(mount: Mount) -> list[Reading]:
    """Returns space and inodes of one volume, counted as ``df`` does.

    Source: coreutils df: used / (used + available to a normal user), so that 1 is full.
    """
    stat = os.statvfs(mount.point)
    found: list[Reading] = []
    used = stat.f_blocks - stat.f_bfree
    if used + stat.f_bavail > 0:
        utilization = used / (used + stat.f_bavail)
        found.append((mount.asset, "system.filesystem.utilization", (), utilization))
        size = float(used * stat.f_frsize)
        found.append((mount.asset, "system.filesystem.usage", _USED, size))
    inodes = stat.f_files - stat.f_ffree
    if stat.f_files > 0 and inodes + stat.f_favail > 0:
        utilization = inodes / (inodes + stat.f_favail)
        found.append((mount.asset, "system.filesystem.inodes.utilization", (), utilization))
    return found


def read_disks(host: str, exclude: tuple[str, ...]) -> list[Reading]:
    """Returns throughput counters of whole disks."""
    found: list[Reading] = []
    counters = psutil.disk_io_counters(perdisk=True, nowrap=False) or {}
    whole = _whole_disks(counters)
    for name, io in counters.items():
        if name not in whole or matches(name, exclude):
            continue
        asset = f"{host}/disk:{name}"
        found += [
            (asset, "system.disk.io", _READ, float(io.read_bytes)),
            (asset, "system.disk.io", _WRITE, float(io.write_bytes)),
            (asset, "system.disk.operations", _READ, float(io.read_count)),
            (asset, "system.disk.operations", _WRITE, float(io.write_count)),
        ]
        busy = getattr(io, "busy_time", None)
        if busy is not None:
            found.append((asset, "system.disk.io_time", (), busy / 1000.0))
    return found


def _whole_disks(names: Mapping[str, object]) -> set[str]:
    blocks = Path("/sys/block")
    if not blocks.is_dir():
        return set(names)
    return {block.name.replace("!", "/") for block in blocks.iterdir()}


def read_network(host: str, exclude: tuple[str, ...]) -> list[Reading]:
    """Returns throughput, error and drop counters of the interfaces."""
    found: list[Reading] = []
    for name, io in psutil.net_io_counters(pernic=True, nowrap=False).items():
        if matches(name, exclude):
            continue
        asset = f"{host}/interface:{name}"
        found += [
            (asset, "system.network.io", _RECEIVE, float(io.bytes_recv)),
            (asset, "system.network.io", _TRANSMIT, float(io.bytes_sent)),
            (asset, "system.network.errors", _RECEIVE, float(io.errin)),
            (asset, "system.network.errors", _TRANSMIT, float(io.errout)),
            (asset, "system.network.packet.dropped", _RECEIVE, float(io.dropin)),
            (asset, "system.network.packet.dropped", _TRANSMIT, float(io.dropout)),
        ]
    return found
