"""One exchange within a hard deadline and hard limits."""

import asyncio
import socket
import ssl
import threading
import zlib
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import httpx

from aiops.contracts.errors import ConfigError, Unreachable
from aiops.domain.address import is_metadata

_GZIP_MAGIC = b"\x1f\x8b"
# Every single wait; the whole is bounded by the deadline.
_SECONDS_PER_READ = 30.0
_ACCEPT = (
    "application/openmetrics-text;version=1.0.0;q=0.8,text/plain;version=0.0.4;q=0.7,*/*;q=0.1"
)


@dataclass(frozen=True, slots=True)
class Page:
    """What came back: the body is decompressed."""

    content_type: str
    body: bytes


def check_url(url: str) -> None:
    """Refuses addresses that are never scraped.

    Raises:
        ConfigError: With the reason and what to write instead.
    """
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError as error:
        raise ConfigError([f"url: {url!r} is not an address: {error}"]) from error
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise ConfigError(
            [f"url: {url!r} is not an http or https address such as http://host:9100/"]
        )
    if parts.username is not None or parts.password is not None:
        raise ConfigError(["url: put the account into username and password, not into the address"])
    if is_metadata(parts.hostname):
        raise ConfigError(
            [f"url: {parts.hostname} is a link-local or metadata address; these are never read"]
        )


class _Blocked(OSError):
    """A name that leads to an address that is never visited."""


class _Loop(asyncio.SelectorEventLoop):
    """Looks names up on daemon threads: neither a deadline nor the end of the process waits.

    A resolver can hang for many seconds and cannot be interrupted; asyncio's own threads are
    joined when the process ends. What a name leads to is checked before anything is sent, and
    what was checked is what is visited.
    """

    async def getaddrinfo(
        self,
        host: Any,
        port: Any,
        *,
        family: int = 0,
        type: int = 0,  # noqa: A002  # the name asyncio gives it
        proto: int = 0,
        flags: int = 0,
    ) -> Any:
        answer: asyncio.Future[Any] = self.create_future()

        def tell(result: Any, error: OSError | None) -> None:
            if answer.done():
                return
            if error is None:
                answer.set_result(result)
            else:
                answer.set_exception(error)

        def look_up() -> None:
            result: Any = None
            error: OSError | None = None
            try:
                result = socket.getaddrinfo(host, port, family, type, proto, flags)
                if any(is_metadata(str(found[4][0])) for found in result):
                    error = _Blocked(f"{host} is a link-local or cloud-metadata address")
            except OSError as reason:
                error = reason
            with suppress(RuntimeError):  # the loop is closed: the deadline came first
                self.call_soon_threadsafe(tell, result, error)

        threading.Thread(target=look_up, name="look-up", daemon=True).start()
        return await answer


def fetch(
    url: str,
    headers: Mapping[str, str],
    context: ssl.SSLContext,
    seconds: float,
    max_bytes: int,
    body: bytes | None = None,
) -> Page:
    """Reads one page; whatever the other side does, it ends after ``seconds``.

    Args:
        body: Is posted when there is one; it must be a question that changes nothing.

    Raises:
        Unreachable: With the kind ``timeout``, ``refused``, ``dns``, ``tls``, ``redirect``,
            ``auth``, ``throttled``, ``http``, ``encoding``, ``limit``, ``too_large`` or
            ``truncated``.
    """
    loop = _Loop()
    try:
        work = asyncio.wait_for(_ask(url, headers, context, max_bytes, body), seconds)
        return loop.run_until_complete(work)
    except TimeoutError as error:
        raise Unreachable(f"{url}: no full answer within {seconds:g} s", "timeout") from error
    except httpx.TimeoutException as error:
        raise Unreachable(f"{url}: no answer within {_SECONDS_PER_READ:g} s", "timeout") from error
    except httpx.HTTPError as error:
        raise Unreachable(f"{url}: {_words(error)}", _kind(error)) from error
    finally:
        loop.run_until_complete(loop.shutdown_asyncgens())
        loop.close()


