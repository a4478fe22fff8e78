"""Who is calling and what they may do: pure functions over credentials.

A secret is random, 256 bit, shown once; only its SHA-256 is kept. A hash without salt or
stretching is right here because the secret is not chosen by a person.
"""

import hashlib
import secrets
from dataclasses import replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from aiops.domain.access import Credential, Role
from aiops.domain.asset import Viewer

TOKEN_PREFIX: Final = "aiops_"  # noqa: S105 -- a mark that secret scanners look for, no secret
SESSION_ABSOLUTE: Final = timedelta(hours=12)
SESSION_IDLE: Final = timedelta(minutes=30)
LINK_TTL: Final = timedelta(minutes=10)
TOUCH_EVERY: Final = timedelta(minutes=1)


class Permission(StrEnum):
    """What a route asks of its caller."""

    OPEN = "open"
    LOOPBACK = "loopback"
    READ = "read"
    ACT = "act"
    APPROVE = "approve"
    INGEST = "ingest"


_ALLOWED: Final[dict[Role, frozenset[Permission]]] = {
    Role.VIEWER: frozenset({Permission.READ}),
    Role.OPERATOR: frozenset({Permission.READ, Permission.ACT}),
    Role.APPROVER: frozenset({Permission.READ, Permission.ACT, Permission.APPROVE}),
    Role.ADMIN: frozenset(Permission),
    Role.AGENT: frozenset({Permission.INGEST}),
    Role.INTEGRATION: frozenset(),
}


def may(role: Role, permission: Permission) -> bool:
    """Whether the role holds the permission.

    >>> may(Role.VIEWER, Permission.ACT), may(Role.OPERATOR, Permission.ACT)
    (False, True)
    """
    return permission in _ALLOWED[role] or permission is Permission.OPEN


def digest_of(secret: str) -> str:
    """Returns the SHA-256 under which a secret is kept.

    >>> digest_of("a")[:8]
    'ca978112'
    """
    return hashlib.sha256(secret.encode()).hexdigest()


def csrf_of(secret: str) -> str:
    """Returns the token that a page of this session sends back with each change."""
    return hashlib.sha256(b"csrf\x1f" + secret.encode()).hexdigest()


def new_token(
    name: str, role: Role, viewer: Viewer, now: datetime, ttl: timedelta
) -> tuple[str, Credential]:
    """Returns a new API token: the secret, to be shown once, and what is stored of it."""
    return _new("token", name, role, viewer, now, ttl)


def new_agent_token(
    name: str,
    source: str,
    now: datetime,
    ttl: timedelta,
    *,
    assets: tuple[str, ...] = (),
    interval: timedelta | None = None,
) -> tuple[str, Credential]:
    """Returns a token that pushes samples of one source and can do nothing else."""
    secret, credential = _new("token", name, Role.AGENT, Viewer(name), now, ttl)
    return secret, replace(credential, source=source, assets=assets, interval=interval)


def new_link(name: str, role: Role, viewer: Viewer, now: datetime) -> tuple[str, Credential]:
    """Returns the secret of a one-time sign-in link (``/login?link=<secret>``), ten minutes."""
    return _new("link", name, role, viewer, now, LINK_TTL)


def new_session(by: Credential, now: datetime) -> tuple[str, Credential]:
    """Returns the session that a sign-in link, or a token pasted by a person, is exchanged for.

    A session from a token does not outlive it.
    """
    ttl = SESSION_ABSOLUTE
    if by.kind == "token":
        ttl = min(ttl, by.expires_at - now)
    return _new("session", by.name, by.role, by.viewer, now, ttl)


def check(credential: Credential | None, kind: str, now: datetime) -> Credential | None:
    """Returns the credential when it may be used now as what it is, else None."""
    if credential is None or credential.kind != kind or now >= credential.expires_at:
        return None
    if kind == "session":
        used = credential.last_used_at or credential.created_at
        if now - used >= SESSION_IDLE:
            return None
    return credential


def touch(credential: Credential, now: datetime) -> Credential | None:
    """Returns the credential as used now, None when its last use was noted a moment ago."""
    used = credential.last_used_at
    if used is not None and now - used < TOUCH_EVERY:
        return None
    return replace(credential, last_used_at=now)


def _new(
    kind: str, name: str, role: Role, viewer: Viewer, now: datetime, ttl: timedelta
) -> tuple[str, Credential]:
    secret = TOKEN_PREFIX + secrets.token_urlsafe(32)
    credential = Credential(digest_of(secret), kind, name, role, viewer, now, now + ttl)
    return secret, credential
