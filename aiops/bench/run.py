"""All stages, one after another, each in a fresh folder."""

import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from aiops.bench.measure import Figure, describe_machine

Measure = Callable[[int, int, Path], list[Figure]]


@dataclass(frozen=True, slots=True)
class Group:
    """Figures that are measured together."""

    name: str
    measure: Measure


def groups(peers: bool = False) -> list[Group]:
    """Returns what there is to measure, in order."""
    from aiops.bench import detect, exposition, forecast, once, store

    found = [
        Group("reads", store.measure_reads),
        Group("ingest", store.measure_ingest),
        Group("detect", detect.measure),
        Group("forecast", forecast.measure),
        Group("scrape", partial(exposition.measure, peers=peers)),
        Group("once", once.measure),
    ]
    if peers:
        from aiops.bench import peer_detectors
        from aiops.bench.peers import measure

        found.append(Group("peers", measure))
        found.append(Group("peer_detectors", peer_detectors.measure))
    return found


def run(
    n_series: int,
    n_points: int,
    chosen: Sequence[Group],
    tell: Callable[[str, int, int], None],
) -> list[Figure]:
    """Returns the figures of the chosen groups.

    Args:
        tell: Is told the name, number and count of each group before it begins.
    """
    found: list[Figure] = []
    for number, group in enumerate(chosen):
        tell(group.name, number, len(chosen))
        with tempfile.TemporaryDirectory(prefix="aiops-bench-") as folder:
            found += group.measure(n_series, n_points, Path(folder))
    return found


def report(figures: Sequence[Figure]) -> dict[str, Any]:
    """Returns the file's content."""
    return {"machine": describe_machine(), "stages": [figure.row() for figure in figures]}


def table(figures: Sequence[Figure]) -> str:
    """Returns the figures as text; a ratio over its goal is marked."""
    lines = [f"{'stage':40} {'cpu s':>10} {'floor s':>10} {'ratio':>9} {'goal':>5}"]
    for figure in figures:
        goal = "" if figure.goal is None else f"{figure.goal:g}"
        over = figure.goal is not None and figure.ratio > figure.goal
        lines.append(
            f"{figure.stage:40} {figure.cpu_seconds:10.4f} {figure.floor_cpu_seconds:10.4f} "
            f"{figure.ratio:9.2f} {goal:>5}{' over' if over else ''}"
        )
        lines.append(f"    {figure.work} / {figure.floor}")
    return "\n".join(lines)
