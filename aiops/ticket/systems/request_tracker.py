"""Request Tracker 5 through REST2.

Source: RT::REST2 documentation (Best Practical); the incident key lies in a custom field, and
is looked for by that field alone: any further condition could hide the ticket. Category, service
and team go into custom fields of the user's choice, a team may have a queue of its own, and who
was given the incident may become the owner; what people change over there is never changed back.
"""

import re
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, timedelta
from typing import Any, Final

from aiops.contracts.errors import ConfigError, Refused, Unavailable
from aiops.contracts.plugin import Plugin, Stability
from aiops.contracts.secret import Secret
from aiops.domain.ticket import Ticket, TicketAction, TicketDraft
from aiops.ticket.systems._http import Answer, ask, open_client, require_id

_KEY = re.compile("[0-9a-f]{64}")
_FIELD = re.compile(r"[\w .-]{1,64}")
_CLOSED = frozenset({"resolved", "rejected", "deleted"})
_PRIORITY = {1: 90, 2: 70, 3: 50, 4: 30, 5: 10}
_MOST_TICKETS = 20
"""More tickets than this for one incident means that the server ignores the condition."""


@dataclass(frozen=True, slots=True)
class RequestTrackerSettings:
    """Where the tracker is and what is written into it."""

    url: str = field(metadata={"help": "Address of RT, for example https://rt.example.org"})
    token: Secret = field(metadata={"help": "Authentication token of a user for this service."})
    queue: str = field(metadata={"help": "Queue that gets the tickets."})
    key_field: str = field(
        default="IncidentKey", metadata={"help": "Ticket custom field (one value, free text)."}
    )
    requestor: str = field(default="", metadata={"help": "E-mail address of the requestor."})
    category_field: str = field(
        default="", metadata={"help": "Ticket custom field for the category; empty: in the text."}
    )
    service_field: str = field(
        default="", metadata={"help": "Ticket custom field for the service; empty: in the text."}
    )
    group_field: str = field(
        default="", metadata={"help": "Ticket custom field for the team; empty: in the text."}
    )
    queues: Mapping[str, str] = field(
        default_factory=dict, metadata={"help": "Team to its queue; others go to `queue`."}
    )
    owner: bool = field(
        default=False,
        metadata={"help": "Whether who an incident is given to becomes the owner, by user name."},
    )
    timeout: timedelta = field(
        default=timedelta(seconds=10), metadata={"help": "How long an answer is waited for."}
    )
    settle: timedelta = field(
        default=timedelta(seconds=5),
        metadata={"help": "How long a new ticket may stay invisible to a search."},
    )


