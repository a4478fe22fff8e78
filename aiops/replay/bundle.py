"""A bundle: a folder with a fleet's recorded history, read and checked as a whole."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeVar

import numpy as np

from aiops.contracts.collector import Inventory
from aiops.contracts.errors import InputError
from aiops.domain.asset import Asset, Edge, Location
from aiops.domain.event import Failure, Maintenance
from aiops.domain.instant import from_ns, to_ns
from aiops.domain.metric import Direction, Limit, Metric, MetricKind
from aiops.domain.series import Batch, SeriesKey
from aiops.replay.tables import read_numbers, read_table, read_times

if TYPE_CHECKING:
    import pandas as pd

_MOST_PROBLEMS: Final = 50


@dataclass(frozen=True, slots=True)
class Bundle:
    """Everything a bundle says.

    Attributes:
        batch: Every sample, in the order of time.
        warnings: What is odd and was taken all the same (units outside UCUM).
    """

    inventory: Inventory
    batch: Batch
    failures: tuple[Failure, ...]
    maintenance: tuple[Maintenance, ...]
    warnings: tuple[str, ...] = ()

    @property
    def relatives(self) -> dict[str, frozenset[str]]:
        """Asset to its parent and children."""
        near: dict[str, set[str]] = {}
        for asset in self.inventory.assets:
            if asset.parent:
                near.setdefault(asset.key, set()).add(asset.parent)
                near.setdefault(asset.parent, set()).add(asset.key)
        return {key: frozenset(others) for key, others in near.items()}


def read_bundle(folder: Path) -> Bundle:
    """Returns the bundle in a folder.

    Raises:
        InputError: With every problem found: file, row, column, what is wrong.
    """
    if not folder.is_dir():
        raise InputError([f"{folder}: is not a folder; a bundle is one"])
    reader = _Reader(folder)
    assets = reader.rows("assets.csv", {"asset"}, _ASSET_COLUMNS, _asset)
    metrics = reader.rows("metrics.csv", _METRIC_COLUMNS, {"limit"}, _metric)
    limits = reader.rows(
        "limits.csv", {"asset", "metric", "direction", "fail"}, {"warn"}, _limit, optional=True
    )
    failures = reader.rows("failures.csv", {"asset", "time", "kind"}, {"cost"}, _failure)
    maintenance = reader.rows(
        "maintenance.csv", {"asset", "start", "end", "kind"}, set(), _maintenance, optional=True
    )
    edges = reader.rows("edges.csv", {"source", "target"}, set(), _edge, optional=True)
    reader.rows("changes.csv", {"time", "asset", "kind", "text"}, set(), _change, optional=True)
    batch = reader.samples()
    known = {asset.key for asset in assets}
    reader.check_failures("failures.csv", failures, known, batch)
    reader.check_known("samples", sorted({key.asset for key in batch.series}), known)
    if not len(batch) and not reader.problems:
        reader.problems.append(f"{folder / 'samples.csv'}: holds no samples; a bundle has some")
    if reader.problems:
        raise InputError(reader.problems[:_MOST_PROBLEMS])
    from_metrics = [limit for _, limit in metrics if limit is not None]
    inventory = Inventory(
        assets=tuple(assets),
        metrics=tuple(metric for metric, _ in metrics),
        limits=(*limits, *from_metrics),
        edges=tuple(edges),
    )
    return Bundle(inventory, batch, tuple(sorted(failures, key=lambda f: f.at)), tuple(maintenance))


_ASSET_COLUMNS = {
    "name", "kind", "site", "location", "criticality", "parent", "service", "owner", "time_zone",
}  # fmt: skip
_METRIC_COLUMNS = {"metric", "unit", "kind", "bad_direction"}

Row = Mapping[str, str]
MadeT = TypeVar("MadeT")


class _Reader:
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.problems: list[str] = []

    def rows(
        self,
        name: str,
        needed: set[str],
        allowed: set[str],
        make: Callable[[Row], MadeT],
        *,
        optional: bool = False,
    ) -> list[MadeT]:
        path = self.folder / name
        if not path.exists():
            if not optional:
                self.problems.append(f"{path}: is missing; a bundle needs it")
            return []
        try:
            table = read_table(str(path))
        except InputError as error:
            self.problems += error.problems
            return []
        if not self._columns_fit(name, set(table.columns), needed, needed | allowed):
            return []
        made = []
        for number, record in enumerate(table.fillna("").to_dict("records"), start=2):
            try:
                made.append(make({str(k): str(v).strip() for k, v in record.items()}))
            except ValueError as error:
                self.problems.append(f"{path}: row {number}: {error}")
        return made

    def samples(self) -> Batch:
        path = next(
            (
                found
                for suffix in ("parquet", "csv", "csv.gz")
                if (found := self.folder / f"samples.{suffix}").exists()
            ),
            None,
        )
        if path is None:
            self.problems.append(f"{self.folder}: has no samples.csv or samples.parquet")
            return Batch.empty()
        try:
            table = read_table(str(path))
        except InputError as error:
            self.problems += error.problems
            return Batch.empty()
        needed = {"time", "asset", "metric", "value"}
        if not self._columns_fit(path.name, set(table.columns), needed, needed | {"labels"}):
            return Batch.empty()
        return self._batch(path, table)

    def check_known(self, name: str, assets: list[str], known: set[str]) -> None:
        for key in dict.fromkeys(assets):
            if key not in known:
                self.problems.append(
                    f"{self.folder / name}: asset {key!r} is not in assets.csv; add it there"
                )

    def check_failures(
        self, name: str, failures: list[Failure], known: set[str], batch: Batch
    ) -> None:
        """Notes failures that cannot be: of no asset, told twice, before anything was seen."""
        begins = np.full(len(batch.series), np.iinfo(np.int64).max)
        begins[batch.rows[::-1]] = batch.times[::-1]  # of equal rows the last written stays
        first: dict[str, int] = {}
        for key, begin in zip(batch.series, begins.tolist(), strict=True):
            first[key.asset] = min(begin, first.get(key.asset, begin))
        row_of: dict[Failure, int] = {}
        for number, failure in enumerate(failures, start=2):
            begun = first.get(failure.asset)
            if failure.asset not in known:
                why = f"asset {failure.asset!r} is not in assets.csv; add it there"
            elif failure in row_of:
                why = f"tells row {row_of[failure]} a second time; remove one"
            elif begun is not None and to_ns(failure.at) < begun:
                why = (
                    f"{failure.at.isoformat()} lies before the first sample of {failure.asset!r} "
                    f"({from_ns(begun).isoformat()}); correct the time or bring earlier samples"
                )
            else:
                row_of[failure] = number
                continue
            self.problems.append(f"{self.folder / name}: row {number}: {why}")

    def _columns_fit(self, name: str, found: set[str], needed: set[str], known: set[str]) -> bool:
        path = self.folder / name
        before = len(self.problems)
        for column in sorted(needed - found):
            self.problems.append(f"{path}: there is no column {column!r}")
        for column in sorted(map(str, found - known)):
            self.problems.append(
                f"{path}: column {column!r} is not known; columns are {', '.join(sorted(known))}"
            )
        return len(self.problems) == before

    def _batch(self, path: Path, table: "pd.DataFrame") -> Batch:
        import pandas as pd

        # Each column by itself: a year of a fleet has a few hundred names in 100 million rows.
        code, parts = np.zeros(len(table), dtype=np.int64), []
        for column in ("asset", "metric", *(["labels"] if "labels" in table else [])):
            place, names = pd.factorize(table[column], use_na_sentinel=False)
            code = code * len(names) + place
            parts.append(["" if pd.isna(name) else str(name) for name in names])
            if column != "labels" and "" in parts[-1]:
                row = int(np.flatnonzero(place == parts[-1].index(""))[0]) + 2
                self.problems.append(f"{path}: row {row}, column {column}: is empty; name it")
        rows, distinct = pd.factorize(code)
        places = np.unravel_index(distinct, [len(names) for names in parts])
        try:
            times, plain = read_times(str(path), table["time"])
            values = read_numbers(str(path), table["value"])
        except InputError as error:
            self.problems += error.problems
            return Batch.empty()
        if plain:
            self.problems.append(f"{path}: column time holds integers; a bundle's are ISO 8601")
        order = np.argsort(times, kind="stable")
        order = order[np.isfinite(values[order])]
        named = [[names[k] for k in place] for names, place in zip(parts, places, strict=True)]
        labels = named[2] if len(named) > 2 else [""] * len(distinct)
        keys = tuple(
            SeriesKey.of(asset, metric, _labels(text))
            for asset, metric, text in zip(named[0], named[1], labels, strict=True)
        )
        return Batch(keys, rows[order].astype(np.int32), times[order], values[order])


def _labels(text: str) -> dict[str, str]:
    pairs = (item.partition("=") for item in text.split(";") if item)
    return {name.strip(): value.strip() for name, _, value in pairs}


def _asset(row: Row) -> Asset:
    return Asset(
        key=_needed(row, "asset"),
        name=row.get("name", ""),
        kind=row.get("kind", "") or "asset",
        site=row.get("site", ""),
        location=Location(row["location"]) if row.get("location") else Location.ON_PREM,
        criticality=_share(row, "criticality", 0.5),
        parent=row.get("parent", ""),
        service=row.get("service", ""),
        owner=row.get("owner", ""),
        time_zone=row.get("time_zone", "") or "UTC",
    )


def _metric(row: Row) -> tuple[Metric, Limit | None]:
    name = _needed(row, "metric")
    bad = Direction(row["bad_direction"] or "both")
    metric = Metric(name, row["unit"], MetricKind(row["kind"] or "gauge"), bad)
    if not row.get("limit"):
        return metric, None
    direction = Direction.DOWN if bad is Direction.DOWN else Direction.UP
    return metric, Limit(name, direction, _number(row, "limit"))


def _limit(row: Row) -> Limit:
    warn = _number(row, "warn") if row.get("warn") else None
    direction = Direction(row["direction"])
    return Limit(_needed(row, "metric"), direction, _number(row, "fail"), warn, row["asset"])


def _failure(row: Row) -> Failure:
    cost = _number(row, "cost") if row.get("cost") else None
    return Failure(_needed(row, "asset"), from_ns(_time(row, "time")), row["kind"], cost)


def _maintenance(row: Row) -> Maintenance:
    if row["kind"] not in {"window", "repair"}:
        raise ValueError(f"column kind: {row['kind']!r} is neither window nor repair")
    start, end = from_ns(_time(row, "start")), from_ns(_time(row, "end"))
    if end < start:
        raise ValueError("column end: lies before start")
    return Maintenance(_needed(row, "asset"), start, end, row["kind"])


def _edge(row: Row) -> Edge:
    return Edge(_needed(row, "source"), _needed(row, "target"))


def _change(row: Row) -> None:
    _time(row, "time")


def _needed(row: Row, name: str) -> str:
    if not row[name]:
        raise ValueError(f"column {name}: is empty")
    return row[name]


def _number(row: Row, name: str) -> float:
    try:
        return float(row[name])
    except ValueError:
        raise ValueError(f"column {name}: {row[name]!r} is no number") from None


def _share(row: Row, name: str, otherwise: float) -> float:
    value = _number(row, name) if row.get(name) else otherwise
    if not 0 <= value <= 1:
        raise ValueError(f"column {name}: {value} is not between 0 and 1")
    return value


def _time(row: Row, name: str) -> int:
    import pandas as pd

    try:
        times, plain = read_times("", pd.Series([row[name]]))
    except InputError:
        plain = True
    if plain:
        raise ValueError(f"column {name}: {row[name]!r} is no ISO 8601 time")
    return int(times[0])
