"""Signed links by which whoever reads a ticket or a mail says how a prediction ended."""

import hashlib
import hmac
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Final

from aiops.domain.incident import Incident

VALID: Final = timedelta(days=30)
VERDICTS: Final = ("happened", "averted", "false")
"""What a link can say, and nothing else."""
_LONGEST: Final = 200

Links = Callable[[Incident], dict[str, str]]
"""Verdict to the address that gives it."""


def verdict_links(key: bytes, public_url: str) -> Links | None:
    """Returns what writes the links of an incident; None where nobody could follow them.

    They are valid from its opening on, so that the same message has the same links.
    """
    address = public_url.rstrip("/")
    if not key or not address:
        return None

    def links(incident: Incident) -> dict[str, str]:
        return {
            verdict: f"{address}/verdict/{sign_verdict(key, incident, verdict)}"
            for verdict in VERDICTS
        }

    return links


def sign_verdict(key: bytes, incident: Incident, verdict: str) -> str:
    """Returns the token of a link that gives one verdict on one incident."""
    until = int((incident.opened_at + VALID).timestamp())
    return f"{incident.key}.{verdict}.{until}.{_mac(key, incident.key, verdict, until)}"


def read_verdict(key: bytes, token: str, now: datetime) -> tuple[str, str] | None:
    """Returns incident and verdict of a token; None when it is not ours or out of time."""
    parts = token.split(".")
    if len(token) > _LONGEST or len(parts) != 4:
        return None
    incident, verdict, text, mac = parts
    if verdict not in VERDICTS or not (text.isascii() and text.isdigit()) or len(text) > 12:
        return None
    right = hmac.compare_digest(_mac(key, incident, verdict, int(text)).encode(), mac.encode())
    alive = right and now < datetime.fromtimestamp(int(text), UTC)
    return (incident, verdict) if alive else None


def _mac(key: bytes, incident: str, verdict: str, until: int) -> str:
    text = f"verdict|{incident}|{verdict}|{until}".encode()
    return hmac.new(key, text, hashlib.sha256).hexdigest()[:40]
