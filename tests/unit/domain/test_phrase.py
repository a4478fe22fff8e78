"""Sentences by code and values: every one in both languages, with the same places."""

from string import Formatter

import pytest

from aiops.domain.abstention import Abstention
from aiops.domain.decision import Reason
from aiops.domain.incident import IncidentState, OutcomeKind, Stage
from aiops.domain.phrase import Phrase
from aiops.domain.ticket import OutboxState, TicketAction
from aiops.domain.vocabulary import WORDS
from aiops.domain.wording import PHRASES


def _places(text):
    return sorted((name, spec) for _, name, spec, _ in Formatter().parse(text) if name)


@pytest.mark.parametrize("code", PHRASES)
def test_a_sentence_has_the_same_places_in_both_languages(code):
    english, chinese = PHRASES[code]
    assert _places(english) == _places(chinese)


@pytest.mark.parametrize(
    ("family", "names"),
    [
        ("reason", Reason),
        ("state", IncidentState),
        ("stage", Stage),
        ("outcome", OutcomeKind),
        ("delivery", OutboxState),
        ("told", TicketAction),
        ("abstention", [a.name.lower() for a in Abstention]),
    ],
)
def test_every_word_that_is_stored_has_its_translation(family, names):
    assert {str(name) for name in names} <= WORDS[family].keys()


def test_a_phrase_within_a_phrase_speaks_the_same_language():
    inner = Phrase("planned_for", {"at": "2026-01-05 12:00 UTC"})
    outer = Phrase("by", {"who": "ada", "what": inner.plain()})
    assert outer.text("en") == "ada: planned for 2026-01-05 12:00 UTC"
    assert outer.text("zh") == "ada：计划于 2026-01-05 12:00 UTC"


@pytest.mark.parametrize(
    "phrase", [Phrase("of_tomorrow", {"x": 4}), Phrase("below", {"x": 4}), Phrase("was", {"x": 4})]
)
def test_what_another_version_wrote_shows_its_values(phrase):
    assert phrase.text("zh").endswith(" 4")
