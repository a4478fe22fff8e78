"""Datagrams only from agents that were asked; whatever else comes is counted and left alone."""

from typing import Any

from pysnmp.carrier.asyncio.dgram.udp import DOMAIN_NAME, UdpAsyncioTransport
from pysnmp.hlapi.v3arch import asyncio as snmp


class AskedTransport(UdpAsyncioTransport):  # type: ignore[misc]  # pysnmp has no types
    """A socket that hears nobody to whom nothing was sent.

    Attributes:
        strangers: Datagrams of others since they were last asked for.
    """

    def __init__(self, *arguments: Any, **more: Any) -> None:
        super().__init__(*arguments, **more)
        self.strangers = 0
        self._asked: set[tuple[str, int]] = set()

    def send_message(self, outgoingMessage: Any, transportAddress: Any) -> None:  # noqa: N803  # the library's names
        """Remembers whom it asks."""
        self._asked.add((transportAddress[0], transportAddress[1]))
        super().send_message(outgoingMessage, transportAddress)

    def datagram_received(self, datagram: Any, transportAddress: Any) -> None:  # noqa: N803  # the library's names
        """Passes on what comes from an agent."""
        if (transportAddress[0], transportAddress[1]) in self._asked:
            super().datagram_received(datagram, transportAddress)
        else:
            self.strangers += 1


class Target(snmp.UdpTransportTarget):  # type: ignore[misc]  # pysnmp has no types
    """An agent, asked through such a socket."""

    PROTO_TRANSPORT = AskedTransport


def count_strangers(engine: Any) -> int:
    """Returns how many datagrams of others came since the last call."""
    transport = engine.transport_dispatcher.get_transport(DOMAIN_NAME)
    if not isinstance(transport, AskedTransport):
        return 0  # nobody was asked yet
    count, transport.strangers = transport.strangers, 0
    return count
