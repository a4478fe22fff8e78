"""``aiops try rootcause``: metrics around a fault to ranked causes."""

from typing import Annotated, Any, Final

import typer

_COLUMNS: Final = ("timestamp", "entity", "metric", "value")


def register(app: typer.Typer) -> None:
    """Adds the command."""

    @app.command("rootcause")
    def rank(
        metrics: Annotated[str, typer.Argument(help="Table: timestamp, entity, metric, value.")],
        out: Annotated[str, typer.Option(help="Table of causes to write.")],
        topology: Annotated[
            str | None, typer.Option(help="Table: source, target; source depends on target.")
        ] = None,
        at: Annotated[
            str | None, typer.Option(help="Start of the fault; without it, it is found.")
        ] = None,
    ) -> None:
        """Ranks every entity by how likely the fault started there."""
        import numpy as np
        import pandas as pd

        from aiops.cli.tables import check_columns, read_topology
        from aiops.contracts.cause import Measures
        from aiops.contracts.errors import InputError, NotEnoughHistory
        from aiops.incident.cause import rank_metrics
        from aiops.replay.tables import read_numbers, read_table, read_times, write_table

        table = read_table(metrics)
        check_columns(metrics, table, _COLUMNS)
        if table.empty:
            raise InputError([f"{metrics}: has no rows"])
        times, plain = read_times(metrics, table["timestamp"])
        edges = None if topology is None else read_table(topology)
        names, entity = read_topology(topology or "", edges, table["entity"].fillna("").astype(str))
        metric, metric_names = pd.factorize(table["metric"].fillna("").astype(str), sort=True)
        measures = Measures(
            times,
            entity,
            metric.astype(np.int64),
            read_numbers(metrics, table["value"]),
            tuple(map(str, metric_names)),
        )
        try:
            _, causes = rank_metrics(measures, names, _read_at(at, plain))
        except NotEnoughHistory as error:
            raise InputError([f"{metrics}: {error}"]) from error
        write_table(
            pd.DataFrame(
                {
                    "rank": range(1, len(causes) + 1),
                    "entity": [names.names[cause.entity] for cause in causes],
                    "metric": [_name(metric_names, cause.metric) for cause in causes],
                    "score": [cause.score for cause in causes],
                    "reason": [cause.reason for cause in causes],
                }
            ),
            out,
        )


def _name(names: Any, metric: int) -> str:
    return str(names[metric]) if metric >= 0 else ""


def _read_at(at: str | None, plain: bool) -> int | None:
    """Returns the time of the fault in the unit of the table's times."""
    if at is None:
        return None
    import pandas as pd

    from aiops.contracts.errors import InputError
    from aiops.replay.tables import read_times

    try:
        times, steps = read_times("--at", pd.Series([at]))
    except InputError as error:
        wanted = "an integer" if plain else "2026-01-31T12:00:00Z"
        raise InputError([f"--at: {at!r} is no time; write {wanted}"]) from error
    if steps != plain:
        wanted = "an integer" if plain else "an ISO 8601 time"
        raise InputError([f"--at: {at!r} is not in the table's clock; write {wanted}"])
    return int(times[0])
