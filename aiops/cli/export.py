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
        from aiops.daemon.clock import SystemClock
        from aiops.daemon.files import DataDirectory
        from aiops.ledger.open import open_ledger
        from aiops.replay.export import export
        from aiops.store.open import open_store

        first, last = read_time(start), read_time(end)
        if last <= first:
            raise typer.BadParameter(f"--to {end} is not after --from {start}")
        settings, _ = read_settings(config)
        directory = Path(settings.store.directory)
        files = DataDirectory(directory)
        url = settings.store.ledger_url or f"sqlite:///{directory / 'ledger.db'}"
        ledger = open_ledger(url, SystemClock().now())
        store = open_store(settings.store, directory, ledger.catalogue.info)
        try:
            counts = export(ledger, store, bundle, first, last, assets)
        finally:
            store.close()
            ledger.close()
            files.close()
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
