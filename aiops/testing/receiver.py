# ruff: noqa: S101  # a checker asserts: that is how a test tells what is broken
"""What every receiver must keep, whoever wrote it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Final

import numpy as np

from aiops.contracts.collector import Inventory
from aiops.contracts.errors import Unavailable
from aiops.contracts.receiver import Push, Receiver
from aiops.domain.series import Batch

_GARBAGE: Final = (b"", b"\x00" * 100, b"\xff" * 100, b"<html></html>", b"{", bytes(range(256)))


@dataclass(slots=True)
class Recorder:
    """A sink that keeps what it gets.

    Attributes:
        down: Whether it says that nothing can be made durable.
        refuses: Reason to count it answers.
    """

    batches: list[Batch] = field(default_factory=list)
    inventories: list[Inventory] = field(default_factory=list)
    down: bool = False
    refuses: Mapping[str, int] = field(default_factory=dict)

    def accept(self, batch: Batch, inventory: Inventory, source: str) -> Mapping[str, int]:
        """Keeps a batch."""
        assert source, "a batch without a source"
        if self.down:
            raise Unavailable("the store is down", 5.0)
        self.batches.append(batch)
        self.inventories.append(inventory)
        return self.refuses


def check_receiver(make: Callable[[], Receiver], good: Push) -> None:
    """Runs a receiver through its contract.

    Args:
        make: Builds an instance.
        good: A request all of whose samples are good.

    Raises:
        AssertionError: The contract is broken; the message says which part.
    """
    receiver, sink = make(), Recorder()
    assert receiver.routes, "a receiver without an address"
    assert receiver.routes == make().routes, "routes differ between instances"
    for body in _GARBAGE:
        status = receiver.receive(replace(good, body=body), sink).status
        assert status < 500, f"garbage is answered {status}: that is the sender's fault"
        status = receiver.receive(replace(good, body=body, headers={}), sink).status
        assert status < 500, f"garbage without headers is answered {status}"
    assert not sink.batches, "samples out of garbage"
    for _ in range(2):
        answer = receiver.receive(good, sink)
        assert answer.status < 300, f"a good request is answered {answer.status}"
        assert answer.accepted > 0, "a good request of which nothing was accepted"
    _check_batch(sink)
    sink.down = True
    try:
        receiver.receive(good, sink)
    except Unavailable:
        pass
    else:
        raise AssertionError("it acknowledges what is not durable")
    lost = make().receive(good, Recorder(refuses={"too_old": len(sink.batches[0])}))
    assert lost.accepted == 0, "it counts as accepted what the sink refused"


def _check_batch(sink: Recorder) -> None:
    first, second = sink.batches
    assert first.rows.dtype == np.int32, f"rows are {first.rows.dtype}, not int32"
    assert first.times.dtype == np.int64, f"times are {first.times.dtype}, not int64"
    assert np.isfinite(first.values).all(), "a value is NaN or infinite"
    assert len(set(first.series)) == len(first.series), "a series key stands twice"
    assert second.series is first.series, "equal series came as another tuple object"
    inventory = sink.inventories[-1]
    assert inventory is sink.inventories[-2], "an equal inventory came as another object"
    assets = {asset.key for asset in inventory.assets}
    metrics = {metric.name for metric in inventory.metrics}
    for key in first.series:
        assert key.asset in assets, f"{key.text}: its asset is not in the inventory"
        assert key.metric in metrics, f"{key.text}: its metric is not declared"
    for asset in inventory.assets:
        assert not asset.parent or asset.parent in assets, f"{asset.key}: unknown parent"
