"""``aiops demo``: a simulated fleet that really fails."""

from pathlib import Path
from typing import Annotated

import typer

DEMO = """\
# A simulated fleet in accelerated time; every asset is marked as simulated.
store: {directory: DIRECTORY}
collect:
  sources:
    - {name: simulated-fleet, type: simulated, interval: 2s}
forecast: {every: 10s}
incident: {repair_lead: 20s, reopen_within: 1m}
ladder: {start: act}
server: {port: PORT}
"""


def register(app: typer.Typer) -> None:
    """Adds the command."""

    @app.command("demo")
    def run_demo(
        port: Annotated[int, typer.Option(help="TCP port; 0 takes a free one.")] = 8421,
        directory: Annotated[
            Path | None, typer.Option(help="Keep its data here; default: a temporary folder.")
        ] = None,
    ) -> None:
        """Watch a clearly marked simulated fleet degrade, be foreseen, fail and be repaired."""
        import tempfile

        from aiops.config import parse
        from aiops.daemon.logs import configure
        from aiops.daemon.run import run

        with tempfile.TemporaryDirectory(prefix="aiops-demo-") as temporary:
            place = directory or Path(temporary)
            text = DEMO.replace("DIRECTORY", str(place)).replace("PORT", str(port))
            settings = parse(text, "demo")
            configure(settings.log.level.value, settings.log.format.value)
            typer.echo("SIMULATED: nothing you see here is real")
            run(settings, None, typer.echo)
