"""Text of a ticket as terms: words and pairs of words, character n-grams, Chinese n-grams.

No language needs a dictionary: languages written without spaces are cut into overlapping
characters, which for Chinese works about as well as segmented words.

Source: Zhang, LeCun, "Which encoding is the best for text classification in Chinese,
English, Japanese and Korean?", 2017 (character n-grams of CJK text).
"""

import html
import re
import unicodedata
from collections.abc import Iterator
from typing import Final

MOST_CHARACTERS: Final = 20_000
"""A ticket is read up to here: attachments pasted into the text carry no more about its owner."""

_TAG: Final = re.compile(r"<[^<>]{1,400}>")
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f-\x9f]+")
_CJK: Final = "\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af\uf900-\ufaff"
_RUN: Final = re.compile(f"[{_CJK}]+")
_WORD: Final = re.compile(rf"(?:(?![{_CJK}])\w)+")
_DIGITS: Final = re.compile(r"\d{5,}")
LONGEST: Final = 64
"""Characters of a word; the rest of a hash or a pasted key is not read."""
GRAMS: Final = (3, 4, 5)


def clean(text: str) -> str:
    r"""Returns the text in lower case without markup and control characters.

    >>> clean("<b>Ｄisk\x00 FULL</b> &amp; slow")
    'disk full & slow'
    """
    text = html.unescape(_TAG.sub(" ", text[:MOST_CHARACTERS]))
    text = unicodedata.normalize("NFKC", _CONTROL.sub(" ", text)).lower()
    return " ".join(_DIGITS.sub("#", text).split())


def word_terms(text: str) -> Iterator[str]:
    """Yields words, pairs of neighbouring words, and 1 to 3 characters of Chinese runs.

    The text must be clean.

    >>> list(word_terms("disk full 磁盘满"))
    ['disk', 'disk full', 'full', '磁', '磁盘', '磁盘满', '盘', '盘满', '满']
    """
    words = [word[:LONGEST] for word in _WORD.findall(text)]
    for i, word in enumerate(words):
        yield word
        if i + 1 < len(words):
            yield f"{word} {words[i + 1]}"
    for run in _RUN.findall(text):
        for i in range(len(run)):
            for n in range(1, min(3, len(run) - i) + 1):
                yield run[i : i + n]


def character_terms(text: str) -> Iterator[str]:
    """Yields n-grams of 3 to 5 characters inside words (with their edges); misspelling-proof.

    >>> list(character_terms("disk"))
    [' di', 'dis', 'isk', 'sk ', ' dis', 'disk', 'isk ', ' disk', 'disk ']
    """
    for word in _WORD.findall(text):
        edged = f" {word[:LONGEST]} "
        for n in GRAMS:
            for i in range(len(edged) - n + 1):
                yield edged[i : i + n]
