"""The page of changes: weigh a planned one, see what is recorded."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

from aiops.contracts.dashboard import Page, Reader, Rendered, View
from aiops.contracts.plugin import NoSettings, Plugin, Stability
from aiops.domain.change import Change
from dashboards._render import render, static_files
from dashboards._words import Words, number

_SHOWN: Final = timedelta(days=30)
_DAY: Final = timedelta(days=1)
_ENOUGH: Final = 5
_LONGEST: Final = 1000


class ChangesPage:
    """A form that changes nothing, its answer, and the changes around now."""

    path = "/changes"

    def __init__(self) -> None:
        self.files: Mapping[str, Path] = static_files()

    def render(self, reader: Reader, view: View) -> Rendered:
        """Returns the page."""
        words = Words(view.language)
        now = view.now
        start = (now + _DAY).replace(minute=0, second=0, microsecond=0)
        asked = {
            "asset": view.query.get("asset", "")[:_LONGEST],
            "service": view.query.get("service", "")[:_LONGEST],
            "from": view.query.get("from", f"{start:%Y-%m-%dT%H:%M}"),
            "to": view.query.get("to", f"{start + timedelta(hours=2):%Y-%m-%dT%H:%M}"),
            "kind": view.query.get("kind", "deploy")[:64],
        }
        wanted = bool(asked["asset"] or asked["service"])
        change = _read(reader, view, asked) if wanted else None
        found = reader.assess(view.viewer, change) if change is not None else None
        changes = reader.ledger.changes(view.viewer, now - _SHOWN, now + _SHOWN)
        return render(
            "changes.html",
            reader,
            view,
            words,
            asked=asked,
            wrong=wanted and change is None,
            change=change,
            found=found,
            enough=_ENOUGH,
            loss=f"{number(found['expected_loss'])} {found['currency']}" if found else "",
            windows=[_window(each) for each in found["safest"]] if found else [],
            changes=sorted(changes, key=lambda each: each.start, reverse=True),
        )


def _read(reader: Reader, view: View, asked: Mapping[str, str]) -> Change | None:
    """Returns the change that was asked about, None when it cannot be understood."""
    try:
        start, end = (
            datetime.fromisoformat(asked[name]).replace(tzinfo=UTC) for name in ("from", "to")
        )
    except ValueError:
        return None
    if end < start or end - start > timedelta(days=31):
        return None
    asset, service = asked["asset"], asked["service"]
    assets = reader.ledger.assets(view.viewer)
    seen = any(each.key == asset for each in assets) if asset else False
    if not asset:
        seen = any(each.service == service for each in assets)
    if not seen:
        return None
    return Change("", start, end, asked["kind"], "", asset, "" if asset else service)


def _window(window: Mapping[str, Any]) -> dict[str, Any]:
    start, end = (datetime.fromisoformat(window[name]) for name in ("from", "to"))
    shown = f"{end:%H:%M}" if start.date() == end.date() else f"{end:%m-%d %H:%M}"
    link = {name: f"{at:%Y-%m-%dT%H:%M}" for name, at in (("from", start), ("to", end))}
    return {**window, "shown": f"{start:%Y-%m-%d %H:%M} – {shown}", "link": link}


def _create(_settings: NoSettings) -> Page:
    return ChangesPage()


PLUGIN: Final = Plugin(
    summary="Changes: what a planned one risks, the safest windows, what is recorded",
    settings=NoSettings,
    create=_create,
    stability=Stability.BETA,
)
