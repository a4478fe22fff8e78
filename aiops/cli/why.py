"""``aiops why``: why was I told, and why was I not?"""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from aiops.cli.run import Config, read_settings


class Language(StrEnum):
    """In which the trace is told."""

    ENGLISH = "en"
    CHINESE = "zh"


def register(app: typer.Typer) -> None:
    """Adds the command."""

    @app.command("why")
    def explain(
        subject: Annotated[
            str, typer.Argument(metavar="INCIDENT|ASSET", help="INC-12, a key, or an asset's key.")
        ],
        config: Config = None,
        language: Annotated[
            Language | None, typer.Option("--lang", help="en or zh; else server.language.")
        ] = None,
        as_json: Annotated[bool, typer.Option("--json", help="As JSON.")] = False,
    ) -> None:
        """Show the whole trace from sample to send. Reads only; the daemon may be running."""
        from aiops.contracts.errors import InputError
        from aiops.daemon.clock import SystemClock
        from aiops.domain.asset import SYSTEM
        from aiops.incident.why import read_trace
        from aiops.ledger.open import open_for_reading

        settings, _ = read_settings(config)
        url = settings.store.ledger_url
        url = url or f"sqlite:///{Path(settings.store.directory) / 'ledger.db'}"
        ledger = open_for_reading(url)
        try:
            spoken = language.value if language else settings.server.language
            trace = read_trace(ledger, SYSTEM, subject, SystemClock().now(), spoken)
        finally:
            ledger.close()
        if trace is None:
            raise InputError(
                [f"{subject}: there is no such incident or asset; write INC-12 or an asset's key"]
            )
        if as_json:
            import orjson

            typer.echo(orjson.dumps(trace, option=orjson.OPT_INDENT_2).decode())
            return
        typer.echo(trace.summary)
        for step in trace.steps:
            at = f"{step.at:%Y-%m-%d %H:%M:%S}" if step.at else " " * 19
            typer.echo(f"{at}  {step.link.value:<8}  {step.words}")
