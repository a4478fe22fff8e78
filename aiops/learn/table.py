"""The value report as a table for spreadsheets: one row a figure, its cases beside it."""

import csv
import io
from collections.abc import Mapping
from typing import Any, Final

_COLUMNS: Final = ("name", "of", "unit", "value", "low", "high", "n", "note")


def value_csv(found: Mapping[str, Any]) -> str:
    """Returns figures and services as CSV text."""
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow([*_COLUMNS, "cases"])
    for figure in found["figures"]:
        row = [figure[name] for name in _COLUMNS]
        writer.writerow([*map(_cell, row), " ".join(figure["cases"])])
    for row in found["services"]:
        cases = " ".join(row["cases"])
        key, unit = row["key"], found["currency"]
        for name, of, amount in (
            ("expected_loss", unit, row["expected_loss"]),
            ("error_budget_used", "1", row["budget_used"]),
        ):
            cells = [name, key, of, amount, None, None, len(row["cases"]), "an upper bound"]
            writer.writerow([*map(_cell, cells), cases])
    return text.getvalue()


def _cell(value: Any) -> Any:
    """Returns a value that no spreadsheet takes for a formula.

    Source: OWASP, CSV injection: what begins with ``=``, ``+``, ``-``, ``@``, a tab or a line
    end is taken for one, full-width forms included.
    """
    risky = isinstance(value, str) and value[:1] in tuple("=+-@\t\r\n＝＋－＠")
    return f"'{value}" if risky and value else value
