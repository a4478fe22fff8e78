"""``aiops try dispatch``: learn who gets a ticket, then say so for new ones."""

from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    import pandas as pd


def register(app: typer.Typer) -> None:
    """Adds the two commands."""
    group = typer.Typer(no_args_is_help=True, help="Learn who gets a ticket, then assign new ones.")
    app.add_typer(group, name="dispatch")

    @group.command("fit")
    def learn(
        tickets: Annotated[str, typer.Argument(help="Table of past tickets.")],
        label: Annotated[str, typer.Option(help="Column that holds the right answer.")],
        out: Annotated[str, typer.Option(help="Model file to write.")],
    ) -> None:
        """Learns from past tickets; every other column is data."""
        from aiops.contracts.errors import InputError, NotEnoughHistory
        from aiops.incident.dispatch.keep import to_bytes
        from aiops.incident.dispatch.model import fit
        from aiops.replay.tables import read_table, write_bytes

        table = read_table(tickets)
        if label not in table:
            there = ", ".join(table.columns)
            raise InputError([f"{tickets}: there is no column {label!r}; columns are {there}"])
        columns = _as_text(table)
        labels = columns.pop(label)
        if not columns:
            raise InputError([f"{tickets}: has no column but {label!r}; a text is needed"])
        try:
            model = fit(columns, labels)
        except NotEnoughHistory as error:
            raise InputError([f"{tickets}: {error}"]) from error
        write_bytes(to_bytes(model), out)

    @group.command("predict")
    def assign(
        model: Annotated[str, typer.Argument(help="Model file written by fit.")],
        tickets: Annotated[str, typer.Argument(help="Table of new tickets.")],
        out: Annotated[str, typer.Option(help="Table of labels to write.")],
        min_precision: Annotated[
            float | None,
            typer.Option(help="Abstain so that the others keep this precision.", min=0, max=1),
        ] = None,
    ) -> None:
        """Gives each new ticket a label and how sure it is; a label column is ignored."""
        import pandas as pd

        from aiops.incident.dispatch.keep import from_bytes
        from aiops.replay.tables import read_table, write_table

        learned = from_bytes(_read_bytes(model), model)
        table = read_table(tickets)
        answer = learned.assign(_as_text(table), min_precision)
        rows = len(table)
        write_table(
            pd.DataFrame(
                {
                    "row": range(rows),
                    "label": answer.label[:rows],
                    "confidence": answer.confidence[:rows],
                    "second": answer.second[:rows],
                    "third": answer.third[:rows],
                    "abstained": answer.abstained[:rows].astype(int),
                }
            ),
            out,
        )


def _read_bytes(source: str) -> bytes:
    from pathlib import Path

    from aiops.contracts.errors import InputError

    try:
        return Path(source).read_bytes()
    except OSError as error:
        raise InputError([f"{source}: cannot be read ({error.strerror})"]) from error


def _as_text(table: "pd.DataFrame") -> dict[str, list[str]]:
    """Returns every column as text; what is missing is empty."""
    return {
        str(name): [
            "" if missing else str(cell)
            for cell, missing in zip(table[name], table[name].isna(), strict=True)
        ]
        for name in table.columns
    }
