"""The page of automation: what waits for a decision, what was run, and the kill switch."""

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from aiops.contracts.dashboard import Page, Reader, Rendered, View
from aiops.contracts.plugin import NoSettings, Plugin, Stability
from dashboards._render import render, static_files
from dashboards._runs import show_run
from dashboards._words import Words

_PAST: Final = 50


class RunbooksPage:
    """Proposals with their exact plan, past runs with their results, and every runbook."""

    path = "/runbooks"

    def __init__(self) -> None:
        self.files: Mapping[str, Path] = static_files()

    def render(self, reader: Reader, view: View) -> Rendered:
        """Returns the page."""
        words = Words(view.language)
        runs = [show_run(run, words) for run in reader.ledger.runs(view.viewer, limit=500)]
        state = reader.runbooks()
        at = state["halted_at"]
        halted_at = datetime.fromisoformat(str(at)) if at else None
        incidents = {i.key: i.display for i in reader.ledger.incidents(view.viewer)}
        return render(
            "runbooks.html",
            reader,
            view,
            words,
            state=state,
            halted_at=words.day_time(halted_at, view.now),
            waiting=[each for each in runs if not each.run.state.is_over],
            past=[each for each in runs if each.run.state.is_over][:_PAST],
            incidents=incidents,
            books=[_book(each, words) for each in state["runbooks"]],
        )


def _book(book: Mapping[str, Any], words: Words) -> dict[str, Any]:
    match = book["match"]
    parts = [
        *map(str, match["metrics"]),
        *(words.kind(str(kind)) for kind in match["kinds"]),
        *map(str, (*match["categories"], *match["assets"])),
    ]
    return {
        **book,
        "title": book["title"].get(words.language) or book["name"],
        "for": ", ".join(parts) or words("runs.everything"),
    }


def _create(_settings: NoSettings) -> Page:
    return RunbooksPage()


PLUGIN: Final = Plugin(
    summary="Runbooks: proposals to decide, past runs, kill switch",
    settings=NoSettings,
    create=_create,
    stability=Stability.BETA,
)
