"""The page people see without a session."""

from collections.abc import Mapping
from pathlib import Path
from typing import Final

from aiops.contracts.dashboard import Page, Reader, Rendered, View
from aiops.contracts.plugin import NoSettings, Plugin, Stability
from dashboards._render import render, static_files
from dashboards._words import Words


class SignIn:
    """Posts a one-time link, or says where to get one."""

    path = "/login"

    def __init__(self) -> None:
        self.files: Mapping[str, Path] = static_files()

    def render(self, reader: Reader, view: View) -> Rendered:
        """Returns the form of the link, or the way to one."""
        words = Words(view.language)
        link = view.query.get("link", "")
        used = "used" in view.query
        return render("sign_in.html", reader, view, words, link=link, used=used)


def _create(_settings: NoSettings) -> Page:
    return SignIn()


PLUGIN: Final = Plugin(
    summary="Sign-in by a one-time link",
    settings=NoSettings,
    create=_create,
    stability=Stability.BETA,
)
