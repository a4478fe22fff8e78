"""``aiops bench``: how fast it is here, as ratios to plain operations of the same run."""

from typing import Annotated

import typer


def register(app: typer.Typer) -> None:
    """Adds the command."""

    @app.command("bench")
    def run_bench(
        series: Annotated[int, typer.Option(help="Series of the fleet.", min=5)] = 5000,
        points: Annotated[int, typer.Option(help="Minutes of history.", min=60)] = 1440,
        out: Annotated[str, typer.Option(help="JSON to write; - is standard output.")] = "",
        only: Annotated[
            str, typer.Option(help="Groups to measure, separated by commas; default all.")
        ] = "",
        peers: Annotated[
            bool, typer.Option("--peers", envvar="PEERS", help="Measure others' tools beside.")
        ] = False,
    ) -> None:
        """Measure CPU time of each stage on generated fleets, beside a named floor."""
        import orjson

        from aiops.bench import run as bench
        from aiops.replay.tables import write_bytes

        known = bench.groups(peers)
        names = [name.strip() for name in only.split(",") if name.strip()]
        wrong = sorted(set(names) - {group.name for group in known})
        if wrong:
            there = ", ".join(group.name for group in known)
            raise typer.BadParameter(f"--only {', '.join(wrong)}: groups are {there}")
        chosen = [group for group in known if not names or group.name in names]
        result = bench.run(series, points, chosen, _tell)
        if out:
            text = orjson.dumps(bench.report(result), option=orjson.OPT_INDENT_2)
            write_bytes(text + b"\n", out)
        if out != "-":
            typer.echo(bench.table(result))


def _tell(name: str, number: int, count: int) -> None:
    import sys

    if sys.stderr.isatty():
        typer.echo(f"bench {number + 1}/{count}: {name}", err=True)
