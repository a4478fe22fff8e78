"""``aiops store``: look at a series store, and move from one to another."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from aiops.cli import spool
from aiops.cli.opened import held, opened_ledger
from aiops.cli.run import Config, read_settings

if TYPE_CHECKING:
    from aiops.config import Settings


def register(app: typer.Typer) -> None:
    """Adds the commands."""
    group = typer.Typer(no_args_is_help=True, help="Look at the series store, or move to another.")

    @group.command("check")
    def check_store(config: Config = None) -> None:
        """Write one sample under a name of its own, read it back, and show what is known."""
        settings, _ = read_settings(config)
        if not _check(settings):
            raise typer.Exit(1)

    @group.command("copy")
    def copy_store(
        source: Annotated[Path, typer.Argument(metavar="FROM", help="Configuration of the old.")],
        target: Annotated[Path, typer.Argument(metavar="TO", help="Configuration of the new.")],
    ) -> None:
        """Copy every sample; verified day by day, and taken up again where it was cut off."""
        from aiops.config import load

        _copy(load(source), load(target))

    spool.add_to(group)
    app.add_typer(group, name="store")


def _check(settings: "Settings") -> bool:
    from aiops.contracts.errors import AiopsError
    from aiops.store.open import open_directly
    from aiops.store.probe import probe

    with held({settings.store.directory}):
        store = open_directly(settings.store, Path(settings.store.directory))
        try:
            for name, value in store.status().items():
                typer.echo(f"{name}: {value}")
        finally:
            store.close()
        try:
            words = probe(settings.store, Path(settings.store.directory))
        except AiopsError as error:
            typer.echo(f"FAIL {settings.store.series}: {' '.join(str(error).split())}")
            return False
    typer.echo(f"ok   {settings.store.series}: {words}")
    return True


def _copy(source: "Settings", target: "Settings") -> None:
    import numpy as np

    from aiops.store.copy import copy_days, days_of
    from aiops.store.open import open_directly
    from aiops.store.remote.prometheus import Discovering

    with (
        held({source.store.directory, target.store.directory}),
        opened_ledger(source) as old,
        opened_ledger(target) as new,
    ):
        here = open_directly(source.store, Path(source.store.directory), old.catalogue.info)
        if isinstance(here, Discovering):
            _register(old.catalogue, here.known_series())
        infos = old.catalogue.all()
        ids = np.array([info.id for info in infos], np.int64)
        target_ids = _same_series(new.catalogue, infos)
        there = open_directly(target.store, Path(target.store.directory), new.catalogue.info)
        try:
            journal = _Journal(target, source)
            days = days_of(here, ids)
            copied = copy_days(here, there, ids, target_ids, days, journal.is_done)
            total = 0
            for day in copied:
                total += day.samples
                journal.note(day, is_last=day.day == days[-1])
                same = "equal" if day.exact else "equal to 9 digits"
                typer.echo(
                    f"{day.date}: {day.samples} samples, checksum {day.checksum}, "
                    f"read back {same} ({day.day - days[0] + 1}/{len(days)} days)"
                )
        finally:
            here.close()
            there.close()
    typer.echo(f"copied and verified: {total} samples of {len(infos)} series")


def _same_series(catalogue: Any, infos: list[Any]) -> Any:
    import numpy as np

    target = np.full(len(infos), -1, np.int64)
    for step in {info.step_ns for info in infos}:
        rows = [row for row, info in enumerate(infos) if info.step_ns == step]
        keys = tuple(infos[row].key for row in rows)
        target[rows] = catalogue.ids(keys, step, [infos[row].counter for row in rows])
    return target


def _register(catalogue: Any, series: list[Any]) -> None:
    from aiops.domain.step import MINUTE

    if series:
        catalogue.ids(tuple(key for key, _ in series), MINUTE, [counter for _, counter in series])


class _Journal:
    """Remembers in the target's data directory which days are done."""

    def __init__(self, target: "Settings", source: "Settings") -> None:
        import hashlib
        import json

        ways = f"{source.store!r} {target.store!r}"
        name = hashlib.sha256(ways.encode()).hexdigest()[:12]
        self._path = Path(target.store.directory) / f"copy-{name}.json"
        try:
            self._done = json.loads(self._path.read_text())
        except (FileNotFoundError, ValueError):
            self._done = {}

    def is_done(self, day: int) -> bool:
        return str(day) in self._done

    def note(self, day: Any, *, is_last: bool) -> None:
        """The last day may still grow, so that it is looked at again."""
        import json

        if is_last:
            return
        self._done[str(day.day)] = [day.samples, day.checksum]
        new = self._path.with_suffix(".new")
        new.write_text(json.dumps(self._done))
        new.replace(self._path)
