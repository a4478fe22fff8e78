"""``aiops store spool|requeue|discard``: what waits for a remote store, and what it refused."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from aiops.cli.opened import held, opened_ledger
from aiops.cli.run import Config, read_settings

if TYPE_CHECKING:
    from aiops.config import Settings

Numbers = Annotated[list[int] | None, typer.Argument(help="Of lots, as `store spool` shows them.")]
All = Annotated[bool, typer.Option("--all", help="Every lot.")]


def add_to(group: typer.Typer) -> None:
    """Adds the commands."""

    @group.command("spool")
    def show_spool(config: Config = None) -> None:
        """Show what waits for the store, what was lost, and what the store refuses for good."""
        settings, _ = read_settings(config)
        _show(settings)

    @group.command("requeue")
    def requeue(config: Config = None, numbers: Numbers = None, every: All = False) -> None:
        """Let samples that were set aside wait for the store again (the daemon is stopped)."""
        settings, _ = read_settings(config)
        count = _move(settings, numbers, "requeue", every=every)
        typer.echo(f"{count} samples wait again; the next start of the daemon sends them")

    @group.command("discard")
    def discard(config: Config = None, numbers: Numbers = None, every: All = False) -> None:
        """Throw samples away that were set aside; they stay counted (the daemon is stopped)."""
        settings, _ = read_settings(config)
        count = _move(settings, numbers, "discard", every=every)
        typer.echo(f"{count} samples thrown away")


def _show(settings: "Settings") -> None:
    from aiops.store.losses import look_into

    content = look_into(_path(settings))
    with opened_ledger(settings) as ledger:
        name_of = {info.id: info.key.text for info in ledger.catalogue.all()}
    typer.echo(f"waiting: {content.waiting} samples")
    for (series, reason), count in sorted(content.lost.items()):
        typer.echo(f"lost: {count} samples of {name_of.get(series, 'unknown series')} ({reason})")
    for lot in content.aside:
        names = sorted({name_of.get(each, f"series {each}") for each in lot.samples.ids.tolist()})
        typer.echo(f"set aside: {lot.number}: {_summary(lot.samples, names)}: {lot.reason}")


def _summary(samples: Any, names: list[str]) -> str:
    from aiops.domain.instant import from_ns

    first, last = from_ns(int(samples.times.min())), from_ns(int(samples.times.max()))
    more = f" and {len(names) - 1} more series" if len(names) > 1 else ""
    span = f"{first:%Y-%m-%dT%H:%M:%SZ}" if first == last else f"{first:%FT%TZ} to {last:%FT%TZ}"
    return f"{len(samples)} samples of {names[0]}{more}, {span}"


def _move(settings: "Settings", numbers: list[int] | None, how: str, *, every: bool) -> int:
    from contextlib import closing

    from aiops.domain.instant import duration_ns
    from aiops.store.spool import Spool

    if bool(numbers) == every:
        raise typer.BadParameter("give the numbers of lots, or --all")
    age = duration_ns(settings.store.spool_max_age)
    with (
        held({settings.store.directory}),
        closing(Spool(_path(settings), settings.store.spool_max_bytes, age)) as spool,
    ):
        there = {lot.number for lot in spool.refused()}
        chosen = there if every else set(numbers or ())
        if unknown := sorted(chosen - there):
            raise typer.BadParameter(f"nothing was set aside under {unknown}")
        return spool.requeue(chosen) if how == "requeue" else spool.discard(chosen)


def _path(settings: "Settings") -> Path:
    return Path(settings.store.directory) / "spool.db"
