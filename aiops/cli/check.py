"""``aiops check``: reads the configuration and says everything that is wrong with it."""

from pathlib import Path
from typing import Annotated

import typer


def register(app: typer.Typer) -> None:
    """Adds the command."""

    @app.command()
    def check(
        config: Annotated[Path, typer.Option("--config", "-c", help="The configuration.")] = Path(
            "config.yaml"
        ),
        probe: Annotated[
            bool,
            typer.Option(
                "--probe", help="Also read each source once: how many series would it bring?"
            ),
        ] = False,
    ) -> None:
        """Check the configuration; nothing is started, and without --probe nothing connected.

        Exit 1 when a probed source does not answer or brings more series than it may.
        """
        from aiops.config import load

        settings = load(config)
        sources = ", ".join(f"{s.name} ({s.type})" for s in settings.collect.sources)
        destinations = ", ".join(f"{d.name} ({d.type})" for d in settings.ticket.destinations)
        typer.echo("ok")
        typer.echo(f"sources: {sources or 'none'}")
        typer.echo(f"destinations: {destinations or 'none'}")
        typer.echo(f"stage: {settings.ladder.start}")
        if probe:
            from aiops.daemon.probe import probe as probe_all

            found = list(probe_all(settings))
            for estimate in found:
                typer.echo(f"{'ok  ' if estimate.fits else 'FAIL'} {estimate.words}")
            if not all(estimate.fits for estimate in found):
                raise typer.Exit(1)
