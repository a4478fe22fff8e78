"""One question about a closed incident, asked of who holds a signed link."""

from collections.abc import Mapping
from pathlib import Path
from typing import Final

from aiops.contracts.dashboard import Page, Reader, Rendered, View
from aiops.contracts.plugin import NoSettings, Plugin, Stability
from dashboards._render import render, static_files
from dashboards._words import Words

_SCORES: Final = (1, 2, 3, 4, 5)


class SurveyPage:
    """The question, or thanks, or that the link is out of time."""

    path = "/survey/{key}"

    def __init__(self) -> None:
        self.files: Mapping[str, Path] = static_files()

    def render(self, reader: Reader, view: View) -> Rendered:
        """Returns the page; it says nothing of the incident."""
        words = Words(view.language)
        state = "done" if view.query.get("done") else "gone" if view.query.get("gone") else "asked"
        return render("survey.html", reader, view, words, state=state, scores=_SCORES)


def _create(_settings: NoSettings) -> Page:
    return SurveyPage()


PLUGIN: Final = Plugin(
    summary="One question about a closed incident, behind a signed link",
    settings=NoSettings,
    create=_create,
    stability=Stability.BETA,
)
