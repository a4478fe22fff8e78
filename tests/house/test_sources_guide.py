"""The guide leads to the page of every source."""

import re
from pathlib import Path

from aiops import plugins

ROOT = Path(__file__).parents[2]
GUIDE = ROOT / "docs" / "guide" / "sources.md"


def test_the_guide_names_every_source_and_no_other():
    linked = set(re.findall(r"collectors/(\w+)/README\.md", GUIDE.read_text(encoding="utf-8")))
    assert linked == set(plugins.list_names("collectors"))


def test_the_guide_says_of_every_source_what_it_was_tested_against():
    told = GUIDE.read_text(encoding="utf-8").partition("## What each was tested against")[2]
    missing = [
        name for name in plugins.list_names("collectors") if not re.search(rf"\b{name}\b", told)
    ]
    assert missing == ["edge", "simulated"]  # ourselves, and nothing
