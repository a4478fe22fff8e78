"""Settings of the modbus collector."""

from dataclasses import dataclass, field
from enum import StrEnum

from aiops.domain.metric import MetricKind
from collectors._rule import ScaledRuleSettings


class Table(StrEnum):
    """Which of a device's four tables."""

    HOLDING = "holding"
    INPUT = "input"
    COIL = "coil"
    DISCRETE = "discrete"


class Encoding(StrEnum):
    """How a number lies in its registers; coils and discrete inputs are always bits."""

    INT16 = "int16"
    UINT16 = "uint16"
    INT32 = "int32"
    UINT32 = "uint32"
    INT64 = "int64"
    UINT64 = "uint64"
    FLOAT32 = "float32"
    FLOAT64 = "float64"


class WordOrder(StrEnum):
    """Which register of a longer number comes first."""

    BIG = "big"
    LITTLE = "little"


@dataclass(frozen=True, slots=True)
class DeviceSettings:
    """One device."""

    asset: str = field(metadata={"help": "Key of the asset."})
    host: str = field(metadata={"help": "Host or address of the device or its gateway."})
    port: int = field(default=502, metadata={"help": "Port.", "minimum": 1, "maximum": 65_535})
    unit: int = field(
        default=1, metadata={"help": "Unit (slave) number.", "minimum": 0, "maximum": 255}
    )


@dataclass(frozen=True, slots=True)
class RegisterSettings(ScaledRuleSettings):
    """One number that every device has."""

    metric: str = field(metadata={"help": "Name of the metric."})
    address: int = field(
        metadata={
            "help": "Address as sent, from 0: manuals that count 40001 mean holding 0.",
            "minimum": 0,
            "maximum": 65_535,
        }
    )
    table: Table = field(
        default=Table.HOLDING, metadata={"help": "holding, input, coil or discrete."}
    )
    encoding: Encoding = field(
        default=Encoding.UINT16,
        metadata={"help": "int16, uint16, int32, uint32, int64, uint64, float32 or float64."},
    )
    word_order: WordOrder = field(
        default=WordOrder.BIG, metadata={"help": "big: the high register comes first; or little."}
    )
    offset: float = field(default=0.0, metadata={"help": "Then this is added."})
    absent: int | None = field(
        default=None,
        metadata={"help": "Number, before scale, by which the device says that there is none."},
    )
    kind: MetricKind = field(default=MetricKind.GAUGE, metadata={"help": "gauge or counter."})


@dataclass(frozen=True, slots=True)
class ModbusSettings:
    """Devices of one model and what their registers mean."""

    devices: tuple[DeviceSettings, ...] = field(metadata={"help": "The devices to read."})
    registers: tuple[RegisterSettings, ...] = field(metadata={"help": "The numbers to take."})
    kind: str = field(default="device", metadata={"help": "Kind of the assets."})
    timeout_seconds: float = field(
        default=2.0, metadata={"help": "Waiting time for each answer.", "above": 0}
    )
    retries: int = field(default=1, metadata={"help": "Repeats of a request.", "minimum": 0})
