"""The decision for one new anomaly while ten thousand incidents stand open."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from aiops.bench.measure import Figure, in_turns
from aiops.domain.anomaly import Anomaly, Shape
from aiops.domain.asset import Asset
from aiops.domain.incident import (
    Incident,
    IncidentKind,
    IncidentState,
    Member,
    MemberSource,
    Stage,
    incident_key,
)
from aiops.domain.metric import Direction
from aiops.domain.series import SeriesKey
from aiops.incident.decide import decide
from aiops.incident.decided import Memory
from aiops.incident.nearness import Nearness
from aiops.incident.open import Opening
from aiops.incident.settings import IncidentSettings
from aiops.incident.standing import Standing
from aiops.incident.surroundings import Surroundings

OPEN: Final = 10_000
MOST_SECONDS: Final = 0.005
_NOW: Final = datetime(2026, 1, 5, 12, tzinfo=UTC)
_RACK: Final = 40


def measure(_n_series: int, _n_points: int, _folder: Path) -> list[Figure]:
    """One anomaly joins an incident of its rack; the others stand open."""
    assets = {f"host-{i}": Asset(f"host-{i}", parent=f"rack-{i // _RACK}") for i in range(OPEN)}
    racks = range(-(-OPEN // _RACK))
    assets |= {f"rack-{i}": Asset(f"rack-{i}", parent="hall") for i in racks}
    incidents = [_incident(name) for name in assets if name.startswith("host")]
    standing = Standing.of(incidents)
    around = Surroundings(Nearness.of(assets).reach, cells_per_week=OPEN * 10_080.0)
    opening = Opening("bench", assets, {}, Stage.SHADOW, 0, lambda _c: {}, timedelta(hours=4))
    fresh = Anomaly(
        SeriesKey.of("rack-7", "power"),
        _NOW,
        None,
        7.0,
        7.0,
        Shape.SHIFT,
        Direction.UP,
        9.0,
        1.0,
        "bench",
    )

    def work() -> None:
        decided = decide(
            _NOW, standing, (), (), (), Memory(), opening, IncidentSettings(), [fresh], {}, around
        )
        if len(decided.changed) != 1:
            raise AssertionError("the anomaly must join one incident")

    took = in_turns(work, lambda: [i for i in incidents if i.is_open])
    return [
        Figure(
            "incident.decide",
            f"1 new anomaly, {OPEN} open incidents, {1000 * took[0]:.2f} ms "
            f"(goal {1000 * MOST_SECONDS:g} ms)",
            took[0],
            "one pass over the open incidents",
            took[1],
        )
    ]


def _incident(asset: str) -> Incident:
    series = SeriesKey.of(asset, "load")
    return Incident(
        incident_key("bench", asset, "load", 0),
        IncidentKind.REACTIVE,
        asset,
        series,
        IncidentState.OPEN,
        Stage.SHADOW,
        _NOW,
        _NOW,
        members=(Member(series, MemberSource.ANOMALY, _NOW),),
    )
