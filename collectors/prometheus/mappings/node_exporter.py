"""Prometheus node exporter: volumes, interfaces and disks are assets of their own.

Source: https://github.com/prometheus/node_exporter, collectors cpu, filesystem, meminfo,
netdev, diskstats, hwmon, loadavg; names follow OpenTelemetry semantic conventions.
"""

from typing import Final

from aiops.domain.identity import IdentityKind
from aiops.domain.metric import Direction, Metric, MetricKind
from collectors.prometheus.mapping import Derived, ExporterMapping, Input, Rename, Thing, Told

_COUNTER = MetricKind.COUNTER
_UP = Direction.UP

_READ = (("direction", "read"),)
_WRITE = (("direction", "write"),)
_RECEIVE = (("direction", "receive"),)
_TRANSMIT = (("direction", "transmit"),)
_USED = (("state", "used"),)

# Images are full by design; pseudo filesystems are no volumes.
_NO_VOLUME = frozenset(
    {"squashfs", "iso9660", "udf", "erofs", "devtmpfs", "ramfs", "overlay", "fuse.lxcfs", "nsfs"}
)
_VOLUME = Thing("volume", "volume:{mountpoint}", {"fstype": _NO_VOLUME}, once_per="device")
_DISK = Thing("disk", "disk:{device}", skip_prefix={"device": ("loop", "ram", "zram", "sr", "fd")})
_NO_CARD = ("veth", "docker", "br-", "virbr", "ifb", "cali", "cni")
_INTERFACE = Thing(
    "interface",
    "interface:{device}",
    skip={"device": frozenset({"lo"})},
    skip_prefix={"device": _NO_CARD},
)
_SENSOR = Thing("sensor", "sensor:{chip}/{sensor}")


def _full_as_df(size: float, free: float, available: float) -> float | None:
    """Used over used and available to a normal user (as coreutils df): 1 is full."""
    used = size - free
    return used / (used + available) if used >= 0 and used + available > 0 else None


def _used(total: float, free: float) -> float | None:
    return total - free if total > 0 else None


def _share_used(total: float, free: float) -> float | None:
    return min(max((total - free) / total, 0.0), 1.0) if total > 0 else None


def _share_busy(idle: float, every: float) -> float | None:
    return min(max(1.0 - idle / every, 0.0), 1.0) if every > 0 else None


def _ratio(name: str, words: str) -> Metric:
    return Metric(name, "1", bad_direction=_UP, floor=0.0, ceiling=1.0, description=words)


def _bytes(name: str, words: str) -> Metric:
    return Metric(name, "By", bad_direction=_UP, floor=0.0, description=words)


def _counter(name: str, unit: str, words: str, bad: Direction = Direction.BOTH) -> Metric:
    return Metric(name, unit, _COUNTER, bad, floor=0.0, description=words)


_LOAD = [
    Metric(f"system.cpu.load_average.{n}m", "{thread}", bad_direction=_UP, floor=0.0)
    for n in (1, 5, 15)
]
_DISK_IO = _counter("system.disk.io", "By", "Bytes read and written")
_DISK_OPERATIONS = _counter("system.disk.operations", "{operation}", "Operations done")
_DISK_TIME = _counter("system.disk.io_time", "s", "Time the disk was busy", _UP)
_NETWORK_IO = _counter("system.network.io", "By", "Bytes received and sent")
_ERRORS = _counter("system.network.errors", "{error}", "Receive and transmit errors", _UP)
_DROPPED = _counter("system.network.packet.dropped", "{packet}", "Packets dropped", _UP)
_TEMPERATURE = Metric("hw.temperature", "Cel", bad_direction=_UP)

