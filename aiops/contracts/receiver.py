"""Receivers: sources that push to us, each speaking one protocol over HTTP."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, Protocol, runtime_checkable

from aiops.contracts.collector import Sink

PUSH: Final = "push"
"""Tag of a collector plug-in whose instances are receivers."""
GRPC: Final = "GRPC"
"""Method of a route that is a unary gRPC call; its path is ``/package.Service/Method``."""


@dataclass(frozen=True, slots=True)
class Route:
    """One address that agents of this protocol know.

    Attributes:
        probe: Agents ask it whether anybody is there; it needs no token and stores nothing.
        encodings: Content encodings the receiver takes apart itself; gzip is undone before.
    """

    method: str
    path: str
    summary: str
    probe: bool = False
    encodings: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Push:
    """One request of an agent, already authenticated.

    Attributes:
        source: The source the agent's token is bound to.
        headers: By lower-case name, without credentials.
        body: As sent, gzip undone.
        max_bytes: What the body may have after every decompression.
    """

    path: str
    source: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes
    now: datetime
    max_bytes: int = 40 << 20


@dataclass(frozen=True, slots=True)
class PushAnswer:
    """What the agent is told.

    Attributes:
        accepted: Samples that were made durable.
        dropped: Reason to count of what the receiver itself could not use.
    """

    status: int
    body: bytes = b""
    media_type: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    accepted: int = 0
    dropped: Mapping[str, int] = field(default_factory=dict)


@runtime_checkable
class Receiver(Protocol):
    """A source that is pushed, for one agent's token.

    Lifecycle: created once from its settings for each source; ``receive`` is never called twice
    at once for one instance. One bad line, metric or point costs no other. Whatever comes in is
    answered: a body that cannot be read is a 4xx answer, never an exception.
    """

    @property
    def routes(self) -> tuple[Route, ...]:
        """Addresses it answers; the same for every instance."""
        ...

    def receive(self, push: Push, sink: Sink) -> PushAnswer:
        """Takes a body apart and gives its samples to the sink.

        Raises:
            Unavailable: The samples are not durable now; the agent must send them again.
        """
        ...
