"""``aiops try forecast``: quantiles and crossings for the series of a file."""

from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

if TYPE_CHECKING:
    import pandas as pd

    from aiops.contracts.forecaster import Forecaster
    from aiops.forecast.tracks import Track
    from aiops.forecast.trial import Answer

_LEVELS: Final = "0.025,0.1,0.25,0.5,0.75,0.9,0.975"
_COLUMNS: Final = ("series", "timestamp", "value")


class LimitDirection(StrEnum):
    """Which way a limit is passed."""

    UP = "up"
    DOWN = "down"


def register(app: typer.Typer) -> None:
    """Adds the command."""

    @app.command("forecast")
    def forecast(
        source: Annotated[
            str, typer.Argument(metavar="INPUT", help="Table: series, timestamp, value.")
        ],
        horizon: Annotated[int, typer.Option(help="Steps ahead.", min=1, max=100_000)],
        out: Annotated[str, typer.Option(help="File of quantiles to write.")],
        levels: Annotated[str, typer.Option(help="Levels, separated by commas.")] = _LEVELS,
        model: Annotated[str, typer.Option(help="Forecaster, see `aiops plugins`.")] = "auto",
        limit: Annotated[float | None, typer.Option(help="Value that counts as failed.")] = None,
        direction: Annotated[
            LimitDirection, typer.Option(help="Which way the limit is passed.")
        ] = LimitDirection.UP,
        crossings: Annotated[
            str | None, typer.Option(help="File of crossings to write; needs --limit.")
        ] = None,
        config: Annotated[
            Path | None, typer.Option(help="Settings of the model, where it names it.")
        ] = None,
    ) -> None:
        """Forecasts each series N steps ahead, with bands; tells when a limit is met."""
        import numpy as np

        from aiops.forecast.trial import Limit, Models, answer
        from aiops.replay.tables import read_table, write_tables

        if (limit is None) != (crossings is None):
            raise typer.BadParameter("--limit and --crossings belong together")
        names = [name.strip() for name in levels.split(",")]
        order = np.argsort(_read_levels(names))
        tracks, clock = _read_tracks(source, read_table(source))
        spare = _create("auto")
        settings = _settings_of(model, config)
        first = spare if model == "auto" and settings is None else _create(model, settings)
        models = Models(first, spare, _create("trend"))
        wanted = None if limit is None else Limit(limit, direction is LimitDirection.UP)
        told = answer(tracks, clock is None, models, horizon, np.sort(_read_levels(names)), wanted)
        tables = [(_quantile_table(tracks, clock, told, [names[i] for i in order], names), out)]
        if crossings is not None:
            tables.append((_crossing_table(tracks, clock, told), crossings))
        write_tables(tables)


def _read_levels(names: list[str]) -> Any:
    import numpy as np

    try:
        levels = np.array([float(name) for name in names])
    except ValueError as error:
        raise typer.BadParameter(f"--levels: {error}; write 0.1,0.5,0.9") from error
    if not ((levels > 0) & (levels < 1)).all() or len(set(names)) < len(names):
        raise typer.BadParameter("--levels: each must be between 0 and 1, and named once")
    return levels


def _settings_of(model: str, config: Path | None) -> Any:
    """Returns what a configuration says of a forecaster; None where it speaks of another."""
    if config is None:
        return None
    from aiops.config import load

    known = load(config).forecast
    return known.settings if known.forecaster == model else None


def _create(name: str, settings: Any = None) -> "Forecaster":
    from typing import cast

    from aiops import plugins
    from aiops.contracts.errors import PluginError

    try:
        kind = plugins.load("forecasts", name).settings
        if settings is None or isinstance(settings, Mapping):
            settings = kind(**(settings or {}))
        return cast("Forecaster", plugins.create("forecasts", name, settings))
    except PluginError as error:
        raise typer.BadParameter(f"--model: {error}") from error


def _read_tracks(source: str, table: "pd.DataFrame") -> tuple[list["Track"], str | None]:
    """Returns the series, and the zone-aware clock's name or None where times are plain steps."""
    import numpy as np

    from aiops.contracts.errors import InputError
    from aiops.forecast.tracks import read_tracks
    from aiops.replay.tables import read_numbers, read_times

    problems = [
        f"{source}: there is no column {name!r}; columns are {', '.join(_COLUMNS)}"
        for name in _COLUMNS
        if name not in table
    ]
    problems += [
        f"{source}: column {name!r} is not known; columns are {', '.join(_COLUMNS)}"
        for name in table.columns
        if name not in _COLUMNS
    ]
    if problems:
        raise InputError(problems)
    if table.empty:
        raise InputError([f"{source}: has no rows"])
    stamps, plain = read_times(source, table["timestamp"])
    values = read_numbers(source, table["value"])
    values = np.where(np.isfinite(values), values, np.nan)
    names = table["series"].astype(str).tolist()
    return read_tracks(names, stamps, values), None if plain else "UTC"


def _write_times(times: Any, clock: str | None) -> Any:
    """Returns times as they are written: plain integers, or ISO 8601 in UTC."""
    import numpy as np
    import pandas as pd

    if clock is None:
        return np.round(times).astype(np.int64)
    stamps = pd.to_datetime(np.round(times).astype(np.int64), unit="ns", utc=True)
    whole = bool((stamps.asi8 % 10**9 == 0).all())
    return stamps.strftime("%Y-%m-%dT%H:%M:%SZ" if whole else "%Y-%m-%dT%H:%M:%S.%fZ")


def _step_of(tracks: list["Track"], clock: str | None) -> float:
    """Returns the step of a series that has a single sample: that of the others."""
    import numpy as np

    known = [track.step for track in tracks if track.step > 0]
    return float(np.median(known)) if known else (1.0 if clock is None else 3600e9)


def _quantile_table(
    tracks: list["Track"], clock: str | None, told: "Answer", ordered: list[str], names: list[str]
) -> "pd.DataFrame":
    import numpy as np
    import pandas as pd

    spare = _step_of(tracks, clock)
    horizon = told.quantiles.shape[1]
    ahead = np.arange(1, horizon + 1)
    times = np.concatenate([t.times[-1] + ahead * (t.step or spare) for t in tracks])
    flat = told.quantiles.reshape(-1, told.quantiles.shape[2])
    columns = {f"q{name}": flat[:, ordered.index(name)] for name in names}
    return pd.DataFrame(
        {
            "series": np.repeat([track.name for track in tracks], horizon),
            "step": np.tile(ahead, len(tracks)),
            "timestamp": _write_times(times, clock),
            **columns,
        }
    )


def _crossing_table(tracks: list["Track"], clock: str | None, told: "Answer") -> "pd.DataFrame":
    import numpy as np
    import pandas as pd

    from aiops.domain.abstention import Abstention

    if told.passage is None:
        raise ValueError("no limit was asked for")
    spare = _step_of(tracks, clock)
    last = np.array([track.times[-1] for track in tracks], dtype=np.float64)
    step = np.array([track.step or spare for track in tracks])
    abstained = told.reason != 0
    table: dict[str, Any] = {
        "series": [track.name for track in tracks],
        "probability": np.where(abstained, np.nan, told.passage.probability),
    }
    for name in ("early", "likely", "late"):
        ahead = np.where(abstained, 1.0, getattr(told.passage, name))
        written = pd.Series(_write_times(last + ahead * step, clock)).astype(object)
        table[name] = written.where(~abstained, None)
    table["abstained"] = abstained.astype(int)
    table["reason"] = [Abstention(int(code)).words for code in told.reason]
    return pd.DataFrame(table)
