"""A signed JSON message to any address.

Source: Standard Webhooks 1.0 (headers, HMAC-SHA256 over ``id.timestamp.body``) and the
``Idempotency-Key`` header of the IETF draft; both ids are the outbox row's, so that a receiver
which honours them makes exactly one ticket of any number of attempts.
"""

import base64
import binascii
import hashlib
import hmac
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Final
from urllib.parse import quote

import orjson

from aiops.contracts.errors import ConfigError, Refused, Unavailable
from aiops.contracts.plugin import Plugin, Stability
from aiops.contracts.secret import Secret
from aiops.domain.ticket import Ticket, TicketAction, TicketDraft
from aiops.ticket.systems._http import Answer, ask, open_client, require_id

_PREFIX = "whsec_"


@dataclass(frozen=True, slots=True)
class WebhookSettings:
    """Where messages go and how they are signed."""

    url: Secret = field(metadata={"help": "Address that gets a POST for each message."})
    secret: Secret = field(
        default=Secret(""),
        metadata={"help": "Signing secret: whsec_ and base64, or any text; empty: unsigned."},
    )
    lookup_url: str = field(
        default="",
        metadata={"help": "Answers GET with the tickets of an incident; {key} is replaced."},
    )
    ticket_url: str = field(
        default="",
        metadata={"help": "Answers GET with one ticket; {id} is replaced. For reading back."},
    )
    id_field: str = field(
        default="id",
        metadata={"help": "Field of the answer that names the ticket; empty: any 2xx will do."},
    )
    timeout: timedelta = field(
        default=timedelta(seconds=10), metadata={"help": "How long an answer is waited for."}
    )
    settle: timedelta = field(
        default=timedelta(seconds=5),
        metadata={"help": "How long a new ticket may stay invisible to the look-up."},
    )


class Webhook:
    """Posts drafts; without a look-up address delivery is at least once with a stable id."""

    def __init__(
        self, settings: WebhookSettings, now_seconds: Callable[[], float] = time.time
    ) -> None:
        self._settings = settings
        self._seconds = settings.timeout.total_seconds()
        self._now_seconds = now_seconds
        self._key = _signing_key(settings.secret)
        self._client = open_client(self._seconds, {"User-Agent": "aiops"})
        self.can_find = bool(settings.lookup_url)
        self.settle_seconds = settings.settle.total_seconds() if self.can_find else 0.0

    def create(self, draft: TicketDraft) -> Ticket:
        """Posts the draft; done only when the answer names the ticket."""
        return self._post(draft, "")

    def find(self, key: str) -> list[Ticket]:
        """Asks the look-up address; empty without one."""
        if not self.can_find:
            return []
        answer = ask(
            self._client,
            "GET",
            self._settings.lookup_url.replace("{key}", key),
            what="webhook: look up tickets",
            timeout_seconds=self._seconds,
        )
        body = answer.body if answer is not None else None
        items = body.get("tickets") if isinstance(body, dict) else body
        if not isinstance(items, list) or not all(isinstance(item, dict) for item in items):
            raise Unavailable("webhook: look up tickets: the answer is no list of tickets")
        return [_ticket(item) for item in items]

    def update(self, ticket: Ticket, draft: TicketDraft) -> Ticket:
        """Posts the change with the ticket's id."""
        return self._post(draft, ticket.id)

    def fetch(self, ticket_id: str) -> Ticket | None:
        """Asks the ticket's address; a webhook that has none refuses."""
        if not self._settings.ticket_url:
            raise Refused(f"webhook: ticket {ticket_id} cannot be read back; set ticket_url")
        answer = ask(
            self._client,
            "GET",
            self._settings.ticket_url.replace("{id}", quote(ticket_id, safe="")),
            what="webhook: read ticket",
            timeout_seconds=self._seconds,
            missing_is_none=True,
        )
        if answer is None:
            return None
        require_id(answer, "id", "webhook: read ticket")
        return _ticket(answer.body)

    def close(self) -> None:
        """Closes the connections."""
        self._client.close()

    def _post(self, draft: TicketDraft, ticket_id: str) -> Ticket:
        body = orjson.dumps(_body(draft, ticket_id))
        number = draft.message_id.replace(".", "-")
        headers = {
            "Content-Type": "application/json",
            "Idempotency-Key": number,
            **sign(self._key, number, int(self._now_seconds()), body),
        }
        answer = ask(
            self._client,
            "POST",
            self._settings.url.reveal(),
            what="webhook: send",
            timeout_seconds=self._seconds,
            content=body,
            headers=headers,
        )
        name = self._name(answer, draft, ticket_id)
        is_open = draft.action is not TicketAction.RESOLVE
        url = answer.body.get("url", "") if answer and isinstance(answer.body, dict) else ""
        return Ticket("", name, draft.key, "open" if is_open else "closed", is_open, str(url))

    def _name(self, answer: Answer | None, draft: TicketDraft, ticket_id: str) -> str:
        if ticket_id:
            return ticket_id
        if not self._settings.id_field:
            return draft.key
        return require_id(answer, self._settings.id_field, "webhook: send")


def sign(key: bytes, number: str, timestamp: int, body: bytes) -> dict[str, str]:
    """Returns the three headers of Standard Webhooks; no signature without a key.

    >>> key = base64.b64decode("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    >>> body = b'{"test": 2432232314}'
    >>> sign(key, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, body)["webhook-signature"]
    'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE='
    """
    headers = {"webhook-id": number, "webhook-timestamp": str(timestamp)}
    if key:
        signed = b".".join((number.encode(), str(timestamp).encode(), body))
        digest = hmac.new(key, signed, hashlib.sha256).digest()
        headers["webhook-signature"] = f"v1,{base64.b64encode(digest).decode()}"
    return headers


def _signing_key(secret: Secret) -> bytes:
    text = secret.reveal()
    if not text.startswith(_PREFIX):
        return text.encode()
    try:
        return base64.b64decode(text.removeprefix(_PREFIX), validate=True)
    except binascii.Error:
        problem = "secret: starts with whsec_ but the rest is not base64"
        raise ConfigError([problem]) from None


def _body(draft: TicketDraft, ticket_id: str) -> dict[str, Any]:
    return {
        "type": f"incident.{draft.action.value}",
        "data": {
            "incident": draft.key,
            "message": draft.message_id,
            "ticket": ticket_id or None,
            "action": draft.action.value,
            "subject": draft.subject,
            "body": draft.body,
            "priority": draft.priority,
            "due": draft.due.isoformat() if draft.due else None,
            "url": draft.url,
            "category": draft.category,
            "service": draft.service,
            "group": draft.group,
            "assignee": draft.assignee,
        },
    }


def _ticket(item: dict[str, Any]) -> Ticket:
    status = str(item.get("status", ""))
    return Ticket(
        destination="",
        id=str(item.get("id", "")),
        key=str(item.get("key", "")),
        status=status,
        is_open=bool(item.get("is_open", status not in {"closed", "resolved"})),
        url=str(item.get("url", "")),
        version=str(item.get("version", "")),
    )


PLUGIN: Final = Plugin(
    summary="Signed JSON to any address (Standard Webhooks), with a stable id over retries",
    settings=WebhookSettings,
    create=Webhook,
    stability=Stability.BETA,
    tags=("ticket",),
)
