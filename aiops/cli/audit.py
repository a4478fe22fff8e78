"""``aiops audit``: who changed what, and whether the record is whole."""

from pathlib import Path
from typing import Annotated

import typer

from aiops.cli.run import Config, read_settings


def register(app: typer.Typer) -> None:
    """Adds the command."""

    @app.command("audit")
    def audit(
        config: Config = None,
        limit: Annotated[int, typer.Option(min=0, help="Newest rows to show.")] = 20,
        as_json: Annotated[bool, typer.Option("--json", help="As JSON.")] = False,
    ) -> None:
        """Verify the hash chain of the audit log and show its newest rows; exit 1 if broken."""
        from aiops.ledger.open import open_for_reading

        settings, _ = read_settings(config)
        url = settings.store.ledger_url
        ledger = open_for_reading(
            url or f"sqlite:///{Path(settings.store.directory) / 'ledger.db'}"
        )
        try:
            broken, rows = ledger.verify_audit(), ledger.audit_rows(limit)
        finally:
            ledger.close()
        if as_json:
            import orjson

            told = {"whole": broken is None, "first_broken": broken, "rows": rows}
            typer.echo(orjson.dumps(told, option=orjson.OPT_INDENT_2).decode())
        else:
            for row in rows:
                typer.echo(f"{row.at:%Y-%m-%d %H:%M:%S}  {row.who}  {row.what}  {row.subject}")
            state = "whole" if broken is None else f"broken at row {broken}: it was edited"
            typer.echo(f"the chain is {state}")
        if broken is not None:
            raise typer.Exit(1)
