"""``aiops replay``: what would it have said on my own history?"""

import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer


def register(app: typer.Typer) -> None:
    """Adds the command."""

    @app.command("replay")
    def run_replay(
        bundle: Annotated[Path, typer.Argument(metavar="BUNDLE", help="Folder of the bundle.")],
        config: Annotated[
            Path | None, typer.Option("--config", help="Settings to use instead of the defaults.")
        ] = None,
        out: Annotated[str, typer.Option("--out", help="JSON report; - is standard output.")] = "",
        html: Annotated[str, typer.Option("--html", help="Report as a page.")] = "",
        forecasts: Annotated[
            str, typer.Option("--forecasts", help="Every forecast and what came of it, as a table.")
        ] = "",
        value: Annotated[
            str, typer.Option("--value", help="Value report as JSON; - is standard output.")
        ] = "",
        before: Annotated[
            Path | None,
            typer.Option("--before", help="CSV of past tickets the value report is held against."),
        ] = None,
    ) -> None:
        """Run the whole pipeline over recorded history, as if it had lived then."""
        import orjson

        from aiops.config import default, load
        from aiops.replay.bundle import read_bundle
        from aiops.replay.drive import replay
        from aiops.replay.tables import write_bytes

        settings = load(config) if config else default()
        frozen = None
        if before is not None:
            from aiops.cli.value import read_tickets
            from aiops.daemon.clock import SystemClock
            from aiops.learn.before import freeze_before

            frozen = freeze_before(read_tickets(before), SystemClock().now())
        recorded = read_bundle(bundle)
        for warning in recorded.warnings:
            typer.echo(f"warning: {warning}", err=True)
        with progress_bar("replay") as advance:
            replayed = replay(recorded, settings, advance, frozen)
        for step, cadence in replayed.cadence.items():
            typer.echo(
                f"cadence: cells of {step // 10**9} s detected each, limits looked for every "
                f"{cadence // 10**9} s",
                err=True,
            )
        text = orjson.dumps(replayed.report, option=orjson.OPT_INDENT_2)
        if out:
            write_bytes(text + b"\n", out)
        if value:
            figures = orjson.dumps(replayed.value, option=orjson.OPT_INDENT_2)
            write_bytes(figures + b"\n", value)
        if html:
            from aiops.replay.page import write_page

            write_page(replayed, recorded, settings, html)
        if forecasts:
            from aiops.replay.made import made
            from aiops.replay.tables import write_table

            write_table(made(replayed.kept, replayed.world), forecasts)
        if "-" not in (out, value, forecasts):
            typer.echo(summary(replayed.report))


@contextmanager
def progress_bar(label: str) -> Iterator[Callable[[float], None]]:
    """Gives a function of the share done; silent where standard error is no terminal."""
    if not sys.stderr.isatty():
        yield _ignore
        return
    with typer.progressbar(length=1000, label=label, file=sys.stderr) as bar:
        done = 0

        def advance(share: float) -> None:
            nonlocal done
            bar.update(int(share * 1000) - done)
            done = int(share * 1000)

        yield advance


def summary(report: Mapping[str, Any]) -> str:
    """Returns the figures a person asks for first."""
    lead = report["lead_time_hours"]["median"]
    rate = report["false_per_asset_month"]
    lines = [
        f"{report['assets']} assets, {report['samples']} samples, {report['failures']} failures",
        f"warned of {report['warned']}, missed {report['missed']}, "
        f"false incidents {report['false_incidents']}"
        + (f" ({rate:.3g} per asset and month)" if rate is not None else ""),
    ]
    if lead is not None:
        lines.append(f"median lead time {lead:.1f} h")
    return "\n".join(lines)


def _ignore(_share: float) -> None:
    return
