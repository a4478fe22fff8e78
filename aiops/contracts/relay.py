"""What one installation says to another: samples as an Arrow stream, the inventory beside them.

A body is an Arrow IPC stream of the columns ``series`` (int32), ``time`` (int64 ns) and ``value``
(float64). The schema's metadata holds, as JSON, the keys that ``series`` points to and, when it
has changed, the inventory.

Source: Apache Arrow, "Serialization and Interprocess Communication", streaming format.
"""

from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from typing import Any, Final

import numpy as np

from aiops.contracts.collector import Inventory
from aiops.domain.series import Batch, SeriesKey

MEDIA_TYPE: Final = "application/vnd.apache.arrow.stream"
PATH: Final = "/api/v1/edge/samples"
AGENT_HEADER: Final = "x-aiops-agent"
"""Tells one agent from another that was given the same token."""
CLOCK: Final = "clock"
"""Reason for which samples are not taken now: they lie ahead, the agent keeps them."""
AHEAD: Final = timedelta(minutes=10)
"""What lies further ahead was stamped by a clock that is wrong."""
_VERSION: Final = b"1"


@dataclass(frozen=True, slots=True)
class Relayed:
    """One body.

    Attributes:
        inventory: None while it is what was said last.
    """

    batch: Batch
    inventory: Inventory | None = None


def encode(relayed: Relayed) -> bytes:
    """Returns the body."""
    import pyarrow as pa

    batch = relayed.batch
    metadata = {
        b"aiops.version": _VERSION,
        b"aiops.series": _keys().dump_json(batch.series),
    }
    if relayed.inventory is not None:
        metadata[b"aiops.inventory"] = _inventory().dump_json(relayed.inventory)
    schema = pa.schema(
        [("series", pa.int32()), ("time", pa.int64()), ("value", pa.float64())], metadata=metadata
    )
    columns = [batch.rows, batch.times, batch.values]
    rows = pa.record_batch([pa.array(column) for column in columns], schema=schema)
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, schema) as writer:
        writer.write_batch(rows)
    return bytes(sink.getvalue())


def decode(body: bytes) -> Relayed:
    """Returns what a body says.

    Raises:
        ValueError: It is not one, with what is wrong.
    """
    import pyarrow as pa

    try:
        with pa.ipc.open_stream(body) as reader:
            metadata = reader.schema.metadata or {}
            names = reader.schema.names
            kinds = [str(kind) for kind in reader.schema.types]
            _check(metadata, names, kinds)
            table = reader.read_all()
    except (pa.ArrowException, OSError) as error:
        raise ValueError(f"not an Arrow stream: {str(error)[:200]}") from error
    keys: tuple[SeriesKey, ...] = _keys().validate_json(metadata[b"aiops.series"])
    told = metadata.get(b"aiops.inventory")
    inventory = _inventory().validate_json(told) if told is not None else None
    if any(column.null_count for column in table.columns):
        raise ValueError("a column has nulls")
    rows, times, values = (column.to_numpy() for column in table.columns)
    if len(rows) and not (rows.min() >= 0 and rows.max() < len(keys)):
        raise ValueError(f"a series is none of the {len(keys)} keys")
    if len(set(keys)) != len(keys):
        raise ValueError("a key stands twice")
    batch = Batch(keys, rows.astype(np.int32), times.astype(np.int64), np.array(values, np.float64))
    return Relayed(batch, inventory)


def _check(metadata: dict[bytes, bytes], names: list[str], kinds: list[str]) -> None:
    version = metadata.get(b"aiops.version", b"")
    if version != _VERSION:
        raise ValueError(
            f"version {version[:20]!r}, expected {_VERSION!r}; bring both sides to one release"
        )
    if names != ["series", "time", "value"] or kinds != ["int32", "int64", "double"]:
        raise ValueError("the columns are not series int32, time int64, value float64")
    if b"aiops.series" not in metadata:
        raise ValueError("the keys of the series are missing")


@cache
def _keys() -> Any:
    from pydantic import TypeAdapter

    return TypeAdapter(tuple[SeriesKey, ...])


@cache
def _inventory() -> Any:
    from pydantic import TypeAdapter

    return TypeAdapter(Inventory)
