"""The smart collector: asks smartctl for the drives, then for each of them."""

import asyncio
import socket
import time
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final

import orjson

from aiops.contracts.book import Draft, SeriesBook
from aiops.contracts.collector import Collection, Cursor, Inventory
from aiops.contracts.errors import ConfigError, Unreachable
from aiops.domain.asset import Asset
from aiops.domain.instant import to_stored_ns
from collectors._command import run
from collectors.smart.drive import read
from collectors.smart.settings import SmartSettings

# Source: smartctl(8), exit status: the command line, or the device, or the command failed.
_OPEN_FAILED: Final = 0b11
_SHARE: Final = 0.9


class SmartCollector:
    """Runs smartctl; a drive that hangs can hold it, so it lives in a worker."""

    def __init__(self, settings: SmartSettings) -> None:
        wrong = [one for one in settings.devices if not one.startswith("/dev/") or ".." in one]
        if wrong:
            raise ConfigError([f"devices: {one!r} is no drive such as /dev/sda" for one in wrong])
        if not settings.program or settings.program.startswith("-"):
            raise ConfigError(["program: name smartctl, or its path"])
        self._settings = settings
        self._host = settings.asset or socket.gethostname()
        self._book = SeriesBook()

    def collect(self, cursor: Cursor, until: datetime, deadline: timedelta) -> Collection:
        """Reads every drive once.

        Raises:
            Unreachable: There is no smartctl, or no drive that can be read.
        """
        end = time.monotonic() + deadline.total_seconds() * _SHARE
        devices = self._devices(end)
        draft = Draft(self._book)
        at = to_stored_ns(until)
        problems: list[Unreachable] = []
        for device, kind in devices:
            try:
                told = self._ask(end, *self._options(kind), "--", device)
                self._take(draft, device, told, at)
            except Unreachable as error:
                problems.append(error)
        return draft.despite(problems, cursor, f"{self._host}: smartctl finds no drive")

    def discover(self) -> Inventory:
        """Returns the host and its drives."""
        return self._book.inventory()

    def close(self) -> None:
        """Holds nothing between two collections."""

    def _devices(self, end: float) -> list[tuple[str, str]]:
        if self._settings.devices:
            return [(device, "") for device in self._settings.devices]
        told = self._ask(end, "--scan-open").get("devices")
        found = [one for one in told if isinstance(one, Mapping)] if isinstance(told, list) else []
        # One that could not be opened is listed with what was wrong.
        pairs = ((one.get("name"), one.get("type", "")) for one in found if "open_error" not in one)
        return [(str(name), str(kind)) for name, kind in pairs if name]

    def _options(self, kind: str) -> tuple[str, ...]:
        sleep = () if self._settings.wake else ("-n", "standby")
        return ("-x", *sleep, *(("-d", kind) if kind else ()))

    def _ask(self, end: float, *options: str) -> Mapping[str, Any]:
        program = self._settings.program
        seconds = max(end - time.monotonic(), 0.1)
        try:
            done = asyncio.run(run((program, "--json=c", *options), seconds))
        except Unreachable as error:
            raise Unreachable(f"{options[-1]}: {error}", error.kind) from error
        try:
            told = orjson.loads(done.stdout)
        except orjson.JSONDecodeError as error:
            words = f"{options[-1]}: {program} says no JSON; version 7 or newer is needed"
            raise Unreachable(words, "format") from error
        if not isinstance(told, dict):
            raise Unreachable(f"{options[-1]}: {program} says no object", "format")
        return told

    def _take(self, draft: Draft, device: str, told: Mapping[str, Any], at: int) -> None:
        smartctl = told.get("smartctl")
        state = smartctl if isinstance(smartctl, Mapping) else {}
        status = state.get("exit_status")
        words = "; ".join(_messages(state))[:300]
        if not isinstance(status, int) or status & _OPEN_FAILED:
            asleep = "STANDBY" in words or "SLEEP" in words
            kind = "standby" if asleep else "auth" if "Permission" in words else "device"
            raise Unreachable(f"{device}: {words or 'cannot be opened'}", kind)
        serial = told.get("serial_number")
        name = serial if isinstance(serial, str) and serial else device.rpartition("/")[2]
        model = told.get("model_name") or told.get("scsi_model_name") or "drive"
        key = f"{self._host}/disk:{name}"
        drive = Asset(key, "disk", f"{self._host} {model} {device}"[:200], parent=self._host)
        before = len(draft)
        for one in read(told):
            draft.add(
                one.metric, (Asset(self._host), drive), one.value, at, fail=one.fail, warn=one.warn
            )
        if len(draft) == before:
            raise Unreachable(f"{device}: {words or 'has no SMART'}", "no_smart")


def _messages(state: Mapping[str, Any]) -> list[str]:
    told = state.get("messages")
    rows = told if isinstance(told, list) else []
    return [str(row.get("string", "")) for row in rows if isinstance(row, Mapping)]
