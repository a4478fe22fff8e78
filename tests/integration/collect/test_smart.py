"""The real smartctl on what there is here, and JSON as it prints it for drives that are not."""

import json
import os
import shutil
import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from aiops.contracts.errors import ConfigError, Unreachable
from aiops.testing.collector import check_collector
from collectors.smart import PLUGIN
from collectors.smart.drive import METRICS, read
from collectors.smart.settings import SmartSettings
from tests.contract.collect.test_collectors import _table

_DEADLINE = timedelta(seconds=60)


def attribute(number, value, thresh, raw):
    told = {"id": number, "name": f"a{number}", "value": value, "worst": value, "thresh": thresh}
    return told | {"raw": {"value": raw, "string": str(raw)}, "when_failed": ""}


ATA = {
    "smartctl": {"version": [7, 3], "exit_status": 0},
    "device": {"name": "/dev/sda", "type": "sat", "protocol": "ATA"},
    "model_name": "WDC WD40EFRX-68N32N0",
    "serial_number": "WD-WCC7K0AAAAAA",
    "smart_status": {"passed": True},
    "power_on_time": {"hours": 41_234},
    "temperature": {"current": 34, "op_limit_max": 60, "limit_max": 85},
    "ata_smart_attributes": {
        "revision": 16,
        "table": [
            attribute(1, 200, 51, 3),
            attribute(5, 199, 140, 8),
            attribute(9, 44, 0, 41_234),
            attribute(187, 100, 0, 0),
            attribute(197, 200, 0, 2),
            attribute(199, 255, 0, 17),
            attribute(194, 116, 0, 34),
        ],
    },
}
NVME = {
    "smartctl": {"version": [7, 3], "exit_status": 8},
    "device": {"name": "/dev/nvme0", "type": "nvme", "protocol": "NVMe"},
    "model_name": "Samsung SSD 970 EVO 500GB",
    "serial_number": "S466NX0M000000",
    "smart_status": {"passed": False, "nvme": {"value": 1}},
    "nvme_smart_health_information_log": {
        "critical_warning": 1,
        "temperature": 41,
        "available_spare": 8,
        "available_spare_threshold": 10,
        "percentage_used": 104,
        "data_units_read": 10,
        "data_units_written": 20,
        "media_errors": 3,
        "unsafe_shutdowns": 5,
    },
    "nvme_composite_temperature_threshold": {"warning": 85, "critical": 90},
    "temperature": {"current": 41},
    "power_on_time": {"hours": 99},
}
SAS = {
    "smartctl": {"version": [7, 3], "exit_status": 0},
    "scsi_model_name": "SEAGATE ST4000NM0023",
    "serial_number": "Z1Z0AAAA",
    "smart_status": {"passed": True},
    "temperature": {"current": 30, "drive_trip": 60},
    "scsi_grown_defect_list": 12,
    "scsi_error_counter_log": {
        "read": {"total_uncorrected_errors": 1},
        "write": {"total_uncorrected_errors": 2},
    },
}
ASLEEP = {
    "smartctl": {
        "exit_status": 2,
        "messages": [{"string": "Device is in STANDBY mode, exit(2)", "severity": "information"}],
    }
}


@pytest.fixture
def recorded(tmp_path):
    """A program that answers like smartctl, from files."""

    def make(by_device, code="exit 0"):
        folder = tmp_path / "answers"
        folder.mkdir(exist_ok=True)
        devices = [{"name": f"/dev/{name}", "type": "sat"} for name in by_device]
        (folder / "--scan-open").write_text(json.dumps({"devices": devices}))
        for name, told in by_device.items():
            text = told if isinstance(told, str) else json.dumps(told)
            (folder / name).write_text(text)
        program = tmp_path / "smartctl"
        program.write_text(
            f'#!/bin/sh\nfor last; do :; done\ncat "{folder}/$(basename -- "$last")"\n{code}\n'
        )
        program.chmod(program.stat().st_mode | stat.S_IXUSR)
        return str(program)

    return make


def collect(**told):
    source = PLUGIN.create(SmartSettings(**{"asset": "h", **told}))
    collection = source.collect({}, datetime.now(UTC), _DEADLINE)
    batch = collection.batch
    pairs = zip(batch.rows, batch.values, strict=True)
    return {batch.series[row].text: value for row, value in pairs}, collection, source


def limits(source):
    told = source.discover().limits
    return {(one.asset, one.metric): (one.fail, one.warn) for one in told}


def test_the_real_program_says_why_a_virtual_drive_cannot_be_read():
    program = shutil.which("smartctl", path=f"{os.environ['PATH']}:/usr/sbin")
    if program is None:
        pytest.skip("not run: no smartctl here (scripts/servers.sh)")
    if not Path("/dev/vda").exists():
        pytest.skip("not run: no virtual drive here")
    with pytest.raises(Unreachable) as raised:
        collect(program=program, devices=("/dev/vda",))
    assert raised.value.kind in {"device", "auth", "no_smart"}
    assert "/dev/vda" in str(raised.value)


