"""Which registers are read together, and what their words mean."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final, Literal, cast

from pymodbus.client import AsyncModbusTcpClient

from collectors.modbus.settings import Encoding, RegisterSettings, Table, WordOrder

# Source: MODBUS Application Protocol V1.1b3, 6.1 to 6.4.
_MOST: Final = {Table.HOLDING: 125, Table.INPUT: 125, Table.COIL: 2000, Table.DISCRETE: 2000}
_TYPES: Final = {encoding: AsyncModbusTcpClient.DATATYPE[encoding.name] for encoding in Encoding}
BITS: Final = frozenset({Table.COIL, Table.DISCRETE})


@dataclass(frozen=True, slots=True)
class Block:
    """Neighbours that are read with one request."""

    table: Table
    address: int
    count: int
    registers: tuple[RegisterSettings, ...]

    def alone(self) -> Iterator["Block"]:
        """Yields each of its registers as a block of its own."""
        for register in self.registers:
            yield Block(self.table, register.address, width(register), (register,))


def width(register: RegisterSettings) -> int:
    """Returns how many registers or bits a number takes."""
    return 1 if register.table in BITS else _TYPES[register.encoding].value[1]


def plan(registers: Sequence[RegisterSettings]) -> tuple[Block, ...]:
    """Returns the requests that read everything and nothing between.

    A gap is never read over: many devices refuse a request that touches an address they lack.
    """
    blocks: list[Block] = []
    for register in sorted(registers, key=lambda one: (one.table, one.address)):
        last = blocks[-1] if blocks else None
        end = register.address + width(register)
        if (
            last is not None
            and last.table is register.table
            and register.address <= last.address + last.count
            and end - last.address <= _MOST[register.table]
        ):
            count = max(last.count, end - last.address)
            blocks[-1] = Block(last.table, last.address, count, (*last.registers, register))
        else:
            blocks.append(Block(register.table, register.address, width(register), (register,)))
    return tuple(blocks)


def decode(block: Block, register: RegisterSettings, words: Sequence[int]) -> float | None:
    """Returns the number of a register; None where the device says that there is none."""
    start = register.address - block.address
    if register.table in BITS:
        raw: float = float(words[start])
    else:
        own = list(words[start : start + width(register)])
        order: Literal["big", "little"] = (
            "big" if register.word_order is WordOrder.BIG else "little"
        )
        told = AsyncModbusTcpClient.convert_from_registers(
            own, _TYPES[register.encoding], word_order=order
        )
        raw = cast("float", told)
    if register.absent is not None and raw == register.absent:
        return None
    return raw * register.scale + register.offset
