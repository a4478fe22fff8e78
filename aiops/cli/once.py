"""``aiops once``: one round, for a timer or a look."""

from pathlib import Path

import typer

from aiops.cli.run import Config, read_settings


def register(app: typer.Typer) -> None:
    """Adds the command."""

    @app.command("once")
    def run_once(config: Config = None) -> None:
        """Collect every source once, analyse what is due, send what is to be sent, and end."""
        from aiops.daemon.clock import SystemClock
        from aiops.daemon.logs import configure
        from aiops.daemon.service import Service
        from aiops.domain.asset import SYSTEM

        settings, _ = read_settings(config)
        configure(settings.log.level.value, settings.log.format.value)
        service = Service(settings, Path(settings.store.directory), SystemClock())
        try:
            service.load()
            for status in service.collectors.run_once(service.clock.now()):
                outcome = status.error or f"{status.samples} samples of {status.series} series"
                typer.echo(f"{status.name}: {outcome}")
            service.analyse_tick()
            for destination in service.systems:
                service.send(destination)
            for incident in service.ledger.incidents(SYSTEM, open_only=True):
                typer.echo(f"{incident.display}: {incident.sentence.get('en', incident.asset)}")
        finally:
            service.close()
