"""Sends one body to a receiver; returns its answer and what it stored."""

from aiops import plugins
from aiops.collect.gate import Gate
from aiops.collect.settings import CollectSettings
from aiops.testing.receiver import Recorder
from tests.contract.collect.pushes import (
    NOW,
    push,
)


class Gated(Recorder):
    """A sink behind the gate that the service lets samples through."""

    def accept(self, batch, inventory, source):
        gated = Gate(CollectSettings()).check(source, batch, NOW, {})
        super().accept(gated.batch, inventory, source)
        return gated.dropped


def receive(
    name: str, body: bytes, headers=None, *, settings=None, refuses=None, gate=False, **query
):
    plugin = plugins.load("collectors", name)
    receiver = plugin.create(plugin.settings(**(settings or {})))
    sink = Gated() if gate else Recorder(refuses=refuses or {})
    answer = receiver.receive(push(name, body, headers, **query), sink)
    stored = {}
    for batch in sink.batches:
        for row, time, value in zip(batch.rows, batch.times, batch.values, strict=True):
            stored[batch.series[row].text, int(time)] = float(value)
    return answer, stored
