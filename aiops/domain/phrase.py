"""A sentence kept as a code and its values, so that everybody reads it in their own language.

What the service decides is stored this way; what a person or a foreign system wrote is verbatim.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from aiops.domain.series import SeriesKey
from aiops.domain.vocabulary import WORDS
from aiops.domain.wording import PHRASES


@dataclass(frozen=True, slots=True)
class Phrase:
    """One sentence, or nothing.

    Attributes:
        code: Of :data:`aiops.domain.wording.PHRASES`; empty for verbatim text.
        values: Plain JSON values by the name of their place. A mapping stands for a phrase
            within the phrase, or for a signal (:func:`signal_value`). A place named like a
            family of :data:`aiops.domain.vocabulary.WORDS` (``shape``) holds a word of it.

    >>> low = Phrase("below", {"probability": 0.412, "bar": 0.7})
    >>> low.text("en"), low.text("zh")
    ('0.41 is below 0.70', '0.41 低于 0.70')
    >>> verbatim("ada: cleaned").text("zh")
    'ada: cleaned'
    """

    code: str = ""
    values: Mapping[str, Any] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return bool(self.code or self.values)

    def text(self, language: str = "en") -> str:
        """Returns the sentence in a language; a code of a later version shows its values."""
        if not self.code:
            said = self.values.get(language, self.values.get("en", ""))
            return str(said)
        known = PHRASES.get(self.code)
        try:
            if known is not None:
                shown = {name: _shown(name, value, language) for name, value in self.values.items()}
                return known[language == "zh"].format(**shown)
        except (KeyError, TypeError, ValueError):
            pass  # written by another version
        return " ".join([self.code.replace("_", " "), *map(str, self.values.values())])

    def plain(self) -> dict[str, Any]:
        """Returns it as plain values, as it stands within another phrase."""
        return {"code": self.code, "values": dict(self.values)}


NO_WORDS: Final = Phrase()


def verbatim(text: str, zh: str = "") -> Phrase:
    """Returns text as somebody wrote it, or a sentence that was written in both languages."""
    if not text:
        return NO_WORDS
    return Phrase("", {"en": text, "zh": zh} if zh else {"en": text})


def word(family: str, name: str, language: str = "en") -> str:
    """Returns a word of a family in a language, readable even if it is not known.

    >>> word("reason", "not_sustained"), word("shape", "drift", "zh"), word("shape", "odd_one")
    ('not seen often enough yet', '漂移', 'odd one')
    """
    known = WORDS.get(family, {}).get(name)
    return name.replace("_", " ") if known is None else known[language == "zh"]


def name_signal(series: SeriesKey, language: str) -> str:
    """Returns a series in words where its metric is well known, with its labels.

    >>> name_signal(SeriesKey.of("h", "hw.temperature", {"id": "cpu0"}), "en")
    'temperature (cpu0)'
    >>> name_signal(SeriesKey.of("h", "kiln.draught"), "zh")
    'kiln.draught'
    """
    known = WORDS["known_metric"].get(series.metric)
    if known is None:
        return series.signal
    labels = ", ".join(value for _, value in series.labels)
    name = known[language == "zh"]
    return f"{name} ({labels})" if labels else name


def signal_value(series: SeriesKey, *, asset: bool = False) -> dict[str, Any]:
    """Returns a series as a value of a phrase, named in the language of who reads it.

    >>> hot = SeriesKey.of("h", "hw.temperature")
    >>> Phrase("signal_met_limit", {"signal": signal_value(hot)}).text("zh")
    '温度 达到限值'
    """
    where = {"asset": series.asset} if asset else {}
    return {**where, "metric": series.metric, "labels": dict(series.labels)}


def _shown(name: str, value: Any, language: str) -> Any:
    if isinstance(value, Mapping) and "metric" in value:
        asset = value.get("asset", "")
        signal = name_signal(SeriesKey.of(asset, value["metric"], value.get("labels")), language)
        return f"{asset} {signal}".strip()
    if isinstance(value, Mapping):
        return Phrase(value.get("code", ""), value.get("values", {})).text(language)
    if name in WORDS and isinstance(value, str):
        return word(name, value, language)
    return value
