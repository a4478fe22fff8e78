"""``aiops report``: what it was worth, and the time before it."""

import csv
import io
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from aiops.cli.export import read_time
from aiops.cli.run import Config, read_settings

if TYPE_CHECKING:
    from aiops.config import Settings
    from aiops.learn.before import PastTicket


class Format(StrEnum):
    """How a report is written."""

    TEXT = "text"
    JSON = "json"
    CSV = "csv"


def register(app: typer.Typer) -> None:
    """Adds the commands."""
    report = typer.Typer(no_args_is_help=True, help="What predictions were worth.")
    app.add_typer(report, name="report")

    @report.command("value")
    def write_value(
        start: Annotated[str, typer.Option("--from", help="First time, ISO 8601; no zone = UTC.")],
        end: Annotated[str, typer.Option("--to", help="Time after the last, ISO 8601.")],
        out: Annotated[Format, typer.Option("--out", help="text, json or csv.")] = Format.TEXT,
        config: Config = None,
    ) -> None:
        """Count outcomes, times and money, each with its uncertainty. Reads only."""
        from aiops.assemble import value_terms
        from aiops.config.runbooks import load_runbooks
        from aiops.domain.asset import SYSTEM
        from aiops.learn.value import read_value
        from aiops.ledger.open import open_for_reading

        settings, _ = read_settings(config)
        ledger = open_for_reading(ledger_url(settings))
        try:
            terms = value_terms(settings)
            names = [each.name for each in load_runbooks(settings.automate)]
            found = read_value(ledger, SYSTEM, read_time(start), read_time(end), *terms, names)
        finally:
            ledger.close()
        typer.echo(_WRITERS[out](found).rstrip("\n"))

    @report.command("before")
    def import_before(
        tickets: Annotated[Path, typer.Argument(help="CSV: opened, closed, optional cost.")],
        config: Config = None,
    ) -> None:
        """Freeze the time before from past tickets (at least 90 days and 30 tickets). Once."""
        from aiops.contracts.errors import InputError
        from aiops.daemon.clock import SystemClock
        from aiops.learn.before import BEFORE, freeze_before
        from aiops.ledger.open import open_ledger

        settings, _ = read_settings(config)
        now = SystemClock().now()
        before = freeze_before(read_tickets(tickets), now)
        ledger = open_ledger(ledger_url(settings), now)
        try:
            if ledger.note(BEFORE):
                raise InputError(["the time before is frozen already; it is imported once"])
            with ledger.begin() as tx:
                tx.put_note(BEFORE, before.note())
                tx.audit(now, "command line", "freeze before", str(tickets), {}, before.note())
        finally:
            ledger.close()
        hours = before.resolve_seconds / 3600
        typer.echo(f"{before.cases} tickets frozen: {hours:.1f} h from opening to closing, median")


def ledger_url(settings: "Settings") -> str:
    """Returns where the ledger of an installation is."""
    path = Path(settings.store.directory) / "ledger.db"
    return settings.store.ledger_url or f"sqlite:///{path}"


def read_tickets(path: Path) -> "list[PastTicket]":
    """Returns past tickets of a CSV file.

    Raises:
        InputError: A row is wrong; every wrong one is told.
    """
    from aiops.contracts.errors import InputError
    from aiops.learn.before import PastTicket

    try:
        text = path.read_text("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError([f"{path}: {error}"]) from error
    rows = csv.DictReader(io.StringIO(text))
    missing = {"opened", "closed"} - set(rows.fieldnames or ())
    if missing:
        raise InputError([f"{path}:1: no column {', '.join(sorted(missing))}"])
    found, problems = [], []
    for row in rows:
        try:
            opened, closed = _time(row["opened"]), _time(row["closed"])
            cost = float(row["cost"]) if row.get("cost") else None
        except (ValueError, TypeError) as error:
            problems.append(f"{path}:{rows.line_num}: {error}")
            continue
        if closed < opened:
            problems.append(f"{path}:{rows.line_num}: closed before it was opened")
        found.append(PastTicket(opened, closed, cost))
    if problems:
        raise InputError(problems)
    return found


def _time(text: str) -> datetime:
    from datetime import UTC

    at = datetime.fromisoformat(text)
    return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)


def _text(found: dict[str, Any]) -> str:
    counts = found["counts"]["outcome"]
    lines = [
        f"{found['from']} to {found['to']}",
        f"{len(found['incidents'])} incidents: "
        + ", ".join(f"{count} {kind}" for kind, count in sorted(counts.items())),
        "",
    ]
    for figure in found["figures"]:
        name = " ".join(part for part in (figure["name"], figure["of"]) if part)
        if figure["measurable"]:
            span = f"{figure['value']:.4g} ({figure['low']:.4g} to {figure['high']:.4g})"
            lines.append(f"{name}: {span} {figure['unit']}, n = {figure['n']}; {figure['note']}")
        else:
            lines.append(f"{name}: {figure['note']}")
    for name in ("response_time", "satisfaction", "cost"):
        target = found["targets"][name]
        change = target["change"]
        said = target["note"] if change is None else f"{change:+.0%}, {target['note']}"
        lines.append(f"target {name} {target['target']:+.0%}: {said}")
    for step in found["ladder"]:
        move = f"{step['stage']} → {step['proposed']}"
        place = " ".join(filter(None, (step["method"], step["metric_kind"], step["team"])))
        lines.append(f"ladder {place}: {move} ({step['why']})")
    for row in found["services"]:
        used = row["budget_used"]
        spent = "" if used is None else f", {used:.0%} of its error budget used"
        loss = f"{row['expected_loss']:,.0f} {found['currency']}"
        lines.append(f"service {row['key']}: expected loss {loss}{spent}")
    for item in found["evaluation"]["advice"]:
        what = item["what"].replace("_", " ")
        lines.append(f"advice: {what} {item['subject']} ({item['n']} cases)")
    stage = found["maturity"]
    lines.append(f"maturity: {stage['level'] or 'begun'}, next {stage['next'] or 'nothing'}")
    return "\n".join(lines)


def _json(found: dict[str, Any]) -> str:
    import orjson

    return orjson.dumps(found, option=orjson.OPT_INDENT_2).decode()


def _csv(found: dict[str, Any]) -> str:
    from aiops.learn.table import value_csv

    return value_csv(found)


_WRITERS = {Format.TEXT: _text, Format.JSON: _json, Format.CSV: _csv}
