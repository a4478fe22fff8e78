"""``aiops run``: the daemon."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from aiops.config import Settings

Config = Annotated[
    Path | None,
    typer.Option("--config", "-c", help="Configuration file; ./config.yaml when there is one."),
]


def register(app: typer.Typer) -> None:
    """Adds the command."""

    @app.command("run")
    def run_daemon(config: Config = None) -> None:
        """Run the daemon: collect, analyse, warn, until it is told to stop."""
        from aiops.daemon.logs import configure
        from aiops.daemon.run import run

        settings, path = read_settings(config)
        configure(settings.log.level.value, settings.log.format.value)
        run(settings, path, typer.echo)


def read_settings(config: Path | None) -> "tuple[Settings, Path | None]":
    """Returns the settings of a daemon command and the file they came from.

    Raises:
        ConfigError: The file is missing or wrong.
    """
    from aiops.config import default, load

    if config is None and not Path("config.yaml").exists():
        return default(), None
    path = config or Path("config.yaml")
    return load(path), path
