"""config.yaml and the reference page say what the settings say."""

import re
from dataclasses import fields
from pathlib import Path

import pytest

from aiops.config import default, load, parse
from aiops.config.reference import list_keys, write_example, write_reference
from aiops.config.settings import Settings

ROOT = Path(__file__).parents[2]
EXAMPLE = ROOT / "config.yaml"
REFERENCE = ROOT / "docs/reference/config.md"
SECTIONS = list_keys(Settings)


def test_the_example_is_what_the_settings_write():
    assert EXAMPLE.read_text() == write_example(), (
        "run: python -m aiops.config.reference yaml > config.yaml"
    )


def test_the_reference_page_is_what_the_settings_write():
    assert REFERENCE.read_text() == write_reference(), (
        "run: python -m aiops.config.reference > docs/reference/config.md"
    )


@pytest.mark.parametrize("section", SECTIONS, ids=lambda key: key.name)
def test_every_key_of_a_section_stands_in_the_example_with_a_remark(section):
    text = EXAMPLE.read_text()
    assert re.search(rf"^# \S.*\n{section.name}:", text, re.MULTILINE)
    body = text.split(f"\n{section.name}:", 1)[1].split("\n\n")[0]
    lines = [line.lstrip("# -") for line in body.splitlines()]
    for key in list_keys(section.items):
        assert key.help, f"{section.name}.{key.name} has no help"
        at = next(i for i, line in enumerate(lines) if line.startswith(f"{key.name}:"))
        before = lines[at - 1 if not lines[at - 1].endswith(": []") else at - 2]
        assert key.help in before


def test_the_example_differs_from_the_defaults_in_its_one_source_only():
    example, packaged = load(EXAMPLE), default()
    for each in fields(Settings):
        if each.name != "collect":
            assert getattr(example, each.name) == getattr(packaged, each.name)
    assert [s.name for s in example.collect.sources] == ["this-host"]
    assert packaged.collect.sources == ()


def test_the_examples_that_are_switched_off_load_when_switched_on():
    text = re.sub(r"^(assets|services|limits): \[\]\n", "", EXAMPLE.read_text(), flags=re.MULTILINE)
    for name in ("assets", "services", "limits"):
        block = re.search(rf"^#{name}:\n(?:#  .*\n)+", text, re.MULTILINE)
        assert block is not None
        switched_on = re.sub(r"^#", "", block.group(), flags=re.MULTILINE)
        text = text.replace(block.group(), switched_on)
    settings = parse(text, "config.yaml")
    assert settings.assets[0].match == "db-*"
    assert settings.services[0].key == "shop"
    assert settings.limits[0].fail == pytest.approx(0.95)
