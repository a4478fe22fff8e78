"""One verdict on one incident, asked of who holds a signed link."""

from collections.abc import Mapping
from pathlib import Path
from typing import Final

from aiops.contracts.dashboard import Page, Reader, Rendered, View
from aiops.contracts.plugin import NoSettings, Plugin, Stability
from dashboards._render import render, static_files
from dashboards._words import Words


class VerdictPage:
    """The question whether to say so, or thanks, or that the link is out of time."""

    path = "/verdict/{key}"

    def __init__(self) -> None:
        self.files: Mapping[str, Path] = static_files()

    def render(self, reader: Reader, view: View) -> Rendered:
        """Returns the page; of the incident it names the number only."""
        words = Words(view.language)
        state = "done" if view.query.get("done") else "gone" if view.query.get("gone") else "asked"
        verdict = view.query.get("verdict", "false")
        of = view.query.get("of", "")
        return render("verdict.html", reader, view, words, state=state, verdict=verdict, of=of)


def _create(_settings: NoSettings) -> Page:
    return VerdictPage()


PLUGIN: Final = Plugin(
    summary="One verdict on one incident, behind a signed link",
    settings=NoSettings,
    create=_create,
    stability=Stability.BETA,
)
