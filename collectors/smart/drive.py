"""What is made of smartctl's JSON: numbers, and the thresholds their makers gave them.

Source: smartmontools 7.3, ``smartctl --json``; NVM Express base specification 2.0, 5.16.1.3;
names after OpenTelemetry's hardware metrics.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from aiops.domain.metric import Direction, Metric, MetricKind

_UP, _DOWN = Direction.UP, Direction.DOWN


def _of(name: str, unit: str, bad: Direction, kind: MetricKind = MetricKind.GAUGE) -> Metric:
    return Metric(f"hw.physical_disk.{name}", unit, kind, bad, floor=0.0)


PASSED: Final = _of("smart.passed", "1", _DOWN)
TEMPERATURE: Final = Metric("hw.temperature", "Cel", bad_direction=_UP)
ENDURANCE: Final = _of("endurance_utilization", "1", _UP)
SPARE: Final = _of("spare", "1", _DOWN)
WARNING: Final = _of("critical_warning", "1", _UP)
MEDIA_ERRORS: Final = _of("media_errors", "{error}", _UP)
DEFECTS: Final = _of("defects", "{sector}", _UP)
POWERED: Final = _of("power_on_time", "h", Direction.BOTH)
UNSAFE: Final = _of("unsafe_shutdowns", "{shutdown}", _UP)
READ: Final = _of("read", "By", Direction.BOTH, MetricKind.COUNTER)
WRITTEN: Final = _of("written", "By", Direction.BOTH, MetricKind.COUNTER)

# Raw values that are plain counts with every maker; others are packed in ways of their own.
RAW: Final[Mapping[int, Metric]] = {
    5: _of("sectors.reallocated", "{sector}", _UP),
    187: _of("sectors.reported_uncorrectable", "{sector}", _UP),
    196: _of("reallocation_events", "{event}", _UP),
    197: _of("sectors.pending", "{sector}", _UP),
    198: _of("sectors.offline_uncorrectable", "{sector}", _UP),
    199: _of("interface_errors", "{error}", _UP, MetricKind.COUNTER),
}
# Normalised values: they fall from about 100 or 200 towards the maker's threshold.
_NAMES: Final = {
    1: "raw_read_error_rate", 2: "throughput_performance", 3: "spin_up_time",
    5: "reallocated_sectors", 7: "seek_error_rate", 8: "seek_time_performance",
    10: "spin_retries", 11: "calibration_retries", 22: "helium_level",
    169: "remaining_life", 170: "available_reserve", 171: "program_failures",
    172: "erase_failures", 173: "wear_leveling", 177: "wear_leveling_count",
    179: "used_reserve", 180: "unused_reserve", 181: "program_failures_total",
    182: "erase_failures_total", 183: "runtime_bad_blocks", 184: "end_to_end_errors",
    188: "command_timeouts", 202: "lifetime_remaining", 230: "life_curve",
    231: "ssd_life_left", 232: "endurance_remaining", 233: "media_wearout",
}  # fmt: skip
NORMALISED: Final = {number: _of(f"smart.{name}", "1", _DOWN) for number, name in _NAMES.items()}
_DATA_UNIT: Final = 512_000.0
_FIXED: Final = (
    PASSED, TEMPERATURE, ENDURANCE, SPARE, WARNING, MEDIA_ERRORS, DEFECTS, POWERED, UNSAFE,
    READ, WRITTEN,
)  # fmt: skip
METRICS: Final = (*_FIXED, *RAW.values(), *NORMALISED.values())


@dataclass(frozen=True, slots=True)
class Reading:
    """One number, and the limit that comes with it."""

    metric: Metric
    value: float
    fail: float | None = None
    warn: float | None = None


def read(told: Mapping[str, Any]) -> Iterator[Reading]:
    """Yields what a drive says of itself; what it does not say is absent."""
    passed = _at(told, "smart_status", "passed")
    if isinstance(passed, bool):
        yield Reading(PASSED, float(passed), fail=0.0)
    hours = _number(told, "power_on_time", "hours")
    if hours is not None:
        yield Reading(POWERED, hours)
    yield from _temperature(told)
    yield from _nvme(told)
    yield from _ata(told)
    yield from _scsi(told)


def _temperature(told: Mapping[str, Any]) -> Iterator[Reading]:
    current = _number(told, "temperature", "current")
    if not current:  # 0 is what drives without a sensor say
        return
    highest = (
        _number(told, "nvme_composite_temperature_threshold", "critical")
        or _number(told, "temperature", "limit_max")
        or _number(told, "temperature", "drive_trip")
    )
    working = _number(told, "nvme_composite_temperature_threshold", "warning") or _number(
        told, "temperature", "op_limit_max"
    )
    fail = highest or working
    warn = working if highest and working and working < highest else None
    yield Reading(TEMPERATURE, current, fail, warn)


def _nvme(told: Mapping[str, Any]) -> Iterator[Reading]:
    log = told.get("nvme_smart_health_information_log")
    if not isinstance(log, Mapping):
        return
    used = _number(log, "percentage_used")
    if used is not None:
        yield Reading(ENDURANCE, used / 100, fail=1.0, warn=0.9)
    spare, least = _number(log, "available_spare"), _number(log, "available_spare_threshold")
    if spare is not None:
        yield Reading(SPARE, spare / 100, fail=None if least is None else least / 100)
    for name, metric, scale, fail in (
        ("critical_warning", WARNING, 1.0, 1.0),
        ("media_errors", MEDIA_ERRORS, 1.0, None),
        ("unsafe_shutdowns", UNSAFE, 1.0, None),
        ("data_units_read", READ, _DATA_UNIT, None),
        ("data_units_written", WRITTEN, _DATA_UNIT, None),
    ):
        value = _number(log, name)
        if value is not None:
            yield Reading(metric, value * scale, fail=fail)


def _ata(told: Mapping[str, Any]) -> Iterator[Reading]:
    table = _at(told, "ata_smart_attributes", "table")
    for row in table if isinstance(table, list) else ():
        if not isinstance(row, Mapping):
            continue
        number, value, threshold = (_number(row, name) for name in ("id", "value", "thresh"))
        if number is None:
            continue
        raw, metric = _number(row, "raw", "value"), RAW.get(int(number))
        if metric is not None and raw is not None:
            yield Reading(metric, raw)
        metric = NORMALISED.get(int(number))
        # Values of 0, 254 and 255 are invalid. Source: ATA/ATAPI-5, SMART attribute values.
        if metric is not None and value is not None and 0 < value < 254:
            yield Reading(metric, value, fail=threshold or None)
    used = _endurance(told)
    if used is not None:
        yield Reading(ENDURANCE, used / 100, fail=1.0, warn=0.9)


def _endurance(told: Mapping[str, Any]) -> float | None:
    """Returns percent used of an ATA solid-state drive. Source: ACS-4, 9.5.8."""
    pages = _at(told, "ata_device_statistics", "pages")
    for page in pages if isinstance(pages, list) else ():
        rows = page.get("table") if isinstance(page, Mapping) else None
        for row in rows if isinstance(rows, list) else ():
            if (
                isinstance(row, Mapping)
                and row.get("name") == "Percentage Used Endurance Indicator"
            ):
                return _number(row, "value")
    return None


def _scsi(told: Mapping[str, Any]) -> Iterator[Reading]:
    defects = _number(told, "scsi_grown_defect_list")
    if defects is not None:
        yield Reading(DEFECTS, defects)
    used = _number(told, "scsi_percentage_used_endurance_indicator")
    if used is not None:
        yield Reading(ENDURANCE, used / 100, fail=1.0, warn=0.9)
    ways = [
        _number(told, "scsi_error_counter_log", way, "total_uncorrected_errors")
        for way in ("read", "write")
    ]
    known = [count for count in ways if count is not None]
    if known:
        yield Reading(MEDIA_ERRORS, sum(known))


def _at(told: Mapping[str, Any], *path: str) -> Any:
    found: Any = told
    for name in path:
        found = found.get(name) if isinstance(found, Mapping) else None
    return found


def _number(told: Mapping[str, Any], *path: str) -> float | None:
    found = _at(told, *path)
    if isinstance(found, bool) or not isinstance(found, int | float):
        return None
    return float(found)
