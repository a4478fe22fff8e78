"""The default-deny router: every route says which permission it asks for, or nothing starts."""

import base64
import binascii
import hmac
import ipaddress
import re
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any, Final
from urllib.parse import urlsplit

from fastapi import Depends, FastAPI, Request
from starlette.exceptions import HTTPException
from starlette.routing import BaseRoute

from aiops.api.access import Permission, check, csrf_of, digest_of, may, touch
from aiops.api.problem import unauthorised
from aiops.api.service import ReadService
from aiops.contracts.errors import PluginError, StoreError
from aiops.domain.access import Credential
from aiops.domain.asset import Viewer

_SAFE_METHODS: Final = frozenset({"GET", "HEAD"})
_HOST: Final = re.compile(r"^(\[[0-9a-fA-F:.]+\]|[A-Za-z0-9._-]+)(:[0-9]{1,5})?$")
_IN_ADDRESS: Final = frozenset({"u", "p", "token", "access_token"})
_LOCAL_HOSTS: Final = frozenset({"localhost", "127.0.0.1", "[::1]"})


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asked, proven by a token or a session.

    Attributes:
        csrf: Token of the session's pages; empty when a bearer token was used.
    """

    credential: Credential
    csrf: str = ""

    @property
    def viewer(self) -> Viewer:
        """The scope every read is filtered by, under the name of the credential."""
        return replace(self.credential.viewer, name=self.credential.name)


class Gate:
    """Adds routes to an application and guards each with its permission."""

    def __init__(self, app: FastAPI, service: ReadService) -> None:
        self._app = app
        self._service = service
        self._declared: dict[tuple[str, str], Permission] = {}

    @property
    def cookie(self) -> str:
        """Name of the session cookie; ``__Host-`` needs TLS."""
        return "__Host-aiops" if self._service.serving.tls else "aiops_session"

    def add(
        self,
        method: str,
        path: str,
        permission: Permission,
        endpoint: Callable[..., Any],
        **openapi: Any,
    ) -> None:
        """Adds one route; ``permission`` is a required argument on purpose."""
        self._declared[(method, path)] = permission
        self._app.add_api_route(
            path,
            endpoint,
            methods=[method],
            dependencies=[Depends(self._guard(permission))],
            response_model=None,
            **openapi,
        )

    @property
    def declared(self) -> dict[tuple[str, str], Permission]:
        """Permission by (method, path)."""
        return dict(self._declared)

    def check_routes(self, routes: list[BaseRoute]) -> None:
        """Makes sure that no route was added past the gate.

        Raises:
            PluginError: A route has no declared permission.
        """
        for route in routes:
            path = getattr(route, "path", repr(route))
            methods = getattr(route, "methods", None) or {"*"}
            for method in methods:
                if (method, path) not in self._declared:
                    msg = f"route {method} {path} declares no permission; add it through the gate"
                    raise PluginError(msg)

    def identify(self, request: Request) -> Caller | None:
        """Returns who is calling, None without a valid credential."""
        header = request.headers.get("authorization")
        if header is not None:
            scheme, _, secret = header.partition(" ")
            if scheme.lower() != "bearer":
                return None
            return self._by_token(secret.strip())
        secret = request.cookies.get(self.cookie, "")
        credential = find_credential(self._service, secret, "session") if secret else None
        return None if credential is None else Caller(credential, csrf_of(secret))

    def identify_agent(self, request: Request) -> Caller | None:
        """Returns which agent pushes; agents send their token in several ways.

        ``Bearer`` (OTLP, remote write), ``Token`` (clients of InfluxDB 2) or as the password of
        HTTP basic authentication (clients of InfluxDB 1, collectd).

        Raises:
            HTTPException: 400, a credential in the address, where logs would keep it.
        """
        if not _IN_ADDRESS.isdisjoint(request.query_params):
            raise HTTPException(400, "send the token in the Authorization header, not in the URL")
        scheme, _, secret = request.headers.get("authorization", "").partition(" ")
        match scheme.lower():
            case "bearer" | "token":
                return self._by_token(secret.strip())
            case "basic":
                try:
                    pair = base64.b64decode(secret.strip(), validate=True).decode()
                except (binascii.Error, UnicodeDecodeError):
                    return None
                return self._by_token(pair.partition(":")[2])
        return None

    def _by_token(self, secret: str) -> Caller | None:
        credential = find_credential(self._service, secret, "token")
        return None if credential is None else Caller(credential)

    def _guard(self, permission: Permission) -> Callable[[Request], None]:
        def guard(request: Request) -> None:
            if request.method not in _SAFE_METHODS:
                check_origin(request)
            if permission is Permission.OPEN or (
                permission is Permission.LOOPBACK and from_loopback(request)
            ):
                return
            agent = permission is Permission.INGEST
            found = self.identify_agent(request) if agent else self.identify(request)
            if found is None and agent:
                # Agents built on libcurl send their password only when asked for it like this.
                told = {"WWW-Authenticate": 'Basic realm="aiops"'}
                raise HTTPException(401, "a token of an agent is needed: aiops token create", told)
            if found is None:
                raise unauthorised(request)
            if not may(found.credential.role, permission):
                raise HTTPException(
                    403, f"the role {found.credential.role} may not {permission} here"
                )
            if request.method not in _SAFE_METHODS and found.csrf:
                sent = request.headers.get("x-csrf-token", "")
                if not hmac.compare_digest(sent.encode(), found.csrf.encode()):
                    raise HTTPException(403, "the page is out of date; reload it and try again")
            request.state.caller = found

        return guard


def find_credential(service: ReadService, secret: str, kind: str) -> Credential | None:
    """Returns the valid credential behind a secret, and notes that it was used."""
    now = service.now()
    ledger = service.ledger
    found = check(ledger.credential(digest_of(secret)), kind, now)
    used = touch(found, now) if found is not None else None
    if used is not None:
        # A full disk must not lock people out of the pages that tell of it.
        with suppress(StoreError):
            ledger.put_credential(used)
    return found


def caller_of(request: Request) -> Caller:
    """Returns the caller that the route's guard has let in."""
    found = request.state.caller
    if not isinstance(found, Caller):  # an open route asks for a caller: a bug, not an answer
        raise unauthorised(request)
    return found


