"""The guide leads to the page of every source."""

import re
from pathlib import Path

from aiops import plugins

ROOT = Path(__file__).parents[2]
GUIDE = ROOT / "docs" / "guide" / "sources.md"


def test_the_guide_names_every_source_and_no_other():
    linked = set(re.findall(r"collectors/(\w+)/README\.md", GUIDE.read_text(encoding="utf-8")))
    assert linked == set(plugins.list_names("collectors"))


def test_the_guide_says_of_every_source_what_it_was_tested_against_and_where():
    told = GUIDE.read_text(encoding="utf-8").partition("## What each was tested against")[2]
    rows = dict(re.findall(r"^\| (\w+) \| .+? \| (.+) \|$", told, re.MULTILINE))
    assert rows.keys() - {"source"} == set(plugins.list_names("collectors"))
    tests = {path for cell in rows.values() for path in re.findall(r"`(tests/[\w/.]+)`", cell)}
    assert [path for path in sorted(tests) if not (ROOT / path).is_file()] == []
    assert [name for name, cell in rows.items() if name != "source" and "`tests/" not in cell] == []
