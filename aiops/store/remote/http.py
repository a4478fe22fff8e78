"""One request to a store: bounded in time and size, without redirects or proxies."""

import gzip
import http.client
import socket
import ssl
import threading
import time
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from aiops.contracts.errors import ConfigError, Refused, Unreachable
from aiops.contracts.secret import Secret

_CHUNK: Final = 1 << 20
_SHOWN: Final = 200
_REFUSING: Final = frozenset({400, 413, 415, 422})
_NO_SECRET: Final = Secret("")
_GZIP_LEVEL: Final = 1
"""Source: zlib's manual: level 1 is the fastest; numbers in text shrink to a quarter with it."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back; header names in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def content_type(self) -> str:
        """The media type without parameters."""
        return self.headers.get("content-type", "").partition(";")[0].strip().lower()


@dataclass(frozen=True, slots=True)
class Credentials:
    """How to sign in; the header is built only when it is sent."""

    scheme: str = ""
    secret: Secret = _NO_SECRET

    def headers(self) -> dict[str, str]:
        """Returns the header, if there is something to say."""
        return {"Authorization": f"{self.scheme} {self.secret.reveal()}"} if self.secret else {}


class Endpoint:
    """Keeps one connection per thread to one server.

    The environment's proxies and ``.netrc`` are not read, redirects are not followed.

    Args:
        key: Of the setting that holds the address, for messages.
        tls: Whom to trust and what to show, where the default does not do.

    Raises:
        ConfigError: The address is not one.
    """

    def __init__(
        self,
        url: str,
        credentials: Credentials,
        seconds: float,
        max_bytes: int = 1 << 30,
        *,
        key: str = "store.settings.url",
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self.url = url.rstrip("/")
        try:
            parts = urlsplit(self.url)
            port = parts.port
        except ValueError as error:
            raise ConfigError([f"{key}: {url!r} is no address: {error}"]) from error
        if parts.scheme not in {"http", "https"} or not parts.hostname or parts.query:
            raise ConfigError([f"{key}: {url!r} is no address such as http://host:8428"])
        if parts.username is not None:
            raise ConfigError([f"{key}: put the account into the settings, not into the address"])
        self._host, self._port, self._path = parts.hostname, port, parts.path
        self._context = None
        if parts.scheme == "https":
            self._context = tls or ssl.create_default_context()
        self._credentials = credentials
        self._seconds = seconds
        self._max_bytes = max_bytes
        self._threads = threading.local()
        self._open: set[http.client.HTTPConnection] = set()
        self._lock = threading.Lock()

    def request(
        self,
        method: str,
        path: str,
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        *,
        compress: bool = False,
        seconds: float | None = None,
    ) -> Answer:
        """Sends one request and reads the whole answer.

        Raises:
            Unreachable: No whole answer in time, or one that says "not now" or "not you".
            Refused: The server will never take this request (400, 413, 415, 422).
        """
        sent = {"Accept-Encoding": "gzip" if compress else "identity", **(headers or {})}
        sent.update(self._credentials.headers())
        if compress and body is not None:
            body = gzip.compress(body, _GZIP_LEVEL, mtime=0)
            sent["Content-Encoding"] = "gzip"
        limit = time.monotonic() + (seconds or self._seconds)
        for fresh in (False, True):
            connection, kept = self._connection(fresh)
            try:
                return self._checked(
                    path, self._exchange(connection, method, path, body, sent, limit)
                )
            except (http.client.HTTPException, OSError, zlib.error, EOFError) as error:
                self._discard(connection)
                stale = isinstance(error, http.client.RemoteDisconnected | ConnectionError)
                if kept and stale:
                    continue  # the server closed a connection that had been idle
                raise self._unreachable(path, error) from error
            except Unreachable:
                self._discard(connection)
                raise
        raise Unreachable(f"{self.url}{path}: no connection", "refused")

    def close(self) -> None:
        """Closes every connection."""
        with self._lock:
            connections, self._open = self._open, set()
        for connection in connections:
            connection.close()
        self._threads = threading.local()

    def _connection(self, fresh: bool) -> tuple[http.client.HTTPConnection, bool]:
        held: http.client.HTTPConnection | None = getattr(self._threads, "connection", None)
        if held is not None and not fresh:
            return held, True
        if self._context is None:
            held = http.client.HTTPConnection(self._host, self._port, timeout=self._seconds)
        else:
            held = http.client.HTTPSConnection(
                self._host, self._port, timeout=self._seconds, context=self._context
            )
        self._threads.connection = held
        with self._lock:
            self._open.add(held)
        return held, False

    def _discard(self, connection: http.client.HTTPConnection) -> None:
        connection.close()
        with self._lock:
            self._open.discard(connection)
        self._threads.connection = None

    def _exchange(
        self,
        connection: http.client.HTTPConnection,
        method: str,
        path: str,
        body: bytes | None,
        headers: Mapping[str, str],
        limit: float,
    ) -> Answer:
        left = limit - time.monotonic()
        if left <= 0:
            raise TimeoutError("no time left")
        connection.timeout = left
        if connection.sock is None:
            connection.connect()
            opened: socket.socket = connection.sock  # type: ignore[assignment]  # connect() set it
            opened.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connection.sock.settimeout(left)
        connection.request(method, self._path + path, body=body, headers=dict(headers))
        with connection.getresponse() as response:  # else half an answer keeps its socket open
            whole = self._read(response, connection, path, limit)
            found = {name.lower(): value for name, value in response.getheaders()}
        if found.get("content-encoding", "").lower() == "gzip":
            unzip = zlib.decompressobj(wbits=zlib.MAX_WBITS | 16)
            whole = unzip.decompress(whole, self._max_bytes)
            if not unzip.eof:
                raise EOFError("the gzip body is cut off or too long")
        return Answer(response.status, found, whole)

    def _read(
        self,
        response: http.client.HTTPResponse,
        connection: http.client.HTTPConnection,
        path: str,
        limit: float,
    ) -> bytes:
        parts: list[bytes] = []
        size = 0
        while chunk := response.read(_CHUNK):
            parts.append(chunk)
            size += len(chunk)
            if size > self._max_bytes:
                raise Unreachable(
                    f"{self.url}{path}: the answer is longer than {self._max_bytes} bytes", "limit"
                )
            left = limit - time.monotonic()
            if left <= 0:
                raise TimeoutError(f"no whole answer within {self._seconds:g} s")
            if connection.sock is not None:
                connection.sock.settimeout(left)
        if response.length:
            raise http.client.IncompleteRead(b"", response.length)
        return b"".join(parts)

    def _checked(self, path: str, answer: Answer) -> Answer:
        status = answer.status
        if 200 <= status < 300:
            return answer
        said = " ".join(answer.body[:_SHOWN].decode("utf-8", "replace").split())
        where = f"{self.url}{path.partition('?')[0]}"
        if status in {401, 403}:
            raise Unreachable(
                f"{where}: the credentials are refused (HTTP {status}): {said}", "auth"
            )
        if 300 <= status < 400:
            target = answer.headers.get("location", "?")[:_SHOWN]
            raise Unreachable(
                f"{where}: redirects to {target!r}; configure that address", "redirect"
            )
        if status in _REFUSING:
            raise Refused(f"{where}: refused for good (HTTP {status}): {said}")
        wait = answer.headers.get("retry-after", "")
        after = float(wait) if wait.isascii() and wait.isdigit() and len(wait) < 6 else None
        kind = "not_found" if status == 404 else "http"
        raise Unreachable(f"{where}: answers HTTP {status}: {said}", kind, after)

    def _unreachable(self, path: str, error: Exception) -> Unreachable:
        where = f"{self.url}{path.partition('?')[0]}"
        if isinstance(error, TimeoutError):
            return Unreachable(f"{where}: no answer within {self._seconds:g} s", "timeout")
        if isinstance(error, ssl.SSLError):
            return Unreachable(f"{where}: TLS: {error.reason}", "tls")
        if isinstance(error, ConnectionRefusedError):
            return Unreachable(f"{where}: nothing listens there", "refused")
        if isinstance(error, socket.gaierror):
            return Unreachable(f"{where}: the name is not known", "dns")
        said = str(error)[:_SHOWN] or type(error).__name__
        return Unreachable(f"{where}: the answer broke off: {said}", "truncated")
