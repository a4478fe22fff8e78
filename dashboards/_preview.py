"""What a verdict would have changed, in words, before it is given."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from aiops.contracts.dashboard import Reader, View
from aiops.domain.incident import Incident, OutcomeKind
from dashboards._words import Words

VERDICTS: Final[Mapping[str, OutcomeKind]] = {
    "happened": OutcomeKind.HAPPENED,
    "averted": OutcomeKind.AVERTED,
    "false": OutcomeKind.FALSE,
    "new_normal": OutcomeKind.FALSE,
}
"""Button to the outcome it stands for."""
_NAMED: Final = 6


@dataclass(frozen=True, slots=True)
class Preview:
    """The effect of one verdict."""

    verdict: str
    title: str
    lines: list[str]


def preview_of(reader: Reader, view: View, incident: Incident, words: Words) -> Preview | None:
    """Returns the effect of the verdict that was asked for; None where none was."""
    verdict = view.query.get("verdict", "")
    if verdict not in VERDICTS or not view.may_act:
        return None
    found = reader.preview(view.viewer, incident, VERDICTS[verdict])
    title = words("preview.title", verdict=words(f"do.{verdict}"), days=found["days"])
    return Preview(verdict, title, list(_lines(verdict, found, words)))


def _lines(verdict: str, found: Mapping[str, Any], words: Words) -> list[str]:
    lines = [words("preview.same", n=found["same_signal"])]
    if VERDICTS[verdict] is OutcomeKind.FALSE:
        lines.append(words("preview.again"))
        silent = found["incidents"]
        if silent:
            named = ", ".join(silent[:_NAMED]) + (" …" if len(silent) > _NAMED else "")
            right = found["of_them_right"]
            lines.append(words("preview.silent", n=len(silent), named=named, right=right))
        else:
            lines.append(words("preview.none_silent"))
    if verdict == "new_normal":
        lines.append(words("preview.rebase"))
    before, after = (words.percent(found[f"precision_{when}"]) for when in ("before", "after"))
    code = "preview.precision" if found["judged"] else "preview.first_judged"
    lines.append(words(code, before=before, after=after, n=found["judged"]))
    return lines
