"""``aiops try correlate``: alerts of a file to incidents with ranked causes."""

from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

if TYPE_CHECKING:
    import pandas as pd

_COLUMNS: Final = ("time", "entity", "signal")
_OPTIONAL: Final = ("value", "message")


def register(app: typer.Typer) -> None:
    """Adds the command."""

    @app.command("correlate")
    def correlate(
        alerts: Annotated[
            str, typer.Argument(help="Table: time, entity, signal, optional value, message.")
        ],
        out: Annotated[str, typer.Option(help="JSON file of incidents to write.")],
        topology: Annotated[
            str | None, typer.Option(help="Table: source, target; source depends on target.")
        ] = None,
    ) -> None:
        """Groups alerts to one incident per underlying problem and ranks the causes."""
        import json

        from aiops.replay.tables import read_table, write_bytes

        table = read_table(alerts)
        edges = None if topology is None else read_table(topology)
        told = _incidents(alerts, table, topology or "", edges)
        write_bytes(json.dumps(told, ensure_ascii=False, indent=1).encode() + b"\n", out)


def _incidents(
    source: str, table: "pd.DataFrame", edge_source: str, edges: "pd.DataFrame | None"
) -> list[dict[str, Any]]:
    import numpy as np
    import pandas as pd

    from aiops.cli.tables import check_columns, read_topology
    from aiops.contracts.correlator import Alerts
    from aiops.incident.correlate import correlate, learn_rhythm
    from aiops.incident.neighbours import read_neighbours
    from aiops.incident.suspects import rank_suspects
    from aiops.replay.tables import read_times

    check_columns(source, table, _COLUMNS, _OPTIONAL)
    if table.empty:
        return []
    times, plain = read_times(source, table["time"])
    entities = table["entity"].fillna("").astype(str)
    topology, entity = read_topology(edge_source, edges, entities)
    signal, signals = pd.factorize(table["signal"].fillna("").astype(str))
    events = Alerts(times, entity, signal.astype(np.int64))
    near = read_neighbours(topology)
    grouped = correlate(events, near, learn_rhythm(events, near))
    causes = rank_suspects(events, grouped.incident, near, tuple(map(str, signals)))
    order = np.lexsort((times, grouped.incident))
    bounds = np.flatnonzero(np.diff(grouped.incident[order])) + 1
    return [
        _incident(rows, times, plain, entity, topology.names, causes[k])
        for k, rows in enumerate(np.split(order, bounds))
    ]


def _incident(
    rows: Any, times: Any, plain: bool, entity: Any, names: tuple[str, ...], causes: list[Any]
) -> dict[str, Any]:
    from datetime import timedelta

    from aiops.cli.tables import write_time
    from aiops.incident.story import tell_incident

    first, last = int(times[rows[0]]), int(times[rows[-1]])
    start = write_time(first, plain)
    lasted = last - first if plain else timedelta(microseconds=(last - first) // 1000)
    shown = list(dict.fromkeys(names[e] for e in entity[rows].tolist()))
    return {
        "start": start,
        "end": write_time(last, plain),
        "alerts": sorted(rows.tolist()),
        "causes": [
            {"entity": names[c.entity], "score": round(c.score, 6), "reason": c.reason}
            for c in causes
        ],
        "sentence": tell_incident(str(start), lasted, shown, len(rows), causes, names),
    }