_SIZE = Input("node_filesystem_size_bytes")
_FREE = Input("node_filesystem_free_bytes")
_AVAILABLE = Input("node_filesystem_avail_bytes")
_FILES = Input("node_filesystem_files")
_FILES_FREE = Input("node_filesystem_files_free")
_MEMORY = (Input("node_memory_MemTotal_bytes"), Input("node_memory_MemAvailable_bytes"))
_SWAP = (Input("node_memory_SwapTotal_bytes"), Input("node_memory_SwapFree_bytes"))
_CPU = "node_cpu_seconds_total"
_IDLE = frozenset({"idle", "iowait"})
_BUSY = frozenset({"user", "nice", "system", "irq", "softirq", "steal"})

MAPPING: Final = ExporterMapping(
    name="node_exporter",
    markers=frozenset({"node_exporter_build_info", "node_uname_info", "node_load1"}),
    prefixes=("node_", "process_"),
    renames=(
        Rename("node_load1", _LOAD[0]),
        Rename("node_load5", _LOAD[1]),
        Rename("node_load15", _LOAD[2]),
        Rename("node_disk_read_bytes_total", _DISK_IO, _DISK, _READ),
        Rename("node_disk_written_bytes_total", _DISK_IO, _DISK, _WRITE),
        Rename("node_disk_reads_completed_total", _DISK_OPERATIONS, _DISK, _READ),
        Rename("node_disk_writes_completed_total", _DISK_OPERATIONS, _DISK, _WRITE),
        Rename("node_disk_io_time_seconds_total", _DISK_TIME, _DISK),
        Rename("node_network_receive_bytes_total", _NETWORK_IO, _INTERFACE, _RECEIVE),
        Rename("node_network_transmit_bytes_total", _NETWORK_IO, _INTERFACE, _TRANSMIT),
        Rename("node_network_receive_errs_total", _ERRORS, _INTERFACE, _RECEIVE),
        Rename("node_network_transmit_errs_total", _ERRORS, _INTERFACE, _TRANSMIT),
        Rename("node_network_receive_drop_total", _DROPPED, _INTERFACE, _RECEIVE),
        Rename("node_network_transmit_drop_total", _DROPPED, _INTERFACE, _TRANSMIT),
        Rename("node_hwmon_temp_celsius", _TEMPERATURE, _SENSOR),
    ),
    derived=(
        Derived(
            _ratio("system.filesystem.utilization", "Used as df counts it; 1 is full"),
            (_SIZE, _FREE, _AVAILABLE),
            _full_as_df,
            _VOLUME,
            fail=1.0,
            warn=0.9,
        ),
        Derived(
            _bytes("system.filesystem.usage", "Space in use"),
            (_SIZE, _FREE),
            _used,
            _VOLUME,
            _USED,
        ),
        Derived(
            _ratio("system.filesystem.inodes.utilization", "Share of inodes in use; 1 is full"),
            (_FILES, _FILES_FREE),
            _share_used,
            _VOLUME,
            fail=1.0,
            warn=0.9,
        ),
        Derived(
            _ratio("system.memory.utilization", "Share of memory that cannot be freed at once"),
            _MEMORY,
            _share_used,
            fail=1.0,
            warn=0.95,
        ),
        Derived(
            _bytes("system.memory.usage", "Memory that cannot be freed at once"),
            _MEMORY,
            _used,
            labels=_USED,
        ),
        Derived(
            _ratio("system.paging.utilization", "Share of swap in use"),
            _SWAP,
            _share_used,
            fail=1.0,
            warn=0.9,
        ),
        Derived(
            _ratio("system.cpu.utilization", "Share of all CPUs that was busy"),
            (Input(_CPU, "mode", _IDLE), Input(_CPU, "mode", _IDLE | _BUSY)),
            _share_busy,
            increase=True,
        ),
    ),
    told=(
        Told("node_dmi_info", "product_serial", IdentityKind.SERIAL),
        Told("node_dmi_info", "product_uuid", IdentityKind.UUID),
        # Source: AWS, "Detect whether a host is an EC2 instance": Nitro tells the id there.
        Told("node_dmi_info", "board_asset_tag", None),
        Told("node_uname_info", "nodename", IdentityKind.NAME),
        Told("node_network_info", "address", IdentityKind.MAC, {"device": _NO_CARD}),
    ),
)
