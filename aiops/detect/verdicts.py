"""What people said of events: whether something was wrong indeed."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from aiops.domain.incident import Incident, OutcomeKind
from aiops.domain.instant import to_ns
from aiops.domain.series import IntArray, SeriesInfo

_RULE = "rule"


@dataclass(frozen=True, slots=True)
class Verdicts:
    """Of events of some rows.

    Attributes:
        starts: ns at which the events began.
        right: Whether something was wrong indeed.
    """

    rows: IntArray
    starts: IntArray
    right: NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.rows)


def given(
    incidents: Sequence[Incident],
    infos: Sequence[SeriesInfo],
    method: str,
    start: datetime,
    end: datetime,
) -> Verdicts:
    """Returns the verdicts that persons gave in ``[start, end)`` on what the method began."""
    row_by_key = {info.key: row for row, info in enumerate(infos)}
    found = []
    for incident in incidents:
        outcome = incident.outcome
        if outcome is None or outcome.by == _RULE or not start <= outcome.at < end:
            continue
        if not incident.is_strange or incident.evidence.get("method") != method:
            continue
        right = outcome.kind in (OutcomeKind.HAPPENED, OutcomeKind.AVERTED)
        seed = incident.members[0]
        if seed.series in row_by_key and (right or outcome.kind is OutcomeKind.FALSE):
            found.append((row_by_key[seed.series], to_ns(seed.since), right))
    columns = list(zip(*found, strict=True)) or [(), (), ()]
    return Verdicts(
        np.array(columns[0], np.int64),
        np.array(columns[1], np.int64),
        np.array(columns[2], np.bool_),
    )