def test_a_hard_disk_tells_its_sectors_and_its_makers_thresholds(recorded):
    found, _, source = collect(program=recorded({"sda": ATA}))
    disk = "h/disk:WD-WCC7K0AAAAAA"
    assert found == {
        f"{disk} hw.physical_disk.smart.passed": 1.0,
        f"{disk} hw.physical_disk.power_on_time": 41_234.0,
        f"{disk} hw.temperature": 34.0,
        f"{disk} hw.physical_disk.smart.raw_read_error_rate": 200.0,
        f"{disk} hw.physical_disk.smart.reallocated_sectors": 199.0,
        f"{disk} hw.physical_disk.sectors.reallocated": 8.0,
        f"{disk} hw.physical_disk.sectors.reported_uncorrectable": 0.0,
        f"{disk} hw.physical_disk.sectors.pending": 2.0,
        f"{disk} hw.physical_disk.interface_errors": 17.0,
    }
    assert limits(source) == {
        (disk, "hw.physical_disk.smart.passed"): (0.0, None),
        (disk, "hw.temperature"): (85.0, 60.0),
        (disk, "hw.physical_disk.smart.raw_read_error_rate"): (51.0, None),
        (disk, "hw.physical_disk.smart.reallocated_sectors"): (140.0, None),
    }
    assert {asset.key: asset.parent for asset in source.discover().assets} == {"h": "", disk: "h"}


def test_a_failing_solid_state_drive_is_no_error_of_the_reading(recorded):
    found, collection, source = collect(program=recorded({"nvme0": NVME}, code="exit 8"))
    disk = "h/disk:S466NX0M000000"
    assert found[f"{disk} hw.physical_disk.smart.passed"] == 0.0
    assert found[f"{disk} hw.physical_disk.endurance_utilization"] == pytest.approx(1.04)
    assert found[f"{disk} hw.physical_disk.spare"] == pytest.approx(0.08)
    assert found[f"{disk} hw.physical_disk.written"] == 20 * 512_000
    assert limits(source)[disk, "hw.physical_disk.spare"] == (pytest.approx(0.1), None)
    assert limits(source)[disk, "hw.temperature"] == (90.0, 85.0)
    assert collection.dropped == {}


def test_a_sas_drive_tells_its_defects(recorded):
    found, _, source = collect(program=recorded({"sdb": SAS}))
    disk = "h/disk:Z1Z0AAAA"
    assert found[f"{disk} hw.physical_disk.defects"] == 12
    assert found[f"{disk} hw.physical_disk.media_errors"] == 3
    assert limits(source)[disk, "hw.temperature"] == (60.0, None)


@pytest.mark.parametrize(
    ("told", "reason"),
    [
        (ASLEEP, "standby"),
        ("smartctl 6.6 2016-05-31", "format"),
        ("[1]", "format"),
        ({}, "device"),
        ({"smartctl": {"exit_status": 0}}, "no_smart"),
        ({"smartctl": {"exit_status": 2, "messages": [{"string": "Permission denied"}]}}, "auth"),
        ({"smartctl": [1], "smart_status": 3}, "device"),
    ],
)
def test_a_drive_that_cannot_be_read_costs_no_other(recorded, told, reason):
    found, collection, _ = collect(program=recorded({"sda": told, "sdb": SAS}))
    assert found
    assert collection.dropped == {reason: 1}
    with pytest.raises(Unreachable) as raised:
        collect(program=recorded({"sda": told}))
    assert raised.value.kind == reason


@pytest.mark.parametrize(
    "bad",
    [
        {"ata_smart_attributes": {"table": [None, {}, {"id": "5"}, attribute(5, 0, 10, None)]}},
        {"ata_smart_attributes": [1], "temperature": "hot", "power_on_time": {"hours": True}},
        {"nvme_smart_health_information_log": {"percentage_used": None}, "temperature": None},
        {"ata_device_statistics": {"pages": [1, {"table": [2]}]}, "temperature": {"current": 0}},
    ],
)
def test_what_a_drive_does_not_say_is_absent_and_never_zero(bad):
    assert list(read(bad)) == []


def test_a_drive_that_hangs_ends_within_the_deadline(recorded):
    source = PLUGIN.create(SmartSettings(program=recorded({"sda": ATA}, code="exec sleep 20")))
    with pytest.raises(Unreachable) as raised:
        source.collect({}, datetime.now(UTC), timedelta(seconds=0.5))
    assert raised.value.kind == "timeout"


def test_it_keeps_the_contract(recorded):
    program = recorded({"sda": ATA, "nvme0": NVME})
    check_collector(
        lambda: PLUGIN.create(SmartSettings(program=program)),
        dead=lambda: PLUGIN.create(SmartSettings(program="/nowhere/smartctl")),
    )


def test_the_table_names_every_metric():
    told = [
        (row["metric"], row["unit"], row["kind"], row["bad_direction"]) for row in _table("smart")
    ]
    assert told == [(one.name, one.unit, one.kind, one.bad_direction) for one in METRICS]


@pytest.mark.parametrize(
    "wrong",
    [{"devices": ("sda",)}, {"devices": ("/dev/../x",)}, {"devices": ("-a",)}, {"program": ""}],
)
def test_what_cannot_be_meant_is_refused_at_once(wrong):
    with pytest.raises(ConfigError):
        PLUGIN.create(SmartSettings(**wrong))
