"""``aiops try detect``: scores, alerts and flags for the rows of a recording."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

if TYPE_CHECKING:
    import pandas as pd

    from aiops.detect.settings import DetectSettings
    from aiops.detect.stage import DetectStage

TIME: Final = "timestamp"


def register(app: typer.Typer) -> None:
    """Adds the command."""

    @app.command("detect")
    def detect(
        out: Annotated[str, typer.Option(help="File (or tree of files) of scores to write.")],
        source: Annotated[
            str | None,
            typer.Argument(metavar="INPUT", help="Table: timestamp, one column per metric."),
        ] = None,
        train: Annotated[
            str | None, typer.Option(help="Earlier recording of the same metrics.")
        ] = None,
        detector: Annotated[str | None, typer.Option(help="See `aiops plugins`.")] = None,
        budget: Annotated[
            float | None, typer.Option(help="False alarms allowed per series-week.")
        ] = None,
        input_dir: Annotated[
            Path | None, typer.Option(help="Every file below it, each as if alone.")
        ] = None,
        config: Annotated[Path | None, typer.Option(help="Settings to use.")] = None,
    ) -> None:
        """Scores each row of a recording by the rows up to it."""
        from aiops.replay.tables import read_table, write_table

        if (source is None) == (input_dir is None):
            raise typer.BadParameter("give INPUT or --input-dir, one of the two")
        stage = create_stage(detector, budget, config)
        before = None if train is None else (train, read_table(train))
        if input_dir is None:
            name = str(source)
            write_table(_score(stage, name, read_table(name), before), out)
            return
        _score_tree(stage, input_dir, out, before)


def _score_tree(
    stage: "DetectStage", top: Path, out: str, before: tuple[str, "pd.DataFrame"] | None
) -> None:
    """Scores every table below a folder; nothing is written if one of them is wrong."""
    from aiops.contracts.errors import InputError
    from aiops.replay.tables import SUFFIXES, read_table, write_table

    if not top.is_dir():
        raise InputError([f"{top}: there is no such folder"])
    files = sorted(p for p in top.rglob("*") if p.is_file() and str(p).endswith(SUFFIXES))
    if not files:
        raise InputError([f"{top}: holds no table; files are named {', '.join(SUFFIXES)}"])
    problems: list[str] = []
    done = []
    for path in _progress(files):
        try:
            done.append((path, _score(stage, str(path), read_table(str(path)), before)))
        except InputError as error:
            problems += error.problems
    if problems:
        raise InputError(problems)
    for path, table in done:
        write_table(table, str(Path(out) / path.relative_to(top)))


def _progress(files: list[Path]) -> Iterator[Path]:
    import sys

    if not sys.stderr.isatty():
        yield from files
        return
    from rich.console import Console
    from rich.progress import track

    yield from track(files, description="detect", console=Console(stderr=True))


def create_stage(name: str | None, budget: float | None, config: Path | None) -> "DetectStage":
    """Returns the stage that the options ask for, of the packaged defaults where they do not."""
    from aiops.detect.settings import DetectSettings

    if config is None:
        return stage_of(DetectSettings(), name, budget)
    from aiops.config import load

    return stage_of(load(config).detect, name, budget)


def stage_of(settings: "DetectSettings", name: str | None, budget: float | None) -> "DetectStage":
    """Returns the stage of the settings, with the detector and budget that were asked for."""
    from dataclasses import replace

    from aiops.contracts.errors import InputError, PluginError
    from aiops.detect.stage import DetectStage

    if name is not None and name != settings.detector:
        settings = replace(settings, detector=name, settings={})
    if budget is not None:
        if not 0 < budget < float("inf"):
            raise typer.BadParameter("--budget must be above 0")
        settings = replace(settings, budget=budget)
    try:
        return DetectStage.of(settings)
    except PluginError as error:
        raise InputError([f"--detector: {error}"]) from error


def _score(
    stage: "DetectStage",
    name: str,
    table: "pd.DataFrame",
    before: tuple[str, "pd.DataFrame"] | None,
) -> "pd.DataFrame":
    import numpy as np
    import pandas as pd

    from aiops.contracts.errors import InputError
    from aiops.detect.trial import median_step, run_trial

    metrics = [column for column in table.columns if column != TIME]
    if TIME not in table:
        raise InputError([f"{name}: there is no column {TIME!r}; it holds the time of each row"])
    if not metrics:
        raise InputError([f"{name}: has no metric; write one column per metric"])
    times, plain, values = read_columns(name, table, metrics)
    step = median_step(times, plain)
    skip = 0
    if before is not None:
        source, earlier = before
        lack = [c for c in [TIME, *metrics] if c not in earlier]
        if lack:
            raise InputError([f"{source}: there is no column {c!r}, {name} has it" for c in lack])
        past, past_plain, past_values = read_columns(source, earlier, metrics)
        if past_plain != plain:
            raise InputError([f"{source}: times are of another kind than those of {name}"])
        skip = len(past)
        times, values = np.concatenate([past, times]), np.concatenate([past_values, values], axis=1)
    found = run_trial(stage, values, times, plain, step, skip)
    columns: dict[str, Any] = {
        TIME: table[TIME],
        "score": found.score,
        "alert": found.alert,
        "is_anomaly": found.is_anomaly.astype(np.int64),
    }
    for row, metric in enumerate(metrics):
        columns[f"score:{metric}"] = found.score_by_metric[row]
    return pd.DataFrame(columns)


def read_columns(name: str, table: "pd.DataFrame", metrics: list[str]) -> tuple[Any, bool, Any]:
    """Returns times, whether they are plain steps, and ``(n_metrics, n_times)`` values."""
    import numpy as np

    from aiops.contracts.errors import InputError
    from aiops.replay.tables import read_numbers, read_times

    problems: list[str] = []
    times, plain = np.empty(0, np.int64), True
    try:
        times, plain = read_times(name, table[TIME])
    except InputError as error:
        problems += error.problems
    rows = []
    for metric in metrics:
        try:
            rows.append(read_numbers(name, table[metric]))
        except InputError as error:
            problems += error.problems
    if problems:
        raise InputError(problems)
    return times, plain, np.array(rows, dtype=np.float64).reshape(len(metrics), len(table))
