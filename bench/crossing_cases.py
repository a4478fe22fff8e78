"""Origins at which P(limit is met within H) is asked, cut from public recordings.

Two disjoint parts: ``judged`` is what is reported, ``tuning`` is what may be looked at while a
method is built. In each, the earlier half of a series (the even engines) may train, and only the
later half (the odd engines) is scored. Limits come from the past alone; an origin counts where
the last two values are below the limit.

Reads a folder laid out like the Numenta anomaly benchmark (``uni/nab``), the electricity
transformer data (``forecast/ett/ETTh1.csv``) and NASA's C-MAPSS (``rul/cmapss_fd001``).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from aiops.domain.panel import Panel

NAB = {
    "judged": ("realAWSCloudwatch/*", "realTraffic/occupancy*"),
    "tuning": ("realTraffic/speed*", "realTraffic/TravelTime*", "realAdExchange/*"),
}
ETT = {"judged": ("OT",), "tuning": ("HUFL", "HULL", "MUFL", "MULL", "LUFL", "LULL")}
WEAR = {"judged": ("rul/cmapss_fd001", "s11"), "tuning": ("rul/cmapss_fd003", "s11")}


@dataclass(frozen=True)
class Group:
    """Origins of one kind; row i of the panel is the history of origin i, right-aligned.

    ``fleet`` holds whole series up to where scoring begins, for what learns from the past.
    """

    name: str
    panel: Panel
    limits: NDArray[np.float64]
    up: NDArray[np.bool_]
    horizon: int
    crossed: NDArray[np.bool_]
    scored: NDArray[np.bool_]
    asset: NDArray[np.str_]

    def take(self, rows: NDArray[np.int64]) -> "Group":
        """Returns some of the origins."""
        return Group(
            self.name, self.panel.take(rows), self.limits[rows], self.up[rows], self.horizon,
            self.crossed[rows], self.scored[rows], self.asset[rows],
        )  # fmt: skip


class _Origins:
    """Collects origins of series with one step."""

    def __init__(self, horizon: int, width: int) -> None:
        self.horizon, self.width = horizon, width
        self.rows: list[tuple[NDArray[np.float64], float, bool, bool, bool, str]] = []

    def ask(
        self, x: NDArray[np.float64], at: int, limit: float, up: bool, scored: bool, asset: str
    ) -> None:
        """Adds the origin after ``x[:at]`` unless the limit is met or nothing follows."""
        past, future = x[max(0, at - self.width) : at], x[at : at + self.horizon]
        sign = 1 if up else -1
        if not np.isfinite(past[-2:]).all() or not np.isfinite(future).any():
            return
        if (sign * past[-2:] >= sign * limit).any() or len(future) < self.horizon:
            return
        self.rows.append(
            (past, limit, up, bool(np.nanmax(sign * future) >= sign * limit), scored, asset)
        )

    def group(self, name: str, step: timedelta, ordinal: bool = False) -> Group:
        """Returns the origins as one group."""
        past, limit, up, crossed, scored, asset = zip(*self.rows, strict=True)
        values = np.full((len(past), self.width), np.nan)
        for row, x in enumerate(past):
            values[row, self.width - len(x) :] = x
        times = np.arange(self.width) * int(step / timedelta(microseconds=1)) * 1000
        panel = Panel.of(values, times, step, ordinal=ordinal)
        return Group(
            name, panel, np.array(limit), np.array(up), self.horizon, np.array(crossed),
            np.array(scored), np.array(asset),
        )  # fmt: skip


def read_groups(folder: Path, part: str = "judged") -> list[Group]:
    """Returns the groups of a part."""
    return [*nab_groups(folder, part), ett_group(folder, part), wear_group(folder, part)]


def nab_groups(folder: Path, part: str) -> Iterator[Group]:
    """Means of 15 minutes (an hour where samples are rarer); H = 4 h, an origin every H / 2.

    The limit is the 99 % quantile of the first 40 % (1 % for speeds); a week of history.
    """
    found: dict[int, _Origins] = {}
    for pattern in NAB[part]:
        for file in sorted((folder / "uni/nab").glob(f"{pattern}.parquet")):
            table = pd.read_parquet(file)
            minutes = 60 if table["timestamp"].diff().median() >= pd.Timedelta("30min") else 15
            x = table.set_index("timestamp")["value"].resample(f"{minutes}min").mean().to_numpy()
            up = "speed" not in file.stem
            cut = np.nanquantile(x[: int(0.4 * len(x))], 0.99 if up else 0.01)
            horizon = 240 // minutes
            origins = found.setdefault(minutes, _Origins(horizon, 7 * 24 * 60 // minutes))
            for at in range(int(0.4 * len(x)), len(x) - horizon + 1, horizon // 2):
                origins.ask(x, at, float(cut), up, at >= len(x) // 2, file.stem)
    for minutes, origins in found.items():
        yield origins.group("NAB" if minutes == 15 else "NAB hourly", timedelta(minutes=minutes))


def ett_group(folder: Path, part: str) -> Group:
    """Hours; H = 24 h, an origin every 12 h; the limit is a past month's 99 % quantile."""
    table = pd.read_csv(folder / "forecast/ett/ETTh1.csv")
    origins = _Origins(24, 720)
    for column in ETT[part]:
        x = table[column].to_numpy(float)
        for begin in range(720, len(x) - 720, 720):
            limit = float(np.quantile(x[begin - 720 : begin], 0.99))
            for at in range(begin, begin + 720, 12):
                origins.ask(x, at, limit, True, begin >= len(x) // 2, column)
    return origins.group("ETT", timedelta(hours=1))


def wear_group(folder: Path, part: str) -> Group:
    """Cycles of an engine; H = 30, an origin every 10.

    The limit is what nine in ten of the even engines had passed by their end; the even engines
    train, the odd ones are scored.
    """
    place, sensor = WEAR[part]
    table = pd.read_parquet(folder / place / "history.parquet").sort_values(["unit", "time"])
    lives = [unit[sensor].to_numpy(float) for _, unit in table.groupby("unit", sort=False)]
    limit = float(np.quantile([np.mean(x[-5:]) for x in lives[1::2]], 0.1))
    origins = _Origins(30, max(map(len, lives)))
    for unit, x in enumerate(lives, start=1):
        for at in range(20, len(x) - 29, 10):
            origins.ask(x, at, limit, True, unit % 2 == 1, f"engine {unit}")
    return origins.group("WEAR", timedelta(microseconds=1), ordinal=True)
