"""Dashboards: pages rendered on the server from what the service knows."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Final, Protocol, runtime_checkable

from aiops.contracts.ledger import Ledger
from aiops.contracts.store import PanelSource
from aiops.domain.asset import Viewer
from aiops.domain.change import Change
from aiops.domain.forecast import Forecast
from aiops.domain.incident import Incident, OutcomeKind
from aiops.domain.metric import Limit
from aiops.domain.record import Record
from aiops.domain.series import SeriesKey

LANGUAGES: Final = ("en", "zh")
"""Languages every page speaks."""


class Reader(Protocol):
    """What a page may read."""

    @property
    def ledger(self) -> Ledger:
        """Everything decided; every read takes the viewer."""
        ...

    @property
    def panels(self) -> PanelSource:
        """Values by series id."""
        ...

    def limits(self) -> Sequence[Limit]:
        """Returns the limits in force: those of the configuration, then those of sources."""
        ...

    def now(self) -> datetime:
        """Returns the aware UTC time of the service (virtual in a demonstration)."""
        ...

    def status(self) -> Mapping[str, object]:
        """Returns how the service itself is.

        Keys, each optional: ``state`` (``starting``, ``ready``, …), ``sources`` (list
        of mappings with ``name``, ``silent`` bool, ``last_at`` ISO time or None, ``error``),
        ``quality`` (asset key to list of words of the data-quality gate, and ``silent``),
        ``next_forecast_at`` (ISO time), ``currency`` (of every amount), ``simulated``
        (True in a demonstration), ``insecure`` (True without TLS off loopback), ``store``
        (mapping with ``engine``, and ``down_since`` ISO time while it does not answer).
        """
        ...

    def value(self, viewer: Viewer, start: datetime, end: datetime) -> Mapping[str, Any]:
        """Returns the value report of incidents opened in ``[start, end)``, as plain values.

        Keys: ``figures`` (list of mappings with ``name``, ``of``, ``unit``, ``value``, ``low``,
        ``high``, ``n``, ``measurable``, ``cases``), ``counts``, ``targets``, ``services``,
        ``ladder``, ``evaluation``, ``maturity``, ``incidents``, ``enough``, ``currency``.
        """
        ...

    def assess(self, viewer: Viewer, change: Change) -> Mapping[str, Any]:
        """Returns what a planned change risks, and when it would risk least, as plain values.

        Keys: ``probability``, ``level``, ``reasons``, ``affected``, ``open_incidents``,
        ``foreseen``, ``past_changes``, ``expected_loss``, ``currency``, ``asked``, ``safest``.
        """
        ...

    def preview(
        self, viewer: Viewer, incident: Incident, verdict: OutcomeKind
    ) -> Mapping[str, Any]:
        """Returns what a verdict would have changed in the last sixty days, as plain values.

        Keys: ``days``, ``same_signal``, ``would_be_silent``, ``of_them_right``, ``judged``,
        ``precision_before``, ``precision_after``, ``incidents``.
        """
        ...

    def runbooks(self) -> Mapping[str, Any]:
        """Returns how automation stands, as plain values.

        Keys: ``enabled``, ``halted``, ``halted_by``, ``halted_at``, ``note``, ``runbooks`` (list
        of mappings with ``name``, ``title`` by language, ``tier``, ``edition``, ``verified``,
        ``proven_after``, ``allowed``, ``can_roll_back``, ``checks_itself``, ``match``).
        """
        ...

    def records(self, viewer: Viewer, asset: str, start: datetime) -> Mapping[SeriesKey, Record]:
        """Returns how forecasts of an asset's limits have ended that were made from ``start`` on.

        Series of which none was made are left out.
        """
        ...

    def forecast(self, series: SeriesKey) -> Forecast | None:
        """Returns a forecast of one series (one row), computed on demand; None without one."""
        ...


@dataclass(frozen=True, slots=True)
class View:
    """One request for a page.

    Attributes:
        key: What stood in the path's ``{key}``, as text.
        query: Query parameters, the last value of each.
        csrf: Token to be sent back with every change; empty without a session.
        may_act: Whether the viewer may acknowledge, close or judge incidents.
        may_approve: Whether the viewer may approve runs of runbooks.
        signed_in: False on the sign-in page alone.
    """

    viewer: Viewer
    language: str
    now: datetime
    key: str = ""
    query: Mapping[str, str] = field(default_factory=dict)
    csrf: str = ""
    may_act: bool = False
    may_approve: bool = False
    signed_in: bool = True


@dataclass(frozen=True, slots=True)
class Rendered:
    """A page as HTML, with its status (404 when the thing asked for is not there)."""

    html: str
    status: int = 200


@runtime_checkable
class Page(Protocol):
    """One page.

    Promises: ``render`` changes nothing and reads only through the reader, with the viewer
    it was given; its HTML holds no inline script, no inline style and no address of another
    host, because the content security policy of the service refuses them.

    Attributes:
        path: Where it is served, with at most one ``{key:path}``. The page at ``/login`` is
            the one people see without a session.
        files: Name to file on disk, served to everybody below ``/static/``.
    """

    path: str
    files: Mapping[str, Path]

    def render(self, reader: Reader, view: View) -> Rendered:
        """Returns the page for this viewer in this language."""
        ...
