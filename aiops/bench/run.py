"""All stages, one after another, each in a fresh folder."""

import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from aiops.bench.measure import Figure, NotRun, describe_machine

Measure = Callable[[int, int, Path], list[Figure]]


@dataclass(frozen=True, slots=True)
class Group:
    """Figures that are measured together."""

    name: str
    measure: Measure


def groups(peers: bool = False) -> list[Group]:
    """Returns what there is to measure, in order."""
    from aiops.bench import (
        detect,
        exposition,
        flux,
        forecast,
        incident,
        once,
        receive,
        remote,
        snmp,
        store,
        targets,
    )

    found = [
        Group("reads", store.measure_reads),
        Group("ingest", store.measure_ingest),
        Group("detect", detect.measure),
        Group("forecast", forecast.measure),
        Group("incident", incident.measure),
        Group("scrape", partial(exposition.measure, peers=peers)),
        Group("once", once.measure),
        Group("flux", flux.measure),
        Group("remote", remote.measure),
        Group("receive", receive.measure),
        Group("targets", targets.measure),
        Group("snmp", snmp.measure),
    ]
    if peers:
        from aiops.bench import peer_detectors
        from aiops.bench.peers import measure

        found.append(Group("peers", measure))
        found.append(Group("peer_detectors", peer_detectors.measure))
    return found


@dataclass(slots=True)
class Result:
    """What was measured.

    Attributes:
        not_run: Name of each group that could not be measured here, to the reason.
    """

    figures: list[Figure] = field(default_factory=list)
    not_run: dict[str, str] = field(default_factory=dict)


def run(
    n_series: int,
    n_points: int,
    chosen: Sequence[Group],
    tell: Callable[[str, int, int], None],
) -> Result:
    """Measures the chosen groups.

    Args:
        tell: Is told the name, number and count of each group before it begins.
    """
    found = Result()
    for number, group in enumerate(chosen):
        tell(group.name, number, len(chosen))
        with tempfile.TemporaryDirectory(prefix="aiops-bench-") as folder:
            try:
                found.figures += group.measure(n_series, n_points, Path(folder))
            except NotRun as reason:
                found.not_run[group.name] = str(reason)
    return found


def report(result: Result) -> dict[str, Any]:
    """Returns the file's content."""
    stages = [figure.row() for figure in result.figures]
    return {"machine": describe_machine(), "stages": stages, "not_run": result.not_run}


def table(result: Result) -> str:
    """Returns the figures as text; a ratio over its goal is marked."""
    lines = [f"{'stage':40} {'cpu s':>10} {'floor s':>10} {'ratio':>9} {'goal':>5}"]
    for figure in result.figures:
        goal = "" if figure.goal is None else f"{figure.goal:g}"
        over = figure.goal is not None and figure.ratio > figure.goal
        lines.append(
            f"{figure.stage:40} {figure.cpu_seconds:10.4f} {figure.floor_cpu_seconds:10.4f} "
            f"{figure.ratio:9.2f} {goal:>5}{' over' if over else ''}"
        )
        lines.append(f"    {figure.work} / {figure.floor}")
    lines += [f"{name}: not run: {why}" for name, why in result.not_run.items()]
    return "\n".join(lines)
