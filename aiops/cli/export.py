"""``aiops export``: a bundle from this installation's own history."""

from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from aiops.cli.run import Config, read_settings


def register(app: typer.Typer) -> None:
    """Adds the command."""

    @app.command("export")
    def write_bundle(
        bundle: Annotated[Path, typer.Argument(metavar="BUNDLE", help="New folder to write.")],
        start: Annotated[str, typer.Option("--from", help="First time, ISO 8601; no zone = UTC.")],
        end: Annotated[str, typer.Option("--to", help="Time after the last, ISO 8601.")],
        assets: Annotated[str, typer.Option(help="Key or pattern of assets: db-*.")] = "*",
        config: Config = None,
    ) -> None:
        """Write recorded history, incidents and repairs as a bundle for `aiops replay`."""
        from aiops.cli.reading import open_reading
        from aiops.replay.export import export

        first, last = read_time(start), read_time(end)
        if last <= first:
            raise typer.BadParameter(f"--to {end} is not after --from {start}")
        settings, _ = read_settings(config)
        with open_reading(settings) as here:
            counts = export(here.ledger, here.series, bundle, first, last, assets, settings.limits)
        for name, count in counts.items():
            typer.echo(f"{bundle / name}: {count} rows")


def read_time(text: str) -> datetime:
    """Returns an aware time.

    Raises:
        BadParameter: It is no ISO 8601 time.
    """
    from datetime import UTC

    try:
        at = datetime.fromisoformat(text)
    except ValueError as error:
        raise typer.BadParameter(f"{text!r}: write 2026-01-31T12:00:00Z") from error
    return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
