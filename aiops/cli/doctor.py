"""``aiops doctor``: is everything there that the configuration asks for?"""

from pathlib import Path

import typer

from aiops.cli.run import Config, read_settings


def register(app: typer.Typer) -> None:
    """Adds the command."""

    @app.command("doctor")
    def examine(config: Config = None) -> None:
        """Try every source, store and destination, and say what to mend. Changes nothing."""
        from aiops.daemon.doctor import examine_all

        settings, _ = read_settings(config)
        findings = examine_all(settings, Path(settings.store.directory))
        for finding in findings:
            mark = "ok  " if finding.well else "FAIL"
            typer.echo(f"{mark} {finding.subject}: {finding.words}")
        if not all(finding.well for finding in findings):
            raise typer.Exit(1)
