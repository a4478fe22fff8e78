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
    ) -> None:
        """Check the configuration; nothing is started and nothing is connected."""
        from aiops.config import load

        settings = load(config)
        sources = ", ".join(f"{s.name} ({s.type})" for s in settings.collect.sources)
        destinations = ", ".join(f"{d.name} ({d.type})" for d in settings.ticket.destinations)
        typer.echo("ok")
        typer.echo(f"sources: {sources or 'none'}")
        typer.echo(f"destinations: {destinations or 'none'}")
        typer.echo(f"stage: {settings.ladder.start}")
