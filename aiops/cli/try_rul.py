"""``aiops try rul``: remaining life learnt from units that failed."""

from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

if TYPE_CHECKING:
    import pandas as pd

    from aiops.domain.lives import Lives

_HOUR_NS: Final = 3600e9


def register(app: typer.Typer) -> None:
    """Adds the commands."""
    rul = typer.Typer(no_args_is_help=True, help="Remaining life, from units that failed.")

    @rul.command("fit")
    def fit(
        history: Annotated[
            str, typer.Argument(metavar="HISTORY", help="unit, time, sensors; to each failure.")
        ],
        out: Annotated[str, typer.Option(help="Model file to write.")],
        config: Annotated[Path | None, typer.Option(help="Settings to use.")] = None,
    ) -> None:
        """Learns from units, each running to its failure at its last row."""
        from aiops.contracts.errors import InputError, NotEnoughHistory
        from aiops.forecast.life.model import fit_life, write_life
        from aiops.replay.tables import read_table

        del config
        try:
            model = fit_life(_read_lives(history, read_table(history)))
        except NotEnoughHistory as error:
            raise InputError([f"{history}: {error}"]) from error
        _write(write_life(model), out)

    @rul.command("predict")
    def predict(
        model: Annotated[str, typer.Argument(metavar="MODEL", help="Written by `fit`.")],
        partial: Annotated[
            str, typer.Argument(metavar="PARTIAL", help="The same columns of living units.")
        ],
        out: Annotated[str, typer.Option(help="Table to write.")],
        config: Annotated[Path | None, typer.Option(help="Settings to use.")] = None,
    ) -> None:
        """Tells how long each unit will live, counted from its last row."""
        import pandas as pd

        from aiops.contracts.errors import InputError
        from aiops.forecast.life.model import read_life
        from aiops.replay.tables import read_table, write_table

        del config
        try:
            data = Path(model).read_bytes()
        except OSError as error:
            raise InputError([f"{model}: cannot be read: {error.strerror}"]) from error
        fitted = read_life(data, model)
        lives = _read_lives(partial, read_table(partial))
        try:
            answers = fitted.predict(lives)
        except InputError as error:
            raise InputError([f"{partial}: {problem}" for problem in error.problems]) from error
        table = pd.DataFrame(
            [(life.asset, life.p10, life.p50, life.p90) for life in answers],
            columns=["unit", "p10", "p50", "p90"],
        )
        write_table(table, out)

    app.add_typer(rul, name="rul")


def _read_lives(source: str, table: "pd.DataFrame") -> "Lives":
    """Parses a history; times with a date are counted in hours."""
    import numpy as np

    from aiops.contracts.errors import InputError
    from aiops.domain.lives import Lives
    from aiops.replay.tables import read_numbers

    lacking = [
        f"{source}: there is no column {name!r}; columns are unit, time and the sensors"
        for name in ("unit", "time")
        if name not in table
    ]
    if lacking:
        raise InputError(lacking)
    sensors = [str(name) for name in table.columns if name not in {"unit", "time", "censored"}]
    if table.empty or not sensors:
        what = "rows" if table.empty else "sensor columns"
        raise InputError([f"{source}: has no {what}"])
    time, dated = _read_time(source, table["time"])
    values = np.stack([read_numbers(source, table[name]) for name in sensors], axis=1)
    values = np.where(np.isfinite(values), values, np.nan)
    flags = np.zeros(len(table))
    if "censored" in table:
        flags = read_numbers(source, table["censored"])
        wrong = np.flatnonzero(~np.isin(flags, (0, 1)))
        if len(wrong):
            raise InputError(
                [f"{source}: row {row + 2}, column censored: write 0 or 1" for row in wrong[:20]]
            )
    names, first, unit = np.unique(
        table["unit"].astype(str).to_numpy(dtype=object), return_index=True, return_inverse=True
    )
    rank = np.argsort(np.argsort(first))
    order = np.lexsort((time, rank[unit]))
    cuts = np.concatenate([[0], np.cumsum(np.bincount(rank[unit]))]).astype(np.int64)
    if dated:  # a date is no age: a unit's own begins with its first row
        time = time - time[order][cuts[:-1]][rank[unit]]
    named = tuple(str(names[i]) for i in np.argsort(first))
    censored = np.array([bool(flags[order[a:b]].max()) for a, b in pairwise(cuts)])
    return Lives(named, cuts, time[order], values[order], tuple(sensors), censored)


def _read_time(source: str, column: "pd.Series[Any]") -> tuple[Any, bool]:
    """Returns times as numbers, and whether they are hours of dates."""
    from aiops.contracts.errors import InputError
    from aiops.replay.tables import read_numbers, read_times

    try:
        time = read_numbers(source, column)
    except (InputError, TypeError, ValueError):
        stamps, plain = read_times(source, column)
        return stamps.astype(float) / (1.0 if plain else _HOUR_NS), not plain
    wrong = [row for row in range(len(time)) if not abs(time[row]) < float("inf")]
    if wrong:
        raise InputError([f"{source}: row {row + 2}, column time: is empty" for row in wrong[:20]])
    return time, False


def _write(data: bytes, out: str) -> None:
    """Writes a file aside and renames it, so that a failure leaves nothing."""
    from aiops.contracts.errors import InputError

    path = Path(out)
    aside = path.with_name(f".{path.name}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        aside.write_bytes(data)
        aside.replace(path)
    except OSError as error:
        aside.unlink(missing_ok=True)
        raise InputError([f"{out}: cannot be written: {error.strerror}"]) from error