async def _ask(
    url: str,
    headers: Mapping[str, str],
    context: ssl.SSLContext,
    max_bytes: int,
    body: bytes | None,
) -> Page:
    async with (
        httpx.AsyncClient(
            verify=context, trust_env=False, follow_redirects=False, timeout=_SECONDS_PER_READ
        ) as client,
        client.stream(
            "GET" if body is None else "POST",
            url,
            content=body,
            headers={"Accept": _ACCEPT, "Accept-Encoding": "gzip", **headers},
        ) as response,
    ):
        _check_status(url, response)
        encoding = response.headers.get("Content-Encoding", "identity").strip().lower()
        if encoding not in {"identity", "gzip", "x-gzip", ""}:
            raise Unreachable(f"{url}: Content-Encoding {encoding!r} is not read", "encoding")
        answer = _Body(url, max_bytes, compressed="gzip" in encoding)
        async for chunk in response.aiter_raw(1 << 16):
            answer.add(chunk)
        return Page(response.headers.get("Content-Type", ""), answer.finish())


def _check_status(url: str, response: httpx.Response) -> None:
    status = response.status_code
    if status == httpx.codes.OK:
        return
    if 300 <= status < 400:
        target = response.headers.get("Location", "?")[:200]
        raise Unreachable(f"{url}: redirects to {target!r}; configure that address", "redirect")
    if status in {401, 403}:
        raise Unreachable(f"{url}: refuses the credentials (HTTP {status})", "auth")
    if status == httpx.codes.TOO_MANY_REQUESTS:
        wait = response.headers.get("Retry-After", "")
        seconds = float(wait) if wait.isascii() and wait.isdigit() and len(wait) < 10 else None
        asked = f", {seconds:g} s" if seconds is not None else ""
        words = f"{url}: asks to be read less often (HTTP 429{asked})"
        raise Unreachable(words, "throttled", seconds)
    raise Unreachable(f"{url}: answers HTTP {status}", "http")


class _Body:
    """Collects a body, decompressing it bit by bit so that a bomb never unfolds."""

    def __init__(self, url: str, max_bytes: int, *, compressed: bool) -> None:
        self._url = url
        self._max = max_bytes
        self._unzip = zlib.decompressobj(wbits=zlib.MAX_WBITS | 16) if compressed else None
        self._parts: list[bytes] = []
        self._size = 0

    def add(self, chunk: bytes) -> None:
        if self._unzip is not None:
            if self._unzip.eof:
                raise Unreachable(f"{self._url}: data after the end of the gzip body", "encoding")
            try:
                chunk = self._unzip.decompress(chunk, self._max - self._size + 1)
            except zlib.error as error:
                raise Unreachable(f"{self._url}: the gzip body is broken", "encoding") from error
        self._size += len(chunk)
        if self._size > self._max:
            kind = "limit" if self._unzip is None else "too_large"
            raise Unreachable(
                f"{self._url}: the body is longer than {self._max} bytes (max_body_bytes)", kind
            )
        self._parts.append(chunk)

    def finish(self) -> bytes:
        if self._unzip is not None and not self._unzip.eof:
            raise Unreachable(f"{self._url}: the gzip body is cut off", "encoding")
        body = b"".join(self._parts)
        if body.startswith(_GZIP_MAGIC):
            raise Unreachable(
                f"{self._url}: the body is compressed twice or unannounced", "encoding"
            )
        return body


def _kind(error: httpx.HTTPError) -> str:
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, _Blocked):
            return "limit"
        if isinstance(cause, ssl.SSLError):
            return "tls"
        if isinstance(cause, socket.gaierror):
            return "dns"
        cause = cause.__cause__ or cause.__context__
    if isinstance(error, httpx.ConnectError):
        return "refused"
    return "truncated" if isinstance(error, httpx.RemoteProtocolError) else "network"


def _words(error: httpx.HTTPError) -> str:
    return str(error)[:200] or type(error).__name__
