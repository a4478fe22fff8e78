"""``aiops assets``: what is watched, who sees it, and why two sights are one thing."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from aiops.cli.run import Config, read_settings

if TYPE_CHECKING:
    from aiops.domain.identity import Sighting

_Key = Annotated[str, typer.Argument(metavar="KEY", help="Key of an asset.")]
_Json = Annotated[bool, typer.Option("--json", help="As JSON.")]


def register(app: typer.Typer) -> None:
    """Adds the commands."""
    group = typer.Typer(help="What is watched, which sources see it, and why they mean one thing.")

    @group.callback(invoke_without_command=True)
    def list_assets(context: typer.Context, config: Config = None, as_json: _Json = False) -> None:
        """List assets and the sources that see them. Reads only; the daemon may be running."""
        if context.invoked_subcommand is None:
            _list(config, as_json=as_json)

    @group.command("explain")
    def explain(key: _Key, config: Config = None, as_json: _Json = False) -> None:
        """Say by what each source was found to see this asset. Reads only."""
        _explain(key, config, as_json=as_json)

    @group.command("split")
    def split_asset(
        key: _Key,
        source: Annotated[str, typer.Argument(metavar="SOURCE", help="Source that errs.")],
        config: Config = None,
    ) -> None:
        """Make what SOURCE sees as KEY an asset of its own again, and remember that it is one.

        The daemon may be running: it takes the series along at its next look, within seconds.
        """
        _split(key, source, config)

    app.add_typer(group, name="assets")


def _list(config: Path | None, *, as_json: bool) -> None:
    from aiops.domain.asset import SYSTEM

    with _ledger(config) as ledger:
        assets, sightings = ledger.assets(SYSTEM), ledger.sightings()
    by_asset: dict[str, list[Sighting]] = {}
    for each in sightings:
        by_asset.setdefault(each.asset, []).append(each)
    rows = [
        {
            "asset": asset.key,
            "kind": asset.kind,
            "site": asset.site,
            "owner": asset.owner,
            "parent": asset.parent,
            "seen_by": sorted({each.source for each in by_asset.get(asset.key, ())}),
            "merged": any(each.is_merged for each in by_asset.get(asset.key, ())),
        }
        for asset in assets
    ]
    if as_json:
        _print_json(rows)
        return
    for row in rows:
        told = ", ".join(row["seen_by"])
        typer.echo(f"{row['asset']:<48} {row['kind']:<12} {told}{' (merged)' * row['merged']}")
    typer.echo(f"{len(rows)} assets")


def _explain(key: str, config: Path | None, *, as_json: bool) -> None:
    from aiops.contracts.errors import InputError
    from aiops.domain.asset import SYSTEM

    with _ledger(config) as ledger:
        asset, seen = ledger.asset(SYSTEM, key), ledger.sightings(key)
        elsewhere = [each for each in ledger.sightings() if each.seen == key != each.asset]
    if asset is None and not (seen or elsewhere):
        raise InputError([f"{key}: there is no such asset; see `aiops assets`"])
    if as_json:
        _print_json([_plain(each) for each in (*seen, *elsewhere)])
        return
    for each in elsewhere:
        typer.echo(f"{key} of {each.source} counts for {each.asset}")
    for each in sorted(seen, key=lambda one: one.first_at):
        typer.echo(f"{each.first_at:%Y-%m-%d %H:%M:%S}  {each.words}")
        for identity in each.identities:
            typer.echo(f"    {identity.words}")
        for other in each.apart:
            typer.echo(f"    is not {other}: a person has said so")


def _split(key: str, source: str, config: Path | None) -> None:
    from aiops.collect.sights import NOTE, split
    from aiops.contracts.errors import InputError, Refused
    from aiops.daemon.clock import SystemClock
    from aiops.ledger.open import open_ledger

    settings, _ = read_settings(config)
    now = SystemClock().now()
    ledger = open_ledger(_url(settings), now)
    try:
        try:
            changed = split(ledger.sightings(), key, source)
        except Refused as error:
            raise InputError([f"aiops assets split: {error}"]) from error
        edition = int(ledger.note(NOTE).get("edition", 0)) + 1
        with ledger.begin() as tx:
            tx.put_sightings(changed)
            tx.put_note(NOTE, {"edition": edition})
            tx.audit(now, "cli", "split", key, {"asset": key}, {"asset": changed[0].asset})
    finally:
        ledger.close()
    typer.echo(f"what {source} sees as {changed[0].seen} is {changed[0].asset} from now on")


@contextmanager
def _ledger(config: Path | None) -> Iterator[Any]:
    from aiops.ledger.open import open_for_reading

    settings, _ = read_settings(config)
    ledger = open_for_reading(_url(settings))
    try:
        yield ledger
    finally:
        ledger.close()


def _url(settings: Any) -> str:
    return settings.store.ledger_url or f"sqlite:///{Path(settings.store.directory) / 'ledger.db'}"


def _plain(sighting: "Sighting") -> dict[str, Any]:
    return {
        "source": sighting.source,
        "seen": sighting.seen,
        "asset": sighting.asset,
        "first_at": sighting.first_at,
        "because": sighting.because,
        "of": sighting.of,
        "identities": [identity.words for identity in sighting.identities],
        "apart": sighting.apart,
    }


def _print_json(value: Any) -> None:
    import orjson

    typer.echo(orjson.dumps(value, option=orjson.OPT_INDENT_2).decode())
