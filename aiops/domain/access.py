"""Who may do what here."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from aiops.domain.asset import Viewer


class Role(StrEnum):
    """Roles, each allowing a fixed set of permissions."""

    VIEWER = "viewer"
    OPERATOR = "operator"
    APPROVER = "approver"
    ADMIN = "admin"
    AGENT = "agent"
    INTEGRATION = "integration"


@dataclass(frozen=True, slots=True)
class Credential:
    """A token or session, stored only as the hash of its secret.

    Attributes:
        kind: ``token``, ``session`` or ``link`` (a one-time sign-in link).
        digest: SHA-256 of the secret, hex.
        source: The one source whose samples an agent's token may push.
        assets: Patterns of asset keys it may push; empty: those that no other source has.
        interval: How often it pushes each series, where that is known.
    """

    digest: str
    kind: str
    name: str
    role: Role
    viewer: Viewer
    created_at: datetime
    expires_at: datetime
    last_used_at: datetime | None = None
    source: str = ""
    assets: tuple[str, ...] = ()
    interval: timedelta | None = None
