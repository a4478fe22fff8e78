"""Where agents push to: body limits, the token's source, the receivers' addresses."""

import threading
import zlib
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import Final

import structlog
from fastapi import Request
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.responses import Response

from aiops import plugins
from aiops.api.access import Permission
from aiops.api.gate import Gate, caller_of
from aiops.api.problem import problem
from aiops.api.service import ReadService
from aiops.contracts.errors import PluginError, Refused, Unavailable
from aiops.contracts.receiver import GRPC, PUSH, Push, Receiver, Route
from aiops.domain.access import Credential

MAX_BODY: Final = 40 << 20
"""Bytes after decompression. Source: reliability contract, security defaults."""
MAX_RATIO: Final = 100
# Short bodies of equal lines shrink further than any long one of real samples.
_RATIO_FROM: Final = 1 << 20
_MAX_TAKEN: Final = 64 << 20
_UNSTATED: Final = 10 << 20
_GZIP_MAGIC: Final = b"\x1f\x8b"
_CREDENTIALS: Final = frozenset({"authorization", "cookie"})
_log = structlog.get_logger("api")


def add_push(gate: Gate, service: ReadService) -> None:
    """Adds the addresses of every receiver that is installed."""
    taken = _Taken(_MAX_TAKEN)
    for kind, receiver in installed_receivers().items():
        for route in receiver.routes:
            if route.method == GRPC:
                continue
            permission = Permission.OPEN if route.probe else Permission.INGEST
            endpoint = _probe if route.probe else _endpoint(service, kind, route, taken)
            gate.add(route.method, route.path, permission, endpoint, summary=route.summary)


def unzip(body: bytes) -> bytes:
    """Returns a gzip body decompressed, bit by bit so that a bomb never unfolds.

    Raises:
        HTTPException: 400 broken or cut off, 413 too large, 415 compressed twice.
    """
    unzipper = zlib.decompressobj(wbits=zlib.MAX_WBITS | 16)
    try:
        plain = unzipper.decompress(body, MAX_BODY + 1)
    except zlib.error as error:
        raise HTTPException(400, "the gzip body is broken") from error
    if len(plain) > MAX_BODY or len(plain) > max(MAX_RATIO * len(body), _RATIO_FROM):
        raise HTTPException(
            413, f"a body has at most {MAX_BODY} bytes and shrinks at most {MAX_RATIO} times"
        )
    if not unzipper.eof or unzipper.unused_data:
        raise HTTPException(400, "the gzip body is cut off, or goes on after its end")
    if plain.startswith(_GZIP_MAGIC):
        raise HTTPException(415, "the body is compressed twice")
    return plain


def installed_receivers() -> dict[str, Receiver]:
    """Returns one instance of every receiver that is installed, to ask for its addresses."""
    found: dict[str, Receiver] = {}
    for name in plugins.list_names("collectors"):
        try:
            plugin = plugins.load("collectors", name)
            if PUSH in plugin.tags:
                receiver = plugins.create("collectors", name, plugin.settings())
                if isinstance(receiver, Receiver):
                    found[name] = receiver
        except PluginError as error:  # one that cannot be had disturbs nobody
            _log.info("receiver not offered", receiver=name, why=str(error))
    return found


def _endpoint(
    service: ReadService, kind: str, route: Route, taken: "_Taken"
) -> Callable[[Request], Awaitable[Response]]:
    async def take(request: Request) -> Response:
        credential = caller_of(request).credential
        if not credential.source:
            raise HTTPException(
                403, "this token is bound to no source; make one: aiops token create --help"
            )
        with taken.room(request):
            return await run_in_threadpool(
                _receive, service, kind, route, credential, request, await request.body()
            )

    return take


def _receive(
    service: ReadService,
    kind: str,
    route: Route,
    credential: Credential,
    request: Request,
    raw: bytes,
) -> Response:
    encoding = request.headers.get("content-encoding", "identity").strip().lower()
    if encoding in {"gzip", "x-gzip"}:
        raw = unzip(raw)
    elif encoding not in {"", "identity"} and encoding not in route.encodings:
        raise HTTPException(415, f"Content-Encoding {encoding[:40]!r} is not read; send gzip")
    push = Push(
        path=route.path,
        source=credential.source,
        query=dict(request.query_params),
        headers={n: v for n, v in request.headers.items() if n not in _CREDENTIALS},
        body=raw,
        now=service.now(),
        max_bytes=MAX_BODY,
    )
    try:
        told = service.push(kind, credential, push)
    except Refused as error:
        raise HTTPException(403, str(error)) from error
    except Unavailable as error:
        return problem(503, str(error), headers={"Retry-After": f"{int(error.retry_after or 5)}"})
    return Response(
        told.body or None, told.status, headers=dict(told.headers), media_type=told.media_type
    )


def _probe() -> Response:
    return Response(status_code=204)


class _Taken:
    """Counts the bytes of bodies under way, so that many large ones never fill the memory."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._bytes = 0
        self._lock = threading.Lock()

    @contextmanager
    def room(self, request: Request) -> Iterator[None]:
        length = request.headers.get("content-length", "")
        size = int(length) if length.isdigit() else _UNSTATED
        with self._lock:
            if self._bytes + size > self._most:
                raise HTTPException(
                    503, "too many bodies at once; send again", {"Retry-After": "1"}
                )
            self._bytes += size
        try:
            yield
        finally:
            with self._lock:
                self._bytes -= size