class RequestTracker:
    """One queue of one Request Tracker."""

    can_find = True

    def __init__(self, settings: RequestTrackerSettings) -> None:
        named = {
            name: getattr(settings, name)
            for name in ("key_field", "category_field", "service_field", "group_field")
        }
        wrong = [
            f"{name}: {value!r} is not a custom field's name"
            for name, value in named.items()
            if (value or name == "key_field") and not _FIELD.fullmatch(value)
        ]
        if wrong:
            raise ConfigError(wrong)
        self._settings = settings
        self._seconds = settings.timeout.total_seconds()
        self.settle_seconds = settings.settle.total_seconds()
        self._base = settings.url.rstrip("/") + "/REST/2.0"
        self._client = open_client(
            self._seconds, {"Authorization": f"token {settings.token.reveal()}"}
        )

    def create(self, draft: TicketDraft) -> Ticket:
        """Creates the ticket; done only when RT names its id."""
        body: dict[str, Any] = {
            "Subject": draft.subject,
            "Queue": self._settings.queues.get(draft.group, self._settings.queue),
            "Content": draft.body,
            "ContentType": "text/plain",
            "Priority": _PRIORITY.get(draft.priority, 50),
            "CustomFields": {self._settings.key_field: draft.key, **self._fields_of(draft)},
        }
        if self._settings.requestor:
            body["Requestor"] = self._settings.requestor
        if draft.due is not None:
            body["Due"] = draft.due.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S")
        answer = self._ask("POST", "/ticket", "create ticket", json=body)
        number = require_id(answer, "id", "Request Tracker: create ticket")
        ticket = self._read_back(number, draft.key)
        # the ticket is there: who is unknown over there, or may not own it, costs no ticket
        with suppress(Refused, Unavailable):
            self._complete(number, draft)
        return ticket

    def find(self, key: str) -> list[Ticket]:
        """Returns every ticket whose custom field holds the key, oldest first."""
        if not _KEY.fullmatch(key):  # nothing but hex ever gets into a query
            raise Refused(f"{key[:80]!r} is not an incident key (64 hex digits)")
        answer = self._ask(
            "GET",
            "/tickets",
            "look up tickets",
            params={
                "query": f"CF.{{{self._settings.key_field}}}='{key}'",
                "fields": "Subject,Status",
                "orderby": "id",
                "order": "ASC",
                "per_page": str(_MOST_TICKETS),
            },
        )
        body = answer.body if answer is not None else None
        items = body.get("items") if isinstance(body, dict) else None
        if not isinstance(items, list):
            raise Unavailable("Request Tracker: look up tickets: the answer is no list of tickets")
        found = [self.fetch(str(item["id"])) for item in items if isinstance(item, dict)]
        tickets = [ticket for ticket in found if ticket is not None]
        total = body.get("total") if isinstance(body, dict) else None
        if isinstance(total, int) and total > _MOST_TICKETS:
            raise Refused(
                f"Request Tracker: {total} tickets are found for one incident: the look-up is "
                f"not selective; check the custom field {self._settings.key_field}"
            )
        return sorted(tickets, key=lambda ticket: int(ticket.id))

    def update(self, ticket: Ticket, draft: TicketDraft) -> Ticket:
        """Comments, then resolves or reopens; what is already so is left alone."""
        current = self.fetch(ticket.id)
        if current is None:
            raise Refused(f"Request Tracker: ticket {ticket.id} is lost; it is not made anew")
        if draft.action is TicketAction.RESOLVE and not current.is_open:
            return current
        if draft.action is TicketAction.REOPEN and current.is_open and current != ticket:
            return current
        self._complete(current.id, draft)
        comment = {"Content": draft.body, "ContentType": "text/plain"}
        self._ask("POST", f"/ticket/{current.id}/comment", "comment on ticket", json=comment)
        status = _wanted_status(draft.action, current)
        if status:
            self._set_status(current.id, status)
        return self._read_back(current.id, draft.key)

    def fetch(self, ticket_id: str) -> Ticket | None:
        """Returns the ticket as it stands, None when it is gone."""
        return self._get(ticket_id)[0]

    def close(self) -> None:
        """Closes the connections."""
        self._client.close()

    def _fields_of(self, draft: TicketDraft) -> dict[str, str]:
        """Returns the custom fields that are told what is known, by name."""
        told = {
            self._settings.category_field: draft.category,
            self._settings.service_field: draft.service,
            self._settings.group_field: draft.group,
        }
        return {name: value for name, value in told.items() if name and value}

    def _complete(self, number: str, draft: TicketDraft) -> None:
        """Fills in what nobody has filled in over there; what people wrote stays."""
        fields = self._fields_of(draft)
        owner = draft.assignee if self._settings.owner else ""
        if not fields and not owner:
            return
        answer = self._ask("GET", f"/ticket/{number}", "read ticket")
        body = answer.body if answer is not None and isinstance(answer.body, dict) else {}
        lacking = {name: fields[name] for name in fields if not _value_of(body, name)}
        changes: dict[str, Any] = {"CustomFields": lacking} if lacking else {}
        present = body.get("Owner")
        if owner and isinstance(present, dict) and present.get("id") == "Nobody":
            changes["Owner"] = owner
        if changes:
            self._ask("PUT", f"/ticket/{number}", "complete ticket", json=changes)

    def _set_status(self, number: str, status: str) -> None:
        """Changes the status unless somebody else changed the ticket in between (412)."""
        _, etag = self._get(number)
        headers = {"If-Match": etag} if etag else {}
        self._ask(
            "PUT", f"/ticket/{number}", "set status", json={"Status": status}, headers=headers
        )

    def _read_back(self, number: str, key: str) -> Ticket:
        ticket = self.fetch(number)
        if ticket is None:
            raise Unavailable(f"Request Tracker: ticket {number} cannot be read back")
        if ticket.key != key:
            raise Refused(
                f"Request Tracker: ticket {number} does not carry the incident's key; does the "
                f"custom field {self._settings.key_field} apply to queue {self._settings.queue}?"
            )
        return ticket

    def _get(self, number: str) -> tuple[Ticket | None, str]:
        if not number.isdecimal():
            raise Refused(f"Request Tracker: {number[:40]!r} is not a ticket number")
        answer = self._ask("GET", f"/ticket/{number}", "read ticket", missing_is_none=True)
        if answer is None:
            return None, ""
        return self._parse(number, answer), answer.headers.get("ETag", "")

    def _parse(self, number: str, answer: Answer) -> Ticket | None:
        body = answer.body
        if not isinstance(body, dict) or str(body.get("id")) != number:
            raise Unavailable(f"Request Tracker: read ticket: the answer is not ticket {number}")
        status = str(body.get("Status", ""))
        if status == "deleted":
            return None
        version = str(body.get("LastUpdated", ""))
        return Ticket(
            destination="",
            id=number,
            key=_value_of(body, self._settings.key_field),
            status=status,
            is_open=status not in _CLOSED,
            url=f"{self._settings.url.rstrip('/')}/Ticket/Display.html?id={number}",
            version=version,
        )

    def _ask(self, method: str, path: str, what: str, **request: Any) -> Answer | None:
        return ask(
            self._client,
            method,
            self._base + path,
            what=f"Request Tracker: {what}",
            timeout_seconds=self._seconds,
            **request,
        )


def _value_of(body: Mapping[str, Any], name: str) -> str:
    """Returns the first value of a custom field, empty where there is none."""
    for each in body.get("CustomFields") or ():
        if isinstance(each, dict) and each.get("name") == name:
            return str((each.get("values") or [""])[0])
    return ""


def _wanted_status(action: TicketAction, current: Ticket) -> str:
    if action is TicketAction.RESOLVE:
        return "resolved"
    if action is TicketAction.REOPEN and not current.is_open:
        return "open"
    return ""


PLUGIN: Final = Plugin(
    summary="Request Tracker 5 (REST2), one ticket per incident by a custom field",
    settings=RequestTrackerSettings,
    create=RequestTracker,
    stability=Stability.BETA,
    tags=("ticket",),
)
