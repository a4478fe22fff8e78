"""The maturity page: basics → optimised → intelligent, and the next measured step."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

from aiops.contracts.dashboard import Page, Reader, Rendered, View
from aiops.contracts.plugin import NoSettings, Plugin, Stability
from dashboards._render import render, static_files
from dashboards._words import Words, number

_SPAN: Final = timedelta(days=90)
_LEVELS: Final = ("basics", "optimised", "intelligent")
_COUNTS: Final = frozenset(
    {
        "assets_watched",
        "predictions_judged",
        "methods_that_act",
        "runs_verified",
        "runs_by_themselves",
    }
)
_YES: Final = frozenset({"before_imported", "satisfaction_measured"})
"""Checks that are kept or not; the targets are others."""


@dataclass(frozen=True, slots=True)
class Step:
    """One check in words."""

    name: str
    value: str
    wanted: str
    reached: bool
    upcoming: bool


class MaturityPage:
    """Every check with what was measured, by level."""

    path = "/maturity"

    def __init__(self) -> None:
        self.files: Mapping[str, Path] = static_files()

    def render(self, reader: Reader, view: View) -> Rendered:
        """Returns the page over the last 90 days."""
        words = Words(view.language)
        found = reader.value(view.viewer, view.now - _SPAN, view.now)["maturity"]
        levels = [
            (
                words(f"maturity.{level}"),
                [_step(c, found["next"], words) for c in found["checks"] if c["level"] == level],
            )
            for level in _LEVELS
        ]
        level, upcoming = found["level"], found["next"]
        return render(
            "maturity.html",
            reader,
            view,
            words,
            level=words(f"maturity.{level or 'none'}"),
            upcoming=words(f"check.{upcoming}") if upcoming else words("maturity.all"),
            levels=levels,
        )


def _step(check: Mapping[str, Any], upcoming: str, words: Words) -> Step:
    name = check["name"]

    def shown(value: float | None) -> str:
        if value is None:
            return "–"
        if name in _YES or name.startswith("target_"):
            return words("runs.yes") if value else words("runs.no")
        return number(value) if name in _COUNTS else words.percent(value)

    wanted = shown(check["wanted"])
    if name not in _YES and not name.startswith("target_"):
        wanted = f"≥ {wanted}"
    return Step(
        words(f"check.{name}"), shown(check["value"]), wanted, check["reached"], name == upcoming
    )


def _create(_settings: NoSettings) -> Page:
    return MaturityPage()


PLUGIN: Final = Plugin(
    summary="How far this installation has come, and the next measured step",
    settings=NoSettings,
    create=_create,
    stability=Stability.BETA,
)
