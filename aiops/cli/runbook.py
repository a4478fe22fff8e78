"""``aiops runbook``: check runbooks, see runs, pull the kill switch.

Approving is not here: it needs a proven identity, so it is done on the page or through the API.
"""

from pathlib import Path
from typing import Annotated

import typer

from aiops.cli.run import Config, read_settings
from aiops.cli.value import ledger_url

Note = Annotated[str, typer.Option(help="Why; stored in the audit log.")]


def register(app: typer.Typer) -> None:
    """Adds the commands."""
    group = typer.Typer(no_args_is_help=True, help="Check runbooks, see runs, stop automation.")
    app.add_typer(group, name="runbook")
    _add_reads(group)
    _add_switch(group)


def _add_reads(group: typer.Typer) -> None:
    @group.command("check")
    def check(
        files: Annotated[
            list[Path] | None, typer.Argument(help="Runbooks; none: those of the configuration.")
        ] = None,
        config: Config = None,
    ) -> None:
        """Read runbooks and tell everything that is wrong with them. Runs nothing."""
        from aiops.config.runbooks import load_runbook, load_runbooks
        from aiops.contracts.errors import ConfigError

        if not files:
            settings, _ = read_settings(config)
            found = list(load_runbooks(settings.automate))
        else:
            found, told = [], []
            for path in files:
                try:
                    found.append(load_runbook(path))
                except ConfigError as error:
                    told += error.problems
            if told:
                raise ConfigError(told)
        for book in found:
            steps = ", ".join(f"{phase.value} {step.name}" for phase, step in book.all_steps())
            typer.echo(f"{book.name} ({book.tier.value}): {steps}")
        typer.echo(f"{len(found)} ok")

    @group.command("runs")
    def runs(
        limit: Annotated[int, typer.Option(help="How many, newest first.", min=1)] = 20,
        config: Config = None,
    ) -> None:
        """Show runs, newest first. Reads only; the daemon may be running."""
        from aiops.domain.asset import SYSTEM
        from aiops.ledger.open import open_for_reading

        settings, _ = read_settings(config)
        ledger = open_for_reading(ledger_url(settings))
        try:
            for run in ledger.runs(SYSTEM, limit=limit):
                people = ", ".join(approval.who for approval in run.approvals) or "nobody"
                typer.echo(
                    f"{run.requested_at:%Y-%m-%d %H:%M}  {run.state.value:<11} {run.runbook} on "
                    f"{run.asset}: {run.reason.value.replace('_', ' ')}; approved by {people}"
                )
        finally:
            ledger.close()


def _add_switch(group: typer.Typer) -> None:
    @group.command("halt")
    def halt(note: Note = "", config: Config = None) -> None:
        """Pull the kill switch: nothing begins, and what runs is ended within a second."""
        _switch(note, config, halted=True)
        typer.echo("automation is stopped")

    @group.command("resume")
    def resume(note: Note = "", config: Config = None) -> None:
        """Release the kill switch."""
        _switch(note, config, halted=False)
        typer.echo("automation may go on")


def _switch(note: str, config: Path | None, *, halted: bool) -> None:
    from aiops.automate.switch import set_switch
    from aiops.daemon.clock import SystemClock
    from aiops.ledger.open import open_ledger

    settings, _ = read_settings(config)
    now = SystemClock().now()
    ledger = open_ledger(ledger_url(settings), now)
    try:
        set_switch(ledger, "command line", note, now, halted=halted)
    finally:
        ledger.close()
