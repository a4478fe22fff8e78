"""What the ledger knows beside the incidents, as a report's reader may see it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from aiops.contracts.ledger import Ledger
from aiops.domain.answer import Answer
from aiops.domain.asset import Asset, Viewer
from aiops.domain.metric import Metric
from aiops.domain.risk import Risk
from aiops.domain.run import Run

_MOST = 100_000


@dataclass(frozen=True, slots=True)
class Background:
    """Everything a report needs beside the incidents.

    Attributes:
        runs: Runs of runbooks asked for in the report's time.
        runbooks: Names of all runbooks there are.
        ticketed: Keys of incidents that have a ticket.
    """

    assets: Mapping[str, Asset] = field(default_factory=dict)
    metrics: Mapping[str, Metric] = field(default_factory=dict)
    risks: Sequence[Risk] = ()
    runs: Sequence[Run] = ()
    runbooks: Sequence[str] = ()
    answers: Sequence[Answer] = ()
    ticketed: frozenset[str] = frozenset()


def read_background(
    ledger: Ledger,
    viewer: Viewer,
    start: datetime,
    end: datetime,
    runbooks: Sequence[str],
    incidents: Sequence[str],
) -> Background:
    """Returns what the viewer may see of it.

    Args:
        incidents: Keys of the report's incidents.
    """
    return Background(
        {asset.key: asset for asset in ledger.assets(viewer)},
        ledger.metrics(),
        ledger.risks(viewer),
        [r for r in ledger.runs(viewer, limit=_MOST) if start <= r.requested_at < end],
        runbooks,
        [a for a in ledger.answers(viewer, limit=_MOST) if start <= a.at < end],
        ledger.ticketed(incidents),
    )
