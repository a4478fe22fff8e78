"""What a step has said: bounded, without secrets and control characters."""

import re
from collections.abc import Sequence
from typing import Final

SHOWN: Final = 4096
"""Characters kept of each end."""
KEPT: Final = 16 * SHOWN
"""Bytes held of each end while a step runs: secrets cut at its inner edges are never shown."""

_NAMED: Final = re.compile(
    r"(?i)\b([\w-]*(?:password|passwd|secret|token|api[_-]?key|authorization))"
    r"(\"?\s*[:=]\s*)(?:(?:bearer|basic)\s+)?(\"[^\"]*\"|'[^']*'|\S+)"
)
_BEARER: Final = re.compile(r"(?i)\b(bearer|basic)\s+[A-Za-z0-9._~+/=-]{8,}")
_USER: Final = re.compile(r"(?<=://)[^/\s@]+(?=@)")
_CONTROL: Final = re.compile(r"\x1b\[[0-9;?]*[ -/]*[@-~]|[^\S\n\t ]|[\x00-\x08\x0b-\x1f\x7f-\x9f]")
_BIDI: Final = re.compile("[\u200e\u200f\u202a-\u202e\u2066-\u2069]")


class Ends:
    """Holds the first and the last bytes of a stream of any length."""

    def __init__(self) -> None:
        self.head = bytearray()
        self.tail = bytearray()
        self.lost = False

    def add(self, data: bytes) -> None:
        """Takes more of the stream."""
        room = KEPT - len(self.head)
        self.head += data[:room]
        self.tail += data[max(room, 0) :]
        if len(self.tail) > KEPT:
            del self.tail[:-KEPT]
            self.lost = True

    def take(self, other: "Ends") -> None:
        """Takes the place of what another one holds."""
        self.head, self.tail, self.lost = other.head, other.tail, other.lost

    def text(self, secrets: Sequence[str]) -> str:
        """Returns what may be stored and shown of it."""
        if not self.lost:
            whole = clean((self.head + self.tail).decode("utf-8", "replace"), secrets)
            return cut(whole)
        head = clean(self.head.decode("utf-8", "replace"), secrets)
        tail = clean(self.tail.decode("utf-8", "replace"), secrets)
        return f"{head[:SHOWN]}\n…\n{tail[-SHOWN:]}"


def clean(text: str, secrets: Sequence[str]) -> str:
    r"""Returns a text with secrets masked and control characters gone.

    >>> clean("curl https://ada:pw@host  token=abc \x1b[31mred", ["hunter2"])
    'curl https://<secret>@host  token=<secret> red'
    """
    for secret in sorted(secrets, key=len, reverse=True):
        text = text.replace(secret, "<secret>")
        for line in secret.splitlines():
            if len(line) >= 8:
                text = text.replace(line, "<secret>")
    text = _NAMED.sub(r"\1\2<secret>", text)
    text = _BEARER.sub(r"\1 <secret>", text)
    text = _USER.sub("<secret>", text)
    return _BIDI.sub("", _CONTROL.sub("", text))


def cut(text: str) -> str:
    """Returns both ends of a long text."""
    return text if len(text) <= 2 * SHOWN else f"{text[:SHOWN]}\n…\n{text[-SHOWN:]}"
