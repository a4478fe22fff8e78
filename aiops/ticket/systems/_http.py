"""One request to a foreign system, and what its answer means: definite or not."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import Any

import httpx
import orjson

from aiops.contracts.errors import Refused, Unavailable

_MOST_BYTES = 1 << 20
_SHOWN_CHARACTERS = 300
_INDEFINITE = frozenset({202, 408, 409, 412, 423, 425, 429, 499})
"""Answers after which the request may have been done, or may be done later.

Source: RFC 9110 (202, 408, 409, 412), RFC 6585 (429), RFC 8470 (425); 202 and 499 are what
ServiceNow answers when its queue overflowed or its client gave up.
"""


@dataclass(frozen=True, slots=True)
class Answer:
    """A definite 2xx answer with a JSON body (None where there is no body)."""

    status: int
    body: Any
    headers: Mapping[str, str]


def open_client(timeout_seconds: float, headers: Mapping[str, str]) -> httpx.Client:
    """Returns a client that follows no redirects and asks no environment for proxies."""
    return httpx.Client(
        timeout=timeout_seconds,
        headers={"Accept": "application/json", **headers},
        follow_redirects=False,
        trust_env=False,
    )


def ask(
    client: httpx.Client,
    method: str,
    url: str,
    *,
    what: str,
    timeout_seconds: float,
    missing_is_none: bool = False,
    monotonic: Callable[[], float] = time.monotonic,
    **request: Any,
) -> Answer | None:
    """Sends one request and returns its definite answer.

    Args:
        what: Words for messages; the URL itself may hold a secret and is never shown.
        missing_is_none: 404 means None instead of a refusal.

    Raises:
        Refused: A definite no.
        Unavailable: Anything else but a 2xx with JSON.
    """
    deadline = monotonic() + 2 * timeout_seconds
    try:
        with client.stream(method, url, **request) as response:
            content = bytearray()
            for chunk in response.iter_bytes():
                content += chunk
                if len(content) > _MOST_BYTES or monotonic() > deadline:
                    raise Unavailable(f"{what}: the answer does not end; cut off")
            return _judge(response, bytes(content), what, missing_is_none=missing_is_none)
    except (httpx.InvalidURL, httpx.UnsupportedProtocol) as error:
        raise Refused(f"{what}: the configured URL is not valid ({type(error).__name__})") from None
    except httpx.HTTPError as error:
        raise Unavailable(f"{what}: no answer ({type(error).__name__})") from None


def require_id(answer: Answer | None, field: str, what: str) -> str:
    """Returns the identifier in the answer: without one nothing counts as done.

    Raises:
        Unavailable: There is none.
    """
    body = answer.body if answer is not None else None
    found = body.get(field) if isinstance(body, dict) else None
    if not isinstance(found, str | int) or isinstance(found, bool) or not str(found).strip():
        raise Unavailable(f"{what}: the answer names no {field}; it does not count as done")
    return str(found)


def _judge(
    response: httpx.Response, content: bytes, what: str, *, missing_is_none: bool
) -> Answer | None:
    status = response.status_code
    if status == 404 and missing_is_none:
        return None
    if 300 <= status < 400:
        raise Unavailable(f"{what}: answered with a redirect ({status}); it is not followed")
    if status >= 500 or status in _INDEFINITE or status < 200:
        raise Unavailable(f"{what}: answered {status}", _retry_after(response))
    if status >= 400:
        raise Refused(f"{what}: refused with {status}: {_excerpt(content)}")
    if not content:
        return Answer(status, None, response.headers)
    try:
        return Answer(status, orjson.loads(content), response.headers)
    except orjson.JSONDecodeError:
        raise Unavailable(f"{what}: answered {status} without JSON; wrong server?") from None


def _excerpt(content: bytes) -> str:
    text = content[: 4 * _SHOWN_CHARACTERS].decode("utf-8", "replace")
    return "".join(c if c.isprintable() else " " for c in text)[:_SHOWN_CHARACTERS]


def _retry_after(response: httpx.Response) -> float | None:
    asked = response.headers.get("Retry-After", "").strip()
    if not asked:
        return None
    try:
        return float(int(asked))
    except ValueError:
        pass
    try:
        until = parsedate_to_datetime(asked)
        since = parsedate_to_datetime(response.headers["Date"])
        return (until - since).total_seconds()
    except (ValueError, KeyError, TypeError):
        return None
