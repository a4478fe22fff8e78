"""``aiops plan``: what if it grows faster, what if something is added."""

from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from aiops.cli.run import Config, read_settings

if TYPE_CHECKING:
    from aiops.forecast.plan import Plan


def register(app: typer.Typer) -> None:
    """Adds the command."""

    @app.command("plan")
    def run_plan(
        growth: Annotated[float, typer.Option(min=0, max=100, help="Trend times this.")] = 1.0,
        add: Annotated[
            str, typer.Option(help="Added at once to --metric: 200GB, 5%, or a bare number.")
        ] = "",
        metric: Annotated[str, typer.Option(help="Only series of this metric.")] = "",
        asset: Annotated[str, typer.Option(help="Key or pattern of assets: db-*.")] = "*",
        days: Annotated[int, typer.Option(min=1, max=366, help="How far ahead.")] = 28,
        every: Annotated[int, typer.Option(min=1, max=366, help="Days between dates.")] = 7,
        out: Annotated[
            str, typer.Option(help="Table: .csv, .csv.gz or .parquet; - is standard output.")
        ] = "",
        config: Config = None,
    ) -> None:
        """Tell when limits are met as things go on, and as supposed. Reads only.

        The default store belongs to one process at a time: ask a running daemon for
        /api/v1/plan instead.
        """
        from aiops.daemon.clock import SystemClock
        from aiops.daemon.service import Service
        from aiops.domain.asset import SYSTEM
        from aiops.forecast.plan import Scenario, amount

        if every > days:
            raise typer.BadParameter(f"--every {every} is more than --days {days}")
        settings, _ = read_settings(config)
        service = Service(settings, Path(settings.store.directory), SystemClock())
        try:
            service.load()
            added = 0.0
            if add:
                known = service.ledger.metrics().get(metric)
                if known is None:
                    raise typer.BadParameter("--add needs --metric, the name of one that is known")
                try:
                    added = amount(add, known.unit)
                except ValueError as error:
                    raise typer.BadParameter(f"--add {error}") from error
            ahead, step = timedelta(days=days), timedelta(days=every)
            found = service.plan(SYSTEM, Scenario(ahead, step, growth, added, metric, asset))
        finally:
            service.close()
        if out:
            _write(found, out)
        if out != "-":
            typer.echo(_words(found))


def _write(found: "Plan", out: str) -> None:
    import pandas as pd

    from aiops.replay.tables import write_table

    write_table(pd.DataFrame(list(found.table()), columns=list(found.columns)), out)


def _words(found: "Plan") -> str:
    lines = [
        f"{len(found.rows)} series with a limit; expected to have met it by:",
        f"{'date':<12}{'as it is':>10}{'supposed':>10}{'told of':>9}",
    ]
    lines += [
        f"{row['date']:%Y-%m-%d}  {row['expected_over']:>10.1f}"
        f"{row['expected_over_supposed']:>10.1f}{row['known']:>9}"
        for row in found.fleet()
    ]
    return "\n".join(lines)
