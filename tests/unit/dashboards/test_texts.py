"""Both languages say everything, and nothing else is asked for."""

import re
from pathlib import Path
from string import Formatter

import pytest

import dashboards
from aiops.collect.finding import QualityReason
from aiops.contracts.dashboard import LANGUAGES
from aiops.domain.abstention import Abstention
from aiops.domain.decision import Reason
from aiops.domain.incident import IncidentKind, IncidentState, OutcomeKind, Stage
from aiops.incident.act import PersonAction
from dashboards._words import texts

SHELF = Path(dashboards.__file__).parent


def _places(text: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(text) if name}


def test_every_language_has_the_same_keys():
    first, *others = (texts(language).keys() for language in LANGUAGES)
    for other in others:
        assert other == first


def test_a_text_has_the_same_places_in_every_language():
    for key, text in texts("en").items():
        assert _places(texts("zh")[key]) == _places(text), key


def test_every_chinese_text_is_chinese():
    same = {key for key, text in texts("en").items() if text and texts("zh")[key] == text}
    assert same == {"app.name"}


@pytest.mark.parametrize(
    ("prefix", "words"),
    [
        ("reason", Reason),
        ("state", IncidentState),
        ("kind", IncidentKind),
        ("stage", Stage),
        ("outcome", OutcomeKind),
        ("quality", QualityReason),
        ("do", PersonAction),
        ("action", PersonAction),
    ],
)
def test_every_word_the_service_stores_has_a_text(prefix, words):
    assert not [word for word in words if f"{prefix}.{word.value}" not in texts("en")]


def test_every_abstention_has_a_text():
    assert not [a for a in Abstention if f"abstention.{a.name.lower()}" not in texts("en")]


def test_every_text_a_page_asks_for_is_there():
    pattern = re.compile(r"""\b(?:t|words)\(\s*f?["']([a-z_]+\.[a-z_0-9]+)["'][,)\s]""")
    asked = {
        key
        for path in (*SHELF.glob("templates/*.html"), *SHELF.rglob("*.py"))
        for key in pattern.findall(path.read_text("utf-8"))
    }
    assert len(asked) > 80
    assert not sorted(asked - texts("en").keys())
