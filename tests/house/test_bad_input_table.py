"""The table of bad input names tests and golden cases that exist."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
TABLE = ROOT / "docs" / "reference" / "bad-input.md"
# Source: the catalogue of bad input for these entry points, by its own numbers.
ROWS = {
    *(f"P{n}" for n in range(1, 15)),
    *(f"L{n}" for n in range(1, 9)),
    *(f"O{n}" for n in range(1, 12)),
    *(f"M{n}" for n in range(1, 6)),
    *(f"S{n}" for n in range(1, 6)),
    *(f"A{n}" for n in range(1, 5)),
    *(f"V{n}" for n in range(1, 8)),
}


def test_every_row_of_the_catalogue_is_there():
    text = TABLE.read_text(encoding="utf-8")
    rows = re.findall(r"^\| ([A-Z0-9, ]+) \|", text, re.MULTILINE)
    told = {one for row in rows for one in row.split(", ")}
    assert told >= ROWS


def test_every_row_names_a_test():
    text = TABLE.read_text(encoding="utf-8")
    without = [
        row
        for row in re.findall(r"^\| [A-Z]\d[^\n]*", text, re.MULTILINE)
        if not re.search(r"`(test_\w+|tests/golden/[\w/]+)`", row)
    ]
    assert [row for row in without if not row.startswith("| S5 |")] == []  # traps: none received


def test_every_named_test_and_case_exists():
    text = TABLE.read_text(encoding="utf-8")
    defined = {
        name
        for path in (ROOT / "tests").rglob("test_*.py")
        for name in re.findall(r"^def (test_\w+)", path.read_text(encoding="utf-8"), re.MULTILINE)
    }
    named = set(re.findall(r"`(test_\w+)`", text))
    cases = set(re.findall(r"`(tests/golden/[\w/]+)`", text))
    assert named - defined == set()
    assert [case for case in sorted(cases) if not (ROOT / case).is_dir()] == []
