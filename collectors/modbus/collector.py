"""The modbus collector: every gateway at once, its devices one after the other."""

import asyncio
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from pymodbus.client import AsyncModbusTcpClient
from pymodbus.exceptions import ModbusException
from pymodbus.pdu import ModbusPDU

from aiops.contracts.book import Draft, SeriesBook
from aiops.contracts.collector import Collection, Cursor, Inventory
from aiops.contracts.errors import ConfigError, Unreachable
from aiops.domain.address import is_metadata
from aiops.domain.asset import Asset
from aiops.domain.instant import to_stored_ns
from aiops.domain.metric import Metric
from collectors.modbus.blocks import BITS, Block, decode, plan, width
from collectors.modbus.settings import DeviceSettings, ModbusSettings, Table

_SHARE: Final = 0.9
_ADDRESSES: Final = 1 << 16


class ModbusCollector:
    """Reads some devices; connections last for one collection, for many devices allow few."""

    def __init__(self, settings: ModbusSettings) -> None:
        _check(settings)
        self._settings = settings
        self._blocks = plan(settings.registers)
        self._metrics = {
            register: Metric(register.metric, register.unit, register.kind, register.bad_direction)
            for register in settings.registers
        }
        self._by_place: dict[tuple[str, int], list[DeviceSettings]] = {}
        for device in settings.devices:
            self._by_place.setdefault((device.host, device.port), []).append(device)
        self._book = SeriesBook()

    def collect(self, cursor: Cursor, until: datetime, deadline: timedelta) -> Collection:
        """Reads every device once.

        Raises:
            Unreachable: Not one of them answered.
        """
        draft = Draft(self._book)
        problems: list[Unreachable] = []
        at = to_stored_ns(until)
        asyncio.run(self._read_all(draft, problems, at, deadline.total_seconds() * _SHARE))
        return draft.despite(problems, cursor, "no device has any of the registers")

    def discover(self) -> Inventory:
        """Returns the devices."""
        return self._book.inventory()

    def close(self) -> None:
        """Holds no connection between two collections."""

    async def _read_all(
        self, draft: Draft, problems: list[Unreachable], at: int, seconds: float
    ) -> None:
        async def one(place: tuple[str, int], devices: Sequence[DeviceSettings]) -> None:
            told = f"{place[0]}:{place[1]}"
            try:
                async with asyncio.timeout(seconds):
                    await self._read_place(draft, problems, at, place, devices)
            except TimeoutError:
                problems.append(Unreachable(f"{told}: not done in {seconds:g} s", "timeout"))
            except Unreachable as error:
                problems.append(error)

        await asyncio.gather(*(one(*each) for each in self._by_place.items()))

    async def _read_place(
        self,
        draft: Draft,
        problems: list[Unreachable],
        at: int,
        place: tuple[str, int],
        devices: Sequence[DeviceSettings],
    ) -> None:
        settings = self._settings
        client = AsyncModbusTcpClient(
            place[0],
            port=place[1],
            timeout=settings.timeout_seconds,
            retries=settings.retries,
            reconnect_delay=0,
        )
        try:
            if not await client.connect():
                raise Unreachable(f"{place[0]}:{place[1]}: no connection", "refused")
            for device in devices:
                try:
                    await self._read_device(client, draft, at, device)
                except ModbusException as error:
                    told = f"{place[0]}:{place[1]} unit {device.unit}: {str(error)[:200]}"
                    problems.append(Unreachable(told, "timeout"))
                    if not client.connected and not await client.connect():
                        raise Unreachable(f"{place[0]}:{place[1]}: gone", "refused") from error
        finally:
            client.close()

    async def _read_device(
        self, client: AsyncModbusTcpClient, draft: Draft, at: int, device: DeviceSettings
    ) -> None:
        for block in self._blocks:
            words = await _ask(client, block, device.unit)
            if words is not None:
                self._take(draft, block, words, at, device)
                continue
            # One address that the device lacks costs none of its neighbours.
            for alone in block.alone() if len(block.registers) > 1 else ():
                words = await _ask(client, alone, device.unit)
                if words is None:
                    draft.drop("refused")
                else:
                    self._take(draft, alone, words, at, device)
            if len(block.registers) == 1:
                draft.drop("refused")

    def _take(
        self, draft: Draft, block: Block, words: Sequence[int], at: int, device: DeviceSettings
    ) -> None:
        assets = (Asset(device.asset, self._settings.kind),)
        for register in block.registers:
            value = decode(block, register, words)
            if value is not None:
                metric = self._metrics[register]
                draft.add(metric, assets, value, at, fail=register.fail, warn=register.warn)


async def _ask(client: AsyncModbusTcpClient, block: Block, unit: int) -> Sequence[int] | None:
    """Returns registers or bits; None where the device refuses the addresses."""
    ask = {
        Table.HOLDING: client.read_holding_registers,
        Table.INPUT: client.read_input_registers,
        Table.COIL: client.read_coils,
        Table.DISCRETE: client.read_discrete_inputs,
    }[block.table]
    answer: ModbusPDU = await ask(block.address, count=block.count, device_id=unit)
    if answer.isError():
        return None
    words: Sequence[int] = answer.bits if block.table in BITS else answer.registers
    return words if len(words) >= block.count else None


def _check(settings: ModbusSettings) -> None:
    problems: list[str] = []
    for word, listed in (("devices", settings.devices), ("registers", settings.registers)):
        if not listed:
            problems.append(f"{word}: there are none; write at least one")
    problems += _repeated("devices: the asset", [one.asset for one in settings.devices])
    problems += _repeated("registers: the metric", [one.metric for one in settings.registers])
    for device in settings.devices:
        if not device.host or "/" in device.host or is_metadata(device.host):
            problems.append(f"devices: {device.host!r} is no host that is ever read")
    problems += [
        f"registers: {register.metric} at {register.address} goes beyond the last address"
        for register in settings.registers
        if register.address + width(register) > _ADDRESSES
    ]
    if problems:
        raise ConfigError(problems)


def _repeated(what: str, names: Sequence[str]) -> list[str]:
    twice = sorted({name for name in names if names.count(name) > 1})
    return [f"{what} {name!r} stands twice" for name in twice]
