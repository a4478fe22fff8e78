"""``aiops edge``: the daemon at another site, which sends what it collects to a centre."""

import typer

from aiops.cli.run import Config, read_settings


def register(app: typer.Typer) -> None:
    """Adds the command."""

    @app.command("edge")
    def run_agent(config: Config = None) -> None:
        """Run an edge agent: as `aiops run`, and forward what is collected to the centre.

        It goes on collecting, detecting and warning while the link is down.
        """
        from aiops.contracts.errors import ConfigError
        from aiops.daemon.logs import configure
        from aiops.daemon.run import run

        settings, path = read_settings(config)
        if not settings.forward.url:
            where = path or "config.yaml"
            raise ConfigError(
                [f"{where}: forward.url: missing, expected the centre: https://host:8420"]
            )
        configure(settings.log.level.value, settings.log.format.value)
        run(settings, path, typer.echo)
