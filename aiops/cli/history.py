"""``aiops import``: history first, so that there is no cold start."""

from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from aiops.cli.run import Config, read_settings

if TYPE_CHECKING:
    from collections.abc import Iterator

    from aiops.config import Settings
    from aiops.daemon.history import History, Piece

_SOURCE_HELP = "Configured pull source; with --bundle: the name under which the history is kept."


def register(app: typer.Typer) -> None:
    """Adds the command."""

    @app.command("import")
    def import_history(
        source: Annotated[str, typer.Argument(help=_SOURCE_HELP)],
        bundle: Annotated[
            Path | None, typer.Option("--bundle", help="Folder with history, as for replay.")
        ] = None,
        days: Annotated[
            int, typer.Option("--days", help="How far back a pull source is read.", min=1)
        ] = 14,
        into: Annotated[
            bool, typer.Option("--into", help="Add a bundle to assets another source watches.")
        ] = False,
        config: Config = None,
    ) -> None:
        """Bring in history while the daemon is stopped; opens no incident, can be repeated."""
        from aiops.cli.replay import progress_bar
        from aiops.daemon.clock import SystemClock
        from aiops.daemon.history import History

        settings, _ = read_settings(config)
        now = SystemClock().now()
        history = History(settings, now)
        try:
            if bundle is not None:
                pieces = _from_bundle(history, source, bundle, into=into)
            else:
                pieces = _from_source(history, source, settings, days)
            with progress_bar("import") as advance:
                done = history.take(source, pieces, advance)
            if bundle is None:
                history.lead_on(source)
        finally:
            history.close()
        left_out = ", ".join(f"{reason} {count}" for reason, count in done.refused.items())
        typer.echo(
            f"{done.samples} samples of {done.series} series imported"
            + (f"; left out: {left_out}" if left_out else "")
            + f"; detectors learned from {done.learned} windows"
        )


def _from_bundle(history: "History", name: str, folder: Path, *, into: bool) -> "Iterator[Piece]":
    from aiops.collect.spacing import Spacing
    from aiops.daemon.history import pieces_of
    from aiops.domain.step import HOUR
    from aiops.replay.bundle import read_bundle

    found = read_bundle(folder)
    inventory = history.told_by(name, found.inventory, into=into)
    batch = found.batch
    interval = Spacing().note(batch) or HOUR
    last = int(batch.times.max(initial=0))
    mark = f"{folder.resolve()}:{len(batch)}:{last}"
    return pieces_of(batch, inventory, interval, history.cursor(name), mark)


def _from_source(
    history: "History", name: str, settings: "Settings", days: int
) -> "Iterator[Piece]":
    from aiops.contracts.errors import InputError
    from aiops.daemon.clock import SystemClock
    from aiops.daemon.history import pieces_from

    found = next((one for one in settings.collect.sources if one.name == name), None)
    if found is None:
        raise InputError([f"{name}: no such source is configured; give --bundle for a folder"])
    now = SystemClock().now()
    return pieces_from(found, timedelta(days=days), history.cursor(name), now)