def from_loopback(request: Request) -> bool:
    """Whether the other end is this host itself, not a proxy on it."""
    if request.client is None or "x-forwarded-for" in request.headers:
        return False
    try:
        return ipaddress.ip_address(request.client.host).is_loopback
    except ValueError:
        return False


def check_origin(request: Request) -> None:
    """Refuses a change that a page of another site has sent.

    Source: OWASP CSRF prevention: Fetch Metadata first, Origin where a browser sends none.

    Raises:
        HTTPException: 403, the request comes from elsewhere.
    """
    site = request.headers.get("sec-fetch-site")
    origin = request.headers.get("origin")
    foreign = site not in (None, "same-origin", "none")
    if origin is not None and not foreign:
        foreign = urlsplit(origin).netloc != request.headers.get("host", "")
    if foreign:
        raise HTTPException(403, "this change was sent by a page of another site")


def host_is_known(host: str, hosts: frozenset[str], public_url: str) -> bool:
    """Whether a ``Host`` header names this service.

    >>> host_is_known("127.0.0.1:8420", frozenset(), "")
    True
    >>> host_is_known("x/livez?", frozenset(), ""), host_is_known("evil.example", frozenset(), "")
    (False, False)
    """
    match = _HOST.fullmatch(host)
    if match is None:
        return False
    name = match.group(1).lower()
    public = urlsplit(public_url).hostname or ""
    return name in _LOCAL_HOSTS or name in hosts or (bool(public) and name == public)
