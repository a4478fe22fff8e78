"""What the HTTP interface needs of the service behind it."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from aiops.automate.stage import Automation
from aiops.contracts.dashboard import Reader
from aiops.contracts.receiver import Push, PushAnswer
from aiops.domain.access import Credential
from aiops.domain.answer import Answer
from aiops.domain.asset import Viewer
from aiops.domain.event import Failure, Holiday, Maintenance
from aiops.domain.incident import Incident
from aiops.domain.silence import Silence
from aiops.forecast.plan import Plan, Scenario
from aiops.incident.act import PersonAction


@dataclass(frozen=True, slots=True)
class Serving:
    """How this installation is reached.

    Attributes:
        language: Default language of pages.
        public_url: Address people use, if it is not the bound one.
        hosts: Further host names (without port) that a request may name.
        tls: Whether cookies may travel over TLS only.
    """

    language: str = "en"
    public_url: str = ""
    hosts: frozenset[str] = field(default_factory=frozenset)
    tls: bool = False


@dataclass(frozen=True, slots=True)
class ActionOrder:
    """One order of a person, as it is carried out and audited.

    Attributes:
        until: When the work is planned, for ``plan``.
        assignee: Who is to do it, for ``assign``.
        into: Key of the incident to merge with, for ``merge``.
        series: Texts of the members that leave, for ``split``.
    """

    incident_key: str
    action: PersonAction
    viewer: Viewer
    note: str
    at: datetime
    until: datetime | None = None
    assignee: str = ""
    into: str = ""
    series: frozenset[str] = frozenset()


class ReadService(Reader, Protocol):
    """Everything the API and the pages show, and the one thing they change."""

    @property
    def serving(self) -> Serving:
        """How this installation is reached."""
        ...

    @property
    def automation(self) -> Automation:
        """The stage that proposes and runs runbooks."""
        ...

    def ready(self) -> bool:
        """Returns whether the service does its work (for ``/readyz``)."""
        ...

    def metrics(self) -> str:
        """Returns the service's own metrics in the Prometheus text format."""
        ...

    def plan(self, viewer: Viewer, scenario: Scenario) -> Plan:
        """Returns how the limited series a viewer may see go on, as they do and as supposed.

        Raises:
            Refused: They are too many for one answer.
        """
        ...

    def act(self, order: ActionOrder) -> Incident:
        """Carries out a person's order in one transaction, audited, and returns the incident.

        Raises:
            KeyError: The viewer sees no such incident.
            Refused: The incident's state does not allow it.
        """
        ...

    def report(self, event: Failure | Maintenance | Holiday, who: str) -> None:
        """Takes note of a failure, a repair or days off; the next round looks at it."""
        ...

    def judgeable(self, token: str) -> tuple[Incident, str] | None:
        """Returns the incident and the verdict of a signed link; None when it is not valid."""
        ...

    def judge(self, token: str) -> Incident | None:
        """Gives the verdict of a signed link; None when it is not valid (any more)."""
        ...

    def surveyed(self, token: str) -> Incident | None:
        """Returns the incident that a signed link asks about; None when the link is not valid."""
        ...

    def answer(self, incident: Incident, score: int, who: str, note: str) -> Answer:
        """Stores how well a closed incident was handled, 1 to 5, audited.

        Raises:
            Refused: The incident is not closed yet, or the score is none.
        """
        ...

    def silences(self) -> Sequence[Silence]:
        """Returns the silences that are not over."""
        ...

    def silence(self, silence: Silence) -> None:
        """Withholds messages about matching assets until a time."""
        ...

    def end_silence(self, identity: str, who: str) -> None:
        """Ends a silence early.

        Raises:
            KeyError: There is no such silence.
        """
        ...

    def push(self, kind: str, agent: Credential, push: Push) -> PushAnswer:
        """Gives an agent's request to the receiver of that kind.

        Raises:
            Refused: The agent's source does not take such requests.
            Unavailable: Not durable now; the agent must send it again.
        """
        ...
