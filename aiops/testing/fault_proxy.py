"""A TCP proxy that spoils what passes: delays, cuts, lies; for tests of what stands behind it.

Source: Toxiproxy's toxics give the names ``latency``, ``reset_peer`` and ``limit_data``.
"""

import asyncio
import contextlib
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from types import TracebackType
from typing import Self

_CHUNK = 65536


class Fault(StrEnum):
    """What is done to a connection; the last eight read HTTP and act on whole requests."""

    NONE = "none"
    LATENCY = "latency"
    REFUSE = "refuse"
    HANG = "hang"
    RESET_PEER = "reset_peer"
    LIMIT_DATA = "limit_data"
    COMMIT_THEN_DROP = "commit_then_drop"
    COMMIT_THEN_HANG = "commit_then_hang"
    COMMIT_THEN_5XX = "commit_then_5xx"
    REDIRECT_LOGIN = "redirect_login"
    TOO_MANY_THEN_OK = "429_then_ok"
    ANSWER_202 = "202_and_drop"
    EMPTY_200 = "200_empty"
    HTML_200 = "200_html"


_CANNED = {
    Fault.COMMIT_THEN_5XX: ("502 Bad Gateway", "text/html", b"<h1>Bad gateway</h1>", ""),
    Fault.REDIRECT_LOGIN: ("302 Found", "text/html", b"", "Location: /login\r\n"),
    Fault.TOO_MANY_THEN_OK: ("429 Too Many Requests", "text/plain", b"", "Retry-After: 2\r\n"),
    Fault.ANSWER_202: ("202 Accepted", "application/json", b'{"queued": true}', ""),
    Fault.EMPTY_200: ("200 OK", "application/json", b"", ""),
    Fault.HTML_200: ("200 OK", "text/html", b"<html>Please sign in</html>", ""),
}
_COMMITTING = {Fault.COMMIT_THEN_DROP, Fault.COMMIT_THEN_HANG, Fault.COMMIT_THEN_5XX}


def _any_request(_head: str) -> bool:
    return True


@dataclass(slots=True)
class FaultProxy:
    """Runs in a thread of its own; faults may be changed while it runs.

    Attributes:
        times: How many more matching requests (or connections) are spoiled.
        matches: Which requests are spoiled, by their first line (``POST /ticket HTTP/1.1``).
        latency_seconds: Delay of each chunk under ``LATENCY``.
        limit_bytes: Bytes let through before the cut under ``LIMIT_DATA``.
        spoiled: How many were spoiled so far.
    """

    host: str
    port: int
    fault: Fault = Fault.NONE
    times: int = 1_000_000
    matches: Callable[[str], bool] = _any_request
    latency_seconds: float = 0.2
    limit_bytes: int = 64
    spoiled: int = 0
    listening: int = 0
    _loop: asyncio.AbstractEventLoop = field(default_factory=asyncio.new_event_loop)
    _thread: threading.Thread | None = None

    def __enter__(self) -> Self:
        ready = threading.Event()
        self._thread = threading.Thread(target=self._run, args=(ready,), daemon=True)
        self._thread.start()
        if not ready.wait(60):
            raise TimeoutError("the fault proxy did not start within 60 s")
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        if self._thread is not None:
            self._thread.join(60)

    @property
    def url(self) -> str:
        """Address to use in place of the real one."""
        return f"http://127.0.0.1:{self.listening}"

    def spoil(
        self,
        fault: Fault,
        times: int = 1_000_000,
        matches: Callable[[str], bool] = _any_request,
    ) -> None:
        """Sets the fault for the next so many matching requests."""
        self.fault, self.times, self.matches, self.spoiled = fault, times, matches, 0

    def _run(self, ready: threading.Event) -> None:
        loop = self._loop
        asyncio.set_event_loop(loop)
        server = loop.run_until_complete(asyncio.start_server(self._serve, "127.0.0.1", 0))
        self.listening = server.sockets[0].getsockname()[1]
        ready.set()
        loop.run_forever()
        server.close()
        tasks = asyncio.all_tasks(loop)
        for task in tasks:
            task.cancel()
        loop.run_until_complete(asyncio.gather(*tasks, return_exceptions=True))
        loop.run_until_complete(loop.shutdown_asyncgens())
        loop.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await self._one_request(reader, writer)
        except (OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            pass
        finally:
            writer.close()

    async def _one_request(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        """Passes one request on and closes: each request then has a connection of its own."""
        if self.fault is Fault.REFUSE and self._due(""):
            writer.transport.abort()
            return
        head = await reader.readuntil(b"\r\n\r\n")
        body = await reader.readexactly(_content_length(head))
        spoils = self._due(head.split(b"\r\n", 1)[0].decode("latin-1"))
        fault = self.fault if spoils else Fault.NONE
        if fault is Fault.RESET_PEER:
            writer.transport.abort()
            return
        if fault is Fault.HANG:
            await asyncio.sleep(3600)
        answer = b""
        if fault in _COMMITTING or fault not in _CANNED:
            answer = await self._forward(head, body)
        if fault in _CANNED:
            answer = _canned(fault)
        if fault is Fault.COMMIT_THEN_HANG:
            await asyncio.sleep(3600)
        if fault is Fault.COMMIT_THEN_DROP:
            writer.transport.abort()
            return
        if fault is Fault.LATENCY:
            await asyncio.sleep(self.latency_seconds)
        if fault is Fault.LIMIT_DATA:
            writer.write(answer[: self.limit_bytes])
            await writer.drain()
            writer.transport.abort()
            return
        writer.write(answer)
        await writer.drain()

    async def _forward(self, head: bytes, body: bytes) -> bytes:
        reader, writer = await asyncio.open_connection(self.host, self.port)
        try:
            lines = [
                line
                for line in head.rstrip(b"\r\n").split(b"\r\n")
                if not line.lower().startswith((b"connection:", b"keep-alive:"))
            ]
            writer.write(b"\r\n".join([*lines, b"Connection: close", b"", b""]) + body)
            await writer.drain()
            answer = bytearray()
            while chunk := await reader.read(_CHUNK):
                answer += chunk
            return bytes(answer)
        finally:
            writer.close()
            with contextlib.suppress(OSError):
                await writer.wait_closed()

    def _due(self, first_line: str) -> bool:
        if self.fault is Fault.NONE or self.spoiled >= self.times or not self.matches(first_line):
            return False
        self.spoiled += 1
        return True


def _content_length(head: bytes) -> int:
    for line in head.split(b"\r\n"):
        name, _, value = line.partition(b":")
        if name.strip().lower() == b"content-length":
            return int(value)
    return 0


def _canned(fault: Fault) -> bytes:
    status, kind, body, extra = _CANNED[fault]
    head = (
        f"HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}\r\n"
        f"{extra}Connection: close\r\n\r\n"
    )
    return head.encode() + body
