"""What stands before every route: host check, body limit, security headers. Plain ASGI."""

from typing import Final

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from aiops.api.gate import host_is_known
from aiops.api.problem import problem
from aiops.api.service import Serving

MAX_BODY: Final = 10 << 20
"""Bytes of a request body. Source: reliability contract, security defaults."""

_PLOTLY_STYLES: Final = (
    "'sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=' "
    "'sha256-ji27qzEtxXZW+7dun6UwjHXJ18e6WAin1VvNtkzIE/o='"
)
"""The two style elements plotly.js adds: an empty one that it fills by script, and one for maps.

With another version of plotly.js the second may differ; then maps alone lose their looks.
"""

_POLICY: Final = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        f"style-src 'self' {_PLOTLY_STYLES}",
        "img-src 'self' data:",
        "font-src 'self'",
        "connect-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    )
)

_HEADERS: Final = {
    "Content-Security-Policy": _POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}


class BodyTooLarge(Exception):
    """More bytes came than a body may have."""


class Shield:
    """Refuses foreign hosts and large bodies; adds the security headers to every answer."""

    def __init__(self, app: ASGIApp, serving: Serving) -> None:
        self._app = app
        self._serving = serving

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handles one connection."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        reply = _Reply(send, tls=self._serving.tls)
        refusal = self._refusal(Headers(scope=scope))
        if refusal is not None:
            await refusal(scope, receive, reply)
            return
        try:
            await self._app(scope, _Counter(receive), reply)
        except BodyTooLarge:
            if reply.started:
                raise
            await _too_large()(scope, receive, reply)

    def _refusal(self, headers: Headers) -> Response | None:
        hosts = headers.getlist("host")
        if len(hosts) != 1 or not host_is_known(
            hosts[0], self._serving.hosts, self._serving.public_url
        ):
            return problem(
                400,
                "the Host header names another service; see ticket.public_url",
            )
        length = headers.get("content-length", "0")
        if not length.isdigit() or int(length) > MAX_BODY:
            return _too_large()
        return None


class _Reply:
    """Adds the security headers to an answer on its way out."""

    def __init__(self, send: Send, *, tls: bool) -> None:
        self._send = send
        self._tls = tls
        self.started = False

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.started = True
            headers = MutableHeaders(scope=message)
            for name, value in _HEADERS.items():
                headers[name] = value
            headers.setdefault("Cache-Control", "no-store")
            if self._tls:
                headers["Strict-Transport-Security"] = "max-age=31536000"
        await self._send(message)


class _Counter:
    """Counts the bytes of a body as they come, whatever its length header says."""

    def __init__(self, receive: Receive) -> None:
        self._receive = receive
        self._taken = 0

    async def __call__(self) -> Message:
        message = await self._receive()
        self._taken += len(message.get("body", b""))
        if self._taken > MAX_BODY:
            raise BodyTooLarge
        return message


def _too_large() -> Response:
    return problem(413, f"a body has at most {MAX_BODY} bytes")
