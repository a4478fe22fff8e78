"""The sockets: packets and streams come in on a thread of their own."""

import asyncio
import socket
import threading
from collections.abc import Callable
from contextlib import suppress
from ipaddress import IPv4Network, IPv6Network, ip_address
from typing import Any, Final

from aiops.contracts.errors import Unreachable
from collectors.statsd.settings import StatsdSettings, Transport

_MAX_LINE: Final = 8 << 10
# Source: reliability contract, security defaults: 100 connections per address.
_MAX_CONNECTIONS: Final = 100
_START_SECONDS: Final = 5.0
_BUFFER: Final = 4 << 20

Take = Callable[[bytes, str], None]
"""Takes a packet and the sender's address."""
Network = IPv4Network | IPv6Network


class Listener:
    """Listens until it is closed.

    Attributes:
        port: The port that is listened on.
        refused: Packets and connections of senders that are not allowed, or too many.
    """

    def __init__(self, settings: StatsdSettings, allowed: tuple[Network, ...], take: Take) -> None:
        self._settings = settings
        self._allowed = allowed
        self._take = take
        self._loop = asyncio.new_event_loop()
        self._connections = 0
        self.refused = 0
        self.port = self._open()
        self._thread = threading.Thread(target=self._loop.run_forever, name="statsd", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Ends listening."""
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(_START_SECONDS)
        for task in asyncio.all_tasks(self._loop):
            task.cancel()
        self._close()
        self._loop.run_until_complete(asyncio.sleep(0))
        self._loop.close()

    def allows(self, sender: str) -> bool:
        """Whether an address may send."""
        address = ip_address(sender.partition("%")[0])
        plain = getattr(address, "ipv4_mapped", None) or address
        return any(plain in network for network in self._allowed)

    def _open(self) -> int:
        settings = self._settings
        place = settings.bind, settings.port
        try:
            if settings.transport is Transport.TCP:
                server = self._loop.run_until_complete(
                    asyncio.start_server(self._serve, *place, limit=_MAX_LINE)
                )
                self._close = server.close
                return int(server.sockets[0].getsockname()[1])
            transport, _ = self._loop.run_until_complete(
                self._loop.create_datagram_endpoint(lambda: _Packets(self), place)
            )
        except OSError as error:
            self._loop.close()
            told = f"{place[0]}:{place[1]}: cannot listen ({error.strerror})"
            raise Unreachable(f"{told}; is another program there?", "in_use") from error
        self._close = transport.close
        opened = transport.get_extra_info("socket")
        with suppress(OSError):
            opened.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _BUFFER)
        return int(opened.getsockname()[1])

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        sender = str(writer.get_extra_info("peername")[0])
        if not self.allows(sender) or self._connections >= _MAX_CONNECTIONS:
            self.refused += 1
            writer.transport.abort()
            return
        self._connections += 1
        try:
            while line := await reader.readline():
                self._take(line, sender)
        except ValueError:  # a line beyond the limit: nobody knows where the next begins
            self.refused += 1
        except OSError:
            pass
        finally:
            self._connections -= 1
            writer.transport.abort()

    def hear(self, packet: bytes, sender: str) -> None:
        """Takes one packet of somebody who may send."""
        if self.allows(sender):
            self._take(packet, sender)
        else:
            self.refused += 1


class _Packets(asyncio.DatagramProtocol):
    def __init__(self, listener: Listener) -> None:
        self._listener = listener

    def datagram_received(self, data: bytes, addr: Any) -> None:
        self._listener.hear(data, str(addr[0]))
