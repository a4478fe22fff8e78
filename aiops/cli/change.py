"""``aiops change``: what a planned change risks; record one, list them."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from aiops.cli.export import read_time
from aiops.cli.run import Config, read_settings
from aiops.cli.value import ledger_url

if TYPE_CHECKING:
    from aiops.domain.change import Change

Start = Annotated[str, typer.Option("--from", help="When it begins, ISO 8601; no zone = UTC.")]
End = Annotated[str, typer.Option("--to", help="When it ends.")]
AssetKey = Annotated[str, typer.Option("--asset", help="Key of the asset that is changed.")]
ServiceKey = Annotated[str, typer.Option("--service", help="Key of a service, in its place.")]
Kind = Annotated[str, typer.Option(help="Word of your own: deploy, config, firmware …")]
Text = Annotated[str, typer.Option(help="What is changed.")]


def register(app: typer.Typer) -> None:
    """Adds the commands."""
    group = typer.Typer(no_args_is_help=True, help="Weigh planned changes, record and list them.")
    app.add_typer(group, name="change")
    _add_assess(group)
    _add_record(group)


def _add_assess(group: typer.Typer) -> None:
    @group.command("assess")
    def assess(
        start: Start,
        end: End,
        asset: AssetKey = "",
        service: ServiceKey = "",
        kind: Kind = "change",
        as_json: Annotated[bool, typer.Option("--json", help="As JSON.")] = False,
        config: Config = None,
    ) -> None:
        """Weigh a planned change and name the safest windows. Reads only."""
        from aiops.assemble import change_terms
        from aiops.daemon.clock import SystemClock
        from aiops.domain.asset import SYSTEM
        from aiops.ledger.open import open_for_reading
        from aiops.risk.change import read_assessment

        settings, _ = read_settings(config)
        change = _change("", start, end, asset, service, kind)
        ledger = open_for_reading(ledger_url(settings))
        try:
            _check_target(ledger, change)
            found = read_assessment(
                ledger, SYSTEM, change, change_terms(settings), SystemClock().now()
            )
        finally:
            ledger.close()
        if as_json:
            import orjson

            typer.echo(orjson.dumps(found, option=orjson.OPT_INDENT_2).decode())
        else:
            typer.echo(_words(found))


def _add_record(group: typer.Typer) -> None:
    @group.command("record")
    def record(
        start: Start,
        end: End,
        asset: AssetKey = "",
        service: ServiceKey = "",
        kind: Kind = "change",
        text: Text = "",
        config: Config = None,
    ) -> None:
        """Record a change, planned or made: it is evidence when a cause is looked for."""
        import secrets
        from dataclasses import replace

        from aiops.daemon.clock import SystemClock
        from aiops.ledger.open import open_ledger

        settings, _ = read_settings(config)
        now = SystemClock().now()
        change = _change(secrets.token_hex(8), start, end, asset, service, kind)
        change = replace(change, text=text, by="command line", recorded_at=now)
        ledger = open_ledger(ledger_url(settings), now)
        try:
            _check_target(ledger, change)
            with ledger.begin() as tx:
                tx.put_change(change)
                after = {"from": change.start, "to": change.end, "kind": kind}
                subject = asset or f"service {service}"
                tx.audit(now, "command line", "record change", subject, {}, after)
        finally:
            ledger.close()
        typer.echo(f"recorded: {change.id}")

    @group.command("list")
    def show(start: Start, end: End, config: Config = None) -> None:
        """List changes that touch a time. Reads only."""
        from aiops.domain.asset import SYSTEM
        from aiops.ledger.open import open_for_reading

        settings, _ = read_settings(config)
        ledger = open_for_reading(ledger_url(settings))
        try:
            for each in ledger.changes(SYSTEM, read_time(start), read_time(end)):
                what = each.asset or f"service {each.service}"
                said = f": {each.text}" if each.text else ""
                typer.echo(
                    f"{each.start:%Y-%m-%d %H:%M} to {each.end:%Y-%m-%d %H:%M}  "
                    f"{each.kind} of {what}{said} ({each.by})"
                )
        finally:
            ledger.close()


def _change(identity: str, start: str, end: str, asset: str, service: str, kind: str) -> "Change":
    from aiops.contracts.errors import InputError
    from aiops.domain.change import Change

    if bool(asset) == bool(service):
        raise InputError(["name either --asset or --service"])
    begin, close = read_time(start), read_time(end)
    if close < begin:
        raise InputError(["--to: must not lie before --from"])
    return Change(identity, begin, close, kind, "", asset, service)


def _check_target(ledger: Any, change: "Change") -> None:
    from aiops.contracts.errors import InputError
    from aiops.domain.asset import SYSTEM

    if change.asset and ledger.asset(SYSTEM, change.asset) is None:
        raise InputError([f"--asset: there is no asset {change.asset}"])
    known = {asset.service for asset in ledger.assets(SYSTEM)} if change.service else set()
    if change.service and change.service not in known:
        raise InputError([f"--service: no asset carries the service {change.service}"])


def _words(found: dict[str, Any]) -> str:
    past = found["past_changes"]
    lines = [
        f"risk {found['level']}: {found['probability']:.0%} that an incident follows",
        f"expected loss {found['expected_loss']:,.0f} {found['currency']}",
        f"touches {len(found['affected'])} assets, {len(found['open_incidents'])} open incidents",
    ]
    if past["measurable"]:
        lines.append(
            f"{past['followed']} of {past['n']} past changes were followed by an incident "
            f"(otherwise {past['usual']:.0%} of days)"
        )
    else:
        lines.append(f"only {past['n']} past changes like it: they count for nothing yet")
    lines += [f"because: {reason.replace('_', ' ')}" for reason in found["reasons"]]
    for each in found["safest"]:
        inside = ", in maintenance" if each["in_maintenance"] else ""
        lines.append(
            f"safer: {each['from'][:16]} to {each['to'][:16]} UTC, {each['foreseen']:.0%} "
            f"foreseen, {each['overlaps']} other changes{inside}"
        )
    return "\n".join(lines)
