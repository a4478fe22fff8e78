"""``aiops explain``: why was this point an alert, or why was it none?"""

from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from aiops.cli.export import read_time
from aiops.cli.run import Config, read_settings

if TYPE_CHECKING:
    from aiops.config import Settings
    from aiops.detect.explain import Explanation
    from aiops.detect.terms import Terms
    from aiops.domain.panel import Panel

_PAST: Final = timedelta(days=28)
"""Stored cells before the point that are gone through again."""


def register(app: typer.Typer) -> None:
    """Adds the command."""

    @app.command("explain")
    def explain_point(
        source: Annotated[
            str, typer.Argument(metavar="ASSET|FILE", help="Asset's key, or a table's file.")
        ],
        metric: Annotated[str, typer.Argument(help="Name of the metric, or the column.")],
        at: Annotated[str, typer.Argument(help="Time of the point, ISO 8601; a row's number.")],
        detector: Annotated[str | None, typer.Option(help="See `aiops plugins`.")] = None,
        budget: Annotated[
            float | None, typer.Option(help="False alarms allowed per series-week.")
        ] = None,
        config: Config = None,
    ) -> None:
        """Show why a point was (not) an alert, step by step, from the points before it."""
        from dataclasses import replace

        from aiops.cli.try_detect import create_stage, stage_of
        from aiops.detect.explain import explain

        if Path(source).is_file():
            panel = _of_file(source, metric, at)
            told = explain(create_stage(detector, budget, config), panel)
        else:
            settings, _ = read_settings(config)
            panel, terms = _of_store(source, metric, read_time(at), settings)
            if budget is not None:
                terms = replace(terms, budget=terms.budget * 0 + budget)
            told = explain(stage_of(settings.detect, detector, budget), panel, terms)
        typer.echo(words(source, metric, at, told))


def words(source: str, metric: str, at: str, told: "Explanation") -> str:
    """Returns the explanation as lines."""
    lines = [
        f"{source} {metric} at {at}: {told.verdict}",
        f"  value      {told.value:.6g}, expected {told.expected:.6g}",
        f"  past       {told.cells} cells before it",
    ]
    if not told.reason:
        lines += [
            f"  raw score  {told.raw:.2f}",
            *(f"    {part:6.2f}  {name}" for name, part in told.parts if part > 0),
            f"  tail       {told.tail:.2f} (-log10 of its rank in the series' own past)",
            f"  score      {told.score:.2f} (with the event it stands in)",
            f"  strength   {told.strength:.2f}",
            f"  needed     {told.needed:.2f} at {told.budget:g} false alarms per series-week",
            f"  before     {told.before:.2f} is the strongest of the cells it had to exceed",
            f"  event      {_event(told.was_open)} before, {_event(told.is_open)} after",
        ]
    return "\n".join(lines)


def _event(is_open: bool) -> str:
    return "open" if is_open else "none"


def _of_file(source: str, metric: str, at: str) -> "Panel":
    import numpy as np

    from aiops.cli.try_detect import TIME, read_columns
    from aiops.contracts.errors import InputError
    from aiops.detect.trial import median_step
    from aiops.domain.calendar import build_calendar
    from aiops.domain.instant import to_ns
    from aiops.domain.panel import Panel
    from aiops.replay.tables import read_table

    table = read_table(source)
    lack = [column for column in (TIME, metric) if column not in table]
    if lack:
        raise InputError([f"{source}: there is no column {column!r}" for column in lack])
    times, plain, values = read_columns(source, table, [metric])
    wanted = int(at) if plain and at.lstrip("-").isdigit() else to_ns(read_time(at))
    rows = np.flatnonzero(times == wanted)
    if not len(rows):
        raise InputError([f"{source}: no row has the time {at}; write it as in the file"])
    cut = slice(0, int(rows[-1]) + 1)
    step = timedelta(microseconds=max(median_step(times, plain) // 1000, 1))
    calendar = None if plain else build_calendar(times[cut], ["UTC"])
    return Panel.of(values[:, cut], times[cut], step, calendar=calendar, ordinal=True)


def _of_store(asset: str, metric: str, at: datetime, settings: "Settings") -> "tuple[Panel, Terms]":
    """Returns the series up to the point, and what it is judged by."""
    from dataclasses import replace

    import numpy as np

    from aiops.cli.reading import open_reading
    from aiops.collect.fleet import Fleet
    from aiops.contracts.errors import InputError
    from aiops.detect.days_off import work_calendar
    from aiops.detect.terms import Terms
    from aiops.domain.instant import duration, to_ns
    from aiops.orders import read_holidays

    with open_reading(settings) as here:
        mine = [info for info in here.ledger.catalogue.all() if info.key.asset == asset]
        found = [info for info in mine if info.key.metric == metric]
        if not found:
            known = ", ".join(sorted({info.key.metric for info in mine})) or "nothing"
            raise InputError([f"{asset} has no metric {metric}; known of it: {known}"])
        info = found[0]
        end = to_ns(at) // info.step_ns * info.step_ns + info.step_ns
        start = (end - int(_PAST.total_seconds()) * 10**9) // info.step_ns * info.step_ns
        ids = np.array([info.id], np.int64)
        panel = here.series.panel(
            ids, start, end, duration(info.step_ns), counters=np.array([info.counter])
        )
        fleet = Fleet(here.ledger)
        fleet.load()
        calendar = work_calendar(
            panel.times,
            fleet.zones([info]),
            fleet.sites([info]),
            settings.detect.countries,
            read_holidays(here.ledger),
        )
        terms = Terms.of(settings.detect, [info], fleet)
        return replace(panel, calendar=calendar), terms
