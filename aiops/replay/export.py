"""Writes a bundle from a ledger and a store: history to replay, to share, to keep."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from aiops.contracts.errors import InputError
from aiops.contracts.ledger import Ledger
from aiops.contracts.store import HistoryReader
from aiops.domain.asset import SYSTEM, Asset
from aiops.domain.incident import Incident, OutcomeKind
from aiops.domain.instant import to_ns
from aiops.domain.metric import Limit, Metric
from aiops.domain.selector import selects
from aiops.domain.series import SeriesInfo
from aiops.domain.step import DAY
from aiops.replay.tables import write_table

if TYPE_CHECKING:
    import pandas as pd

_ASSET_FIELDS: Final = (
    "name", "kind", "site", "location", "criticality", "parent", "service", "owner", "time_zone",
)  # fmt: skip


def export(
    ledger: Ledger,
    store: HistoryReader,
    folder: Path,
    start: datetime,
    end: datetime,
    selector: str = "*",
    own_limits: Sequence[Limit] = (),
) -> Mapping[str, int]:
    """Writes the bundle of the assets whose key matches, and returns how much of each there is.

    Failures and repairs are those of incidents that happened or were averted. A limit that is a
    share of another series has no level of its own, and is left out.

    Args:
        own_limits: Those of the configuration; they go before those of sources.

    Raises:
        InputError: The folder is not empty, or there is nothing to write.
    """
    if folder.exists() and any(folder.iterdir()):
        raise InputError([f"{folder}: is not empty; name a new folder"])
    assets = [a for a in ledger.assets(SYSTEM) if selects(selector, a.key)]
    keys = {asset.key for asset in assets}
    infos = [info for info in ledger.catalogue.all() if info.key.asset in keys]
    if not infos:
        raise InputError([f"{folder}: no series belongs to an asset like {selector!r}"])
    samples = _samples(store, infos, start, end)
    if not len(samples):
        raise InputError([f"{folder}: there are no samples from {start} to {end}"])
    folder.mkdir(parents=True, exist_ok=True)
    metrics = {info.key.metric for info in infos}
    incidents = [i for i in ledger.incidents(SYSTEM, limit=1_000_000) if i.asset in keys]
    within = [i for i in incidents if i.outcome and start <= i.outcome.at < end]
    tables = {
        "assets.csv": [_asset(asset) for asset in assets],
        "metrics.csv": [_metric(m) for m in ledger.metrics().values() if m.name in metrics],
        "limits.csv": [
            {"asset": x.asset, "metric": x.metric, "direction": x.direction.value,
             "warn": "" if x.warn is None else x.warn, "fail": x.fail}
            for x in _limits([*ledger.limits(), *own_limits], infos)
        ],
        "failures.csv": list(_failures(within)),
        "maintenance.csv": list(_repairs(within)),
        "edges.csv": [
            {"source": e.source, "target": e.target}
            for e in ledger.edges() if {e.source, e.target} <= keys
        ],
    }  # fmt: skip
    for name, rows in tables.items():
        write_table(_table(rows, _COLUMNS[name]), str(folder / name))
    write_table(samples, str(folder / "samples.parquet"))
    counts = {name: len(rows) for name, rows in tables.items()}
    return {**counts, "samples.parquet": len(samples)}


def _limits(limits: Sequence[Limit], infos: Iterable[SeriesInfo]) -> Iterator[Limit]:
    """Yields the limit of each asset's metric: its own, else that of every asset."""
    place = {(x.asset, x.metric): x for x in limits}
    for asset, metric in sorted({(info.key.asset, info.key.metric) for info in infos}):
        found = place.get((asset, metric)) or place.get(("", metric))
        if found is not None and not found.of:
            yield replace(found, asset=asset)


_COLUMNS: Final[Mapping[str, tuple[str, ...]]] = {
    "assets.csv": ("asset", *_ASSET_FIELDS),
    "metrics.csv": ("metric", "unit", "kind", "bad_direction"),
    "limits.csv": ("asset", "metric", "direction", "warn", "fail"),
    "failures.csv": ("asset", "time", "kind"),
    "maintenance.csv": ("asset", "start", "end", "kind"),
    "edges.csv": ("source", "target"),
}


def _samples(store: HistoryReader, infos: Any, start: datetime, end: datetime) -> "pd.DataFrame":
    import pandas as pd

    key_by_id = {info.id: info.key for info in infos}
    ids = np.array(sorted(key_by_id), dtype=np.int64)
    parts = []
    for day in range(to_ns(start), to_ns(end), DAY):
        found = store.samples(ids, day, min(day + DAY, to_ns(end)))
        if not len(found):
            continue
        names = [key_by_id[series] for series in found.ids.tolist()]
        parts.append(
            pd.DataFrame(
                {
                    "time": pd.to_datetime(found.times, utc=True),
                    "asset": [key.asset for key in names],
                    "metric": [key.metric for key in names],
                    "value": found.values,
                    "labels": [";".join(f"{k}={v}" for k, v in key.labels) for key in names],
                }
            )
        )
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame()


def _asset(asset: Asset) -> dict[str, Any]:
    return {"asset": asset.key, **{name: getattr(asset, name) for name in _ASSET_FIELDS}}


def _metric(metric: Metric) -> dict[str, Any]:
    return {
        "metric": metric.name,
        "unit": metric.unit,
        "kind": metric.kind.value,
        "bad_direction": metric.bad_direction.value,
    }


def _failures(incidents: Iterable[Incident]) -> Iterable[dict[str, Any]]:
    for incident in incidents:
        if incident.outcome and incident.outcome.kind is OutcomeKind.HAPPENED:
            yield {
                "asset": incident.asset,
                "time": incident.outcome.at.isoformat(),
                "kind": incident.series.metric,
            }


def _repairs(incidents: Iterable[Incident]) -> Iterable[dict[str, Any]]:
    for incident in incidents:
        if incident.outcome and incident.outcome.kind is OutcomeKind.AVERTED:
            at = incident.outcome.at.isoformat()
            yield {"asset": incident.asset, "start": at, "end": at, "kind": "repair"}


def _table(rows: list[dict[str, Any]], columns: tuple[str, ...]) -> "pd.DataFrame":
    import pandas as pd

    return pd.DataFrame(rows, columns=list(columns))
