"""``aiops token``: who may push, read or act.

The command writes into the ledger itself, in one transaction, and the daemon looks every
credential up there: it works whether the daemon runs or not, and needs no token to make the first.
"""

from pathlib import Path
from typing import Annotated

import typer

from aiops.cli.run import Config, read_settings

_TEXT = "tag:yaml.org,2002:str"
_ASSET_HELP = "Pattern of asset keys it may push (repeatable); without: those of no other source."


def register(app: typer.Typer) -> None:
    """Adds the commands."""
    group = typer.Typer(no_args_is_help=True, help="Make and withdraw API tokens.")
    app.add_typer(group, name="token")
    _add_create(group)
    _add_revoke(group)


def _add_create(group: typer.Typer) -> None:

    @group.command("create")
    def create(
        name: Annotated[str, typer.Argument(help="Who holds it, shown in the audit log.")],
        role: Annotated[str, typer.Option(help="viewer, operator, approver, admin, agent.")] = (
            "agent"
        ),
        source: Annotated[str, typer.Option(help="Source an agent pushes; default: NAME.")] = "",
        asset: Annotated[list[str] | None, typer.Option(help=_ASSET_HELP)] = None,
        interval: Annotated[str, typer.Option(help="How often it pushes, such as 10s.")] = "",
        days: Annotated[int, typer.Option(help="It expires after this many days.", min=1)] = 365,
        config: Config = None,
    ) -> None:
        """Make a token; it is printed once, to standard output, and kept only as a hash."""
        from datetime import timedelta

        from yaml import ScalarNode

        from aiops.api.access import new_agent_token, new_token
        from aiops.config.rules import check_identifier
        from aiops.config.values import Wrong, read_duration
        from aiops.contracts.errors import InputError
        from aiops.daemon.clock import SystemClock
        from aiops.domain.access import Role
        from aiops.domain.asset import SYSTEM
        from aiops.ledger.open import open_ledger

        settings, _ = read_settings(config)
        now, ttl = SystemClock().now(), timedelta(days=days)
        if role not in set(Role):
            raise InputError([f"--role: {role!r} is none of {', '.join(Role)}"])
        if role != Role.AGENT and (source or asset or interval):
            raise InputError(["--source, --asset and --interval are for --role agent only"])
        try:
            check_identifier(source or name)
            every = read_duration(ScalarNode(_TEXT, interval)) if interval else None
        except Wrong as error:
            raise InputError([f"aiops token create: {error}"]) from error
        if role == Role.AGENT:
            secret, credential = new_agent_token(
                name, source or name, now, ttl, assets=tuple(asset or ()), interval=every
            )
        else:
            secret, credential = new_token(name, Role(role), SYSTEM, now, ttl)
        directory = Path(settings.store.directory)
        ledger = open_ledger(
            settings.store.ledger_url or f"sqlite:///{directory / 'ledger.db'}", now
        )
        try:
            ledger.put_credential(credential)
        finally:
            ledger.close()
        typer.echo(secret)


def _add_revoke(group: typer.Typer) -> None:
    @group.command("revoke")
    def revoke(
        token_file: Annotated[
            Path, typer.Argument(help="File that holds the token; - for standard input.")
        ],
        config: Config = None,
    ) -> None:
        """Withdraw a token at once."""
        import sys

        from aiops.api.access import digest_of
        from aiops.contracts.errors import InputError
        from aiops.daemon.clock import SystemClock
        from aiops.ledger.open import open_ledger

        settings, _ = read_settings(config)
        text = sys.stdin.read() if str(token_file) == "-" else token_file.read_text("utf-8")
        directory = Path(settings.store.directory)
        ledger = open_ledger(
            settings.store.ledger_url or f"sqlite:///{directory / 'ledger.db'}",
            SystemClock().now(),
        )
        try:
            digest = digest_of(text.strip())
            if ledger.credential(digest) is None:
                raise InputError(["there is no such token, or it was withdrawn before"])
            ledger.delete_credential(digest)
        finally:
            ledger.close()
        typer.echo("withdrawn")
